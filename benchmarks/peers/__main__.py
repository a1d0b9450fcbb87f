"""Other packages on the corpora of the leaderboard, each in an environment of its own.

    python -m benchmarks.peers install topica --folder FOLDER
    python -m benchmarks.peers run topica gimp-help --seed 0 --folder FOLDER
    python -m benchmarks.peers run topica gimp-help --folder FOLDER --equal-time

`run` exports the corpus, lets the environment's own Python run the adapter, and judges
what it delivers as `python -m benchmarks.leaderboard score` does. A system with a
result that is up to date is not run again. `--equal-time` gives those that learn in
epochs or sweeps as many of them as take the time that M3LContrastTopicModel took on the
corpus; both must have results, of `--iterations` if not of what is advised. The
environment of tomotopy is for `python -m benchmarks.sampling`.
"""

import argparse
import importlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.peers.environments import ADAPTERS, ENVIRONMENTS, install, python_of
from benchmarks.provenance import ROOT, changed_sources, digest

# Which systems need vectors of words, and a dictionary.
NEED_DICTIONARY = {"topica-infoctm", "topmost-nmtm", "topmost-infoctm"}
NEED_WORDS = {*NEED_DICTIONARY, "turftopic-keynmf"}
OURS = "m3l"


def main(argv: list[str] | None = None) -> None:
    """Run a command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers", description=__doc__.partition("\n")[0]
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    folder = argparse.ArgumentParser(add_help=False)
    folder.add_argument(
        "--folder", type=Path, required=True, help="environments, outside of this one"
    )
    make = commands.add_parser(
        "install", parents=[folder], help="make the environment of a rival"
    )
    make.add_argument("name", choices=ENVIRONMENTS)
    make.set_defaults(do=lambda arguments: install(arguments.name, arguments.folder))
    run = commands.add_parser("run", parents=[folder], help="run and judge a rival")
    run.add_argument("name", choices=ADAPTERS)
    run.add_argument("corpus")
    run.add_argument("--system", nargs="+", metavar="SYSTEM", help="by default all")
    run.add_argument("--seed", type=int, nargs="+", default=[0])
    run.add_argument("--iterations", type=int, help="in the place of what is advised")
    run.add_argument("--equal-time", action="store_true")
    run.add_argument("--data", type=Path, help="what `export` wrote of this corpus")
    run.add_argument("--deliveries", type=Path, help="keep here what was delivered")
    run.set_defaults(do=_run)
    arguments = parser.parse_args(argv)
    arguments.do(arguments)


def _run(arguments: argparse.Namespace) -> None:
    from benchmarks.leaderboard.results import result_file

    adapter = importlib.import_module(f"benchmarks.peers.{arguments.name}")
    systems = arguments.system or list(adapter.SYSTEMS)
    unknown = [name for name in systems if name not in adapter.SYSTEMS]
    if unknown:
        known = ", ".join(adapter.SYSTEMS)
        raise SystemExit(f"no system {unknown[0]!r}; there are {known}")
    if arguments.equal_time:
        systems = [name for name in systems if adapter.SYSTEMS[name].iterations]
    suffix = "-equal-time" if arguments.equal_time else ""
    left = [
        (system, seed)
        for seed in arguments.seed
        for system in systems
        if changed_sources(result_file(arguments.corpus, system + suffix, seed)) != []
    ]
    if not left:
        return
    with tempfile.TemporaryDirectory() as folder:
        data = arguments.data or Path(folder, "data")
        prepare({system for system, _ in left}, arguments.corpus, data)
        for system, seed in left:
            iterations = arguments.iterations
            if arguments.equal_time:
                given = arguments.iterations or adapter.SYSTEMS[system].iterations
                iterations = equal_time(arguments.corpus, system, seed, given)
            kept = arguments.deliveries or Path(folder)
            delivery = kept / arguments.corpus / f"{system}{suffix}_seed{seed}"
            options = ["--system", system, "--seed", str(seed)]
            if iterations:
                options += ["--iterations", str(iterations)]
            if arguments.equal_time:
                options.append("--equal-time")
            deliver(arguments.name, data, delivery, arguments.folder, options)
            _score(arguments.corpus, delivery, data)


def prepare(systems: set[str], corpus: str, data: Path) -> None:
    """Export a corpus, with what systems need besides, unless it is there."""
    from benchmarks.leaderboard.__main__ import main as leaderboard
    from benchmarks.peers import resources

    if not (data / "corpus.json").exists():
        leaderboard(["export", corpus, str(data)])
    if systems & NEED_WORDS:
        resources.write_word_embeddings(data)
    if systems & NEED_DICTIONARY:
        resources.write_dictionary(data, data / "packages")


def equal_time(corpus: str, system: str, seed: int, iterations: int) -> int:
    """Return how many iterations take as long as the fit of our model."""
    from benchmarks.leaderboard.results import result_file

    seconds = {}
    for name in (OURS, system):
        path = result_file(corpus, name, seed)
        if not path.exists():
            raise SystemExit(f"run {name} on {corpus} with seed {seed} first")
        result = json.loads(path.read_text(encoding="utf-8"))
        if "Fit s" not in result["values"]:
            raise SystemExit(f"{name} has no time on {corpus}")
        seconds[name] = result["values"]["Fit s"]
    return max(1, round(iterations * seconds[OURS] / seconds[system]))


def deliver(
    name: str, data: Path, delivery: Path, environments: Path, options: list[str]
) -> None:
    """Run an adapter, unless it has delivered the same before.

    Parameters
    ----------
    name : str
        Of the rival.
    data, delivery : Path
        Where the corpus is, and what is delivered goes.
    environments : Path
        Where its environment is.
    options : list of str
        Of the adapter's command line.
    """
    marker = delivery / "run.json"
    ran = {"options": options, "sources": _digests(name)}
    if marker.exists() and json.loads(marker.read_text(encoding="utf-8")) == ran:
        return
    shutil.rmtree(delivery, ignore_errors=True)
    module = f"benchmarks.peers.{name}"
    command = [python_of(name, environments), "-m", module, data, delivery, *options]
    print(" ".join(map(str, command[1:])), flush=True)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}
    environment.pop("PYTHONPATH", None)
    subprocess.run(
        [os.path.abspath(command[0]), *command[1:]],
        cwd=ROOT,
        env=environment,
        check=True,
    )
    _tell_topics(delivery / "delivery.json", data)
    marker.write_text(json.dumps(ran), encoding="utf-8")


def _tell_topics(path: Path, data: Path) -> None:
    """Add the number of topics to a configuration, if it is not what was asked for."""
    about = json.loads(path.read_text(encoding="utf-8"))
    corpus = json.loads((data / "corpus.json").read_text(encoding="utf-8"))
    if about["n_topics"] != corpus["n_topics"]:
        about["configuration"] += f"; {about['n_topics']} topics"
        path.write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")


def _digests(name: str) -> Mapping[str, str]:
    sources = ("delivery", name)
    folder = ROOT / "benchmarks" / "peers"
    return {
        source: digest((folder / f"{source}.py").read_text(encoding="utf-8"))
        for source in sources
    }


def _score(corpus: str, delivery: Path, data: Path) -> None:
    from benchmarks.leaderboard.__main__ import main as leaderboard

    leaderboard(["score", corpus, str(delivery), "--data", str(data)])


if __name__ == "__main__":
    main()
