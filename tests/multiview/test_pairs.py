"""Counterparts of documents: `mine_pairs` and `mine_tuples`."""

import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import linear_sum_assignment
from sklearn.decomposition import PCA

from sklearn_m3l import MultiView, PolylingualLDA, View, mine_pairs, mine_tuples
from sklearn_m3l.datasets import load_emoji, load_gimp_help


@pytest.fixture(scope="module")
def pages():
    """Return each page of the test part of the GIMP manual once, with its picture."""
    X = load_gimp_help("test").data
    return X[np.sort(np.unique(X.groups, return_index=True)[1])]


@pytest.fixture(scope="module")
def hidden(pages):
    """Return the pages with one language per row, in another order."""
    order = np.random.RandomState(0).permutation(len(pages))
    return MultiView.concat([pages[["en"]], pages[order][["de"]]])


@pytest.fixture(scope="module")
def lsa():
    """Return embeddings of the same pages in each language, which are not aligned."""
    from sklearn_m3l.embedding import LsaEncoder

    frame = load_gimp_help("test").frame.drop_duplicates("page")
    encoder = LsaEncoder(30, random_state=0)
    return [encoder.fit_transform(frame[name]) for name in ("en", "de")]


def texts(seed=0, n_rows=60, width=16, noise=0.1):
    """Return embeddings of two languages, row by row of the same documents."""
    random = np.random.RandomState(seed)
    a = random.normal(size=(n_rows, width))
    return a, a + noise * random.normal(size=a.shape)


def one_language_per_row(**embeddings):
    """Return a MultiView of single texts, given by language."""
    return MultiView.concat(
        [
            MultiView({name: View(array, np.ones((len(array), 1)), ["word"])})
            for name, array in embeddings.items()
        ]
    )


def labels_of(X, tuples):
    """Return the labels of the rows that each tuple is from, as a set of sets."""
    columns = np.column_stack(list(tuples.rows.values()))
    return {frozenset(X.index[row[row >= 0]]) for row in columns}


# What is found


def test_counterparts_of_arrays(pages):
    english, german = (pages[name].embedding for name in ("en", "de"))
    order = np.random.RandomState(1).permutation(len(pages))
    pairs, margins = mine_pairs(english, german[order])
    assert_array_equal(pairs[:, 0], np.arange(len(pages)))
    assert_array_equal(np.sort(pairs[:, 1]), np.arange(len(pages)))
    assert (order[pairs[:, 1]] == pairs[:, 0]).mean() > 0.97


def unit(x):
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def margins_of(a, b, n_neighbors):
    cosine = a @ b.T
    near_a = np.sort(cosine, axis=1)[:, -n_neighbors:].mean(axis=1)
    near_b = np.sort(cosine, axis=0)[-n_neighbors:].mean(axis=0)
    return cosine - (near_a[:, np.newaxis] + near_b) / 2


def test_margins_are_those_of_the_paper():
    a, b = map(unit, texts(n_rows=12, noise=0.5))
    # The second array is turned to the best pairs, held back by pairs of equal rows.
    margin = margins_of(a, b, 3)
    mutual = (margin == margin.max(axis=0)) & (margin == margin.max(axis=1)[:, None])
    left, _, right = np.linalg.svd(a.T @ (mutual & (margin > 0)) @ b + 3 * np.eye(16))
    turned = margins_of(a, b @ (left @ right).T, 3)
    assert abs(turned - margin).max() > 0.01
    pairs, margins = mine_pairs(*texts(n_rows=12, noise=0.5), n_neighbors=3)
    assert len(pairs)
    assert_allclose(margins, turned[tuple(pairs.T)], rtol=0, atol=1e-6)


def test_one_way_finds_more_than_optimal_and_optimal_more_than_mutual():
    a, b = texts(noise=1.0)
    optimal, mutual, one_way = (
        {tuple(pair) for pair in mine_pairs(a, b, matching=matching)[0]}
        for matching in ("optimal", "mutual", "one-way")
    )
    assert mutual < one_way
    assert len(mutual) < len(optimal) == len(a) < len(one_way)


@pytest.mark.parametrize("min_margin", [-2, 0, 0.1])
@pytest.mark.parametrize("shape", [(40, 40), (40, 30), (30, 40)])
def test_optimal_pairs_have_the_greatest_sum_of_margins(shape, min_margin):
    a, b = texts(n_rows=40, noise=0.8)
    a, b = a[: shape[0]], b[: shape[1]]
    n = min(shape)
    every, of = mine_pairs(a, b, n_neighbors=n, n_counterparts=n, matching="one-way")
    assert len(every) == np.prod(shape)
    gain = np.zeros(shape)
    gain[tuple(every.T)] = (of - min_margin).clip(0)
    best = gain[linear_sum_assignment(gain, maximize=True)]
    pairs, margins = mine_pairs(a, b, n_neighbors=n, min_margin=min_margin)
    assert_allclose(np.sum(margins - min_margin), best.sum(), rtol=1e-5)
    assert len(pairs) == np.count_nonzero(best)
    for rows in pairs.T:
        assert len(np.unique(rows)) == len(rows)


def test_no_margin_is_large_enough():
    pairs, margins = mine_pairs(*texts(), min_margin=2)
    assert pairs.shape == (0, 2) and margins.shape == (0,)


def test_several_counterparts():
    a, b = texts()
    b = np.concatenate([b, texts(noise=0.2)[1]])
    pairs, _ = mine_pairs(a, b, n_counterparts=2)
    assert_array_equal(np.bincount(pairs[:, 0]), 2)
    assert_array_equal(pairs[:, 1] % len(a), pairs[:, 0])


def test_a_least_margin_keeps_the_surest():
    a, b = texts(noise=1.0)
    pairs, margins = mine_pairs(a, b, matching="mutual")
    least = np.median(margins)
    fewer, more = mine_pairs(a, b, matching="mutual", min_margin=least)
    assert_array_equal(fewer, pairs[margins >= least])
    assert_array_equal(more, margins[margins >= least])


@pytest.mark.parametrize(
    "options",
    [{}, {"matching": "mutual"}, {"matching": "one-way", "n_counterparts": 2}],
)
def test_the_order_of_the_rows_does_not_matter(pages, options):
    english, german = (pages[name].embedding for name in ("en", "de"))
    pairs, margins = mine_pairs(english, german, **options)
    random = np.random.RandomState(2)
    rows, columns = (random.permutation(len(pages)) for _ in range(2))
    other, same = mine_pairs(english[rows], german[columns], **options)
    other = np.column_stack([rows[other[:, 0]], columns[other[:, 1]]])
    order = np.lexsort(other.T[::-1])
    assert_array_equal(other[order], pairs)
    assert_array_equal(same[order], margins)


def test_the_order_of_the_rows_does_not_matter_to_tuples(hidden):
    order = np.random.RandomState(3).permutation(len(hidden))
    shuffled = hidden[order]
    first, second = mine_tuples(hidden), mine_tuples(shuffled)
    labels = [
        {
            (*(int(X.index[r]) if r >= 0 else -1 for r in row), weight)
            for *row, weight in zip(*t.rows.values(), t.weights.tolist(), strict=True)
        }
        for X, t in (
            (MultiView(hidden.views), first),
            (MultiView(shuffled.views, index=order), second),
        )
    ]
    assert labels[0] == labels[1]


# Tuples


def test_every_row_is_in_a_tuple(hidden):
    tuples = mine_tuples(hidden)
    rows = np.concatenate(list(tuples.rows.values()))
    assert_array_equal(np.sort(rows[rows >= 0]), np.arange(len(hidden)))
    for name, view in tuples.data.views.items():
        own = tuples.rows[name]
        assert_array_equal(view.present, own >= 0)
        present = np.flatnonzero(view.present)
        assert_array_equal(
            view.embedding[present], hidden[name].embedding[own[present]]
        )
        difference = view.counts[present] - hidden[name].counts[own[present]]
        assert difference.nnz == 0
        assert view.counts.sum() == hidden[name].counts.sum()


def test_weights_of_tuples(pages):
    # A third of the pages of each language have no counterpart.
    third = len(pages) // 3
    X = MultiView.concat([pages[third:][["en"]], pages[:-third][["de"]]])
    tuples = mine_tuples(X)
    pairs, margins = mine_pairs(
        pages[third:]["en"].embedding, pages[:-third]["de"].embedding
    )
    order = np.argsort(tuples.rows["en"])
    assert_array_equal(tuples.rows["en"][order], pairs[:, 0])
    assert_allclose(tuples.margins[order], margins, rtol=1e-5)
    weights = np.clip(1 + margins / margins[margins > 0].mean(), 0, 1)
    assert_allclose(tuples.weights[order], weights, rtol=1e-5)
    assert 0 < np.mean(weights < 1) < 0.5
    fewer = mine_tuples(X, min_margin=0.1)
    joined = np.all(list(fewer.data.present.values()), axis=0)
    assert 0 < joined.sum() < len(joined)
    assert_array_equal(fewer.weights, joined)
    assert_array_equal(fewer.margins[~joined], 0)


def test_three_languages_become_one_tuple():
    a, b = texts()
    c = texts(noise=0.2)[1]
    X = one_language_per_row(en=a, de=b[::-1], fr=c)
    tuples = mine_tuples(X)
    assert len(tuples.data) == len(a)
    rows = tuples.rows
    assert_array_equal(rows["en"], rows["fr"] - 2 * len(a))
    assert_array_equal(rows["en"], 2 * len(a) - 1 - rows["de"])


def several_languages(pages, noise=1.5):
    """Return pages in two languages and as two others, whose embeddings are noisy."""
    random = np.random.RandomState(0)
    embeddings = {name: pages[name].embedding for name in ("en", "de")}
    for name, array in list(embeddings.items()):
        spread = noise * array.std(axis=0)
        embeddings[f"noisy {name}"] = array + spread * random.normal(size=array.shape)
    return embeddings


def test_pairs_of_several_languages_that_disagree_do_not_chain(pages):
    embeddings = several_languages(pages)
    X = one_language_per_row(**embeddings)
    tuples = mine_tuples(X)
    rows = np.column_stack(list(tuples.rows.values()))
    assert_array_equal(np.sort(rows[rows >= 0]), np.arange(len(X)))
    assert len(np.unique(tuples.data.groups)) == len(tuples.data)
    # Together, the languages find more than two of them alone.
    alone, _ = mine_pairs(embeddings["noisy en"], embeddings["noisy de"])
    right = rows[:, 2] + len(pages) == rows[:, 3]
    assert right.sum() > 1.2 * (alone[:, 0] == alone[:, 1]).sum()
    assert (right & (rows >= 0).all(axis=1)).mean() > 0.95


def test_equal_documents_of_three_languages_all_find_their_counterparts():
    a, b = texts()
    X = one_language_per_row(en=[*a, a[7]], de=b, fr=texts(noise=0.2)[1])
    tuples = mine_tuples(X)
    both = [tuples.rows["en"] == row for row in (7, len(a))]
    for own in both:
        assert_array_equal(np.unique(tuples.rows["de"][own]), [-1, len(a) + 1 + 7])
    assert len(np.unique(tuples.data.groups[np.any(both, axis=0)])) == 1


def test_known_pairs_of_three_languages_stay_even_if_they_chain():
    a, b = texts()
    X = one_language_per_row(en=a, de=b, fr=texts(noise=0.2)[1])
    # Two English texts are said to be counterparts of one German and French text.
    known = {(0, 60), (60, 120), (1, 120)}
    tuples = mine_tuples(X, seed_pairs=list(known))
    rows = np.column_stack(list(tuples.rows.values())).tolist()
    joined = {tuple(row for row in found if row >= 0) for found in rows}
    assert known <= joined


def test_tuples_that_share_a_row_share_an_article():
    a, b = texts()
    b = np.concatenate([b, texts(noise=0.2)[1]])
    X = one_language_per_row(en=a, de=b)
    tuples = mine_tuples(X, n_counterparts=2)
    assert_array_equal(np.bincount(tuples.rows["en"]), 2)
    assert_array_equal(np.bincount(tuples.data.groups), 2)
    assert len(np.unique(tuples.data.groups)) == len(a)


def test_articles_of_the_rows_stay_together(hidden):
    halves = np.arange(len(hidden)) // 2
    X = MultiView(hidden.views, groups=halves)
    tuples = mine_tuples(X)
    for article in np.unique(halves):
        rows = np.flatnonzero(halves == article)
        own = np.any([np.isin(r, rows) for r in tuples.rows.values()], axis=0)
        assert len(np.unique(tuples.data.groups[own])) == 1


def test_pictures_come_with_their_texts(pages):
    with_picture = pages[pages["image"].present]
    X = MultiView.concat([with_picture[["en", "image"]], with_picture[["de"]]])
    tuples = mine_tuples(X)
    assert tuples.data.view_names == ("en", "image", "de")
    assert_array_equal(tuples.rows["en"], tuples.rows["image"])
    assert (tuples.data["image"].present & tuples.data["de"].present).any()


def test_known_tuples_stay(pages, hidden):
    X = MultiView.concat([pages[:20][["en", "de"]], hidden])
    tuples = mine_tuples(X)
    known = tuples.rows["en"] == tuples.rows["de"]
    assert_array_equal(tuples.rows["en"][known], np.arange(20))
    assert_array_equal(tuples.weights[known], 1)


def test_memmaps_stay_on_disk(tmp_path):
    a, b = texts()
    stored = np.lib.format.open_memmap(
        tmp_path / "en.npy", mode="w+", dtype=np.float32, shape=(120, 16)
    )
    stored[:60] = a
    german = np.concatenate([np.zeros_like(b), b])
    present = np.arange(120) < 60
    X = MultiView(
        {
            "en": View(stored, present=present),
            "de": View(german, present=~present),
        }
    )
    tuples = mine_tuples(X, ["en", "de"])
    assert len(tuples.data) == 60
    assert "on disk" in repr(tuples.data)
    assert_array_equal(tuples.rows["de"], np.arange(60, 120))


def test_a_model_takes_mined_tuples(hidden):
    model = PolylingualLDA(5, max_iter=10, random_state=0)
    topics = model.fit(mine_tuples(hidden).data).transform(hidden)
    assert_allclose(topics.sum(axis=1), 1, rtol=1e-5)


# The approximate search


def test_the_approximate_search_misses_little(pages):
    pytest.importorskip("faiss")
    english, german = (pages[name].embedding for name in ("en", "de"))
    exact, approximate = (
        {tuple(pair) for pair in mine_pairs(english, german, algorithm=algorithm)[0]}
        for algorithm in ("exact", "approximate")
    )
    assert len(exact & approximate) > 0.6 * len(exact)
    order = np.random.RandomState(0).permutation(len(pages))
    other = mine_pairs(english[order], german, algorithm="approximate")[0]
    assert {(order[i], j) for i, j in other.tolist()} == approximate


def test_the_approximate_search_finds_as_many_neighbors_as_asked_for():
    pytest.importorskip("faiss")
    a, b = texts()
    pairs, margins = mine_pairs(a, b, n_neighbors=30, algorithm="approximate")
    assert_array_equal(*pairs.T)
    assert np.isfinite(margins).all()


def test_the_approximate_search_needs_an_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(ImportError, match=r"pip install 'sklearn-m3l\[faiss\]'"):
        mine_pairs(*texts(), algorithm="approximate")


# Known pairs


def rotated(width=16):
    a, b = texts(n_rows=120, width=width)
    rotation = np.linalg.qr(np.random.RandomState(5).normal(size=(width, width)))[0]
    return a, b @ rotation


def test_seed_pairs_align_encoders():
    a, b = rotated()
    with pytest.raises(ValueError, match="do not look aligned"):
        mine_pairs(a, b)
    seeds = np.column_stack([np.arange(40), np.arange(40)])
    pairs, margins = mine_pairs(a, b, seed_pairs=seeds)
    assert_array_equal(pairs[:, 0], np.arange(120))
    assert_array_equal(pairs[:, 1], np.arange(120))
    assert_array_equal(margins[:40], 1)
    assert (margins[40:] < 1).all()


@pytest.mark.parametrize("swapped", [False, True])
def test_seed_pairs_of_rows(swapped):
    a, b = rotated()
    X = one_language_per_row(en=a, de=b)
    seeds = np.column_stack([np.arange(40), np.arange(40) + 120])
    tuples = mine_tuples(X, seed_pairs=seeds[:, ::-1] if swapped else seeds)
    assert_array_equal(tuples.rows["en"], np.arange(120))
    assert_array_equal(tuples.rows["de"], np.arange(120, 240))
    assert_array_equal(tuples.weights[:40], 1)


def test_rows_with_both_views_are_seeds_if_named():
    a, b = rotated()
    known = MultiView({"en": View(a[:40]), "de": View(b[:40])})
    X = MultiView.concat(
        [known, MultiView({"en": View(a[40:])}), MultiView({"de": View(b[40:])})]
    )
    seeds = np.column_stack([np.arange(40), np.arange(40)])
    tuples = mine_tuples(X, ["en", "de"], seed_pairs=seeds)
    assert len(tuples.data) == 120
    assert all(view.present.all() for view in tuples.data.views.values())


def test_too_few_seed_pairs():
    a, b = rotated()
    with pytest.raises(ValueError, match=r"2 distinct seed_pairs .* at least 10"):
        mine_pairs(a, b, seed_pairs=[[0, 0], [1, 1], [1, 1]])


@pytest.mark.parametrize("n_seeds", [10, 40])
def test_seed_pairs_that_are_wrong(n_seeds):
    a, b = rotated()
    seeds = np.column_stack([np.arange(n_seeds), np.roll(np.arange(n_seeds), 7)])
    message = rf"{n_seeds} seed_pairs are too few to align 'A' and 'B'.* finds \d+%"
    with pytest.raises(ValueError, match=message):
        mine_pairs(a, b, seed_pairs=seeds)


def test_a_few_known_pairs_leave_aligned_encoders_as_they_are():
    a, b = texts(noise=0.5)
    pairs, margins = mine_pairs(a, b, seed_pairs=[[0, 5], [3, 3]])
    assert_array_equal(pairs[pairs[:, 0] == 0], [[0, 5]])
    assert_array_equal(margins[np.isin(pairs[:, 0], [0, 3])], 1)
    others = ~np.isin(pairs, [0, 5]).any(axis=1)
    assert_array_equal(*pairs[others].T)
    assert others.sum() > 50


def test_seed_pairs_fewer_than_dimensions_find_others_that_find_more(lsa):
    english, german = lsa
    random = np.random.RandomState(0)
    order, seeds = (random.permutation(len(english)) for _ in range(2))
    known = np.column_stack([seeds, np.argsort(order)[seeds]])[:25]
    pairs, _ = mine_pairs(english, german[order], seed_pairs=known)
    assert (order[pairs[:, 1]] == pairs[:, 0]).sum() > 0.7 * len(english)


@pytest.mark.parametrize(
    ("seeds", "message"),
    [
        ([0, 1], r"integers of shape \(n_seeds, 2\)"),
        ([[0.5, 1.0]], "must be integers"),
        ([[0, 60]], r"seed_pairs\[0\] is \[0, 60\], but there are 60 rows"),
        ([[1, 2], [-1, 0]], r"seed_pairs\[1\] is \[-1, 0\]"),
    ],
)
def test_seed_pairs_that_are_none(seeds, message):
    with pytest.raises(ValueError, match=message):
        mine_pairs(*texts(), seed_pairs=seeds)


def test_seed_pairs_of_one_language():
    X = one_language_per_row(**dict(zip(("en", "de"), texts(), strict=True)))
    with pytest.raises(ValueError, match=r"\[0, 1\] of seed_pairs have a view in com"):
        mine_tuples(X, seed_pairs=[[0, 1]])
    with pytest.raises(ValueError, match=r"\[2, 2\] of seed_pairs do not have two"):
        mine_tuples(X, seed_pairs=[[2, 2]])


# Bad input


def test_views_of_different_width():
    a, b = texts()
    with pytest.raises(ValueError, match="'A' has embeddings of width 16, but 'B' of"):
        mine_pairs(a, b[:, 1:])
    X = one_language_per_row(en=a, de=b[:, 1:])
    with pytest.raises(ValueError, match="'en' has embeddings of width 16, but 'de'"):
        mine_tuples(X)


@pytest.mark.parametrize("n_rows", [20, 500])
def test_encoders_that_are_not_aligned(n_rows):
    a, b = texts(0, n_rows, 50)[0], texts(1, n_rows, 50)[0]
    message = r"'A' and 'B' do not look aligned: .* of -?0\.0\d in .* above 0\.14;"
    with pytest.raises(ValueError, match=message) as raised:
        mine_pairs(a, b)
    with pytest.raises(ValueError) as exchanged:
        mine_pairs(b, a)
    assert str(raised.value) == str(exchanged.value)
    X = one_language_per_row(en=a, de=b)
    with pytest.raises(ValueError, match=r"'en' and 'de' .* known pairs as seed_pairs"):
        mine_tuples(X)


@pytest.mark.parametrize("width", [1, 2, 5, 16, 384])
def test_themes_of_unrelated_encoders_are_not_aligned(width):
    # With few dimensions, some directions of two encoders agree by chance.
    n_themes = 4
    for seed in range(5):
        random = np.random.RandomState(seed)
        a, b = (
            random.normal(scale=2, size=(n_themes, width))[np.arange(40) % n_themes]
            + random.normal(size=(40, width))
            for _ in range(2)
        )
        with pytest.raises(ValueError, match="do not look aligned"):
            mine_pairs(a, b)


def test_dimensions_of_one_encoder_in_another_order_are_not_aligned(pages):
    english, german = (pages[name].embedding for name in ("en", "de"))
    order = np.random.RandomState(0).permutation(german.shape[1])
    with pytest.raises(ValueError, match="do not look aligned"):
        mine_pairs(english, german[:, order])
    rotation = np.linalg.qr(np.random.RandomState(1).normal(size=(len(order),) * 2))[0]
    with pytest.raises(ValueError, match="do not look aligned"):
        mine_pairs(english, german @ rotation)


def test_lsa_of_each_language_is_not_aligned(lsa):
    with pytest.raises(ValueError, match="do not look aligned"):
        mine_pairs(*lsa)


def test_lsa_with_strong_dimensions_in_common_is_not_aligned():
    from sklearn_m3l.embedding import LsaEncoder

    # Flags, animals and foods are the first dimensions in both languages.
    frame = load_emoji("train").frame
    encoder = LsaEncoder(20, random_state=0)
    english, german = (encoder.fit_transform(frame[name]) for name in ("en", "de"))
    with pytest.raises(ValueError, match="do not look aligned"):
        mine_pairs(english, german)


@pytest.mark.parametrize("n_rows", [20, 30, 66])
def test_no_page_has_a_counterpart_but_encoders_are_aligned(pages, n_rows):
    english, german = (pages[name].embedding for name in ("en", "de"))
    pairs, _ = mine_pairs(english[:n_rows], german[-n_rows:])
    assert len(pairs)


@pytest.mark.parametrize("width", [10, 20])
def test_few_dimensions_of_an_aligned_encoder(pages, width):
    both = np.concatenate([pages[name].embedding for name in ("en", "de")])
    few = PCA(width, random_state=0).fit_transform(both)
    pairs, _ = mine_pairs(few[: len(pages)], few[len(pages) :])
    assert (pairs[:, 0] == pairs[:, 1]).mean() > 0.85


@pytest.mark.parametrize(("noise", "share"), [(2, 0.9), (3, 0.7)])
def test_an_aligned_encoder_with_more_noise_than_signal(pages, noise, share):
    english, german = (pages[name].embedding for name in ("en", "de"))
    spread = noise * german.std(axis=0)
    german = german + spread * np.random.RandomState(0).normal(size=german.shape)
    pairs, _ = mine_pairs(english, german)
    assert (pairs[:, 0] == pairs[:, 1]).mean() > share


def test_fewer_documents_than_neighbors():
    a, b = texts()
    with pytest.raises(ValueError, match="'B' has 4 distinct documents .* lower n_ne"):
        mine_pairs(a, b[:4])
    with pytest.raises(ValueError, match="'de' has 1 distinct documents"):
        mine_tuples(one_language_per_row(en=a, de=np.repeat(b[:1], 60, axis=0)))
    with pytest.raises(ValueError, match="'B' has 0 distinct documents"):
        mine_pairs(a, b[:0])
    with pytest.raises(ValueError, match="n_counterparts=6 is more than n_neighbors=5"):
        mine_pairs(a, b, n_counterparts=6)


def test_equal_documents_are_one_document():
    a, b = texts()
    copied = np.concatenate([a, a[:10], a[:10]])
    pairs, margins = mine_pairs(copied, b)
    assert_array_equal(pairs[:, 1] % 60, pairs[:, 1])
    assert_array_equal(np.bincount(pairs[:, 0]), 1)
    assert_array_equal(pairs[60:, 1], np.tile(np.arange(10), 2))
    assert_array_equal(margins[:60], mine_pairs(a, b)[1])
    tuples = mine_tuples(one_language_per_row(en=copied, de=b))
    assert_array_equal(np.bincount(tuples.data.groups), [3] * 10 + [1] * 50)


def test_rows_with_nan():
    a, b = texts()
    b[7, 3] = np.nan
    with pytest.raises(ValueError, match="B has NaN or infinity .* is row 7"):
        mine_pairs(a, b)
    a[5, 0] = 1e39  # infinite as float32
    with pytest.raises(ValueError, match="A has NaN or infinity .* is row 5"):
        mine_pairs(a, b)


def test_a_row_that_is_absent_may_hold_nan():
    a, b = texts()
    both = [np.concatenate([a, np.full_like(a, np.nan)])]
    both.append(np.concatenate([np.full_like(b, np.nan), b]))
    present = np.arange(120) < 60
    X = MultiView(
        {"en": View(both[0], present=present), "de": View(both[1], present=~present)}
    )
    assert len(mine_tuples(X, ["en", "de"]).data) == 60


def test_one_language_is_empty():
    a, b = texts()
    X = one_language_per_row(en=a, de=b)[:60]
    with pytest.raises(ValueError, match="view 'de' is absent in every row"):
        mine_tuples(X)


def test_views_that_cannot_be_compared(pages):
    with pytest.raises(ValueError, match="only 'en'; name those to compare in `views`"):
        mine_tuples(pages[["en", "image"]])
    with pytest.raises(ValueError, match="no texts with embeddings"):
        mine_tuples(pages[["image"]])
    with pytest.raises(ValueError, match="unknown view 'fr'"):
        mine_tuples(pages, ["en", "fr"])
    counts = MultiView({"en": View(counts=[[1]]), "de": View(counts=[[1]])})
    with pytest.raises(ValueError, match="view 'en' has no embedding"):
        mine_tuples(counts, ["en", "de"])


def test_tuples_without_anything_to_find_are_unchanged(pages):
    X = pages[["en", "de"]]
    tuples = mine_tuples(X)
    assert_array_equal(tuples.rows["en"], np.arange(len(X)))
    assert_array_equal(tuples.weights, 1)
    assert labels_of(X, tuples) == {frozenset([label]) for label in X.index}
