"""The arguments of the commands edit and stop-words."""

from sklearn_m3l.cli import _arguments as arguments
from sklearn_m3l.cli import _values as values
from sklearn_m3l.cli._command import add_command


def add_edit(commands) -> None:
    parser = add_command(
        commands,
        "edit",
        "_edit.edit",
        help="name, merge, drop, or reorder the topics of a model",
        description="Write a model whose topics are named, merged, dropped, or "
        "reordered. It can do everything that the original can. Topics have the "
        "numbers that the command topics prints for MODEL.",
    )
    arguments.add_model(parser)
    parser.add_argument(
        "--name",
        dest="names",
        type=values.topic_name,
        action="append",
        default=[],
        metavar="TOPIC=NAME",
        help='name a topic, such as 3="sea ice"; repeat --name for each',
    )
    parser.add_argument(
        "--suggest-names",
        default=None,
        metavar="COLUMN",
        help="name the other topics by distinctive words of this column",
    )
    parser.add_argument(
        "--merge",
        dest="groups",
        type=values.topic_numbers,
        action="append",
        default=[],
        metavar="TOPICS",
        help="merge several topics into one, such as 3,7; repeat --merge for each",
    )
    parser.add_argument(
        "--drop",
        type=values.topic_numbers,
        action="extend",
        default=[],
        metavar="TOPICS",
        help="drop topics, such as 5 or 5,8; the shares of the others are scaled to "
        "sum to 1",
    )
    parser.add_argument(
        "--reduce",
        type=values.whole_number(at_least=1),
        default=None,
        metavar="K",
        help="then merge the most similar topics until K are left",
    )
    parser.add_argument(
        "--by-prevalence",
        action="store_true",
        help="put the most prevalent topic first",
    )
    arguments.add_output(parser, "the model to write; it can be MODEL itself")


def add_stop_words(commands) -> None:
    parser = add_command(
        commands,
        "stop-words",
        "_edit.stop_words",
        help="list words that are frequent in nearly every topic",
        description="Print the words that are frequent in nearly every topic. Read "
        "the list, then leave out the useless words with fit --stop-words.",
    )
    arguments.add_model(parser)
    parser.add_argument(
        "--n-words",
        "-n",
        type=values.whole_number(at_least=1),
        default=50,
        metavar="N",
        help="a word is frequent in a topic if it is among its top N words (default: "
        "%(default)s)",
    )
    parser.add_argument(
        "--min-share",
        type=values.share,
        default=0.8,
        metavar="SHARE",
        help="smallest share of the topics in which a word must be frequent (default: "
        "%(default)s)",
    )
    arguments.add_format(parser)
