"""Run what README.md shows, in the current folder, with the Python that runs this.

It runs the Python blocks that load the bundled corpus, and the commands of "From a CSV"
on tables made of that corpus. `.ci/wheel` runs it in an environment that holds only the
package and its requirements.

Run: python .ci/readme.py README.md
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path

N_PAGES = {"corpus.csv": 200, "test.csv": 60, "new.csv": 20}


def python_blocks(readme):
    """Return the Python blocks that bring their own data."""
    blocks = re.findall(r"^```python\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    return [block for block in blocks if "load_gimp_help" in block]


def commands(readme):
    """Return the commands of the section on CSV files."""
    section = readme.split("\n## From a CSV\n")[1].split("\n## ")[0]
    return re.findall(r"^    python (.+)$", section, re.MULTILINE)


def write_tables():
    """Write the tables that the commands name: English, German, and picture paths."""
    from sklearn_m3l.datasets import load_gimp_help

    for name, n_pages in N_PAGES.items():
        corpus = load_gimp_help("train" if name == "corpus.csv" else "test")
        table = corpus.frame.drop_duplicates(["en", "de"]).tail(n_pages)
        for picture in table["image"].dropna().unique():
            Path(picture).parent.mkdir(parents=True, exist_ok=True)
            Path(picture).write_bytes(corpus.thumbnails[picture])
        table = table.rename(columns={"image": "picture"})[["en", "de", "picture"]]
        table.to_csv(name, index=False)


def run(arguments):
    """Run Python; stop where it fails."""
    print("$ python", shlex.join(arguments)[:80].replace("\n", " "), flush=True)
    subprocess.run([sys.executable, *arguments], check=True)


def main(path):
    """Run all of it."""
    readme = Path(path).read_text(encoding="utf-8")
    blocks, lines = python_blocks(readme), commands(readme)
    if not blocks or not lines:
        raise SystemExit("README.md has no code to run: adapt .ci/readme.py")
    for block in blocks:
        run(["-c", block])
    write_tables()
    for line in lines:
        run(shlex.split(line))


if __name__ == "__main__":
    main(sys.argv[1])
