"""PolylingualLDA: the classical topic model of comparable texts, by Gibbs sampling."""

import warnings
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from os import PathLike
from typing import Any

import numpy as np
from scipy import sparse

from sklearn_m3l.models._base import BaseTopicModel, check_training_rows
from sklearn_m3l.models._clusters import (
    Clusters,
    assign_clusters,
    cluster_counts,
    fit_clusters,
)
from sklearn_m3l.models._seed_words import (
    SEED_CONSTRAINTS,
    check_seed_words,
    clusters_by_seeds,
    place_of,
    require_seeds,
    seed_counts,
)
from sklearn_m3l.models._token_counts import check_sizes, iter_texts, token_counts
from sklearn_m3l.models._topic_names import require_names
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.multiview._tuples import lack_tuples
from sklearn_m3l.utils._checkpoint import Checkpoint, digest, require_seed
from sklearn_m3l.utils._fitted import (
    MAX_INTEGER,
    MAX_SEED,
    Array,
    Fields,
    Generator,
    Integer,
    Numbers,
    PerView,
    SameAs,
    require,
)
from sklearn_m3l.utils._random import private_generator
from sklearn_m3l.utils._references import check_reference
from sklearn_m3l.utils._sklearn import Interval, fit_context
from sklearn_m3l.utils._threads import count_threads

MAX_TOPICS = 2**15 - 1

# Beyond this, compiled code would run for very long, and Ctrl-C does not stop it.
MAX_SWEEPS = 100_000
MAX_THREADS = 1024


class PolylingualLDA(BaseTopicModel):
    """Polylingual topic model (PLTM), fitted by collapsed Gibbs sampling.

    A tuple has one topic distribution, whatever languages it has; a topic has a word
    distribution in every language [1]_. Languages share topics only through tuples that
    have both: if no row has two texts, `fit` warns. With a single language, such as a
    2-D array of counts, this is latent Dirichlet allocation [2]_.

    If texts have embeddings, clusters of these inform the prior: the topics start from
    the clusters, and a tuple favors the topic of its own cluster by `cluster_weight`
    tokens. Short texts, whose few words say little about their topic, gain most.
    Without embeddings, topics start from clusters of the counts.

    Parameters
    ----------
    n_components : int, default=50
        Number of topics.
    doc_topic_prior : float, default=None
        Dirichlet parameter of a topic in a tuple (alpha). Unless `optimize_interval` is
        0, `fit` starts from it and learns one for each topic. None is
        ``5 / n_components``.
    topic_word_prior : float, default=0.01
        Dirichlet parameter of a word in a topic (beta).
    cluster_weight : float, default=1.0
        Added to the Dirichlet parameter of one topic in each tuple, that of its cluster
        of embeddings: it acts like this many tokens of that topic. The tokens of the
        tuple also start in that topic. 0 ignores embeddings. `fit` finds one cluster
        per topic, by k-means of standardized embeddings, and keeps the centers for new
        tuples. Tuples without an embedding have the same prior as with 0. A larger
        weight makes the topics of short texts more coherent, but predicts words and
        finds translations less well.
    background_share : float in [0, 1), default=0.0
        Probability that a token comes from the background, the distribution of all
        words of its language, instead of from a topic [6]_. It frees the topics of
        words that are common everywhere. A single topic has no background, as the two
        could not be told apart.
    seed_words : mapping, default=None
        What some topics should be about: the name of each, and its seed words by
        language, such as ``{"weather": {"en": ["rain"], "de": ["regen"]}}``. With one
        language, a list of words is enough. The seeded topics come first, and have
        these names (see `set_topic_names`). A topic may lack languages, and a word may
        be in several topics.
    seed_weight : float, default=1.0
        Added to the Dirichlet parameter of a seed word in its topic, for each
        occurrence of the word in the training texts [7]_. 1 acts as if each occurrence
        were counted once more in the topic; a smaller weight leaves more to the texts.
    max_iter : int, default=500
        Sweeps over the tokens in `fit` and `partial_fit`. The words of the topics are
        averaged over every tenth sweep of the second half.
    transform_max_iter : int, default=100
        Sweeps over the tokens of new tuples in `transform`.
    burn_in : int, default=20
        Sweeps that are not counted: in `transform` before the average over samples
        begins, in `fit` before the prior is first learned. Must be less than
        `transform_max_iter`.
    optimize_interval : int, default=10
        Sweeps between two estimates of an asymmetric `doc_topic_prior`, by Minka's
        fixed point [3]_ as in MALLET. 0 keeps it symmetric and as given.
    n_jobs : int, default=None
        Threads. With more than one, `fit` is approximate distributed LDA [4]_: each
        thread samples its own tuples against the counts of the previous sweep. None is
        1, -1 is all cores. `transform` does not depend on it.
    checkpoint : str or path, default=None
        Folder in which to store the state of sampling, so that calling `fit` or
        `partial_fit` again with the same parameters and data resumes where it stopped
        and ends with the same bits. Each has its own subfolder; the state is stored
        after a sweep, at most every 30 seconds, and at the end. Needs a `random_state`.
    random_state : int, RandomState instance or None, default=None
        Seed of everything random. The same seed and `n_jobs` give the same result.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    components_ : ndarray of shape (n_components, sum of vocabulary sizes)
        `mean_topic_word_counts_` plus `topic_word_prior`, the languages side by side.
    topic_word_ : dict of str to ndarray of shape (n_components, n_words)
        Topic-word distributions of each language; rows sum to 1.
    topic_word_counts_ : dict of str to ndarray of shape (n_components, n_words)
        Weight of each word that was assigned to each topic in the last sweep.
    mean_topic_word_counts_ : dict of str to ndarray of shape (n_components, n_words)
        The same, averaged over samples of the chain [2]_; those of the last sweep if
        Ctrl-C came before the first sample.
    doc_topic_prior_ : ndarray of shape (n_components,)
        Dirichlet parameters of the tuples, learned unless `optimize_interval` is 0,
        without the weight of a tuple's cluster.
    cluster_centers_ : dict of str to ndarray of shape (n_clusters, width)
        Centers of the clusters by view, for embeddings that are standardized and then
        scaled to unit length; cluster k belongs to topic k. Views with aligned
        embeddings have the same centers. Empty if no embeddings are used.
    background_ : dict of str to ndarray of shape (n_words,)
        Distribution of all training words of each language, smoothed by
        `topic_word_prior`; empty if there is no background.
    topic_tokens_ : dict of str to ndarray of shape (n_components,)
        Tokens of each topic in the training texts of each language: the evidence behind
        its words.
    prevalence_ : ndarray of shape (n_components,)
        Share of each topic in the tokens of all training texts, averaged like
        `mean_topic_word_counts_`; sums to 1. The background does not count.
    log_likelihood_ : list of float
        Joint log-likelihood of words and topics after each sweep.
    vocabularies_ : dict of str to ndarray of str
        Words of each language.
    topic_names_ : list of (str or None)
        Name of each topic that has one; see `set_topic_names`.
    views_ : list of str
        The views that `transform` takes: those of `fit` that have word counts.
    view_widths_ : dict of str to int
        Length of the embeddings of each view, or of its counts if it has none.
    n_iter_ : int
        Sweeps run.
    n_features_in_ : int
        Number of views, or of columns of a 2-D array.
    feature_names_in_ : ndarray of str
        Names of the views, or of the columns of a DataFrame.

    See Also
    --------
    M3LContrastTopicModel : Uses embeddings, and takes pictures too.
    mine_tuples : Finds counterparts of documents that have none.

    Notes
    -----
    `transform` returns the mean of the posterior under `doc_topic_prior_`, plus the
    weight of the tuple's cluster if it has an embedding.

    Fractional counts are weights: a cell of 2.3 is two tokens of weight 1 and one of
    weight 0.3. Every token takes about 20 bytes, so counts above a million are refused;
    divide them. Views without counts, such as pictures, are ignored. The cost of
    sampling grows with the topics in which a word occurs, not with their total number
    [5]_.

    References
    ----------
    .. [1] D. Mimno, H. Wallach, J. Naradowsky, D. Smith and A. McCallum, "Polylingual
       Topic Models", EMNLP 2009.
    .. [2] T. Griffiths and M. Steyvers, "Finding scientific topics", PNAS 101 (2004).
    .. [3] T. Minka, "Estimating a Dirichlet distribution", 2000.
    .. [4] D. Newman, A. Asuncion, P. Smyth and M. Welling, "Distributed Algorithms for
       Topic Models", JMLR 10 (2009).
    .. [5] L. Yao, D. Mimno and A. McCallum, "Efficient Methods for Topic Model
       Inference on Streaming Document Collections", KDD 2009.
    .. [6] C. Chemudugunta, P. Smyth and M. Steyvers, "Modeling General and Specific
       Aspects of Documents with a Probabilistic Topic Model", NIPS 2006. Here the share
       of the background is the same in all tuples.
    .. [7] J. Jagarlamudi, H. Daume III and R. Udupa, "Incorporating Lexical Priors into
       Topic Models", EACL 2012. Seeds are pseudo-counts here, as in keyATM (S. Eshima,
       K. Imai and T. Sasaki, American Journal of Political Science 68, 2024).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_m3l import MultiView, PolylingualLDA
    >>> X = MultiView.from_arrays(
    ...     counts={
    ...         "en": np.repeat([[3, 3, 0, 0], [0, 0, 3, 3]], 20, axis=0),
    ...         "de": np.repeat([[2, 0], [0, 2]], 20, axis=0),
    ...     },
    ...     vocabularies={
    ...         "en": ["brush", "paint", "layer", "mask"],
    ...         "de": ["pinsel", "ebene"],
    ...     },
    ... )
    >>> model = PolylingualLDA(2, doc_topic_prior=0.1, random_state=0).fit(X)
    >>> sorted(model.top_words("de", 1))
    [['ebene'], ['pinsel']]
    >>> theta = model.transform(X[["de"]])
    >>> theta.shape
    (40, 2)
    """

    _parameter_constraints: dict = {
        "n_components": [Interval(Integral, 1, MAX_TOPICS, closed="both")],
        "doc_topic_prior": [Interval(Real, 0, None, closed="neither"), None],
        "topic_word_prior": [Interval(Real, 0, None, closed="neither")],
        "cluster_weight": [Interval(Real, 0, None, closed="left")],
        "background_share": [Interval(Real, 0, 1, closed="left")],
        **SEED_CONSTRAINTS,
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "transform_max_iter": [Interval(Integral, 1, MAX_SWEEPS, closed="both")],
        "burn_in": [Interval(Integral, 0, MAX_SWEEPS, closed="both")],
        "optimize_interval": [Interval(Integral, 0, None, closed="left")],
        "n_jobs": [Interval(Integral, None, MAX_THREADS, closed="right"), None],
        "checkpoint": [str, PathLike, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    _fitted_state: dict = {
        **BaseTopicModel._fitted_state,
        "_random_state": SameAs(Generator(), lambda model: model.random_state),
        "_seed": Integer(0, MAX_SEED),
        "_fold_in_seed": Integer(0, MAX_SEED),
        "doc_topic_prior_": Array(1, low=1e-100),
        "topic_word_counts_": PerView(Array(2, low=0, high=MAX_INTEGER)),
        "mean_topic_word_counts_": PerView(Array(2, low=0, high=MAX_INTEGER)),
        "log_likelihood_": Numbers(),
        "background_": PerView(Array(1, low=1e-300, high=1.0), may_be_empty=True),
        "_seed_counts": PerView(Array(2, low=0, high=MAX_INTEGER), may_be_empty=True),
        "_clusters": PerView(
            Fields(mean=Array(1), scale=Array(1, low=1e-300), centers=Array(2)),
            may_be_empty=True,
        ),
    }

    def __init__(
        self,
        n_components=50,
        *,
        doc_topic_prior=None,
        topic_word_prior=0.01,
        cluster_weight=1.0,
        background_share=0.0,
        seed_words=None,
        seed_weight=1.0,
        max_iter=500,
        transform_max_iter=100,
        burn_in=20,
        optimize_interval=10,
        n_jobs=None,
        checkpoint=None,
        random_state=None,
        verbose=0,
    ):
        self.n_components = n_components
        self.doc_topic_prior = doc_topic_prior
        self.topic_word_prior = topic_word_prior
        self.cluster_weight = cluster_weight
        self.background_share = background_share
        self.seed_words = seed_words
        self.seed_weight = seed_weight
        self.max_iter = max_iter
        self.transform_max_iter = transform_max_iter
        self.burn_in = burn_in
        self.optimize_interval = optimize_interval
        self.n_jobs = n_jobs
        self.checkpoint = checkpoint
        self.random_state = random_state
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Sample the topics of all tokens, `max_iter` times.

        Parameters
        ----------
        X : MultiView or {array-like, sparse matrix} of shape (n_rows, n_features)
            Training tuples with word counts, or the counts of a single language.
        y : None
            Ignored.

        Returns
        -------
        self : PolylingualLDA
            The fitted model. Ctrl-C raises KeyboardInterrupt and leaves the model in
            the state of the last full sweep.

        Raises
        ------
        ValueError
            If no view has counts, a count is above a million, or a row has no view.
        """
        from sklearn_m3l.gibbs import PolylingualGibbs

        return self._fit(X, PolylingualGibbs)

    def _fit(self, X, new_sampler: Callable):
        """Fit with a sampler that has the methods of `PolylingualGibbs`."""
        if self.checkpoint is not None:
            require_seed(self.random_state)
            check_reference(self, "checkpoint")
        X = self._check_X(X, reset=True)
        check_training_rows(X)
        texts = self._check_texts(X)
        _warn_without_tuples(X)
        alpha = self.doc_topic_prior
        if alpha is None:
            alpha = 5 / self.n_components
        self._random_state = private_generator(self.random_state)
        self._draw_seed()
        self._fold_in_seed = self._seed
        self.doc_topic_prior_ = np.full(self.n_components, float(alpha))
        self.topic_word_counts_ = {
            name: np.zeros((self.n_components, X[name].counts.shape[1]))
            for name in texts
        }
        self.mean_topic_word_counts_ = self.topic_word_counts_
        self.log_likelihood_: list[float] = []
        self._seed_counts = self._plant_seeds(X)
        self.background_: dict[str, np.ndarray] = {}
        if self.background_share > 0 and self.n_components > 1:
            self.background_ = {name: self._unigram(X, name) for name in texts}
        self._clusters: Clusters = {}
        if self.cluster_weight > 0:
            self._clusters = fit_clusters(X, texts, self.n_components, self._seed)
        if self._clusters and self._seed_counts:
            order = self._order_by_seeds(X, assign_clusters(self._clusters, X))
            for own in self._clusters.values():
                own["centers"] = own["centers"][order]
        self._sample(X, new_sampler)
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None):
        """Add more tuples: sample their topics, given the counts so far.

        Parameters
        ----------
        X : MultiView or {array-like, sparse matrix} of shape (n_rows, n_features)
            Tuples in any of the languages; their words must be those of the first
            call. Earlier tuples keep their topics.
        y : None
            Ignored.

        Returns
        -------
        self : PolylingualLDA
            The model, fitted on all tuples so far.
        """
        from sklearn_m3l.gibbs import PolylingualGibbs

        if not hasattr(self, "topic_word_counts_"):
            return self.fit(X)
        X = self._check_X(X, reset=False)
        check_training_rows(X)
        self._check_texts(X)
        self._draw_seed()
        self._sample(X, PolylingualGibbs)
        return self

    def _check_fitted_state(self, state: dict) -> None:
        super()._check_fitted_state(state)
        vocabularies, n_topics = state["vocabularies_"], len(state["doc_topic_prior_"])
        require(n_topics <= MAX_TOPICS, f"has more than {MAX_TOPICS} topics")
        require_names(state["_topic_names"], n_topics)
        for field in ("topic_word_counts_", "mean_topic_word_counts_"):
            counts = state[field]
            require(list(counts) == list(vocabularies), f"{field} has other texts")
            for name, words in vocabularies.items():
                fits = counts[name].shape == (n_topics, len(words))
                require(fits, f"{field} of view {name!r} has another shape")
                rows = counts[name] + self.topic_word_prior
                with np.errstate(all="ignore"):
                    rows = rows / rows.sum(axis=1, keepdims=True)
                require((rows > 0).all(), f"{field} of view {name!r} has no words")
        require_seeds(state["_seed_counts"], vocabularies, n_topics)
        background = state["background_"]
        known = list(background) in ([], list(vocabularies))
        require(known, "background_ has other texts")
        for name, words in background.items():
            fits = len(words) == len(vocabularies[name])
            require(fits, f"background_ of view {name!r} has another shape")
        clusters = state["_clusters"]
        for name, own in clusters.items():
            fits = name in vocabularies and state["_embedded"][name]
            require(fits, f"_clusters has view {name!r}, which has no embedding")
            widths = {array.shape[-1] for array in own.values()}
            fits = widths == {state["view_widths_"][name]}
            require(fits, f"_clusters of view {name!r} has another width")
        numbers = {len(own["centers"]) for own in clusters.values()}
        fits = not clusters or (len(numbers) == 1 and 2 <= min(numbers) <= n_topics)
        require(fits, "_clusters has another number of clusters than topics allow")

    def _check_texts(self, X: MultiView) -> list[str]:
        """Return the names of the texts whose words the model knows."""
        names = [name for name in iter_texts(X) if name in self.vocabularies_]
        if not names:
            raise ValueError(
                "PolylingualLDA needs the word counts of at least one text; the views "
                f"{', '.join(X.view_names)} have none"
            )
        check_sizes(X)
        return names

    def _unigram(self, X: MultiView, name: str) -> np.ndarray:
        """Return the smoothed distribution of all words of a text."""
        sizes = token_counts(X, name, self.vocabularies_).sum(axis=0, dtype=np.float64)
        sizes += self.topic_word_prior
        return sizes / sizes.sum()

    def _background(self, names) -> dict[str, Any]:
        """Return the parameters of the background, in the form that samplers take."""
        if not self.background_:
            return {}
        words = [self.background_[name] for name in names]
        return {"background_share": self.background_share, "background": words}

    def _plant_seeds(self, X: MultiView) -> dict[str, np.ndarray]:
        """Name the seeded topics, and return the pseudo-counts of their words."""
        if not self.seed_words:
            return {}
        seeds = check_seed_words(self.seed_words, self.vocabularies_, self.n_components)
        self._topic_names = dict(enumerate(seeds))
        return seed_counts(seeds, self._documents(X), self.seed_weight)

    def _order_by_seeds(self, X: MultiView, labels: np.ndarray) -> np.ndarray:
        """Return the order of clusters by the seeded topics that they are about."""
        n_clusters = labels.max() + 1
        if self._clusters:
            n_clusters = len(next(iter(self._clusters.values()))["centers"])
        seeds, documents = self._seed_counts, self._documents(X)
        return clusters_by_seeds(labels, n_clusters, seeds, documents)

    def _documents(self, X: MultiView) -> dict[str, sparse.csr_array]:
        """Return the counts of all languages."""
        vocabularies = self.vocabularies_
        return {name: token_counts(X, name, vocabularies) for name in vocabularies}

    def _draw_seed(self) -> None:
        self._seed = int(self._random_state.randint(np.iinfo(np.int32).max))

    def _sample(self, X: MultiView, new_sampler: Callable) -> None:
        """Add tuples to the counts so far, and sample their topics."""
        from sklearn_m3l.gibbs import Chain

        names = list(self.vocabularies_)
        sampler = new_sampler(
            [len(self.vocabularies_[name]) for name in names],
            self.doc_topic_prior_,
            self.topic_word_prior,
            cluster_weight=self.cluster_weight,
            **self._background(names),
            seed_counts=list(self._seed_counts.values()) or None,
            topic_word_counts=[self.topic_word_counts_[name] for name in names],
            seed=self._seed,
            n_jobs=count_threads(self.n_jobs),
        )
        documents = list(self._documents(X).values())
        clusters = assign_clusters(self._clusters, X)
        stored = self._stored(documents, clusters)
        starts = clusters
        if not self._clusters and not self.log_likelihood_:
            starts = cluster_counts(documents, self.n_components, self._seed)
            if self._seed_counts and starts.max() >= 0:
                starts = place_of(self._order_by_seeds(X, starts), starts)
        sampler.add_documents(documents, clusters, starts)
        chain = Chain(
            sampler,
            max_iter=self.max_iter,
            burn_in=self.burn_in,
            optimize_interval=self.optimize_interval,
            stored=stored,
        )
        try:
            chain.run(verbose=self.verbose)
        finally:
            means = chain.mean_topic_word_counts()
            counts = sampler.topic_word_counts
            self.topic_word_counts_ = dict(zip(names, counts, strict=True))
            self.mean_topic_word_counts_ = dict(zip(names, means, strict=True))
            self.doc_topic_prior_ = sampler.doc_topic_prior
            self.log_likelihood_ += chain.log_likelihood

    def _stored(self, documents, clusters: np.ndarray) -> Checkpoint | None:
        """Return the checkpoint of sampling some documents, None without a folder."""
        if self.checkpoint is None:
            return None
        parameters = self.get_params()
        for name in ("checkpoint", "n_jobs", "random_state", "verbose"):
            del parameters[name]
        standing = [self.doc_topic_prior_, list(self.topic_word_counts_.values())]
        n_jobs = count_threads(self.n_jobs)
        name = digest(parameters, n_jobs, self._seed, standing, documents, clusters)
        return Checkpoint(self.checkpoint, name)

    def _transform(self, X: MultiView) -> np.ndarray:
        from sklearn_m3l.gibbs import fold_in

        names = list(X.view_names)
        check_sizes(X)
        if self.burn_in >= self.transform_max_iter:
            raise ValueError(
                f"burn_in={self.burn_in} leaves none of the "
                f"transform_max_iter={self.transform_max_iter} sweeps to average over; "
                "lower burn_in"
            )
        present = np.any([X[name].present for name in names], axis=0)
        rows = np.flatnonzero(present)
        topic_word = self.topic_word_
        theta = np.full((len(X), self._n_features_out), np.nan, dtype=np.float32)
        theta[rows] = fold_in(
            # All languages in a fixed order, because draws depend on the numbers of
            # words.
            [token_counts(X, name, self.vocabularies_)[rows] for name in topic_word],
            list(topic_word.values()),
            self.doc_topic_prior_,
            clusters=assign_clusters(self._clusters, X)[rows],
            cluster_weight=self.cluster_weight,
            **self._background(topic_word),
            max_iter=self.transform_max_iter,
            burn_in=self.burn_in,
            seed=self._fold_in_seed,
            n_jobs=count_threads(self.n_jobs),
        )
        return theta

    @property
    def views_(self) -> list[str]:
        """Names of the views that have words."""
        return list(self.vocabularies_)

    def _check_view(self, name, view):
        super()._check_view(name, view)
        if not view.is_text:
            raise ValueError(
                f"view {name!r} has no word counts, but {type(self).__name__} infers "
                "topics from words; leave it out"
            )
        own = self._clusters.get(name)
        if own is not None and view.embedding is not None:
            width = len(own["mean"])
            if view.width != width:
                raise ValueError(
                    f"view {name!r} has an embedding of width {view.width}, but "
                    f"{type(self).__name__} was fitted on width {width}; embed it as "
                    "in fit, or leave the embedding out"
                )

    def _read_as_words(self, X: MultiView) -> list[str]:
        return self._check_texts(X)

    def _decode(self, name: str, theta: np.ndarray) -> np.ndarray:
        words = theta @ self.topic_word_[name]
        if self.background_:
            share = self.background_share
            words = (1 - share) * words + share * self.background_[name]
        return np.log(words)

    @property
    def components_(self) -> np.ndarray:
        """Mean topic-word counts plus the prior, the languages side by side."""
        smoothed = self._smoothed_counts()
        return np.hstack([smoothed[name] for name in self.vocabularies_])

    @property
    def topic_word_(self) -> Mapping[str, np.ndarray]:
        """Topic-word distributions of each language."""
        return {
            name: counts / counts.sum(axis=1, keepdims=True)
            for name, counts in self._smoothed_counts().items()
        }

    def _smoothed_counts(self) -> dict[str, np.ndarray]:
        """Return the mean counts plus the prior, including that of seed words."""
        smoothed = {
            name: counts + self.topic_word_prior
            for name, counts in self.mean_topic_word_counts_.items()
        }
        for name, seeds in self._seed_counts.items():
            smoothed[name][: len(seeds)] += seeds
        return smoothed

    @property
    def _betas(self) -> dict[str, np.ndarray]:
        return {name: np.log(own) for name, own in self.topic_word_.items()}

    @property
    def topic_tokens_(self) -> Mapping[str, np.ndarray]:
        """Tokens of each topic in the training texts of each language."""
        counts = self.mean_topic_word_counts_.items()
        return {name: matrix.sum(axis=1) for name, matrix in counts}

    @property
    def cluster_centers_(self) -> Mapping[str, np.ndarray]:
        """Centers of the clusters of embeddings by view; cluster k is topic k."""
        return {name: own["centers"] for name, own in self._clusters.items()}

    @property
    def n_iter_(self) -> int:
        """Sweeps run."""
        return len(self.log_likelihood_)

    @property
    def _n_features_out(self) -> int:
        return len(self.doc_topic_prior_)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "topic_word_counts_")


def _warn_without_tuples(X: MultiView) -> None:
    names = lack_tuples(X)
    if names:
        warnings.warn(
            f"no row has two of the texts {', '.join(names)}, so their topics are "
            "unrelated; if their embeddings are aligned, fit the data of "
            "sklearn_m3l.mine_tuples",
            stacklevel=4,
        )
