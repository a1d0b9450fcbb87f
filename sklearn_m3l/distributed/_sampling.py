"""Sample the topics of a corpus on the workers of a Dask cluster."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from sklearn_m3l.distributed._client import find_client
from sklearn_m3l.models import PolylingualLDA


def fit_polylingual_lda(
    model: PolylingualLDA, X: Any, *, n_parts: int | None = None
) -> PolylingualLDA:
    """Fit a PolylingualLDA on the workers of a Dask cluster.

    Approximate distributed LDA [1]_: the documents are split into parts, which workers
    keep. In a sweep, each part is sampled against the counts of all documents, and then
    the counts are merged. The topics depend on the seed and on the number of parts, not
    on which worker has which part.

    Parameters
    ----------
    model : PolylingualLDA
        Fitted in place, as by its own `fit`. `n_jobs` is ignored: a part has one
        thread.
    X : MultiView
        Training tuples, such as those of a folder. This process reads their counts part
        by part and sends them to the workers, which need about 30 bytes per token.
    n_parts : int, default=None
        Number of parts; by default the number of workers. Each part keeps the counts of
        all words.

    Returns
    -------
    PolylingualLDA
        The model.

    Raises
    ------
    ValueError
        As in `PolylingualLDA.fit`, and if there is no Dask cluster or there are fewer
        tuples than parts.
    RuntimeError
        If a worker is lost, and its topics with it. Sample again, or sample in one
        process with `checkpoint`.

    Notes
    -----
    With W workers, a sweep takes the time that one process needs for 1/W of the tokens,
    and transfers 16 bytes per topic and word to and from each worker. It pays off if
    parts have many times more tokens than there are topics times words.

    References
    ----------
    .. [1] D. Newman, A. Asuncion, P. Smyth and M. Welling, "Distributed Algorithms for
       Topic Models", JMLR 10 (2009).
    """
    client = find_client()
    workers = sorted(client.scheduler_info(n_workers=-1)["workers"])
    if model.checkpoint is not None:
        raise ValueError(
            "checkpoint cannot be used on a cluster; leave it out, or call model.fit"
        )
    n_parts = len(workers) if n_parts is None else n_parts
    if not 1 <= n_parts <= len(X):
        raise ValueError(f"n_parts={n_parts} must be between 1 and {len(X):,} tuples")
    model._validate_params()
    return model._fit(X, partial(SharedGibbs, client, workers, n_parts))


class Part:
    """A part of the documents, in the memory of a worker."""

    def __init__(self, n_words, prior, topic_word_prior, documents, options):
        from sklearn_m3l.gibbs import PolylingualGibbs

        matrices, clusters, starts = documents
        self._sampler = PolylingualGibbs(n_words, prior, topic_word_prior, **options)
        self._sampler.add_documents(matrices, clusters, starts)
        self._merged = options["topic_word_counts"]

    def change(self) -> list[np.ndarray]:
        """Return the changes in the counts since they were merged."""
        counts = self._sampler.topic_word_counts
        return [own - old for own, old in zip(counts, self._merged, strict=True)]

    def sweep(self, prior: np.ndarray) -> list[np.ndarray]:
        """Redraw the topics of all tokens; return the changes in the counts."""
        self._sampler.set_doc_topic_prior(prior)
        self._sampler.sweep()
        return self.change()

    def merge(self, counts: list[np.ndarray]) -> tuple[float, float]:
        """Set the counts of all parts; return log p of the topics, and of words."""
        self._merged = counts
        self._sampler.merge(counts)
        return self._sampler.log_likelihoods()

    def histogram(self) -> Any:
        """Return the sizes of topics in documents, from which the prior is learned."""
        return self._sampler.histogram()


class SharedGibbs:
    """A sampler for `Chain` whose documents are parts on workers."""

    def __init__(
        self,
        client,
        workers: Sequence[str],
        n_parts: int,
        n_words: Sequence[int],
        doc_topic_prior: np.ndarray,
        topic_word_prior: float,
        *,
        topic_word_counts: Sequence[np.ndarray],
        seed: int,
        n_jobs: int,
        **options: Any,
    ):
        self._client, self._workers, self._n_parts = client, workers, n_parts
        self._arguments = (n_words, doc_topic_prior, topic_word_prior)
        self.doc_topic_prior = doc_topic_prior
        self.topic_word_counts = list(topic_word_counts)
        self._options, self._seed = options, seed
        self._parts: list[Any] = []

    def add_documents(self, counts, clusters, starts) -> None:
        """Send each worker its part of the documents, and draw the first topics."""
        bounds = np.linspace(0, counts[0].shape[0], self._n_parts + 1).astype(int)
        seeds = np.random.SeedSequence(self._seed).generate_state(self._n_parts)
        futures = []
        for number, seed in enumerate(seeds.tolist()):
            rows = slice(*bounds[number : number + 2])
            matrices = [matrix[rows].copy() for matrix in counts]
            chosen = [None if own is None else own[rows] for own in (clusters, starts)]
            options = {**self._options, "seed": seed}
            options["topic_word_counts"] = self.topic_word_counts
            worker = self._workers[number % len(self._workers)]
            documents = [matrices, *chosen]
            futures.append(
                self._client.submit(
                    Part, *self._arguments, documents, options,
                    actor=True, workers=[worker], pure=False,
                )
            )  # fmt: skip
        self._parts = [future.result() for future in futures]
        self._merge(self._ask("change"))

    def sweep(self) -> None:
        """Redraw the topics of all tokens."""
        self._merge(self._ask("sweep", self.doc_topic_prior))

    def log_likelihood(self) -> float:
        """Return log p(words, topics), with the distributions integrated out."""
        return self._log_likelihood

    def optimize_doc_topic_prior(self) -> None:
        """Set `doc_topic_prior` to the most likely parameters, given the topics."""
        from sklearn_m3l.gibbs._prior import Histogram, optimize_prior

        fields = zip(*self._ask("histogram"), strict=True)
        histogram = Histogram(*map(np.concatenate, fields))
        weight = self._options["cluster_weight"]
        self.doc_topic_prior = optimize_prior(self.doc_topic_prior, weight, histogram)

    def _merge(self, changes: list[list[np.ndarray]]) -> None:
        self.topic_word_counts = [
            counts + sum(own)
            for counts, *own in zip(self.topic_word_counts, *changes, strict=True)
        ]
        found = self._ask("merge", self.topic_word_counts)
        self._log_likelihood = sum(topics for topics, _ in found) + found[0][1]

    def _ask(self, method: str, *arguments: Any) -> list[Any]:
        """Call a method of all parts; return the results."""
        try:
            asked = [getattr(part, method)(*arguments) for part in self._parts]
            return [answer.result() for answer in asked]
        except OSError as error:  # Dask raises it for lost workers
            raise RuntimeError(
                "a worker was lost, and with it the topics of its documents; sample "
                "again"
            ) from error
