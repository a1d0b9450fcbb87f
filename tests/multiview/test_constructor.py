"""MultiView({"en": View(...)}): the constructor, its checks, and article ids."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.model_selection import GroupKFold, train_test_split

from sklearn_m3l import MultiView, View

WORDS = ["brush", "layer", "path"]
COUNTS = [[2, 0, 1], [0, 0, 0], [0, 4, 0], [1, 1, 1]]
VECTORS = [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0]]
IMAGE = View(np.full((4, 3), -1, np.float32), present=[True, False, True, False])


def build(index=None, groups=None, **views):
    """Return 4 rows of English, and of the views that are given."""
    english = View(VECTORS, COUNTS, WORDS)
    return MultiView({"en": english, **views}, index=index, groups=groups)


class TestViews:
    def test_lists_become_the_arrays_of_from_arrays(self, make_multiview):
        assert build(image=IMAGE) == make_multiview()
        assert build()["en"].embedding.dtype == np.float64
        assert isinstance(build()["en"].counts, sparse.csr_array)
        assert build()["en"].present.all()

    def test_views_keep_their_order(self):
        X = build(de=View(VECTORS), a=View(counts=COUNTS))
        assert X.view_names == ("en", "de", "a")

    def test_a_view_of_another_multiview_is_taken_as_it_is(self):
        X = build(groups=list("aabb"))
        again = MultiView(X.views, index=list("wxyz"), groups=[1, 1, 2, 3])
        assert again["en"] is X["en"]
        assert again.index.tolist() == list("wxyz")
        assert again.groups.tolist() == [1, 1, 2, 3]

    def test_rows_on_disk_stay_there(self, tmp_path):
        np.save(tmp_path / "en.npy", np.array(VECTORS))
        view = View(np.load(tmp_path / "en.npy", mmap_mode="r"))
        X = MultiView({"en": view})
        assert "on disk" in repr(X) and "on disk" in repr(X[[2, 0]])

    def test_a_view_by_hand_knows_its_size(self):
        assert len(View(VECTORS)) == len(View(counts=sparse.csr_array(COUNTS))) == 4
        assert View(counts=COUNTS).is_text and not View(VECTORS).is_text

    def test_the_arrays_of_the_caller_stay_writable(self):
        vectors = np.array(VECTORS)
        X = MultiView({"en": View(vectors)})
        vectors[0] = 9
        with pytest.raises(ValueError, match="read-only"):
            X["en"].embedding[0] = 1

    def test_views_are_pickled_alone(self):
        for view in (build()["en"], View(np.array(VECTORS), present=[True] * 4)):
            copied = pickle.loads(pickle.dumps(view))
            assert MultiView({"en": copied}) == MultiView({"en": view})

    @pytest.mark.parametrize(
        ("views", "error", "message"),
        [
            ({}, ValueError, "at least one view"),
            (None, TypeError, r"views must be a mapping.*View\(embedding=.*NoneType"),
            (pd.DataFrame({"en": [1]}), TypeError, "mapping.*not DataFrame"),
            ({"en": np.ones((2, 2))}, TypeError, "'en' must be a View.* not ndarray"),
            ({"en": None}, TypeError, "'en' must be a View.* not NoneType"),
            ({"": View(VECTORS)}, TypeError, "non-empty strings, but views has ''"),
            ({3: View(VECTORS)}, TypeError, "non-empty strings, but views has 3"),
            ({"en": View()}, ValueError, "'en' needs an embedding or counts"),
            (
                {"en": View(VECTORS, vocabulary=WORDS)},
                ValueError,
                "'en': a vocabulary needs counts",
            ),
            (
                {"en": View([[1, 2], [3]])},
                ValueError,
                "'en': the embedding.*equal length",
            ),
            ({"en": View([["a"]])}, TypeError, "'en': the embedding.*numbers"),
            ({"en": View([[np.nan]])}, ValueError, "'en'.*NaN or infinity.*row 0"),
            ({"en": View(counts=[[1], [-1]])}, ValueError, "'en'.*negative.*row 1"),
            (
                {"en": View(VECTORS, COUNTS[:3])},
                ValueError,
                "'en': counts have 3 rows, but the embedding has 4",
            ),
            (
                {"en": View(VECTORS), "de": View(counts=COUNTS[:3])},
                ValueError,
                "'de': counts have 3 rows, but there are 4 in view 'en'",
            ),
            (
                {"en": View(VECTORS), "de": View(VECTORS, present=[True])},
                ValueError,
                r"'de': present has shape \(1,\)",
            ),
            (
                {"en": build()["en"], "de": build()[:3]["en"]},
                ValueError,
                "'de': it has 3 rows, but there are 4 in view 'en'",
            ),
        ],
    )
    def test_bad_views_are_refused_by_name(self, views, error, message):
        with pytest.raises(error, match=message):
            MultiView(views)

    def test_index_and_groups_are_named(self):
        with pytest.raises(TypeError, match="positional"):
            MultiView({"en": View(VECTORS)}, list("abcd"))


class TestGroups:
    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            (["a", "a", "b", "c"], ["a", "a", "b", "c"]),
            ([3, 3, -1, 0], [3, 3, -1, 0]),
            (np.array([3, 3, 1, 0], dtype=np.uint8), [3, 3, 1, 0]),
            ([0.5, 0.5, 2.0, 3.0], [0.5, 0.5, 2.0, 3.0]),
            ([True, True, False, True], [True, True, False, True]),
            (np.array(["a", "a", "b", "c"], dtype=object), ["a", "a", "b", "c"]),
            (pd.Series(["a", "a", "b", "c"], index=[9, 8, 7, 6]), list("aabc")),
            (pd.Series([1, 1, 2, 3], dtype="Int64"), [1, 1, 2, 3]),
            (pd.Categorical(["a", "a", "b", "c"]), list("aabc")),
            (pd.Index(["a", "a", "b", "c"], dtype="string"), list("aabc")),
            (pl.Series(["a", "a", "b", "c"]), list("aabc")),
        ],
        ids=lambda given: type(given).__name__,
    )
    def test_of_any_array_keep_their_type(self, given, kept):
        X = build(groups=given)
        assert X.groups.tolist() == kept and X.groups.dtype.kind in "iufbU"

    def test_are_none_by_default(self, make_multiview):
        for X in (build(), make_multiview(), make_multiview()[:2]):
            assert X.groups is None

    def test_of_from_arrays(self, make_multiview):
        X = make_multiview(groups=list("aabc"))
        assert build(image=IMAGE, groups=list("aabc")) == X

    def test_are_kept_by_all_selections(self):
        X = build(de=View(VECTORS), groups=list("aabc"))
        assert X[[3, 0]].groups.tolist() == ["c", "a"]
        assert X[np.array([False, True, True, False])].groups.tolist() == ["a", "b"]
        assert X[1:3, ...].groups.tolist() == ["a", "b"]
        assert X[["de"]].groups.tolist() == list("aabc")
        assert X[:0].groups.tolist() == []
        assert [row.groups[0] for row in X] == list("aabc")
        head, tail = train_test_split(X, random_state=0)
        assert sorted([*head.groups, *tail.groups]) == list("aabc")

    def test_cannot_be_changed(self):
        given = np.arange(4)
        X = build(groups=given)
        given[0] = 3
        assert X.groups.tolist() == [0, 1, 2, 3]
        with pytest.raises(ValueError, match="read-only"):
            X.groups[0] = 1
        with pytest.raises(AttributeError, match="immutable"):
            X.groups = None

    def test_split_by_article(self):
        X = build(groups=list("abab"))
        for train, test in GroupKFold(2).split(X, groups=X.groups):
            assert not {*X[train].groups} & {*X[test].groups}

    def test_count_in_comparing(self):
        X = build(groups=list("aabc"))
        assert build(groups=np.array(list("aabc"), dtype=object)) == X
        assert build() != X and build() != X
        assert build(groups=list("abbc")) != X
        assert build(groups=[1, 1, 2, 3]) != build(groups=["1", "1", "2", "3"])

    def test_survive_a_pickle(self):
        for groups in (None, list("aabc"), [1, 1, 2, 3]):
            X = build(groups=groups)
            assert pickle.loads(pickle.dumps(X)) == X
            assert pickle.loads(pickle.dumps(X[1:])) == X[1:]

    def test_are_counted_in_the_repr(self):
        first = repr(build(groups=list("aabc"))).splitlines()[0]
        assert first == "MultiView of 4 rows (3 articles) and 1 view"
        first = repr(build(groups=list("aabc"))[:1]).splitlines()[0]
        assert first == "MultiView of 1 row (1 article) and 1 view"
        assert "article" not in repr(build())

    @pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT, "", " "])
    def test_missing_ids_name_the_rows(self, missing):
        message = r"no id in 1 of 4 rows: 2; give every row"
        with pytest.raises(ValueError, match=message):
            build(groups=["a", "b", missing, "a"])
        with pytest.raises(ValueError, match=r"in 2 of 4 rows: 0 \('w'\), 2 \('y'\);"):
            build(groups=[missing, "b", missing, "a"], index=list("wxyz"))

    @pytest.mark.parametrize(
        "groups",
        [
            np.array([1.0, np.nan, 2.0, 3.0]),
            pd.Series([1, None, 2, 3]),
            pd.Series([1, None, 2, 3], dtype="Int64"),
            pd.Categorical(["a", None, "b", "c"]),
            pl.Series([1, None, 2, 3]),
        ],
        ids=["numpy", "pandas", "nullable", "categories", "polars"],
    )
    def test_missing_ids_of_any_array(self, groups):
        with pytest.raises(ValueError, match="no id in 1 of 4 rows: 1"):
            build(groups=groups)

    def test_many_missing_ids_are_not_all_listed(self):
        view = View(np.ones((30, 1)))
        with pytest.raises(ValueError, match="25 of 30 rows: 5, .*, 14 and 15 more"):
            MultiView({"en": view}, groups=[*range(5), *[None] * 25])

    @pytest.mark.parametrize(
        ("groups", "error", "message"),
        [
            (["a", 1, "b", 2], TypeError, "ids of type int and str"),
            ([1, 2.5, 3, 4], TypeError, "ids of type float and int"),
            ([b"a", b"a", b"b", b"c"], TypeError, "strings or numbers, not bytes"),
            ([("a", 1)] * 4, TypeError, "strings or numbers, not tuple"),
            (list("abc"), ValueError, r"groups has shape \(3,\).* 4 rows"),
            (np.ones((4, 1)), ValueError, r"groups has shape \(4, 1\).* 4 rows"),
            ("page", TypeError, "one article id per row, not str"),
            ([2**64, 1, 2, 3], TypeError, "more than 64 bits"),
            (7, TypeError, "one article id per row, not int"),
        ],
    )
    def test_bad_ids(self, groups, error, message):
        with pytest.raises(error, match=message):
            build(groups=groups)


class TestConcat:
    def test_joins_ids(self):
        X = build(groups=list("aabc"))
        both = MultiView.concat([X[2:], X[:0], X[:2]])
        assert both.groups.tolist() == list("bcaa")
        longer = MultiView.concat([X, build(groups=["article"] * 4)])
        assert longer.groups.tolist() == [*"aabc", *["article"] * 4]
        assert MultiView.concat([build(), build()]).groups is None
        assert MultiView.concat([X[:0], X[:0]]).groups.tolist() == []

    def test_refuses_tables_with_and_without_ids(self):
        X = build(groups=list("aabc"))
        for parts in ([X, build()], [build(), X]):
            with pytest.raises(ValueError, match=r"part \d has no article ids"):
                MultiView.concat(parts)

    def test_refuses_ids_of_several_types(self):
        parts = [build(groups=list("aabc")), build(groups=[1, 1, 2, 3])]
        with pytest.raises(TypeError, match="of type int and str"):
            MultiView.concat(parts)


def test_labels_are_kept_without_ids():
    assert_array_equal(build(index=list("wxyz"))[1:].index, list("xyz"))
