"""How the networks are trained, with skorch, and how trained ones are stored."""

from sklearn_m3l.training._batches import TupleDataset
from sklearn_m3l.training._callbacks import check_callbacks
from sklearn_m3l.training._net import build_net, continue_net, copy_frozen_decoder
from sklearn_m3l.training._processes import same_in_all
from sklearn_m3l.training._state import (
    check_net_state,
    net_state,
    resolve_stored_device,
    restore_net,
)

__all__ = [
    "TupleDataset",
    "build_net",
    "check_callbacks",
    "check_net_state",
    "continue_net",
    "copy_frozen_decoder",
    "net_state",
    "resolve_stored_device",
    "restore_net",
    "same_in_all",
]
