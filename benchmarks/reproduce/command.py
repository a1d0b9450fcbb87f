"""The command: which cells are left to measure, and measuring them."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from joblib import Parallel, delayed
from tqdm import tqdm

from benchmarks.provenance import record
from benchmarks.reproduce.cells import Cell, Scale, plan
from benchmarks.reproduce.corpora import CORPORA, Corpus, load_corpus, make_material
from benchmarks.reproduce.measure import measure
from benchmarks.reproduce.page import write_results
from benchmarks.reproduce.store import Store, describe_setting

_RESULTS = Path(__file__).parents[1] / "results"
_QUICK = {"seeds": (0,), "max_iter": 5}


def add_parser(commands) -> None:
    """Add the command to those of ``python -m benchmarks``."""
    parser = commands.add_parser(
        "reproduce",
        help="the paper's tables and figures",
        description="Measure the paper's tables and figures on a corpus. A run that "
        "was stopped resumes where it was.",
    )
    parser.add_argument(
        "--corpus",
        choices=CORPORA,
        default="gimp-help",
        help="gimp-help is bundled, and the default; of the others --data holds, for "
        "m3l-csv, train.csv and test.csv in the format of the paper's authors; for "
        "wikipedia-comparable one .xml file, plain or compressed; for mallet en.txt "
        "and de.txt, instances line by line",
    )
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="holds the corpus")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one seed and 5 epochs, to see that all works",
    )
    parser.add_argument("--seeds", type=int, nargs="+", help="default: 0 1 2")
    parser.add_argument("--max-iter", type=int, help="epochs (default: the models')")
    parser.add_argument("--n-jobs", type=int, default=1, help="fits at a time")
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="PART",
        choices=[f"table-{n}" for n in range(1, 5)]
        + [f"figure-{n}" for n in range(2, 7)],
        help="measure these parts alone, such as table-1 figure-3",
    )
    parser.add_argument("--output", type=Path, metavar="FOLDER")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    corpus = load_corpus(arguments.corpus, arguments.data)
    given = {"seeds": arguments.seeds, "max_iter": arguments.max_iter}
    given = {name: value for name, value in given.items() if value is not None}
    changes = {**(_QUICK if arguments.quick else {}), **given}
    changes["seeds"] = tuple(changes.get("seeds", (0, 1, 2)))
    folder = arguments.output
    if folder is None:
        folder = _RESULTS / (corpus.name + ("-quick" if arguments.quick else ""))
    page = reproduce(
        corpus,
        Scale(corpus.n_components, **changes),
        folder,
        n_jobs=arguments.n_jobs,
        only=[part.replace("-", " ").capitalize() for part in arguments.only or ()],
        command=shlex.join(
            ["python", "-m", "benchmarks", *_shown(arguments, sys.argv)]
        ),
    )
    print(f"Wrote {page}")


def _shown(arguments: argparse.Namespace, argv: Sequence[str]) -> list[str]:
    """Return the options as they were given, without where a folder is."""
    hidden = {str(arguments.data): "FOLDER", str(arguments.output): "FOLDER"}
    return [hidden.get(option, option) for option in argv[1:]]


def reproduce(
    corpus: Corpus,
    scale: Scale,
    folder: Path,
    *,
    n_jobs: int = 1,
    only: Sequence[str] = (),
    command: str = "",
) -> Path:
    """Measure what is not yet measured, and write all results.

    Parameters
    ----------
    corpus : Corpus
        What is measured on.
    scale : Scale
        How much is measured.
    folder : Path
        Where ``results.json``, ``README.md`` and the figures go.
    n_jobs : int
        Fits at a time, each on one thread.
    only : sequence of str
        The parts to measure, such as "Table 1"; by default all.
    command : str
        For the record.

    Returns
    -------
    Path
        The page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    store = Store(folder / "results.json", describe_setting(corpus.about), command)
    parts = plan(scale, corpus.combinations)
    wanted = [cell for part in only or parts for cell in parts[part]]
    left = [cell for cell in dict.fromkeys(wanted) if cell not in store]
    try:
        _measure_all(left, corpus, store, n_jobs, n_cells=len(set(wanted)))
    finally:
        # Also where it is stopped: the parts that are complete are worth a look.
        if store.results:
            page = write_results(corpus, scale, store, folder)
    record(store.path, continues=True)
    return page


def _measure_all(
    left: list[Cell], corpus: Corpus, store: Store, n_jobs: int, n_cells: int
) -> None:
    @cache
    def material(texts, pictures):
        return make_material(corpus, texts, pictures)

    tasks = (
        delayed(_measure_one)(cell, material(cell.texts, cell.pictures))
        for cell in left
    )
    pool = Parallel(
        n_jobs,
        return_as="generator_unordered",
        batch_size=1,
        max_nbytes=None,  # arrays on disk would be read from there
    )
    with tqdm(total=n_cells, initial=n_cells - len(left), unit="fit") as bar:
        for cell, result in pool(tasks):
            store.add(cell, result)
            record(store.path, continues=True, finished=False)
            bar.set_postfix_str(f"{cell.model}, seed {cell.seed}")
            bar.update()


def _measure_one(cell: Cell, material) -> tuple[Cell, dict]:
    return cell, measure(cell, material)
