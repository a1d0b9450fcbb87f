"""Configuration files: all options of fit in TOML."""

import argparse
import difflib
import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sklearn_m3l import __version__

# Options that do not describe the model.
_NOT_STORED = ("config", "debug", "help")


def parse_with_config(
    parser: argparse.ArgumentParser, argv: Sequence[str]
) -> dict[str, Any]:
    """Parse arguments on top of the file of ``--config``, if there is one.

    Parameters
    ----------
    parser : ArgumentParser
        The parser of a command, none of whose options is required.
    argv : sequence of str
        The arguments. Options that can be repeated add to those of the file; any others
        replace them.

    Returns
    -------
    dict
        The arguments by destination, and as "record" the text of an equivalent file.
    """
    finder = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    finder.add_argument("--config", type=Path)
    config = finder.parse_known_args(argv)[0].config
    said_by_file: dict[str, Any] = {}
    if config is not None:
        try:
            said = tomllib.loads(config.read_text(encoding="utf-8"))
            from_file = _to_argv(said, _options(parser))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            parser.error(f"--config {config}: {reason}")
        said_by_file = vars(parser.parse_intermixed_args(from_file))
    given = argparse.Namespace(**said_by_file)
    arguments = vars(parser.parse_intermixed_args(argv, given))
    for name, value in arguments.items():
        if value is None:  # an omitted positional argument
            arguments[name] = said_by_file.get(name)
    return {**arguments, "record": _to_toml(arguments, _options(parser))}


def _options(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    """Return the keys of a file: long options, and names of positional arguments."""
    keys = {}
    for action in parser._actions:
        long = [text for text in action.option_strings if text.startswith("--")]
        keys[long[0].removeprefix("--") if long else action.dest] = action
    return {key: action for key, action in keys.items() if key not in _NOT_STORED}


def _to_argv(
    config: Mapping[str, Any], options: Mapping[str, argparse.Action]
) -> list[str]:
    """Return the arguments that are equivalent to a file.

    Raises
    ------
    ValueError
        If a key is unknown, or its value has the wrong type.
    """
    argv = []
    for name, value in config.items():
        key = name.replace("_", "-")
        if key not in options:
            near = difflib.get_close_matches(key, options, n=1)
            meant = f"did you mean {near[0]!r}? " if near else ""
            raise ValueError(
                f"unknown key {name!r}; {meant}the keys are {', '.join(options)}"
            )
        action = options[key]
        repeated = isinstance(action, argparse._AppendAction)
        if action.nargs == 0:  # a flag
            if not isinstance(value, bool):
                raise ValueError(f"{name} must be true or false, not {value!r}")
            argv += [f"--{key}"] if value else []
            continue
        if isinstance(value, list) and not repeated:
            raise ValueError(f"{name} must be one value, not a list")
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, bool) or not isinstance(item, (str, int, float)):
                raise ValueError(f"{name} must be a text or a number, not {item!r}")
            argv += [f"--{key}={item}"] if action.option_strings else ["--", str(item)]
    # Positional arguments come last.
    at = argv.index("--") if "--" in argv else len(argv)
    return [*argv[:at], *argv[at + 2 :], *argv[at : at + 2]]


def _to_toml(
    arguments: Mapping[str, Any], options: Mapping[str, argparse.Action]
) -> str:
    """Return a configuration file of all arguments, defaults included."""
    lines = [f"# python -m sklearn_m3l fit --config FILE (version {__version__})"]
    for key, action in options.items():
        value = arguments.get(action.dest)
        if value is None or value == [] or value is False:
            continue
        if isinstance(value, list):
            value = [_plain(item) for item in value]
            if len(value) > 1:
                items = "".join(f"  {_quote(item)},\n" for item in value)
                lines.append(f"{key} = [\n{items}]")
                continue
        lines.append(f"{key} = {_quote(_plain(value))}")
    return "\n".join(lines) + "\n"


def _plain(value: Any) -> Any:
    """Return a value in the form that an option takes."""
    if isinstance(value, tuple):  # NAME=VALUE
        name, given = value
        return f"{name}={given!r}"
    return str(value) if isinstance(value, Path) else value


def _quote(value: Any) -> str:
    """Return a value in TOML, which writes texts and numbers like JSON."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
