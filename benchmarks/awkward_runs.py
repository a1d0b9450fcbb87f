"""All commands in awkward situations: full disks, closed outputs, locales and signals.

    python -m benchmarks.awkward_runs --results awkward_runs.jsonl

runs every command of ``python -m sklearn_m3l`` on small data in every situation, each
in a folder of its own, and prints a table: what it ended with, and what it left behind.
It is a fault to end with another code than the situation allows, to print a traceback,
to leave a process or a file that is half written, to lack the output after code 0, or
to take longer than ten minutes. Results are written one by one: the same command
continues where it was stopped. Linux only.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

SMALL = ["-k", "2", "--max-iter", "1"]
TIMEOUT = 600
N_MOMENTS = 10

# What commands read.
_GIVEN = {"table.csv", "model", "model.toml", "answers.csv", "key.csv"}

# What was on a disk that vanishes with the process.
_LISTING = "listing"

TEXTS = [
    "Größe Farbe Linie und кисть",
    "Maßstab Fläche Raster и слой",
    "Größe Schrift Pfad und маска",
    "Kreis Winkel Bogen и кисть",
]

# The model that loads fastest: the demonstration and the comparison train networks.
FIT = ["--text", "text", "--text", "other", "--model", "polylingual-lda", *SMALL]

# What a command reads, and what it writes.
COMMANDS: dict[str, list[str]] = {
    "demo": [*SMALL, "-o", "out/page.html"],
    "compare": SMALL,
    "example": ["out/example"],
    "fit": ["in/table.csv", *FIT, "-o", "out/model"],
    "topics": ["in/model"],
    "describe": ["in/model", "in/table.csv"],
    "transform": ["in/model", "in/table.csv", "-o", "out/theta.csv"],
    "evaluate": ["in/model", "in/table.csv"],
    "report": ["in/model", "in/table.csv", "-o", "out/page.html"],
    "compare-views": ["in/model", "in/table.csv"],
    "disagreements": ["in/model", "in/table.csv"],
    "prevalence": ["in/model", "in/table.csv", "--values", "year"],
    "documents": ["in/model", "in/table.csv", "-o", "out/documents.csv"],
    "network": ["in/model", "-o", "out/network.graphml"],
    "edit": ["in/model", "--name", "0=colors", "-o", "out/edited"],
    "stop-words": ["in/model", "--n-words", "5"],
    "match": ["in/model", "in/model"],
    "stability": ["in/model", "in/table.csv", "--n-runs", "2"],
    "intrusion": ["in/model", "-o", "out/test.csv"],
    "score-intrusion": ["in/answers.csv", "in/key.csv"],
}


class Situation(NamedTuple):
    """How a command is run, and the codes that it may end with.

    A signal is sent after a share `moment` of the time that the command takes alone.
    """

    codes: tuple[int, ...]
    shell: str = ""
    variables: dict[str, str] = {}
    signal: int | None = None
    moment: float = 0.0
    small_disk: bool = False


def situations() -> dict[str, Situation]:
    """Return all situations by name."""
    found = {"alone": Situation((0,))}
    found["disk of 2 MB"] = Situation((0, 1), small_disk=True)
    found["full stdout"] = Situation((0, 1), "> /dev/full")
    found["full stderr"] = Situation((0,), "2> /dev/full")
    found["closed stdout"] = Situation((0,), ">&-")
    found["closed stderr"] = Situation((0,), "2>&-")
    found["closed both"] = Situation((0,), ">&- 2>&-")
    found["nobody reads stdout"] = Situation((0,), "| true")
    found["nobody reads both"] = Situation((0,), "2>&1 | true")
    ascii_only = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    found["locale C"] = Situation((0,), variables=ascii_only)
    found["cp1252"] = Situation((0,), variables={"PYTHONIOENCODING": "cp1252"})
    found["C.UTF-8"] = Situation((0,), variables={"LC_ALL": "C.UTF-8"})
    for name in ("SIGINT", "SIGTERM"):
        number = getattr(signal, name)
        for moment in range(N_MOMENTS):
            found[f"{name} {moment + 1}/{N_MOMENTS}"] = Situation(
                # 0 if it was faster than the signal.
                (-number, 0),
                signal=number,
                moment=(moment + 0.5) / N_MOMENTS,
            )
    return found


def prepare(folder: Path) -> None:
    """Write the table and the model that commands read."""
    given = folder / "in"
    given.mkdir(parents=True)
    lines = [
        f"{text},{other},{year}"
        for year in range(2000, 2010)
        for text, other in zip(TEXTS, TEXTS[::-1], strict=True)
    ]
    (given / "table.csv").write_text(
        "\n".join(["text,other,year", *lines, ""]), "utf-8"
    )
    words = ",".join(f"choice_{n}" for n in range(1, 4))
    key = f"question,topic,view,{words},intruder\n1,0,text,größe,кисть,kreis,3\n"
    (given / "key.csv").write_text(key, "utf-8")
    (given / "answers.csv").write_text("question,answer\n1,3\n", "utf-8")
    argv = [*COMMANDS["fit"][:-1], "in/model"]
    subprocess.run(
        [sys.executable, "-m", "sklearn_m3l", "fit", *argv],
        cwd=folder,
        env=_environment(),
        check=True,
        capture_output=True,
    )


def run(command: str, situation: Situation, given: Path, seconds: float) -> dict:
    """Run a command in a situation; return what came of it.

    Parameters
    ----------
    command : str
        One of `COMMANDS`.
    situation : Situation
        How to run it.
    given : Path
        The folder that `prepare` wrote to.
    seconds : float
        How long the command takes alone.
    """
    with tempfile.TemporaryDirectory(prefix="awkward-") as name:
        folder = Path(name)
        shutil.copytree(given / "in", folder / "in")
        (folder / "out").mkdir()
        script = _script(command, situation)
        started = time.monotonic()
        # Not a pipe, which a process that is left behind would keep open.
        with tempfile.TemporaryFile() as printed:
            process = subprocess.Popen(
                ["bash", "-c", script],
                cwd=folder,
                env=_environment() | situation.variables,
                stdout=printed,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_heed_signals,
            )
            if situation.signal is not None:
                time.sleep(seconds * situation.moment)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, situation.signal)
            try:
                code: int | str = process.wait(TIMEOUT)
            except subprocess.TimeoutExpired:
                code = "timeout"
            taken = time.monotonic() - started
            processes = len(list(_running(process.pid)))
            if processes:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            printed.seek(0)
            shown = printed.read().decode("utf-8", "replace")
        left = _left_behind(folder, command, code)
    faults = []
    if code not in situation.codes:
        faults.append(f"code {code}")
    if "Traceback" in shown:
        faults.append("traceback")
    if processes:
        faults.append(f"{processes} processes")
    faults += left
    last = (shown.strip().splitlines() or [""])[-1]
    return {
        "code": code, "seconds": round(taken, 1), "faults": faults, "last": last[:200]
    }  # fmt: skip


def _script(command: str, situation: Situation) -> str:
    """Return what bash runs; the command takes the place of bash if it can."""
    argv = " ".join([sys.executable, "-m", "sklearn_m3l", command, *COMMANDS[command]])
    if situation.small_disk:
        # A disk of its own, in a name space of its own.
        inner = f"mount -t tmpfs -o size=2m tmpfs out || exit 9; {argv}; code=$?; "
        inner += f"ls -A out > {_LISTING}; exit $code"
        return f"exec unshare --user --map-root-user --mount bash -c '{inner}'"
    pipe = "|" in situation.shell
    return f"{'set -o pipefail; ' if pipe else 'exec '}{argv} {situation.shell}"


def _environment() -> dict[str, str]:
    root = Path(__file__).parents[1]
    paths = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


def _heed_signals() -> None:
    """Undo what a shell does to processes in the background."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def _running(session: int) -> Iterator[int]:
    """Iterate over the processes of a session that still run."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, number = stat.read_text().rpartition(")")[2].split()[:4]
        except OSError:  # it has just ended
            continue
        if int(number) == session and state != "Z":
            yield int(stat.parent.name)


def _left_behind(folder: Path, command: str, code: Any) -> list[str]:
    """Return what is in the folder and should not be, or lacks and should be there."""
    outputs = [path for path in COMMANDS[command] if path.startswith("out/")]
    output = Path(outputs[0]).name if outputs else ""
    listing = folder / _LISTING
    if listing.exists():  # of the disk of its own
        found = set(listing.read_text().split())
        listing.unlink()
    else:
        found = {path.name for path in (folder / "out").iterdir()}
    faults = [f"lacks {output}"] if output and code == 0 and output not in found else []
    beside = {f"{output}.toml", f"{Path(output).stem}.key.csv"}
    known = {output, *beside, *_GIVEN, "in", "out"}
    found |= {path.name for path in [*folder.iterdir(), *(folder / "in").iterdir()]}
    return faults + [f"left {name}" for name in sorted(found - known)]


def main() -> int:
    """Run what has not been run yet; print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0],
        epilog=f"Commands: {', '.join(COMMANDS)}.",
    )
    parser.add_argument("--results", type=Path, default=Path("awkward_runs.jsonl"))
    parser.add_argument("--command", action="append", choices=COMMANDS)
    parser.add_argument("--situation", action="append", help="the beginning of a name")
    arguments = parser.parse_args()
    done: dict[tuple[str, str], dict] = {}
    if arguments.results.exists():
        for line in arguments.results.read_text("utf-8").splitlines():
            result = json.loads(line)
            done[result["command"], result["situation"]] = result
    wanted = tuple(arguments.situation or [""])
    with tempfile.TemporaryDirectory(prefix="awkward-") as name:
        given = Path(name)
        prepare(given)
        for command in arguments.command or COMMANDS:
            for title, situation in situations().items():
                alone = done.get((command, "alone"))
                chosen = title == "alone" or title.startswith(wanted)
                if not chosen or (command, title) in done:
                    continue
                seconds = alone["seconds"] if alone else 0.0
                result = {"command": command, "situation": title}
                result |= run(command, situation, given, seconds)
                done[command, title] = result
                with arguments.results.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(result, ensure_ascii=False) + "\n")
                print(format_row(result), flush=True)
    faulty = [result for result in done.values() if result["faults"]]
    print(f"\n{len(done)} runs, {len(faulty)} with faults")
    for result in faulty:
        print(format_row(result))
    return int(bool(faulty))


def format_row(result: dict) -> str:
    """Return a row of the table."""
    faults = ", ".join(result["faults"]) or "as it should"
    return (
        f"{result['command']:10} {result['situation']:20} {result['code']!s:>8} "
        f"{result['seconds']:7.1f} s  {faults}"
    )


if __name__ == "__main__":
    sys.exit(main())
