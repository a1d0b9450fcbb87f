"""Tests of how commands end: errors, and outputs that cannot be written to."""

import io
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

from sklearn_m3l import PolylingualLDA, load_model
from sklearn_m3l.cli import main
from sklearn_m3l.cli._terminal import forgiving_streams

SMALL = ["-k", "2", "--max-iter", "1"]
# The model that is quickest in a process of its own: PyTorch takes seconds to load.
FIT = ["--text", "text", "--model", "polylingual-lda", *SMALL]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Write a table with letters that few encodings have."""
    folder = tmp_path_factory.mktemp("tables")
    texts = ["Größe и кисть", "Maßstab и слой", "Größe и маска", "Kreis и кисть"]
    pd.DataFrame({"text": texts}).to_csv(folder / "корпус.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def model(folder):
    argv = ["fit", folder / "корпус.csv", *FIT]
    main([*map(str, argv), "-o", str(folder / "model")])
    return folder / "model"


def refused(*argv):
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in argv])
    message = str(stopped.value.code)
    assert message.startswith("error: ") and "\n" not in message
    return message


@pytest.mark.parametrize(
    ("argv", "what"),
    [
        (["--set", "n_components=many"], "n_components"),
        (["--set", "callbacks=[1]"], "callbacks|1"),
        (["--set", "checkpoint='/abs'"], "checkpoint|/abs"),
        (["--groups", ""], "no column ''"),
        (["--image", "text"], "text"),
    ],
)
def test_wrong_arguments_are_errors_on_one_line(folder, tmp_path, argv, what):
    table, output = folder / "корпус.csv", tmp_path / "model"
    message = refused("fit", table, "--text", "text", *argv, *SMALL, "-o", output)
    assert any(part in message for part in what.split("|"))
    assert "unexpected" not in message
    assert not output.exists()


def test_groups_in_a_column_without_a_name(folder, tmp_path):
    path = tmp_path / "corpus.csv"
    pd.read_csv(folder / "корпус.csv").to_csv(path)
    argv = ["--text", "text", "--groups", "", *SMALL, "-o", tmp_path / "model"]
    main(["fit", str(path), *map(str, argv)])
    assert load_model(tmp_path / "model")["encode"].groups == ""


def test_long_first_lines(tmp_path):
    path = tmp_path / "corpus.csv"
    path.write_text("a" * 200_000 + "\nb\n")
    message = refused("fit", path, "--text", "text", "-o", tmp_path / "model")
    assert "has no column 'text'" in message


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (KeyError("en"), False),
        (AttributeError("no attribute"), False),
        (MemoryError(), True),
        (FileNotFoundError(2, "No such file", "x.csv"), True),
        (ValueError("first\nsecond \x1b]52;c;eA==\x07"), True),
    ],
)
def test_unexpected_errors_ask_for_a_report(
    model, monkeypatch, capsys, error, expected
):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(PolylingualLDA, "known_words", fail)
    message = refused("topics", model)
    assert ("please report it" in message) != expected
    assert "\x1b" not in message and "\x07" not in message
    assert capsys.readouterr() == ("", "")
    assert refused("topics", model, "--debug") == message
    printed = capsys.readouterr().err
    assert printed.startswith("Traceback") and type(error).__name__ in printed


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("swallowed", [False, True])
def test_signals_end_a_command_without_a_word(
    model, monkeypatch, capsys, name, swallowed
):
    number, cleaned = getattr(signal, name), []

    def interrupt(*_, **__):
        try:
            os.kill(os.getpid(), number)
        except KeyboardInterrupt:
            if swallowed:  # as by a module that is imported right now
                raise ImportError("a module cannot be imported") from None
            raise
        finally:
            cleaned.append(True)

    # What started the tests may ignore it.
    before = signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL
    given = signal.signal(number, before)
    monkeypatch.setattr(PolylingualLDA, "known_words", interrupt)
    try:
        with pytest.raises(SystemExit) as stopped:
            main(["topics", str(model), "--debug"])
        assert signal.getsignal(number) is before
    finally:
        signal.signal(number, given)
    assert stopped.value.code == 128 + number and cleaned
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["SIGINT", "SIGHUP"])
def test_signals_that_are_ignored_stay_so(model, monkeypatch, name):
    number, own = getattr(signal, name), PolylingualLDA.known_words

    def interrupted(*arguments, **named):
        os.kill(os.getpid(), number)
        return own(*arguments, **named)

    monkeypatch.setattr(PolylingualLDA, "known_words", interrupted)
    before = signal.signal(number, signal.SIG_IGN)  # as under nohup
    try:
        assert main(["topics", str(model)]) == 0
        assert signal.getsignal(number) == signal.SIG_IGN
    finally:
        signal.signal(number, before)


def test_commands_run_in_any_thread(model):
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(main, ["topics", str(model)]).result() == 0


@pytest.mark.parametrize("name", ["theta.xlsx", "theta.parquet.gz", "theta.json.gz"])
def test_only_tables_are_written_as_tables(name, capsys, tmp_path):
    with pytest.raises(SystemExit) as stopped:
        main(["transform", "model", "x.csv", "-o", str(tmp_path / name)])
    assert stopped.value.code == 2
    assert "must end with .parquet, or .csv or .tsv" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("--separator", ["", "ab", '"', "\n"]),
        ("--encoding", ["utf-9", "base64", ""]),
        ("--quoting", ["all"]),
    ],
)
def test_ways_to_read_a_table_are_checked(capsys, option, values):
    for value in values:
        with pytest.raises(SystemExit) as stopped:
            main(["transform", "model", "x.csv", "-o", "theta.csv", option, value])
        assert stopped.value.code == 2
        assert option in capsys.readouterr().err.splitlines()[-1]


def shell(command, **environment):
    """Run a shell command in which $M is the command line; return what came of it."""
    return subprocess.run(
        ["bash", "-c", command.replace("$M", f"{sys.executable} -m sklearn_m3l")],
        capture_output=True,
        env=os.environ | environment,
        timeout=300,
    )


def test_escapes_of_words_do_not_reach_the_terminal(tmp_path, capsys):
    path = tmp_path / "x.csv"
    path.write_text("a\x1b[31m\nb\n")
    assert r"its columns are a\x1b[31m" in refused(
        "fit", path, "--text", "text", "-o", tmp_path / "model"
    )


def test_progress_bars_control_the_terminal_but_names_do_not(capsys):
    attack = "a\x1b]52;c;YQ==\x07b\x1b[2J\x9bc\n"
    with forgiving_streams():
        print(f"\r{attack}\x1b[A", end="", file=sys.stderr)
        print(f"\r{attack}\x1b[A", end="")
    found = capsys.readouterr()
    escaped = "a\\x1b]52;c;YQ==\\x07b\\x1b[2J\\x9bc\n"
    assert found.err == f"\r{escaped}\x1b[A"
    assert found.out == f"\\r{escaped}\\x1b[A"


@pytest.fixture
def terminal(monkeypatch):
    """Return a function that runs a command on a terminal of an encoding."""

    def run(encoding, *argv):
        outputs = [io.TextIOWrapper(io.BytesIO(), encoding) for _ in range(2)]
        for name, output in zip(("stdout", "stderr"), outputs, strict=True):
            monkeypatch.setattr(sys, name, output)
        assert main([str(argument) for argument in argv]) == 0
        return [output.buffer.getvalue().decode(encoding) for output in outputs]

    return run


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_terminals_without_the_letters(model, terminal, encoding):
    shown, told = terminal(encoding, "topics", model)
    assert not told
    assert ("größe" in shown) == (encoding != "ascii")
    assert ("кисть" in shown) == (encoding == "utf-8")
    assert (r"\u043a\u0438" in shown) == (encoding != "utf-8")


def test_fit_on_a_terminal_without_the_letters(folder, terminal):
    shown, _ = terminal(
        "ascii", "fit", folder / "корпус.csv", *FIT, "-o", folder / "другая"
    )
    assert r"\u043a\u043e" in shown and (folder / "другая").exists()


@pytest.mark.slow
def test_a_process_on_a_terminal_without_the_letters(model):
    found = shell(f"$M topics {model}", PYTHONIOENCODING="ascii")
    assert (found.returncode, found.stderr) == (0, b"")
    assert rb"gr\xf6\xdfe" in found.stdout


@pytest.mark.slow
@pytest.mark.parametrize("end", [">&- 2>&-", "2>&1 | true"])
def test_outputs_that_nobody_reads_lose_no_model(folder, tmp_path, end):
    argv = f"{folder / 'корпус.csv'} {' '.join(FIT)}"
    found = shell(f"set -o pipefail; $M fit {argv} -o {tmp_path / 'model'} {end}")
    assert found.returncode == 0
    assert b"Error" not in found.stderr and b"Traceback" not in found.stderr
    assert load_model(tmp_path / "model")["topics"].n_iter_ == 1


@pytest.mark.slow
def test_a_full_disk_is_an_error_but_loses_no_work(folder, tmp_path):
    argv = f"{folder / 'корпус.csv'} {' '.join(FIT)}"
    found = shell(f"$M fit {argv} -o {tmp_path / 'model'} > /dev/full")
    assert found.returncode == 1
    last = found.stderr.splitlines()[-1]
    assert last.startswith(b"error: ") and b"No space left" in last
    assert (tmp_path / "model").exists()


@pytest.fixture
def full_disk():
    """Open a file on a disk that is full."""
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    with open("/dev/full", "w") as file:
        yield file


def test_output_on_a_full_disk_is_an_error(model, full_disk, monkeypatch):
    monkeypatch.setattr(sys, "stdout", full_disk)
    assert "No space left" in refused("topics", model)


def test_a_progress_bar_on_a_full_disk_loses_no_work(
    folder, tmp_path, full_disk, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "stderr", full_disk)
    argv = [folder / "корпус.csv", *FIT, "-o", tmp_path / "model"]
    assert main(["fit", *map(str, argv)]) == 0
    assert "Wrote" in capsys.readouterr().out and (tmp_path / "model").exists()


def running(session):
    """Return the processes of a session that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, number = stat.read_text().rpartition(")")[2].split()[:4]
        except OSError:  # it has ended
            continue
        if int(number) == session and state != "Z":
            found.append(int(stat.parent.name))
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@pytest.mark.parametrize(
    ("command", "name", "delay"),
    [
        ("fit", "SIGTERM", 0.5),  # all commands are loading
        ("compare", "SIGINT", 2.0),
        ("compare", "SIGTERM", 2.0),
        ("demo", "SIGTERM", 2.0),
        ("fit", "SIGHUP", 1.0),
        ("transform", "SIGTERM", 1.0),
    ],
)
def test_a_signal_leaves_nothing_behind(folder, model, tmp_path, name, command, delay):
    table = str(folder / "корпус.csv")
    argv = {
        "compare": SMALL,
        "demo": [*SMALL, "-o", str(tmp_path / "page.html")],
        "fit": [table, *FIT, "-o", str(tmp_path / "model")],
        "transform": [str(model), table, "-o", str(tmp_path / "theta.csv")],
    }[command]
    number = getattr(signal, name)
    with subprocess.Popen(
        [sys.executable, "-m", "sklearn_m3l", command, *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # A process in the background would ignore it.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    ) as process:
        time.sleep(delay)
        os.kill(process.pid, number)
        printed = process.communicate(timeout=120)
    assert process.returncode in (-number, 0)
    assert b"Traceback" not in printed[1]
    assert not running(process.pid)
    # After a while all may be written, and nothing is left to do but to end.
    whole = {"model", "model.toml", "page.html", "theta.csv"} if delay >= 1 else set()
    if process.returncode:
        assert {path.name for path in tmp_path.iterdir()} <= whole


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.2, 0.4, 1.0])
def test_ctrl_c_at_any_moment(tmp_path, delay):
    argv = ["demo", *SMALL, "--output", str(tmp_path / "page.html")]
    with subprocess.Popen(
        [sys.executable, "-m", "sklearn_m3l", *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A process in the background would ignore the signal.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        printed = process.communicate(timeout=120)
    assert process.returncode == -signal.SIGINT
    assert b"Traceback" not in printed[1]
    assert not list(tmp_path.iterdir())
