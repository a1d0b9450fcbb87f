"""Run the command line with python -m sklearn_m3l."""

import atexit
import contextlib
import os
import signal
import sys


def main() -> int:
    """Run the command that the arguments of the process name; return its exit code.

    A command that a signal ends makes the process end by it, too: only then does a
    shell know that its script is to stop.
    """
    ended_by: list[int] = []
    atexit.register(_end, ended_by)  # registered first, so that it is called last
    try:
        from sklearn_m3l import cli

        return cli.main()
    except KeyboardInterrupt:  # before the command can handle it
        ended_by.append(signal.SIGINT)
        return 128 + signal.SIGINT
    except SystemExit as exited:
        if isinstance(exited.code, int) and exited.code > 128:
            ended_by.append(exited.code - 128)
        raise
    finally:
        # All is done: Ctrl-C while Python itself ends needs no traceback.
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


def _end(ended_by: list[int]) -> None:
    """End this process by a signal, if there is one in the list."""
    if ended_by and os.name == "posix":
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError, OSError, ValueError):
                stream.flush()
        signal.signal(ended_by[0], signal.SIG_DFL)
        os.kill(os.getpid(), ended_by[0])


if __name__ == "__main__":
    sys.exit(main())
