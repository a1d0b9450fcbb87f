"""What the fuzzers share: a process that reads mutated files, in bounded memory.

A process of its own reads file after file, with 1 GB of address space beyond what it
has when it begins, and 10 seconds of a processor a file. It counts as running code when
reading compiles, executes or imports anything, opens a file to write, starts a process,
connects, or asks for a class of a pickle.
"""

import argparse
import faulthandler
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

MEMORY = 2**30
SECONDS = 10

_CODE = {
    "compile", "exec", "import", "ctypes.dlopen", "os.exec", "os.fork", "os.remove",
    "os.posix_spawn", "os.rename", "os.rmdir", "os.system", "pickle.find_class",
    "shutil.rmtree", "socket.connect", "subprocess.Popen",
}  # fmt: skip


class Target(Protocol):
    """What is fuzzed; it is sent to the process that reads."""

    # The error that refuses a file, and no other.
    refusal: type[Exception]

    def begin(self, folder: Path) -> None:
        """Read good files, written to `folder`, so that all is imported."""

    def mutate(self, rng: random.Random) -> dict[str, bytes]:
        """Return files by name."""

    def read(self, folder: Path) -> Any:
        """Read the files; return what comes of them."""

    def use(self, result: Any) -> None:
        """Use what was read, which may run code of this package."""


class Hang(BaseException):
    """A file took longer than it may."""


def write(files: dict[str, bytes], folder: Path) -> None:
    """Write files into an empty folder of their own."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)


def run(first: int, last: int, seed: int, target: Target, progress: Any) -> None:
    """Read mutations by their numbers, and send what became of each."""
    shared = "/dev/shm" if Path("/dev/shm").is_dir() else None
    code = _watch()
    warnings.simplefilter("error")
    with tempfile.TemporaryDirectory(dir=shared) as scratch:
        folder = Path(scratch) / "files"
        target.begin(folder)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        for number in range(first, last):
            progress.send((number, "begun"))
            faulthandler.dump_traceback_later(50 * SECONDS)  # before it is killed
            write(target.mutate(random.Random(f"{seed} {number}")), folder)
            progress.send((number, _outcome(target, folder, code)))
        faulthandler.cancel_dump_traceback_later()


def _outcome(target: Target, folder: Path, code: list) -> str:
    """Return "read" or "refused", or the name of what went wrong."""
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        code.clear()
        code.append("watching")
        result = target.read(folder)
        ran = code[1:]
        code.clear()
        if ran:
            return f"ran code: {ran[0]}"
        target.use(result)
        return "read"
    except BaseException as error:  # to be reported, whatever it is
        if len(code) > 1:
            return f"ran code: {code[1]}"
        if type(error) is target.refusal:
            return "refused"
        return f"{type(error).__name__}: {error}"[:200]
    finally:
        code.clear()
        signal.setitimer(signal.ITIMER_PROF, 0)


def _watch() -> list:
    """Return a list that, unless it is empty, takes down whatever runs code."""

    def handle(signum, frame):
        raise Hang

    def audit(event, args):
        if not code:
            return
        writes = event == "open" and args[1] is not None and set(args[1]) & set("wax+")
        if writes or event in _CODE:
            code.append(f"{event} {args[:2]}"[:200])

    code: list = []
    signal.signal(signal.SIGPROF, handle)
    sys.addaudithook(audit)
    return code


def count(
    target: Target,
    n_cases: int,
    seed: int,
    failures: Path | None = None,
    first: int = 0,
) -> Counter:
    """Return how many mutations, from the number `first` on, had which outcome."""
    outcomes: Counter = Counter()
    context = multiprocessing.get_context("spawn")
    end = first + n_cases
    while first < end:
        receive, send = context.Pipe(duplex=False)
        worker = context.Process(target=run, args=(first, end, seed, target, send))
        worker.start()
        send.close()
        number, outcome, has_begun = first, "begun", False
        while number < end - 1 or outcome == "begun":
            alive = receive.poll(60 * SECONDS)  # the machine may be busy
            try:
                number, outcome = receive.recv() if alive else (number, "no answer")
                has_begun = True
            except EOFError:
                alive = False
                worker.join()
                if not has_begun:
                    raise RuntimeError(
                        "the fuzzer fails before the first file"
                    ) from None
                outcome = f"the process ended with {worker.exitcode}"
            if outcome == "begun":
                continue
            outcomes[outcome] += 1
            if outcome not in ("read", "refused") and failures is not None:
                files = target.mutate(random.Random(f"{seed} {number}"))
                write(files, failures / f"{seed}-{number}")
            if not alive:
                worker.kill()
                break
        worker.join()
        first = number + 1
    return outcomes


def _count_in_parts(target: Target, arguments: argparse.Namespace) -> Counter:
    """Return the outcomes of all cases, which do not depend on the number of jobs."""
    ends = [arguments.cases * job // arguments.jobs for job in range(arguments.jobs)]
    parts = zip(ends, [*ends[1:], arguments.cases], strict=True)
    with ThreadPoolExecutor(arguments.jobs) as pool:
        counts = [
            pool.submit(
                count, target, end - first, arguments.seed, arguments.failures, first
            )
            for first, end in parts
        ]
    return sum((part.result() for part in counts), Counter())


def main(target: Target, description: str) -> int:
    """Fuzz as the arguments of the command say; print what became of the files."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--cases", type=int, default=1000, help="files to mutate")
    parser.add_argument("--jobs", type=int, default=1, help="processes at once")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--failures", type=Path, help="folder for files of failures")
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    started = time.monotonic()
    outcomes = _count_in_parts(target, arguments)
    for outcome, n in outcomes.most_common():
        print(f"{n:8,}  {outcome}")
    print(f"{outcomes.total():8,}  in {time.monotonic() - started:.0f} s")
    return int(bool(set(outcomes) - {"read", "refused"}))
