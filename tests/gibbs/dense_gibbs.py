"""The plain collapsed Gibbs sampler, dense in the topics: what others must equal."""

import numpy as np
from numba import njit
from scipy.special import gammaln


class DenseGibbs:
    """Collapsed Gibbs sampling of the polylingual topic model, whole counts only."""

    def __init__(self, counts, n_topics, alpha, beta, seed):
        self.rng = np.random.default_rng(seed)
        self.alpha, self.beta = alpha, beta
        self.n_words = np.array([matrix.shape[1] for matrix in counts])
        cells = [matrix.tocoo() for matrix in counts]
        repeats = [cell.data.astype(int) for cell in cells]
        doc, word = (
            np.concatenate([np.repeat(x, r) for x, r in zip(xs, repeats, strict=True)])
            for xs in ([c.row for c in cells], [c.col for c in cells])
        )
        order = np.argsort(doc, kind="stable")
        self.doc, self.word = doc[order], word[order]
        self.language = np.repeat(np.arange(len(counts)), [sum(r) for r in repeats])[
            order
        ]
        self.topic = self.rng.integers(0, n_topics, len(doc))
        self.n_dk = np.zeros((counts[0].shape[0], n_topics))
        self.n_wk = np.zeros((len(counts), self.n_words.max(), n_topics))
        np.add.at(self.n_dk, (self.doc, self.topic), 1)
        np.add.at(self.n_wk, (self.language, self.word, self.topic), 1)
        self.n_k = self.n_wk.sum(axis=1)

    def sweep(self):
        _sweep(
            self.doc,
            self.language,
            self.word,
            self.topic,
            self.n_dk,
            self.n_wk,
            self.n_k,
            self.alpha,
            self.beta,
            self.n_words * self.beta,
            self.rng.random(len(self.doc)),
        )

    @property
    def topic_word_counts(self):
        return [m[:n].T for m, n in zip(self.n_wk, self.n_words, strict=True)]

    def log_likelihood(self):
        return joint_log_likelihood(
            self.n_dk, self.topic_word_counts, self.alpha, self.beta
        )


@njit
def _sweep(doc, language, word, topic, n_dk, n_wk, n_k, alpha, beta, mass, uniform):
    p = np.empty(n_dk.shape[1])
    for i in range(len(doc)):
        d, m, w, k = doc[i], language[i], word[i], topic[i]
        n_dk[d, k] -= 1
        n_wk[m, w, k] -= 1
        n_k[m, k] -= 1
        total = 0.0
        for k in range(len(p)):
            total += (
                (n_dk[d, k] + alpha) * (n_wk[m, w, k] + beta) / (n_k[m, k] + mass[m])
            )
            p[k] = total
        k = 0
        while p[k] <= uniform[i] * total:
            k += 1
        n_dk[d, k] += 1
        n_wk[m, w, k] += 1
        n_k[m, k] += 1
        topic[i] = k


def joint_log_likelihood(n_dk, topic_word_counts, alpha, beta):
    """Return log p(w, z) from the closed form; alpha may differ by document."""
    alpha = np.broadcast_to(alpha, n_dk.shape)
    if not isinstance(beta, list):  # of numbers, or of arrays for an asymmetric prior
        beta = np.broadcast_to(beta, len(topic_word_counts))
    result = _dirichlet_multinomial(n_dk, alpha)
    for n_kw, b in zip(topic_word_counts, beta, strict=True):
        result += _dirichlet_multinomial(n_kw, np.full(n_kw.shape, b))
    return result


def _dirichlet_multinomial(counts, prior):
    """Return the log-likelihood of rows of counts in their order of drawing."""
    return sum(
        gammaln(rows + own).sum(axis=1).sum() * sign
        - gammaln(rows.sum(axis=1) + own.sum(axis=1)).sum() * sign
        for sign, rows, own in ((1, counts, prior), (-1, 0 * counts, prior))
    )
