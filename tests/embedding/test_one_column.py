"""One column of a table is its cells for every encoder; several are an error."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer

from sklearn_m3l.embedding import (
    Doc2VecEncoder,
    ImageStatisticsEncoder,
    ImageView,
    KeyedVectorsEncoder,
    LsaEncoder,
    StaticEncoder,
    TextView,
    WordVectorizer,
)

TEXTS = ["brush and ink", "the layer mask", "brush and mask", "ink and ink"]
PICTURES = [np.full((6, 8), level) for level in (0.0, 0.3, 0.6, 1.0)]
KINDS = [
    "lsa", "static", "doc2vec", "vectors", "words", "text", "pictures", "image",
]  # fmt: skip


@pytest.fixture(params=KINDS)
def encoder(request, tmp_path):
    """Return an encoder of each kind."""
    (tmp_path / "a.vec").write_text("2 2\nbrush 1 0\nink 0 1\n")
    return {
        "lsa": LsaEncoder(2, random_state=0),
        "static": StaticEncoder(),
        "doc2vec": Doc2VecEncoder(3, min_count=1, max_iter=2, random_state=0),
        "vectors": KeyedVectorsEncoder(tmp_path / "a.vec"),
        "words": WordVectorizer(language="en"),
        "text": TextView(LsaEncoder(2, random_state=0), language="en"),
        "pictures": ImageStatisticsEncoder(),
        "image": ImageView(),
    }[request.param]


@pytest.fixture
def cells(encoder):
    return (
        PICTURES if isinstance(encoder, (ImageStatisticsEncoder, ImageView)) else TEXTS
    )


def encode(encoder, column):
    """Return what an encoder makes of a column, as an array."""
    encoded = clone(encoder).fit(column).transform(column)
    encoded = getattr(encoded, "embedding", encoded)
    return encoded.toarray() if hasattr(encoded, "toarray") else encoded


def columns(cells):
    """Return a column as tables and arrays of one column."""
    array = np.empty((len(cells), 1), dtype=object)
    array[:, 0] = cells
    yield pd.DataFrame({"en": cells})
    yield array
    if cells is TEXTS:
        yield pl.DataFrame({"en": cells})
        yield np.array(cells)[:, np.newaxis]


def test_one_column_is_its_cells(encoder, cells):
    expected = encode(encoder, cells)
    assert len(expected) == len(cells)
    for column in columns(cells):
        np.testing.assert_array_equal(encode(encoder, column), expected)


def test_several_columns_are_an_error(encoder, cells):
    fitted = clone(encoder).fit(cells)
    two = pd.DataFrame({"en": cells, "de": cells})
    for table in (two, two.to_numpy(dtype=object)):
        for method in (clone(encoder).fit, fitted.transform):
            with pytest.raises(ValueError, match="expected one column"):
                method(table)


def test_a_column_transformer(encoder, cells):
    if isinstance(encoder, (TextView, ImageView)):
        pytest.skip("a View is not an array")
    expected = encode(encoder, cells)
    df = pd.DataFrame({"a": cells, "b": cells})
    both = ColumnTransformer([("a", encoder, ["a"]), ("b", clone(encoder), "b")])
    found = both.fit_transform(df)
    found = found.toarray() if hasattr(found, "toarray") else found
    np.testing.assert_array_equal(found, np.hstack([expected, expected]))
