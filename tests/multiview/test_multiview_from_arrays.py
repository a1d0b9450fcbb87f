"""MultiView.from_arrays: what it accepts, keeps and refuses."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from sklearn_m3l import MultiView, View

WORDS = ["brush", "layer", "path"]
COUNTS = np.array([[2, 0, 1], [0, 0, 0], [0, 4, 0], [1, 1, 1]])


class TestBuilding:
    def test_holds_what_it_was_given(self, make_multiview):
        X = make_multiview(index=[10, 20, 30, 40])
        assert X.shape == (4, 2) and len(X) == 4
        assert X.view_names == ("en", "image") == tuple(X.views)
        assert_array_equal(X.index, [10, 20, 30, 40])
        assert_array_equal(X.present["en"], [True] * 4)
        assert_array_equal(X.present["image"], [True, False, True, False])
        en, image = X["en"], X["image"]
        assert isinstance(en, View) and len(en) == 4
        assert_array_equal(en.embedding, np.arange(8.0).reshape(4, 2))
        assert_array_equal(en.counts.toarray(), COUNTS)
        assert_array_equal(en.vocabulary, WORDS)
        assert en.is_text and not image.is_text
        assert (en.width, image.width) == (2, 3)
        assert image.counts is None and image.vocabulary is None
        assert image.embedding.dtype == np.float32

    def test_index_defaults_to_positions(self, make_multiview):
        assert_array_equal(make_multiview().index, [0, 1, 2, 3])

    @pytest.mark.parametrize(
        "index",
        [["a", "b", "c", "d"], pd.Index(["a", "b", "c", "d"]), ["a", 2, "c", 4]],
        ids=["str", "pandas", "mixed"],
    )
    def test_index_keeps_labels_and_their_types(self, make_multiview, index):
        assert make_multiview(index=index).index.tolist() == list(index)

    def test_views_come_in_the_order_in_which_they_are_named(self):
        X = MultiView.from_arrays(
            embeddings={"z": np.ones((1, 1))},
            counts={"b": [[1]], "z": [[1]], "a": [[1]]},
        )
        assert X.view_names == ("z", "b", "a")

    def test_counts_alone_serve_as_vectors(self):
        view = MultiView.from_arrays(counts={"en": COUNTS})["en"]
        assert view.embedding is None and view.width == 3
        vectors = view.read(slice(1, 4))
        assert vectors.dtype == np.float32
        assert_array_equal(vectors, COUNTS[1:])

    @pytest.mark.parametrize(
        "convert",
        [
            sparse.csr_array,
            sparse.csr_matrix,
            sparse.csc_array,
            sparse.coo_matrix,
            np.ndarray.tolist,
            pd.DataFrame,
            lambda c: c.astype(np.float32),
            lambda c: c.astype(np.uint8),
        ],
    )
    def test_any_counts_become_csr(self, make_multiview, convert):
        counts = make_multiview(counts={"en": convert(COUNTS)})["en"].counts
        assert isinstance(counts, sparse.csr_array) and counts.has_canonical_format
        assert_array_equal(counts.toarray(), COUNTS)

    @pytest.mark.parametrize("dtype", [np.int32, np.int64])
    def test_counts_keep_their_index_dtype_and_dtype(self, make_multiview, dtype):
        given = sparse.csr_array(COUNTS.astype(np.float32))
        given.indices = given.indices.astype(dtype)
        given.indptr = given.indptr.astype(dtype)
        X = make_multiview(counts={"en": given})
        assert X["en"].counts.indptr.dtype == dtype
        assert X["en"].counts.dtype == np.float32
        assert_array_equal(X[[3, 0]]["en"].counts.toarray(), COUNTS[[3, 0]])

    def test_unsorted_and_repeated_cells_are_summed_in_a_copy(self, make_multiview):
        given = sparse.csr_array(([1, 2, 4], [2, 0, 2], [0, 3]), shape=(1, 3))
        X = MultiView.from_arrays(counts={"en": given})
        assert X["en"].counts.nnz == 2
        assert_array_equal(X["en"].counts.toarray(), [[2, 0, 5]])
        assert given.nnz == 3 and not given.has_canonical_format

    def test_fractional_and_boolean_counts(self, make_multiview):
        fractional = make_multiview(counts={"en": COUNTS / 4})["en"].counts
        assert fractional.sum() == COUNTS.sum() / 4
        boolean = make_multiview(counts={"en": COUNTS > 0})["en"].counts
        assert boolean.dtype.kind == "i" and boolean.sum() == (COUNTS > 0).sum()
        cells = sparse.coo_array(([True, True], ([1, 1], [2, 2])), shape=(4, 3))
        assert make_multiview(counts={"en": cells})["en"].counts[1, 2] == 2

    def test_whole_numbers_become_float_embeddings(self, make_multiview):
        X = make_multiview(embeddings={"en": [[1, 2], [3, 4], [5, 6], [7, 8]]})
        assert X["en"].embedding.dtype == np.float32
        assert_array_equal(X["en"].embedding[3], [7, 8])

    @pytest.mark.parametrize("dtype", [object, None, "U20"])
    def test_vocabulary_becomes_strings(self, make_multiview, dtype):
        X = make_multiview(vocabularies={"en": np.array(WORDS, dtype=dtype)})
        assert X["en"].vocabulary.dtype.kind == "U"
        assert X["en"].vocabulary.tolist() == WORDS

    def test_vocabulary_may_be_the_names_of_a_vectorizer(self):
        from sklearn.feature_extraction.text import CountVectorizer

        vectorizer = CountVectorizer()
        counts = vectorizer.fit_transform(["a brush", "path of the brush", "Ebene"])
        names = vectorizer.get_feature_names_out()
        X = MultiView.from_arrays(counts={"en": counts}, vocabularies={"en": names})
        assert X["en"].vocabulary.tolist() == list(names)

    def test_numpy_strings_are_names(self):
        X = MultiView.from_arrays(embeddings={np.str_("en"): np.ones((2, 1))})
        assert type(X.view_names[0]) is str
        assert type(X[[np.str_("en")]].view_names[0]) is str
        assert X[np.str_("en")] is X["en"]

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
    def test_absent_rows_may_hold_anything(self, make_multiview, bad):
        image = np.ones((4, 3))
        image[[1, 3], 2] = bad
        X = make_multiview(embeddings={"image": image})
        assert_array_equal(X["image"].embedding, image)

    def test_nones_count_as_not_given(self, make_multiview):
        X = make_multiview(
            embeddings={"en": None, "image": np.ones((4, 3))},
            counts={"en": COUNTS, "image": None},
            present={"en": None},
        )
        assert X["en"].embedding is None and X["image"].counts is None
        assert X.present["en"].all()
        with pytest.raises(ValueError, match="needs an embedding or counts"):
            MultiView.from_arrays({"en": None})

    def test_rows_without_any_view_and_no_rows_are_legal(self, make_multiview):
        none = np.zeros(4, dtype=bool)
        assert len(make_multiview(present={"en": none, "image": none})) == 4
        assert make_multiview()[:0].shape == (0, 2)
        X = MultiView.from_arrays(counts={"en": np.empty((0, 3))}, index=[])
        assert X.shape == (0, 1) and X["en"].read(slice(None)).shape == (0, 3)


BAD = np.ones((4, 2))
NAN, INFINITE, HUGE = BAD.copy(), BAD.copy(), BAD.copy()
NAN[2, 1], INFINITE[3, 0], HUGE[1, 1] = np.nan, -np.inf, 1e300
NEGATIVE = sparse.csr_array(np.array([[0, 0], [0, 0], [3, -1], [1, 1]]))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"embeddings": {"image": BAD[:3]}},
            ValueError,
            "'image': embedding has 3 rows.* 4 in view 'en'",
        ),
        ({"counts": {"en": COUNTS[:2]}}, ValueError, "'en': counts have 2 rows.* 4"),
        ({"embeddings": {"image": NAN}}, ValueError, "'image'.*row 2"),
        ({"embeddings": {"en": INFINITE}}, ValueError, "'en'.*infinity.*row 3"),
        ({"embeddings": {"en": HUGE}}, ValueError, "'en'.*float32.*row 1"),
        (
            {"embeddings": {"en": BAD.astype(str)}},
            TypeError,
            "'en'.*numbers, not dtype <U",
        ),
        ({"embeddings": {"en": BAD.astype(object)}}, TypeError, "'en'.*dtype object"),
        ({"embeddings": {"en": BAD * 1j}}, TypeError, "'en'.*dtype complex"),
        ({"embeddings": {"en": sparse.csr_array(BAD)}}, TypeError, "'en'.*sparse"),
        ({"embeddings": {"en": BAD[:, 0]}}, ValueError, r"'en'.*shape .*not \(4,\)"),
        ({"embeddings": {"en": BAD[:, :0]}}, ValueError, r"'en'.*not \(4, 0\)"),
        (
            {"embeddings": {"en": [[1.0, 2.0], [3.0]]}},
            ValueError,
            "'en': the embedding .* equal length",
        ),
        ({"embeddings": {"": BAD}}, TypeError, "non-empty strings.* ''"),
        ({"embeddings": {0: BAD}}, TypeError, "strings, but embeddings has 0"),
        ({"embeddings": BAD}, TypeError, "embeddings must be a mapping.*ndarray"),
        ({"counts": [COUNTS]}, TypeError, "counts must be a mapping.*list"),
        ({"present": BAD}, TypeError, "present must be a mapping.*ndarray"),
        ({"vocabularies": WORDS}, TypeError, "vocabularies must be a mapping.*list"),
        ({"counts": {"en": NEGATIVE}}, ValueError, "'en'.*negative count in row 2"),
        ({"counts": {"en": -COUNTS}}, ValueError, "'en'.*negative count in row 2"),
        ({"counts": {"en": COUNTS * np.nan}}, ValueError, "'en'.*NaN"),
        ({"counts": {"en": COUNTS.astype(str)}}, TypeError, "'en'.*counts.*dtype <U"),
        ({"counts": {"en": COUNTS[None]}}, ValueError, r"'en'.*not \(1, 4, 3\)"),
        ({"counts": {"en": [[1], [1, 2]]}}, ValueError, "'en': counts .* equal length"),
        ({"counts": {"en": COUNTS * 1j}}, TypeError, "'en'.*complex"),
        ({"counts": {"en": COUNTS[:, 0]}}, ValueError, r"'en': counts .*not \(4,\)"),
        ({"counts": {"en": COUNTS[:, :0]}}, ValueError, r"'en'.*not \(4, 0\)"),
        ({"vocabularies": {"en": WORDS[:2]}}, ValueError, "'en'.*2 words.* 3 columns"),
        ({"vocabularies": {"en": ["a", "b", "a"]}}, ValueError, "'en'.*repeats 'a'"),
        ({"vocabularies": {"en": ["a", "b", 3]}}, TypeError, "'en'.*strings"),
        ({"vocabularies": {"en": {"a": 0}}}, TypeError, "'en'.*strings"),
        ({"vocabularies": {"fr": WORDS}}, ValueError, "vocabularies.*'fr'.*no counts"),
        (
            {"vocabularies": {"image": WORDS}},
            ValueError,
            "vocabularies.*'image'.*counts",
        ),
        ({"present": {"fr": [True] * 4}}, ValueError, "present.*'fr'"),
        ({"present": {"en": [1, 0, 1, 1]}}, TypeError, "'en'.*dtype int64, not bool"),
        ({"present": {"en": [True] * 3}}, ValueError, r"'en'.*\(3,\).* 4 rows"),
        ({"present": {"en": True}}, ValueError, r"'en'.*shape \(\)"),
        ({"index": [1, 2]}, ValueError, r"index has shape \(2,\).* 4 rows"),
        (
            {"embeddings": None, "counts": None, "vocabularies": None},
            ValueError,
            "needs",
        ),
    ],
)
def test_bad_arrays_are_refused_by_name(make_multiview, changes, error, message):
    with pytest.raises(error, match=message):
        make_multiview(**changes)
