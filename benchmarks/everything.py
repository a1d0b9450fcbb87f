"""All stored results made anew, the cheapest first, within a budget of hours.

    python -m benchmarks all --budget 2
    python -m benchmarks all --budget 0

A result is up to date if no source that it rests on has changed, and it is finished.
One that is not is removed, and its command is run; where one was stopped, the next call
continues. A command is started only if it is expected to end within the budget, and
ended when the budget is. What is left is printed, with the reason. Minutes are those
of one busy core.
"""

import argparse
import fnmatch
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from benchmarks.provenance import RESULTS, ROOT, changed_sources, is_finished, run_file

# What variables name that stand in braces in commands.
VARIABLES = {
    "M3L_MULTI30K": "folder of Multi30k",
    "M3L_SEVEN": "folder for the manuals in seven languages",
    "M3L_DICTIONARIES": "folder for dictionaries of words",
    "M3L_GNOME": "folder that `build_gnome_help` wrote",
    "M3L_E5": "folder of multilingual-e5-small",
    "M3L_GPU": "anything, where the GPU of the stored result is",
    "M3L_RIVALS": "folder in which `python -m benchmarks.peers install` was run",
}


class Job(NamedTuple):
    """A command that stores results.

    Parameters
    ----------
    name : str
        What it is called.
    command : str
        Module and arguments, with variables in braces.
    results : list of str
        The files below `benchmarks/results` that it makes.
    minutes : float
        How long it is expected to take, all in all.
    needs : tuple of str
        Variables that it reads besides those in its command.
    """

    name: str
    command: str
    results: list[str]
    minutes: float
    needs: tuple[str, ...] = ()

    @property
    def variables(self) -> list[str]:
        """Return the variables that must be set."""
        return [*re.findall(r"{(\w+)}", self.command), *self.needs]


def _leaderboard(
    corpus: str, seeds: Iterable[int], minutes: float, needs: tuple[str, ...] = ()
) -> Job:
    from benchmarks.leaderboard.systems import SYSTEMS

    numbers = " ".join(map(str, seeds))
    return Job(
        f"leaderboard {corpus}",
        f"benchmarks.leaderboard run {corpus} --seed {numbers}",
        [
            f"leaderboard/{corpus}/{system}_seed{seed}.json"
            for seed in seeds
            for system in SYSTEMS
        ],
        minutes,
        needs,
    )


def _rival(
    name: str,
    corpus: str,
    minutes: float,
    systems: Iterable[str] = (),
    equal_time: bool = False,
    seeds: Iterable[int] = (0,),
    needs: tuple[str, ...] = (),
) -> Job:
    """Return the job of systems of another package, by default of all."""
    from importlib import import_module

    known = import_module(f"benchmarks.peers.{name}").SYSTEMS
    options = " ".join(["", "--system", *systems]) if systems else ""
    options += " --seed " + " ".join(map(str, seeds))
    if equal_time:
        systems = [s for s in systems or known if known[s].iterations]
        options += " --equal-time"
    suffix = "-equal-time" if equal_time else ""
    named = " ".join([name, corpus, *systems])
    return Job(
        f"peers {named}{suffix}",
        f"benchmarks.peers run {name} {corpus}{options} --folder {{M3L_RIVALS}}",
        [
            f"leaderboard/{corpus}/{system}{suffix}_seed{seed}.json"
            for system in systems or known
            for seed in seeds
        ],
        minutes,
        (*needs, "M3L_E5"),
    )


def list_jobs() -> list[Job]:
    """Return every command that stores results, the cheapest first."""
    several, one = (0, 1, 2), (0,)
    multi30k, emoji = ("M3L_MULTI30K",), ("M3L_E5",)
    jobs = [
        Job(
            "mining speed",
            "benchmarks.mining_speed",
            ["mining_speed/exact_20000_rows_384_wide.json"],
            1,
        ),
        Job(
            "defaults gimp-help test",
            "benchmarks.search_defaults gimp-help --test --seeds 0 1 2",
            ["defaults/gimp-help_test_1794_rows_100_epochs.json"],
            5,
        ),
        Job(
            "defaults multi30k test",
            "benchmarks.search_defaults multi30k --data {M3L_MULTI30K} --test "
            "--seeds 0 1 2",
            ["defaults/multi30k_test_20000_rows_100_epochs.json"],
            20,
        ),
        Job(
            "defaults gimp-help validation",
            "benchmarks.search_defaults gimp-help --seeds 0 1 2",
            ["defaults/gimp-help_validation_1372_rows_100_epochs.json"],
            35,
        ),
        Job(
            "defaults multi30k validation",
            "benchmarks.search_defaults multi30k --data {M3L_MULTI30K} --rows 6000",
            ["defaults/multi30k_validation_6000_rows_100_epochs.json"],
            30,
        ),
        Job(
            "gpu",
            "benchmarks.gpu --epochs 100 --million --encode --store",
            ["gpu/nvidia_h200.json"],
            4,
            ("M3L_GPU",),
        ),
        Job(
            "seven languages",
            "benchmarks.seven_languages --folder {M3L_SEVEN}",
            ["defaults/seven_languages.json"],
            7,
        ),
        Job(
            "emoji languages",
            "benchmarks.emoji_languages --folder {M3L_DICTIONARIES} "
            "--text-encoder {M3L_E5}",
            ["emoji/emoji.json"],
            8,
        ),
        Job(
            "hidden pairs gimp-help",
            "benchmarks.hidden_pairs gimp-help",
            ["hidden_pairs/gimp-help_529_tuples_100_epochs.json"],
            15,
        ),
        Job(
            "hidden pairs multi30k",
            "benchmarks.hidden_pairs multi30k --data {M3L_MULTI30K} --rows 4000 "
            "--alone 0 --seeds 0",
            ["hidden_pairs/multi30k_4000_tuples_100_epochs.json"],
            5,
        ),
        Job(
            "scale million",
            "benchmarks.large --output benchmarks/results/scale/million.json",
            ["scale/million.json"],
            25,
        ),
        Job(
            "scale cluster",
            "benchmarks.scale cluster",
            ["scale/cluster.json"],
            4,
        ),
        Job("growth", "benchmarks.growth", ["growth/growth.json"], 6),
        Job(
            "dimensions",
            "benchmarks.dimensions",
            ["dimensions/dimensions.json"],
            2,
            ("M3L_MULTI30K", "M3L_E5", "M3L_GNOME"),
        ),
        Job(
            "reproduce gimp-help",
            "benchmarks reproduce --corpus gimp-help --seeds 0",
            ["gimp-help/results.json"],
            20,
        ),
        Job(
            "reproduce multi30k",
            "benchmarks reproduce --corpus multi30k --data {M3L_MULTI30K} --seeds 0 "
            "--only table-1 table-3 figure-2",
            ["multi30k/results.json"],
            40,
        ),
        Job("speed", "benchmarks.speed --data {M3L_MULTI30K}", ["speed/speed.json"], 5),
        Job(
            "sampling",
            "benchmarks.sampling --data {M3L_MULTI30K} --folder {M3L_RIVALS}",
            ["sampling/sampling.json"],
            6,
        ),
        _rival("topica", "gimp-help", 2, ["topica-zeroshottm"]),
        _rival("topica", "gimp-help", 40, ["topica-infoctm"]),
        _rival("topica", "gimp-help", 2, ["topica-polylingual-lda"], seeds=several),
        _rival("ctm", "gimp-help", 2, seeds=several),
        _rival("turftopic", "gimp-help", 2, ["turftopic-keynmf"], seeds=several),
        _rival("turftopic", "gimp-help", 1, ["turftopic-multimodal"]),
        _rival("bertopic", "gimp-help", 2, ["bertopic-k-means"], seeds=several),
        _rival("bertopic", "gimp-help", 2, ["bertopic", "bertopic-multimodal"]),
        _rival("topmost", "gimp-help", 10),
        _rival("fastopic", "gimp-help", 3),
        *(
            _rival(name, "gimp-help", 3, at, equal_time=True)
            for name, at in (
                ("ctm", ["ctm-zeroshottm"]),
                ("topica", ["topica-zeroshottm"]),
                ("topmost", ["topmost-nmtm", "topmost-infoctm"]),
                ("fastopic", ["fastopic"]),
            )
        ),
        _rival("ctm", "emoji", 2),
        _rival("topica", "emoji", 2, ["topica-polylingual-lda", "topica-zeroshottm"]),
        _rival("bertopic", "emoji", 2, ["bertopic-k-means"]),
        _rival("turftopic", "emoji", 5, ["turftopic-keynmf"]),
        _rival("ctm", "multi30k_6000_rows", 3, needs=multi30k),
        _rival(
            "topica",
            "multi30k_6000_rows",
            3,
            ["topica-polylingual-lda"],
            needs=multi30k,
        ),
        _rival(
            "turftopic", "multi30k_6000_rows", 2, ["turftopic-keynmf"], needs=multi30k
        ),
        _leaderboard("gimp-help", several, 12),
        _leaderboard("gimp-help-hidden", one, 3),
        _leaderboard("emoji", several, 30, emoji),
        _leaderboard("emoji-hidden", one, 20, emoji),
        _leaderboard("multi30k_6000_rows", one, 10, multi30k),
        _leaderboard("multi30k_6000_rows-hidden", one, 10, multi30k),
        _leaderboard("multi30k", one, 25, multi30k),
        _leaderboard("gnome", one, 15, (*emoji, "M3L_GNOME")),
        _leaderboard("gnome-hidden", one, 15, (*emoji, "M3L_GNOME")),
        _leaderboard("gnome-lsa", one, 5, ("M3L_GNOME",)),
    ]
    return sorted(jobs, key=lambda job: job.minutes)


def left_of(job: Job) -> list[Path]:
    """Return the results of a job that are missing, stale, or not finished."""
    paths = [RESULTS / name for name in job.results]
    return [path for path in paths if changed_sources(path) != [] or is_open(path)]


def is_open(result: Path) -> bool:
    """Return whether a result is not there, or not finished."""
    return not result.exists() or not is_finished(result)


def remove_stale(job: Job) -> None:
    """Remove the results of a job that sources have changed of, or are not known."""
    for path in left_of(job):
        if path.exists() and changed_sources(path) != []:
            path.unlink()
            run_file(path).unlink(missing_ok=True)


def run_job(job: Job, seconds: float) -> str | None:
    """Run a command for some seconds at most; return what went wrong, if anything."""
    arguments = [part.format(**os.environ) for part in shlex.split(job.command)]
    # A group of its own, so that what it starts is ended with it.
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments], cwd=ROOT, process_group=0
    )
    try:
        exit_code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        return "the budget ended; the next call continues"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
    if exit_code:
        return f"failed with exit code {exit_code}"
    if left_of(job):
        return "it ended, but a result is not there or not up to date"
    return None


def make_all(
    jobs: Iterable[Job],
    hours: float,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, str]:
    """Make what is not up to date within a budget.

    Parameters
    ----------
    jobs : iterable of Job
        In the order to run.
    hours : float
        The budget.
    clock : callable
        Returns seconds.

    Returns
    -------
    dict of str to str
        Why jobs are left, by name.
    """
    end, left = clock() + 3600 * hours, {}
    for job in jobs:
        if not left_of(job):
            continue
        missing = [name for name in job.variables if name not in os.environ]
        if missing:
            named = (f"{name}, the {VARIABLES[name]}" for name in missing)
            left[job.name] = f"set {' and '.join(named)}"
        elif clock() + 60 * job.minutes > end:
            left[job.name] = "more than the budget"
        else:
            print(f"{job.name}: python -m {job.command}", flush=True)
            remove_stale(job)
            problem = run_job(job, end - clock())
            if problem:
                left[job.name] = problem
    return left


def _run(arguments: argparse.Namespace) -> None:
    jobs = [
        job
        for job in list_jobs()
        if any(fnmatch.fnmatch(job.name, pattern) for pattern in arguments.only)
    ]
    left = make_all(jobs, arguments.budget)
    width = max((len(name) for name in left), default=0)
    minutes = {job.name: job.minutes for job in jobs}
    for name, reason in left.items():
        print(f"left: {name:<{width}} {minutes[name]:>4.0f} min  {reason}")
    print(f"{len(left)} of {len(jobs)} are left")


def add_parser(commands) -> None:
    """Add the command ``all``."""
    parser = commands.add_parser(
        "all", help="make every stored result anew that is not up to date"
    )
    parser.add_argument(
        "--budget", type=float, required=True, metavar="HOURS", help="0 only lists"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        default=["*"],
        metavar="PATTERN",
        help="names of jobs, such as 'leaderboard *'",
    )
    parser.set_defaults(run=_run)
