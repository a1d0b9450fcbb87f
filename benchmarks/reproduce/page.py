"""The page of results: all tables, the figures, and how they were come by."""

from pathlib import Path

from benchmarks.compare import COSTS
from benchmarks.reproduce import paper
from benchmarks.reproduce.cells import Scale, ablation_lines, mapped_models, plan
from benchmarks.reproduce.corpora import Corpus
from benchmarks.reproduce.figures import PANELS, draw_ablation, draw_topic_spaces
from benchmarks.reproduce.store import Store
from benchmarks.reproduce.tables import TABLES, ablation_table
from benchmarks.reproduce.windows import WINDOW
from sklearn_m3l.metrics._alignment import MEASURES

_FIGURES = {
    "Figure 2": "t-SNE of the topic space, test part",
    "Figure 3": "numbers of topics, multilingual setting",
    "Figure 4": "numbers of topics, multimodal setting",
    "Figure 5": "batch sizes, multilingual setting",
    "Figure 6": "batch sizes, multimodal setting",
}


def write_results(corpus: Corpus, scale: Scale, store: Store, folder: Path) -> Path:
    """Write the page and the figures of all parts that are measured in full.

    Returns
    -------
    Path
        The page.
    """
    parts = plan(scale, corpus.combinations)
    sections = [_introduction(corpus, scale)]
    for name, (title, write) in TABLES.items():
        if all(cell in store for cell in parts[name]):
            section = write(corpus, scale, store)
            sections.append(f"## {name}: {title}\n\n{section}")
    for name, title in _FIGURES.items():
        if all(cell in store for cell in parts[name]):
            section = _figure(name, corpus, scale, store, folder)
            sections.append(f"## {name}: {title}\n\n{section}")
    sections.append(_explanation(corpus, scale, store))
    path = folder / "README.md"
    path.write_text("\n\n".join(sections) + "\n", encoding="utf-8")
    return path


def _figure(name, corpus: Corpus, scale: Scale, store: Store, folder: Path) -> str:
    """Draw a figure, and return its section."""
    file = f"{name.lower().replace(' ', '_')}.png"
    found = f"The paper: {paper.FIGURES[name]}"
    if name == "Figure 2":
        has_pictures = corpus.pictures is not None
        models = mapped_models(has_pictures)
        maps = {model: store[scale.cells(model)[0]]["map"] for model in models}
        draw_topic_spaces(maps, folder / file)
        missing = "ZeroShot cannot place pictures, whose embeddings are not aligned."
        if not has_pictures:
            missing = "The corpus has no pictures."
        return f"![{name}]({file})\n\nSeed {scale.seeds[0]}. {missing}\n\n{found}"
    lines = ablation_lines(name, scale)
    if not all(cell in store for cell in lines[-1].points[min(lines[-1].points)]):
        return f"Not drawn: the corpus has no pictures.\n\n{found}"
    draw_ablation(name, lines, store, folder / file)
    drawn = "Points are means over the seeds, bars their standard deviation."
    table = ablation_table(PANELS[name], lines, store)
    return f"![{name}]({file})\n\n{drawn}\n\n{table}\n\n{found}"


def _introduction(corpus: Corpus, scale: Scale) -> str:
    epochs = f"{scale.max_iter or 100} epochs for all neural models"
    cells = f"All cells have one seed, {scale.seeds[0]}"
    if len(scale.seeds) > 1:
        seeds = ", ".join(map(str, scale.seeds))
        cells = f"Cells are medians over the seeds {seeds}, with the range in brackets"
    encoders = corpus.texts
    if corpus.pictures is not None:
        encoders += f" for texts and {corpus.pictures} for pictures, not aligned"
    return f"""# The paper's tables and figures on {corpus.name}

{paper.CITATION}. Its own figures are in italics. What differs:

- The paper: {paper.SETUP}.
- Here: {corpus.about}; {encoders}; {scale.n_components} topics, {epochs}.
- "paper" are the settings of the paper, `benchmarks.configurations.PAPER`, but with
  the number of topics above; "defaults" are the models' own.
- ZeroShot and Distilled are two models each: one for each language that is trained on
  or taught. The paper gives one figure for both.
- A training page with several pictures is as many rows for the models of pictures, and
  a test page counts once however many pictures it has; the paper draws one picture of
  each training article.
- NPMI is counted in whole training documents and, as the paper does, in gensim's
  sliding windows of 10 tokens ("{WINDOW}"), of the words of the vocabulary in order.

{cells}. Figures of one corpus do not compare with those of another."""


def _explanation(corpus: Corpus, scale: Scale, store: Store) -> str:
    """Return what measures mean, what chance scores, and the record of the run."""
    planned = dict.fromkeys(sum(plan(scale, corpus.combinations).values(), []))
    measured = [store[cell] for cell in planned if cell in store]
    chance = {n: v for result in measured for n, v in result["chance"].items()}
    by_chance = ", ".join(f"{name} {value:.3f}" for name, value in chance.items())
    setting = store.setting
    packages = ", ".join(f"{k} {v}" for k, v in setting["packages"].items())
    seconds = sum(result["values"]["Fit s"] for result in measured)
    record = {
        "command": f"`{store.command}`",
        "date": ", ".join(sorted({result["date"] for result in measured})),
        "fits": f"{len(measured)} of {len(planned)}, {seconds / 60:.1f} minutes of "
        "training in all",
        **{name: setting[name] for name in setting if name != "corpus"},
        "packages": packages,
    }
    meanings = {**MEASURES, "Fit": COSTS["Fit"]}
    del meanings["Diversity"]
    lines = [
        "## Measures",
        "",
        *(f"- {name}: {meaning}." for name, meaning in meanings.items()),
        "",
        f"By chance: {by_chance}.",
        "",
        "## Record",
        "",
        *(f"- {name}: {text}" for name, text in record.items()),
    ]
    return "\n".join(lines)
