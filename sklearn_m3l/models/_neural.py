"""What the neural topic models share: training and inference."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from os import PathLike
from typing import Any

import numpy as np
from scipy.special import softmax
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit
from sklearn.preprocessing import StandardScaler

from sklearn_m3l.models._base import BaseTopicModel, check_training_rows
from sklearn_m3l.models._start import fit_start, word_shares
from sklearn_m3l.models._stored_net import StoredNet
from sklearn_m3l.models._topic_names import require_names
from sklearn_m3l.models._warm_start import check_same, merge_networks
from sklearn_m3l.multiview import MultiView, View
from sklearn_m3l.utils._checkpoint import require_seed
from sklearn_m3l.utils._fitted import (
    MAX_INTEGER,
    MAX_SEED,
    Array,
    Integer,
    PerView,
    require,
)
from sklearn_m3l.utils._random import private_generator
from sklearn_m3l.utils._references import check_reference
from sklearn_m3l.utils._sklearn import HasMethods, Interval, StrOptions, fit_context

# Rows whose views are added up at once: bounds the memory of `transform` beyond its
# result.
_TRANSFORM_ROWS = 2**16
# Deviation below which a dimension of an embedding counts as constant; model files
# accept no deviation below 1e-15.
_LEAST_DEVIATION = 1e-14
# Batches of "auto": an epoch of few tuples has at least this many steps, but no batch
# has fewer rows than the contrast needs, or more than help it.
_STEPS, _FEWEST_ROWS, _MOST_ROWS = 8, 32, 256


@dataclass
class Plan:
    """How a model is trained: everything in which the neural topic models differ.

    Parameters
    ----------
    encoded : sequence of str
        Views that are encoded in training.
    networks : mapping of str to hashable
        The inference network, by any name, of every view that can be encoded.
    decoded_from : mapping of str to str
        The texts to reconstruct, each with the view that it is reconstructed from.
    loss : dict
        Weights of the terms of the loss; see `TopicLoss`.
    """

    encoded: Sequence[str]
    networks: Mapping[str, object]
    decoded_from: Mapping[str, str]
    loss: dict


class NeuralTopicModel(BaseTopicModel):
    """Base class of the models with a topic network; they differ in `_plan`."""

    _fitted_state: dict = {
        **BaseTopicModel._fitted_state,
        "_seed": Integer(0, MAX_SEED),
        "net_": StoredNet(),
        "_topic_tokens": PerView(Array(1, low=0, high=MAX_INTEGER)),
    }

    _topic_tokens: dict[str, np.ndarray]

    _parameter_constraints: dict = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [
            StrOptions({"auto"}),
            Interval(Integral, 2, None, closed="left"),
        ],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "hidden_layer_sizes": [
            "array-like",
            Interval(Integral, 1, None, closed="left"),
        ],
        "activation": [StrOptions({"softplus", "relu", "tanh"})],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "input_dropout": [Interval(Real, 0, 1, closed="left")],
        "decoder": [StrOptions({"mixture", "product"})],
        "init": [StrOptions({"gibbs", "random"}), HasMethods(["fit", "transform"])],
        "init_max_iter": [Interval(Integral, 1, None, closed="left")],
        "init_max_tokens": [Interval(Real, 1, None, closed="left")],
        "scale": [Interval(Real, 0, None, closed="neither")],
        "bias": ["boolean"],
        "prior_weight": [Interval(Real, 0, None, closed="left")],
        "standardize": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "warm_start": ["boolean"],
        "n_draws": [Interval(Integral, 0, 100_000, closed="both")],
        "device": [str],
        "callbacks": [list, tuple, None],
        "checkpoint": [str, PathLike, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    @abstractmethod
    def _plan(self, X: MultiView) -> Plan:
        """Return what is encoded, what is decoded, and the terms of the loss."""

    def _training_tuples(
        self, X: MultiView, pair_weight: Any
    ) -> tuple[MultiView, np.ndarray | None]:
        """Return the tuples to train on, and the weight of each one's contrast."""
        return X, None

    def _prepare(self, X: MultiView) -> None:
        """Do what must be done before the network is planned."""

    def _check_continued(self, X: MultiView) -> None:
        """Refuse a warm start that changes the architecture, and change nothing."""
        view = getattr(self, "view", None)
        if view is not None:
            check_same("view", self.view_, view)
        plan = self._plan(X)
        self._check_plan(plan, X)
        merge_networks(self.net_.get_params_for("module"), self._network(plan, X))

    def _row_priors(self, X: MultiView):
        """Return mean and log-variance of each row's own prior, or None."""

    def fit(self, X, y=None):
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

        Returns
        -------
        self : object
            The fitted model.

        Raises
        ------
        ValueError
            If a row has no view, no text can be reconstructed, the views do not fit the
            parameters, or a callback cannot work. The message names what is at fault.
        """
        return self._fit(X)

    def partial_fit(self, X, y=None):
        """Train on more tuples, such as new ones in a growing archive.

        The network of earlier calls learns from the new tuples alone, for `max_iter`
        epochs. Sampled topics keep their words. Inference drifts toward the new tuples,
        and so do the words of topics that the network learned itself
        (``init="random"``): compare the topics of some earlier tuples before and after.
        To reduce drift, lower `max_iter` or `learning_rate_init`, or pass some earlier
        tuples along with the new ones.

        Parameters
        ----------
        X : MultiView or {array-like, sparse matrix} of shape (n_rows, n_features)
            Tuples in any of the views of the first call, with the same words and
            embeddings.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The model. Its `topic_tokens_` and `prevalence_` are those of all tuples so
            far, and `loss_curve_` covers all epochs.

        Raises
        ------
        ValueError
            As in `fit`, and if the tuples or the parameters do not fit the network.
        """
        return self._fit(X, adds=True)

    # A teacher checks its own parameters.
    @fit_context(prefer_skip_nested_validation=False)
    def _fit(self, X, pair_weight=None, *, adds=False):
        from sklearn_m3l.network import advise_on_memory, resolve_device
        from sklearn_m3l.training import check_callbacks, same_in_all

        if self.checkpoint is not None:
            require_seed(self.random_state)
            check_reference(self, "checkpoint")
        check_callbacks(self.callbacks or [], validates=self.early_stopping)
        if self.init == "random" and getattr(self, "seed_words", None):
            raise ValueError(
                "seed_words needs sampled topics, but init='random'; use init='gibbs'"
            )
        continued = (adds or self.warm_start) and hasattr(self, "net_")
        X = self._check_X(X, reset=not continued)
        check_training_rows(X)
        X, pair_weight = self._training_tuples(X, pair_weight)
        if continued:
            self._check_continued(X)
        random_state = private_generator(self.random_state)
        # Processes that train together draw the same numbers.
        self._seed = same_in_all(int(random_state.randint(np.iinfo(np.int32).max)))
        if not continued:
            # If Ctrl-C stops what follows, there is no network of these tuples.
            self.__dict__.pop("net_", None)
            self._prepare(X)
        plan = self._plan(X)
        self._check_plan(plan, X)
        advice = (
            f"lower batch_size={self._batch_rows(len(X))}, n_components or the "
            "vocabularies"
        )
        with advise_on_memory(advice):
            self._train(X, plan, pair_weight, resolve_device(self.device), adds)
        return self

    def _train(self, X: MultiView, plan: Plan, pair_weight, device, adds) -> None:
        """Train the network, from the weights of the existing one if there is one.

        With `adds`, the tuples are added to earlier ones, whose tokens still count.
        """
        from sklearn_m3l.training import TupleDataset

        def dataset(X, pair_weight, *, seed):
            is_training = seed is not None
            return TupleDataset(
                X,
                {
                    name: self._encoded_view(
                        net, name, X[name], is_training=is_training
                    )
                    for name in plan.encoded
                },
                plan.decoded_from,
                groups=X.groups,
                prior=self._row_priors(X),
                pair_weight=pair_weight,
                seed=seed,
                device=device,
            )

        parts = [(X, pair_weight)]
        if self.early_stopping:
            parts = [
                (X[rows], None if pair_weight is None else pair_weight[rows])
                for rows in self._split(X)
            ]
        train, valid = parts[0], parts[1:]
        net, tokens = self._build_net(plan, X, device), None
        earlier: dict = self._topic_tokens if hasattr(self, "net_") else {}
        if not hasattr(self, "net_"):
            if self.decoder == "mixture":
                for name in plan.decoded_from:
                    if not net.module_.decoder_of(name).frozen:
                        net.module_.set_background(name, word_shares(train[0][name]))
            if self.init != "random":
                tokens = self._start(net.module_, train[0])
        self._set_statistics(net, plan, X)
        data = (
            dataset(*train, seed=self._seed),
            dataset(*valid[0], seed=None) if valid else None,
        )
        self.net_ = net
        try:
            self.net_.partial_fit(data, checkpoint=self.checkpoint)
        finally:  # an interrupted model can be used, too
            if tokens is None:
                tokens = self._count_tokens(X, plan)
            if adds:
                tokens = {
                    name: own + earlier.get(name, 0) for name, own in tokens.items()
                }
            self._topic_tokens = {**earlier, **tokens}

    def _count_tokens(self, X: MultiView, plan: Plan) -> dict[str, np.ndarray]:
        """Return the expected number of tokens of each topic in the training texts."""
        total = {name: np.zeros(self._n_features_out) for name in plan.decoded_from}
        for start in range(0, len(X), _TRANSFORM_ROWS):
            part = X[start : start + _TRANSFORM_ROWS]
            for name, source in plan.decoded_from.items():
                rows = np.flatnonzero(part[name].present & part[source].present)
                theta = self._transform_view(part[rows], source)
                total[name] += part[name].counts[rows].sum(axis=1) @ theta
        return total

    def _start(self, module, X: MultiView) -> dict[str, np.ndarray] | None:
        """Give a new network the topics of `init`, which training does not change.

        Return their tokens in the training texts, or None if these are unknown.
        """
        start = fit_start(
            self.init,
            X[module.decoded],
            self.n_components,
            seed_words=self.seed_words,
            seed_weight=self.seed_weight,
            max_iter=self.init_max_iter,
            max_tokens=self.init_max_tokens,
            seed=self._seed,
            checkpoint=self.checkpoint,
            verbose=self.verbose,
        )
        if start is None:
            return None
        self._topic_names = dict(start._topic_names)
        for name in module.decoded:
            module.set_topics(name, start.topic_word_[name], freeze=True)
        if module.bias is not None:
            module.set_prevalence(start.prevalence_)
        # A frozen one knows those of its own training texts.
        frozen = isinstance(self.init, FrozenEstimator)
        tokens = start.topic_tokens_
        return None if frozen else {name: tokens[name] for name in module.decoded}

    def _check_plan(self, plan: Plan, X: MultiView) -> None:
        if not plan.decoded_from:
            raise ValueError(
                f"{type(self).__name__} needs the word counts of at least one text to "
                f"learn topics from; the views {', '.join(X.view_names)} have none"
            )
        for name in plan.decoded_from:
            if name not in self.vocabularies_:
                raise ValueError(
                    f"view {name!r} had no word counts when this "
                    f"{type(self).__name__} was first fitted; to learn its words, fit "
                    "without warm_start"
                )
            if not X[name].is_text:
                raise ValueError(
                    f"view {name!r} has no word counts, but {type(self).__name__} "
                    "learns to predict its words"
                )
        for name in plan.encoded:
            if not X[name].present.any():
                raise ValueError(
                    f"view {name!r} is absent in every row, so nothing can be learned "
                    "about it; leave it out"
                )

    def _split(self, X: MultiView) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows to train on and to validate on; articles are kept whole."""
        splitter = ShuffleSplit if X.groups is None else GroupShuffleSplit
        split = splitter(
            1, test_size=self.validation_fraction, random_state=self._seed
        ).split(X, groups=X.groups)
        train, valid = map(np.sort, next(split))
        if len(train) < 2:
            raise ValueError(
                f"early_stopping leaves {len(train)} of {len(X)} rows to train on; "
                f"lower validation_fraction={self.validation_fraction}, or set "
                "early_stopping=False"
            )
        return train, valid

    def _build_net(self, plan: Plan, X: MultiView, device):
        """Return a net to train, with the weights of the existing one if there is one.

        All parameters but those of the architecture take effect, and the optimizer
        starts over, as in `MLPClassifier`.
        """
        from sklearn_m3l.training import continue_net

        standing = getattr(self, "net_", None)
        network = self._network(plan, X)
        if standing is not None:
            network = merge_networks(standing.get_params_for("module"), network)
        loss = {"n_components": self.n_components, **plan.loss}
        net = self._new_net(
            network, loss, device, self._batch_rows(len(X)), self.callbacks or []
        )
        if standing is not None:
            continue_net(standing, net)
        return net

    def _batch_rows(self, n_rows: int) -> int:
        """Return the number of tuples in a batch, given their total number."""
        if self.batch_size == "auto":
            return min(max(n_rows // _STEPS, _FEWEST_ROWS), _MOST_ROWS)
        return self.batch_size

    def _new_net(self, network: dict, loss: dict, device, batch_size: int, callbacks):
        """Return an untrained net with the training parameters of the model."""
        from sklearn_m3l.training import build_net

        return build_net(
            network=network,
            loss=loss,
            batch_size=batch_size,
            max_iter=self.max_iter,
            learning_rate=self.learning_rate_init,
            betas=(self.beta_1, self.beta_2),
            n_iter_no_change=self.n_iter_no_change if self.early_stopping else None,
            callbacks=callbacks,
            device=device,
            verbose=self.verbose,
        )

    def _set_statistics(self, net, plan: Plan, X: MultiView) -> None:
        """Let the network standardize the views; an existing mean and scale stay."""
        module = net.module_
        for name in module.encoded:
            if not self.standardize:
                module.set_statistics(name, 0.0, 1.0)
                continue
            seen = name in plan.networks and X[name].present.any()
            if seen and not module.is_standardized(name):
                view = self._encoded_view(net, name, X[name])
                module.set_statistics(name, *_statistics(view))

    def _encoded_view(self, net, name: str, view, *, is_training: bool = False) -> View:
        """Return what the network encodes of a view."""
        return view

    def _network(self, plan: Plan, X: MultiView) -> dict:
        """Return the arguments of the network."""
        return {
            "n_components": self.n_components,  # first: the widths can depend on it
            "widths": {name: X[name].width for name in plan.networks},
            "inference_networks": plan.networks,
            "n_words": {n: X[n].counts.shape[1] for n in plan.decoded_from},
            "decoded_from": plan.decoded_from,
            "hidden_layer_sizes": self._hidden_widths(),
            "activation": self.activation,
            "dropout": self.dropout,
            "input_dropout": self.input_dropout,
            "seed": self._seed,
            "decoder": self.decoder,
            "scale": self.scale,
            "bias": self.bias,
            "background": self.decoder == "mixture",
        }

    def _hidden_widths(self) -> list[int]:
        sizes = np.atleast_1d(self.hidden_layer_sizes)
        whole = sizes.size == 0 or sizes.dtype.kind in "iu"
        if sizes.ndim != 1 or not whole or (sizes < 1).any():
            raise ValueError(
                "hidden_layer_sizes must be whole numbers of at least 1, got "
                f"{self.hidden_layer_sizes}"
            )
        return sizes.astype(int).tolist()

    def _transform(self, X: MultiView) -> np.ndarray:
        """Return the mean topics over the views that each row has."""
        total = np.zeros((len(X), self._n_features_out), dtype=np.float32)
        n_views = np.zeros((len(X), 1), dtype=np.float32)
        for start in range(0, len(X), _TRANSFORM_ROWS):
            rows = slice(start, start + _TRANSFORM_ROWS)
            part = X[rows]
            for name, view in part.views.items():
                topics = self._transform_view(part, name)
                total[rows] += np.where(view.present[:, np.newaxis], topics, 0)
                n_views[rows, 0] += view.present
        with np.errstate(invalid="ignore"):
            total /= n_views
        return total

    def _transform_view(self, X: MultiView, name: str) -> np.ndarray:
        from sklearn_m3l.network import advise_on_memory, infer_topics

        with advise_on_memory(f"lower n_draws={self.n_draws}"):
            return infer_topics(
                self.net_,
                self._encoded_view(self.net_, name, X[name]),
                name,
                encoder=self._encoder_of(name),
                n_draws=self.n_draws,
                seed=self._seed,
            )

    def _encoder_of(self, name: str) -> str:
        """Return the view whose statistics and network encode a view."""
        return name

    def _decode(self, name: str, theta: np.ndarray) -> np.ndarray:
        from sklearn_m3l.network import decode_words

        return decode_words(self.net_, name, theta)

    def _check_view(self, name, view):
        super()._check_view(name, view)
        width = self.view_widths_[name]
        if (view.embedding is not None) != self._embedded[name]:
            given, fitted = ("no", "an") if self._embedded[name] else ("an", "no")
            raise ValueError(
                f"view {name!r} has {given} embedding, but {type(self).__name__} was "
                f"fitted with {fitted} embedding of it"
            )
        if view.width != width:
            raise ValueError(
                f"view {name!r} has width {view.width}, but {type(self).__name__} was "
                f"fitted on width {width}; embed it as in fit"
            )

    def _check_fitted_state(self, state: dict) -> None:
        super()._check_fitted_state(state)
        network = state["net_"]["network"]
        tokens = state["_topic_tokens"]
        same = list(tokens) == list(network["n_words"])
        require(same, "_topic_tokens has other texts than its network")
        n_topics = {len(values) for values in tokens.values()}
        fits = n_topics == {network["n_components"]}
        require(fits, "_topic_tokens has another number of topics")
        require_names(state["_topic_names"], network["n_components"])
        for name, width in network["widths"].items():
            fits = width in self._encoded_widths(name, state)
            require(fits, f"view {name!r} has another width than its network")
        for name, n_words in network["n_words"].items():
            fits = len(state["vocabularies_"].get(name, ())) == n_words
            require(fits, f"view {name!r} has other words than its network")

    def _encoded_widths(self, name: str, state: dict) -> list[int]:
        """Return the lengths that vectors of a view can have in a stored network."""
        return [state["view_widths_"].get(name)]

    @property
    def _betas(self) -> dict[str, np.ndarray]:
        module = self.net_.module_
        return {
            name: decoder.beta.detach().cpu().numpy().T
            for name, decoder in zip(module.decoded, module.decoders, strict=True)
        }

    @property
    def components_(self) -> np.ndarray:
        """Topic-word weights (beta) of all texts side by side."""
        return np.hstack(list(self._betas.values()))

    @property
    def topic_word_(self) -> Mapping[str, np.ndarray]:
        """Topic-word distributions of each text, softmax of beta."""
        return {name: softmax(beta, axis=1) for name, beta in self._betas.items()}

    @property
    def topic_tokens_(self) -> Mapping[str, np.ndarray]:
        """Tokens of each topic in the training texts, by view."""
        return dict(self._topic_tokens)

    @property
    def n_iter_(self) -> int:
        """Number of epochs run, without an interrupted one."""
        return len(self.loss_curve_)

    @property
    def loss_curve_(self) -> list[float]:
        """Mean training loss per tuple, by epoch."""
        losses = (epoch.get("train_loss") for epoch in self.net_.history)
        return [loss for loss in losses if loss is not None]

    @property
    def _n_features_out(self) -> int:
        return self.net_.module_.n_components

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "net_")


def _statistics(view) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation of the vectors of a view, read in chunks."""
    scaler = StandardScaler()
    for rows, vectors in view.chunks():
        present = view.present[rows]
        if present.any():
            scaler.partial_fit(vectors[present])
    # Some encoders have almost constant dimensions: divided by their deviation, another
    # text could overflow.
    scale = np.where(scaler.scale_ < _LEAST_DEVIATION, 1.0, scaler.scale_)
    return scaler.mean_, scale
