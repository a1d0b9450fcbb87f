"""What a newcomer remembers, as sentences whose figures are those of stored results."""

from collections.abc import Iterator
from functools import partial
from itertools import islice

from benchmarks.leaderboard.tables import OURS, Row, name_of, read_rows, stored_corpora

_EMBEDDINGS = ("embeddings", "embeddings-standardized")
_BASELINES = ("k-means", "lda", *_EMBEDDINGS)


def _by_system(corpus: str, stale: bool) -> dict[str, Row]:
    return {row.system: row for row in read_rows(corpus, stale)}


def _ranked(rows: dict[str, Row], title: str, lower: bool = False) -> list[Row]:
    """Return the systems that have a value, the best first."""
    known = [row for row in rows.values() if title in row.values]
    return sorted(known, key=lambda row: (1 if lower else -1) * row.values[title])


def _called(row: Row) -> str:
    if row.system in _EMBEDDINGS:
        return f"the cosine of {row.title.replace(', ', ' ')}"
    if row.system == "m3l":
        return "``M3LContrastTopicModel``"
    if row.system in OURS and row.system != "m3l-paper":
        return f"``{row.title}``"
    if row.system == "m3l-paper":
        return "M3L-Contrast in the paper's configuration"
    return row.title


def _places(title: str, ability: str, all_rows: dict[str, dict]) -> Iterator[str]:
    """Say on which corpora our default model is first in a column, or who is."""
    told, n_first = [], 0
    for corpus, rows in all_rows.items():
        ranked = _ranked(rows, title)
        systems = [row.system for row in ranked]
        # Another system is not best merely because ours has not been run.
        if "m3l" not in systems or len(systems) < 2:
            continue
        own, best, value = rows["m3l"], ranked[0], rows["m3l"].values[title]
        if best is own:
            place = f"we are first ({value:.3f}); next"
            best, n_first = ranked[1], n_first + 1
        else:
            number = f"number {systems.index('m3l') + 1} of {len(systems)}"
            place = f"we are not first, but {number} ({value:.3f}); first"
        place += f" is {_called(best)} ({best.values[title]:.3f})"
        if title in own.chance:
            place += f"; chance has {own.chance[title]:.3f}"
        told.append(f"{name_of(corpus)}: {place}.")
    if told:
        head = f"**{ability}**: we are first on {n_first} of {len(told)} corpora."
        yield "\n\n  ".join([head, "\n  ".join(f"- {text}" for text in told)]) + "\n"


def _against_embeddings(corpus, rows):
    standardized = rows.get("embeddings-standardized")
    if standardized and "m3l" in rows and "MRR" in standardized.values:
        own, theirs = rows["m3l"].values["MRR"], standardized.values["MRR"]
        word, than = "more" if own > theirs else "fewer", "than"
        if f"{own:.3f}" == f"{theirs:.3f}":
            word, than = "as many", "as"
        yield (
            f"**{name_of(corpus)}**: topics find {word} counterparts {than} the "
            "standardized embeddings that they are inferred from (MRR "
            f"{own:.3f} and {theirs:.3f}); a document has "
            f"{rows['m3l'].values['topics']:.0f} of them in effect."
        )


def _guarded(corpus, rows):
    """Say which system has good words, and topics that tell nothing apart."""
    coherent, found = _ranked(rows, "TQ"), _ranked(rows, "MRR")
    if coherent and found and "m3l" in rows:
        first, best = coherent[0], found[0].values["MRR"]
        if first.values.get("MRR", best) < best / 2:
            yield (
                f"**{name_of(corpus)}**: read the columns together: {_called(first)} "
                f"({first.configuration}) has the best topic quality "
                f"({first.values['TQ']:.3f}), but finds next to nothing (MRR "
                f"{first.values['MRR']:.3f})."
            )


def _pictures(corpus, rows):
    known = _ranked(rows, "UAP")
    if "m3l" in [row.system for row in known]:
        best = known[0]
        yield (
            f"**{name_of(corpus)}**: {len(known)} of {len(rows)} systems can say which "
            f"pictures belong to a text; {_called(best)} does it best (UAP "
            f"{best.values['UAP']:.3f}, by chance {best.chance['UAP']:.3f})."
        )


def _rivals(corpus, rows):
    others = {n: r for n, r in rows.items() if n not in (*OURS, *_BASELINES)}
    found, coherent = _ranked(others, "MRR"), _ranked(others, "Cross-NPMI")
    if found and coherent and "m3l" in rows:
        best = "has" if coherent[0] is found[0] else f"{_called(coherent[0])} has"
        own = rows["m3l"].values
        yield (
            f"**{name_of(corpus)}**: of {len(others)} systems of other packages, "
            f"{_called(found[0])} finds counterparts best (MRR "
            f"{found[0].values['MRR']:.3f}; {_called(rows['m3l'])} {own['MRR']:.3f}), "
            f"and {best} the most coherent topics (cross-lingual NPMI "
            f"{coherent[0].values['Cross-NPMI']:.3f}; {own['Cross-NPMI']:.3f})."
        )


def _cost(corpus, rows):
    known = {n: r for n, r in rows.items() if n not in _EMBEDDINGS}
    ranked, own = _ranked(known, "fit s", lower=True), rows.get("m3l")
    if own and ranked and ranked[0].system != "m3l":
        fastest = ranked[0]
        yield (
            f"**{name_of(corpus)}**: {_called(own)} is not cheap: it takes "
            f"{own.values['fit s']:.0f} s of one core and {own.values['peak MiB']:.0f} "
            f"MiB, {_called(fastest)} {fastest.values['fit s']:.1f} s and "
            f"{fastest.values['peak MiB']:.0f} MiB."
        )


def _classification(corpus, rows):
    own = rows.get("m3l")
    if own and "accuracy across" in own.values:
        yield (
            f"**{name_of(corpus)}**: labels learned from the topics of one language "
            f"hold in another: accuracy is {own.values['accuracy across']:.3f} across "
            f"languages and {own.values['accuracy within']:.3f} within one."
        )


def _hidden(corpus, rows, stale):
    hidden = _by_system(f"{corpus}-hidden", stale)
    if {"m3l"} <= hidden.keys() & rows.keys() and "MRR" in hidden["m3l"].values:
        yield (
            f"**{name_of(corpus)}**: if nobody says which texts belong together, "
            f"{_called(rows['m3l'])} mines the pairs; its MRR is "
            f"{hidden['m3l'].values['MRR']:.3f} instead of "
            f"{rows['m3l'].values['MRR']:.3f}."
        )


def sentences(stale: bool = False) -> str:
    """Return the sentences as a list in reStructuredText."""
    all_rows = {
        corpus: _by_system(corpus, stale)
        for corpus in stored_corpora()
        if not corpus.endswith("-hidden")
    }
    found = []
    for title, ability in (
        ("MRR", "Finding the counterpart of a text (MRR)"),
        ("Cross-NPMI", "Words of a topic that agree across languages (cross-NPMI)"),
        (
            "gain across",
            "Predicting the words of one language from another (nats per word above a "
            "unigram model)",
        ),
    ):
        found += _places(title, ability, all_rows)
    # Each of the others once, of the first corpus that has it.
    for tell in (
        _against_embeddings,
        _rivals,
        _guarded,
        _pictures,
        _classification,
        _cost,
        partial(_hidden, stale=stale),
    ):
        told = (
            text for corpus, rows in all_rows.items() for text in tell(corpus, rows)
        )
        found += islice(told, 1)
    lines = [".. Made by python -m benchmarks.leaderboard tables", ""]
    return "\n".join([*lines, *(f"- {text}" for text in found)]) + "\n"
