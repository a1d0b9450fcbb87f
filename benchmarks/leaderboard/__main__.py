"""The commands: run our systems, exchange data with others, and show all results.

    python -m benchmarks.leaderboard run gimp-help --seed 0 1 2
    python -m benchmarks.leaderboard export gimp-help FOLDER
    python -m benchmarks.leaderboard score gimp-help DELIVERY
    python -m benchmarks.leaderboard tables
    python -m benchmarks.leaderboard validate FILE

Modules are imported where they are needed: what is imported counts as a source of a
result.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.provenance import changed_sources


def main(argv: list[str] | None = None) -> None:
    """Run a command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.leaderboard",
        description="Every system on every corpus, judged alike.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run our systems that have no result yet")
    run.add_argument("corpus")
    run.add_argument("--system", nargs="+", metavar="NAME", help="by default all")
    run.add_argument("--seed", type=int, nargs="+", default=[0])
    run.add_argument("--rows", type=int, help="learn from the first rows alone")
    run.add_argument("--data", type=Path, help="what `export` wrote of this corpus")
    run.add_argument("--here", action="store_true", help="in this process, one system")
    run.set_defaults(do=_run)
    export = commands.add_parser("export", help="write a corpus for other packages")
    export.add_argument("corpus")
    export.add_argument("folder", type=Path)
    export.add_argument("--rows", type=int, help="the first training rows alone")
    export.set_defaults(do=_export)
    score = commands.add_parser("score", help="judge what other packages delivered")
    score.add_argument("corpus")
    score.add_argument("delivery", type=Path, nargs="+", help="folders")
    score.add_argument("--data", type=Path, help="what `export` wrote of this corpus")
    score.set_defaults(do=_score)
    tables = commands.add_parser("tables", help="write tables, figures, and sentences")
    tables.set_defaults(do=_tables)
    validate = commands.add_parser("validate", help="check results that you add")
    validate.add_argument("file", type=Path, nargs="+")
    validate.set_defaults(do=_validate)
    arguments = parser.parse_args(argv)
    arguments.do(arguments)


def _load(arguments: argparse.Namespace):
    from benchmarks.leaderboard.corpora import load_corpus
    from benchmarks.leaderboard.exchange import read_corpus

    if arguments.data is not None:
        return read_corpus(arguments.data)
    return load_corpus(arguments.corpus, getattr(arguments, "rows", None))


def _export(arguments: argparse.Namespace) -> None:
    from benchmarks.leaderboard.corpora import load_corpus
    from benchmarks.leaderboard.exchange import write_corpus

    write_corpus(load_corpus(arguments.corpus, arguments.rows), arguments.folder)


def _run(arguments: argparse.Namespace) -> None:
    if arguments.here:
        _run_here(arguments)
        return
    from benchmarks.leaderboard.exchange import write_corpus
    from benchmarks.leaderboard.results import result_file
    from benchmarks.leaderboard.systems import SYSTEMS

    systems = arguments.system or list(SYSTEMS)
    unknown = [name for name in systems if name not in SYSTEMS]
    if unknown:
        raise SystemExit(f"no system {unknown[0]!r}; there are {', '.join(SYSTEMS)}")
    name = arguments.corpus
    if arguments.rows:
        name = f"{name}_{arguments.rows}_rows"
    left = [
        (system, seed)
        for seed in arguments.seed
        for system in systems
        if changed_sources(result_file(name, system, seed)) != []
    ]
    if not left:
        return
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        data = arguments.data
        if data is None:
            data = Path(folder)
            write_corpus(_load(arguments), data)
        for system, seed in left:
            command = ["run", name, "--system", system, "--seed", str(seed)]
            own = [*command, "--data", str(data), "--here"]
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.leaderboard", *own], check=False
            )
            if done.returncode:
                failed.append(f"{system} with seed {seed}")
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


def _run_here(arguments: argparse.Namespace) -> None:
    from benchmarks.leaderboard.measures import measure
    from benchmarks.leaderboard.results import store
    from benchmarks.leaderboard.systems import deliver

    corpus = _load(arguments)
    (system,), (seed,) = arguments.system, arguments.seed
    delivery = deliver(system, corpus, seed)
    measured = measure(delivery, corpus)
    print(store(delivery.about, delivery.words, measured, delivery.cannot), flush=True)


def _score(arguments: argparse.Namespace) -> None:
    from benchmarks.leaderboard.exchange import read_delivery
    from benchmarks.leaderboard.measures import measure
    from benchmarks.leaderboard.results import store

    corpus = _load(arguments)
    for folder in arguments.delivery:
        try:
            delivery = read_delivery(folder, corpus)
        except (OSError, ValueError) as error:
            raise SystemExit(f"{folder}: {error}") from error
        measured = measure(delivery, corpus)
        print(store(delivery.about, delivery.words, measured, delivery.cannot))


def _tables(_: argparse.Namespace) -> None:
    from benchmarks.leaderboard.tables import write_all

    write_all()


def _validate(arguments: argparse.Namespace) -> None:
    from benchmarks.leaderboard.results import problems

    found = [(path, text) for path in arguments.file for text in problems(path)]
    for path, text in found:
        print(f"{path}: {text}")
    if found:
        raise SystemExit(1)
    print(f"{len(arguments.file)} results are as they should be")


if __name__ == "__main__":
    main()
