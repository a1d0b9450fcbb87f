"""Run the command line with python -m sklearn_m3l."""

import signal
import sys


def main() -> int:
    """Run the command that the arguments of the process name; return its exit code."""
    try:
        from sklearn_m3l import cli

        return cli.main()
    except KeyboardInterrupt:  # before the command can handle it
        return 130
    finally:
        # All is done: Ctrl-C while Python itself ends needs no traceback.
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


if __name__ == "__main__":
    sys.exit(main())
