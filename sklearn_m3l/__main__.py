"""Run the command line with python -m sklearn_m3l."""

import sys

if __name__ == "__main__":
    try:
        from sklearn_m3l.cli import main

        sys.exit(main())
    except KeyboardInterrupt:  # before `main` can handle it
        sys.exit(130)
