"""The README's first screen is true: its code is the quickstart's, its output is what that prints."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """Return the first code block of a language."""
    found = re.search(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    assert found, f"README.md: no {language} block"
    return found[1]


def test_readme_lines_are_the_quickstart() -> None:
    """What people read is what `python examples/quickstart.py` runs."""
    assert block("python") == (ROOT / "examples" / "quickstart.py").read_text(encoding="utf-8")


@pytest.mark.walk
def test_quickstart_prints_what_the_readme_shows() -> None:
    """The lines run as they stand, their assertion holds, and the figures in the README are theirs."""
    run = subprocess.run(
        [sys.executable, "examples/quickstart.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == block("text")
