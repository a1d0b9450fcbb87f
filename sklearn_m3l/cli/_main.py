"""Run a command, print its errors and warnings, and return its exit code."""

import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

from sklearn_m3l.cli._parser import parse_arguments
from sklearn_m3l.cli._signals import EndingSignals
from sklearn_m3l.cli._terminal import forgiving_streams, raise_write_error
from sklearn_m3l.utils._text import printable

# Errors from the input or the machine; any other error is a bug in this package.
_EXPECTED = (OSError, ValueError, TypeError, ImportError, MemoryError)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; by default those of the process. Without a command, they go to
        ``demo``.

    Returns
    -------
    int
        The exit code, 0.

    Raises
    ------
    SystemExit
        With code 2 if an argument is invalid, with a message (code 1) if the command
        fails, with 128 plus the number of a signal that ends it (130 after Ctrl-C, 143
        after SIGTERM), and with code 0 after the help.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    names_command = argv and not argv[0].startswith("-")
    if not names_command and argv[:1] not in (["-h"], ["--help"], ["--version"]):
        argv = ["demo", *argv]
    with EndingSignals() as signals, forgiving_streams(), warnings.catch_warnings():
        warnings.simplefilter("default", UserWarning)
        warnings.showwarning = _print_warning
        debug = False
        try:
            arguments = parse_arguments(argv)
            run, debug = arguments.pop("run"), arguments.pop("debug")
            run(**arguments)
            sys.stdout.flush()
            raise_write_error(sys.stdout)
        except KeyboardInterrupt as interrupt:
            raise SystemExit(signals.exit_code or 130) from interrupt
        except Exception as error:
            if signals.exit_code is not None:
                raise SystemExit(signals.exit_code) from error
            if debug:
                traceback.print_exc()
            raise SystemExit(_explain(error)) from error
    return 0


def _explain(error: Exception) -> str:
    """Return the message of an error on one line."""
    if isinstance(error, OSError) and error.filename:
        return _one_line("error", f"{error.filename}: {error.strerror}")
    if isinstance(error, MemoryError):
        return _one_line("error", f"out of memory {error}")
    if isinstance(error, _EXPECTED):
        return _one_line("error", error)
    return _one_line(
        "error",
        f"unexpected {type(error).__name__}: {error}; please report it as a bug, with "
        "the traceback that --debug shows",
    )


def _print_warning(message, category, filename, lineno, file=None, line=None):
    print(_one_line("warning", message), file=sys.stderr)


def _one_line(kind: str, message: Any) -> str:
    return printable(f"{kind}: {' '.join(str(message).split())}")
