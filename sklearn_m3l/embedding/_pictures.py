"""Pictures from paths, bytes, PIL images and arrays."""

import io
import reprlib
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sklearn_m3l.embedding._columns import report_unreadable
from sklearn_m3l.utils._files import read_file

# Formats that hold only pixels. Pillow knows more, but some start other programs (EPS)
# or are rarely tested (DDS, BLP).
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")

# More bytes than any picture with as many pixels as Pillow allows.
MAX_BYTES = 2**30


class UnreadablePictureError(ValueError):
    """A cell does not hold a readable picture."""


def open_picture(cell: Any) -> Any:
    """Return a picture in RGB, upright, on a white background.

    Parameters
    ----------
    cell : path, bytes, PIL image or ndarray of shape (height, width[, channels])
        Paths and bytes hold one of the `FORMATS`. Arrays hold uint8, uint16, booleans,
        or floats from 0 to 1; one channel is gray, four have alpha.

    Returns
    -------
    PIL.Image.Image
        Loaded.

    Raises
    ------
    UnreadablePictureError
        If it is not a picture, is damaged, has more pixels than
        ``PIL.Image.MAX_IMAGE_PIXELS``, has values of unknown range, or is not a regular
        file.
    """
    from PIL import Image as image_module

    try:
        with warnings.catch_warnings():
            # Pillow also warns of damage outside the pixels, such as in EXIF data.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", image_module.DecompressionBombWarning)
            if isinstance(cell, np.ndarray):
                return _rgb(image_module.fromarray(_pixels(cell)))
            if isinstance(cell, Path):
                data = read_file(cell, MAX_BYTES)
            elif isinstance(cell, bytes):
                data = cell
            else:
                return _rgb(cell)
            with image_module.open(io.BytesIO(data), formats=FORMATS) as picture:
                return _rgb(picture)
    except image_module.UnidentifiedImageError as error:
        kinds = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        raise UnreadablePictureError(
            f"cannot read picture {_describe(cell)}: it is not a {kinds} file; convert "
            "it, or open it with Pillow yourself"
        ) from error
    except Exception as error:  # decoders may raise anything on damaged data
        raise UnreadablePictureError(
            f"cannot read picture {_describe(cell)}: {str(error) or type(error)}"
        ) from error


def open_pictures(cells: Iterable, on_error: str) -> Iterator:
    """Iterate over pictures, None for unreadable ones if they may be missing.

    Raises
    ------
    UnreadablePictureError
        If one cannot be read and `on_error` is "raise".
    """
    for cell in cells:
        try:
            picture = open_picture(cell)
        except UnreadablePictureError as error:
            report_unreadable(cell, error, on_error)
            picture = None
        yield picture


def _describe(cell: Any) -> str:
    if isinstance(cell, Path):
        return repr(str(cell))
    if isinstance(cell, np.ndarray):
        return f"of shape {cell.shape} and dtype {cell.dtype}"
    return reprlib.repr(cell)


def _pixels(array: np.ndarray) -> np.ndarray:
    """Return an array of pixels as uint8."""
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.size == 0 or not (
        array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))
    ):
        raise ValueError("expected shape (height, width) or (height, width, 3 or 4)")
    if array.dtype == np.uint8:
        return array
    tops = {"b": 1, "f": 1, "u": 2**16 - 1 if array.dtype.itemsize == 2 else 0}
    top = tops.get(array.dtype.kind)
    if not top:
        raise ValueError(
            "expected uint8, uint16, booleans, or floats from 0 to 1; the range of "
            "other numbers is unknown, so scale them"
        )
    return _scaled(array, top)


def _scaled(values: np.ndarray, top: int) -> np.ndarray:
    """Return values from 0 to `top` as uint8."""
    if not (values.min() >= 0 and values.max() <= top):  # NaN is neither
        raise ValueError(f"expected values from 0 to {top}; scale them")
    return np.rint(values * (255 / top)).astype(np.uint8)


def _rgb(picture: Any) -> Any:
    """Load a picture, turn it upright, and put it on white."""
    from PIL import ImageOps

    # A copy loses the format and, once scaled, the transparent color.
    kind, clear = picture.format, picture.info.get("transparency")
    upright = ImageOps.exif_transpose(picture)
    if upright.mode == "F" or upright.mode.startswith("I"):
        upright = _gray(upright, kind, clear)
    # Pillow converts colors that are multiplied by alpha to RGB only this way.
    premultiplied = {"La": "LA", "RGBa": "RGBA"}
    upright = upright.convert(premultiplied.get(upright.mode, upright.mode))
    if "A" in upright.getbands() or "transparency" in upright.info:
        upright = upright.convert("RGBA")
        white = upright.copy()
        white.paste((255, 255, 255, 255), (0, 0, *upright.size))
        white.alpha_composite(upright)
        upright = white
    return upright.convert("RGB")


def _gray(picture: Any, kind: str | None, clear: Any) -> Any:
    """Scale a picture of more than 8 bits to 8 bits, by the range of its mode."""
    from PIL import Image as image_module

    values = np.asarray(picture)
    if picture.mode == "F":
        top = 1
    # Some versions of Pillow read 16 bits into 32.
    elif picture.mode.startswith("I;16") or kind in ("PNG", "PPM"):
        top = 2**16 - 1
    else:
        raise ValueError(
            "the range of its 32-bit integers is unknown; scale them to 8 or 16 bits"
        )
    scaled = _scaled(values, top)
    if isinstance(clear, int):
        scaled[values == clear] = 255
    return image_module.fromarray(scaled)
