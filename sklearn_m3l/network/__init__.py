"""The networks behind the neural topic models: what they are and compute."""

from sklearn_m3l.network._batch import Batch, Cells, present_rows, send
from sklearn_m3l.network._inference import (
    decode_words,
    infer_gaussians,
    infer_topics,
    mean_vector,
    resolve_device,
    word_topics,
)
from sklearn_m3l.network._loss import TopicLoss
from sklearn_m3l.network._memory import advise_on_memory
from sklearn_m3l.network._module import TopicNetwork
from sklearn_m3l.network._ops import kernels_are_cached
from sklearn_m3l.network._shards import place
from sklearn_m3l.network._threads import training_threads

__all__ = [
    "Batch",
    "Cells",
    "TopicLoss",
    "TopicNetwork",
    "advise_on_memory",
    "decode_words",
    "infer_gaussians",
    "infer_topics",
    "kernels_are_cached",
    "mean_vector",
    "place",
    "present_rows",
    "resolve_device",
    "send",
    "training_threads",
    "word_topics",
]
