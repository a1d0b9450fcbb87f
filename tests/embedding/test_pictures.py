"""Pictures of every kind, damaged ones, and their statistics."""

import io
import os
import random
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from benchmarks import fuzz_pictures
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.embedding import ImageStatisticsEncoder, ImageView, MultiViewEncoder
from sklearn_m3l.embedding._pictures import UnreadablePictureError, open_picture

RED = (255, 0, 0)


def encoded(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.fixture(scope="module")
def jpeg():
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    return encoded(Image.fromarray(noise), "JPEG")


def bomb():
    """Return a PNG of 20,000 x 20,000 pixels in a few kilobytes."""
    return encoded(Image.new("1", (20_000, 20_000)))


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: encoded(Image.new("RGB", (3, 2), RED)),
        lambda folder: Image.new("RGB", (3, 2), RED),
        lambda folder: np.full((2, 3, 3), RED, dtype=np.uint8),
        lambda folder: np.full((2, 3, 3), [1.0, 0, 0]),
        lambda folder: np.full((2, 3, 4), [*RED, 255], dtype=np.uint8),
        lambda folder: encoded(Image.new("RGB", (3, 2), RED).quantize()),
        lambda folder: encoded(Image.new("RGBA", (3, 2), RED)),
        lambda folder: encoded(Image.new("RGB", (3, 2), RED).quantize(), "GIF"),
    ],
)
def test_a_red_picture_of_any_kind(make, tmp_path):
    cell = make(tmp_path)
    if isinstance(cell, bytes):
        path = tmp_path / "picture"
        path.write_bytes(cell)
        assert open_picture(path).tobytes() == open_picture(cell).tobytes()
    picture = open_picture(cell)
    assert picture.mode == "RGB" and picture.size == (3, 2)
    assert (np.asarray(picture) == RED).all()


@pytest.mark.parametrize(
    ("cell", "gray"),
    [
        (np.full((2, 2), 0.5), 128),
        (np.full((2, 2, 1), 9, dtype=np.uint8), 9),
        (np.ones((2, 2), dtype=bool), 255),
        (encoded(Image.fromarray(np.full((2, 2), 40_000, dtype=np.uint16))), 156),
        (encoded(Image.new("L", (2, 2), 77)), 77),
        (encoded(Image.new("RGBA", (2, 2), (0, 0, 0, 0))), 255),
        (encoded(Image.new("LA", (2, 2), (0, 0))), 255),
        (np.full((2, 2), 0.5, dtype=np.float16), 128),
        (np.full((2, 2, 3), 40_000, dtype=np.uint16), 156),
        (Image.new("F", (2, 2), 0.5), 128),
        (encoded(Image.new("F", (2, 2), 0.5), "TIFF"), 128),
        (Image.fromarray(np.full((2, 2), 40_000, dtype="<u2")), 156),
        (encoded(Image.fromarray(np.full((2, 2), 40_000, dtype=">u2")), "TIFF"), 156),
        (b"P5 2 2 65535\n" + np.full(4, 40_000, dtype=">u2").tobytes(), 156),
        (Image.new("La", (2, 2), (0, 0)), 255),
        (Image.new("RGBa", (2, 2), (0, 0, 0, 0)), 255),
        (
            encoded(
                Image.fromarray(np.full((2, 2), 9, dtype="<u2")), "PNG", transparency=9
            ),
            255,
        ),
    ],
)
def test_gray_deep_and_transparent_pictures(cell, gray):
    assert (np.asarray(open_picture(cell)) == gray).all()


@pytest.mark.parametrize("dtype", ["<u2", ">u2"])
def test_deep_pictures_are_upright(dtype):
    image = Image.fromarray(np.arange(8, dtype=dtype).reshape(2, 4) * 8000)
    exif = image.getexif()
    exif[0x0112] = 6
    picture = open_picture(encoded(image, "TIFF", exif=exif))
    assert picture.size == (2, 4)
    assert np.asarray(picture)[0, :, 0].tolist() == [125, 0]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (Image.new("I", (2, 2), 200), "range of its 32-bit integers is unknown"),
        (encoded(Image.new("I", (2, 2), 9), "TIFF"), "range of its 32-bit integers"),
        (Image.new("F", (2, 2), 200), "values from 0 to 1"),
        (Image.new("F", (2, 2), -0.1), "values from 0 to 1"),
        (encoded(Image.new("F", (2, 2), 2), "TIFF"), "values from 0 to 1"),
        (np.full((2, 2), 200.0), "values from 0 to 1"),
        (np.full((2, 2), np.nan), "values from 0 to 1"),
        (np.full((2, 2), 200), "the range of other numbers is unknown"),
        (np.full((2, 2), 200, dtype=np.uint32), "the range of other numbers"),
        (np.full((2, 2), 0.5, dtype=object), "the range of other numbers"),
    ],
)
def test_values_of_unknown_range_are_refused(cell, message):
    with pytest.raises(
        UnreadablePictureError, match=f"cannot read picture .*{message}"
    ):
        open_picture(cell)


@pytest.mark.parametrize("kind", ["EPS", "DDS", "ICO", "TGA", "PCX", "SGI", "PDF"])
def test_other_formats_are_refused(kind, tmp_path, monkeypatch):
    # Pillow would start Ghostscript for an EPS file.
    started = tmp_path / "started"
    (tmp_path / "gs").write_text(f"#!/bin/sh\ntouch {started}\n")
    (tmp_path / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    data = encoded(Image.new("RGB", (4, 4), RED), kind)
    with pytest.raises(UnreadablePictureError, match="it is not a BMP, .* or WEBP"):
        open_picture(data)
    assert not started.exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such files")
def test_pipes_devices_and_huge_files_are_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")  # to which nobody writes
    for path in (tmp_path / "pipe", Path("/dev/zero"), Path("a\0b")):
        with pytest.raises(UnreadablePictureError, match="regular file|null"):
            open_picture(path)
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(2**30 + 1)  # takes no room on the disk
    with pytest.raises(UnreadablePictureError, match="more than 1,073,741,824 bytes"):
        open_picture(tmp_path / "huge")


def test_pictures_are_upright():
    image = Image.new("RGB", (4, 2))
    exif = image.getexif()
    exif[0x0112] = 6  # turned by a quarter
    assert open_picture(encoded(image, "JPEG", exif=exif)).size == (2, 4)


def test_the_given_picture_stays_as_it_is():
    image = Image.new("RGB", (200, 300), RED)
    ImageStatisticsEncoder().transform([image])
    assert image.size == (200, 300)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("text", "it is not a BMP"),
        ("truncated", "truncated"),
        ("bomb", "exceeds limit|could be decompression bomb"),
        ("absent", "No such file"),
        ("folder", "directory"),
        ("array", r"array.* of shape \(2,\)|expected shape"),
        ("integers", "expected uint8, uint16"),
    ],
)
def test_bad_pictures_are_errors_or_absent(name, message, jpeg, tmp_path):
    (tmp_path / "text.jpg").write_text("this is a text")
    cell = {
        "text": tmp_path / "text.jpg",
        "truncated": jpeg[:-500],
        "bomb": bomb(),
        "absent": tmp_path / "absent.png",
        "folder": tmp_path,
        "array": np.zeros(2),
        "integers": np.zeros((2, 2), dtype=int),
    }[name]
    table = pd.DataFrame({"image": pd.Series([jpeg, cell, jpeg], dtype=object)})
    view = ImageView(ImageStatisticsEncoder())
    encoder = MultiViewEncoder([("image", view)]).fit(table[:1])
    with pytest.raises(ValueError, match="view 'image': row 1: cannot read") as caught:
        encoder.transform(table)
    assert "on_error='missing'" in str(caught.value)
    with pytest.raises(UnreadablePictureError, match=message):
        open_picture(cell)

    encoder.set_params(image__encoder__on_error="missing").fit(table[:1])
    with pytest.warns(UserWarning, match="absent: 1; the first: row 1: cannot read"):
        X = encoder.transform(table)
    assert X.present["image"].tolist() == [True, False, True]
    assert np.isfinite(X["image"].embedding).all()


def test_one_warning_tells_of_all_pictures_that_are_absent(jpeg):
    pictures = pd.DataFrame({"image": [b"x", jpeg, b"y"]})
    view = ImageView(ImageStatisticsEncoder(on_error="missing"))
    encoder = MultiViewEncoder([("image", view)])
    with pytest.warns(UserWarning, match="absent: 2; the first: row 0: ") as told:
        X = encoder.fit_transform(pictures)
    assert len(told) == 1
    assert X.present["image"].tolist() == [False, True, False]


def test_a_bomb_below_the_limit_of_errors_is_refused_too():
    image = Image.new("1", (10_000, 9_500))  # for which Pillow only warns
    with pytest.raises(UnreadablePictureError, match="decompression bomb"):
        open_picture(encoded(image))


def test_mutated_pictures_are_read_or_refused(tmp_path):
    """Whatever is broken, it is this error or a picture, and no other warning."""
    target = fuzz_pictures.PictureFiles()
    target.begin(tmp_path)
    n_read = 0
    for number in range(300):
        fuzz_pictures.write(target.mutate(random.Random(number)), tmp_path)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                target.use(target.read(tmp_path))
                n_read += 1
            except UnreadablePictureError as error:
                assert str(error).startswith("cannot read picture")
    assert 30 < n_read < 270


@pytest.mark.parametrize(
    ("index", "where"),
    [
        (None, "row 3"),
        (list("abcd"), r"row 3 \('d'\)"),
        (pd.Index([2, 3, 4, 5], name="line"), r"row 3 \(line 5\)"),
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_rows_of_damaged_pictures_are_named(nested, index, where, jpeg):
    """The rows of the table, not of the distinct cells that an encoder sees."""
    cells = pd.Series([jpeg, jpeg, np.ones((4, 4)), b"damaged"], index, dtype=object)
    encoder = ImageStatisticsEncoder()
    if nested:
        encoder = make_pipeline(encoder, FunctionTransformer(np.nan_to_num))
    view = ImageView(encoder).fit(cells[:3])
    with pytest.raises(ValueError, match=f"^{where}: cannot read picture"):
        view.transform(cells)
    if nested:  # fitting what follows needs the pictures
        with pytest.raises(ValueError, match=f"^{where}: cannot read picture"):
            ImageView(encoder).fit(cells)
    name = "imagestatisticsencoder__on_error" if nested else "on_error"
    encoder.set_params(**{name: "missing"})
    view = ImageView(encoder).fit(cells[:3])
    with pytest.warns(UserWarning, match=f"absent: 1; the first: {where}: cannot"):
        view.transform(cells)


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (3000, 2)])
def test_pictures_of_odd_shapes_have_statistics(size):
    vectors = ImageStatisticsEncoder().transform([Image.new("RGB", size, RED)])
    assert np.isfinite(vectors).all()


@pytest.mark.slow
def test_statistics_tell_pictures_apart_by_what_they_show():
    corpus = load_gimp_help("test")
    paths = list(corpus.thumbnails)[:60]
    pictures = [corpus.thumbnails[path] for path in paths]
    smaller = []
    for data in pictures:
        image = Image.open(io.BytesIO(data)).convert("RGB")
        smaller.append(image.resize((image.width * 3 // 4, image.height * 3 // 4)))
    encoder = ImageStatisticsEncoder()
    vectors, reduced = encoder.transform(pictures), encoder.transform(smaller)
    assert vectors.dtype == np.float32 and np.isfinite(vectors).all()
    scale = vectors.std(axis=0) + 1e-3
    distances = np.linalg.norm(
        (vectors[:, np.newaxis] - reduced[np.newaxis]) / scale, axis=2
    )
    assert (distances.argmin(axis=1) == np.arange(60)).mean() > 0.9


def test_features_one_by_one():
    left_dark = np.zeros((64, 64))
    left_dark[:, 32:] = 1
    vector = ImageStatisticsEncoder().transform([left_dark])[0]
    shape, rest = vector[:2], vector[2:]
    np.testing.assert_allclose(shape, np.log([64, 64]), rtol=1e-6)
    pixels, colors = rest[:192].reshape(8, 8, 3), rest[192 : 192 + 216]
    assert not pixels[:, :3].any() and (pixels[:, 5:] == 1).all()
    np.testing.assert_allclose(colors[[0, -1]], np.sqrt(0.5), rtol=1e-6)
    assert colors.sum() == pytest.approx(2 * np.sqrt(0.5))
    for patterns in np.split(rest[408:436], [10]):
        assert (patterns**2).sum() == pytest.approx(1, abs=1e-5)
    edges = rest[436:].reshape(9, 4, 9)
    assert edges[..., 0].sum() > 0.9 * edges.sum()  # all of them upright


def test_it_stands_alone_in_a_column_transformer(jpeg, tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg)
    table = pd.DataFrame({"image": [str(path), Path(path), None, jpeg], "n": range(4)})
    transformer = make_column_transformer(
        (ImageStatisticsEncoder(), "image"), remainder="passthrough"
    )
    frame = transformer.set_output(transform="pandas").fit_transform(table)
    assert frame.shape == (4, 763)
    assert frame.columns[0] == "imagestatisticsencoder__imagestatisticsencoder0"
    first = frame.iloc[0, :762]
    assert (first == frame.iloc[1, :762]).all() and (first == frame.iloc[3, :762]).all()
    assert frame.iloc[2, :762].isna().all()
