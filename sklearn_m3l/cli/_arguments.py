"""Arguments that several commands share."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sklearn_m3l.cli import _values as values


def add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model", type=Path, metavar="MODEL", help="a file that fit wrote"
    )


def add_model_and_table(
    parser: argparse.ArgumentParser, *, optional: bool = False
) -> None:
    """Add the arguments of a command that reads a table for a model."""
    add_model(parser)
    add_table(parser, optional)
    add_image_folder(parser)


def add_table(
    parser: argparse.ArgumentParser, optional: bool = False, several: bool = False
) -> None:
    more: dict[str, Any] = {"nargs": "?"}
    parser.add_argument(
        "table",
        type=Path,
        metavar="TABLE",
        help="a CSV or TSV file with a header, which may be compressed by gzip or "
        "bzip2; a .parquet file; or a folder of these",
        **(more if optional else {}),
    )
    parser.add_argument(
        "--separator",
        type=values.separator,
        default=None,
        metavar="CHARACTER",
        help="the character between cells, or the word tab (default: a tab in .tsv "
        "files, otherwise the most frequent of tab, semicolon and comma in the "
        "header)",
    )
    parser.add_argument(
        "--quoting",
        choices=["auto", "double", "none"],
        default="auto",
        help='double: cells may be enclosed in "quotation marks" and span several '
        "lines; none: quotation marks are ordinary characters; auto: like double, but "
        "quotation marks that seem to swallow rows of a tab-separated table are an "
        "error (default: %(default)s)",
    )
    parser.add_argument(
        "--encoding",
        type=values.encoding,
        default="utf-8",
        metavar="NAME",
        help="such as cp1252, latin-1 or utf-16 (default: %(default)s)",
    )
    add_languages(parser, several)


def add_languages(parser: argparse.ArgumentParser, several: bool) -> None:
    """Add the arguments for the language of texts that are all in one column."""
    if several:
        parser.add_argument(
            "--corpus",
            dest="corpora",
            type=values.corpus,
            action="append",
            default=[],
            metavar="LANGUAGE=FILE",
            help="instead of TABLE, a table with texts in one language in the column "
            "--text-column; repeat --corpus for each language",
        )
    else:
        parser.add_argument(
            "--language",
            default=None,
            metavar="LANGUAGE",
            help="the language of all texts, which are in --text-column",
        )
    parser.add_argument(
        "--language-column",
        default=None,
        metavar="COLUMN",
        help="a column with the language of each row, whose text is in --text-column",
    )
    parser.add_argument(
        "--text-column",
        default="text",
        metavar="COLUMN",
        help=f"the column of texts, if {'--corpus' if several else '--language'} or "
        "--language-column gives their language (default: %(default)s)",
    )


def add_image_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--image-folder",
        type=Path,
        default=None,
        metavar="FOLDER",
        help="the folder that picture paths are relative to; all pictures must be "
        "inside it (default: the folder of TABLE)",
    )


def add_views(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--text",
        dest="texts",
        action="append",
        default=[],
        metavar="COLUMN[:LANGUAGE]",
        help="a column of texts; repeat --text for each. LANGUAGE, a code such as de, "
        "determines stop words and how texts are split into words; omit it if it "
        "is the name of the column. A colon at the end means no language: use it: "
        "for a column named like a language, and a:de: for one that ends like one",
    )
    parser.add_argument(
        "--image",
        dest="images",
        action="append",
        default=[],
        metavar="COLUMN",
        help="a column of picture paths; repeat --image for each",
    )
    add_image_folder(parser)


def add_encoders(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--text-encoder",
        dest="text_encoders",
        action="append",
        default=[],
        metavar="[COLUMN=]MODEL",
        help="embed texts with a sentence-transformers model, such as "
        "paraphrase-multilingual-MiniLM-L12-v2: its name on the Hugging Face Hub, "
        "or a folder below that of --output; or with lsa, which learns from the "
        "column (default: multilingual word vectors; neither of these downloads "
        "anything); with COLUMN=, only for that column; repeat --text-encoder for "
        "each",
    )
    parser.add_argument(
        "--image-encoder",
        dest="image_encoders",
        action="append",
        default=[],
        metavar="[COLUMN=]MODEL",
        help="embed pictures with a CLIP model of sentence-transformers, such as "
        "clip-ViT-B-32 (default: statistics of colors and shapes, which download "
        "nothing); like --text-encoder",
    )


def add_words(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tokenizer",
        dest="tokenizers",
        action="append",
        default=[],
        metavar="[COLUMN=]NAME",
        help="how to split texts into words: jieba, fugashi, kiwipiepy, pythainlp, "
        "icu4py, or pairs of characters (default: the package for the language of "
        "the column); like --text-encoder",
    )
    parser.add_argument(
        "--lemmatize",
        action="store_true",
        help="count words in their dictionary form, with the package simplemma",
    )
    parser.add_argument(
        "--stop-words",
        action="append",
        default=[],
        metavar="[COLUMN=]FILE",
        help="a file of words to leave out besides those of the language, one per line "
        "in UTF-8; like --text-encoder",
    )
    parser.add_argument(
        "--min-df",
        type=values.number_or_share,
        default=1,
        metavar="N",
        help="leave out words that fewer texts have: a number such as 5, or a share "
        "such as 0.01 (default: %(default)s)",
    )
    parser.add_argument(
        "--max-df",
        type=values.number_or_share,
        default=1.0,
        metavar="N",
        help="leave out words that more texts have (default: %(default)s)",
    )
    parser.add_argument(
        "--max-features",
        type=values.whole_number(at_least=1),
        default=2000,
        metavar="N",
        help="count the N most frequent words of each language (default: %(default)s)",
    )
    parser.add_argument(
        "--min-tokens",
        type=values.whole_number(at_least=0),
        default=0,
        metavar="N",
        help="treat texts with fewer counted words as empty (default: %(default)s)",
    )


def add_seed_words(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seed-words",
        type=Path,
        default=None,
        metavar="FILE",
        help="themes that some topics should be about: a TOML file with a table per "
        "theme, in which the key of each column of texts has a list of words, such as "
        'en = ["rain"]; the first topics are these themes, with their names',
    )
    parser.add_argument(
        "--seed-weight",
        type=values.positive,
        default=None,
        metavar="WEIGHT",
        help="weight of the seed words (default: 1)",
    )


def add_only(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--view",
        dest="only",
        action="append",
        default=[],
        metavar="COLUMN",
        help="infer topics only from this column; repeat --view for several (default: "
        "all columns of the model that TABLE has)",
    )


def add_by(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--by",
        choices=["row", "view"],
        default="view",
        help="infer topics from all columns of a row, or from each column separately "
        "(default: %(default)s)",
    )


def add_keep(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keep",
        action="append",
        default=[],
        metavar="COLUMN",
        help="copy a column, such as ids; repeat --keep for each",
    )


def add_title(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--title",
        default=None,
        metavar="COLUMN",
        help="a column that names the rows",
    )


def add_link(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--link",
        default=None,
        metavar="COLUMN",
        help="a column of web addresses that the rows link to",
    )


def add_n_words(parser: argparse.ArgumentParser, default: int) -> None:
    parser.add_argument(
        "--n-words",
        "-n",
        type=values.whole_number(at_least=1),
        default=default,
        metavar="N",
        help="words per topic and language (default: %(default)s)",
    )


def add_ranking(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--ranking",
        choices=["probability", "relevance", "frex"],
        default="probability",
        help="the order of the words of a topic: by probability, or with words that "
        "are common in other topics later (default: %(default)s)",
    )
    parser.add_argument(
        "--ranking-weight",
        type=values.share,
        default=None,
        metavar="WEIGHT",
        help="weight of probability in the order, from 0 to 1 (default: 0.6 for "
        "relevance, 0.5 for frex)",
    )


def add_format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--format",
        dest="form",
        choices=["table", "csv", "json", "markdown"],
        default="table",
        help="the output format (default: %(default)s)",
    )


def add_groups(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--groups",
        default=None,
        metavar="COLUMN",
        help="a column of article ids, if several rows belong to one article",
    )


def add_values(parser: argparse.ArgumentParser, required: bool) -> None:
    parser.add_argument(
        "--values",
        required=required,
        default=None,
        metavar="COLUMN",
        help="a column of dates, categories or numbers to average topics over",
    )
    parser.add_argument(
        "--bins",
        type=values.bins,
        default=None,
        metavar="BINS",
        help="the number of bins for numbers, or Y, Q, M or W for years, quarters, "
        "months or weeks of dates (default: up to 20 distinct numbers as they are, "
        "otherwise 10 bins)",
    )


def add_plot(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--plot",
        type=values.figure_file,
        default=None,
        metavar="FILE",
        help="also write a figure: .png, .svg or .pdf",
    )


def add_output(
    parser: argparse.ArgumentParser,
    text: str,
    kind: Callable | None = None,
    required: bool = True,
) -> None:
    parser.add_argument(
        "--output",
        "-o",
        type=kind or values.output_file,
        required=required,
        metavar="FILE",
        help=text,
    )


def add_training_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--n-components",
        "-k",
        type=values.whole_number(at_least=2),
        default=50,
        metavar="K",
        help="number of topics (default: %(default)s)",
    )
    parser.add_argument(
        "--max-iter",
        type=values.whole_number(at_least=1),
        default=argparse.SUPPRESS,
        metavar="N",
        help="training epochs of neural models (default: the model's own)",
    )
    add_random_state(parser)


def add_random_state(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--random-state",
        type=values.whole_number(at_least=0, at_most=2**32 - 1),
        default=0,
        metavar="SEED",
        help="seed of everything random (default: %(default)s)",
    )
