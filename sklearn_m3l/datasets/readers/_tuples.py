"""Join articles with images."""

import unicodedata
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from sklearn_m3l.utils._random import private_generator


def make_tuples(
    articles: pd.DataFrame,
    images: pd.DataFrame | Iterable[pd.DataFrame],
    *,
    images_per_article: str = "one",
    how: str = "inner",
    ignore_case: bool = False,
    random_state: Any = None,
) -> pd.DataFrame:
    """Join articles with images by page titles.

    In the paper, a training article has one image, drawn from all of its images; a test
    article has all of its images, with one tuple per image [1]_.

    Parameters
    ----------
    articles : DataFrame of shape (n_articles, n_columns)
        Each row is an article, in one or more languages. Columns that end in "_title",
        such as "en_title", contain the titles; a column "image" is not allowed.
    images : DataFrame, or iterable of DataFrame
        Each row is an image of a page, with the column "image" and columns of titles,
        which are compared with the columns of the same names in `articles`. You can
        pass the result of :func:`read_wit`; its chunks are joined one by one, so WIT
        need not fit in memory.
    images_per_article : {"one", "all"}, default="one"
        Whether an article gets one of its images, all equally likely, or is repeated
        for each image. An image counts once for an article, even if it is repeated on
        the page or used in several languages.
    how : {"inner", "left"}, default="inner"
        Whether articles without an image are left out, as in the paper, or kept,
        with "image" missing.
    ignore_case : bool, default=False
        Whether to ignore case when titles are compared. The paper's authors published
        titles in lower case.
    random_state : int, RandomState instance or None, default=None
        Draws the images if `images_per_article` is "one".

    Returns
    -------
    tuples : DataFrame of shape (n_tuples, n_columns + n_more)
        The rows of `articles` in order, with "image" and the other columns of `images`.
        The index has the article ids: it is the index of `articles`, named "article" if
        it has no name, which ``MultiViewEncoder(..., groups="article")`` reads.

    Raises
    ------
    ValueError
        If the frames have no title column in common, `images` lacks "image" or has
        another column of `articles`, two articles have the same titles or row labels,
        or no article has an image.

    Notes
    -----
    Underscores and spaces in titles are equal, and so are equivalent Unicode spellings
    of a letter. To split a corpus as in the paper, split the articles first, so that no
    article is on both sides.

    References
    ----------
    .. [1] E. Zosa and L. Pivovarova, "Multilingual and Multimodal Topic Modelling
       with Pretrained Embeddings", COLING 2022, section 4.1.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_m3l.datasets import make_tuples
    >>> articles = pd.DataFrame(
    ...     {
    ...         "en_title": ["Horse", "Zebra"],
    ...         "de_title": ["Pferd", "Zebra"],
    ...         "en": ["The horse is an animal.", "A zebra has stripes."],
    ...         "de": ["Das Pferd ist ein Tier.", "Ein Zebra hat Streifen."],
    ...     }
    ... )
    >>> images = pd.DataFrame(
    ...     {
    ...         "en_title": ["Zebra", "Horse", "Zebra"],
    ...         "image": ["stripes.jpg", "foal.jpg", "herd.jpg"],
    ...     }
    ... )
    >>> make_tuples(articles, images, random_state=0)[["en_title", "image"]]
            en_title        image
    article
    0          Horse     foal.jpg
    1          Zebra  stripes.jpg
    >>> tuples = make_tuples(articles, images, images_per_article="all")
    >>> tuples[["en_title", "image"]]
            en_title        image
    article
    0          Horse     foal.jpg
    1          Zebra  stripes.jpg
    1          Zebra     herd.jpg
    """
    for name, value, allowed in (
        ("images_per_article", images_per_article, ("one", "all")),
        ("how", how, ("inner", "left")),
    ):
        if value not in allowed:
            raise ValueError(f"{name} must be one of {allowed}, not {value!r}")
    generator = private_generator(random_state)
    _check_articles(articles)
    found = _match(articles, images, ignore_case)
    if images_per_article == "one":
        _, firsts, counts = np.unique(
            found.index, return_index=True, return_counts=True
        )
        found = found.iloc[firsts + generator.randint(counts)]
    if how == "left":
        found = pd.DataFrame(index=np.arange(len(articles))).join(found)
    tuples = articles.iloc[found.index.to_numpy()].copy()
    for column in found:
        tuples[column] = found[column].array
    return tuples if tuples.index.name else tuples.rename_axis("article")


def _check_articles(articles: pd.DataFrame) -> None:
    titles = [column for column in articles if _is_title(column)]
    if not titles:
        raise ValueError("articles have no column of titles, such as 'en_title'")
    if "image" in articles:
        raise ValueError("articles already have a column 'image'; drop or rename it")
    repeated = articles.index[articles.duplicated(titles)]
    if len(repeated):
        raise ValueError(
            f"{len(repeated)} articles have the titles of an earlier one, such as row "
            f"{repeated[0]!r}; drop them with drop_duplicates({titles})"
        )
    labels = articles.index[articles.index.duplicated()]
    if len(labels):
        raise ValueError(
            f"several articles have the row label {labels[0]!r}; make the labels "
            "unique, for example with reset_index(drop=True)"
        )


def _match(
    articles: pd.DataFrame,
    images: pd.DataFrame | Iterable[pd.DataFrame],
    ignore_case: bool,
) -> pd.DataFrame:
    """Return the images of each article, indexed by the number of the article."""
    keys: dict[str, pd.DataFrame] = {}
    parts, n_before = [], 0
    for chunk in [images] if isinstance(images, pd.DataFrame) else images:
        titles = _check_images(articles, chunk)
        of_image = chunk.drop(columns=[name for name in chunk if _is_title(name)])
        for title in titles:
            if title not in keys:
                keys[title] = _keys(articles[title], ignore_case)
            wanted = _keys(chunk[title].where(chunk["image"].notna()), ignore_case)
            pairs = keys[title].merge(wanted, on="key")
            part = of_image.iloc[pairs["number_y"].to_numpy()]
            places = pairs["number_y"] + n_before
            parts.append(part.set_index([pairs["number_x"], places]))
        n_before += len(chunk)
    found = pd.concat(parts).sort_index(kind="stable") if parts else pd.DataFrame()
    if not len(found):
        raise ValueError(
            "no article has an image: no title is in both articles and images"
            + ("" if ignore_case else "; ignore_case=True may help")
        )
    found.index = found.index.get_level_values(0)
    is_again = found[["image"]].assign(article=found.index).duplicated()
    return found[~is_again.to_numpy()]


def _check_images(articles: pd.DataFrame, images: pd.DataFrame) -> list[str]:
    """Return the columns of titles that articles and images have in common."""
    titles = [name for name in images if _is_title(name) and name in articles]
    if not titles:
        raise ValueError(
            f"articles and images have no column of titles in common: images have "
            f"{list(images)}, articles {list(articles)}"
        )
    if "image" not in images:
        raise ValueError(f"images have no column 'image' but {list(images)}")
    both = [name for name in images if name in articles and not _is_title(name)]
    if both:
        raise ValueError(f"images have columns of articles; drop or rename {both}")
    return titles


def _keys(titles: pd.Series, ignore_case: bool) -> pd.DataFrame:
    """Return the normalized titles that are not missing, with their row numbers."""

    def key(title: str) -> str:
        plain = unicodedata.normalize("NFC", title.replace("_", " ").strip())
        return plain.casefold() if ignore_case else plain

    keys = titles.map(key, na_action="ignore").to_numpy(dtype=object)
    return pd.DataFrame({"key": keys, "number": np.arange(len(keys))}).dropna()


def _is_title(column: object) -> bool:
    return isinstance(column, str) and column.endswith("_title")
