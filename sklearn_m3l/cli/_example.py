"""The command example: write a bundled corpus as tables to try the commands on."""

from pathlib import Path

from sklearn_m3l.datasets import load_emoji
from sklearn_m3l.utils._files import replace_file


def write_example(folder: Path) -> None:
    """Write the emoji as three tables, and their pictures.

    Parameters
    ----------
    folder : Path
        Target folder; it is created if it does not exist.
    """
    pictures = folder / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    for subset in ("train", "validation", "test"):
        corpus = load_emoji(subset)
        frame = corpus.frame
        for code, picture in frame["image"].items():
            (pictures / f"{code}.png").write_bytes(picture)
        frame = frame.assign(image=[f"pictures/{code}.png" for code in frame.index])
        # Last, and at once, so that a table never lacks pictures.
        replace_file(folder / f"{subset}.csv", frame.to_csv(index_label="code"))
        print(f"Wrote {folder / subset}.csv: {len(frame):,} rows")
    (folder / "README.rst").write_text(corpus.DESCR, encoding="utf-8")
    print(f"Wrote {pictures}, and {folder / 'README.rst'} with the licenses")
