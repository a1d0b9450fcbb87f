"""The networks behind the neural topic models; torch is imported only here."""

from sklearn_m3l.network._batches import TupleDataset
from sklearn_m3l.network._callbacks import check_callbacks
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
from sklearn_m3l.network._net import (
    TopicNet,
    build_net,
    continue_net,
    copy_frozen_decoder,
)
from sklearn_m3l.network._shards import same_in_all

__all__ = [
    "TopicLoss",
    "TopicNet",
    "TopicNetwork",
    "TupleDataset",
    "advise_on_memory",
    "build_net",
    "check_callbacks",
    "continue_net",
    "copy_frozen_decoder",
    "decode_words",
    "infer_gaussians",
    "infer_topics",
    "mean_vector",
    "resolve_device",
    "same_in_all",
    "word_topics",
]
