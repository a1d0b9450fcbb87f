"""Tests of the command line."""

import contextlib
import io
import re
import subprocess
import sys

import pytest

from sklearn_m3l import M3LContrastTopicModel, __version__
from sklearn_m3l.cli import main
from sklearn_m3l.datasets import load_gimp_help


class Stop(BaseException):
    """What ends the demo before it trains."""


@pytest.fixture
def calls(monkeypatch, tmp_path):
    """Record the parameters of what the demo would train, in an empty folder."""
    recorded = []

    def fit(self, X, y=None):
        recorded.append(self.get_params())
        raise Stop

    monkeypatch.setattr(M3LContrastTopicModel, "fit", fit)
    monkeypatch.chdir(tmp_path)
    return recorded


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Run the demo once; return what it printed and the page."""
    output = tmp_path_factory.mktemp("demo") / "page.html"
    argv = ["--max-iter", "2", "--n-components", "5", "--output", str(output)]
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setenv("COLUMNS", "100")
        assert main(argv) == 0
    return printed.getvalue(), output


@pytest.mark.slow
def test_demo_names_page(demo):
    printed, output = demo
    assert str(output) in printed.splitlines()[-1]
    assert list(output.parent.iterdir()) == [output]


@pytest.mark.slow
def test_demo_prints_topics_side_by_side(demo):
    lines = demo[0].splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("Topic "))
    rows = lines[start + 1 : start + 6]
    assert [row.split()[0] for row in rows] == ["0", "1", "2", "3", "4"]
    vocabularies = {
        name: set(load_gimp_help().data[name].vocabulary) for name in ("en", "de")
    }
    at = lines[start].index("German")
    for row in rows:
        for name, cell in (("en", row[5:at]), ("de", row[at:])):
            words = re.findall(r"[^\W\d_]+", cell)
            assert len(words) >= 3
            assert set(words) <= vocabularies[name]


@pytest.mark.slow
def test_demo_fits_the_terminal(demo):
    assert max(map(len, demo[0].replace(str(demo[1]), "").splitlines())) <= 100


@pytest.mark.slow
def test_demo_labels_held_out_pictures_in_both_languages(demo):
    labeled = re.findall(
        r"^  (images/\S+): topic \d\n    English  (\w+, ){4}\w+\n    German   (\w+, )",
        demo[0],
        re.MULTILINE,
    )
    paths = {path for path, *_ in labeled}
    assert len(paths) == 6
    assert paths <= set(load_gimp_help("test").thumbnails)


@pytest.mark.slow
def test_demo_prints_scores_beside_chance(demo):
    number = r"-?\d\.\d{3}"
    assert re.search(rf"MRR en-de +{number} +{number}", demo[0])
    assert re.search(rf"UAP de-image +{number} +{number}", demo[0])
    for name in ("JSD en-image", "NPMI de", "Diversity en"):
        assert re.search(rf"^{name} +{number}( +[0-9,]+)?\n", demo[0], re.MULTILINE)


@pytest.mark.slow
def test_demo_page_shows_what_was_printed(demo):
    printed, output = demo
    page = output.read_text(encoding="utf-8")
    assert len(page) < 3_000_000
    for topic in range(5):
        assert f'id="topic-{topic}"' in page
    score = re.search(r"MRR en-de +(\S+)", printed).group(1)
    assert f"<td>{score}</td>" in page
    assert "GNU Free Documentation License" in page


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        ([], {}),
        (
            ["--n-components", "7", "--max-iter", "3", "--random-state", "4"],
            {"n_components": 7, "max_iter": 3, "random_state": 4},
        ),
    ],
)
def test_options_reach_the_demo_which_is_the_default(calls, options, changed):
    for argv in (options, ["demo", *options]):
        with pytest.raises(Stop):
            main(argv)
    default = M3LContrastTopicModel(50, random_state=0, verbose=1).get_params()
    assert calls == [default | changed] * 2


def test_demo_says_where_it_writes(capsys):
    with pytest.raises(SystemExit):
        main(["demo", "--help"])
    assert "gimp_help_topics.html" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--n-components", "1"),
        ("--n-components", "many"),
        ("--max-iter", "0"),
        ("--max-iter", "2.5"),
        ("--random-state", "-1"),
        ("--random-state", str(2**32)),
        ("--output", "no-such-folder/page.html"),
        ("--output", "."),
    ],
)
def test_invalid_values_are_refused_by_the_name_of_their_option(
    calls, capsys, option, value
):
    with pytest.raises(SystemExit) as stopped:
        main([option, value])
    assert stopped.value.code == 2
    message = capsys.readouterr().err
    assert option in message.splitlines()[-1]
    assert value in message
    assert calls == []


@pytest.mark.parametrize(
    ("argv", "culprit"),
    [(["dmeo"], "dmeo"), (["--outptu", "x"], "--outptu"), (["demo", "more"], "more")],
)
def test_unknown_arguments_are_refused(calls, capsys, argv, culprit):
    with pytest.raises(SystemExit) as stopped:
        main(argv)
    assert stopped.value.code == 2
    assert culprit in capsys.readouterr().err
    assert calls == []


def test_version(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out.strip() == __version__


def test_help_in_a_process_of_its_own():
    result = subprocess.run(
        [sys.executable, "-m", "sklearn_m3l", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.startswith("usage: python -m sklearn_m3l")
    for word in ("demo", "--n-components", "--max-iter", "--random-state", "--output"):
        assert word in result.stdout
    assert result.stderr == ""
