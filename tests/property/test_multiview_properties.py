"""Selecting rows and views of a MultiView commutes with all else that it can do."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from sklearn_m3l import MultiView

NAMES = ("en", "de", "image")
INDEXES = (None, "strings", "numbers")


@st.composite
def multiviews(draw, names=NAMES, min_rows=0, max_rows=7):
    """Draw tuples of some of the views, with rows that lack some or all of them."""
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    n_rows = draw(st.integers(min_rows, max_rows))
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    embeddings, counts, vocabularies, present = {}, {}, {}, {}
    for name in chosen:
        n_words = len(name) + 1
        is_text = name != "image" and draw(st.booleans())
        if not is_text or draw(st.booleans()):
            dtype = draw(st.sampled_from(["float16", "float32", "float64"]))
            embeddings[name] = rng.normal(size=(n_rows, len(name))).astype(dtype)
        if is_text:
            counts[name] = sparse.csr_array(rng.poisson(0.7, (n_rows, n_words)))
            if draw(st.booleans()):
                vocabularies[name] = [f"{name}{word}" for word in range(n_words)]
        if draw(st.booleans()):
            present[name] = rng.random(n_rows) < 0.6
            if name in embeddings:
                embeddings[name][~present[name]] = np.nan
    labels = draw(st.sampled_from(INDEXES))
    index = None
    if labels == "strings":
        index = [f"row {label}" for label in rng.integers(0, 9, n_rows)]
    elif labels == "numbers":
        index = rng.integers(-9, 9, n_rows)
    groups = None
    if draw(st.booleans()):
        groups = rng.integers(0, 4, n_rows)
        groups = groups if draw(st.booleans()) else groups.astype(str)
    return MultiView.from_arrays(
        embeddings, counts, vocabularies, present, index, groups
    )


def row_keys(n_rows):
    """Return a strategy of all spellings of some rows."""
    bound = st.none() | st.integers(-n_rows - 2, n_rows + 2)
    step = st.none() | st.sampled_from([-2, -1, 1, 2])
    keys = st.builds(slice, bound, bound, step)
    masks = st.lists(st.booleans(), min_size=n_rows, max_size=n_rows)
    keys |= masks.map(lambda mask: np.array(mask, dtype=bool))
    if n_rows:
        positions = st.lists(st.integers(-n_rows, n_rows - 1), max_size=10)
        keys |= positions.map(lambda rows: np.array(rows, dtype=int))
    return keys


@st.composite
def selections(draw):
    """Draw tuples, and a key of some of their rows."""
    X = draw(multiviews())
    return X, draw(row_keys(len(X)))


def positions(X, rows):
    """Return the positions of the rows that a key selects."""
    return np.arange(len(X))[rows]


@given(selections())
def test_rows_are_those_of_the_arrays(selection):
    X, rows = selection
    part, at = X[rows], positions(X, rows)
    assert part.shape == (len(at), X.shape[1]) and len(part) == len(at)
    assert part.index.tolist() == X.index[at].tolist()
    assert (part.groups is None) == (X.groups is None)
    assert X.groups is None or part.groups.tolist() == X.groups[at].tolist()
    assert X[(rows, Ellipsis)] == X[at] == part
    for name, view in X.views.items():
        chosen = part[name]
        assert chosen.present.tolist() == view.present[at].tolist()
        assert chosen.vocabulary is None or (chosen.vocabulary == view.vocabulary).all()
        assert (chosen.embedding is None) == (view.embedding is None)
        assert (chosen.counts is None) == (view.counts is None)
        if view.embedding is not None:
            assert chosen.embedding.dtype == view.embedding.dtype
            np.testing.assert_array_equal(chosen.embedding, view.embedding[at])
        if view.counts is not None:
            assert (chosen.counts.toarray() == view.counts.toarray()[at]).all()
        np.testing.assert_array_equal(chosen.read(slice(None)), view.read(at))


@given(selections(), st.data())
def test_rows_of_rows(selection, data):
    X, rows = selection
    again = data.draw(row_keys(len(X[rows])))
    assert X[rows][again] == X[positions(X, rows)[again]]


@given(selections(), st.data())
def test_views_then_rows_or_rows_then_views(selection, data):
    X, rows = selection
    views = data.draw(
        st.lists(st.sampled_from(X.view_names), min_size=1, unique=True), label="views"
    )
    assert X[rows][views] == X[views][rows]
    assert list(X[views].view_names) == views
    for name in views:
        assert X[views][name] is X[name]


@given(selections())
def test_pickle(selection):
    X, rows = selection
    copy = pickle.loads(pickle.dumps(X))
    assert copy == X and copy.view_names == X.view_names
    assert copy[rows] == X[rows] == pickle.loads(pickle.dumps(X[rows]))


@given(multiviews(), st.data())
def test_concat_undoes_a_cut(X, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(X)), max_size=3), label="cuts"))
    parts = [
        X[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(X)], strict=True)
    ]
    assert MultiView.concat(parts) == X


@given(selections(), st.data())
def test_rows_of_a_concatenation(selection, data):
    X, rows = selection
    again = data.draw(row_keys(len(X)), label="again")
    both = np.concatenate([positions(X, rows), positions(X, again)])
    assert MultiView.concat([X[rows], X[again]]) == X[both]


@given(multiviews(min_rows=1), st.data())
def test_views_of_a_concatenation(X, data):
    views = data.draw(
        st.lists(st.sampled_from(X.view_names), min_size=1, unique=True), label="views"
    )
    both = MultiView.concat([X[views], X])
    assert both[: len(X)][views] == X[views]
    assert both[len(X) :] == X
    for name in set(X.view_names) - set(views):
        assert not both.present[name][: len(X)].any()


@given(selections())
@settings(max_examples=25)
def test_on_disk_as_in_memory(tmp_path_factory, selection):
    X, rows = selection
    folder = tmp_path_factory.mktemp("embeddings")
    embeddings, others = {}, {"counts": {}, "vocabularies": {}}
    for name, view in X.views.items():
        if view.embedding is not None:
            embeddings[name] = view.embedding
            if view.embedding.size:
                np.save(folder / f"{name}.npy", view.embedding)
                embeddings[name] = np.load(folder / f"{name}.npy", mmap_mode="r")
        if view.counts is not None:
            others["counts"][name] = view.counts
            if view.vocabulary is not None:
                others["vocabularies"][name] = view.vocabulary
    stored = MultiView.from_arrays(
        embeddings, **others, present=X.present, index=X.index, groups=X.groups
    )
    assert stored == X and stored[rows] == X[rows]
    assert pickle.loads(pickle.dumps(stored[rows])) == X[rows]
    assert MultiView.concat([stored[rows], X]) == MultiView.concat([X[rows], stored])


@given(multiviews(min_rows=1))
def test_what_differs_is_unequal(X):
    assert X[:-1] != X and X[:0] != X
    given = None if X.groups is not None else np.zeros(len(X), dtype=int)
    assert MultiView(X.views, index=X.index, groups=given) != X
    for name, view in X.views.items():
        present = X.present | {name: ~view.present}
        views = X.views.items()
        texts = {n: v for n, v in views if v.counts is not None}
        named = {n: v for n, v in texts.items() if v.vocabulary is not None}
        embeddings = {n: v.embedding for n, v in views if v.embedding is not None}
        embeddings = {n: np.nan_to_num(array) for n, array in embeddings.items()}
        other = MultiView.from_arrays(
            embeddings,
            {n: v.counts for n, v in texts.items()},
            {n: v.vocabulary for n, v in named.items()},
            present,
            X.index,
            X.groups,
        )
        assert other != X


@given(multiviews(min_rows=1))
def test_nothing_can_be_written_to(X):
    for view in X.views.values():
        for array in (view.embedding, view.present, view.vocabulary):
            if array is not None:
                with pytest.raises(ValueError, match="read-only"):
                    array[:1] = array[:1]
