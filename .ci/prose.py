"""Find turns of phrase that this project does not use, in the files given or in all.

Prints ``FILE:LINE: what is there: what to write instead`` and exits with 1 if there is
any. Spelling is checked by codespell (setup.cfg).
"""

import re
import subprocess
import sys
from pathlib import Path

NOUN = (
    "row|word|topic|view|line|tuple|vector|page|epoch|step|file|token|text|language|"
    "measure|panel|side|column|setting|log-likelihood|decoder|autoencoder"
)
# Pattern, where (?-i:...) minds case, and what to write instead.
PATTERNS = [
    (r"(?<!there) (?-i:(is|are|was|be) none\b)", '"is invalid", "is missing"'),
    (r"\b(what|that|which) is no\b", '"that is not"'),
    (r"(?<!there) (is|are) no (?!longer|more|less|such|better|one|need)", '"is not a"'),
    (rf"\b(a|an|one) ({NOUN}) an? ({NOUN})\b", '"one row per page"'),
    (rf"\b(loss|characters|pixels|transfer|one) an? ({NOUN})\b", '"loss per tuple"'),
    (r"\bforemost\b", '"top", "dominant"'),
    (r"\bin how far\b", '"how far", "to what extent"'),
    (r"\bshall\b", '"must", "should"'),
    (r"\b(tells?|told|telling) of\b", '"describe", "mention"'),
    (r"\btold in (one|a) warning\b", '"reported in one warning"'),
    (r"\b(goes|go|went|going) on\b", '"continue"'),
    (r"\blearnt\b", '"learned"'),
    (r"\bby heart\b", '"memorize"'),
    (r"\bstrangers?\b", '"an untrusted source"'),
    (r"\bwishes\b", '"feature requests"'),
    (r"\bsurer\b", '"more confident"'),
    (r"\bhand on\b", '"share"'),
    (r"\bbeside each other\b", '"side by side"'),
]
TEXT = {".py", ".pyi", ".rst", ".md", ".cfg", ".toml", ".yml", ".yaml", ".html", ".js"}
SKIPPED = ("sklearn_m3l/datasets/data/", "benchmarks/results/", ".ci/prose.py")


def tracked_files():
    """Return the files of the repository."""
    root = Path(__file__).parents[1]
    listed = subprocess.run(
        ["git", "-C", root, "ls-files"], capture_output=True, text=True, check=True
    )
    return [root / line for line in listed.stdout.splitlines()]


def find(path):
    """Yield line number, match and advice."""
    text = path.read_text(encoding="utf-8")
    # A phrase may be broken over two lines, also of a comment.
    line = re.sub(r"\n\s*#?", lambda match: " " * len(match[0]), text)
    for pattern, advice in PATTERNS:
        for match in re.finditer(pattern.replace(" ", " +"), line, re.IGNORECASE):
            yield text.count("\n", 0, match.start()) + 1, match[0], advice


def main(names):
    """Report what is found; return the number."""
    root = Path(__file__).parents[1].resolve()
    n_found = 0
    for path in [Path(name).resolve() for name in names] or tracked_files():
        name = path.resolve().relative_to(root).as_posix()
        if path.suffix in TEXT and not name.startswith(SKIPPED) and path.exists():
            for line, found, advice in sorted(find(path)):
                print(f"{name}:{line}: {' '.join(found.split())!r}: {advice}")
                n_found += 1
    return n_found


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
