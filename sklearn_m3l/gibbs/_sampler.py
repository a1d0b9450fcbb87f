"""The collapsed Gibbs sampler of the polylingual topic model."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.special import gammaln

from sklearn_m3l.gibbs._kernels import (
    copy_rows,
    count_documents,
    documents_log_likelihood,
    make_factors,
    make_scratch,
    merge_copies,
    random_stream,
    sample_documents,
)
from sklearn_m3l.gibbs._prior import (
    Histogram,
    check_prior,
    doc_topic_histogram,
    optimize_prior,
)
from sklearn_m3l.gibbs._tokens import (
    Tokens,
    check_topics,
    even_parts,
    first_words,
    join_tokens,
    quantize,
    tokenize,
)
from sklearn_m3l.gibbs._word_rows import (
    WordRows,
    dense_rows,
    empty_rows,
    rows_above,
    topic_totals,
    used_places,
)
from sklearn_m3l.utils._threads import deferred_interrupt, run_threads


class _State(NamedTuple):
    """The topics of all tokens, and the counts that follow from them."""

    tokens: Tokens
    rows: WordRows
    totals: np.ndarray  # (n_languages, n_topics) float64


class PolylingualGibbs:
    """Collapsed Gibbs sampler of topics that several languages share.

    A document is a tuple of texts, one per language, with one topic distribution; a
    topic has a word distribution in every language [1]_. The state is the topic of each
    token. A sweep redraws all topics, at a cost that grows with the number of topics
    in which a word occurs, not with the number of all topics [2]_.

    With several threads, each samples a part of the documents against its own copy of
    the topic-word counts, and the copies are merged after every sweep: approximate
    distributed LDA [3]_. One thread samples exactly. The result depends only on the
    seed and the number of threads. A pickled sampler continues with the same bits.

    Parameters
    ----------
    n_words : sequence of int
        Number of words in each language.
    doc_topic_prior : ndarray of shape (n_topics,)
        Dirichlet parameters of the documents, all above zero.
    topic_word_prior : float or sequence of float
        Dirichlet parameter of a topic's words, above zero; may differ by language.
    cluster_weight : float, default=0.0
        Added to the Dirichlet parameter of one topic in the documents that
        `add_documents` assigns to the cluster of that topic. It acts like this many
        tokens of the topic.
    background_share : float in [0, 1), default=0.0
        Probability that a token comes from a background distribution, which is the same
        in all documents, instead of from a topic [4]_.
    background : sequence of ndarray of shape (n_words_l,), optional
        The background distribution of each language, above zero. Needed with
        `background_share`.
    seed_counts : sequence of ndarray of shape (n_seeded, n_words_l), optional
        Added to `topic_word_prior` of the words of the first topics, 0 or more: an
        asymmetric prior [5]_.
    topic_word_counts : sequence of ndarray of shape (n_topics, n_words_l), optional
        Counts of earlier documents. They stay fixed, and new documents are sampled on
        top of them.
    seed : int, default=0
        Seed of all random numbers.
    n_jobs : int, default=1
        Number of threads.

    Attributes
    ----------
    doc_topic_prior : ndarray of shape (n_topics,)
        Dirichlet parameters of the documents.
    topic_word_prior : ndarray of shape (n_languages,)
        Dirichlet parameter of the words in each language.
    n_passes : int
        Number of sweeps and of calls of `add_documents` so far.

    References
    ----------
    .. [1] D. Mimno et al., "Polylingual Topic Models", EMNLP 2009.
    .. [2] L. Yao, D. Mimno and A. McCallum, "Efficient Methods for Topic Model
       Inference on Streaming Document Collections", KDD 2009, section 3.4. The
       smoothing-only and the document bucket are drawn by rejection here.
    .. [3] D. Newman et al., "Distributed Algorithms for Topic Models", JMLR 10 (2009).
    .. [4] C. Chemudugunta, P. Smyth and M. Steyvers, "Modeling General and Specific
       Aspects of Documents with a Probabilistic Topic Model", NIPS 2006. Here the
       background is known, and its share is the same in all documents.
    .. [5] J. Jagarlamudi, H. Daume III and R. Udupa, "Incorporating Lexical Priors into
       Topic Models", EACL 2012. Here seeds are pseudo-counts, as in keyATM.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> from sklearn_m3l.gibbs import PolylingualGibbs
    >>> english = sparse.csr_array([[4, 4, 0, 0], [0, 0, 4, 4]])
    >>> german = sparse.csr_array([[5, 0], [0, 5]])
    >>> sampler = PolylingualGibbs([4, 2], np.full(2, 0.1), 0.01)
    >>> sampler.add_documents([english, german])
    >>> for _ in range(20):
    ...     sampler.sweep()
    >>> np.sort(sampler.topic_word_counts[1], axis=0)
    array([[0., 0.],
           [5., 5.]])
    """

    def __init__(
        self,
        n_words: Sequence[int],
        doc_topic_prior: np.ndarray,
        topic_word_prior: float | Sequence[float],
        *,
        cluster_weight: float = 0.0,
        background_share: float = 0.0,
        background: Sequence[np.ndarray] | None = None,
        seed_counts: Sequence[np.ndarray] | None = None,
        topic_word_counts: Sequence[np.ndarray] | None = None,
        seed: int = 0,
        n_jobs: int = 1,
    ) -> None:
        self._prior = check_prior(
            doc_topic_prior, cluster_weight, background_share, background, n_words
        )
        self.topic_word_prior = np.full(len(n_words), topic_word_prior, np.float64)
        self.seed = seed
        self.n_jobs = n_jobs
        self.n_passes = 0
        if not (self.topic_word_prior > 0).all():
            raise ValueError("all parameters of the priors must be above zero")
        self._first_word = first_words(n_words)
        self._seeds = self._check_seeds(seed_counts)
        rows = empty_rows(np.zeros(self._first_word[-1], np.int64))
        standing = topic_word_counts
        if len(self._seeds):
            standing = self._add_seeds(topic_word_counts)
        if standing is not None:
            floors = np.zeros((len(n_words), self.n_topics))
            rows = rows_above(standing, floors)
            rows.value[:] = quantize(rows.value)
        self._state = _State(
            tokenize([sparse.csr_array((0, n)) for n in n_words], None, self.n_topics),
            rows,
            topic_totals(rows, self._first_word, self.n_topics),
        )

    def _check_seeds(self, seed_counts: Sequence[np.ndarray] | None) -> np.ndarray:
        """Return the seeds of all languages side by side, in quanta."""
        n_words = np.diff(self._first_word).tolist()
        if seed_counts is None:
            return np.zeros((0, sum(n_words)))
        shapes = [np.shape(own) for own in seed_counts]
        n_seeded = shapes[0][0] if shapes else 0
        if shapes != [(n_seeded, n) for n in n_words] or n_seeded > self.n_topics:
            raise ValueError(
                f"seed_counts must have a row for each seeded topic, of at most "
                f"{self.n_topics}, and {n_words} words, got shapes {shapes}"
            )
        seeds = np.concatenate(list(seed_counts), axis=1).astype(np.float64)
        if not (np.isfinite(seeds).all() and (seeds >= 0).all()):
            raise ValueError("seed_counts must be finite and not negative")
        return np.where(seeds > 0, quantize(seeds), 0.0)

    def _add_seeds(self, counts: Sequence[np.ndarray] | None) -> list[np.ndarray]:
        """Return the fixed counts plus those of the seeds, which act like tokens."""
        total = np.zeros((self.n_topics, self._first_word[-1]))
        if counts is not None:
            total += np.concatenate(list(counts), axis=1)
        total[: len(self._seeds)] += self._seeds
        return np.split(total, self._first_word[1:-1], axis=1)

    @property
    def doc_topic_prior(self) -> np.ndarray:
        """Dirichlet parameters of the documents, without the weight of a cluster."""
        return self._prior.topics

    @property
    def n_topics(self) -> int:
        """Number of topics."""
        return len(self.doc_topic_prior)

    @property
    def n_documents(self) -> int:
        """Number of documents added."""
        return len(self._state.tokens.doc_start) - 1

    @property
    def topic_word_counts(self) -> list[np.ndarray]:
        """Weight of each word in each topic, (n_topics, n_words_l) per language."""
        dense = dense_rows(self._state.rows, self.n_topics)
        dense[: len(self._seeds)] -= self._seeds
        return np.split(dense, self._first_word[1:-1], axis=1)

    @property
    def doc_topic_counts(self) -> sparse.csr_array:
        """Weight of each topic in each document, shape (n_documents, n_topics)."""
        tokens = self._state.tokens
        indptr = np.zeros(self.n_documents + 1, np.int64)
        topics = np.empty(len(tokens.words), np.int16)
        weights = np.empty(len(tokens.words))
        end = count_documents(
            tokens, np.zeros(self.n_topics), indptr[1:], topics, weights
        )
        return sparse.csr_array(
            (weights[:end], topics[:end], indptr), (self.n_documents, self.n_topics)
        )

    def get_state(self) -> dict[str, np.ndarray]:
        """Return all that sampling depends on except the documents, not copied."""
        tokens, rows, totals = self._state
        return {
            "topics": tokens.topics,
            **rows._asdict(),
            "totals": totals,
            "doc_topic_prior": self.doc_topic_prior,
            "n_passes": np.array(self.n_passes),
        }

    def set_state(self, state: dict[str, np.ndarray]) -> None:
        """Continue from a state of a sampler of the same documents.

        Parameters
        ----------
        state : dict of str to ndarray
            What `get_state` returned; it is copied.

        Raises
        ------
        ValueError
            If it is not a state of these documents.
        """
        self._check_state(state)
        for name, array in self.get_state().items():
            array[...] = state[name]
        self.n_passes = int(state["n_passes"])

    def _check_state(self, state: dict[str, np.ndarray]) -> None:
        """Refuse a state that compiled code could not trust."""
        own = self.get_state()
        if not isinstance(state, dict) or set(state) != set(own):
            raise ValueError("the state of the sampler has other fields")
        for name, array in own.items():
            given = state[name]
            same = isinstance(given, np.ndarray) and given.dtype == array.dtype
            if not same or given.shape != array.shape or not np.isfinite(given).all():
                raise ValueError(f"{name} of the sampler has another shape or type")
        tokens, rows, _ = self._state
        drawn = tokens._replace(topics=state["topics"])
        counted = WordRows(*(state[name] for name in WordRows._fields))
        room = np.diff(rows.start)
        if (counted.start != rows.start).any() or not (
            (counted.length >= 0) & (counted.length <= room)
        ).all():
            raise ValueError("the words of the sampler have another number of topics")
        values = counted.value[used_places(counted)]
        n_choices = self.n_topics + (self._prior.background_share > 0)
        for topics, n in (drawn.topics, n_choices), (counted.topic, self.n_topics):
            if not ((topics >= 0) & (topics < n)).all():
                raise ValueError("the sampler has topics that do not exist")
        cells = _cells_of_rows(counted, self.n_topics)
        expected = _cells_of_rows(rows, self.n_topics)
        expected += _cells_of_tokens(drawn, expected.shape)
        expected -= _cells_of_tokens(tokens, expected.shape)
        expected.eliminate_zeros()  # counts are multiples of the quantum, so exact
        totals = topic_totals(counted, self._first_word, self.n_topics)
        if not (
            (values > 0).all()
            and cells.nnz == len(values)
            and abs(cells - expected).sum() == 0
            and np.array_equal(totals, state["totals"])
        ):
            raise ValueError("the counts of the sampler are not those of its tokens")
        if not ((state["doc_topic_prior"] > 0).all() and state["n_passes"] >= 0):
            raise ValueError("the prior of the sampler must be above zero")

    def add_documents(
        self,
        counts: Sequence[sparse.csr_matrix | sparse.csr_array],
        clusters: np.ndarray | None = None,
        starts: np.ndarray | None = None,
    ) -> None:
        """Add documents, and give each of their tokens a first topic.

        Parameters
        ----------
        counts : sequence of CSR matrix of shape (n_new, n_words_l)
            Non-negative word counts in each language; an empty row means that the
            document lacks the language. Fractions are weights: 2.3 is two tokens of
            weight 1 and one of weight 0.3.
        clusters : ndarray of int of shape (n_new,), optional
            The topic that the prior of each document favors by `cluster_weight`; -1
            for none.
        starts : ndarray of int of shape (n_new,), optional
            The topic in which the tokens of each document start; -1 draws one for each
            token. By default `clusters`.
        """
        n_words = np.diff(self._first_word).tolist()
        if [matrix.shape[1] for matrix in counts] != n_words:
            raise ValueError(
                f"the languages have {n_words} words, got count matrices of shapes "
                f"{[matrix.shape for matrix in counts]}"
            )
        new = tokenize(counts, clusters, self.n_topics)
        if starts is not None:
            starts = check_topics("starts", starts, len(new.clusters), self.n_topics)
        tokens, rows, totals = self._state
        room = np.diff(rows.start) + np.bincount(new.words, minlength=len(rows.length))
        grown = empty_rows(np.minimum(room, self.n_topics))
        copy_rows(rows, grown)
        totals = totals.copy()
        self.n_passes += 1
        state = _State(new, grown, totals)
        self._sample(0, len(new.clusters), state, 0, starts)
        self._state = _State(join_tokens(tokens, new), grown, totals)

    def sweep(self) -> None:
        """Redraw the topics of all tokens.

        KeyboardInterrupt is raised only after the whole sweep.
        """
        bounds = even_parts(self._state.tokens.doc_start, self.n_jobs)
        with deferred_interrupt():
            self.n_passes += 1
            if len(bounds) == 2:
                self._sample(bounds[0], bounds[1], self._state, 0)
            else:
                self._sample_parts(bounds)

    def log_likelihood(self) -> float:
        """Return log p(words, topics), with the distributions integrated out.

        It includes the words of `topic_word_counts`, but not their documents.
        """
        of_topics, of_words = self.log_likelihoods()
        return of_topics + of_words

    def log_likelihoods(self) -> tuple[float, float]:
        """Return log p of the topics of the documents, and of the words of topics."""
        tokens, rows, totals = self._state
        bounds = even_parts(tokens.doc_start, self.n_jobs)

        def add_up(part: int) -> float:
            scratch = make_scratch(self._prior, np.zeros(4, np.int64))
            return documents_log_likelihood(
                bounds[part], bounds[part + 1], tokens, scratch
            )

        of_topics = sum(run_threads(add_up, len(bounds) - 1))
        of_words = self._words_log_likelihood(rows, totals)
        if len(self._seeds):  # they are not tokens
            empty = np.zeros((self.n_topics - len(self._seeds), self._seeds.shape[1]))
            seeds = np.concatenate([self._seeds, empty])
            matrices = np.split(seeds, self._first_word[1:-1], axis=1)
            seeded = rows_above(matrices, np.zeros_like(totals))
            of_seeds = topic_totals(seeded, self._first_word, self.n_topics)
            of_words -= self._words_log_likelihood(seeded, of_seeds)
        return float(of_topics), float(of_words)

    def _words_log_likelihood(self, rows: WordRows, totals: np.ndarray) -> float:
        """Return log p(words) given topics that have some counts."""
        result = 0.0
        values = rows.value[used_places(rows)]
        row_end = np.concatenate(([0], np.cumsum(rows.length)))
        for language, smoothing in enumerate(self.topic_word_prior):
            first, last = self._first_word[language : language + 2]
            own = values[row_end[first] : row_end[last]]
            result += _log_rising(smoothing, own).sum()
            mass = smoothing * (last - first)
            result -= _log_rising(mass, totals[language]).sum()
        return result

    def merge(self, topic_word_counts: Sequence[np.ndarray]) -> None:
        """Replace the counts by those of these documents and of others elsewhere.

        Parameters
        ----------
        topic_word_counts : sequence of ndarray of shape (n_topics, n_words_l)
            At least those of the documents here.
        """
        tokens, _, totals = self._state
        standing = self._add_seeds(topic_word_counts)
        rows = rows_above(standing, np.zeros_like(totals))
        rows.value[:] = quantize(rows.value)
        of_word = np.bincount(tokens.words, minlength=len(rows.length))
        room = np.minimum(np.diff(rows.start) + of_word, self.n_topics)
        grown = empty_rows(room)
        copy_rows(rows, grown)
        totals = topic_totals(grown, self._first_word, self.n_topics)
        self._state = _State(tokens, grown, totals)

    def histogram(self) -> Histogram:
        """Return the sizes of topics in documents."""
        return doc_topic_histogram(self.doc_topic_counts, self._state.tokens.clusters)

    def set_doc_topic_prior(self, prior: np.ndarray) -> None:
        """Set the Dirichlet parameters of the documents, all above zero."""
        self._prior = self._prior._replace(topics=np.asarray(prior, np.float64))

    def optimize_doc_topic_prior(self) -> None:
        """Set `doc_topic_prior` to the most likely parameters, given the topics.

        They may differ by topic. Uses Minka's fixed point, with a weak Gamma prior.
        """
        weight = self._prior.cluster_weight
        topics = optimize_prior(self.doc_topic_prior, weight, self.histogram())
        self.set_doc_topic_prior(topics)

    def _sample_parts(self, bounds: np.ndarray) -> None:
        """Sample every part against a copy of the counts, then merge the copies."""
        tokens, rows, totals = self._state
        n_parts = len(bounds) - 1
        lengths = np.empty((n_parts, len(rows.length)), np.int32)
        topics = np.empty((n_parts, len(rows.topic)), np.int16)
        values = np.empty((n_parts, len(rows.value)))
        part_totals = np.repeat(totals[np.newaxis], n_parts, axis=0)

        def sample_part(part: int) -> None:
            own = WordRows(rows.start, lengths[part], topics[part], values[part])
            copy_rows(rows, own)
            state = _State(tokens, own, part_totals[part])
            self._sample(bounds[part], bounds[part + 1], state, part)

        run_threads(sample_part, n_parts)
        merge_copies(rows, lengths, topics, values, np.zeros(self.n_topics))
        totals += (part_totals - totals).sum(axis=0)

    def _sample(
        self,
        first: int,
        last: int,
        state: _State,
        part: int,
        starts: np.ndarray | None = None,
    ) -> None:
        """Sample some documents with the random stream of this pass and part."""
        starts = state.tokens.clusters if starts is None else starts
        word_prior = self.topic_word_prior
        word_mass = word_prior * np.diff(self._first_word)
        stream = random_stream(self.seed, self.n_passes, part)
        sample_documents(
            first, last, state.tokens, starts, self._first_word, state.rows,
            state.totals, word_prior, word_mass,
            make_factors(state.totals, word_prior, word_mass),
            make_scratch(self._prior, stream),
        )  # fmt: skip


def _cells_of_rows(rows: WordRows, n_topics: int) -> sparse.csr_array:
    """Return the weight of each topic in each word, of shape (n_words, n_topics)."""
    places = used_places(rows)
    words = np.repeat(np.arange(len(rows.length)), rows.length)
    cells = (rows.value[places], (words, rows.topic[places]))
    return sparse.csr_array(cells, shape=(len(rows.length), n_topics))


def _cells_of_tokens(tokens: Tokens, shape: tuple[int, int]) -> sparse.csr_array:
    """Return the weight of each topic in each word, from the tokens."""
    own = tokens.topics < shape[1]  # the others are from the background
    cells = (tokens.words[own], tokens.topics[own])
    return sparse.csr_array((tokens.weights[own].astype(float), cells), shape=shape)


def _log_rising(base: np.ndarray | float, weight: np.ndarray) -> np.ndarray:
    """Return log(gamma(base + weight) / gamma(base))."""
    return gammaln(base + weight) - gammaln(base)
