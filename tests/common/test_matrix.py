"""Every model with every scorer, figure, report, export and command.

The corpus has three views, missing cells, and two views that no row has both of.
"""

import pickle
import warnings
from typing import Any, NamedTuple

import matplotlib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate
from sklearn.pipeline import Pipeline

from sklearn_m3l import (
    DistilledTopicModel,
    M3LContrastTopicModel,
    MultiView,
    PolylingualLDA,
    ZeroShotTopicModel,
    load_model,
    save_model,
)
from sklearn_m3l.cli import main
from sklearn_m3l.display import (
    AblationDisplay,
    PrevalenceDisplay,
    TopicReport,
    TopicSpaceDisplay,
    TopicWordsDisplay,
    compare_models,
    to_pyldavis,
    to_topicwizard,
    topic_space,
)
from sklearn_m3l.embedding import LsaEncoder, make_multiview_encoder
from sklearn_m3l.inspection import (
    compare_views,
    disagreements,
    document_topics,
    dominant_topics,
    match_topics,
    prevalence_by,
    segment_topics,
    suggest_stop_words,
    suggest_topic_names,
    topic_intrusion,
    topic_network,
    topic_stability,
    topic_words,
    word_intrusion,
    write_workbook,
)
from sklearn_m3l.metrics import (
    evaluate_alignment,
    make_alignment_scorer,
    make_jsd_scorer,
    make_mrr_scorer,
    make_npmi_scorer,
    make_uap_scorer,
)

matplotlib.use("Agg")

N_ROWS = 48
WORDS = {
    "en": ["brush ink paint color", "layer mask stack order", "menu dialog button tab"],
    "de": ["Pinsel Tinte Farbe", "Ebene Maske Stapel", "Dialog Knopf Reiter"],
}
# German and pictures never meet.
HAS = {
    "en": lambda row: row % 8 != 5,
    "de": lambda row: row % 2 == 1,
    "image": lambda row: row % 2 == 0 and row % 6 != 0,
}

FEW = {
    "n_components": 3,
    "max_iter": 2,
    "init_max_iter": 10,
    "hidden_layer_sizes": (8,),
    "random_state": 0,
}
TEACHER = ZeroShotTopicModel(**FEW, view="en")
MODELS = {
    "contrast": M3LContrastTopicModel(**FEW),
    "zero-shot": ZeroShotTopicModel(**FEW, view="en"),
    "student of pictures": DistilledTopicModel(**FEW, teacher=TEACHER, view="image"),
    "student of German": DistilledTopicModel(**FEW, teacher=TEACHER, view="de"),
    "polylingual": PolylingualLDA(3, max_iter=5, random_state=0),
}


class Case(NamedTuple):
    """A fitted pipeline, its model, and the corpus as a table, a file and views."""

    pipeline: Pipeline
    model: Any
    df: pd.DataFrame
    csv: Any
    X: MultiView


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Write a table, and its pictures beside it."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("matrix")
    rng = np.random.default_rng(0)
    rows = []
    for row in range(N_ROWS):
        theme = row % 3
        cells: dict[str, Any] = {"page": f"page {row // 2}"}
        for name, themes in WORDS.items():
            words = themes[theme].split() + themes[(theme + 1) % 3].split()[:1]
            cells[name] = " ".join(rng.choice(words, 12)) if HAS[name](row) else None
        cells["image"] = None
        if HAS["image"](row):
            picture = rng.integers(60 * theme, 60 * theme + 90, (8, 8, 3), np.uint8)
            Image.fromarray(picture).save(folder / f"{row}.png")
            cells["image"] = f"{row}.png"
        rows.append(cells)
    df = pd.DataFrame(rows)
    df.to_csv(folder / "corpus.csv", index=False)
    paths = [None if pd.isna(cell) else str(folder / cell) for cell in df["image"]]
    return df.assign(image=paths), folder / "corpus.csv"


@pytest.fixture(scope="module", params=MODELS)
def case(request, corpus):
    df, csv = corpus
    encoder = make_multiview_encoder(
        ["en", "de"],
        ["image"],
        text_encoder=LsaEncoder(3, random_state=0),
        groups="page",
    )
    steps = [("encode", encoder), ("topics", clone(MODELS[request.param]))]
    pipeline = Pipeline(steps).fit(df)
    X = pipeline["encode"].transform(df)
    return Case(pipeline, pipeline["topics"], df, csv, X)


@pytest.fixture(autouse=True)
def only_known_warnings():
    """Let pass what is said about scores without a row, and rows without a view."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ".*NaN", UserWarning)
        warnings.filterwarnings("ignore", ".*rows lack the view", UserWarning)
        warnings.filterwarnings("ignore", ".*have both views .*left out", UserWarning)
        warnings.filterwarnings("ignore", ".*has both views .*left out", UserWarning)
        yield


def takes(case, *names):
    return set(names) <= set(case.model.views_)


def speaks(case, name):
    return name in case.model.vocabularies_


# The answer that a scorer must give: a number, NaN, or an error that names the view.
PAIRS = {
    "mrr en-de": (make_mrr_scorer("en", "de"), ("en", "de"), True),
    "mrr de-en": (make_mrr_scorer("de", "en"), ("de", "en"), True),
    "uap en-image": (make_uap_scorer("en", "image"), ("en", "image"), True),
    "uap de-image": (make_uap_scorer("de", "image"), ("de", "image"), False),
    "jsd en-de": (make_jsd_scorer("en", "de"), ("en", "de"), True),
    "jsd image-en": (make_jsd_scorer("image", "en"), ("image", "en"), True),
    "jsd de-image": (make_jsd_scorer("de", "image"), ("de", "image"), False),
}


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        *((name, False) for name in PAIRS),
        # A scorer encodes a table before it knows what it measures.
        *((name, True) for name in ("mrr en-de", "uap de-image", "jsd image-en")),
    ],
)
def test_scorers_of_pairs(case, name, raw):
    scorer, pair, meet = PAIRS[name]
    given = (case.pipeline, case.df) if raw else (case.model, case.X)
    if not takes(case, *pair):
        with pytest.raises(ValueError, match="X has only image"):
            scorer(*given)
        return
    score = scorer(*given)
    assert isinstance(score, float)
    assert np.isfinite(score) if meet else np.isnan(score)


@pytest.mark.parametrize("view", ["en", "de"])
def test_scorers_of_words(case, view):
    scorer = make_npmi_scorer(view, n_words=3)
    if speaks(case, view):
        assert -1 <= scorer(case.model, case.X) <= 1
    else:
        with pytest.raises(ValueError, match=f"no words in view '{view}'"):
            scorer(case.model, case.X)


METRICS = ["mrr", "uap", "jsd", "npmi"]


def test_scorer_of_all(case):
    scores = make_alignment_scorer(METRICS)(case.model, case.X)
    assert set(METRICS) <= set(scores)
    assert np.isfinite([scores["mrr"], scores["jsd"], scores["npmi"]]).all()
    assert np.isfinite(scores["uap"]) == takes(case, "image")
    of_table = make_alignment_scorer(METRICS)(case.pipeline, case.df)
    assert of_table == pytest.approx(scores, nan_ok=True)


def test_evaluate_alignment(case):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        scores = evaluate_alignment(case.model, case.X)
    missing = [name for name, score in scores.items() if np.isnan(score.value)]
    never = ["UAP de-image", "JSD de-image"] if takes(case, "de", "image") else []
    assert missing == never
    assert len(told) == bool(never)
    assert all(name in str(told[0].message) for name in never)


def test_comparison(case):
    table = compare_models({"views": case.model}, case.X)
    scores = evaluate_alignment(case.model, case.X[case.model.views_])
    assert list(table) == list(scores)
    for name, score in scores.items():
        assert table.loc["views", name] == pytest.approx(score.value, nan_ok=True)


def test_cross_validation(case):
    result = cross_validate(
        clone(case.model),
        case.X,
        groups=case.X.groups,
        cv=GroupKFold(2),
        scoring=make_alignment_scorer(METRICS),
        error_score="raise",
    )
    assert np.isfinite(result["test_mrr"]).all()


def test_search_and_ablation(case):
    search = GridSearchCV(
        clone(case.model),
        {"n_components": [2, 3]},
        scoring=make_alignment_scorer(["mrr", "jsd"]),
        refit="mrr",
        cv=GroupKFold(2),
        error_score="raise",
    ).fit(case.X, groups=case.X.groups)
    assert np.isfinite(search.score(case.X))
    display = AblationDisplay.from_cv_results(
        search.cv_results_, "n_components", score_name="mrr"
    )
    assert len(display.ax_.lines) > 0


def test_methods(case):
    for model, X in ((case.model, case.X), (case.pipeline, case.df)):
        topics = model.transform(X)
        assert topics.shape == (N_ROWS, 3)
    assert np.isfinite(case.model.score(case.X))
    assert np.isfinite(case.pipeline.score(case.df))
    described = case.model.describe(case.X)
    assert list(described) == ["topic", *case.model.vocabularies_]
    known = described["topic"].notna().to_numpy()
    present = [case.X.present[name] for name in case.model.views_]
    np.testing.assert_array_equal(known, np.any(present, axis=0))
    assert case.model.top_rows(case.X, n=2).shape == (3, 2)
    assert case.model.topics_frame(2).shape == (3, len(case.model.vocabularies_))


def test_topics_in_hand(case):
    names = suggest_topic_names(case.model, n_words=2)
    edited = case.model.set_topic_names(names).merge_topics([[0, 2]])
    case.model.set_topic_names(None)
    assert edited.topic_names_ == [None, names[1]]
    table = dominant_topics(edited, case.X, max_entropy=1)
    np.testing.assert_array_equal(
        table["topic"].isna(), np.isnan(edited.transform(case.X)[:, 0])
    )
    assert np.isfinite(edited.score(case.X))
    pipeline = Pipeline([("encode", case.pipeline["encode"]), ("topics", edited)])
    found = segment_topics(pipeline, case.df, by="window", max_words=6)
    assert found.document_proportions.shape == (N_ROWS, 2)
    assert set(found.segments["view"]) <= set(case.model.vocabularies_)
    assert len(suggest_stop_words(edited, n_words=3)) >= 0
    assert TopicWordsDisplay.from_estimator(edited, n_words=2).figure_ is not None


def test_more_rows(case):
    model = clone(case.model).fit(case.X).partial_fit(case.X[:24])
    assert model.transform(case.X).shape == (N_ROWS, 3)
    assert model.prevalence_.sum() == pytest.approx(1)


def test_stored(case, tmp_path):
    expected = case.pipeline.transform(case.df)
    save_model(case.pipeline, tmp_path / "model")
    copies = [
        pickle.loads(pickle.dumps(case.pipeline)),
        load_model(tmp_path / "model"),
    ]
    for copy in copies:
        assert copy["topics"].views_ == case.model.views_
        np.testing.assert_array_equal(copy.transform(case.df), expected)


@pytest.mark.slow
def test_topic_space(case, tmp_path):
    points = topic_space(case.model, case.X, random_state=0)
    assert set(points["view"]) == set(case.model.views_)
    display = TopicSpaceDisplay.from_estimator(case.model, case.X, random_state=0)
    assert display.figure_ is not None
    display.write_html(tmp_path / "map.html")
    assert (tmp_path / "map.html").stat().st_size > 1000


def test_topic_words(case):
    display = TopicWordsDisplay.from_estimator(case.model, n_words=2)
    assert display.figure_ is not None


@pytest.mark.parametrize("raw", [False, True], ids=["views", "table"])
def test_report(case, tmp_path, raw):
    given = (case.pipeline, case.df) if raw else (case.model, case.X)
    report = TopicReport.from_estimator(*given, random_state=0)
    report.save(tmp_path / "report.html")
    assert "<html" in (tmp_path / "report.html").read_text("utf-8")


@pytest.mark.parametrize("view", ["en", "de"])
def test_exports(case, view):
    exports = (to_pyldavis, to_topicwizard)
    for export in exports:
        if speaks(case, view):
            exported = export(case.model, case.X, view)
            topics = exported.get(
                "doc_topic_dists", exported.get("document_topic_matrix")
            )
            assert np.asarray(topics).shape == (case.X.present[view].sum(), 3)
        else:
            with pytest.raises(ValueError, match=f"view='{view}' has no words"):
                export(case.model, case.X, view)


@pytest.mark.parametrize("raw", [False, True], ids=["views", "table"])
def test_compared_views(case, raw):
    given = (case.pipeline, case.df) if raw else (case.model, case.X)
    views = case.model.views_
    if len(views) == 1:
        with pytest.raises(ValueError, match="needs two views"):
            compare_views(*given)
        return
    pairs = [("en", name) for name in views if name != "en"]
    table = compare_views(*given, pairs=pairs, random_state=0)
    assert len(table) == 3 * len(pairs)
    assert (table["low"] <= table["high"]).all()
    assert table.groupby("view_b")["difference"].sum().abs().max() < 1e-6
    spoken = table["view_b"].map(lambda name: speaks(case, name)) & speaks(case, "en")
    np.testing.assert_array_equal(table["npmi"].notna(), spoken)
    rows = disagreements(*given, pairs=pairs, n=None)
    assert (rows.groupby("view_b").size() <= N_ROWS // 2).all()  # one per article


@pytest.mark.parametrize("raw", [False, True], ids=["views", "table"])
def test_prevalence_over_a_column(case, raw):
    given = (case.pipeline, case.df) if raw else (case.model, case.X)
    part = pd.Series(np.arange(N_ROWS) // 16, name="part")
    if raw:
        given, part = (case.pipeline, case.df.assign(part=part)), "part"
    table = prevalence_by(*given, part, n_resamples=20, random_state=0)
    assert set(table["view"]) == set(case.model.views_)
    present = sum(case.X.present[name].sum() for name in case.model.views_)
    assert table[table["topic"] == 0]["n_rows"].sum() == present
    display = PrevalenceDisplay(table)
    assert display.plot().figure_ is not None


def test_tables_for_other_programs(case, tmp_path):
    table = document_topics(case.pipeline, case.df, n_topics=1)
    assert {"page", "article", "proportion"} <= set(table)
    assert set(topic_words(case.model)["view"]) <= set(case.model.vocabularies_)
    assert len(topic_network(case.pipeline, case.df)) == 3
    write_workbook(tmp_path / "book.xlsx", case.pipeline, case.df, random_state=0)
    assert (tmp_path / "book.xlsx").stat().st_size > 5000


def test_trust(case):
    table = topic_stability(case.model, case.X, 1, bootstrap=True, random_state=0)
    assert table["stability"].between(0, 1 + 1e-9).all()
    assert (match_topics(case.model, case.pipeline)["similarity"] > 0.999).all()
    view = next(iter(case.model.vocabularies_))
    try:
        sheet = word_intrusion(case.model, view, n_words=2, random_state=0)
    except ValueError as error:  # few topics of few words
        assert "can be an intruder" in str(error) or "hardly any words" in str(error)
    else:
        assert sheet["intruder"].between(1, 3).all()
    texts = case.df["en"].fillna(case.df["de"])
    sheet = topic_intrusion(
        case.model, case.X, texts, view, n_rows=3, n_topics=1, random_state=0
    )
    assert len(sheet) == 3


@pytest.fixture(scope="module")
def stored(case, tmp_path_factory):
    path = tmp_path_factory.mktemp("stored") / "model"
    save_model(case.pipeline, path)
    return path


def test_command_topics(stored, capsys):
    main(["topics", str(stored)])
    assert "Topic" in capsys.readouterr().out


def test_command_transform(case, stored, tmp_path, capsys):
    output = tmp_path / "theta.csv"
    main(["transform", str(stored), str(case.csv), "-o", str(output)])
    written = pd.read_csv(output)
    expected = case.pipeline.transform(case.df)
    np.testing.assert_allclose(written.to_numpy(), expected, atol=1e-5)


def test_command_evaluate(case, stored, capsys):
    main(["evaluate", str(stored), str(case.csv)])
    printed = capsys.readouterr().out
    assert "MRR en-de" in printed and "Likelihood" in printed
    assert ("UAP en-image" in printed) == takes(case, "image")


def test_command_report(case, stored, tmp_path, capsys):
    output = tmp_path / "report.html"
    main(["report", str(stored), str(case.csv), "-o", str(output)])
    assert output.stat().st_size > 10_000


def test_command_fit(corpus, tmp_path, capsys):
    _, csv = corpus
    columns = ["--text", "en", "--text", "de", "--image", "image"]
    few = ["--n-components", "3", "--max-iter", "1"]
    main(["fit", str(csv), *columns, *few, "-o", str(tmp_path / "model")])
    assert load_model(tmp_path / "model")["topics"].views_ == ["en", "de", "image"]
