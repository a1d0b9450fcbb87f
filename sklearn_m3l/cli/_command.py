"""A command: its parser and its function."""

from importlib import import_module
from typing import Any


def add_command(commands, name: str, function: str, **texts: str):
    """Add a command that runs a function of a module of this package."""
    parser = commands.add_parser(name, **texts)
    parser.set_defaults(run=_Command(*function.split(".")))
    parser.add_argument(
        "--debug", action="store_true", help="show the traceback of an error"
    )
    return parser


class _Command:
    """A function that is imported, with its dependencies, when it is called."""

    def __init__(self, module: str, function: str):
        self.module = module
        self.function = function

    def __call__(self, **arguments: Any) -> None:
        module = import_module(f"sklearn_m3l.cli.{self.module}")
        getattr(module, self.function)(**arguments)
