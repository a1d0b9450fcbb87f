"""Run the command line with python -m sklearn_m3l."""

import atexit
import contextlib
import os
import signal
import sys


def main() -> int:
    """Run the command in the arguments of the process; return its exit code.

    If a signal ends the command, the process also ends by that signal. Otherwise a
    shell would not know that it should stop its script.
    """
    ended_by: list[int] = []
    atexit.register(_end, ended_by)  # registered first, so it is called last
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
        # The command is done: Ctrl-C while Python exits needs no traceback.
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


def _end(ended_by: list[int]) -> None:
    """End this process by the signal in the list, if there is one."""
    if ended_by and os.name == "posix":
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError, OSError, ValueError):
                stream.flush()
        signal.signal(ended_by[0], signal.SIG_DFL)
        os.kill(os.getpid(), ended_by[0])


if __name__ == "__main__":
    sys.exit(main())
