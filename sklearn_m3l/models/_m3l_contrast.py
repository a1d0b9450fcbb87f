"""M3L-Contrast: the multilingual and multimodal topic model of the paper."""

from collections.abc import Mapping
from numbers import Real

import numpy as np
from sklearn.preprocessing import StandardScaler, normalize
from sklearn.utils._param_validation import Interval, StrOptions

from sklearn_m3l.models._base import iter_texts
from sklearn_m3l.models._neural import NeuralTopicModel, Plan
from sklearn_m3l.multiview import MultiView, View


class M3LContrastTopicModel(NeuralTopicModel):
    """Multilingual and multimodal topic model with a contrastive objective."""

    _parameter_constraints: dict = {
        **NeuralTopicModel._parameter_constraints,
        "contrastive_weight": [Interval(Real, 0, None, closed="left")],
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "similarity": [StrOptions({"cosine", "dot", "hellinger"})],
        "contrast_on": [StrOptions({"mean", "sample"})],
        "kl_weight": [Interval(Real, 0, None, closed="left")],
        "inference_networks": [StrOptions({"auto", "per_view", "shared"}), Mapping],
    }

    def __init__(
        self,
        n_components=50,
        *,
        batch_size=32,
        max_iter=100,
        learning_rate_init=2e-3,
        hidden_layer_sizes=(300,),
        activation="softplus",
        dropout=0.2,
        contrastive_weight=100.0,
        temperature=0.03,
        similarity="cosine",
        contrast_on="mean",
        kl_weight=0.01,
        prior_weight=0.0,
        inference_networks="auto",
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
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.learning_rate_init = learning_rate_init
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.contrastive_weight = contrastive_weight
        self.temperature = temperature
        self.similarity = similarity
        self.contrast_on = contrast_on
        self.kl_weight = kl_weight
        self.prior_weight = prior_weight
        self.inference_networks = inference_networks
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

    def _plan(self, X: MultiView) -> Plan:
        return Plan(
            encoded=X.view_names,
            networks=self._inference_networks(X),
            decoded_from={name: name for name in iter_texts(X)},
            loss={
                "kl_weight": self.kl_weight,
                "prior_weight": self.prior_weight,
                "contrastive_weight": self.contrastive_weight,
                "temperature": self.temperature,
                "similarity": self.similarity,
                "contrast_on": self.contrast_on,
            },
        )

    def _inference_networks(self, X: MultiView) -> dict[str, object]:
        if self.inference_networks == "auto":
            return _networks_of_aligned_texts(X)
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
                    "networks of their own with inference_networks"
                )
        return networks


def _networks_of_aligned_texts(X: MultiView) -> dict[str, object]:
    """Give the texts whose embeddings are aligned a network in common."""
    networks: dict[str, object] = {}
    for name in X.view_names:
        networks[name] = name
        for other in list(networks)[:-1]:
            if networks[other] == other and _aligned(X[name], X[other]):
                networks[name] = other
                break
    return networks


def _aligned(a: View, b: View) -> bool:
    """Tell whether two texts are embedded by encoders that agree on a tuple.

    Standardized vectors of one tuple have a mean cosine near 0 where the encoders
    are unrelated (measured: 0.01 to 0.04 for LSA of each language) and clearly above
    where one multilingual encoder made both (0.48 and 0.66).
    """
    if not (a.is_text and b.is_text and a.width == b.width):
        return False
    both = np.flatnonzero(a.present & b.present)
    if a.embedding is None or b.embedding is None or len(both) < 2:
        return False
    rows = both[np.linspace(0, len(both) - 1, min(len(both), 1000)).astype(int)]
    vectors = [normalize(StandardScaler().fit_transform(v.read(rows))) for v in (a, b)]
    return np.einsum("ij,ij->i", *vectors).mean() > 0.25
