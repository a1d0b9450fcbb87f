"""Open mutated pictures: each must be a picture, or be refused as unreadable.

    python -m benchmarks.fuzz_pictures --cases 40000 --jobs 2

Every file is a mutation of a small picture in one of the formats that are read, or in
one that is not, such as EPS. It is read from a file and from bytes; with
``on_error="missing"`` exactly those that are refused are absent.
`benchmarks.fuzzing` tells what else counts as a failure.
"""

import io
import random
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.fuzzing import main, write
from sklearn_m3l.embedding import ImageStatisticsEncoder
from sklearn_m3l.embedding._pictures import (
    FORMATS,
    UnreadablePictureError,
    open_picture,
)

_NAME = "picture"
# How the formats are varied, as modes of pictures and options of `save`.
_KINDS: list[tuple[str, str, dict[str, Any]]] = [
    *[("PNG", mode, {}) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")],
    *[("TIFF", mode, {}) for mode in ("1", "L", "RGB", "CMYK", "I;16B", "F", "I")],
    *[
        ("TIFF", "RGB", {"compression": name})
        for name in ("tiff_lzw", "tiff_deflate", "packbits", "jpeg")
    ],
    ("JPEG", "RGB", {}),
    ("JPEG", "L", {"progressive": True}),
    ("JPEG", "CMYK", {}),
    *[("GIF", mode, {}) for mode in ("L", "P")],
    *[("BMP", mode, {}) for mode in ("1", "L", "P", "RGB", "RGBA")],
    *[("PPM", mode, {}) for mode in ("1", "L", "RGB", "I")],
    ("WEBP", "RGB", {"lossless": True}),
    ("WEBP", "RGBA", {}),
    *[("EPS", "RGB", {}), ("DDS", "RGBA", {}), ("ICO", "RGBA", {}), ("TGA", "RGB", {})],
    *[("PCX", "P", {}), ("SGI", "RGB", {}), ("JPEG2000", "RGB", {})],
    ("AVIF", "RGB", {}),
]


def make_seeds() -> list[bytes]:
    """Return a small picture of every kind, as the bytes of a file."""
    noise = np.random.default_rng(0).integers(0, 256, (24, 20, 3), dtype=np.uint8)
    seeds = []
    Image.init()
    for kind, mode, options in _KINDS:
        if kind not in Image.SAVE:  # AVIF came with Pillow 11.3
            continue
        file = io.BytesIO()
        _convert(Image.fromarray(noise), mode).save(file, kind, **options)
        seeds.append(file.getvalue())
    frames = [Image.fromarray(np.roll(noise, n)).convert("P") for n in range(3)]
    for kind in ("GIF", "PNG", "WEBP"):
        file = io.BytesIO()
        frames[0].save(file, kind, save_all=True, append_images=frames[1:])
        seeds.append(file.getvalue())
    file, turned = io.BytesIO(), Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(noise).save(file, "JPEG", exif=turned)
    return [*seeds, file.getvalue()]


def _convert(picture: Any, mode: str) -> Any:
    if not mode.startswith("I;16"):
        return picture.convert(mode)
    deep = np.asarray(picture.convert("L")).astype(">u2" if mode[-1] == "B" else "<u2")
    return Image.fromarray(deep * 257)


def mutate(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """Return the bytes of a picture with a change; most are near the beginning."""
    changed = bytearray(data)
    end = len(data) if rng.random() < 0.5 else min(len(data), 200)
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        place = rng.randrange(end)
        match rng.randrange(4):
            case 0:
                changed[place : place + 1] = rng.randbytes(1)
            case 1:
                changed[place : place + 4] = rng.choice(
                    [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\1\0\0\0"]
                )
            case 2:
                changed[place : place + rng.randrange(9)] = b""
            case _:
                changed[place:place] = rng.randbytes(rng.choice([1, 4, 99]))
        end = max(1, min(end, len(changed)))
    match rng.randrange(8):
        case 0:
            return bytes(changed[: rng.randrange(len(changed) + 1)])
        case 1:
            other = rng.choice(others)
            return bytes(changed[: rng.randrange(len(changed) + 1)]) + other
        case _:
            return bytes(changed)


class PictureFiles:
    """Mutations of small pictures."""

    refusal = UnreadablePictureError

    def __init__(self):
        self.seeds = make_seeds()

    def begin(self, folder: Path) -> None:
        """Open the pictures themselves."""
        n_read = 0
        for data in self.seeds:
            write({_NAME: data}, folder)
            try:
                self.use(self.read(folder))
                n_read += 1
            except UnreadablePictureError:
                continue
        assert n_read > 3 * len(FORMATS), "pictures of our own cannot be read"

    def mutate(self, rng: random.Random) -> dict[str, bytes]:
        """Return a mutation of one of the pictures."""
        return {_NAME: mutate(rng.choice(self.seeds), self.seeds, rng)}

    def read(self, folder: Path) -> Any:
        """Open a picture in every way."""
        path = folder / _NAME
        cells = [path, path.read_bytes()]
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "pictures that cannot be read")
            vectors = ImageStatisticsEncoder(on_error="missing").transform(cells)
        try:
            picture = open_picture(path)
        except UnreadablePictureError:
            assert np.isnan(vectors).all(), "refused, but not absent"
            raise
        if cells[1]:  # empty bytes are a missing cell
            assert np.isfinite(vectors).all(), "read, but absent"
        return picture

    def use(self, result: Any) -> None:
        """Check what kind of picture it is."""
        assert result.mode == "RGB"
        assert np.asarray(result).shape == (*result.size[::-1], 3)


if __name__ == "__main__":
    sys.exit(main(PictureFiles(), __doc__.split("\n")[0]))
