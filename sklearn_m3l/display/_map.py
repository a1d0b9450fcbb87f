"""The topic space as inline SVG."""

from collections.abc import Mapping
from html import escape

import pandas as pd

# Half the width of the plane, and the part of it that points may fill.
_HALF, _FILLED = 450, 425
# Topics with at least this share of the points are named on the map.
_NAMED_SHARE = 0.02
# Width and height of a letter.
_LETTER = (9, 18)

_MARKERS = (
    '<circle r="5"/>',
    '<rect x="-4.5" y="-4.5" width="9" height="9"/>',
    '<path d="M0-6 5.5 4.5h-11z"/>',
    '<path d="M0-6.5 6.5 0 0 6.5-6.5 0z"/>',
)


def view_rules(n_views: int) -> str:
    """Return the CSS rules that color views and hide those that are unticked."""
    return "\n".join(
        f".view-{view} {{ fill: var(--color-{view % len(_MARKERS)}); }}\n"
        f".map:has(#show-{view}:not(:checked)) .plane .view-{view} {{ display: none; }}"
        for view in range(n_views)
    )


def topic_map(
    points: pd.DataFrame, view_labels: Mapping[str, str], words: list[list[str]]
) -> str:
    """Draw a topic space.

    Parameters
    ----------
    points : DataFrame
        As returned by `topic_space`.
    view_labels : mapping of str to str
        What to call each view.
    words : list of list of str
        The top words of each topic.

    Returns
    -------
    str
        HTML: a legend whose boxes show and hide views, and the plane. Each point
        links to its topic.
    """
    numbers = {view: number for number, view in enumerate(view_labels)}
    symbols = "".join(
        f'<g class="marker" id="marker-{number}">{_MARKERS[number % len(_MARKERS)]}</g>'
        for number in numbers.values()
    )
    legend = "\n".join(
        f'<label><input type="checkbox" id="show-{numbers[view]}" checked> '
        f'<svg viewBox="-8 -8 16 16" aria-hidden="true"><use class="view-'
        f'{numbers[view]}" href="#marker-{numbers[view]}"/></svg> '
        f"{escape(label)} ({(points['view'] == view).sum():,})</label>"
        for view, label in view_labels.items()
    )
    placed = place_points(points)
    # In a random order, so that no view lies on top of all others.
    drawn = "\n".join(
        f'<a href="#topic-{point.topic}" tabindex="-1"><use class="view-'
        f'{numbers[point.view]}" href="#marker-{numbers[point.view]}" '
        f'x="{point.x:.1f}" y="{point.y:.1f}"><title>'
        f"{escape(_caption(point, view_labels, words))}</title></use></a>"
        for point in placed.sample(frac=1, random_state=0).itertuples()
    )
    names = "\n".join(
        f'<a href="#topic-{topic}" tabindex="-1"><text x="{x:.1f}" y="{y:.1f}">'
        f"{escape(words[topic][0])}</text></a>"
        for topic, x, y in named_topics(placed, words)
    )
    return f"""<div class="map">
<fieldset><legend class="how">Show</legend>
{legend}
</fieldset>
<svg class="plane" viewBox="{-_HALF} {-_HALF} {2 * _HALF} {2 * _HALF}" role="img"
aria-label="Map of {len(points):,} points in the topic space">
<defs>{symbols}</defs>
{drawn}
{names}
</svg>
</div>"""


def place_points(points: pd.DataFrame) -> pd.DataFrame:
    """Fit points into the plane, whatever their scale."""
    xy = points[["x", "y"]]
    xy = xy - (xy.max() + xy.min()) / 2
    return points.assign(**(xy * _FILLED / max(xy.abs().max().max(), 1e-9)))


def named_topics(placed: pd.DataFrame, words: list[list[str]]) -> list[tuple]:
    """Return number and place of the larger topics whose names do not overlap."""
    places = placed.groupby("topic")[["x", "y"]].median()
    sizes = placed["topic"].value_counts(sort=False)
    named: list[tuple] = []
    for topic in sizes.sort_values(ascending=False, kind="stable").index:
        x, y = places.loc[topic]
        if sizes[topic] >= _NAMED_SHARE * len(placed) and not any(
            abs(y - other_y) < _LETTER[1]
            and abs(x - other_x)
            < _LETTER[0] * (len(words[topic][0]) + len(words[other][0])) / 2
            for other, other_x, other_y in named
        ):
            named.append((topic, x, y))
    return named


def _caption(point, view_labels: Mapping[str, str], words: list[list[str]]) -> str:
    return (
        f"{view_labels[point.view]}: {point.name}\n"
        f"Topic {point.topic}: {', '.join(words[point.topic][:5])}"
    )
