"""The bundled emoji corpus: names and keywords in 12 languages, and pictures."""

import zipfile
from importlib import resources

import pandas as pd
from sklearn.utils import Bunch

from sklearn_m3l.datasets._bundled import read_json_lines

_FILES = resources.files("sklearn_m3l.datasets") / "data" / "emoji"
_LANGUAGES = ("en", "de", "fr", "ja", "zh", "ar", "ru", "fi", "th", "hi", "ko", "tr")
_SUBSETS = ("train", "validation", "test", "all")


def load_emoji(subset: str = "train") -> Bunch:
    """Load 1,914 emoji: names and keywords in 12 languages, and pictures.

    Each row is an emoji. Its text in a language is its name and its keywords, separated
    by commas, such as "cherry blossom, blossom, cherry, flower, plant, spring,
    springtime". Variants of an emoji, such as a woman and a man running, and emoji with
    the same picture or nearly the same words in a language form one concept. The
    training, validation and test rows share no concept. Skin tones are left out.

    ================   ======================================================
    Rows               1,914 (1,160 train, 198 validation, 556 test)
    Concepts           1,472
    Texts              Arabic, Chinese, English, Finnish, French, German, Hindi,
                       Japanese, Korean, Russian, Thai, Turkish
    Pictures           PNG files of 72 x 72 pixels
    Categories         9, with 98 subcategories
    ================   ======================================================

    Parameters
    ----------
    subset : {"train", "validation", "test", "all"}, default="train"
        Which rows to load.

    Returns
    -------
    corpus : :class:`~sklearn.utils.Bunch`
        With these attributes:

        frame : DataFrame of shape (n_rows, 18)
            The texts "en", "de", "fr", "ja", "zh", "ar", "ru", "fi", "th", "hi", "ko"
            and "tr", which may be missing; the "image", as the bytes of a PNG file; the
            "emoji" itself; its English "name"; the "concept", which is the article id
            of the row; and two Unicode labels, the "category" and the "subcategory".
            The index has the code points, such as "1F338".
        DESCR : str
            Source, licenses, and preparation of the corpus.

    Raises
    ------
    ValueError
        If `subset` is not one of the four.

    See Also
    --------
    load_gimp_help : Pages of a manual, with embeddings from pretrained encoders.
    sklearn_m3l.embedding.make_multiview_encoder : Encodes the columns of the frame.

    Notes
    -----
    The texts are under the Unicode License V3 and the pictures under CC BY-SA 4.0, not
    under the license of this package: see ``DESCR``.

    Examples
    --------
    >>> from sklearn_m3l.datasets import load_emoji
    >>> frame = load_emoji("test").frame
    >>> frame.loc["1F438", ["emoji", "en", "ja"]].tolist()
    ['🐸', 'frog, animal, face', 'カエルの顔, カエル, 動物, 顔']

    From there to a MultiView, with the concepts as article ids:

    >>> from sklearn_m3l.embedding import make_multiview_encoder
    >>> encoder = make_multiview_encoder(
    ...     ["en", "ar", "fi"], ["image"], groups="concept", random_state=0
    ... )
    >>> encoder.fit_transform(load_emoji("validation").frame)
    MultiView of 198 rows (144 articles) and 4 views
    ...
    """
    if subset not in _SUBSETS:
        raise ValueError(f"subset must be one of {_SUBSETS}, not {subset!r}")
    emoji = read_json_lines(_FILES / "emoji.jsonl.gz")
    emoji = [item for item in emoji if subset in ("all", item["subset"])]
    codes = [item["hexcode"] for item in emoji]
    texts = {
        language: [_text(item["texts"].get(language)) for item in emoji]
        for language in _LANGUAGES
    }
    labels = {
        name: [item[name] for item in emoji]
        for name in ("concept", "category", "subcategory")
    }
    frame = pd.DataFrame(
        {
            **texts,
            "image": _read_pictures(codes),
            "emoji": [item["emoji"] for item in emoji],
            "name": [item["texts"]["en"][0] for item in emoji],
            **labels,
        },
        index=codes,
    )
    return Bunch(frame=frame, DESCR=(_FILES / "DESCR.rst").read_text(encoding="utf-8"))


def _text(parts: list[str] | None) -> str | None:
    """Join a name and its keywords."""
    return None if parts is None else ", ".join(parts)


def _read_pictures(codes: list[str]) -> list[bytes]:
    with (
        (_FILES / "pictures.zip").open("rb") as raw,
        zipfile.ZipFile(raw) as archive,
    ):
        return [archive.read(f"{code}.png") for code in codes]
