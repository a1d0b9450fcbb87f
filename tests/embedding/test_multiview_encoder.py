"""From a table to a MultiView: rows, missing cells, views, parameters, errors."""

import pickle
import tracemalloc
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_m3l import M3LContrastTopicModel, MultiView
from sklearn_m3l.embedding import (
    Doc2VecEncoder,
    ImageStatisticsEncoder,
    ImageView,
    KeyedVectorsEncoder,
    LsaEncoder,
    MultiViewEncoder,
    StaticEncoder,
    TextView,
    WordVectorizer,
    make_multiview_encoder,
)


def encoder(**parameters):
    built = make_multiview_encoder(
        ["en", "de"], ["image"], text_encoder=LsaEncoder(), random_state=0
    )
    return built.set_params(
        en__encoder__n_components=4, de__encoder__n_components=3, **parameters
    )


def to_polars(table):
    columns = {name: [*table[name]] for name in table}
    return pl.DataFrame(
        {
            name: [cell if isinstance(cell, (str, bytes)) else None for cell in cells]
            for name, cells in columns.items()
        }
    )


def topic_model():
    return M3LContrastTopicModel(n_components=3, max_iter=2, random_state=0)


@pytest.fixture(scope="module")
def fitted(table):
    return encoder().fit(table)


def test_every_row_is_there_and_missing_cells_are_absent_views(table, fitted):
    X = fitted.transform(table)
    assert isinstance(X, MultiView)
    assert X.view_names == ("en", "de", "image")
    np.testing.assert_array_equal(X.index, table.index)
    assert np.flatnonzero(~X.present["en"]).tolist() == [3]
    assert np.flatnonzero(~X.present["de"]).tolist() == [5]
    assert np.flatnonzero(~X.present["image"]).tolist() == [0, 7, 8]
    assert X["en"].width == 4 and X["de"].width == 3
    assert all(view.embedding.dtype == np.float32 for view in X.views.values())
    assert X["en"].counts[[3]].nnz == 0 and not X["en"].embedding[3].any()


def test_each_row_has_the_vector_and_counts_of_its_text(table, fitted):
    X = fitted.transform(table)
    view = fitted.named_views_["en"]
    for row in (0, 4, 39):
        text = [table["en"].iloc[row]]
        np.testing.assert_allclose(
            X["en"].embedding[row], view.encoder_.transform(text)[0], atol=1e-6
        )
        np.testing.assert_array_equal(
            X["en"].counts[[row]].toarray(),
            view.vectorizer_.transform(text).toarray(),
        )
    assert X["en"].vocabulary.tolist() == sorted(view.vectorizer_.vocabulary_)


def test_rows_are_encoded_alike_in_any_table(table, fitted):
    X = fitted.transform(table)
    rows = [9, 3, 3, 30]
    part = fitted.transform(table.iloc[rows])
    for name in X.view_names:
        np.testing.assert_allclose(
            part[name].embedding, X[rows][name].embedding, atol=1e-6
        )
        assert (part[name].present == X[rows][name].present).all()
    assert (part["de"].counts != X[rows]["de"].counts).nnz == 0


def test_some_of_the_columns_give_some_of_the_views(table, fitted):
    X = fitted.transform(table)
    for names in (["image"], ["de", "en"]):
        part = fitted.transform(table[names].assign(other=1))
        assert part == X[names]


def test_polars_and_object_columns_are_read_alike(table, fitted):
    X = fitted.transform(table)
    frame = to_polars(table)
    again = fitted.transform(frame)
    assert again.index.tolist() == list(range(40))
    assert all(
        np.array_equal(again[name].embedding, X[name].embedding)
        for name in X.view_names
    )
    assert encoder().fit(frame).transform(table) == X
    assert encoder().fit(table.astype(object)).transform(table) == X


def test_equal_texts_count_once(table):
    often = pd.concat([table, table.iloc[[1] * 10]])
    once, repeated = encoder().fit(table), encoder().fit(often)
    assert once.transform(table) == repeated.transform(table)
    X = repeated.transform(often)
    assert X[40:]["en"].counts.sum() == 10 * X[1:2]["en"].counts.sum() > 0
    assert (X["image"].embedding[40:] == X["image"].embedding[1]).all()


def test_an_empty_table(table, fitted):
    assert fitted.transform(table[:0]).shape == (0, 3)
    with pytest.raises(ValueError, match="view 'en': all 0 rows are missing"):
        encoder().fit(table[:0])


def test_a_column_with_nothing_in_it(table, fitted):
    blank = table.assign(de="")
    with pytest.raises(ValueError, match="view 'de': all 40 rows are missing"):
        encoder().fit(blank)
    X = fitted.transform(blank)
    assert not X.present["de"].any() and X["de"].counts.shape == (40, 13)


def test_a_missing_column(table, fitted):
    with pytest.raises(ValueError, match="no column 'image'; its columns are 'en'"):
        encoder().fit(table[["en", "de"]])
    with pytest.raises(ValueError, match="no column is a view: the columns are 'fr'"):
        fitted.transform(pd.DataFrame({"fr": ["x"]}))


def test_two_columns_of_one_name(table):
    twice = pd.concat([table, table[["en"]]], axis=1)
    with pytest.raises(ValueError, match="two columns named en"):
        encoder().fit(twice)


def test_mixed_types(table):
    mixed = table.astype(object)
    mixed.iloc[6, 1] = 6
    with pytest.raises(TypeError, match=r"view 'de': row 6 \('page-6'\) holds int"):
        encoder().fit(mixed)


@pytest.mark.parametrize("X", [[["a", "b"]], np.array([["a"]]), "en", None])
def test_what_is_no_table_is_refused(X):
    with pytest.raises(TypeError, match="expected a DataFrame"):
        encoder().fit(X)


@pytest.mark.parametrize(
    ("views", "error", "message"),
    [
        ([], ValueError, "views is empty"),
        ([("en", TextView()), ("en", TextView())], ValueError, "not unique"),
        ([("verbose", TextView())], ValueError, "conflict with constructor"),
        ([("a__b", TextView())], ValueError, "must not contain __"),
        ([("en", LsaEncoder())], TypeError, "view 'en' is a LsaEncoder; give a Text"),
        ([(1, TextView())], TypeError, "named by a string, not by 1"),
        ([TextView()], TypeError, "give pairs"),
        ({"en": TextView()}, ValueError, "'views' parameter"),
    ],
)
def test_views_that_cannot_be(table, views, error, message):
    with pytest.raises(error, match=message):
        MultiViewEncoder(views).fit(table)


def test_names_that_are_no_languages_warn_and_leave_no_stop_words_out():
    df = pd.DataFrame({"abstract": ["the brush and ink", "the layer"]})
    view = TextView(encoder=LsaEncoder(2, random_state=0))
    with pytest.warns(UserWarning, match="column 'abstract' names no language") as seen:
        fitted = MultiViewEncoder([("abstract", view)]).fit(df)
    assert len(seen) == 1
    assert "the" in fitted.transform(df)["abstract"].vocabulary
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        view = clone(view).set_params(language="en").fit(df["abstract"])
        assert "the" not in view.vectorizer_.vocabulary_
        clone(view).set_params(vectorizer=WordVectorizer(stop_words=None)).fit(df)


def test_the_name_of_a_column_is_its_language(table):
    df = pd.DataFrame({"de": ["der Pinsel the"], "en": ["the brush der"]})
    X = make_multiview_encoder(["de", "en"], random_state=0).fit_transform(df)
    assert X["de"].vocabulary.tolist() == ["pinsel", "the"]
    assert X["en"].vocabulary.tolist() == ["brush", "der"]


def test_a_table_of_one_column_has_the_language_of_its_name():
    texts = pd.DataFrame({"de": ["der Pinsel the", "die Ebene"]})
    view = TextView(LsaEncoder(2, random_state=0)).fit(texts)
    assert set(view.vectorizer_.vocabulary_) == {"pinsel", "ebene", "the"}


def test_columns_that_are_not_named_by_their_languages():
    df = pd.DataFrame(
        {
            "title": ["the brush", "an ink"],
            "it": ["il brush", "the ink"],
            "no": ["og brush", "ink"],
        }
    )
    X = make_multiview_encoder(
        ["title", "it", "no"], languages={"title": "en", "it": None}, random_state=0
    ).fit_transform(df)
    assert X["title"].vocabulary.tolist() == ["brush", "ink"]
    assert X["it"].vocabulary.tolist() == ["brush", "il", "ink", "the"]
    assert X["no"].vocabulary.tolist() == ["brush", "ink"]


def test_words_for_all_columns_or_by_column(table):
    built = make_multiview_encoder(
        ["en", "de"],
        extra_stop_words={"de": ["xxx"]},
        min_df=2,
        max_df={"en": 0.5},
        max_features={"de": 7},
        min_tokens={"en": 3},
        lemmatize=str.title,
        tokenizer={"de": "pairs"},
    )
    en, de = (view for _, view in built.views)
    assert en.vectorizer.get_params()["extra_stop_words"] is None
    assert de.vectorizer.extra_stop_words == ["xxx"]
    assert en.vectorizer.min_df == de.vectorizer.min_df == 2
    assert (en.vectorizer.max_df, de.vectorizer.max_df) == (0.5, 1.0)
    assert (en.vectorizer.max_features, de.vectorizer.max_features) == (2000, 7)
    assert (en.min_tokens, de.min_tokens) == (3, 0)
    assert (en.vectorizer.tokenizer, de.vectorizer.tokenizer) == (None, "pairs")
    X = clone(built).fit_transform(table)
    assert X["de"].counts.shape[1] == 7 and "xxx" not in X["de"].vocabulary
    assert (X["en"].counts.sum(axis=1)[X.present["en"]] >= 3).all()


def test_options_of_unknown_columns_are_refused():
    for argument in ("languages", "min_df", "min_tokens", "extra_stop_words"):
        with pytest.raises(ValueError, match=f"{argument} names fr, but the texts are"):
            make_multiview_encoder(["en", "de"], **{argument: {"fr": None}})


class TestShortTexts:
    """Texts with few counted words lack the view, where that is asked for."""

    texts = pd.Series(["brush ink brush", "layer", "the", None, "unheard", "layer"])

    def view(self, **options):
        vectorizer = WordVectorizer(vocabulary=["brush", "ink", "layer"])
        return TextView(LsaEncoder(2, random_state=0), vectorizer, **options)

    @pytest.mark.parametrize(
        ("least", "present"), [(0, [0, 1, 2, 4, 5]), (1, [0, 1, 5]), (2, [0]), (3, [0])]
    )
    def test_lack_the_view(self, least, present):
        view = self.view(language="en", min_tokens=least).fit(self.texts)
        encoded = view.transform(self.texts)
        assert np.flatnonzero(encoded.present).tolist() == present
        assert not encoded.embedding[~encoded.present].any()
        assert encoded.counts[~encoded.present].nnz == 0

    def test_of_a_pipeline_get_no_topics(self):
        df = pd.DataFrame({"en": ["brush ink", "layer mask", "ink brush", "mask"] * 3})
        encoder = make_multiview_encoder(["en"], min_tokens=1, random_state=0)
        pipeline = make_pipeline(encoder, topic_model()).fit(df)
        with pytest.warns(UserWarning, match="1 of 2 rows have none of the views en"):
            theta = pipeline.transform(pd.DataFrame({"en": ["brush", "unheard of"]}))
        assert np.isnan(theta[1]).all() and np.isfinite(theta[0]).all()

    def test_must_not_be_all(self):
        with pytest.raises(ValueError, match="no text has min_tokens=4 counted words"):
            self.view(language="en", min_tokens=4).fit(self.texts)
        with pytest.raises(ValueError, match="'min_tokens' parameter"):
            self.view(min_tokens=-1).fit(self.texts)

    def test_without_a_known_word_are_counted_in_one_warning(self):
        df = pd.DataFrame({"en": ["brush ink", "layer mask", "ink brush"]})
        encoder = make_multiview_encoder(
            ["en"], text_encoder=LsaEncoder(), random_state=0
        )
        fitted = encoder.fit(df)
        more = pd.DataFrame({"en": ["ink", "unheard", "unheard", "of", None]})
        with pytest.warns(
            UserWarning, match="column 'en': 3 of 5 rows have no"
        ) as seen:
            X = fitted.transform(more)
        assert len(seen) == 1
        assert X.present["en"].tolist() == [True] * 4 + [False]

    def test_without_a_known_vector_are_counted_too(self, tmp_path):
        (tmp_path / "a.vec").write_text("1 2\nbrush 1 0\n")
        encoder = KeyedVectorsEncoder(tmp_path / "a.vec")
        view = TextView(encoder, language="en").fit(["brush", "ink"])
        with pytest.warns(UserWarning, match="^1 of 2 rows have no known word"):
            view.transform(["ink brush", "unheard"])


def test_parameters_reach_through_and_clone(table):
    built = encoder(en__vectorizer__max_features=5)
    assert built.get_params()["en__vectorizer__max_features"] == 5
    copy = clone(built)
    assert copy.fit(table).transform(table)["en"].counts.shape == (40, 5)
    assert not hasattr(built, "views_") and not hasattr(copy.views[0][1], "encoder_")
    copy.set_params(en=TextView(language="de"))
    assert copy.get_params()["en"].language == "de"
    with pytest.raises(ValueError, match="Invalid parameter 'fr'"):
        built.set_params(fr__language="fr")


def test_a_transformer_of_your_own(table):
    def lengths(texts):
        return np.array([[len(text), text.count("e")] for text in texts], dtype=float)

    view = TextView(FunctionTransformer(lengths), language="en")
    X = MultiViewEncoder([("en", view)]).fit_transform(table)
    assert X["en"].embedding[0].tolist() == lengths([table["en"].iloc[0]])[0].tolist()
    with pytest.raises(TypeError, match="view 'en': WordVectorizer returns a sparse"):
        MultiViewEncoder([("en", TextView(WordVectorizer()))]).fit(table)
    wrong = FunctionTransformer(lambda texts: np.ones(3))
    with pytest.raises(ValueError, match=r"an array of shape \(3,\) for 1 rows"):
        MultiViewEncoder([("en", TextView(wrong))]).fit(table)


def test_pickle(table, fitted):
    again = pickle.loads(pickle.dumps(fitted))
    assert again.transform(table) == fitted.transform(table)
    assert fitted.n_features_in_ == 3
    assert fitted.get_feature_names_out().tolist() == ["en", "de", "image"]


def test_large_embeddings_go_to_files_and_are_the_same(table, fitted, tmp_path):
    folder = tmp_path / "new" / "folder"
    lazy = clone(fitted).set_params(memmap_dir=folder, max_nbytes=40 * 4 * 3).fit(table)
    X = lazy.transform(table)
    assert fitted.transform(table) == X
    assert isinstance(X["en"].embedding, np.memmap)
    assert not isinstance(X["de"].embedding, np.memmap)  # 40 rows of 3 floats
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {name.partition("-")[0] for name in first} == {"en", "image"}
    lazy.transform(table)
    assert len(list(folder.iterdir())) == 4
    assert all((folder / name).read_bytes() == first[name] for name in first)


def test_no_file_is_left_where_encoding_fails(table, fitted, tmp_path):
    lazy = pickle.loads(pickle.dumps(fitted)).set_params(
        memmap_dir=tmp_path, max_nbytes=0
    )
    broken = table[["image"]].copy()
    broken.iloc[30, 0] = b"no picture"
    with pytest.raises(ValueError, match="view 'image': row .* cannot read picture"):
        lazy.transform(broken)
    assert not list(tmp_path.iterdir())


def test_distinct_rows_are_encoded_in_chunks():
    sizes = []

    def vectors(pictures):
        sizes.append(len(pictures))
        return np.outer([int(picture) for picture in pictures], np.ones(2))

    cells = [str(row).encode() for row in range(10_000)]
    df = pd.DataFrame({"image": [*cells, None, *cells[::-1]]})
    view = ImageView(FunctionTransformer(vectors))
    fitted = MultiViewEncoder([("image", view)]).fit(df)
    sizes.clear()
    found = fitted.transform(df)["image"]
    assert sum(sizes) == 10_000 and max(sizes) < 5_000
    assert np.flatnonzero(~found.present).tolist() == [10_000]
    numbers = np.arange(10_000)
    expected = [*numbers, *numbers[::-1]]
    np.testing.assert_array_equal(found.embedding[found.present, 1], expected)


@pytest.mark.slow
def test_memory_is_bounded(tmp_path):
    """96 MB of embeddings, encoded and checked in chunks; files are not counted."""

    def vectors(pictures):
        return np.outer([int(picture) for picture in pictures], np.ones(200))

    cells = [str(row).encode() for row in range(60_000)]
    df = pd.DataFrame({"image": [*cells, *cells]})
    view = ImageView(FunctionTransformer(vectors))
    encoder = MultiViewEncoder([("image", view)], memmap_dir=tmp_path, max_nbytes=10**6)
    encoder.fit(df)
    tracemalloc.start()
    X = encoder.transform(df)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert X["image"].embedding.nbytes == 96_000_000 > 2 * peak
    assert (X["image"].embedding[[7, 60_007]] == 7).all()


def test_a_progress_bar(table, capsys):
    encoder(verbose=1).fit_transform(table)
    assert "encode de: " in capsys.readouterr().err


def test_a_pipeline_gives_topics_of_any_columns(table):
    pipeline = make_pipeline(encoder(), topic_model()).fit(table)
    theta = pipeline.transform(table[["image"]].dropna())
    assert theta.shape == (37, 3)
    np.testing.assert_allclose(theta.sum(axis=1), 1, atol=1e-5)
    pictures = to_polars(table)[["image"]].drop_nulls()
    np.testing.assert_array_equal(pipeline.transform(pictures), theta)
    pipeline.set_output(transform="pandas")
    frame = pipeline.transform(table)
    assert frame.index.tolist() == table.index.tolist()
    assert list(frame) == pipeline.get_feature_names_out().tolist()
    with sklearn.config_context(transform_output="pandas"):
        assert isinstance(pipeline[0].transform(table), MultiView)


@pytest.mark.slow
@pytest.mark.parametrize("to_frame", [pd.DataFrame, to_polars])
def test_a_grid_search_tunes_vocabularies_and_encoders(table, to_frame):
    df = to_frame(table[["en", "de"]])
    pipeline = Pipeline(
        [
            ("encode", make_multiview_encoder(["en", "de"], random_state=0)),
            ("topics", topic_model()),
        ]
    )
    grid = {
        "encode__en__vectorizer__max_features": [5, 9],
        "encode__de__encoder": [LsaEncoder(3, random_state=0)],
    }
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(df)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    best = search.best_estimator_[0].named_views_
    assert len(best["en"].vectorizer_.vocabulary_) in (5, 9)
    assert best["de"].n_features_out_ == 3
    assert search.transform(df).shape == (40, 3)


class TestRandomState:
    """`random_state` seeds encoders that take a seed, but have none."""

    @pytest.mark.parametrize("seed", [0, 5, None])
    def test_of_encoders_without_a_seed(self, seed):
        built = make_multiview_encoder(
            ["en", "de"],
            ["image", "drawing"],
            text_encoder=LsaEncoder(4),
            image_encoder=Guess(),
            random_state=seed,
        )
        for _, view in built.views:
            assert view.encoder.random_state == seed
        assert built.views[0][1].encoder is not built.views[1][1].encoder
        assert built.views[0][1].encoder.n_components == 4

    @pytest.mark.parametrize("own", [0, 3])
    def test_leaves_a_given_seed_alone(self, own):
        text, image = Doc2VecEncoder(random_state=own), Guess(random_state=own)
        built = make_multiview_encoder(
            ["en"],
            ["image"],
            text_encoder=text,
            image_encoder=image,
            random_state=7,
        )
        assert [view.encoder.random_state for _, view in built.views] == [own, own]
        assert text.random_state == image.random_state == own

    def test_leaves_the_given_encoders_as_they_were(self):
        text, image = LsaEncoder(), Guess()
        make_multiview_encoder(
            ["en"], ["image"], text_encoder=text, image_encoder=image, random_state=7
        )
        assert text.random_state is image.random_state is None

    def test_of_encoders_that_take_none(self):
        built = make_multiview_encoder(["en"], ["image"], random_state=7)
        text, image = (view.encoder for _, view in built.views)
        assert type(text) is StaticEncoder and type(image) is ImageStatisticsEncoder
        built = make_multiview_encoder(["en"], text_encoder=Lengths(), random_state=7)
        assert type(built.views[0][1].encoder) is Lengths

    def test_repeats(self, table):
        def vectors(seed):
            built = make_multiview_encoder(
                ["en"],
                ["image"],
                text_encoder=Doc2VecEncoder(3, max_iter=1),
                image_encoder=Guess(),
                random_state=seed,
            )
            X = built.fit_transform(table)
            return [X[name].embedding for name in X.view_names]

        first, again, other = vectors(0), vectors(0), vectors(1)
        for n in range(2):
            np.testing.assert_array_equal(first[n], again[n])
            assert (first[n] != other[n]).any()


class Guess(TransformerMixin, BaseEstimator):
    """Encode every picture by the same random numbers."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y=None):
        self.vector_ = np.random.RandomState(self.random_state).normal(size=2)
        return self

    def transform(self, X):
        return np.tile(self.vector_, (len(X), 1))


class Lengths(TransformerMixin, BaseEstimator):
    """Encode texts by two lengths; count the fits."""

    n_fits = 0

    def fit(self, X, y=None):
        Lengths.n_fits += 1
        return self

    def transform(self, X):
        return np.array([[len(text), len(text.split())] for text in X], np.float32)


def test_a_pipeline_with_memory_fits_the_encoders_once(table, tmp_path):
    grid = {"m3lcontrasttopicmodel__max_iter": [1, 2]}
    encoder = make_multiview_encoder(["en", "de"], text_encoder=Lengths())
    pipeline = make_pipeline(encoder, topic_model(), memory=str(tmp_path))
    before = Lengths.n_fits
    GridSearchCV(pipeline, grid, cv=2, refit=False, error_score="raise").fit(table)
    assert Lengths.n_fits - before == 4  # two folds of two columns


def test_images_alone_have_no_words(table):
    fitted = MultiViewEncoder([("image", ImageView())]).fit(table)
    assert not fitted.transform(table)["image"].is_text


@pytest.mark.parametrize("argument", ["texts", "images"])
def test_a_single_name_is_refused(argument):
    with pytest.raises(TypeError, match=f"{argument} is a list of column names"):
        make_multiview_encoder(**{argument: "en"})


class TestGroups:
    """A column of article ids is not a view; it becomes `X.groups`."""

    @pytest.fixture
    def df(self):
        return pd.DataFrame(
            {
                "en": ["A brush paints", "A brush paints", "A layer has a mask", None],
                "de": ["Ein Pinsel malt", "Der Pinsel", None, "Die Ebene"],
                "page": ["brush", "brush", "layer", "mask"],
            },
            index=list("wxyz"),
        )

    @pytest.fixture
    def encoder(self):
        text = LsaEncoder(n_components=2, random_state=0)
        return make_multiview_encoder(["en", "de"], text_encoder=text, groups="page")

    @pytest.mark.parametrize("convert", [pd.DataFrame, pl.DataFrame])
    def test_come_from_their_column(self, encoder, df, convert):
        df = df.astype(object).where(df.notna(), None)
        X = encoder.fit_transform(convert(df.to_dict("list")))
        assert X.view_names == ("en", "de")
        assert X.groups.tolist() == ["brush", "brush", "layer", "mask"]
        assert encoder.feature_names_in_.tolist() == ["en", "de"]

    def test_may_be_absent_in_transform(self, encoder, df):
        encoder.fit(df)
        assert encoder.transform(df[["en", "de"]]).groups is None
        assert encoder.transform(df[["de"]]).groups is None
        assert encoder.transform(df[["de", "page"]]).groups.tolist()[0] == "brush"

    def test_may_be_the_index(self, encoder, df):
        named = df.set_index("page")
        X = encoder.fit_transform(named)
        assert X.groups.tolist() == ["brush", "brush", "layer", "mask"]
        assert X.index.tolist() == X.groups.tolist()
        assert encoder.transform(named.reset_index(drop=True)).groups is None
        named.index = pd.Index(["a", None, "b", "c"], name="page")
        with pytest.raises(ValueError, match="index 'page': groups has no id in 1 of"):
            encoder.transform(named)
        with pytest.raises(ValueError, match="has no column 'page'"):
            encoder.fit(named.rename_axis("other"))

    def test_change_nothing_else(self, encoder, df):
        X = encoder.fit_transform(df)
        plain = clone(encoder).set_params(groups=None).fit_transform(df)
        assert plain.groups is None
        assert MultiView(plain.views, index=plain.index, groups=X.groups) == X

    def test_keep_their_type(self, encoder, df):
        numbers = encoder.fit_transform(df.assign(page=[4, 4, 2, 1]))
        assert numbers.groups.tolist() == [4, 4, 2, 1]
        assert numbers.groups.dtype.kind == "i"

    def test_split_a_table(self, encoder, df):
        for train, test in GroupKFold(2).split(df, groups=df["page"]):
            parts = [encoder.fit(df).transform(df.iloc[rows]) for rows in (train, test)]
            assert not {*parts[0].groups} & {*parts[1].groups}

    @pytest.mark.parametrize("missing", [None, np.nan, pd.NA, ""])
    def test_missing_ids_name_column_and_rows(self, encoder, df, missing):
        fitted = clone(encoder).fit(df)
        df = df.astype(object)
        df.loc["y", "page"] = missing
        message = r"column 'page': groups has no id in 1 of 4 rows: 2 \('y'\)"
        with pytest.raises(ValueError, match=message):
            encoder.fit(df)
        with pytest.raises(ValueError, match=message):
            fitted.transform(df)
        # Those who do not need ids leave the column out.
        assert fitted.transform(df[["en", "de"]]).groups is None

    def test_mixed_ids(self, encoder, df):
        with pytest.raises(TypeError, match="column 'page': groups mixes ids of type"):
            encoder.fit_transform(df.assign(page=["a", "a", 1, 2]))

    def test_column_must_be_there_in_fit(self, encoder, df):
        with pytest.raises(ValueError, match="has no column 'page'; its columns are"):
            encoder.fit(df[["en", "de"]])

    def test_column_must_not_be_a_view(self, encoder, df):
        with pytest.raises(ValueError, match="groups='en' is a view"):
            encoder.set_params(groups="en").fit(df)
