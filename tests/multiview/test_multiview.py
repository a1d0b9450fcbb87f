"""MultiView: selecting, comparing, joining and never changing."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from sklearn_m3l import MultiView

WORDS = ["brush", "layer", "path"]
COUNTS = np.array([[2, 0, 1], [0, 0, 0], [0, 4, 0], [1, 1, 1]])


class TestSelectingRows:
    @pytest.mark.parametrize(
        ("key", "rows"),
        [
            ([2, 0, 2], [2, 0, 2]),
            (np.array([3, 1], dtype=np.int32), [3, 1]),
            (np.array([3, 1], dtype=np.uint8), [3, 1]),
            (np.array([-1, 0, -4]), [3, 0, 0]),
            (slice(1, 3), [1, 2]),
            (slice(None, None, -2), [3, 1]),
            (slice(5, 9), []),
            (range(1, 3), [1, 2]),
            (np.array([]), []),
            (np.array([True, False, False, True]), [0, 3]),
            ([False, True, False, True], [1, 3]),
            (2, [2]),
            (-1, [3]),
            (np.int64(3), [3]),
            (np.array(1), [1]),
            (pd.Series([3, 0], index=[7, 8]), [3, 0]),
            (pd.Series([True, False, True, False], index=list("abcd")), [0, 2]),
            (pd.Series([True, False, True, False], dtype="boolean"), [0, 2]),
            (pd.Series([3, 0], dtype="Int64"), [3, 0]),
            (pd.Index([1, 2]), [1, 2]),
        ],
    )
    @pytest.mark.parametrize("ellipsis", [False, True])
    def test_takes_the_rows_of_every_array(self, make_multiview, key, rows, ellipsis):
        X = make_multiview(index=["a", "b", "c", "d"])
        part = X[key, ...] if ellipsis else X[key]
        assert isinstance(part, MultiView) and part.shape == (len(rows), 2)
        assert part.index.tolist() == [["a", "b", "c", "d"][row] for row in rows]
        for name in X.view_names:
            assert_array_equal(part.present[name], X.present[name][rows])
            assert_array_equal(part[name].embedding, X[name].embedding[rows])
        assert isinstance(part["en"].counts, sparse.csr_array)
        assert_array_equal(part["en"].counts.toarray(), COUNTS[rows])
        assert_array_equal(part["en"].vocabulary, WORDS)

    def test_rows_that_have_a_view(self, make_multiview):
        X = make_multiview()
        assert X[X.present["image"]].index.tolist() == [0, 2]

    def test_a_slice_copies_no_embedding(self, make_multiview):
        X = make_multiview()
        assert np.shares_memory(X[1:3]["en"].embedding, X["en"].embedding)

    def test_iterates_over_single_rows(self, make_multiview):
        X = make_multiview()
        assert [row.shape for row in X] == [(1, 2)] * 4
        assert [row.index[0] for row in reversed(X)] == [3, 2, 1, 0]
        assert MultiView.concat(list(X)) == X

    @pytest.mark.parametrize(
        ("key", "error", "message"),
        [
            (4, IndexError, "row 4 is out of range for 4 rows"),
            ([0, -5], IndexError, "row -5 is out of range"),
            ([True, False], IndexError, r"mask has shape \(2,\) for 4 rows"),
            (True, IndexError, r"mask has shape \(\)"),
            (1.0, TypeError, "integers or a mask, not by 1.0"),
            ([0.0, 1.0], TypeError, r"not by \[0.0, 1.0\]"),
            (None, TypeError, "not by None"),
            ([0, "en"], TypeError, "integers or a mask"),
            (np.array([0, None]), TypeError, "integers or a mask"),
            (np.ones((2, 2), dtype=int), TypeError, "integers or a mask"),
            ({0, 1}, TypeError, "integers or a mask"),
            ((0, 1), TypeError, "to select both"),
            ((slice(2), ["en"]), TypeError, "to select both"),
            (("en", "image"), TypeError, "to select both"),
        ],
    )
    def test_bad_rows(self, make_multiview, key, error, message):
        with pytest.raises(error, match=message):
            make_multiview()[key]


class TestSelectingViews:
    @pytest.mark.parametrize(
        "convert", [list, np.array, pd.Index, pd.Series, lambda n: np.array(n, object)]
    )
    def test_by_names_in_their_order(self, make_multiview, convert):
        X = make_multiview(index=list("abcd"))
        part = X[convert(["image", "en"])]
        assert part.view_names == ("image", "en") and part.shape == (4, 2)
        assert part["en"] is X["en"]
        assert X[convert(["image"])].view_names == ("image",)
        assert_array_equal(part.index, X.index)

    def test_same_spelling_as_a_data_frame(self, make_multiview):
        X, frame = (
            make_multiview(),
            pd.DataFrame({"en": list("abcd"), "image": list("efgh")}),
        )
        for key in (["en"], ["image", "en"], frame.columns, frame.columns[:1]):
            assert list(X[key].view_names) == list(frame[key].columns)
        mask = frame["en"] > "b"
        for key in (slice(1, 3), mask):
            assert X[key].index.tolist() == frame[key].index.tolist()
        assert ("en" in X, "fr" in X, 0 in X) == (
            "en" in frame,
            "fr" in frame,
            0 in frame,
        )

    @pytest.mark.parametrize(
        ("key", "error", "message"),
        [
            ("fr", ValueError, "unknown view 'fr'; the views are en, image"),
            (["en", "fr"], ValueError, "unknown view 'fr'"),
            (["en", "image", "en"], ValueError, "'en' is selected twice"),
            (["en", 0], TypeError, "names, not by 0"),
            ([], ValueError, r"nothing; to select no rows, write X\[:0\]"),
            (pd.Index([], dtype=str), ValueError, "nothing"),
            (np.array([], dtype=str), ValueError, "nothing"),
        ],
    )
    def test_bad_names(self, make_multiview, key, error, message):
        with pytest.raises(error, match=message):
            make_multiview()[key]


class TestImmutability:
    def arrays_of(self, X):
        yield X.index
        for view in X.views.values():
            yield view.present
            if view.embedding is not None:
                yield view.embedding
            if view.is_text:
                yield from (view.counts.data, view.counts.indices, view.counts.indptr)
                yield view.vocabulary

    @pytest.mark.parametrize(
        "derive",
        [
            lambda X: X,
            lambda X: X[1:3],
            lambda X: X[[3, 0]],
            lambda X: X[["en"]],
            lambda X: MultiView.concat([X, X]),
            lambda X: pickle.loads(pickle.dumps(X)),
            lambda X: copy.copy(X),
        ],
        ids=["built", "slice", "rows", "views", "concat", "pickle", "copy"],
    )
    def test_no_array_can_be_written(self, make_multiview, derive):
        arrays = list(self.arrays_of(derive(make_multiview())))
        assert len(arrays) >= 7
        for array in arrays:
            with pytest.raises(ValueError, match="read-only"):
                array[0] = array[0]

    def test_counts_cannot_be_changed_through_scipy(self, make_multiview):
        counts = make_multiview()["en"].counts
        with pytest.raises(ValueError, match="read-only"):
            counts[0, 0] = 7
        with pytest.raises(ValueError, match="read-only"):
            counts *= 2

    def test_nothing_can_be_replaced(self, make_multiview):
        X = make_multiview()
        with pytest.raises(AttributeError, match="immutable"):
            X.index = np.arange(4)
        with pytest.raises(AttributeError, match="immutable"):
            X.other = 1
        with pytest.raises(TypeError):
            X.views["en"] = X["image"]
        with pytest.raises(AttributeError):
            X["en"].present = np.zeros(4, dtype=bool)
        X.present["en"] = np.zeros(4, dtype=bool)
        assert X.present["en"].all()
        with pytest.raises(TypeError, match="unhashable"):
            hash(X)

    def test_arrays_of_the_caller_stay_writable_and_are_shared(self, make_multiview):
        embedding, counts = np.ones((4, 2)), sparse.csr_array(COUNTS)
        present, index = np.ones(4, dtype=bool), np.arange(4)
        X = make_multiview(
            embeddings={"en": embedding},
            counts={"en": counts},
            present={"en": present},
            index=index,
        )
        assert np.shares_memory(X["en"].embedding, embedding)
        assert np.shares_memory(X["en"].counts.data, counts.data)
        embedding[0, 0] = counts[0, 0] = 5
        counts.sum_duplicates()
        present[0], index[0] = False, 9
        assert X.present["en"][0] and X.index[0] == 0

    def test_deep_copy_of_the_unchangeable_is_itself(self, make_multiview):
        X = make_multiview()
        assert copy.deepcopy({"X": X})["X"] is X


class TestComparing:
    def test_equal_by_content(self, make_multiview):
        assert make_multiview() == make_multiview()
        image = np.where(
            make_multiview().present["image"][:, None], 1, np.nan
        ) * np.ones(3)
        assert make_multiview(embeddings={"image": image}) == make_multiview(
            embeddings={"image": image}
        )
        stored = sparse.csr_array(
            ([2, 1, 0, 4, 1, 1, 1], [0, 2, 1, 1, 0, 1, 2], [0, 2, 3, 4, 7])
        )
        assert make_multiview(counts={"en": stored}) == make_multiview()

    def test_order_of_views_is_no_difference(self, make_multiview):
        assert make_multiview()[["image", "en"]] == make_multiview()

    @pytest.mark.parametrize(
        "changes",
        [
            {"index": [0, 1, 2, 9]},
            {"index": list("abcd")},
            {"present": {"image": None}},
            {"counts": {"en": COUNTS + 1}},
            {"counts": {"en": None}, "vocabularies": {"en": None}},
            {"vocabularies": {"en": ["brush", "layer", "other"]}},
            {"vocabularies": {"en": None}},
            {"embeddings": {"en": np.ones((4, 2))}},
            {"embeddings": {"en": np.ones((4, 3))}},
            {"embeddings": {"en": None}},
        ],
    )
    def test_every_part_counts(self, make_multiview, changes):
        assert make_multiview(**changes) != make_multiview()

    def test_unequal_to_other_sizes_views_and_types(self, make_multiview):
        X = make_multiview()
        assert X[:2] != X and X[["en"]] != X and X != "X"
        assert (np.ones((4, 2)) == X) is False

    def test_shapes_count_without_words_and_rows(self, make_multiview):
        plain = make_multiview(vocabularies={"en": None})
        narrow = make_multiview(counts={"en": COUNTS[:, :2]}, vocabularies={"en": None})
        assert plain != narrow
        wide = make_multiview(embeddings={"en": np.ones((4, 3))})
        assert make_multiview()[:0] != wide[:0]

    def test_arrays_do_not_take_it_apart(self, make_multiview):
        with pytest.raises(TypeError, match="not an array; use one of a view"):
            np.asarray(make_multiview())

    @pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
    def test_pickle(self, make_multiview, protocol, small_multiview):
        for X in (
            make_multiview(),
            small_multiview,
            small_multiview[::-7],
            make_multiview()[:0],
        ):
            assert pickle.loads(pickle.dumps(X, protocol)) == X


class TestConcat:
    def test_halves_make_the_whole(self, small_multiview):
        X = small_multiview
        assert MultiView.concat([X[:20], X[20:21], X[:0], X[21:]]) == X
        assert MultiView.concat(iter([X])) == X

    def test_a_view_that_a_part_lacks_is_absent(self, make_multiview):
        X = make_multiview(index=list("abcd"))
        both = MultiView.concat([X[["image"]], X[["en"]][1:]])
        assert both.view_names == ("image", "en")
        assert both.index.tolist() == ["a", "b", "c", "d", "b", "c", "d"]
        image, en = X.present["image"].tolist(), [False] * 4 + [True] * 3
        assert both.present["image"].tolist() == [*image, False, False, False]
        assert both.present["en"].tolist() == en
        assert_array_equal(both["en"].embedding[4:], X["en"].embedding[1:])
        assert_array_equal(both["en"].counts.toarray()[4:], COUNTS[1:])
        assert both["en"].counts[:4].nnz == 0
        assert both["image"].embedding.dtype == np.float32
        assert both[4:][["en"]] == X[1:][["en"]]

    def test_counts_alone(self):
        X = MultiView.from_arrays(counts={"en": COUNTS})
        other = MultiView.from_arrays(counts={"de": COUNTS[:, :2]})
        both = MultiView.concat([X, other])
        assert both["en"].embedding is None and both["en"].vocabulary is None
        assert both[:4][["en"]] == X and both[4:][["de"]] == other
        assert repr(X).splitlines()[1] == "  en  4 present  counts of 3 words, 6 cells"

    def test_labels_of_two_kinds_keep_them(self, make_multiview):
        X = make_multiview()
        words, halves = list("abcd"), [0.5, 1.5, 2.5, 3.5]
        both = MultiView.concat([X, make_multiview(index=words)])
        assert both.index.tolist() == [0, 1, 2, 3, *words]
        both = MultiView.concat([X, make_multiview(index=halves)])
        assert both.index.tolist() == [0, 1, 2, 3, *halves]

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"embeddings": {"en": np.ones((4, 5))}}, "'en': width 5 in one part, 2"),
            ({"embeddings": {"en": None}}, "'en': one part has an embedding"),
            (
                {"counts": {"en": None}, "vocabularies": {"en": None}},
                "'en': one part has an embedding or",
            ),
            ({"vocabularies": {"en": None}}, "'en': parts have different vocabularies"),
            ({"vocabularies": {"en": WORDS[::-1]}}, "'en': .* different vocabularies"),
            (
                {"counts": {"en": COUNTS[:, :2]}, "vocabularies": {"en": None}},
                "'en': parts differ in their number of words",
            ),
        ],
    )
    def test_parts_must_agree(self, make_multiview, changes, message):
        with pytest.raises(ValueError, match=message):
            MultiView.concat([make_multiview(), make_multiview(**changes)])

    def test_takes_multiviews(self, make_multiview):
        X = make_multiview()
        for parts in ([], X, [X, "X"], ["en"]):
            with pytest.raises(TypeError, match="non-empty sequence of MultiView"):
                MultiView.concat(parts)


def test_escapes_of_names_are_not_printed():
    X = MultiView.from_arrays({"a\x1b]52;c;YQ==\x07": np.ones((2, 2))})
    assert r"  a\x1b]52;c;YQ==\x07  2 present" in repr(X)
    assert "\x1b" not in repr(X)


def test_repr(make_multiview, small_multiview):
    assert repr(small_multiview).splitlines() == [
        "MultiView of 60 rows and 3 views",
        "  en     59 present  embedding 8 x float32  counts of 12 words, "
        f"{small_multiview['en'].counts.nnz} cells",
        "  de     58 present  embedding 8 x float32  counts of 15 words, "
        f"{small_multiview['de'].counts.nnz} cells",
        "  image  48 present  embedding 5 x float32",
    ]
    assert repr(make_multiview()[:1][["image"]]).startswith(
        "MultiView of 1 row and 1 view\n"
    )
    assert repr(make_multiview()[:0]).splitlines()[1].startswith("  en     0 present")
    many = MultiView.from_arrays(embeddings={"a": np.ones((12_345, 1))})
    assert "12,345 rows" in repr(many) and "12,345 present" in repr(many)
