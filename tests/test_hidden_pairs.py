"""The benchmark that hides which documents belong together."""

import numpy as np
import pytest

from benchmarks.hidden_pairs import distinct, hide, measure_pairs
from sklearn_m3l import mine_tuples
from sklearn_m3l.datasets import load_gimp_help


@pytest.fixture(scope="module")
def pages():
    return distinct(load_gimp_help("test").data)


@pytest.mark.parametrize("alone", [0.0, 0.5, 0.9])
def test_a_share_of_documents_has_no_counterpart(pages, alone):
    corpus, page_of, both = hide(pages, alone, 0)
    english, german = (page_of[corpus.present[name]] for name in ("en", "de"))
    assert not (corpus.present["en"] & corpus.present["de"]).any()
    assert set(both) == set(english) & set(german)
    assert set(english) | set(german) == set(range(len(pages)))
    assert len(both) / len(english) == pytest.approx(1 - alone, abs=0.02)
    for name in ("en", "de"):
        rows = np.flatnonzero(corpus.present[name])
        found = corpus[name].embedding[rows]
        np.testing.assert_array_equal(found, pages[name].embedding[page_of[rows]])


def test_pairs_are_judged_by_what_was_hidden(pages):
    corpus, page_of, both = hide(pages, 0.1, 0)
    figures = measure_pairs(mine_tuples(corpus), page_of, both)
    assert figures["precision at .5"] > 0.95
    assert 0.8 < figures["recall"] <= 1
    wrong = measure_pairs(mine_tuples(corpus), page_of[::-1], both)
    assert wrong["recall"] < 0.2 and "precision at .5" not in wrong
