"""Run the command line with python -m sklearn_m3l."""

import sys

from sklearn_m3l.cli import main

if __name__ == "__main__":
    sys.exit(main())
