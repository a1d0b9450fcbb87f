"""Find Matplotlib fonts that have the letters of a text, in any script."""

import warnings
from collections.abc import Iterable
from functools import lru_cache

# Endings of the names of fonts with the Han characters of a language.
_REGIONS = {"ja": "JP", "ko": "KR", "zh": "SC"}
_REGULAR = (400, "normal", "regular")


def find_families(texts: Iterable[str], view: str = "") -> list[str]:
    """Return font families that together have the characters of some texts.

    Parameters
    ----------
    texts : iterable of str
        The texts to draw.
    view : str
        The view of the texts, which may be the code of their language.

    Returns
    -------
    list of str
        The fonts of ``rcParams["font.family"]``, and installed fonts with the
        characters that these lack.

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
        # A generic family, such as sans-serif, is the first of its fonts that is found.
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
            "install one that does, such as a Noto font for the script",
            UserWarning,
            stacklevel=3,
        )
    return [*usual, *further]


@lru_cache(maxsize=32)
def _cover(needed: frozenset[int], region: str) -> tuple[list[str], frozenset[int]]:
    """Return the fewest families that have some characters, and those that none has."""
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
    # Among fonts with equally many, prefer sans-serif ones, like all other text.
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
