import os
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest

from sklearn_m3l.datasets import make_tuples, read_wikipedia_comparable, read_wit
from sklearn_m3l.embedding import LsaEncoder, make_multiview_encoder


@pytest.fixture
def articles():
    return pd.DataFrame(
        {
            "en_title": ["Horse", "Zebra", "Donkey", "Zürich"],
            "de_title": ["Pferd", "Zebra", "Esel", "Zürich"],
            "en": ["a horse", "a zebra", "a donkey", "a city"],
            "de": ["ein Pferd", "ein Zebra", "ein Esel", "eine Stadt"],
        },
        index=["h", "z", "d", "c"],
    )


@pytest.fixture
def images():
    return pd.DataFrame(
        [
            ("Zebra", None, "z1.jpg"),
            ("Horse", None, "h1.jpg"),
            (None, "Esel", "d1.jpg"),
            ("Zebra", None, "z2.jpg"),
            ("Okapi", None, "o1.jpg"),
            (None, "Zebra", "z1.jpg"),
            ("Zebra", None, "z1.jpg"),
            (None, "Pferd", "h2.jpg"),
            ("Zebra", None, "z3.jpg"),
        ],
        columns=["en_title", "de_title", "image"],
    )


ALL = [
    *(("h", "h1.jpg"), ("h", "h2.jpg")),
    *(("z", "z1.jpg"), ("z", "z2.jpg"), ("z", "z3.jpg")),
    ("d", "d1.jpg"),
]


def pairs(tuples):
    return list(zip(tuples.index, tuples["image"], strict=True))


def test_all_images(articles, images):
    tuples = make_tuples(articles, images, images_per_article="all")
    assert pairs(tuples) == ALL
    assert list(tuples) == [*articles, "image"]
    pd.testing.assert_frame_equal(
        tuples[list(articles)], articles.loc[tuples.index], check_names=False
    )


def test_the_index_holds_the_ids_of_articles(articles, images):
    options = {"images_per_article": "all"}
    tuples = make_tuples(articles, images, **options)
    assert tuples.index.name == "article"
    named = make_tuples(articles.rename_axis("id"), images, **options)
    assert named.index.name == "id"
    encoder = make_multiview_encoder(["en"], groups="article")
    encoder.set_params(en__encoder=LsaEncoder(1, random_state=0))
    X = encoder.fit_transform(tuples)
    assert X.groups.tolist() == tuples.index.tolist()
    assert len(set(X.groups)) < len(X)


def test_titles_of_one_language_alone(articles, images):
    tuples = make_tuples(
        articles, images.drop(columns="de_title"), images_per_article="all"
    )
    assert pairs(tuples) == [
        pair for pair in ALL if pair[1] not in ("h2.jpg", "d1.jpg")
    ]


def test_one_image_is_any_of_the_article(articles, images):
    drawn = [make_tuples(articles, images, random_state=seed) for seed in range(20)]
    for tuples in drawn:
        assert tuples.index.tolist() == ["h", "z", "d"]
        assert set(pairs(tuples)) <= set(ALL)
        assert tuples["en"].tolist() == ["a horse", "a zebra", "a donkey"]
    assert {pair for tuples in drawn for pair in pairs(tuples)} == set(ALL)


def test_each_image_is_as_likely():
    """An image that is there thrice is one image; 3,000 articles tell by counting."""
    names = [f"Page {i}" for i in range(3000)]
    articles = pd.DataFrame({"en_title": names})
    urls = ["a", "b", "b", "b", "c"]
    images = pd.DataFrame({"en_title": np.repeat(names, 5), "image": urls * 3000})
    counts = make_tuples(articles, images, random_state=0)["image"].value_counts()
    assert set(counts.index) == {"a", "b", "c"}
    # four standard deviations of a binomial count
    assert (counts - 1000).abs().max() < 4 * np.sqrt(3000 * 2 / 9)


def test_seeds(articles, images):
    first, second = (make_tuples(articles, images, random_state=0) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    state = np.random.RandomState(0)
    pd.testing.assert_frame_equal(
        first, make_tuples(articles, images, random_state=state)
    )
    before = np.random.get_state()[1].copy()
    make_tuples(articles, images, random_state=3)
    assert (np.random.get_state()[1] == before).all()


@pytest.mark.slow
def test_seed_in_another_process(tmp_path):
    names = [f"Page {i}" for i in range(50)]
    articles = pd.DataFrame({"en_title": names})
    images = pd.DataFrame({"en_title": names * 4, "image": range(200)})
    articles.to_pickle(tmp_path / "articles")
    images.to_pickle(tmp_path / "images")
    code = textwrap.dedent(
        """
        import pandas as pd
        from sklearn_m3l.datasets import make_tuples
        frames = map(pd.read_pickle, ["articles", "images"])
        print(make_tuples(*frames, random_state=0)["image"].tolist())
        """
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    here = make_tuples(articles, images, random_state=0)["image"].tolist()
    assert run.stdout.strip() == str(here)


@pytest.mark.parametrize("images_per_article", ["one", "all"])
@pytest.mark.parametrize("size", [1, 2, 4, 100])
def test_chunks_are_the_whole(articles, images, images_per_article, size):
    options = {"images_per_article": images_per_article, "random_state": 5}
    chunks = (images[i : i + size] for i in range(0, len(images), size))
    pd.testing.assert_frame_equal(
        make_tuples(articles, chunks, **options),
        make_tuples(articles, images, **options),
    )


@pytest.mark.parametrize("images_per_article", ["one", "all"])
def test_articles_without_an_image_are_kept(articles, images, images_per_article):
    options = {"images_per_article": images_per_article, "random_state": 1}
    inner = make_tuples(articles, images, **options)
    left = make_tuples(articles, images, how="left", **options)
    pd.testing.assert_frame_equal(left[:-1], inner)
    assert left.index[-1] == "c"
    assert pd.isna(left["image"].iloc[-1])
    reverse = make_tuples(articles[::-1], images, how="left", **options)
    assert list(dict.fromkeys(reverse.index)) == ["c", "d", "z", "h"]


def test_titles_in_other_spellings(articles):
    images = pd.DataFrame(
        {
            "de_title": ["Zu\u0308rich", " Zebra", "Das_Pferd", "zebra"],
            "image": ["c.jpg", "z.jpg", "h.jpg", "other.jpg"],
        }
    )
    articles["de_title"] = articles["de_title"].replace("Pferd", "Das Pferd")
    tuples = make_tuples(articles, images, images_per_article="all")
    assert pairs(tuples) == [("h", "h.jpg"), ("z", "z.jpg"), ("c", "c.jpg")]
    tuples = make_tuples(articles, images, images_per_article="all", ignore_case=True)
    assert pairs(tuples)[1:3] == [("z", "z.jpg"), ("z", "other.jpg")]


def test_lower_case_titles_need_ignore_case(articles, images):
    articles["en_title"] = articles["en_title"].str.lower()
    articles["de_title"] = articles["de_title"].str.lower()
    with pytest.raises(ValueError, match="no article has an image.*ignore_case=True"):
        make_tuples(articles, images)
    tuples = make_tuples(articles, images, images_per_article="all", ignore_case=True)
    assert pairs(tuples) == ALL


def test_one_title_in_two_articles(images):
    """Two German articles on what is one English article share its images."""
    articles = pd.DataFrame(
        {"en_title": ["Zebra"] * 2, "de_title": ["Zebra", "Tigerpferd"]}
    )
    tuples = make_tuples(articles, images, images_per_article="all")
    assert tuples.index.tolist() == [0, 0, 0, 1, 1, 1]


def test_further_columns_stay_beside_their_image(articles, images):
    images["caption"] = "about " + images["image"]
    tuples = make_tuples(articles, images, random_state=0)
    assert (tuples["caption"] == "about " + tuples["image"]).all()


def test_missing_titles_and_images_match_nothing(articles, images):
    articles.loc["c", "en_title"] = None
    images.loc[len(images)] = ("Horse", None, None)
    images.loc[len(images)] = (None, None, "nowhere.jpg")
    tuples = make_tuples(articles, images, images_per_article="all")
    assert pairs(tuples) == ALL


def test_given_frames_stay_as_they_are(articles, images):
    before = articles.copy(), images.copy()
    tuples = make_tuples(articles, images)
    tuples.loc[:, "en"] = "changed"
    pd.testing.assert_frame_equal(articles, before[0])
    pd.testing.assert_frame_equal(images, before[1])


@pytest.mark.parametrize(
    ("change", "options", "what"),
    [
        (lambda a, i: (a[["en"]], i), {}, "articles have no column of titles"),
        (lambda a, i: (a.assign(image="x"), i), {}, "already have a column 'image'"),
        (lambda a, i: (a, i[["image"]]), {}, "no column of titles in common"),
        (lambda a, i: (a, i.drop(columns="image")), {}, "no column 'image'"),
        (lambda a, i: (a, i.assign(en="x")), {}, r"rename \['en'\]"),
        (lambda a, i: (a, i[4:5]), {"ignore_case": True}, "no article has an image"),
        (lambda a, i: (a, []), {}, "no article has an image"),
        (lambda a, i: (a, i), {"how": "outer"}, "how must be"),
        (lambda a, i: (a, i), {"images_per_article": 1}, "images_per_article must"),
        (
            lambda a, i: (pd.concat([a, a.loc[["z", "d"]]]), i),
            {},
            "2 articles have the titles of an earlier one, such as row 'z'",
        ),
        (
            lambda a, i: (a.set_axis(["h"] * len(a)), i),
            {},
            "several articles have the row label 'h'; make the labels unique",
        ),
    ],
)
def test_what_is_refused(articles, images, change, options, what):
    articles, images = change(articles, images)
    with pytest.raises(ValueError, match=what):
        make_tuples(articles, images, **options)


def test_the_papers_corpus_from_its_files(tmp_path):
    """Articles of linguatools and images of WIT make training and test tuples."""
    pair = (
        '<articlePair id="{0}"><article lang="de" name="Seite {0}"><content>'
        '<p>Text {0}</p></content></article><article lang="en" name="Page {0}">'
        "<content><p>Text {0}</p></content></article></articlePair>"
    )
    path = tmp_path / "wikicomp-2014_deen.xml"
    path.write_text(
        '<wikipediaComparable name="de-en">'
        + "".join(map(pair.format, range(20)))
        + "</wikipediaComparable>"
    )
    columns = (
        "language page_url image_url page_title section_title "
        "hierarchical_section_title caption_reference_description "
        "caption_attribution_description caption_alt_text_description mime_type "
        "original_height original_width is_main_image attribution_passes_lang_id "
        "page_changed_recently context_page_description context_section_description"
    )
    rows = [columns.split(" ")]
    for i in range(20):
        for k in range(i % 4):  # every fourth article has no image
            rows.append(["en", "", f"{i}-{k}.jpg", f"Page {i}", *[""] * 13])
    (tmp_path / "wit.tsv").write_text("\n".join("\t".join(row) for row in rows))

    articles = read_wikipedia_comparable(path, ["en", "de"])
    images = read_wit(tmp_path / "wit.tsv", "en", chunksize=7)
    train = make_tuples(articles[:10], images, random_state=0)
    assert train.index.tolist() == [1, 2, 3, 5, 6, 7, 9]
    assert list(train) == ["en_title", "de_title", "en", "de", "image"]
    images = read_wit(tmp_path / "wit.tsv", "en")
    test = make_tuples(articles[10:], images, images_per_article="all")
    assert test.index.value_counts().to_dict() == {
        i: i % 4 for i in range(10, 20) if i % 4
    }
    assert [f"{i}-" in image for i, image in pairs(test)] == [True] * len(test)
