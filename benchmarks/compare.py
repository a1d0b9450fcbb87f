"""All models on the bundled corpus, over several seeds.

Run from the root of the repository: ``python -m benchmarks.compare --seeds 0 1 2``.
Writes ``compare.json``, with all that was measured, and ``compare.md``, with medians.
A run that was stopped goes on where it was: what is in ``compare.json`` is kept.
"""

import argparse
import datetime
import hashlib
import json
import os
import platform
import shlex
import sys
from importlib.metadata import version
from pathlib import Path
from statistics import median

import sklearn_m3l
from sklearn_m3l._compare import (
    COLUMNS,
    CONTESTANTS,
    explain_columns,
    fill_in,
    measure_alone,
)
from sklearn_m3l._files import replace_file

_FOLDER = Path(__file__).parent / "results" / "gimp-help"
_PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "skorch", "numba")


def describe_setting(parameters):
    """Return all that runs must have in common to be in one table."""
    return {
        "corpus": "gimp-help",
        "parameters": parameters,
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "not set"),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        "sklearn-m3l": f"{sklearn_m3l.__version__}, sources {_hash_sources()}",
    }


def _cpu_model():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = [line.split(":")[1].strip() for line in lines if "model name" in line]
    return models[0] if models else platform.processor()


def _hash_sources():
    """Return digits that change whenever the package does."""
    folder = Path(sklearn_m3l.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def load_runs(path, setting):
    """Return what was measured before in the same setting, by seed and model."""
    if not path.exists():
        return {}
    content = json.loads(path.read_text(encoding="utf-8"))
    differing = [name for name in setting if content["setting"][name] != setting[name]]
    if differing:
        raise SystemExit(
            f"{path} was measured in another setting ({', '.join(differing)}); remove "
            "it to begin anew, or write to another folder with --output"
        )
    return content["runs"]


def format_markdown(content, seeds):
    """Return the page with medians, ranges and how they were come by."""
    runs = [content["runs"][str(seed)] for seed in seeds]
    values = {}
    for label in CONTESTANTS:
        measured = [run[label]["values"] for run in runs]
        values[label] = {
            column: [by_column[column] for by_column in measured]
            for column in COLUMNS
            if column in measured[0]
        }
    rows, footnotes = fill_in(values, _show_spread)
    table = [["Model", *COLUMNS], ["---"] + ["---:"] * len(COLUMNS), *rows]
    chance = {n: v for row in runs[0].values() for n, v in row["chance"].items()}
    setting = content["setting"]
    about = {
        "command": f"`{content['command']}`",
        "date": ", ".join(sorted({r["date"] for run in runs for r in run.values()})),
        **{name: setting[name] for name in setting if name != "corpus"},
    }
    for name in ("parameters", "packages"):
        about[name] = ", ".join(f"{key} {value}" for key, value in about[name].items())
    return "\n".join(
        [
            "# All models on the bundled corpus",
            "",
            f"Median over the seeds {', '.join(map(str, seeds))}; in brackets the "
            "least and the greatest value.",
            "",
            *("| " + " | ".join(row) + " |" for row in table),
            "",
            *(f"- {label}: {runs[0][label]['training']}." for label in values),
            "",
            *(f"{footnote}." for footnote in footnotes),
            "",
            "By chance: " + ", ".join(f"{n} {v:.3f}" for n, v in chance.items()) + ".",
            "",
            *(f"- {name}: {text}." for name, text in explain_columns().items()),
            "",
            *(f"- {name}: {text}" for name, text in about.items()),
            "",
        ]
    )


def _show_spread(values, digits):
    shown = f"{median(values):.{digits}f}"
    if len(values) > 1:
        shown += f" ({min(values):.{digits}f} to {max(values):.{digits}f})"
    return shown


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--n-components", type=int, default=50)
    parser.add_argument("--max-iter", type=int, help="epochs (default: the models')")
    parser.add_argument("--output", type=Path, default=_FOLDER, metavar="FOLDER")
    arguments = parser.parse_args(argv)
    parameters = {"n_components": arguments.n_components}
    if arguments.max_iter is not None:
        parameters["max_iter"] = arguments.max_iter

    arguments.output.mkdir(parents=True, exist_ok=True)
    path = arguments.output / "compare.json"
    setting = describe_setting(parameters)
    options = sys.argv[1:] if argv is None else argv
    content = {
        "command": shlex.join(["python", "-m", "benchmarks.compare", *options]),
        "setting": setting,
        "runs": load_runs(path, setting),
    }
    for seed in arguments.seeds:
        run = content["runs"].setdefault(str(seed), {})
        for label in CONTESTANTS:
            if label not in run:
                print(f"seed {seed}: {label}", file=sys.stderr, flush=True)
                result = measure_alone(label, {**parameters, "random_state": seed})
                if describe_setting(parameters) != setting:
                    raise SystemExit("the package was changed while this ran")
                run[label] = {**result, "date": datetime.date.today().isoformat()}
                replace_file(path, json.dumps(content, indent=2) + "\n")
    page = format_markdown(content, arguments.seeds)
    replace_file(path.with_suffix(".md"), page)
    print(page)


if __name__ == "__main__":
    main()
