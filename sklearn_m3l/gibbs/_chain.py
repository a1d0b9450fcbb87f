"""A chain of sweeps: the average over its samples, and how it is stored and resumed."""

import numpy as np
from tqdm.auto import tqdm

from sklearn_m3l.gibbs._sampler import PolylingualGibbs
from sklearn_m3l.utils._checkpoint import Checkpoint
from sklearn_m3l.utils._fitted import MAX_INTEGER, require

# Sweeps between two samples whose counts are averaged: neighboring sweeps are too
# alike.
_SAMPLE_INTERVAL = 10


class Chain:
    """Sweeps over the tokens of a sampler.

    Parameters
    ----------
    sampler : PolylingualGibbs
        The sampler, with its documents.
    max_iter : int
        Number of sweeps.
    burn_in : int
        Sweeps before the prior is first learned.
    optimize_interval : int
        Sweeps between two estimates of the prior; 0 keeps it.
    stored : Checkpoint or None
        Stores the state, from which the chain resumes.

    Attributes
    ----------
    log_likelihood : list of float
        Joint log-likelihood of words and topics after each sweep.
    n_iter : int
        Number of full sweeps so far.

    Raises
    ------
    ValueError
        If the stored state belongs to another chain.
    """

    def __init__(
        self,
        sampler: PolylingualGibbs,
        *,
        max_iter: int,
        burn_in: int,
        optimize_interval: int,
        stored: Checkpoint | None = None,
    ):
        self.sampler = sampler
        self.max_iter = max_iter
        self.burn_in = burn_in
        self.optimize_interval = optimize_interval
        self.log_likelihood: list[float] = []
        self.n_iter = 0
        self._sums = [np.zeros_like(own) for own in sampler.topic_word_counts]
        self._stored = stored
        if stored is not None:
            self._resume(stored)

    def run(self, *, verbose: bool = False) -> None:
        """Run the remaining sweeps; an interrupt keeps the last full sweep."""
        sweeps = tqdm(
            range(self.n_iter + 1, self.max_iter + 1),
            desc="Sampling",
            unit="sweep",
            initial=self.n_iter,
            total=self.max_iter,
            disable=not verbose,
        )
        for sweep in sweeps:
            self.sampler.sweep()
            self.log_likelihood.append(self.sampler.log_likelihood())
            interval = self.optimize_interval
            if interval and sweep > self.burn_in and sweep % interval == 0:
                self.sampler.optimize_doc_topic_prior()
            if self._is_sample(sweep):
                counts = self.sampler.topic_word_counts
                for total, own in zip(self._sums, counts, strict=True):
                    total += own
            self.n_iter = sweep
            self._store()

    def mean_topic_word_counts(self) -> list[np.ndarray]:
        """Return the counts averaged over samples, or the last without a sample."""
        n_samples = sum(map(self._is_sample, range(1, self.n_iter + 1)))
        if not n_samples:
            return self.sampler.topic_word_counts
        return [total / n_samples for total in self._sums]

    def _is_sample(self, sweep: int) -> bool:
        """Return whether the counts after a sweep (the first is 1) are averaged."""
        late = sweep > self.max_iter // 2
        return late and (self.max_iter - sweep) % _SAMPLE_INTERVAL == 0

    def _store(self) -> None:
        """Store the state if it is time."""
        stored = self._stored
        if stored is not None and (stored.is_due() or self.n_iter == self.max_iter):
            stored.save(
                {
                    "sampler": self.sampler.get_state(),
                    "sums": self._sums,
                    "likelihood": self.log_likelihood,
                }
            )

    def _resume(self, stored: Checkpoint) -> None:
        """Restore the stored state, if there is one."""
        state = stored.load()
        if state is None:
            return
        with stored.own_state():
            likelihood = state["likelihood"]
            require(0 < len(likelihood) <= self.max_iter, "it has other sweeps")
            finite = all(type(value) is float for value in likelihood)
            require(finite and np.isfinite(likelihood).all(), "it has no likelihood")
            for total, kept in zip(self._sums, state["sums"], strict=True):
                fits = kept.shape == total.shape and kept.dtype == total.dtype
                require(fits and (kept >= 0).all(), "it has other sums of counts")
                require((kept < MAX_INTEGER).all(), "it has other sums of counts")
                total[...] = kept
            self.sampler.set_state(state["sampler"])
        self.log_likelihood = likelihood
        self.n_iter = len(likelihood)
