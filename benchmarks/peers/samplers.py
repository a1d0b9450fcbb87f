"""Gibbs samplers of other packages, timed in the environment of each.

`benchmarks.sampling` runs ``python -m benchmarks.peers.samplers JOB RESULT`` with the
Python of an environment that has the sampler, but not sklearn-m3l. All have the fixed
priors of the job and return the words of topics after the last sweep.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from benchmarks.peers.delivery import columns_of

# Of each language, the word distributions of topics, and the words.
Learned = Mapping[str, tuple[np.ndarray, Sequence[str]]]


def fit_topica_polylingual(job: Mapping[str, Any], sweeps: int) -> Callable:
    """Learn from tuples of all languages."""
    import topica

    model = topica.PolylingualLDA(
        job["n_topics"],
        alpha=job["alpha"],
        beta=job["beta"],
        optimize_alpha=False,
        seed=job["seed"],
    )
    model.fit(job["documents"], iters=sweeps, progress=False)
    return lambda: {
        language: (model.topic_word(language), model.vocabulary(language))
        for language in job["documents"]
    }


def fit_topica_lda(job: Mapping[str, Any], sweeps: int) -> Callable:
    """Learn from one language, without the sweeps that are averaged afterwards."""
    import topica

    ((language, documents),) = job["documents"].items()
    model = topica.LDA(
        job["n_topics"],
        alpha_sum=job["alpha"] * job["n_topics"],
        beta=job["beta"],
        optimize_interval=0,
        seed=job["seed"],
    )
    model.fit(
        documents, iters=sweeps, num_samples=1, keep_theta_draws=False, progress=False
    )
    return lambda: {language: (model.topic_word, model.vocabulary)}


def fit_tomotopy(job: Mapping[str, Any], sweeps: int) -> Callable:
    """Learn from one language with one worker."""
    import tomotopy

    ((language, documents),) = job["documents"].items()
    model = tomotopy.LDAModel(
        k=job["n_topics"], alpha=job["alpha"], eta=job["beta"], seed=job["seed"]
    )
    model.optim_interval = 0
    for document in documents:
        model.add_doc(document)
    model.train(sweeps, workers=1)
    topics = range(job["n_topics"])
    return lambda: {
        language: (
            np.array([model.get_topic_word_dist(k) for k in topics]),
            list(model.used_vocabs),
        )
    }


# By name: the environment, and the function.
SAMPLERS: dict[str, tuple[str, Callable[[Mapping[str, Any], int], Callable]]] = {
    "topica PolylingualLDA": ("topica", fit_topica_polylingual),
    "topica LDA": ("topica", fit_topica_lda),
    "tomotopy LDAModel": ("tomotopy", fit_tomotopy),
}


def processor_seconds(fit: Callable[[], Any]) -> tuple[Any, float]:
    """Return what a function returns, and the time that all threads computed."""
    start = time.process_time()
    found = fit()
    return found, time.process_time() - start


def main() -> None:
    """Time a job with one sweep and with all of them, and write what was learned."""
    job_file, result = sys.argv[1:]
    with open(job_file, encoding="utf-8") as file:
        job = json.load(file)
    package, fit = SAMPLERS[job["sampler"]]
    __import__(package)
    _, first = processor_seconds(lambda: fit(job, 1))
    learned, whole = processor_seconds(lambda: fit(job, job["sweeps"]))
    topic_word = {}
    for language, (found, known) in learned().items():
        vocabulary = job["vocabularies"][language]
        if set(known) != set(vocabulary):
            raise ValueError(
                f"{job['sampler']} has not learned the words of {language}"
            )
        topic_word[language] = columns_of(np.asarray(found), known, vocabulary)
    np.savez(
        result, seconds=[first, whole], version=np.array(version(package)), **topic_word
    )


if __name__ == "__main__":
    main()
