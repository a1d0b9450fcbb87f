"""
Topics in hand: words, names, merging and dropping
==================================================

Name topics, put them into a hierarchy, merge them, and drop them. The result is a model
like any other.
"""

from sklearn_m3l import PolylingualLDA
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.display import TopicHierarchyDisplay, TopicWordsDisplay
from sklearn_m3l.inspection import suggest_topic_names

corpus = load_gimp_help("test")
X = corpus.data[["en", "de"]]
model = PolylingualLDA(12, max_iter=100, random_state=0).fit(X)
model.topics_frame(n_words=5)

# %%
# The most probable words of a topic may be common in others. FREX prefers words that
# are both frequent in a topic and exclusive to it.

model.topics_frame(n_words=5, ranking="frex", ranking_weight=0.3)

# %%
# Names
# -----
# Automatic names are the first words by relevance, and more words if two names would be
# the same.

model.set_topic_names(suggest_topic_names(model, view="en", n_words=2))
model.topic_names_

# %%
# A function can name topics, too. It gets the words and the texts of typical documents
# in all languages. Here a stub stands for a language model: it returns the beginning of
# the most typical page. Replace its last line with a request to a model of your choice.


def ask_language_model(words, documents):
    prompt = "Name the topic of these words and texts in at most three words.\n"
    for language in words:
        prompt += f"{language}: {', '.join(words[language])}\n"
        prompt += "".join(f"- {text[:200]}\n" for text in documents[language])
    return prompt.splitlines()[2][2:42]


answers = suggest_topic_names(
    model, X, namer=ask_language_model, texts=corpus.frame[["en", "de"]]
)
answers[:3]

# %%
# Hierarchy
# ---------
# Topics that share words in all languages are joined early.

TopicHierarchyDisplay.from_estimator(model)

# %%
# ``reduce_topics`` merges the closest topics until the given number is left. The result
# infers topics with the original model and adds up their proportions.

reduced = model.reduce_topics(6)
reduced.topics

# %%
# Merge, drop, reorder
# --------------------
# Merge topics by their numbers. Drop a topic that says nothing: the proportions of the
# others are renormalized. Each step returns a new model.

edited = model.merge_topics([[0, 1]]).drop_topics([4]).reorder_topics("prevalence")
edited.set_topic_names({0: "the most common"})
edited.topics_frame(n_words=4)

# %%
# You can use and save the edited model like any other.

edited.describe(X[:4], n_words=3)

# %%
TopicWordsDisplay.from_estimator(edited, topics=[0, 1], n_words=6, ranking="relevance")
