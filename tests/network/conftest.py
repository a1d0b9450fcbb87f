"""Networks that the tests of this room share."""

import pytest

from sklearn_m3l.network import TopicNetwork


@pytest.fixture(scope="session")
def make_network():
    """Return a function that builds a network for the views of some tuples."""

    def make(X, **changes):
        texts = [name for name, view in X.views.items() if view.is_text]
        return TopicNetwork(
            **{
                "widths": {name: view.width for name, view in X.views.items()},
                "inference_networks": {name: name for name in X.view_names},
                "n_words": {name: X[name].counts.shape[1] for name in texts},
                "decoded_from": {name: name for name in texts},
                "n_components": 3,
                "hidden_layer_sizes": (6,),
                "activation": "softplus",
                "dropout": 0.0,
                "seed": 0,
                **changes,
            }
        )

    return make
