"""Picture statistics: embeddings without a pretrained model."""

import numpy as np
from tqdm import tqdm

from sklearn_m3l.embedding._column_encoder import ColumnEncoder
from sklearn_m3l.embedding._pictures import open_pictures
from sklearn_m3l.utils._sklearn import StrOptions

# Pictures are reduced to this many pixels per side before colors and texture are
# counted.
_SIDE = 96
_COLOR_LEVELS = 6
# Sides of the reduced pictures whose pixels and whose edges are features.
_PIXELS_SIDE = 8
_EDGES_SIDE = 64
# Local binary patterns: neighbors and their distance.
_PATTERNS = ((8, 1), (16, 2))


class ImageStatisticsEncoder(ColumnEncoder):
    """Embed pictures by statistics of their colors, texture, edges and shape.

    It needs no pretrained model and learns nothing, so there is nothing to download. It
    separates pictures that look different, such as kinds of screenshots or drawings; to
    recognize the content of photographs, use a `SentenceTransformerEncoder` with a CLIP
    model.

    The 762 features of a picture are the logarithms of width and height, 8 x 8 pixels
    in RGB, the square roots of a histogram of 216 colors and of two histograms of local
    binary patterns [1]_, and histograms of oriented gradients [2]_ in 16 cells of 64 x
    64 pixels. They differ in scale: standardize them, as the neural topic models do.

    Parameters
    ----------
    on_error : {"raise", "missing"}, default="raise"
        Whether a picture that cannot be read is an error, or a row of NaN with a
        warning.
    verbose : int, default=0
        Whether to show a progress bar.

    See Also
    --------
    ImageView : Encodes one column of a table.

    References
    ----------
    .. [1] T. Ojala, M. Pietikainen, T. Maenpaa (2002). Multiresolution gray-scale and
       rotation invariant texture classification with local binary patterns. IEEE
       Transactions on Pattern Analysis and Machine Intelligence 24(7), 971-987.
    .. [2] N. Dalal, B. Triggs (2005). Histograms of oriented gradients for human
       detection. CVPR, 886-893.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_m3l.embedding import ImageStatisticsEncoder
    >>> pictures = [np.zeros((20, 30)), np.ones((20, 30, 3))]
    >>> ImageStatisticsEncoder().fit_transform(pictures).shape
    (2, 762)
    """

    _parameter_constraints: dict = {
        "on_error": [StrOptions({"raise", "missing"})],
        "verbose": ["verbose"],
    }

    def __init__(self, *, on_error="raise", verbose=0):
        self.on_error = on_error
        self.verbose = verbose

    def _encodes_pictures(self):
        return True

    def _encode(self, cells):
        vectors = np.full((len(cells), self._n_features_out), np.nan, dtype=np.float32)
        bar = tqdm(cells, desc="encode pictures", disable=not self.verbose)
        for row, picture in enumerate(open_pictures(bar, self.on_error)):
            if picture is not None:
                vectors[row] = np.concatenate(_statistics(picture))
        return vectors

    @property
    def _n_features_out(self):
        edges = 9 * 4 * 9  # blocks of 2 x 2 cells, 9 directions
        patterns = sum(neighbors + 2 for neighbors, _ in _PATTERNS)
        return 2 + 3 * _PIXELS_SIDE**2 + _COLOR_LEVELS**3 + patterns + edges

    def __sklearn_is_fitted__(self):
        return True

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags


def _statistics(picture) -> list[np.ndarray]:
    """Return the statistics of a PIL image in RGB."""
    from skimage import feature

    shape = np.log(picture.size)
    picture.thumbnail((_SIDE, _SIDE))
    pixels = np.asarray(picture.resize((_PIXELS_SIDE, _PIXELS_SIDE))) / 255
    gray = picture.convert("L")
    brightness = np.asarray(gray)
    edges = feature.hog(
        np.asarray(gray.resize((_EDGES_SIDE, _EDGES_SIDE))),
        pixels_per_cell=(_EDGES_SIDE // 4, _EDGES_SIDE // 4),
        cells_per_block=(2, 2),
    )
    patterns = [
        _shares(
            feature.local_binary_pattern(brightness, neighbors, distance, "uniform"),
            neighbors + 2,
        )
        for neighbors, distance in _PATTERNS
    ]
    return [shape, pixels.ravel(), _colors(picture), *patterns, edges]


def _colors(picture) -> np.ndarray:
    levels = np.asarray(picture).reshape(-1, 3).astype(int) * _COLOR_LEVELS // 256
    return _shares(levels @ _COLOR_LEVELS ** np.arange(3), _COLOR_LEVELS**3)


def _shares(values: np.ndarray, n: int) -> np.ndarray:
    """Return the square root of the share of each value, which varies less."""
    counts = np.bincount(values.ravel().astype(int), minlength=n)
    return np.sqrt(counts / values.size)
