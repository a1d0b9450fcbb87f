"""Colors and markers that distinguish lines and views in figures."""

COLORS = ("#0072b2", "#d55e00", "#009e73", "#a0447f", "#56b4e9", "#e69f00", "#595959")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def color(number: int) -> str:
    """Return the color of a line or view; colors repeat after seven."""
    return COLORS[number % len(COLORS)]


def marker(number: int) -> str:
    """Return the marker of a line or view; markers repeat after seven."""
    return MARKERS[number % len(MARKERS)]
