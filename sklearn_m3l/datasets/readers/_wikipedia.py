"""Reader of the Wikipedia Comparable Corpora of linguatools."""

import re
from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree import ElementTree
from xml.parsers.expat import ErrorString

import pandas as pd

from sklearn_m3l.datasets.readers._streams import (
    LONGEST,
    PathLike,
    Rows,
    Source,
    check_options,
    reading,
    to_frames,
    why_not_utf8,
)

_START = re.compile(rb"<articlePair(?=[\s/>])")
_END = b"</articlePair>"
_ROOT_END = b"</wikipediaComparable>"
_BREAKS = {"p", "h", "table", "cell"}


def read_wikipedia_comparable(
    path: PathLike,
    languages: Sequence[str] | None = None,
    *,
    left_out: Sequence[str] = ("table", "math"),
    chunksize: int | None = None,
    on_error: str = "raise",
    verbose: bool = False,
) -> pd.DataFrame | Iterator[pd.DataFrame]:
    """Read a file of the Wikipedia Comparable Corpora of linguatools.

    Such a file contains pairs of Wikipedia articles that are linked across two
    languages [1]_; the paper's articles come from the German and English file [2]_.

    Parameters
    ----------
    path : str or path-like
        An ``.xml`` file, or compressed, ``.xml.bz2`` or ``.xml.gz``.
    languages : sequence of str, default=None
        The languages to read, in the order of the columns. By default both, in
        the order of the file.
    left_out : sequence of str, default=("table", "math")
        Elements of an article to leave out. Headings are "h", paragraphs "p", links
        "link".
    chunksize : int, default=None
        If given, an iterator of frames with this many rows is returned, so that
        a file of many gigabytes can be read in little memory.
    on_error : {"raise", "skip"}, default="raise"
        Whether a damaged pair raises an error, or is skipped, with one summary warning.
        A file in another format always raises an error.
    verbose : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    frame : DataFrame, or iterator of DataFrame if `chunksize` is given
        Each row is a pair of articles; the index, named "id", is the number of the
        pair. Each language, such as "en", has the columns "en_title" and "en", the
        text, with one line per heading and paragraph; missing if the article has no
        text.

    Raises
    ------
    ValueError
        If the file has another format, declares a document type (no such file does, and
        one could expand without end), or lacks a language or, unless skipped, is
        truncated, not well-formed, not UTF-8, or has a repeated pair or one without its
        two articles. The error names the line.

    See Also
    --------
    make_tuples : Joins articles with images.

    Notes
    -----
    It needs memory for one chunk, for a pair of at most 16 MiB, and about 100 bytes per
    pair to find repeated pairs.

    References
    ----------
    .. [1] https://linguatools.org/tools/corpora/wikipedia-comparable-corpora/
    .. [2] E. Zosa and L. Pivovarova, "Multilingual and Multimodal Topic Modelling
       with Pretrained Embeddings", COLING 2022, section 4.1.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn_m3l.datasets import read_wikipedia_comparable
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name, "wikicomp.xml")
    >>> _ = path.write_text('''<wikipediaComparable name="de-en">
    ... <header>
    ... <wikipediaSource language="de" name="dewiki-20140725-corpus.xml"/>
    ... <wikipediaSource language="en" name="enwiki-20140707-corpus.xml"/>
    ... </header>
    ... <articlePair id="1">
    ... <article lang="de" name="Pferd"><categories name="Haustier"/>
    ... <content><p>Das Pferd ist ein <link target="Tier">Tier</link>.</p></content>
    ... </article>
    ... <article lang="en" name="Horse"><categories name="Livestock"/>
    ... <content><h>Horse</h><p>The horse is an animal.</p></content>
    ... </article>
    ... </articlePair>
    ... </wikipediaComparable>''')
    >>> articles = read_wikipedia_comparable(path, ["en", "de"])
    >>> articles["de"][1]
    'Das Pferd ist ein Tier.'
    >>> articles[["en_title", "de_title"]]
       en_title de_title
    id
    1     Horse    Pferd
    >>> folder.cleanup()
    """
    check_options(chunksize, on_error)
    if isinstance(languages, str) or isinstance(left_out, str):
        raise TypeError("languages and left_out are sequences of str, such as ['en']")
    rows = _rows(path, languages, frozenset(left_out), on_error, verbose)
    return to_frames(rows, chunksize, index="id")


def _rows(path, languages, left_out, on_error, verbose) -> Rows:
    with reading([path], on_error, verbose) as (source,):
        pairs = _split(source)
        of_file = _languages(source, next(pairs)[1])
        languages = list(of_file if languages is None else languages)
        unknown = [language for language in languages if language not in of_file]
        if unknown or len(set(languages)) < len(languages) or not languages:
            raise source.fail(
                1, f"languages must be some of {of_file}, each once, not {languages}"
            )
        titles = [f"{language}_title" for language in languages]
        yield ["id", *titles, *languages]
        for line, pair in pairs:
            found = _parse(source, line, pair, left_out, of_file)
            if found is None:
                continue
            number, articles = found
            if source.is_new(line, number, f"article pair {number}"):
                chosen = [articles[language] for language in languages]
                yield [number, *(t for t, _ in chosen), *(text for _, text in chosen)]


def _split(source: Source) -> Iterator[tuple[int, bytes]]:
    """Yield the text before the first pair, then each whole pair, with its line.

    Pairs are found before parsing, so that a damaged pair does not affect others, and
    no document type declaration is ever parsed.
    """
    rest, line, is_open = b"", 1, False
    for block in source.blocks():
        *pieces, rest = (rest + block).split(_END)
        for piece in pieces:
            starts = [match.start() for match in _START.finditer(piece)]
            if not is_open:
                yield line, piece[: starts[0]] if starts else piece
                is_open = True
            elif not starts or piece[: starts[0]].strip():
                source.report(line, "text between article pairs")
            _report_unclosed(source, line, piece, starts[:-1])
            if starts:
                before = piece.count(b"\n", 0, starts[-1])
                yield line + before, piece[starts[-1] :] + _END
            line += piece.count(b"\n")
        if len(rest) > LONGEST:
            break
    starts = [match.start() for match in _START.finditer(rest)]
    if not is_open:
        yield line, rest[: starts[0]] if starts else rest
    _report_unclosed(source, line, rest, starts)
    ends = rest.strip() == _ROOT_END if is_open else rest.rstrip().endswith(_ROOT_END)
    if not starts and not ends:
        end = line + rest.count(b"\n")
        source.report(end, f"cut off: the file does not end with {_ROOT_END.decode()}")


def _report_unclosed(source: Source, line: int, text: bytes, starts) -> None:
    for start in starts:
        at = line + text.count(b"\n", 0, start)
        source.report(at, f"article pair without its end, {_END.decode()}")


class _Damaged(Exception):
    """Damage in a part of the file, with its line."""

    def __init__(self, line: int, what: str):
        super().__init__(what)
        self.line = line


def _decode(part: bytes, line: int) -> str:
    """Return the text of a part of the file that begins in a line."""
    try:
        return part.decode("utf-8-sig" if line == 1 else "utf-8")
    except UnicodeDecodeError as error:
        at = line + part.count(b"\n", 0, error.start)
        raise _Damaged(at, why_not_utf8(error)) from None


def _parse_xml(text: str, line: int, target: Any = None) -> Any:
    """Parse a part of the file that begins in a line."""
    parser = ElementTree.XMLParser(target=target)
    try:
        parser.feed(text)
        return parser.close()
    except ElementTree.ParseError as error:
        at = line + error.position[0] - 1
        raise _Damaged(at, f"not XML: {ErrorString(error.code)}") from None


def _languages(source: Source, prolog: bytes) -> list[str]:
    """Return the two languages in the head of the file."""
    try:
        text = _decode(prolog, 1)
    except _Damaged as damage:
        raise source.fail(damage.line, f"the head is {damage}") from None
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise source.fail(1, "declares a document type or entities: refused as unsafe")
    root = re.search(r"<\s*([A-Za-z_][\w.-]*)", text)
    if root is None or root[1] != "wikipediaComparable":
        is_what = f"its root is <{root[1]}>" if root else "it is not XML"
        raise source.fail(1, f"not a Wikipedia Comparable Corpus: {is_what}")
    if _ROOT_END.decode() not in text:
        text += _ROOT_END.decode()
    try:
        head = _parse_xml(text, 1)
    except _Damaged as damage:
        raise source.fail(damage.line, f"the head is {damage}") from None
    sources = head.iter("wikipediaSource")
    languages = [element.get("language", "") for element in sources]
    if not languages:
        languages = head.get("name", "").split("-")
    if len(languages) != 2 or not all(languages):
        raise source.fail(1, f"states {len(languages)} languages instead of two")
    return languages


def _parse(source, line, pair, left_out, languages) -> tuple[int, dict] | None:
    """Return the number of a pair and the title and text by language."""
    found = _Pair(left_out)
    try:
        _parse_xml(_decode(pair, line), line, found)
    except _Damaged as damage:
        source.report(damage.line, f"article pair is {damage}")
        return None
    number, articles = found.number, found.articles
    found_in = [language for language, _, _ in articles]
    if not (number.isascii() and number.isdigit()):
        source.report(line, f"the id of an article pair is not a number: {number!r}")
    elif sorted(found_in) != sorted(languages):
        source.report(
            line, f"article pair {number} has articles in {found_in}, not {languages}"
        )
    elif not all(title for _, title, _ in articles):
        source.report(line, f"article pair {number} has an article without a name")
    else:
        return int(number), {name: (title, _join(t)) for name, title, t in articles}
    return None


class _Pair:
    """Collects the articles of one <articlePair> as it is parsed."""

    def __init__(self, left_out: frozenset[str]):
        self.number = ""
        # language, title and the parts of each line
        self.articles: list[tuple[str, str, list[list[str]]]] = []
        self._lines: list[list[str]] | None = None
        self._left_out = left_out
        self._n_left_out = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "articlePair":
            self.number = attributes.get("id", "")
        elif tag == "article":
            name = attributes.get("name", "").strip()
            self.articles.append((attributes.get("lang", ""), name, []))
        elif tag == "content" and self.articles:
            self._lines = self.articles[-1][2]
            self._lines.append([])
        self._n_left_out += tag in self._left_out
        self._break(tag)

    def end(self, tag: str) -> None:
        self._n_left_out -= tag in self._left_out
        self._break(tag)
        if tag == "content":
            self._lines = None

    def data(self, text: str) -> None:
        if self._lines is not None and not self._n_left_out:
            self._lines[-1].append(text)

    def _break(self, tag: str) -> None:
        if self._lines is not None and tag in _BREAKS:
            self._lines.append([])


def _join(lines: list[list[str]]) -> str | None:
    texts = (" ".join("".join(line).split()) for line in lines)
    return "\n".join(filter(None, texts)) or None
