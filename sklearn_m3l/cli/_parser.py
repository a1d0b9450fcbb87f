"""The commands and their arguments."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sklearn_m3l import __version__
from sklearn_m3l.cli import _arguments as arguments
from sklearn_m3l.cli import _values as values
from sklearn_m3l.cli._command import add_command
from sklearn_m3l.cli._config import parse_with_config
from sklearn_m3l.cli._edit_parser import add_edit, add_stop_words
from sklearn_m3l.cli._inspect_parser import (
    add_compare_views,
    add_disagreements,
    add_documents,
    add_intrusion,
    add_match,
    add_network,
    add_prevalence,
    add_score_intrusion,
    add_stability,
)

# Names of models, and their classes.
MODELS = {
    "m3l-contrast": "M3LContrastTopicModel",
    "polylingual-lda": "PolylingualLDA",
    "zero-shot": "ZeroShotTopicModel",
    "distilled": "DistilledTopicModel",
}


def parse_arguments(argv: Sequence[str]) -> dict[str, Any]:
    """Return the arguments of a command, and the function to ``run`` with them.

    Raises
    ------
    SystemExit
        With code 2 if an argument is invalid, and with code 0 after the help.
    """
    parser, commands = _build_parser()
    if argv[:1] != ["fit"]:
        return vars(parser.parse_args(argv))
    fit = commands["fit"]
    parsed = parse_with_config(fit, argv[1:])
    if parsed["corpora"] and parsed["table"]:
        fit.error("give TABLE or --corpus, not both")
    if parsed["corpora"] and parsed["language_column"]:
        fit.error("--language-column is for TABLE, not for --corpus")
    required = {
        "TABLE or --corpus": parsed["table"] or parsed["corpora"],
        "--text or --image": parsed["texts"]
        or parsed["images"]
        or parsed["corpora"]
        or parsed["language_column"],
        "--output/-o": parsed["output"],
    }
    missing = [name for name, given in required.items() if not given]
    if missing:
        fit.error(f"the following arguments are required: {', '.join(missing)}")
    del parsed["config"]
    return parsed


def _build_parser():
    """Return the parser of all commands, and those of each by its name."""
    parser = argparse.ArgumentParser(
        prog="python -m sklearn_m3l",
        description="Multilingual and multimodal topic models for scikit-learn.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", required=True, help="see COMMAND --help"
    )
    demo = _add_demo(commands)
    for add in _ADD_OTHERS:
        add(commands)
    parser.epilog = (
        "Without a command, demo runs; its options can be given right away.\n"
        + demo.format_usage()
    )
    return parser, commands.choices


def _add_demo(commands) -> argparse.ArgumentParser:
    parser = add_command(
        commands,
        "demo",
        "_demo.run_demo",
        help="learn topics from the GIMP manual and show them on a page (the default)",
        description="Train M3LContrastTopicModel on the bundled corpus, the GIMP "
        "manual in English, German and pictures. Print its topics, its descriptions "
        "of pictures that it has never seen, and its scores, and write one HTML page "
        "that shows all of it. Nothing is downloaded. With the defaults this takes a "
        "minute or two on one core.",
    )
    arguments.add_training_options(parser)
    parser.add_argument(
        "--output",
        "-o",
        type=values.output_file,
        default="gimp_help_topics.html",
        metavar="FILE",
        help="the page to write; an existing file is replaced (default: %(default)s)",
    )
    return parser


def _add_compare(commands) -> None:
    parser = add_command(
        commands,
        "compare",
        "_compare.run_comparison",
        help="measure all models side by side on the GIMP manual",
        description="Train PolylingualLDA, ZeroShotTopicModel, DistilledTopicModel and "
        "M3LContrastTopicModel on the bundled corpus, one after the other, and "
        "print one table of scores: how well they align the two languages and the "
        "pictures of held-out pages, and how coherent their topics are. Nothing is "
        "downloaded. With the defaults this takes a few minutes.",
    )
    arguments.add_training_options(parser)


def _add_example(commands) -> None:
    parser = add_command(
        commands,
        "example",
        "_example.write_example",
        help="write a table and pictures to try the commands on",
        description="Write the bundled emoji (names and keywords in 12 languages, and "
        "pictures) as tables to try the other commands on: train.csv, validation.csv "
        "and test.csv, and a folder of pictures.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER")


def _add_fit(commands) -> None:
    parser = add_command(
        commands,
        "fit",
        "_fit.fit",
        help="learn topics from your own table",
        description="Train a topic model on the columns of a CSV or TSV file and store "
        "it. Each column is a view: texts in one language, or picture paths. Cells may "
        "be empty. All texts may also be in one column (--language-column), or in a "
        "table per language (--corpus). Nothing is downloaded except the models of "
        "--text-encoder and --image-encoder. FILE.toml, next to the model, records all "
        "options.",
    )
    arguments.add_table(parser, optional=True, several=True)
    parser.add_argument(
        "--config",
        type=Path,
        default=None,
        metavar="FILE",
        help="a TOML file with any of the options below, without the dashes, and table "
        "for TABLE, such as the file that fit writes next to a model; options on "
        "the command line replace those of the file, or add to them if they can be "
        "repeated",
    )
    arguments.add_views(parser)
    parser.add_argument(
        "--model",
        choices=list(MODELS),
        default="m3l-contrast",
        help="the kind of model (default: %(default)s)",
    )
    arguments.add_encoders(parser)
    arguments.add_words(parser)
    arguments.add_seed_words(parser)
    arguments.add_groups(parser)
    arguments.add_training_options(parser)
    parser.add_argument(
        "--set",
        dest="settings",
        type=values.setting,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another parameter of the model, such as batch_size=16; repeat --set for "
        "each",
    )
    parser.add_argument(
        "--report",
        type=values.output_file,
        default=None,
        metavar="FILE",
        help="also write a page with the topics and the rows of TABLE, like the "
        "command report",
    )
    arguments.add_title(parser)
    arguments.add_link(parser)
    arguments.add_output(parser, "the model to write", required=False)


def _add_topics(commands) -> None:
    parser = add_command(
        commands,
        "topics",
        "_topics.topics",
        help="print the topics of a model that fit wrote",
        description="Print the top words of each topic in every language, side by side "
        "if they fit, otherwise one below the other.",
    )
    arguments.add_model(parser)
    arguments.add_n_words(parser, 10)
    arguments.add_ranking(parser)
    arguments.add_format(parser)


def _add_describe(commands) -> None:
    parser = add_command(
        commands,
        "describe",
        "_topics.describe",
        help="print the dominant topic of each row of a table, and its words",
        description="Infer topics from the columns of the model that a table has, and "
        "print the dominant topic of each row, its share, and its top words in every "
        "language. This is how a picture gets words.",
    )
    arguments.add_model_and_table(parser)
    arguments.add_only(parser)
    arguments.add_title(parser)
    arguments.add_n_words(parser, 5)
    arguments.add_ranking(parser)
    parser.add_argument(
        "--max-entropy",
        type=values.share,
        default=None,
        metavar="LIMIT",
        help="leave out topics that are not clear: those of rows whose entropy, from 0 "
        "for one topic to 1 for all topics equally, is above this (default: every "
        "row has a topic)",
    )
    arguments.add_format(parser)


def _add_transform(commands) -> None:
    parser = add_command(
        commands,
        "transform",
        "_transform.transform",
        help="infer the topics of another table",
        description="Infer topics from the columns of the model that a table has, and "
        "write one row of topics per row of the table.",
    )
    arguments.add_model_and_table(parser)
    arguments.add_only(parser)
    parser.add_argument(
        "--by",
        choices=["row", "view", "sentence", "paragraph", "window"],
        default="row",
        help="view: infer topics from each cell separately, and write a row for each, "
        "with the number of its row in the table (from 1) and the name of its "
        "column; sentence, paragraph, or window: the same for each part of a text, "
        "with its number and the positions of its letters (default: %(default)s)",
    )
    parser.add_argument(
        "--max-words",
        type=values.whole_number(at_least=1),
        default=None,
        metavar="N",
        help="largest number of words in such a part; longer ones are split (default: "
        "100 for windows)",
    )
    arguments.add_keep(parser)
    arguments.add_output(
        parser,
        "the table to write: .parquet, or .csv or .tsv, compressed if .gz, .bz2 or .xz "
        "follows",
        values.table_file,
    )


def _add_evaluate(commands) -> None:
    parser = add_command(
        commands,
        "evaluate",
        "_evaluate.evaluate",
        help="measure a model on another table",
        description="Print how well a model aligns the columns of a table that it was "
        "not trained on, how coherent its topics are there, how well it predicts the "
        "words, and the number of rows for each score.",
    )
    arguments.add_model_and_table(parser)
    arguments.add_groups(parser)


def _add_report(commands) -> None:
    parser = add_command(
        commands,
        "report",
        "_report.report",
        help="write a page with the topics of a model",
        description="Write one HTML page to read, search and share: all topics, a map "
        "of them, and rows of a table with the topics of each column. The page is "
        "self-contained and works offline.",
    )
    arguments.add_model_and_table(parser)
    arguments.add_title(parser)
    arguments.add_link(parser)
    parser.add_argument(
        "--values",
        type=values.column_and_bins,
        action="append",
        default=[],
        metavar="COLUMN[=BINS]",
        help="show the prevalence of topics over a column of dates, categories or "
        "numbers; BINS as in prevalence, such as date=Y; repeat --values for each",
    )
    arguments.add_ranking(parser)
    parser.add_argument(
        "--max-rows",
        type=values.whole_number(at_least=2),
        default=20_000,
        metavar="N",
        help="show at most this many rows, chosen at random (default: %(default)s)",
    )
    arguments.add_random_state(parser)
    arguments.add_output(parser, "the page to write; an existing file is replaced")


# In the order of the help.
_ADD_OTHERS = (
    _add_compare,
    _add_example,
    _add_fit,
    _add_topics,
    _add_describe,
    _add_transform,
    _add_evaluate,
    _add_report,
    add_edit,
    add_stop_words,
    add_compare_views,
    add_disagreements,
    add_prevalence,
    add_documents,
    add_network,
    add_stability,
    add_match,
    add_intrusion,
    add_score_intrusion,
)
