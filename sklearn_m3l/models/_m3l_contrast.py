"""M3L-Contrast: the multilingual and multimodal topic model of the paper."""

import warnings
from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils import check_array

from sklearn_m3l.models._combined_view import CombinedView
from sklearn_m3l.models._neural import NeuralTopicModel, Plan
from sklearn_m3l.models._seed_words import SEED_CONSTRAINTS
from sklearn_m3l.models._token_counts import iter_texts
from sklearn_m3l.models._warm_start import check_same
from sklearn_m3l.multiview import MultiView, View
from sklearn_m3l.multiview._aligned import aligned_views
from sklearn_m3l.multiview._tuples import lack_tuples, mine_where_none
from sklearn_m3l.utils._fitted import require
from sklearn_m3l.utils._sklearn import Interval, StrOptions


class M3LContrastTopicModel(NeuralTopicModel):
    """M3L-Contrast: multilingual and multimodal topic model [1]_.

    Every view of a tuple, a text in some language or a picture, is a pretrained
    embedding that an inference network maps to a distribution over the same topics.
    Every language has its own topic-word matrix, so topics are aligned across
    languages and a picture gets words. The loss is Eq. 1 of the paper: reconstruction
    of the words, divergence between the views of a tuple, and InfoNCE, which separates
    tuples. This class adds the divergence from the prior of ProdLDA [2]_, and lets the
    words of a text say what its topics are (`use_words`).

    The embeddings of different views need not be aligned, and tuples may lack views. If
    no row has two texts, but their embeddings are aligned, `fit` trains on likely
    counterparts; see Notes.

    Parameters
    ----------
    n_components : int, default=50
        Number of topics (K).
    batch_size : int or "auto", default="auto"
        Tuples in a batch. All but one of them are negatives in InfoNCE, so larger
        batches align views better. "auto" is an eighth of the tuples, but at least 32
        and at most 256.
    max_iter : int, default=100
        Epochs.
    learning_rate_init : float, default=5e-3
        Learning rate of Adam.
    beta_1 : float in [0, 1), default=0.9
        Decay rate of Adam's mean of the gradients.
    beta_2 : float in [0, 1), default=0.999
        Decay rate of Adam's mean of their squares.
    hidden_layer_sizes : array-like of int or int, default=(800,)
        Widths of the hidden layers of the inference networks.
    activation : {"softplus", "relu", "tanh"}, default="softplus"
        Activation of the hidden layers.
    dropout : float in [0, 1), default=0.2
        Fraction of the units of the last hidden layer, and of the decoded topics, that
        training drops.
    input_dropout : float in [0, 1), default=0.5
        Fraction of the entries of the standardized vectors that training drops. It
        regularizes wide networks; the paper uses none.
    decoder : {"mixture", "product"}, default="mixture"
        How the topics of a row predict words. "mixture": a word's probability is the
        sum over topics of their proportion times its probability in the topic, as in
        LDA. "product": a softmax of the weighted sum of topic-word weights, batch
        normalized, ProdLDA's product of experts, as in the paper.
    init : {"gibbs", "random"} or estimator, default="gibbs"
        Source of the topics. "gibbs" samples them from the words of the training texts,
        with a learned prior that clusters of the embeddings inform (see
        `PolylingualLDA`). A `PolylingualLDA` is cloned and fitted instead, with
        `n_components`. A `sklearn.frozen.FrozenEstimator` of a fitted one is used as it
        is, which adds a network that reads embeddings to published topics. Training
        does not change any of these topics. "random" is the paper's: training learns
        the topics, too.
    seed_words : mapping, default=None
        What some topics should be about: the name of each, and its seed words by
        language, such as ``{"weather": {"en": ["rain"], "de": ["regen"]}}``. The seeded
        topics come first, and have these names. They enter the sampling of `init`, so
        it must not be "random" or frozen; see `PolylingualLDA`.
    seed_weight : float, default=1.0
        Weight of the seed words; see `PolylingualLDA`.
    init_max_iter : int, default=200
        Sweeps of "gibbs".
    init_max_tokens : float, default=3e6
        Largest number of tokens to sample topics from. If the training texts have more,
        rows are drawn at random.
    use_words : bool, default=True
        Infer the topics of a text from its words, too, as CombinedTM does [3]_, and not
        from its embedding alone: what the words say of the topics of `init` follows the
        embedding. A text without known words, or given without counts, is inferred
        from its embedding. With ``init="random"`` there are no topics to begin with,
        and only embeddings are read, as in the paper.
    scale : float, default=1.75
        Multiplies the batch-normalized mu before the softmax: a larger one makes the
        topics of a row sharper. 1 in the paper.
    bias : bool, default=True
        Add a learned bias, the same for all views, to the scaled mu, so that some
        topics can be more common than others. The mean of the prior follows it. False
        in the paper.
    contrastive_weight : float, default=100.0
        Weight of InfoNCE (s in Eq. 1; 50 in the paper), which is summed over tuples
        like the other terms.
    contrast_warmup : float in [0, 1], default=0.3
        Share of the epochs over which the weight of InfoNCE rises from 0. InfoNCE does
        not know which topic is which: at full weight from the start, it aligns views on
        topics that do not match their words. 0 in the paper.
    temperature : float, default=0.02
        Temperature of InfoNCE (tau in Eq. 1).
    similarity : {"hellinger", "cosine", "dot"}, default="hellinger"
        Similarity of two topic distributions in InfoNCE. "hellinger" is the
        Bhattacharyya coefficient, the sum of the square roots of their products, which
        is 1 minus the squared Hellinger distance: small proportions count more than in
        the cosine. Eq. 1 uses "dot".
    contrast_on : {"mean", "sample"}, default="mean"
        Whether InfoNCE compares softmax(mu), which `transform` returns, or the samples,
        as in the paper.
    contrast : {"pairwise", "joint"}, default="pairwise"
        "pairwise" is the contrast of the authors' code: InfoNCE between any two views,
        in both directions, with the other rows of both views as negatives. "joint" is
        that of Eq. 1 as printed: the sum over ordered pairs of views, with one shared
        denominator, the sum over any two views of the row and of any row of the batch.
    balance_views : bool, default=True
        Divide a row's contrast by the number of its other views, so that it weighs the
        same against the row's words however many views there are. False is the plain
        sum over pairs of the paper.
    kl_weight : float, default=0.01
        Weight of the divergences between the Gaussians of every ordered pair of views.
    prior_weight : float, default=0.1
        Weight of the divergence of every view's Gaussian from the prior; 0 in the
        paper's Eq. 1. It makes topics more coherent.
    inference_networks : {"auto", "per_view", "shared"} or mapping, default="auto"
        Which views share an inference network. "per_view" is the paper's model,
        "shared" one network for all. A mapping of view to group gives each group a
        network; views that it leaves out have their own. "auto" shares one among texts
        with aligned embeddings: those whose standardized embeddings have a mean cosine
        above 0.25 in the training tuples.
    standardize : bool, default=True
        Subtract the mean of each view's embeddings and divide by their deviation.
    early_stopping : bool, default=False
        Hold out a part of the tuples, and stop when its loss no longer falls.
    validation_fraction : float in (0, 1), default=0.1
        Share of the tuples to hold out.
    n_iter_no_change : int, default=10
        Epochs without a lower validation loss before training stops. The weights of the
        best epoch are kept.
    warm_start : bool, default=False
        Start from the weights of the previous `fit`. Other parameters may change
        between two fits and take effect; the architecture (topics, layers, networks,
        words) may not.
    n_draws : int, default=0
        0 lets `transform` return softmax(mu), which is deterministic; a larger number
        averages over that many draws (20 in the paper). Draws are independent for each
        row and view, yet always the same for the same row.
    device : str, default="auto"
        The device that the network runs on, as PyTorch names it; "auto" is a GPU if
        there is one.
    callbacks : list of skorch.callbacks.Callback, default=None
        Callbacks that run during training; see skorch. Those that monitor a validation
        loss need `early_stopping`. EpochScoring, BatchScoring and InputShapeSetter are
        refused: they need labels, or an input that a topic model does not have.
    checkpoint : str or path, default=None
        Folder for the state of training: an interrupted `fit` that is called again with
        the same parameters and data resumes there, with bit-identical results. Every
        fit has its own subfolder; the state is stored after an epoch, at most every 30
        seconds, and at the end. Needs a `random_state`. Callbacks other than skorch's
        `EarlyStopping` and `LRScheduler` start over.
    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights and of everything random. The same seed gives
        bit-identical results with any number of threads.
    verbose : int, default=0
        1 shows a progress bar, 2 prints a line per epoch.

    Attributes
    ----------
    components_ : ndarray of float32 of shape (n_components, sum of vocabulary sizes)
        Topic-word weights (beta), the languages side by side.
    topic_word_ : dict of str to ndarray of shape (n_components, n_words)
        Topic-word distributions of each language, softmax of beta.
    topic_tokens_ : dict of str to ndarray of shape (n_components,)
        Tokens of each topic in the training texts of each language: the evidence behind
        its words.
    prevalence_ : ndarray of shape (n_components,)
        Share of each topic in the tokens of the training texts; sums to 1.
    vocabularies_ : dict of str to ndarray of str
        Words of each language.
    loss_curve_ : list of float
        Mean training loss per tuple, by epoch.
    net_ : skorch.NeuralNet
        The trained net.
    n_iter_ : int
        Epochs run.
    topic_names_ : list of (str or None)
        Name of each topic that has one; see `set_topic_names`.
    views_ : list of str
        The views that `transform` takes: those of `fit`.
    view_widths_ : dict of str to int
        Length of the embeddings of each view.
    n_features_in_ : int
        Number of views, or of columns of a 2-D array.
    feature_names_in_ : ndarray of str
        Names of the views, or of the columns of a DataFrame.

    See Also
    --------
    ZeroShotTopicModel : Learns topics from one language only.
    DistilledTopicModel : Teaches the topics of a text to another view.
    PolylingualLDA : Needs no embeddings, and takes no pictures.
    mine_tuples : Finds counterparts of documents that have none.

    Notes
    -----
    The defaults are what works best on held-out tuples, not the paper's settings.
    ``benchmarks/configurations.py`` holds those.

    Texts that never share a row would have unrelated topics. If no training row has two
    texts, `fit` therefore finds counterparts with `mine_tuples`, weights the contrast
    of each tuple by its margin, and issues one warning. There is no parameter for this:
    data with known pairs is never mined, and texts that do not look aligned are left as
    they are. To choose how to mine, call `mine_tuples` yourself. Rows without a
    counterpart are trained on, too, and `transform` still returns one row per input
    row.

    References
    ----------
    .. [1] E. Zosa and L. Pivovarova, "Multilingual and Multimodal Topic Modelling with
       Pretrained Embeddings", COLING 2022.
    .. [2] A. Srivastava and C. Sutton, "Autoencoding Variational Inference For Topic
       Models", ICLR 2017.
    .. [3] F. Bianchi, S. Terragni and D. Hovy, "Pre-training is a Hot Topic:
       Contextualized Document Embeddings Improve Topic Coherence", ACL 2021.

    Examples
    --------
    >>> from sklearn_m3l import M3LContrastTopicModel
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> corpus = load_gimp_help("test")
    >>> model = M3LContrastTopicModel(n_components=10, max_iter=2, random_state=0)
    >>> model = model.fit(corpus.data)
    >>> model.topics_frame(n_words=5).shape
    (10, 2)
    >>> pictures = corpus.data[corpus.data["image"].present][["image"]]
    >>> model.transform(pictures).shape
    (354, 10)
    >>> model.describe(pictures, view="de").columns.tolist()
    ['topic', 'de']
    """

    _parameter_constraints: dict = {
        **NeuralTopicModel._parameter_constraints,
        **SEED_CONSTRAINTS,
        "use_words": ["boolean"],
        "contrastive_weight": [Interval(Real, 0, None, closed="left")],
        "contrast_warmup": [Interval(Real, 0, 1, closed="both")],
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "similarity": [StrOptions({"cosine", "dot", "hellinger"})],
        "contrast_on": [StrOptions({"mean", "sample"})],
        "contrast": [StrOptions({"pairwise", "joint"})],
        "balance_views": ["boolean"],
        "kl_weight": [Interval(Real, 0, None, closed="left")],
        "inference_networks": [StrOptions({"auto", "per_view", "shared"}), Mapping],
    }

    def __init__(
        self,
        n_components=50,
        *,
        batch_size="auto",
        max_iter=100,
        learning_rate_init=5e-3,
        beta_1=0.9,
        beta_2=0.999,
        hidden_layer_sizes=(800,),
        activation="softplus",
        dropout=0.2,
        input_dropout=0.5,
        decoder="mixture",
        init="gibbs",
        seed_words=None,
        seed_weight=1.0,
        init_max_iter=200,
        init_max_tokens=3e6,
        use_words=True,
        scale=1.75,
        bias=True,
        contrastive_weight=100.0,
        contrast_warmup=0.3,
        temperature=0.02,
        similarity="hellinger",
        contrast_on="mean",
        contrast="pairwise",
        balance_views=True,
        kl_weight=0.01,
        prior_weight=0.1,
        inference_networks="auto",
        standardize=True,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        warm_start=False,
        n_draws=0,
        device="auto",
        callbacks=None,
        checkpoint=None,
        random_state=None,
        verbose=0,
    ):
        self.n_components = n_components
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.learning_rate_init = learning_rate_init
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.decoder = decoder
        self.init = init
        self.seed_words = seed_words
        self.seed_weight = seed_weight
        self.init_max_iter = init_max_iter
        self.init_max_tokens = init_max_tokens
        self.use_words = use_words
        self.scale = scale
        self.bias = bias
        self.contrastive_weight = contrastive_weight
        self.contrast_warmup = contrast_warmup
        self.temperature = temperature
        self.similarity = similarity
        self.contrast_on = contrast_on
        self.contrast = contrast
        self.balance_views = balance_views
        self.kl_weight = kl_weight
        self.prior_weight = prior_weight
        self.inference_networks = inference_networks
        self.standardize = standardize
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.n_draws = n_draws
        self.device = device
        self.callbacks = callbacks
        self.checkpoint = checkpoint
        self.random_state = random_state
        self.verbose = verbose

    def _check_fitted_state(self, state: dict) -> None:
        super()._check_fitted_state(state)
        network = state["net_"]["network"]
        encoded = list(network["widths"]) == list(state["view_widths_"])
        require(encoded, "its views are not those of its network")
        decoded = list(network["n_words"]) == list(state["vocabularies_"])
        require(decoded, "its texts are not those of its network")

    def fit(self, X, y=None, pair_weight=None):
        """Learn the topics.

        Parameters
        ----------
        X : MultiView or {array-like, sparse matrix} of shape (n_rows, n_features)
            Training tuples; a 2-D array holds the word counts of a single text, which
            are then encoded too (that is ProdLDA). Rows of one article (``X.groups``)
            are never each other's negatives, and stay together when `early_stopping`
            sets a validation part aside.
        y : None
            Ignored.
        pair_weight : array-like of float of shape (n_rows,), default=None
            How certain it is that the views of each tuple belong together, such as the
            weights of `mine_tuples`: the contrast of a tuple is multiplied by it. By
            default 1. Tuples that `fit` itself mines have the weights of `mine_tuples`.

        Returns
        -------
        self : object
            The fitted model.

        Raises
        ------
        ValueError
            If a row has no view, no text can be reconstructed, the views do not fit the
            parameters, a callback cannot work, or `pair_weight` is not a finite number
            of at least 0 for each row. The message names what is at fault.
        """
        return self._fit(X, pair_weight)

    def _training_tuples(
        self, X: MultiView, pair_weight: Any
    ) -> tuple[MultiView, np.ndarray | None]:
        """Return mined tuples if no row has two texts, but embeddings are aligned."""
        if pair_weight is not None:
            return X, _check_weights(pair_weight, len(X))
        tuples = mine_where_none(X)
        if tuples is None:
            return X, None
        warnings.warn(
            f"no row has two of the texts {', '.join(lack_tuples(X))}; training on "
            f"{np.count_nonzero(tuples.weights)} tuples of likely counterparts, found "
            "by their embeddings; to choose how, and to silence this warning, fit the "
            "data of sklearn_m3l.mine_tuples",
            stacklevel=5,
        )
        return tuples.data, tuples.weights.astype(np.float32)

    def _plan(self, X: MultiView) -> Plan:
        return Plan(
            encoded=X.view_names,
            networks=self._inference_networks(X),
            decoded_from={name: name for name in iter_texts(X)},
            loss={
                "kl_weight": self.kl_weight,
                "prior_weight": self.prior_weight,
                "contrastive_weight": self.contrastive_weight,
                "contrast_warmup": self.contrast_warmup,
                "temperature": self.temperature,
                "similarity": self.similarity,
                "contrast_on": self.contrast_on,
                "contrast": self.contrast,
                "balance_views": self.balance_views,
            },
        )

    def _network(self, plan: Plan, X: MultiView) -> dict:
        network = super()._network(plan, X)
        for name in self._combined_views(plan, X):
            network["widths"][name] += self.n_components
        return network

    def _combined_views(self, plan: Plan, X: MultiView) -> list[str]:
        """Return the views whose embedding is followed by what words say of topics.

        They share a network with a text, and so need vectors of the same length.
        """
        texts = [name for name in plan.decoded_from if X[name].embedding is not None]
        if hasattr(self, "net_"):  # training continues
            for name in texts:
                was_combined = self._is_combined(name)
                # If there was nothing to sample topics from, none are frozen.
                can_be = was_combined or self.net_.module_.decoder_of(name).frozen
                check_same("use_words", was_combined, self.use_words and can_be)
            return [name for name in plan.networks if self._is_combined(name)]
        if not self.use_words or self.init == "random":
            return []
        groups = {plan.networks[name] for name in texts}
        return [name for name, group in plan.networks.items() if group in groups]

    def _is_combined(self, name: str, net=None) -> bool:
        widths = (net or self.net_).get_params_for("module")["widths"]
        return widths[name] > self.view_widths_[name]

    def _encoded_view(self, net, name: str, view, *, is_training: bool = False) -> View:
        from sklearn_m3l.network import mean_vector, word_topics

        if not self._is_combined(name, net):
            return view
        mean = mean_vector(net, name)
        known = name in self.vocabularies_ and view.is_text
        topics = np.zeros((0, net.module_.n_components), np.float32)
        return CombinedView(
            view.embedding,
            view.counts if known else None,
            present=view.present,
            word_topics=word_topics(net, name) if known else topics,
            no_votes=None if mean is None else mean[self.view_widths_[name] :],
            seed=net.module_.encoded.index(name) if is_training else None,
        )

    def _encoded_widths(self, name: str, state: dict) -> list[int]:
        (width,) = super()._encoded_widths(name, state)
        if width is None:  # an unknown view
            return []
        return [width, width + state["net_"]["network"]["n_components"]]

    def _read_as_words(self, X: MultiView) -> list[str]:
        return [
            name
            for name, view in X.views.items()
            if view.embedding is None
            or (view.is_text and name in self.vocabularies_ and self._is_combined(name))
        ]

    def _inference_networks(self, X: MultiView) -> dict[str, object]:
        if self.inference_networks == "auto":
            if hasattr(self, "net_"):  # a warm start keeps what was found
                known = self.net_.get_params_for("module")["inference_networks"]
                return {name: known[name] for name in X.view_names}
            return dict(aligned_views(X, X.view_names))
        if self.inference_networks == "per_view":
            return {name: name for name in X.view_names}
        networks: dict[str, object]
        if self.inference_networks == "shared":
            networks = dict.fromkeys(X.view_names, "shared")
        else:
            networks = {name: ("own", name) for name in X.view_names}
            for name, group in self.inference_networks.items():
                if name not in networks:
                    raise ValueError(
                        f"inference_networks names the unknown view {name!r}; the "
                        f"views are {', '.join(X.view_names)}"
                    )
                networks[name] = ("shared", group)
        first: dict[object, str] = {}
        for name, group in networks.items():
            other = first.setdefault(group, name)
            if X[name].width != X[other].width:
                raise ValueError(
                    f"views {other!r} (width {X[other].width}) and {name!r} (width "
                    f"{X[name].width}) cannot share an inference network; give them "
                    "separate networks with inference_networks"
                )
        return networks


def _check_weights(weights: Any, n_rows: int) -> np.ndarray:
    """Return the weights of tuples as float32."""
    array = check_array(
        weights,
        ensure_2d=False,
        dtype=np.float32,
        ensure_min_samples=0,
        ensure_non_negative=True,
        input_name="pair_weight",
    )
    if array.shape != (n_rows,):
        raise ValueError(
            f"pair_weight has shape {array.shape}, but there are {n_rows} rows; give "
            "one weight per row"
        )
    return array
