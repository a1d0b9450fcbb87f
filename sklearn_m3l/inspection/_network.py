"""The network of topics, for Gephi, Cytoscape and networkx."""

from numbers import Integral
from typing import Any

import numpy as np

from sklearn_m3l.inspection._inputs import topic_names
from sklearn_m3l.inspection._prevalence import topics_of
from sklearn_m3l.inspection._similarity import word_similarity
from sklearn_m3l.metrics._topics import reach_topic_model
from sklearn_m3l.utils._sklearn import Interval, validate_params

_N_WORDS = 10


@validate_params(
    {
        "estimator": "no_validation",
        "X": "no_validation",
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def topic_network(estimator: Any, X: Any = None, *, n_neighbors: int = 3) -> Any:
    """Return a graph in which similar topics are linked.

    Parameters
    ----------
    estimator : estimator
        A fitted topic model, a pipeline that ends with one, or a search over either.
    X : MultiView, DataFrame or {array-like, sparse matrix} of shape (n_rows, \
n_features), default=None
        Rows, in the form that the estimator takes. If given, topics are similar if they
        occur in the same rows: the weight of a link is the correlation of their
        proportions, and only positive correlations are links. By default, topics are
        similar if their words are: the weight is 1 minus the Jensen-Shannon divergence
        in bits, averaged over languages.
    n_neighbors : int, default=3
        Number of its most similar topics that each topic is linked with.

    Returns
    -------
    networkx.Graph
        The nodes are the numbers of the topics, with the attributes "name",
        "prevalence" and, for each language, its top words, such as ``words_en``. The
        links have the attribute "weight".

    Raises
    ------
    ImportError
        If networkx is not installed (``pip install 'sklearn-m3l[network]'``).
    TypeError
        If the estimator does not end with a topic model.
    ValueError
        If `X` has no row with a view, or none of its views can be used.

    Examples
    --------
    >>> import networkx
    >>> from sklearn_m3l import PolylingualLDA
    >>> from sklearn_m3l.datasets import load_gimp_help
    >>> from sklearn_m3l.inspection import topic_network
    >>> X = load_gimp_help("test").data[["en", "de"]][:40]
    >>> model = PolylingualLDA(5, max_iter=5, random_state=0).fit(X)
    >>> graph = topic_network(model)
    >>> sorted(graph.nodes[0])
    ['name', 'prevalence', 'words_de', 'words_en']
    >>> networkx.write_graphml(graph, "topics.graphml")  # doctest: +SKIP
    """
    try:
        import networkx
    except ImportError as error:
        raise ImportError(
            "the network of topics needs the package networkx; run: pip install "
            "'sklearn-m3l[network]'"
        ) from error
    model, _ = reach_topic_model(estimator, None)
    if X is None:
        weights = word_similarity(model, model, list(model.vocabularies_))
    else:
        weights = _correlations(estimator, X)
    graph = networkx.Graph()
    known, names = model.known_words(_N_WORDS), topic_names(model)
    for topic, prevalence in enumerate(model.prevalence_):
        words = {f"words_{v}": ", ".join(of[topic]) for v, of in known.items()}
        graph.add_node(topic, name=names[topic], prevalence=float(prevalence), **words)
    np.fill_diagonal(weights, -np.inf)
    for topic, row in enumerate(weights):
        for other in np.argsort(-row, kind="stable")[:n_neighbors].tolist():
            if row[other] > 0:
                graph.add_edge(topic, other, weight=float(row[other]))
    return graph


def _correlations(estimator: Any, X: Any) -> np.ndarray:
    """Return the correlations of the proportions of topics over rows."""
    _, _, topics = topics_of(estimator, X, by="row", views=None)
    theta = topics["row"][~np.isnan(topics["row"][:, 0])].astype(np.float64)
    if len(theta) < 2:
        raise ValueError(
            f"correlations need at least 2 rows with a view, not {len(theta)}"
        )
    theta = theta - theta.mean(axis=0)
    covariance = theta.T @ theta
    scale = np.sqrt(np.outer(covariance.diagonal(), covariance.diagonal()))
    return np.divide(covariance, scale, out=np.zeros_like(scale), where=scale > 1e-12)
