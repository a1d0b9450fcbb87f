"""ZeroshotTM-KD: a student of another view, taught by the topics of a text."""

import warnings
from collections.abc import Mapping

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from sklearn_m3l.models._base import choose_view
from sklearn_m3l.models._neural import NeuralTopicModel, Plan
from sklearn_m3l.models._polylingual_lda import PolylingualLDA
from sklearn_m3l.models._warm_start import check_same
from sklearn_m3l.models._zero_shot import ZeroShotTopicModel
from sklearn_m3l.multiview import MultiView
from sklearn_m3l.utils._fitted import Fitted, SameAs, String, require
from sklearn_m3l.utils._sklearn import HasMethods

# The lowest log-variance of a prior (standard deviation 0.22). The variances of a
# confident teacher fall to 1e-6, and divergences in the thousands drown out the other
# terms of the loss: on Multi30k's validation part the MRR is 0.09 without this, and
# 0.68 with it.
_LEAST_LOG_VARIANCE = np.float32(-3)

# Parameters of the teacher that the student sets, or that do not change its topics.
_GIVEN_TO_TEACHER = ("n_components", "random_state", "checkpoint", "verbose", "device")
_COMPARABLE = (bool, int, float, str, tuple)

# Gives words that occur in no row a probability above zero.
_LEAST_WEIGHT = 0.01


def _without(X: MultiView, view: str | None) -> MultiView:
    """Return the rows and views that remain without a view."""
    X = X[[name for name in X.view_names if name != view]]
    rows: np.ndarray = np.any(list(X.present.values()), axis=0)
    return X[rows]


def _frozen_teacher(model):
    frozen = isinstance(model.teacher, FrozenEstimator)
    return model.teacher.estimator if frozen else None


class DistilledTopicModel(NeuralTopicModel):
    """ZeroshotTM-KD: a student of another view, taught by a text's topics [1]_.

    The teacher, a `ZeroShotTopicModel` or a `PolylingualLDA`, learns the topics of
    texts. The student is an inference network of another view. Its prior for each tuple
    is the teacher's posterior for the paired text, with variances of at least exp(-3),
    so that an overconfident teacher cannot dominate the loss. A student of a text
    learns to reconstruct its own words; a student of pictures reconstructs the paired
    text, through the teacher's topic-word matrix, which does not change.

    A `PolylingualLDA` gives each tuple a Dirichlet posterior, with as many
    pseudo-counts as its texts have tokens. The student's prior is the Laplace
    approximation of it, a Gaussian in the softmax basis (Eq. 3 of [2]_).

    In `transform`, the student infers the topics of its own view, and the teacher
    infers those of all others.

    Parameters
    ----------
    n_components : int, default=50
        Number of topics (K), of the teacher too.
    teacher : ZeroShotTopicModel, PolylingualLDA or FrozenEstimator of one, default=None
        Cloned and fitted in `fit`, with `n_components`, and with the student's seed if
        it has none; wrap a fitted one in `sklearn.frozen.FrozenEstimator` to keep it as
        it is. None is ``ZeroShotTopicModel()``.
    view : str, default=None
        The student's view. It can be omitted if only one view is not among the
        teacher's.
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
        Weight of the divergence from the teacher's posterior.
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
        seconds, and at the end. Needs a `random_state`. The teacher uses the folder,
        too, unless it has its own. Callbacks other than skorch's `EarlyStopping` and
        `LRScheduler` start over.
    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights and of everything random. The same seed gives
        bit-identical results with any number of threads.
    verbose : int, default=0
        1 shows a progress bar, 2 prints a line per epoch.

    Attributes
    ----------
    teacher_ : ZeroShotTopicModel or PolylingualLDA
        The teacher that was used.
    components_ : ndarray of float32 of shape (n_components, sum of vocabulary sizes)
        Topic-word weights (beta): the teacher's, then the student's if it is a text.
    topic_word_ : dict of str to ndarray of shape (n_components, n_words)
        Topic-word distributions of each language, softmax of beta.
    topic_tokens_ : dict of str to ndarray of shape (n_components,)
        Tokens of each topic in the training texts of each language: the evidence behind
        its words.
    prevalence_ : ndarray of shape (n_components,)
        Share of each topic in the tokens of the training texts; sums to 1.
    vocabularies_ : dict of str to ndarray of str
        Words of each language.
    view_ : str
        The student's view.
    loss_curve_ : list of float
        Mean training loss per tuple, by epoch.
    net_ : skorch.NeuralNet
        The trained net.
    n_iter_ : int
        Epochs run.
    topic_names_ : list of (str or None)
        Name of each topic that has one; see `set_topic_names`.
    views_ : list of str
        The views that `transform` takes: the student's and those of the teacher.
    view_widths_ : dict of str to int
        Length of the embeddings of each view.
    n_features_in_ : int
        Number of views, or of columns of a 2-D array.
    feature_names_in_ : ndarray of str
        Names of the views, or of the columns of a DataFrame.

    See Also
    --------
    M3LContrastTopicModel : Trains all views together.
    ZeroShotTopicModel : The teacher.
    mine_tuples : Finds counterparts of documents that have none.

    References
    ----------
    .. [1] L. Pivovarova and E. Zosa, "Visual Topic Modelling for NewsImage Task at
       MediaEval 2021", MediaEval 2021.
    .. [2] A. Srivastava and C. Sutton, "Autoencoding Variational Inference For Topic
       Models", ICLR 2017.

    Examples
    --------
    >>> from sklearn_m3l import DistilledTopicModel, ZeroShotTopicModel
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> X = load_gimp_help("test").data
    >>> model = DistilledTopicModel(
    ...     10,
    ...     teacher=ZeroShotTopicModel(view="en", max_iter=2),
    ...     view="image",
    ...     max_iter=2,
    ...     random_state=0,
    ... ).fit(X)
    >>> model.describe(X[["image"]]).columns.tolist()
    ['topic', 'en']
    """

    _parameter_constraints: dict = {
        **NeuralTopicModel._parameter_constraints,
        "teacher": [HasMethods(["fit", "transform"]), None],
        "view": [str, None],
    }

    _fitted_state: dict = {
        **NeuralTopicModel._fitted_state,
        "view_": String(),
        "teacher_": SameAs(Fitted(ZeroShotTopicModel, PolylingualLDA), _frozen_teacher),
    }

    def __init__(
        self,
        n_components=50,
        *,
        teacher=None,
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
        self.teacher = teacher
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
        self._fit_teacher(X)
        self._topic_names = dict(self.teacher_._topic_names)
        taught = self.teacher_.vocabularies_
        students = [name for name in X.view_names if name not in taught] or list(taught)
        self.view_ = choose_view(self.view, students, "for the student to learn")
        own = {n: w for n, w in self.vocabularies_.items() if n == self.view_}
        self.vocabularies_ = {**taught, **own}
        self._warn_without_pairs(X)

    def _warn_without_pairs(self, X: MultiView) -> None:
        teachers = self._taught(X)
        taught = np.any([X[name].present for name in teachers], axis=0)
        if not X[self.view_].present.any() or (X[self.view_].present & taught).any():
            return
        way = ""
        if X[self.view_].is_text:
            way = (
                "; where embeddings are aligned, fit the data of "
                "sklearn_m3l.mine_tuples"
            )
        warnings.warn(
            f"no row has {self.view_!r} and the text that the teacher knows "
            f"({', '.join(teachers)}), so the topics of {self.view_!r} are unrelated "
            f"to the teacher's{way}",
            stacklevel=6,
        )

    def _fit_teacher(self, X: MultiView) -> None:
        if isinstance(self.teacher, FrozenEstimator):
            teacher = self.teacher.estimator
            self._check_teacher(teacher)
            check_is_fitted(teacher)
            if teacher._n_features_out != self.n_components:
                raise ValueError(
                    f"the frozen teacher has {teacher._n_features_out} topics, but "
                    f"n_components={self.n_components}; set n_components to the "
                    "teacher's"
                )
            if not any(name in X for name in teacher.vocabularies_):
                raise ValueError(
                    "X has none of the texts that the teacher has topics of "
                    f"({', '.join(teacher.vocabularies_)})"
                )
            for name in teacher.views_:
                if name in X:
                    teacher._check_view(name, X[name])
            self.teacher_ = teacher
            return
        teacher = ZeroShotTopicModel() if self.teacher is None else clone(self.teacher)
        self._check_teacher(teacher)
        teacher.set_params(n_components=self.n_components)
        if teacher.random_state is None:
            teacher.set_params(random_state=self._seed)
        if teacher.checkpoint is None:
            teacher.set_params(checkpoint=self.checkpoint)
        self.teacher_ = teacher  # set first: Ctrl-C may end its training
        if isinstance(teacher, PolylingualLDA):  # would learn all texts
            X = _without(X, self.view)
        teacher.fit(X)

    def _check_continued(self, X: MultiView) -> None:
        super()._check_continued(X)
        if isinstance(self.teacher, FrozenEstimator):
            if self.teacher.estimator is not self.teacher_:
                check_same("teacher", "another one", "a frozen model")
            return
        teacher = ZeroShotTopicModel() if self.teacher is None else self.teacher
        fitted = self.teacher_.get_params()
        for name, value in teacher.get_params().items():
            if name not in _GIVEN_TO_TEACHER and isinstance(value, _COMPARABLE):
                check_same(f"teacher__{name}", fitted[name], value)

    def _check_teacher(self, teacher) -> None:
        if not isinstance(teacher, (ZeroShotTopicModel, PolylingualLDA)):
            raise TypeError(
                "teacher must be a ZeroShotTopicModel, a PolylingualLDA, or a "
                f"FrozenEstimator of one, not a {type(teacher).__name__}"
            )

    def _check_fitted_state(self, state: dict) -> None:
        super()._check_fitted_state(state)
        own, network = state["view_"], state["net_"]["network"]
        teacher, vocabularies = state["teacher_"], state["vocabularies_"]
        taught = list(teacher.vocabularies_)
        require([own] == list(network["widths"]), "view_ is not what is encoded")
        texts = [own] if own in vocabularies else taught
        require(texts == list(network["n_words"]), "view_ is not what is decoded")
        expected = list(dict.fromkeys([*taught, *texts]))
        require(list(vocabularies) == expected, "its texts are not the teacher's")
        for name in taught:
            words = np.array_equal(vocabularies[name], teacher.vocabularies_[name])
            require(words or name == own, "its teacher has other words")
        n_topics = network["n_components"] == teacher._n_features_out
        require(n_topics, "its teacher has another number of topics")
        for name in teacher.views_:
            width = teacher.view_widths_[name]
            fits = name == own or state["view_widths_"].get(name, width) == width
            require(fits, f"its teacher has view {name!r} of another width")

    def _plan(self, X: MultiView) -> Plan:
        own = self.view_ in self.vocabularies_
        texts = [self.view_] if own else self.teacher_.vocabularies_
        return Plan(
            encoded=[self.view_],
            networks={self.view_: "student"},
            decoded_from=dict.fromkeys(texts, self.view_),
            loss={"prior_weight": self.prior_weight},
        )

    def _network(self, plan: Plan, X: MultiView) -> dict:
        network = super()._network(plan, X)
        if self.view_ not in plan.decoded_from:  # the decoders are the teacher's
            network["decoder"] = getattr(self.teacher_, "decoder", "mixture")
            network["background"] = network["decoder"] == "mixture"
        return network

    def _build_net(self, plan: Plan, X: MultiView, device):
        from sklearn_m3l.training import copy_frozen_decoder

        net = super()._build_net(plan, X, device)
        if self.view_ in plan.decoded_from:
            return net
        for name in plan.decoded_from:
            if isinstance(self.teacher_, PolylingualLDA):
                topic_word = self.teacher_.topic_word_[name]
                net.module_.set_topics(name, topic_word, freeze=True)
            else:
                copy_frozen_decoder(self.teacher_.net_, net, name)
        return net

    def _start(self, module, X: MultiView) -> dict[str, np.ndarray] | None:
        """Start the student's own words from the topics that the teacher infers."""
        if self.view_ not in module.decoded:
            return None
        theta = self.teacher_._transform(X[self._taught(X)])
        both = np.flatnonzero(X[self.view_].present & ~np.isnan(theta[:, 0]))
        if len(both) == 0:
            return None
        weights = theta[both].T @ X[self.view_].counts[both] + _LEAST_WEIGHT
        weights /= weights.sum(axis=1, keepdims=True)
        module.set_topics(self.view_, weights)
        if module.bias is not None:
            module.set_prevalence(theta[both].mean(axis=0))
        return None

    def _taught(self, X: MultiView) -> list[str]:
        """Return the texts whose topics the teacher teaches."""
        return [name for name in self.teacher_.vocabularies_ if name in X]

    def _row_priors(self, X: MultiView) -> tuple[np.ndarray, np.ndarray]:
        from sklearn_m3l.network import infer_gaussians

        teacher = self.teacher_
        if isinstance(teacher, PolylingualLDA):
            mean, log_variance = _laplace_approximation(teacher, X[self._taught(X)])
        else:
            mean, log_variance = infer_gaussians(
                teacher.net_, X[teacher.view_], teacher.view_
            )
        return mean, np.maximum(log_variance, _LEAST_LOG_VARIANCE)

    def _transform_view(self, X: MultiView, name: str) -> np.ndarray:
        if name == self.view_:
            return super()._transform_view(X, name)
        return self.teacher_._transform(X[[name]])

    def _decode(self, name: str, theta: np.ndarray) -> np.ndarray:
        if name == self.view_:
            return super()._decode(name, theta)
        return self.teacher_._decode(name, theta)

    @property
    def views_(self) -> list[str]:
        """Names of the student's view and of those that the teacher takes."""
        taken = [
            name
            for name, width in self.view_widths_.items()
            if self._takes(name, self._embedded[name], width)
        ]
        return list(dict.fromkeys([*taken, *self.teacher_.views_]))

    def _takes(self, name, is_embedded, width) -> bool | None:
        if name == self.view_:
            return True
        taught = self.teacher_._takes(name, is_embedded, width)
        return False if not taught and name in self.view_widths_ else taught

    def _why_unknown(self, name, view) -> str:
        return self.teacher_._why_unknown(name, view)

    def _check_view(self, name, view):
        if name in self.view_widths_:
            super()._check_view(name, view)
        if name != self.view_:
            self.teacher_._check_view(name, view)

    @property
    def _betas(self) -> dict[str, np.ndarray]:
        return {**self.teacher_._betas, **super()._betas}

    @property
    def topic_tokens_(self) -> Mapping[str, np.ndarray]:
        """Tokens of each topic in the training texts of the teacher and the student."""
        return {**self.teacher_.topic_tokens_, **self._topic_tokens}


def _laplace_approximation(
    teacher: PolylingualLDA, texts: MultiView
) -> tuple[np.ndarray, np.ndarray]:
    """Return Gaussians for the Dirichlet posteriors of tuples.

    Means and log-variances are float32 of shape (n_rows, n_components); rows without a
    text have those of the prior.
    """
    theta = teacher._transform(texts)
    sizes = sum(v.present * v.counts.sum(axis=1) for v in texts.views.values())
    alpha = teacher.doc_topic_prior_
    posterior = np.nan_to_num(theta) * (alpha.sum() + sizes)[:, np.newaxis]
    posterior = np.where(np.isnan(theta), alpha, np.maximum(posterior, 1e-6))
    n_topics = posterior.shape[1]
    log_posterior = np.log(posterior)
    mean = log_posterior - log_posterior.mean(axis=1, keepdims=True)
    inverse = 1 / posterior
    variance = inverse * (1 - 2 / n_topics)
    variance += inverse.sum(axis=1, keepdims=True) / n_topics**2
    return mean.astype(np.float32), np.log(variance).astype(np.float32)
