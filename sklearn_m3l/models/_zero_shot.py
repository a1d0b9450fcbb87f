"""ZeroshotTM: topics of one text, asked of any view that is embedded like it."""

from sklearn_m3l.models._base import choose_view, iter_texts
from sklearn_m3l.models._neural import NeuralTopicModel, Plan
from sklearn_m3l.multiview import MultiView, View


class ZeroShotTopicModel(NeuralTopicModel):
    """Topic model of one text, with zero-shot inference for aligned views."""

    _parameter_constraints: dict = {
        **NeuralTopicModel._parameter_constraints,
        "view": [str, None],
    }

    def __init__(
        self,
        n_components=50,
        *,
        view=None,
        batch_size=64,
        max_iter=100,
        learning_rate_init=2e-3,
        hidden_layer_sizes=(300,),
        activation="softplus",
        dropout=0.2,
        prior_weight=1.0,
        standardize=True,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        warm_start=False,
        n_samples=0,
        device="auto",
        callbacks=None,
        random_state=None,
        verbose=0,
    ):
        self.n_components = n_components
        self.view = view
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.learning_rate_init = learning_rate_init
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.prior_weight = prior_weight
        self.standardize = standardize
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.n_samples = n_samples
        self.device = device
        self.callbacks = callbacks
        self.random_state = random_state
        self.verbose = verbose

    def _prepare(self, X: MultiView, groups) -> None:
        self.view_ = choose_view(self.view, list(iter_texts(X)), "to learn topics from")
        self.vocabularies_ = {self.view_: self.vocabularies_[self.view_]}

    def _plan(self, X: MultiView) -> Plan:
        aligned = [name for name, view in X.views.items() if self._can_encode(view)]
        return Plan(
            encoded=[self.view_],
            networks=dict.fromkeys([self.view_, *aligned], "shared"),
            decoded_from={self.view_: self.view_},
            loss={"prior_weight": self.prior_weight},
        )

    def _can_encode(self, view: View) -> bool:
        """Tell whether a view may be aligned with the one that is trained on."""
        width = self.view_widths_[self.view_]
        # Counts of another language are of other words, even in equal number.
        embedded = self._embedded[self.view_] and view.embedding is not None
        return embedded and view.width == width

    def _encoder_of(self, name: str) -> str:
        return name if name in self.net_.module_.encoded else self.view_

    def _check_view(self, name, view):
        if name == self.view_:
            super()._check_view(name, view)
        elif not self._can_encode(view):
            width = self.view_widths_[self.view_]
            given = "no embedding"
            if view.embedding is not None:
                given = f"an embedding of width {view.width}"
            known = f"embeddings of width {width}"
            if not self._embedded[self.view_]:
                known = f"its {width} word counts"
            raise ValueError(
                f"view {name!r} cannot be aligned with {self.view_!r}: "
                f"{type(self).__name__} was trained on {known}, and {name!r} has "
                f"{given}; leave it out, or embed both with one multilingual encoder"
            )
