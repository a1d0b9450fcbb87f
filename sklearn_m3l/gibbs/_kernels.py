"""All compiled code of the samplers, in one file.

numba caches a function by the file that defines it, and does not notice changes in
another file whose functions it inlines. A helper in a separate file would therefore
keep running in its old version.

Random numbers are xoshiro128++ [1]_, seeded by a hash. Their arithmetic fits signed
64-bit integers, so the kernels give the same bits with and without compilation.

References
----------
.. [1] D. Blackman and S. Vigna, "Scrambled Linear Pseudorandom Number Generators", ACM
   Transactions on Mathematical Software 47 (2021).
"""

import math
from typing import NamedTuple

import numpy as np

from sklearn_m3l.utils._numba import inlined, kernel

# Weights and counts are multiples of this, so that sums in float64 are exact and a
# count that loses all its tokens is exactly zero.
QUANTUM = 2.0**-15

# After this many rejected proposals the smoothing part is summed over all topics.
_MAX_PROPOSALS = 16

_MASK = 0xFFFFFFFF


class Factors(NamedTuple):
    """The factors that turn counts into probabilities.

    A token's topic k has probability proportional to
    ``doc[k] * (value[k] * rate[k] + smooth[k])``, where `value` is the word's row and
    `doc` the weight of each topic in the document plus the document's prior.
    """

    rate: np.ndarray  # (n_languages, n_topics) float64
    smooth: np.ndarray  # (n_languages, n_topics) float64
    bound: np.ndarray  # (n_languages,) float64: at least the largest of smooth


class Prior(NamedTuple):
    """What is assumed about a document before its words are seen."""

    topics: np.ndarray  # (n_topics,) float64: Dirichlet parameters
    cluster_weight: float  # what a document's own cluster adds to its topic's
    background_share: float  # probability that a token is from the background
    background: np.ndarray  # (n_words,) float64: the background's distributions


class Scratch(NamedTuple):
    """The prior of the documents, and the work space of one thread."""

    prior: np.ndarray  # (n_topics,) float64
    prior_sums: np.ndarray  # (n_topics,) float64: running sums of the prior
    cluster_weight: float
    odds: float  # of the background, against the topics
    background: np.ndarray  # (n_words,) float64
    doc: np.ndarray  # (n_topics,) float64: the prior, between documents
    running: np.ndarray  # (n_topics,) float64
    sums: np.ndarray  # (n_topics,) float64
    stream: np.ndarray  # (4,) int64: random numbers


def make_scratch(prior: Prior, stream: np.ndarray) -> Scratch:
    """Return the work space of a thread."""
    topics = prior.topics
    return Scratch(
        topics,
        np.cumsum(topics),
        prior.cluster_weight,
        prior.background_share / (1 - prior.background_share),
        prior.background,
        topics.copy(),
        np.zeros_like(topics),
        np.zeros_like(topics),
        stream,
    )


def make_factors(
    totals: np.ndarray, word_prior: np.ndarray, word_mass: np.ndarray
) -> Factors:
    """Return the factors of training."""
    rate = 1.0 / (totals + word_mass[:, np.newaxis])
    smooth = word_prior[:, np.newaxis] * rate
    return Factors(rate, smooth, smooth.max(axis=1))


@kernel
def sample_documents(
    first, last, tokens, starts, first_word, rows, totals, word_prior, word_mass,
    factors, scratch,
):  # fmt: skip
    """Draw the topics of all tokens of some documents and update the counts.

    A token without a topic gets its first one: that of its document in `starts`, unless
    this is -1. Tokens of the background have the topic `n_topics`, which is not
    counted. `word_prior` and `word_mass` are the Dirichlet parameter of a language's
    words, and its sum over the words.
    """
    doc, n_topics = scratch.doc, len(scratch.doc)
    for document in range(first, last):
        begin, end = tokens.doc_start[document], tokens.doc_start[document + 1]
        cluster = tokens.clusters[document]
        size = _open_document(begin, end, cluster, tokens, scratch)
        language = 0
        for token in range(begin, end):
            word, weight = tokens.words[token], tokens.weights[token]
            while word >= first_word[language + 1]:
                language += 1
            old = tokens.topics[token]
            if 0 <= old < n_topics:
                size -= weight
                doc[old] -= weight
                totals[language, old] -= weight
                _renew(language, old, totals, word_prior, word_mass, factors)
            if old < 0 and starts[document] >= 0:
                new = int(starts[document])
            else:
                new = _draw_topic(
                    token, begin, end, cluster, size, language, weight, tokens, rows,
                    factors, scratch,
                )  # fmt: skip
            if new < n_topics:
                size += weight
                doc[new] += weight
                totals[language, new] += weight
                _renew(language, new, totals, word_prior, word_mass, factors)
            if new != old:
                if 0 <= old < n_topics:
                    add_value(rows, word, old, -weight)
                if new < n_topics:
                    add_value(rows, word, new, weight)
                tokens.topics[token] = new
        _close_document(begin, end, cluster, tokens, scratch)


@kernel
def fold_in_documents(
    first, last, max_iter, burn_in, tokens, first_word, rows, factors, seed, scratch,
    sums, prior_weight,
):  # fmt: skip
    """Draw the topics of some documents while the rows of words stay fixed.

    Each document has a random stream of its own, made from `seed` and from the
    document's words and weights. Over the iterations from `burn_in` on, row d of `sums`
    gets the sum of the contributions of document d's tokens to the posterior mean, and
    element d of `prior_weight` the factor of the prior.
    """
    n_topics = len(scratch.doc)
    for document in range(first, last):
        begin, end = tokens.doc_start[document], tokens.doc_start[document + 1]
        cluster = tokens.clusters[document]
        size = _open_document(begin, end, cluster, tokens, scratch)
        for i in range(4):
            scratch.stream[i] = seed[i]
        for token in range(begin, end):
            mix(scratch.stream, tokens.words[token])
            mix(scratch.stream, int(tokens.weights[token] / QUANTUM))
        for iteration in range(max_iter):
            language = 0
            for token in range(begin, end):
                while tokens.words[token] >= first_word[language + 1]:
                    language += 1
                weight, old = tokens.weights[token], tokens.topics[token]
                if 0 <= old < n_topics:
                    size -= weight
                    scratch.doc[old] -= weight
                new = _draw_topic(
                    token, begin, end, cluster, size, language, 0.0, tokens, rows,
                    factors, scratch,
                )  # fmt: skip
                tokens.topics[token] = new
                if new < n_topics:
                    size += weight
                    scratch.doc[new] += weight
            if iteration >= burn_in:
                prior_weight[document] += 1.0 / size
                for token in range(begin, end):
                    if tokens.topics[token] < n_topics:
                        share = tokens.weights[token] / size
                        sums[document, tokens.topics[token]] += share
        _close_document(begin, end, cluster, tokens, scratch)


@kernel
def count_documents(tokens, doc, row_end, topics, values):
    """Fill in the topics of each document and their weights; return their number.

    `doc`, of shape (n_topics,), is zero before and after. Tokens of the background do
    not count.
    """
    place = 0
    for document in range(len(tokens.doc_start) - 1):
        begin, end = tokens.doc_start[document], tokens.doc_start[document + 1]
        for token in range(begin, end):
            if tokens.topics[token] < len(doc):
                doc[tokens.topics[token]] += tokens.weights[token]
        for token in range(begin, end):
            topic = tokens.topics[token]
            if topic < len(doc) and doc[topic] > 0:
                topics[place] = topic
                values[place] = doc[topic]
                doc[topic] = 0.0
                place += 1
        row_end[document] = place
    return place


@kernel
def documents_log_likelihood(first, last, tokens, scratch):
    """Return log p(topics) of some documents, their distributions integrated out.

    The words of the background are included. Going token by token saves most
    logarithms: gamma(x + 1) / gamma(x) is x.
    """
    result, odds = 0.0, scratch.odds
    for document in range(first, last):
        begin, end = tokens.doc_start[document], tokens.doc_start[document + 1]
        cluster = tokens.clusters[document]
        size = scratch.prior_sums[-1]
        if cluster >= 0:
            scratch.doc[cluster] += scratch.cluster_weight
            size += scratch.cluster_weight
        product = 1.0
        for token in range(begin, end):
            topic, weight = tokens.topics[token], float(tokens.weights[token])
            if odds > 0:
                result -= weight * math.log1p(odds)
            if topic == len(scratch.doc):
                word = tokens.words[token]
                result += weight * math.log(odds * scratch.background[word])
                continue
            own = scratch.doc[topic]
            if weight == 1.0:
                product *= own / size
                if product < 1e-200:
                    result += math.log(product)
                    product = 1.0
            else:
                result += math.lgamma(own + weight) - math.lgamma(own)
                result -= math.lgamma(size + weight) - math.lgamma(size)
            scratch.doc[topic] = own + weight
            size += weight
        result += math.log(product)
        _close_document(begin, end, cluster, tokens, scratch)
    return result


@inlined
def _open_document(begin, end, cluster, tokens, scratch):
    """Add a document's tokens, and its cluster, to the prior; return the sum."""
    size = scratch.prior_sums[-1]
    if cluster >= 0:
        scratch.doc[cluster] += scratch.cluster_weight
        size += scratch.cluster_weight
    for token in range(begin, end):
        topic = tokens.topics[token]
        if 0 <= topic < len(scratch.doc):
            scratch.doc[topic] += tokens.weights[token]
            size += tokens.weights[token]
    return size


@kernel
def _close_document(begin, end, cluster, tokens, scratch):
    """Reset `scratch.doc` to the prior."""
    for token in range(begin, end):
        topic = tokens.topics[token]
        if topic < len(scratch.doc):
            scratch.doc[topic] = scratch.prior[topic]
    if cluster >= 0:
        scratch.doc[cluster] = scratch.prior[cluster]


@inlined
def _renew(language, topic, totals, word_prior, word_mass, factors):
    """Update the factors of a topic."""
    rate = 1.0 / (totals[language, topic] + word_mass[language])
    smooth = word_prior[language] * rate
    factors.rate[language, topic] = rate
    factors.smooth[language, topic] = smooth
    factors.bound[language] = max(factors.bound[language], smooth)


@inlined
def _draw_topic(
    token, begin, end, cluster, size, language, own, tokens, rows, factors, scratch
):
    """Draw a token's topic given those of all other tokens.

    The row's part of the distribution is summed over only the word's topics. The
    smoothing part, which is small, is drawn by rejection: a topic is proposed in
    proportion to `doc` (that of a token between `begin` and `end`, the document's
    cluster, or one from the prior) and kept with probability ``smooth[k] / bound``.
    Neither cost grows with the number of topics. `doc`, and `size`, which is its sum,
    exclude the token; `own` is its weight in the row.
    """
    doc, running = scratch.doc, scratch.running
    rate, smooth = factors.rate[language], factors.smooth[language]
    old = tokens.topics[token]
    start = rows.start[tokens.words[token]]
    total = 0.0
    for j in range(rows.length[tokens.words[token]]):
        topic = rows.topic[start + j]
        value = rows.value[start + j] - own * (topic == old)
        total += value * (doc[topic] * rate[topic])
        running[j] = total
    n_values = rows.length[tokens.words[token]]
    if scratch.odds > 0:  # the background, as if it were one more topic of the word
        total += scratch.odds * size * scratch.background[tokens.words[token]]
    bound = factors.bound[language]
    extra = scratch.cluster_weight if cluster >= 0 else 0.0
    envelope = bound * (end - begin + extra + scratch.prior_sums[-1])
    for _ in range(_MAX_PROPOSALS):
        point = uniform(scratch.stream) * (total + envelope)
        if point < total:
            place = _first_above(running, n_values, point)
            return int(rows.topic[start + place]) if place < n_values else len(doc)
        topic = _propose(
            token, begin, end, cluster, extra, tokens, smooth, bound, scratch
        )
        if topic >= 0:
            return topic
    rest = 0.0
    for topic in range(len(doc)):
        rest += doc[topic] * smooth[topic]
        scratch.sums[topic] = rest
    point = uniform(scratch.stream) * (total + rest)
    if point < total:
        place = _first_above(running, n_values, point)
        return int(rows.topic[start + place]) if place < n_values else len(doc)
    return _bisect(scratch.sums, point - total)


@inlined
def _first_above(running, length, point):
    """Return the first place whose running sum is above the point: near the start."""
    place = 0
    while place < length and running[place] <= point:
        place += 1
    return place


@kernel
def _bisect(running, point):
    """Return the first place whose running sum is above the point."""
    low, high = 0, len(running) - 1
    while low < high:
        middle = (low + high) // 2
        if running[middle] > point:
            high = middle
        else:
            low = middle + 1
    return low


@kernel
def _propose(token, begin, end, cluster, extra, tokens, smooth, bound, scratch):
    """Return a topic of the smoothing part, or -1 if it is rejected."""
    n_tokens = end - begin
    place = uniform(scratch.stream) * (n_tokens + extra + scratch.prior_sums[-1])
    if place < n_tokens:
        other = begin + int(place)
        topic = tokens.topics[other]
        if other == token or not 0 <= topic < len(scratch.doc):
            return -1
        height = tokens.weights[other] * smooth[topic]
    else:
        place -= n_tokens
        topic = cluster
        if place >= extra:
            topic = _bisect(scratch.prior_sums, place - extra)
        height = smooth[topic]
    if uniform(scratch.stream) * bound < height:
        return topic
    return -1


@kernel
def fill_rows(rows, first, matrix, floor):
    """Append the values of a language above the floor; its first word is `first`."""
    for topic in range(matrix.shape[0]):
        for column in range(matrix.shape[1]):
            excess = matrix[topic, column] - floor[topic]
            if excess > 0:
                word = first + column
                place = rows.start[word] + rows.length[word]
                rows.topic[place] = topic
                rows.value[place] = excess
                rows.length[word] += 1


@inlined
def add_value(rows, word, topic, amount):
    """Add an amount to one cell; a cell that comes to zero leaves the row."""
    start = rows.start[word]
    last = start + rows.length[word] - 1
    place = start
    while place <= last and rows.topic[place] != topic:
        place += 1
    if place > last:
        rows.topic[place] = topic
        rows.value[place] = amount
        rows.length[word] += 1
    else:
        rows.value[place] += amount
        if rows.value[place] == 0:
            rows.topic[place] = rows.topic[last]
            rows.value[place] = rows.value[last]
            rows.length[word] -= 1


@kernel
def copy_rows(source, target):
    """Copy rows into others that have at least as much room for each word."""
    for word in range(len(source.length)):
        target.length[word] = source.length[word]
        begin = source.start[word]
        shift = target.start[word] - begin
        for place in range(begin, begin + source.length[word]):
            target.topic[place + shift] = source.topic[place]
            target.value[place + shift] = source.value[place]


@kernel
def merge_copies(rows, lengths, topics, values, merged):
    """Add to the rows the changes in each of their copies.

    Row `c` of `lengths`, `topics` and `values` is copy `c`, laid out as `rows` is.
    `merged`, of shape (n_topics,), is zero before and after.
    """
    n_copies = len(lengths)
    for word in range(len(rows.length)):
        start = rows.start[word]
        for place in range(start, start + rows.length[word]):
            merged[rows.topic[place]] -= (n_copies - 1) * rows.value[place]
        for copy in range(n_copies):
            for place in range(start, start + lengths[copy, word]):
                merged[topics[copy, place]] += values[copy, place]
        end = start
        for copy in range(n_copies):
            for place in range(start, start + lengths[copy, word]):
                topic = topics[copy, place]
                if merged[topic] != 0:
                    rows.topic[end] = topic
                    rows.value[end] = merged[topic]
                    merged[topic] = 0.0
                    end += 1
        rows.length[word] = end - start


def random_stream(*key: int) -> np.ndarray:
    """Return the state of a generator, shape (4,), for a key of non-negative ints."""
    return np.random.SeedSequence(key).generate_state(4).astype(np.int64)


@inlined
def uniform(state):
    """Return the next number of the stream, in [0, 1) with 32 random bits."""
    s0, s1, s2, s3 = state[0], state[1], state[2], state[3]
    total = (s0 + s3) & _MASK
    result = ((((total << 7) & _MASK) | (total >> 25)) + s0) & _MASK
    shifted = (s1 << 9) & _MASK
    s2 ^= s0
    s3 ^= s1
    state[0] = s0 ^ s3
    state[1] = s1 ^ s2
    state[2] = s2 ^ shifted
    state[3] = ((s3 << 11) & _MASK) | (s3 >> 21)
    return result * (1.0 / 4294967296.0)


@kernel
def mix(state, value):
    """Mix a 32-bit integer into every word of a stream's state."""
    x = int(value) & _MASK
    for i in range(4):
        # The rounds of a 32-bit integer hash; the multipliers are below 2**31, so
        # that no product overflows.
        x = (x + state[i] + 0x9E3779B9) & _MASK
        x = ((x ^ (x >> 16)) * 0x21F0AAAD) & _MASK
        x = ((x ^ (x >> 15)) * 0x735A2D97) & _MASK
        x ^= x >> 15
        state[i] = x
