"""The compiled loops of training and of folding in, and the draw that they share."""

import math
from typing import NamedTuple

import numpy as np

from sklearn_m3l.gibbs._random import mix, uniform
from sklearn_m3l.gibbs._tokens import QUANTUM
from sklearn_m3l.gibbs._word_rows import add_value
from sklearn_m3l.utils._numba import inlined, kernel

# After as many rejected proposals the smoothing part is summed over all topics.
_MAX_PROPOSALS = 16


class Factors(NamedTuple):
    """What a unit of a word's row counts in each topic, and what a topic counts alone.

    A token's topic k has probability proportional to
    ``doc[k] * (value[k] * rate[k] + smooth[k])``, `value` being the word's row and
    `doc` the weight of each topic in the document plus the topic's prior.
    """

    rate: np.ndarray  # (n_languages, n_topics) float64
    smooth: np.ndarray  # (n_languages, n_topics) float64
    bound: np.ndarray  # (n_languages,) float64: no less than any of smooth


class Scratch(NamedTuple):
    """What one thread works with."""

    prior: np.ndarray  # (n_topics,) float64
    prior_sums: np.ndarray  # (n_topics,) float64: running sums of the prior
    doc: np.ndarray  # (n_topics,) float64: between documents the prior
    running: np.ndarray  # (n_topics,) float64
    sums: np.ndarray  # (n_topics,) float64
    stream: np.ndarray  # (4,) int64: random numbers


def make_scratch(prior: np.ndarray, stream: np.ndarray) -> Scratch:
    """Return the work space of a thread."""
    sums = np.cumsum(prior)
    return Scratch(
        prior, sums, prior.copy(), np.zeros_like(prior), np.zeros_like(prior), stream
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
    first, last, tokens, first_word, rows, totals, word_prior, word_mass, factors,
    scratch,
):  # fmt: skip
    """Draw the topics of all tokens of some documents, keeping the counts up to date.

    A token without a topic gets its first one. `word_prior` and `word_mass` are the
    Dirichlet parameter of a language's words, and its sum over the words.
    """
    doc = scratch.doc
    for document in range(first, last):
        begin, end = tokens.doc_start[document], tokens.doc_start[document + 1]
        for token in range(begin, end):
            if tokens.topics[token] >= 0:
                doc[tokens.topics[token]] += tokens.weights[token]
        language = 0
        for token in range(begin, end):
            word, weight = tokens.words[token], tokens.weights[token]
            while word >= first_word[language + 1]:
                language += 1
            old = tokens.topics[token]
            if old >= 0:
                doc[old] -= weight
                totals[language, old] -= weight
                _renew(language, old, totals, word_prior, word_mass, factors)
            new = _draw_topic(
                token, begin, end, language, weight, tokens, rows, factors, scratch
            )
            doc[new] += weight
            totals[language, new] += weight
            _renew(language, new, totals, word_prior, word_mass, factors)
            if new != old:
                if old >= 0:
                    add_value(rows, word, old, -weight)
                add_value(rows, word, new, weight)
                tokens.topics[token] = new
        _close_document(begin, end, tokens, scratch)


@kernel
def fold_in_documents(
    first, last, max_iter, burn_in, tokens, first_word, rows, factors, seed, scratch,
    sums,
):  # fmt: skip
    """Draw the topics of some documents, the words' rows standing.

    Each document has a random stream of its own, made from `seed` and from the
    document's words and weights. Row d of `sums` gets the weight of each topic in
    document d, summed over the iterations from `burn_in` on.
    """
    for document in range(first, last):
        begin, end = tokens.doc_start[document], tokens.doc_start[document + 1]
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
                if old >= 0:
                    scratch.doc[old] -= weight
                new = _draw_topic(
                    token, begin, end, language, 0.0, tokens, rows, factors, scratch
                )
                scratch.doc[new] += weight
                tokens.topics[token] = new
                if iteration >= burn_in:
                    sums[document, new] += weight
        _close_document(begin, end, tokens, scratch)


@kernel
def count_documents(tokens, doc, row_end, topics, values):
    """Fill in the topics of each document and their weights; return how many in all.

    `doc`, of shape (n_topics,), is zero before and after.
    """
    place = 0
    for document in range(len(tokens.doc_start) - 1):
        begin, end = tokens.doc_start[document], tokens.doc_start[document + 1]
        for token in range(begin, end):
            doc[tokens.topics[token]] += tokens.weights[token]
        for token in range(begin, end):
            topic = tokens.topics[token]
            if doc[topic] > 0:
                topics[place] = topic
                values[place] = doc[topic]
                doc[topic] = 0.0
                place += 1
        row_end[document] = place
    return place


@kernel
def documents_log_likelihood(first, last, tokens, scratch):
    """Return log p(topics) of some documents, their distributions integrated out.

    Token by token, because gamma(x + 1) / gamma(x) is x: most logarithms are saved.
    """
    result = 0.0
    for document in range(first, last):
        begin, end = tokens.doc_start[document], tokens.doc_start[document + 1]
        size = scratch.prior_sums[-1]
        product = 1.0
        for token in range(begin, end):
            topic, weight = tokens.topics[token], tokens.weights[token]
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
        _close_document(begin, end, tokens, scratch)
    return result


@kernel
def _close_document(begin, end, tokens, scratch):
    """Leave nothing but the prior in `scratch.doc`."""
    for token in range(begin, end):
        scratch.doc[tokens.topics[token]] = scratch.prior[tokens.topics[token]]


@inlined
def _renew(language, topic, totals, word_prior, word_mass, factors):
    """Compute the factors of a topic anew."""
    rate = 1.0 / (totals[language, topic] + word_mass[language])
    smooth = word_prior[language] * rate
    factors.rate[language, topic] = rate
    factors.smooth[language, topic] = smooth
    factors.bound[language] = max(factors.bound[language], smooth)


@inlined
def _draw_topic(token, begin, end, language, own, tokens, rows, factors, scratch):
    """Draw a token's topic given those of all other tokens.

    The row's part of the distribution is summed over the word's topics alone. The
    smoothing part, which is small, is drawn by rejection: a topic proportional to
    `doc`, that of a token between `begin` and `end` or one from the prior, is kept with
    probability ``smooth[k] / bound``. The cost of neither grows with the number of
    topics. `doc` is without the token; `own` is its weight in the row.
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
    bound = factors.bound[language]
    envelope = bound * (end - begin + scratch.prior_sums[-1])
    for _ in range(_MAX_PROPOSALS):
        point = uniform(scratch.stream) * (total + envelope)
        if point < total:
            return rows.topic[start + _first_above(running, point)]
        topic = _propose(token, begin, end, tokens, smooth, bound, scratch)
        if topic >= 0:
            return topic
    rest = 0.0
    for topic in range(len(doc)):
        rest += doc[topic] * smooth[topic]
        scratch.sums[topic] = rest
    point = uniform(scratch.stream) * (total + rest)
    if point < total:
        return rows.topic[start + _first_above(running, point)]
    return _bisect(scratch.sums, point - total)


@inlined
def _first_above(running, point):
    """Return the first place whose running sum is above the point: near the start."""
    place = 0
    while running[place] <= point:
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
def _propose(token, begin, end, tokens, smooth, bound, scratch):
    """Return a topic of the smoothing part, or -1 if it is rejected."""
    n_tokens = end - begin
    place = uniform(scratch.stream) * (n_tokens + scratch.prior_sums[-1])
    if place < n_tokens:
        other = begin + int(place)
        topic = tokens.topics[other]
        if other == token or topic < 0:
            return -1
        height = tokens.weights[other] * smooth[topic]
    else:
        topic = _bisect(scratch.prior_sums, place - n_tokens)
        height = smooth[topic]
    if uniform(scratch.stream) * bound < height:
        return topic
    return -1
