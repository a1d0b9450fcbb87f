"""Concatenate the rows of several MultiViews."""

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from sklearn_m3l.multiview._stored import join_counts, join_rows
from sklearn_m3l.multiview._view import View, same_array

# Names of the types of article ids, by the kind of their dtype.
_ID_KINDS = {"U": "str", "b": "bool", "i": "int", "f": "float"}


def concat_index(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Return the labels of all rows."""
    kinds = {"number" if p.dtype.kind in "iuf" else p.dtype.kind for p in parts}
    if len(kinds) > 1:  # NumPy would turn numbers into strings
        parts = [part.astype(object) for part in parts]
    return np.concatenate(parts)


def concat_groups(parts: Sequence[np.ndarray | None]) -> np.ndarray | None:
    """Return the article ids of all rows; None if no part has any."""
    without = [number for number, ids in enumerate(parts) if ids is None]
    if len(without) == len(parts):
        return None
    if without:
        raise ValueError(
            f"part {without[0]} has no article ids (groups), but another part does; "
            "give ids to all parts, or to none"
        )
    given = [ids for ids in parts if ids is not None]
    # Ids of no rows have no type.
    filled = [ids for ids in given if len(ids)] or given[:1]
    kinds = {_ID_KINDS[ids.dtype.kind] for ids in filled}
    if len(kinds) > 1:
        raise TypeError(
            f"article ids (groups) are of type {' and '.join(sorted(kinds))}; convert "
            "them to one type"
        )
    return np.concatenate(filled)


def concat_view(
    name: str, parts: Sequence[View | None], lengths: Sequence[int]
) -> View:
    """Return the view of all rows, absent in parts that lack it."""
    owners = [view for view in parts if view is not None]
    first = owners[0]
    for view in owners[1:]:
        if (view.embedding is None) != (first.embedding is None) or (
            (view.counts is None) != (first.counts is None)
        ):
            raise ValueError(
                f"view {name!r}: one part has an embedding or counts that another lacks"
            )
        if view.width != first.width:
            raise ValueError(
                f"view {name!r}: width {view.width} in one part, {first.width} in "
                "another"
            )
        if view.is_text and view.counts.shape[1] != first.counts.shape[1]:
            raise ValueError(f"view {name!r}: parts differ in their number of words")
        if not same_array(view.vocabulary, first.vocabulary):
            raise ValueError(f"view {name!r}: parts have different vocabularies")
    pieces = [
        _absent(first, n_rows) if view is None else view
        for view, n_rows in zip(parts, lengths, strict=True)
    ]
    embedding = counts = None
    if first.embedding is not None:
        embedding = join_rows([piece.embedding for piece in pieces])
    if first.counts is not None:
        counts = join_counts([piece.counts for piece in pieces])
    present = np.concatenate([piece.present for piece in pieces])
    return View._of_checked(embedding, counts, first.vocabulary, present)


def _absent(like: View, n_rows: int) -> View:
    """Return rows that all lack a view."""
    embedding = counts = None
    if like.embedding is not None:
        embedding = np.zeros((n_rows, like.width), dtype=like.embedding.dtype)
    if like.counts is not None:
        shape = (n_rows, like.counts.shape[1])
        counts = sparse.csr_array(shape, dtype=like.counts.dtype)
    present = np.zeros(n_rows, dtype=bool)
    return View._of_checked(embedding, counts, like.vocabulary, present)
