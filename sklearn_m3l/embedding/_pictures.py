"""Pictures from paths, bytes, PIL images and arrays."""

import io
import reprlib
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np


class UnreadablePictureError(ValueError):
    """A cell that holds no picture that can be read."""


def open_picture(cell: Any) -> Any:
    """Return a picture in RGB, upright, what is transparent in it white.

    Parameters
    ----------
    cell : path, bytes, PIL image or ndarray of shape (height, width[, channels])
        Arrays hold uint8, or floats from 0 to 1; one channel is gray, four have alpha.

    Returns
    -------
    PIL.Image.Image
        Loaded.

    Raises
    ------
    UnreadablePictureError
        If it is not a picture, is damaged, or has more pixels than
        ``PIL.Image.MAX_IMAGE_PIXELS``.
    """
    from PIL import Image as image_module

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", image_module.DecompressionBombWarning)
            if isinstance(cell, np.ndarray):
                return _rgb(image_module.fromarray(_pixels(cell)))
            if isinstance(cell, (bytes, Path)):
                source = io.BytesIO(cell) if isinstance(cell, bytes) else cell
                with image_module.open(source) as picture:
                    return _rgb(picture)
            return _rgb(cell)
    except (
        OSError,
        ValueError,
        SyntaxError,  # what PIL raises for some damaged PNG files
        image_module.DecompressionBombWarning,
        image_module.DecompressionBombError,
    ) as error:
        what = reprlib.repr(cell) if isinstance(cell, bytes) else _describe(cell)
        raise UnreadablePictureError(f"cannot read picture {what}: {error}") from error


def open_pictures(cells: Iterable, on_error: str) -> Iterator:
    """Iterate over pictures, None for one that cannot be read and may be missing.

    Raises
    ------
    UnreadablePictureError
        Where one cannot be read and `on_error` is "raise".
    """
    errors = []
    for cell in cells:
        try:
            picture = open_picture(cell)
        except UnreadablePictureError as error:
            if on_error == "raise":
                raise UnreadablePictureError(
                    f"{error}; give the encoder on_error='missing' to take such "
                    "pictures as absent"
                ) from error
            picture = None
            errors.append(error)
        yield picture
    if errors:
        warnings.warn(
            f"pictures that cannot be read, taken as absent: {len(errors)}; the first: "
            f"{errors[0]}",
            UserWarning,
            stacklevel=2,
        )


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
    if array.dtype == bool:
        return array.astype(np.uint8) * 255
    if array.dtype.kind == "f" and array.min() >= 0 and array.max() <= 1:
        return np.rint(array * 255).astype(np.uint8)
    if array.dtype != np.uint8:
        raise ValueError("expected uint8, or floats from 0 to 1")
    return array


def _rgb(picture: Any) -> Any:
    """Load a picture, turn it upright, and put it on white."""
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith("I;16"):
        upright = upright.point(lambda value: value / 256).convert("L")
    if "A" in upright.getbands() or "transparency" in upright.info:
        upright = upright.convert("RGBA")
        white = upright.copy()
        white.paste((255, 255, 255, 255), (0, 0, *upright.size))
        white.alpha_composite(upright)
        upright = white
    return upright.convert("RGB")
