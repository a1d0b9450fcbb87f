"""Names of topics, checked."""

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np

from sklearn_m3l.utils._fitted import Kind, is_printable, require


class TopicNames(Kind):
    """A dict from some numbers of topics to distinct names."""

    expected = "a mapping from numbers of topics to distinct printable names"

    def store(self, value, owner):
        return dict(value)

    def accepts(self, value):
        if not isinstance(value, dict):
            return False
        numbers = all(type(topic) is int and topic >= 0 for topic in value)
        named = all(map(is_name, value.values()))
        return numbers and named and len(set(value.values())) == len(value)


def is_name(name: Any) -> bool:
    """Return whether a value is a string that can be printed and is not blank."""
    return is_printable(name) and bool(name.strip())


def require_names(names: Mapping[int, str], n_topics: int) -> None:
    """Raise ValueError if stored names are of topics that do not exist."""
    require(all(topic < n_topics for topic in names), "_topic_names has other topics")


def check_topic_names(
    names: Sequence[str | None] | Mapping[int, str | None] | None,
    standing: Mapping[int, str],
    n_topics: int,
) -> dict[int, str]:
    """Return names by topic: the given ones and, for a mapping, the existing ones.

    Raises
    ------
    ValueError, TypeError
        See `set_topic_names`.
    """
    if names is None:
        return {}
    if isinstance(names, Mapping):
        given = {_check_topic(topic, n_topics): name for topic, name in names.items()}
        merged = {**standing, **given}
    elif isinstance(names, (Sequence, np.ndarray)) and not isinstance(names, str):
        if len(names) != n_topics:
            raise ValueError(
                f"names has {len(names)} names for {n_topics} topics; to name some of "
                "them, pass a mapping from their numbers to names"
            )
        merged = dict(enumerate(names))
    else:
        raise TypeError(
            "names must be a sequence of strings, or a mapping from numbers of topics "
            f"to strings, not a {type(names).__name__}"
        )
    return _check_distinct(merged)


def _check_topic(topic: Any, n_topics: int) -> int:
    is_number = isinstance(topic, Integral) and not isinstance(topic, bool)
    if not is_number or not 0 <= topic < n_topics:
        raise ValueError(
            f"names has the unknown topic {topic!r}; topics are numbered from 0 to "
            f"{n_topics - 1}"
        )
    return int(topic)


def _check_distinct(names: Mapping[int, Any]) -> dict[int, str]:
    """Return the names that are not None; raise if a name is invalid."""
    topics: dict[str, int] = {}
    for topic, name in sorted(names.items()):
        if name is None:
            continue
        if not isinstance(name, str):
            raise TypeError(
                f"the name of topic {topic} must be a string, not a "
                f"{type(name).__name__}"
            )
        name = str(name)  # not a subclass of it, such as NumPy's
        if not is_name(name):
            raise ValueError(
                f"the name {name!r} of topic {topic} is blank or has control "
                "characters; give it letters, or pass None to remove it"
            )
        if name in topics:
            raise ValueError(
                f"topics {topics[name]} and {topic} are both named {name!r}; give them "
                "different names"
            )
        topics[name] = topic
    return {topic: name for name, topic in topics.items()}
