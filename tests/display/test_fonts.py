"""Words are drawn in fonts that have their letters."""

import warnings

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.font_manager import FontEntry, fontManager

from sklearn_m3l.display import TopicSpaceDisplay, TopicWordsDisplay
from sklearn_m3l.display._fonts import _cover, find_families

# A font that comes with Matplotlib and has Latin letters only; DejaVu Sans comes, too.
LATIN = {"font.family": ["cmr10"], "axes.formatter.use_mathtext": True}


@pytest.fixture
def words():
    return pd.DataFrame(
        {"topic": 0, "view": ["ru", "en"], "word": ["кисть", "brush"], "weight": 1.0}
    )


def test_a_font_with_the_letters_is_found():
    with plt.rc_context(LATIN):
        assert find_families(["brush"]) == ["cmr10"]
        usual, found = find_families(["brush", "кисть"])
    assert usual == "cmr10"
    with plt.rc_context({"font.family": [found]}):
        assert find_families(["brush", "кисть"]) == [found]


def test_fonts_that_are_gone_are_passed_over(monkeypatch, tmp_path):
    gone = FontEntry(fname=str(tmp_path / "gone.ttf"), name="A Sans", weight=400)
    monkeypatch.setattr(fontManager, "ttflist", [gone, *fontManager.ttflist])
    _cover.cache_clear()
    with plt.rc_context(LATIN):
        assert find_families(["кисть"])[1] != "A Sans"
    _cover.cache_clear()


def test_words_and_labels_are_drawn_in_it(words):
    with plt.rc_context(LATIN), warnings.catch_warnings():
        warnings.simplefilter("error")  # as of a letter that the font lacks
        display = TopicWordsDisplay(words, view_labels={"ru": "Русский"}).plot()
        display.figure_.canvas.draw()
        points = {"x": [0, 1], "y": [0, 1], "topic": 0, "view": "ru", "name": "а"}
        space = TopicSpaceDisplay(
            pd.DataFrame(points), words={"ru": [["кисть"]]}, view_labels={"ru": "Язык"}
        ).plot()
        assert [text.get_text() for text in space.text_] == ["кисть"]
        space.figure_.canvas.draw()


def test_letters_that_no_font_has_are_one_warning(words, monkeypatch):
    fonts = [entry for entry in fontManager.ttflist if entry.name == "DejaVu Sans"]
    monkeypatch.setattr(fontManager, "ttflist", fonts)
    _cover.cache_clear()
    words["view"], words["word"] = "ja", ["絵筆", "筆"]
    with pytest.warns(
        UserWarning, match="no installed font has .筆. and 1 other"
    ) as seen:
        TopicWordsDisplay(words).plot()
    assert len(seen) == 1
    _cover.cache_clear()
