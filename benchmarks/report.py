"""Time, memory and size of a large `TopicReport`, and how it feels in a browser.

Run from the root of the repository: ``python -m benchmarks.report``. The rows are
synthetic: two texts of 300 words and a picture each, of mixtures of topics that the
model is trained on for a few epochs. With Debian's chromium and chromium-driver, and
selenium, it also measures how long the page takes to load, the time between frames
while the page scrolls and a point is lit, and the time of a search.
"""

import argparse
import io
import resource
import shutil
import tempfile
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
from PIL import Image
from scipy import sparse

from sklearn_m3l import M3LContrastTopicModel, MultiView
from sklearn_m3l.display import TopicReport

_N_WORDS, _WORDS_A_TEXT, _WIDTH = 5000, 300, 64
_SCROLLING = """
const done = arguments[0], times = [];
let last = performance.now(), y = 0;
function frame(now) {
  times.push(now - last);
  last = now;
  scrollTo(0, (y += 60));
  if (times.length < 200) requestAnimationFrame(frame);
  else done(times.slice(5));
}
requestAnimationFrame(frame);
"""
_LIGHTING = """
const done = arguments[0], times = [];
let last = performance.now();
document.getElementById("plot").scrollIntoView();
function frame(now) {
  times.push(now - last);
  last = now;
  setLit(Math.floor(Math.random() * POINTS.x.length));
  if (times.length < 60) requestAnimationFrame(frame);
  else done(times.slice(5));
}
requestAnimationFrame(frame);
"""


def make_rows(n_rows, n_topics, rng):
    """Return a MultiView, texts, and noisy pictures, which compress badly."""
    theta = rng.dirichlet(np.full(n_topics, 0.05), n_rows)
    embeddings, counts, vocabularies, texts = {}, {}, {}, {}
    for view in ("en", "de", "image"):
        directions = rng.normal(size=(n_topics, _WIDTH))
        noise = 0.1 * rng.normal(size=(n_rows, _WIDTH))
        embeddings[view] = (theta @ directions + noise).astype(np.float32)
    for view in ("en", "de"):
        topic_word = rng.dirichlet(np.full(_N_WORDS, 0.02), n_topics)
        edges = np.cumsum(topic_word, axis=1)
        topics = np.array([rng.choice(n_topics, _WORDS_A_TEXT, p=p) for p in theta])
        uniform = rng.random(topics.shape)
        drawn = np.empty_like(topics)
        for topic in range(n_topics):
            of_topic = topics == topic
            drawn[of_topic] = np.searchsorted(edges[topic], uniform[of_topic])
        drawn = np.minimum(drawn, _N_WORDS - 1)
        rows = np.repeat(np.arange(n_rows), _WORDS_A_TEXT)
        cells = (np.ones(drawn.size), (rows, drawn.ravel()))
        counts[view] = sparse.csr_array(cells, shape=(n_rows, _N_WORDS))
        words = np.array([f"{view}wörd{number}" for number in range(_N_WORDS)])
        vocabularies[view] = words
        texts[view] = [" ".join(words[row]) for row in drawn]
    return MultiView.from_arrays(embeddings, counts, vocabularies), texts


def make_thumbnails(names, rng):
    """Return 500 noisy pictures, by the names of many."""
    pictures = []
    for _ in range(500):
        small = rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)
        file = io.BytesIO()
        Image.fromarray(small).resize((96, 96)).save(file, "JPEG")
        pictures.append(file.getvalue())
    return {name: pictures[number % 500] for number, name in enumerate(names)}


def browse(path):
    """Return measurements of a page in headless Chromium, by name."""
    from selenium import webdriver
    from selenium.webdriver.support.ui import WebDriverWait

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--window-size=1300,900"):
        options.add_argument(argument)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    with webdriver.Chrome(options, service) as chrome:
        chrome.set_script_timeout(120)
        start = perf_counter()
        chrome.get(path.as_uri())
        drawn = "return Bokeh.index.roots.length > 0"
        WebDriverWait(chrome, 60).until(lambda _: chrome.execute_script(drawn))
        results = {"loading, s": f"{perf_counter() - start:.1f}"}
        for what, script in (("scrolling", _SCROLLING), ("lighting", _LIGHTING)):
            frames = np.array(chrome.execute_async_script(script))
            name = f"between frames while {what}, ms: median, 95th percentile"
            low, high = np.percentile(frames, [50, 95])
            results[name] = f"{low:.0f}, {high:.0f}"
        search = (
            "document.getElementById('search').value = arguments[0];"
            "const start = performance.now(); showFound();"
            "return performance.now() - start"
        )
        for what in ("first", "second"):
            elapsed = chrome.execute_script(search, f"wörd12{len(what)}")
            results[f"{what} search, ms"] = f"{elapsed:.0f}"
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--topics", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--output", type=Path, help="keep the report in this file")
    args = parser.parse_args()

    rng = np.random.default_rng(0)
    X, texts = make_rows(args.rows, args.topics, rng)
    names = [f"pictures/of/row-{row}.jpg" for row in range(args.rows)]
    thumbnails = make_thumbnails(names, rng)
    model = M3LContrastTopicModel(
        args.topics, max_iter=args.epochs, batch_size=256, random_state=0
    ).fit(X)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, cpu = perf_counter(), process_time()
    report = TopicReport.from_estimator(
        model,
        X,
        texts=texts,
        names={"image": names},
        thumbnails=thumbnails,
        random_state=0,
    )
    seconds, cpu = perf_counter() - start, process_time() - cpu
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{args.rows:,} rows of 3 views, {args.topics} topics")
    print(f"time, s: {seconds:.1f}, of a processor {cpu:.1f}")
    print(f"size, MB: {len(report.html.encode()) / 1e6:.1f}")
    print(f"peak memory, MB: {after / 1024:.0f}, of which before {before / 1024:.0f}")
    with tempfile.TemporaryDirectory() as folder:
        path = args.output or Path(folder, "report.html")
        report.save(path)
        if shutil.which("chromium") and shutil.which("chromedriver"):
            for name, value in browse(path.absolute()).items():
                print(f"{name}: {value}")


if __name__ == "__main__":
    main()
