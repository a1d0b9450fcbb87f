"""Fonts of Matplotlib that have the letters of a text, whatever its script."""

import warnings
from collections.abc import Iterable
from functools import lru_cache

# The end of the name of fonts that draw Han characters as a language writes them.
_REGIONS = {"ja": "JP", "ko": "KR", "zh": "SC"}
_REGULAR = (400, "normal", "regular")


def find_families(texts: Iterable[str], view: str = "") -> list[str]:
    """Return font families that together have the characters of some texts.

    Parameters
    ----------
    texts : iterable of str
        What is drawn.
    view : str
        The view that the texts are from, which is the code of their language or not.

    Returns
    -------
    list of str
        What ``rcParams["font.family"]`` has, and installed fonts for what it lacks.

    Warns
    -----
    UserWarning
        If no installed font has some of the characters.
    """
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties, findfont, get_font

    usual = list(rcParams["font.family"])
    needed = {ord(letter) for text in texts for letter in text if letter.isprintable()}
    for family in usual:
        # A generic family, such as sans-serif, is that of its fonts that is found.
        needed -= (
            get_font(findfont(FontProperties(family=[family]))).get_charmap().keys()
        )
    if not needed:
        return usual
    further, absent = _cover(frozenset(needed), _REGIONS.get(view, ""))
    if absent:
        letter = chr(min(absent))
        others = f" and {len(absent) - 1} other characters" if len(absent) > 1 else ""
        warnings.warn(
            f"no installed font has {letter!r}{others}, which are drawn as boxes; "
            "install one that does, such as a Noto font of the script",
            UserWarning,
            stacklevel=3,
        )
    return [*usual, *further]


@lru_cache(maxsize=32)
def _cover(needed: frozenset[int], region: str) -> tuple[list[str], frozenset[int]]:
    """Return the fewest families that have some characters, and what none has."""
    from matplotlib.font_manager import fontManager, get_font

    found: dict[str, frozenset[int]] = {}
    for entry in fontManager.ttflist:
        plain = entry.style == "normal" and entry.weight in _REGULAR
        if plain and entry.name not in found:
            try:
                has = get_font(entry.fname).get_charmap().keys()
            except (OSError, RuntimeError):  # removed since it was listed, or damaged
                continue
            found[entry.name] = needed & has
    # Of fonts that have equally many, sans-serif ones, as all other text.
    names = sorted(
        found, key=lambda name: (not name.endswith(region), "Sans" not in name, name)
    )
    families = []
    while needed and names:
        best = max(names, key=lambda name: len(found[name] & needed))
        if not found[best] & needed:
            break
        families.append(best)
        needed -= found[best]
    return families, needed
