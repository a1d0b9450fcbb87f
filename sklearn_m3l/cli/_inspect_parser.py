"""The arguments of the commands that inspect and export topics."""

import argparse
from pathlib import Path

from sklearn_m3l.cli import _arguments as arguments
from sklearn_m3l.cli import _values as values
from sklearn_m3l.cli._command import add_command


def add_compare_views(commands) -> None:
    parser = add_command(
        commands,
        "compare-views",
        "_inspect.compare_languages",
        help="compare the prevalence of topics between languages and pictures",
        description="Print, for each topic and pair of columns, its prevalence in both "
        "over the rows that have both, the difference with a 95% interval, the "
        "correlation, and how well its words match.",
    )
    _add_rows(parser)
    arguments.add_plot(parser)
    arguments.add_random_state(parser)
    arguments.add_format(parser)


def add_disagreements(commands) -> None:
    parser = add_command(
        commands,
        "disagreements",
        "_inspect.print_disagreements",
        help="print the rows whose columns differ most in their topics",
        description="Print the rows whose columns differ most in their topics, with "
        "the dominant topics of both. These rows are worth reading.",
    )
    _add_rows(parser)
    arguments.add_title(parser)
    parser.add_argument(
        "--n-rows",
        type=values.whole_number(at_least=1),
        default=20,
        metavar="N",
        help="rows per pair of columns (default: %(default)s)",
    )
    arguments.add_format(parser)


def add_prevalence(commands) -> None:
    parser = add_command(
        commands,
        "prevalence",
        "_inspect.prevalence",
        help="print the prevalence of topics over dates, categories or numbers",
        description="Print the mean proportion of each topic over the rows of each "
        "value of a column, with a 95% interval and the number of rows.",
    )
    _add_rows(parser)
    arguments.add_values(parser, required=True)
    arguments.add_by(parser)
    arguments.add_plot(parser)
    arguments.add_random_state(parser)
    arguments.add_format(parser)


def add_documents(commands) -> None:
    parser = add_command(
        commands,
        "documents",
        "_inspect.documents",
        help="write one row per document and topic, or a workbook of all tables",
        description="Write the topics of the rows of a table as a tidy table: one row "
        "per row of the table, column and topic. A workbook (.xlsx) has the topics, "
        "their words, the documents, and the differences between columns.",
    )
    arguments.add_model_and_table(parser)
    arguments.add_only(parser)
    arguments.add_by(parser)
    parser.add_argument(
        "--n-topics",
        type=values.whole_number(at_least=1),
        default=None,
        metavar="N",
        help="write only the N largest topics of each document (default: all)",
    )
    arguments.add_keep(parser)
    arguments.add_output(
        parser,
        "the table to write, as in transform, or a workbook (.xlsx)",
        values.documents_file,
    )


def add_network(commands) -> None:
    parser = add_command(
        commands,
        "network",
        "_inspect.network",
        help="write the network of topics, for Gephi or Cytoscape",
        description="Write topics, and links between topics that have similar words "
        "or, with TABLE, occur in the same rows.",
    )
    arguments.add_model_and_table(parser, optional=True)
    parser.add_argument(
        "--n-neighbors",
        type=values.whole_number(at_least=1),
        default=3,
        metavar="N",
        help="link each topic with the N most similar ones (default: %(default)s)",
    )
    arguments.add_output(parser, "the file to write: .graphml or .gexf")


def add_stability(commands) -> None:
    parser = add_command(
        commands,
        "stability",
        "_inspect.stability",
        help="fit a model again, and print which topics come back",
        description="Fit a model again with other seeds, on the table that it was "
        "trained on, and print how similar each topic is to its match in those runs.",
    )
    arguments.add_model_and_table(parser)
    arguments.add_groups(parser)
    parser.add_argument(
        "--n-runs",
        type=values.whole_number(at_least=1),
        default=5,
        metavar="N",
        help="number of times to fit the model again (default: %(default)s)",
    )
    parser.add_argument(
        "--bootstrap",
        action="store_true",
        help="also resample the articles",
    )
    arguments.add_random_state(parser)
    arguments.add_format(parser)


def add_match(commands) -> None:
    parser = add_command(
        commands,
        "match",
        "_inspect.match",
        help="print the counterparts of the topics of a model in another",
        description="Match the topics of two models by their words, one to one.",
    )
    arguments.add_model(parser)
    parser.add_argument(
        "other", type=Path, metavar="OTHER", help="another file that fit wrote"
    )
    arguments.add_format(parser)


def add_intrusion(commands) -> None:
    parser = add_command(
        commands,
        "intrusion",
        "_inspect.intrusion",
        help="write a test for people: which word or topic does not belong?",
        description="Write a word intrusion test or, with TABLE, a topic intrusion "
        "test of its texts, and the key to a separate file.",
    )
    arguments.add_model_and_table(parser, optional=True)
    parser.add_argument(
        "--view",
        default=None,
        metavar="COLUMN",
        help="the column of texts whose words to show (default: the first)",
    )
    parser.add_argument(
        "--n-rows",
        type=values.whole_number(at_least=1),
        default=20,
        metavar="N",
        help="number of texts of TABLE (default: %(default)s)",
    )
    arguments.add_random_state(parser)
    arguments.add_output(
        parser, "the test: .csv, with a column to fill in, or .html to print"
    )


def add_score_intrusion(commands) -> None:
    parser = add_command(
        commands,
        "score-intrusion",
        "_inspect.score_answers",
        help="score the answers to an intrusion test",
        description="Print the share of answers that found each intruder.",
    )
    parser.add_argument(
        "answers",
        type=Path,
        metavar="ANSWERS",
        help="a CSV file with the columns question and answer",
    )
    parser.add_argument(
        "key", type=Path, metavar="KEY", help="the key that intrusion wrote"
    )
    arguments.add_format(parser)


def _add_rows(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of a command that reads views and articles of a table."""
    arguments.add_model_and_table(parser)
    arguments.add_groups(parser)
    arguments.add_only(parser)
