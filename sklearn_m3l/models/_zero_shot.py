"""ZeroshotTM: learns topics from one text and infers them for any aligned view."""

from sklearn_m3l.models._base import choose_view
from sklearn_m3l.models._neural import NeuralTopicModel, Plan
from sklearn_m3l.models._seed_words import SEED_CONSTRAINTS
from sklearn_m3l.models._token_counts import iter_texts
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.utils._fitted import String, require


class ZeroShotTopicModel(NeuralTopicModel):
    """ZeroshotTM: topics of one language, inferred for any aligned view [1]_.

    A variational autoencoder reads the embeddings of one text and reconstructs its
    words: ProdLDA [2]_ with a pretrained encoder. As words are only decoded, the
    inference network can transform any view whose embeddings come from the same
    multilingual or multimodal encoder, even if it was not trained on it.

    Parameters
    ----------
    n_components : int, default=50
        Number of topics (K).
    view : str, default=None
        The text view to learn from. It can be omitted if there is only one.
    batch_size : int, default=64
        Rows in a batch.
    max_iter : int, default=100
        Epochs.
    learning_rate_init : float, default=2e-3
        Learning rate of Adam.
    beta_1 : float in [0, 1), default=0.9
        Decay rate of Adam's mean of the gradients.
    beta_2 : float in [0, 1), default=0.999
        Decay rate of Adam's mean of their squares.
    hidden_layer_sizes : array-like of int or int, default=(300,)
        Widths of the hidden layers of the inference networks.
    activation : {"softplus", "relu", "tanh"}, default="softplus"
        Activation of the hidden layers.
    dropout : float in [0, 1), default=0.2
        Fraction of the units of the last hidden layer, and of the decoded topics, that
        training drops.
    input_dropout : float in [0, 1), default=0.2
        Fraction of the entries of the standardized embeddings that training drops. It
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
    scale : float, default=1.0
        Multiplies the batch-normalized mu before the softmax: a larger one makes the
        topics of a row sharper. 1 in the paper.
    bias : bool, default=True
        Add a learned bias, the same for all views, to the scaled mu, so that some
        topics can be more common than others. The mean of the prior follows it. False
        in the paper.
    prior_weight : float, default=1.0
        Weight of the divergence from the prior, the Laplace approximation of a flat
        Dirichlet distribution; 1 is the evidence lower bound.
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
    components_ : ndarray of float32 of shape (n_components, n_words)
        Topic-word weights (beta).
    topic_word_ : dict of str to ndarray of shape (n_components, n_words)
        Topic-word distributions of the language, softmax of beta.
    topic_tokens_ : dict of str to ndarray of shape (n_components,)
        Tokens of each topic in the training texts of each language: the evidence behind
        its words.
    prevalence_ : ndarray of shape (n_components,)
        Share of each topic in the tokens of the training texts; sums to 1.
    vocabularies_ : dict of str to ndarray of str
        Words of the language.
    view_ : str
        The text that the model was trained on.
    loss_curve_ : list of float
        Mean training loss per tuple, by epoch.
    net_ : skorch.NeuralNet
        The trained net.
    n_iter_ : int
        Epochs run.
    topic_names_ : list of (str or None)
        Name of each topic that has one; see `set_topic_names`.
    views_ : list of str
        The views of `fit` that `transform` takes: the text, and those with embeddings
        of the same width. It also takes new views with such embeddings.
    view_widths_ : dict of str to int
        Length of the embeddings of each view.
    n_features_in_ : int
        Number of views, or of columns of a 2-D array.
    feature_names_in_ : ndarray of str
        Names of the views, or of the columns of a DataFrame.

    See Also
    --------
    M3LContrastTopicModel : Trains on all views, which need not be aligned.
    DistilledTopicModel : Teaches these topics to another view.

    Notes
    -----
    Multimodal encoders put texts and pictures into separate regions of their space (the
    modality gap [3]_), so topics of pictures are poor: in the paper, retrieval of
    pictures falls to a third of M3L-Contrast's. `standardize` centers every view that
    `fit` is given, trained on or not, which narrows the gap; a view that is first seen
    in `transform` is standardized like the text that was trained on.

    A 2-D array, or a view without an embedding, is encoded from its word counts: that
    is ProdLDA itself.

    References
    ----------
    .. [1] F. Bianchi, S. Terragni, D. Hovy, D. Nozza and E. Fersini, "Cross-lingual
       Contextualized Topic Models with Zero-shot Learning", EACL 2021.
    .. [2] A. Srivastava and C. Sutton, "Autoencoding Variational Inference For Topic
       Models", ICLR 2017.
    .. [3] W. Liang et al., "Mind the Gap: Understanding the Modality Gap in Multi-modal
       Contrastive Representation Learning", NeurIPS 2022.

    Examples
    --------
    >>> from sklearn_m3l import ZeroShotTopicModel
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> X = load_gimp_help("test").data[["en", "de"]]
    >>> model = ZeroShotTopicModel(10, view="en", max_iter=2, random_state=0).fit(X)
    >>> model.transform(X[["de"]]).shape
    (394, 10)
    >>> model.topics_frame().columns.tolist()
    ['en']
    """

    _parameter_constraints: dict = {
        **NeuralTopicModel._parameter_constraints,
        **SEED_CONSTRAINTS,
        "view": [str, None],
    }

    _fitted_state: dict = {**NeuralTopicModel._fitted_state, "view_": String()}

    def __init__(
        self,
        n_components=50,
        *,
        view=None,
        batch_size=64,
        max_iter=100,
        learning_rate_init=2e-3,
        beta_1=0.9,
        beta_2=0.999,
        hidden_layer_sizes=(300,),
        activation="softplus",
        dropout=0.2,
        input_dropout=0.2,
        decoder="mixture",
        init="gibbs",
        seed_words=None,
        seed_weight=1.0,
        init_max_iter=200,
        init_max_tokens=3e6,
        scale=1.0,
        bias=True,
        prior_weight=1.0,
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
        self.view = view
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
        self.scale = scale
        self.bias = bias
        self.prior_weight = prior_weight
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

    def _prepare(self, X: MultiView) -> None:
        purpose = f"for {type(self).__name__} to learn topics from"
        self.view_ = choose_view(self.view, list(iter_texts(X)), purpose)
        self.vocabularies_ = {self.view_: self.vocabularies_[self.view_]}

    def _check_fitted_state(self, state: dict) -> None:
        super()._check_fitted_state(state)
        own, network = state["view_"], state["net_"]["network"]
        require([own] == list(state["vocabularies_"]), "view_ has no vocabulary")
        require([own] == list(network["n_words"]), "view_ is not what is decoded")
        require(own in network["widths"], "view_ is not encoded by the network")

    def _plan(self, X: MultiView) -> Plan:
        aligned = [name for name in self.views_ if name in X and X[name].present.any()]
        return Plan(
            encoded=[self.view_],
            networks=dict.fromkeys([self.view_, *aligned], "shared"),
            decoded_from={self.view_: self.view_},
            loss={"prior_weight": self.prior_weight},
        )

    @property
    def views_(self) -> list[str]:
        """Names of the views of `fit` that are aligned with the training text."""
        return [
            name
            for name, width in self.view_widths_.items()
            if name == self.view_ or self._is_aligned(self._embedded[name], width)
        ]

    def _is_aligned(self, is_embedded: bool, width: int) -> bool:
        """Return whether vectors may be aligned with those of the training text."""
        # Counts of another language are of other words, even if there are as many.
        embedded = self._embedded[self.view_] and is_embedded
        return embedded and width == self.view_widths_[self.view_]

    def _encoder_of(self, name: str) -> str:
        return name if name in self.net_.module_.encoded else self.view_

    def _takes(self, name, is_embedded, width) -> bool | None:
        if name in self.view_widths_:
            return name in self.views_
        return self._is_aligned(is_embedded, width) or None

    def _why_unknown(self, name, view) -> str:
        given = "no embedding"
        if view.embedding is not None:
            given = f"an embedding of width {view.width}"
        return (
            f"the new view {name!r} cannot be aligned with {self.view_!r}: "
            f"{type(self).__name__} was trained on {self._trained_on()}, and "
            f"{name!r} has {given}; leave it out, or embed both with one "
            "multilingual encoder"
        )

    def _trained_on(self) -> str:
        width = self.view_widths_[self.view_]
        if self._embedded[self.view_]:
            return f"embeddings of width {width}"
        return f"its {width} word counts"

    def _views_taken(self) -> str:
        taken = super()._views_taken()
        if self._embedded[self.view_]:
            taken += f", or from new views with aligned {self._trained_on()}"
        return taken

    def _check_view(self, name, view):
        if name in self.view_widths_:
            super()._check_view(name, view)
