"""Tests that drive the report in a headless browser."""

import io
import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.wheel_input import ScrollOrigin
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from sklearn_m3l import M3LContrastTopicModel, MultiView, PolylingualLDA
from sklearn_m3l.datasets import load_gimp_help
from sklearn_m3l.display import TopicReport, TopicSpaceDisplay
from sklearn_m3l.display._names import beginning
from sklearn_m3l.metrics._topics import topics_by_view

pytestmark = pytest.mark.slow


EVIL = "</script><script>window.injected = 1</script><img src=x onerror='injected = 1'>"
EVIL_ROW = 5
LABELS = {"en": "English", "de": "German", "image": "Pictures"}


@pytest.fixture(scope="module")
def corpus():
    return load_gimp_help("test")


@pytest.fixture(scope="module")
def X(corpus):
    return corpus.data[:70]


@pytest.fixture(scope="module")
def model(X):
    return M3LContrastTopicModel(6, max_iter=20, random_state=0).fit(X)


@pytest.fixture(scope="module")
def path(corpus, X, model, tmp_path_factory):
    frame = corpus.frame[: len(X)].astype(object)
    frame.iloc[EVIL_ROW, :2] = f"An evil text: {EVIL}"
    names = X.groups.astype(object)
    names[EVIL_ROW] = f"evil name {EVIL}"
    report = TopicReport.from_estimator(
        model,
        X,
        names={"en": names, "de": names, "image": frame["image"]},
        texts=frame[["en", "de"]],
        view_labels=LABELS,
        thumbnails=corpus.thumbnails,
        title=f"A title {EVIL}",
        intro=EVIL,
        note=EVIL,
        random_state=0,
    )
    path = tmp_path_factory.mktemp("report") / "report.html"
    report.save(path)
    return path


class Reader:
    """One who reads a page in a browser."""

    def __init__(self, browser, path):
        self.browser, self.path = browser, path

    def open(self, address="", scripts=True):
        """Load the page anew, and wait until its scripts have started."""
        self.browser.get("about:blank")
        self.browser.get_log("browser")
        self.browser.get(f"{self.path.as_uri()}{address}")
        if scripts:
            started = "return document.querySelector('[data-sort] button') !== null"
            self.wait(
                lambda: self.run(started) and self.run("return MAP.plot !== null")
            )

    def go(self, address):
        """Follow a link within the page."""
        self.run("location.hash = arguments[0]", address)
        self.wait(lambda: self.run("return decodeURIComponent(location.hash)"))

    def run(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def find(self, css):
        return self.browser.find_element(By.CSS_SELECTOR, css)

    def all(self, css):
        return self.browser.find_elements(By.CSS_SELECTOR, css)

    def click(self, element):
        """Click on an element that the bar at the top does not cover."""
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def texts(self, css):
        """Return all texts at once, as a search replaces what it found."""
        return self.run(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.innerText)",
            css,
        )

    def press(self, *keys):
        ActionChains(self.browser).send_keys(*keys).perform()

    def wait(self, condition):
        return WebDriverWait(self.browser, 10).until(lambda _: condition())

    def scroll_to(self, css):
        self.run("arguments[0].scrollIntoView({block: 'center'})", self.find(css))

    def place_of(self, point):
        """Return where a point is, in pixels from the middle of the map."""
        return self.run(
            """
            const {x_range: x, y_range: y} = MAP.plot, point = arguments[0];
            const box = document.getElementById("plot").getBoundingClientRect();
            const share = (range, place) =>
              (place - range.start) / (range.end - range.start) - 0.5;
            return [share(x, POINTS.x[point]) * box.width,
                    -share(y, POINTS.y[point]) * box.height].map(Math.round);
            """,
            point,
        )

    def faults(self):
        """Return what the console complains about."""
        logged = self.browser.get_log("browser")
        return [entry for entry in logged if entry["level"] in ("SEVERE", "WARNING")]


@pytest.fixture
def reader(browser, path):
    reader = Reader(browser, path)
    reader.open()
    yield reader
    assert reader.faults() == []
    assert reader.run("return window.injected === undefined")


def row_of(address):
    return int(re.search(r"#row-(\d+)$", address).group(1))


def test_opens_with_a_map_and_loads_nothing(reader):
    reader.scroll_to("#plot")
    reader.wait(lambda: reader.run("return Bokeh.index.roots.length"))

    def drawn():
        picture = Image.open(io.BytesIO(reader.find("#plot").screenshot_as_png))
        return len(picture.convert("RGB").getcolors(10**6)) > 50

    assert reader.wait(drawn)
    loaded = reader.run(
        "return performance.getEntriesByType('resource').map(entry => entry.name)"
    )
    assert all(name.startswith("data:") for name in loaded)


def test_pointing_at_the_map_lights_the_other_views(reader, X):
    reader.scroll_to("#plot")
    point = reader.run("return POINT_OF[0][2]")
    ActionChains(reader.browser).move_to_element_with_offset(
        reader.find("#plot"), *reader.place_of(point)
    ).perform()
    reader.wait(lambda: reader.run("return lit !== null"))
    point = reader.run("return lit")
    row = reader.run("return POINTS.row[lit]")
    others = reader.run("return companions(lit)")
    assert len(others) >= sum(X.present[view][row] for view in X.view_names) - 1
    assert reader.run("return MAP.rings.data.x.length") == 1 + len(others)
    assert reader.run("return MAP.lines.data.x0.length") == len(others)
    shown = reader.find("#point").text
    assert "Other views" in shown and any(name in shown for name in LABELS.values())
    # Away from all points nothing is lit, unless a point was clicked.
    reader.run("showWholeMap()")
    place = reader.place_of(point)
    actions = ActionChains(reader.browser)
    actions.move_to_element_with_offset(reader.find("#plot"), *place).click().perform()
    chosen = reader.wait(lambda: reader.run("return chosen"))
    corner = [-reader.find("#plot").size[side] // 2 + 5 for side in ("width", "height")]
    ActionChains(reader.browser).move_to_element_with_offset(
        reader.find("#plot"), *corner
    ).perform()
    assert reader.run("return lit") == chosen
    reader.find("#point h3 a").click()
    assert reader.find("#page h1").is_displayed()


def test_map_by_keyboard(reader):
    reader.scroll_to("#plot")
    reader.run("document.getElementById('plot').focus()")
    seen = []
    for key in (Keys.ARROW_RIGHT, Keys.ARROW_UP, Keys.ARROW_LEFT, Keys.ARROW_DOWN, "v"):
        reader.press(key)
        seen.append(reader.run("return [POINTS.x[chosen], POINTS.y[chosen]]"))
        assert reader.run("return nameOfPoint(chosen)") in reader.find("#status").text
    (_, y0), (x1, y1), (x2, y2), (_, y3) = seen[:4]
    assert y1 >= y0 and x2 <= x1 and y3 <= y2
    before = reader.run("return windowNow().half")
    reader.press("+")
    assert reader.run("return windowNow().half") < before
    reader.press("0")
    assert reader.run("return windowNow().half") == pytest.approx(before)
    row = reader.run("return rowsOf(chosen)[0]")
    reader.press(Keys.ENTER)
    reader.wait(lambda: reader.browser.current_url.endswith(f"#row-{row}"))
    reader.browser.back()
    reader.wait(lambda: reader.find("#plot").is_displayed())
    reader.run("document.getElementById('plot').focus()")
    reader.press(Keys.ESCAPE)
    assert reader.run("return chosen === null && lit === null")


def test_wheel_scrolls_the_page_until_the_map_is_entered(reader):
    reader.scroll_to("#plot")
    half = reader.run("return windowNow().half")
    plot = reader.find("#plot")
    ActionChains(reader.browser).move_to_element(plot).perform()
    before = reader.run("return scrollY")
    turn_wheel(reader, plot)
    reader.wait(lambda: reader.run("return scrollY") > before)
    assert reader.run("return windowNow().half") == half
    ActionChains(reader.browser).click(plot).perform()
    before = reader.run("return scrollY")
    turn_wheel(reader, plot)
    reader.wait(lambda: reader.run("return windowNow().half") != half)
    assert reader.run("return scrollY") == before


def turn_wheel(reader, element):
    wheel = ActionChains(reader.browser)
    wheel.scroll_from_origin(ScrollOrigin.from_element(element), 0, 100).perform()


def test_views_and_topics_of_the_map_can_be_chosen(reader):
    box = reader.find("[data-view='2']")
    reader.scroll_to("#map-topic")
    box.click()
    assert reader.run("return MAP.renderers.map(r => r.visible)") == [True, True, False]
    reader.run("document.getElementById('plot').focus()")
    for _ in range(8):
        reader.press(Keys.ARROW_RIGHT)
        assert reader.run("return POINTS.view[chosen]") != 2
    Select(reader.find("#map-topic")).select_by_value("1")
    palette = reader.run("return MAP.colors.palette")
    assert len(set(palette)) == 2 and palette.count(palette[1]) == 1


def numbers_of(reader, table, column):
    cells = reader.texts(f"{table} tbody tr > :nth-child({column})")
    return [float(re.search(r"[\d.]+", cell).group()) for cell in cells]


def test_table_of_topics_sorts_by_click_and_key(reader, model):
    topic, prevalence = reader.all("#topic-table thead button")[:2]
    shown = numbers_of(reader, "#topic-table", 2)
    assert shown == sorted(shown, reverse=True)
    topic.click()
    assert numbers_of(reader, "#topic-table", 1) == list(range(6))
    headings = reader.all("#topic-table thead th")
    assert headings[0].get_attribute("aria-sort") == "ascending"
    assert headings[1].get_attribute("aria-sort") is None
    prevalence.send_keys(Keys.ENTER)
    assert numbers_of(reader, "#topic-table", 2) == shown
    prevalence.send_keys(Keys.SPACE)
    assert numbers_of(reader, "#topic-table", 2) == shown[::-1]
    assert "ascending" in reader.find("#status").text
    reader.all("#topic-table thead button")[2].click()
    words = reader.texts("#topic-table tbody td:nth-child(3)")
    assert words == sorted(words, key=str.casefold)


def test_search_finds_a_german_word_with_an_umlaut(reader, model, corpus):
    topics = model.top_words("de", 10)
    topic, word = next(
        (topic, word)
        for topic, words in enumerate(topics)
        for word in words
        if re.search("[äöü]", word)
    )
    plain = word.translate(str.maketrans("äöü", "aou")).replace("ß", "ss").upper()
    for letters in (word, plain):
        field = reader.find("#search")
        field.clear()
        field.send_keys(letters)
        reader.wait(lambda: word in reader.texts("#found mark"))
        assert f"Topic {topic}" in reader.texts("#found a")
        having = sum(
            any(word in other for other in words) for words in model.top_words("de", 30)
        )
        assert int(re.match(r"(\d+) topics and", status(reader)).group(1)) >= having
        reader.run("document.getElementById('status').textContent = ''")
    reader.press(Keys.ENTER)
    assert reader.run("return document.activeElement.closest('#found') !== null")
    reader.press(Keys.ESCAPE)
    assert not reader.find("#found").is_displayed()
    # A document is found by the beginning of its text.
    row, in_text = next(
        (row, found.group())
        for row, text in enumerate(corpus.frame["de"][10:])
        if (found := re.search(r"\w*[äöü]\w*", text[:1500]))
    )
    field.clear()
    field.send_keys(in_text)
    reader.wait(lambda: f"#row-{row + 10}" in found_links(reader))
    field.clear()
    field.send_keys("no such word anywhere")
    reader.wait(lambda: "0 topics and 0 documents" in status(reader))


def test_search_finds_words_of_scripts_without_spaces(browser, tmp_path):
    texts = {
        "zh": ["幻灯片 片子", "猫 狗", "鸟 鱼"] * 4,
        "th": ["สไลด์", "แมว", "นก"] * 4,
    }
    counts = {"zh": np.tile(np.eye(3, dtype=int).repeat(2, axis=1), (4, 1))}
    vocabulary = ["幻灯", "灯片", "猫", "狗", "鸟", "鱼"]
    counts["th"] = np.tile(np.eye(3, dtype=int), (4, 1))
    words = {"zh": vocabulary, "th": ["สไลด์", "แมว", "นก"]}
    X = MultiView.from_arrays(counts=counts, vocabularies=words)
    model = PolylingualLDA(3, max_iter=30, random_state=0).fit(X)
    titles = [f"文件{row}" for row in range(12)]
    links = ["https://example.org/a?b=c&d"] * 12
    report = TopicReport.from_estimator(
        model, X, texts=texts, titles=titles, links=links, random_state=0
    )
    report.save(tmp_path / "report.html")
    reader = Reader(browser, tmp_path / "report.html")
    reader.open()
    for letters, marked in (("幻灯片", {"幻灯", "灯片"}), ("แมว", {"แมว"})):
        reader.find("#search").clear()
        reader.find("#search").send_keys(letters)
        reader.wait(lambda marked=marked: set(reader.texts("#found mark")) == marked)
        assert "topics and 4 documents" in status(reader)
    # Pairs that are not next to each other do not make a word.
    reader.find("#search").clear()
    reader.find("#search").send_keys("灯片猫")
    reader.wait(lambda: "0 topics and 0 documents" in status(reader))
    # A title names a document, and is found; its link is on its page.
    reader.find("#search").clear()
    reader.find("#search").send_keys("文件11")
    reader.wait(lambda: found_links(reader) == ["#row-11"])
    reader.go("#row-11")
    reader.wait(lambda: reader.find("#page h1").text == "文件11")
    link = reader.find("#page a[target]")
    assert link.get_attribute("href") == links[0]
    assert link.get_attribute("rel") == "noreferrer"
    assert reader.faults() == []


def found_links(reader):
    return reader.run(
        "return [...document.querySelectorAll('#found a')].map(link => link.hash)"
    )


def status(reader):
    return reader.wait(lambda: reader.find("#status").get_attribute("textContent"))


def test_a_script_in_a_document_is_text(reader):
    assert EVIL in reader.find("h1").text
    reader.find("#search").send_keys("an evil text")
    reader.wait(lambda: any(EVIL in text for text in reader.texts("#found a")))
    next(link for link in reader.all("#found a") if EVIL in link.text).click()
    reader.wait(lambda: reader.find("#page").is_displayed())
    assert EVIL in reader.find("#page h1").text
    assert reader.find("#page .text").text == f"An evil text: {EVIL}"
    reader.go(f"#map-row-{EVIL_ROW}")
    reader.wait(lambda: EVIL in reader.find("#point").text)
    assert reader.all("main script, main img:not([src^='data:'])") == []


def test_page_of_a_document_shows_where_its_views_disagree(reader, X, model, corpus):
    topics = topics_by_view(model, X)
    complete = np.flatnonzero(np.all([X.present[v] for v in topics], axis=0))
    row = next(row for row in complete if row != EVIL_ROW)
    reader.go(f"#row-{row}")
    assert reader.texts("#page .views h2") == list(LABELS.values())
    text = corpus.frame["de"].iloc[row]
    (german,) = [
        e for e in reader.all("#page .text") if e.get_attribute("lang") == "de"
    ]
    assert german.get_attribute("textContent").startswith(text[:500])
    assert reader.find("#page img").get_property("naturalWidth") > 10
    heads = reader.texts("#page thead th")
    assert heads == ["Topic", *LABELS.values()]
    for line in reader.all("#page tbody tr"):
        topic = int(re.match(r"Topic (\d+)", line.text).group(1))
        for cell, theta in zip(
            line.find_elements(By.TAG_NAME, "td"), topics.values(), strict=True
        ):
            if "under" in cell.text:
                assert theta[row, topic] < 0.02
            else:
                shown = float(cell.text.rstrip("%")) / 100
                assert shown == pytest.approx(theta[row, topic], abs=0.0051)
    english, german = topics["en"][row], topics["de"][row]
    mean = (english + german) / 2
    expected = sum(np.sum(p * np.log2(p / mean)) / 2 for p in (english, german))
    told = re.search(r"English and German: (\d+)% disagree", reader.find("#page").text)
    assert int(told.group(1)) / 100 == pytest.approx(expected, abs=0.0061)


def test_list_of_documents_sorts_and_turns_pages(reader, X, model):
    assert len(reader.all("#document-table tbody tr")) == 25
    assert reader.find("#list-range").text == "1 to 25 of 70"
    reader.click(reader.find("#list-next"))
    reader.click(reader.find("#list-next"))
    assert reader.find("#list-range").text == "51 to 70 of 70"
    assert not reader.find("#list-next").is_enabled()
    reader.click(reader.all("#document-table thead button")[3])
    assert reader.find("#list-range").text == "1 to 25 of 70"
    shown = numbers_of(reader, "#document-table", 4)
    assert shown == sorted(shown, reverse=True) and shown[0] > shown[-1]
    Select(reader.find("#list-topic")).select_by_value("2")
    shares = numbers_of(reader, "#document-table", 3)
    expected = np.sort(model.transform(X)[:, 2])[::-1][:25]
    np.testing.assert_allclose(np.array(shares) / 100, expected, atol=0.0051)


def test_going_back_returns_to_the_place(reader):
    link = reader.all("#document-table tbody th a")[9]
    reader.click(link)
    reader.wait(lambda: reader.find("#page").is_displayed())
    assert reader.run("return scrollY") == 0
    title = reader.find("#page h1").text
    assert reader.run("return document.activeElement.id") == "page"
    assert title[:30] in reader.browser.title
    reader.browser.back()
    reader.wait(lambda: not reader.find("#page").is_displayed())
    middle = reader.run("return innerHeight") / 2
    top = reader.run("return arguments[0].getBoundingClientRect().top", link)
    assert top == pytest.approx(middle, abs=50)
    reader.browser.forward()
    reader.wait(lambda: reader.find("#page h1").text == title)


def test_links_beside_a_topic(reader):
    reader.go("#topic-3")
    assert reader.run("return document.activeElement.id") == "topic-3"
    top = reader.run("return document.activeElement.getBoundingClientRect().top")
    assert reader.find(".bar").size["height"] <= top < 400
    reader.go("#map-3")
    assert reader.find("#map-topic").get_attribute("value") == "3"
    reader.go("#documents-4")
    assert reader.find("#list-topic").get_attribute("value") == "4"
    dominant = reader.texts("#document-table tbody td:nth-child(2)")
    assert all(text.startswith("Topic 4 ") for text in dominant)


def luminance(reader):
    color = reader.run("return getComputedStyle(document.body).backgroundColor")
    return sum(int(number) for number in re.findall(r"\d+", color)[:3])


def prefer(browser, scheme):
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
    )


def test_themes_follow_the_system_and_the_button(reader):
    prefer(reader.browser, "light")
    light = luminance(reader), reader.run("return MAP.text.text_color.value")
    prefer(reader.browser, "dark")
    reader.wait(lambda: luminance(reader) < 200 < light[0])
    assert reader.find("#theme").get_attribute("aria-pressed") == "true"
    assert reader.run("return MAP.text.text_color.value") != light[1]
    reader.find("#theme").click()
    assert luminance(reader) == light[0]
    assert reader.run("return MAP.text.text_color.value") == light[1]
    prefer(reader.browser, "")


@pytest.fixture(scope="module")
def axe():
    """Return the script of axe-core."""
    root = Path(__file__).parents[2]
    given = os.environ.get(
        "AXE_CORE", root / ".browser/node_modules/axe-core/axe.min.js"
    )
    if not Path(given).is_file():
        pytest.skip(
            "needs axe-core: npm install --prefix .browser axe-core, or AXE_CORE=FILE"
        )
    return Path(given).read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", ["", f"#row-{EVIL_ROW}", "#found"])
def test_no_serious_fault_of_accessibility(reader, axe, address, scheme):
    prefer(reader.browser, scheme)
    reader.open(address)
    if address == "#found":
        reader.find("#search").send_keys("a")
        reader.wait(lambda: reader.texts("#found mark"))
    reader.run("document.getElementById('plot').focus()")
    reader.press(Keys.ARROW_RIGHT)
    reader.run(axe)
    faults = reader.browser.execute_async_script("axe.run().then(arguments[0])")[
        "violations"
    ]
    prefer(reader.browser, "")
    serious = [
        (fault["id"], [node["html"][:200] for node in fault["nodes"]])
        for fault in faults
        if fault["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_the_map_is_one_stop_of_the_tab_key(reader):
    reader.run("document.getElementById('plot').focus()")
    reader.press(Keys.TAB)
    assert reader.run("return document.activeElement.id") == "point"


def test_skip_link_comes_first(reader):
    reader.press(Keys.TAB)
    link = reader.browser.switch_to.active_element
    assert link.text == "Skip to the content" and link.location["x"] >= 0
    reader.press(Keys.ENTER)
    assert reader.run("return document.activeElement.id") == "main"


@pytest.mark.parametrize("address", ["", "#row-2"])
def test_nothing_is_wider_than_a_phone(reader, address):
    screen = {"width": 360, "height": 700, "deviceScaleFactor": 1, "mobile": True}
    reader.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    reader.open(address)
    assert reader.run("return document.documentElement.scrollWidth") == 360
    reader.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_without_scripts_topics_and_metrics_can_be_read(reader, model):
    switch = "Emulation.setScriptExecutionDisabled"
    reader.browser.execute_cdp_cmd(switch, {"value": True})
    reader.open(scripts=False)
    shown = reader.find("main").text
    reader.browser.execute_cdp_cmd(switch, {"value": False})
    assert "The map needs JavaScript." in shown and "MRR en-de" in shown
    for words in model.top_words("de", 10):
        assert "\n".join(words) in re.sub(r"(?m)^\d+\.\s*", "", shown)


def test_names_that_begin_texts_are_the_same_everywhere(
    browser, X, model, corpus, tmp_path
):
    texts = corpus.frame.loc[X.index, ["en"]].astype(object)
    texts.iloc[2:5, 0] = ["  a\n\tshort  one ", "𝔸" * 80, "äö ü" * 40]
    report = TopicReport.from_estimator(model, X, texts=texts, random_state=0)
    report.save(tmp_path / "report.html")
    reader = Reader(browser, tmp_path / "report.html")
    reader.open()
    names = reader.run(
        "return Array.from({length: DATA.nRows}, (_, row) => titleOf(row))"
    )
    assert names == [beginning(text) for text in texts["en"]]
    assert names[2] == "a short one" and names[3] == "𝔸" * 58 + " …"
    linked = reader.run(
        "return [...document.querySelectorAll('.examples a')]"
        ".map(link => [Number(link.hash.slice(5)), link.textContent])"
    )
    assert linked and all(names[row] == text for row, text in linked)


def test_page_of_the_topic_space_alone(browser, X, model, tmp_path):
    display = TopicSpaceDisplay.from_estimator(
        model, X, view_labels=LABELS, random_state=0
    )
    display.write_html(tmp_path / "map.html", title=EVIL, view="de")
    reader = Reader(browser, tmp_path / "map.html")
    reader.open()
    assert reader.find("h1").text == EVIL
    reader.run("document.getElementById('plot').focus()")
    reader.press(Keys.ARROW_RIGHT)
    assert "Topic" in reader.find("#point").text
    reader.find("#search").send_keys(model.top_words("en", 1)[0][0])
    reader.wait(lambda: reader.texts("#found mark"))
    reader.all("#found a")[0].click()
    assert reader.find("#map-topic").get_attribute("value") != ""
    assert reader.faults() == [] and reader.run("return !window.injected")


def test_each_language_has_its_own_direction(browser, tmp_path):
    rows = [0, 0, 1, 1]
    counts = np.eye(2)[rows]
    X = MultiView.from_arrays(
        {"arabic": counts, "ja": counts},
        {"arabic": counts, "ja": counts},
        {"arabic": ["قطة", "زهرة"], "ja": ["猫", "花"]},
    )
    model = PolylingualLDA(2, max_iter=20, random_state=0).fit(X)
    texts = {"arabic": [f"(قطة) {n}" for n in rows], "ja": [f"猫 {n}" for n in rows]}
    titles = [f"({n}) زهرة!" for n in rows]
    report = TopicReport.from_estimator(
        model, X, texts=texts, titles=titles, random_state=0
    )
    report.save(tmp_path / "report.html")
    reader = Reader(browser, tmp_path / "report.html")
    reader.open("#row-1")
    # What a text says is not said a second time as its name.
    assert reader.texts("#page .views section") == [
        f"arabic\n{texts['arabic'][1]}",
        "ja\n猫 0",
    ]
    assert reader.find("#page h1").text == titles[1]
    reader.open()
    direction = "return getComputedStyle(arguments[0]).direction"
    for css, expected in (
        ("#topic-table td[data-label=arabic]", "rtl"),
        ("#topic-table td[lang=ja]", "ltr"),
        (".words div:first-child ol", "rtl"),
        (".examples bdi", "rtl"),
        ("#document-table th a bdi", "rtl"),  # the title
        ("#document-table td bdi", "rtl"),  # words of a topic
    ):
        found = reader.all(css)
        assert found and all(reader.run(direction, e) == expected for e in found), css
    assert reader.faults() == []
