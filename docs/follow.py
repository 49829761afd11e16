"""Follows a tutorial as a reader would, for the tests and for the screenshots: `python docs/follow.py PAGE FOLDER`.

A block of a page is followed by what its first line and its language say:

- yaml or python that begins with a comment `# NAME` becomes the file NAME;
- bash is typed, in one shell per block, in FOLDER; it may exit 0 or 1 (done, and a criterion fails), nothing else;
- text behind a bash block is what it prints: each line must be there, in order, with anything in the place of `…`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

__all__ = ["follow"]

_BLOCK = re.compile(r"^```(bash|text|yaml|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def follow(page: Path, folder: Path) -> int:
    """Do in `folder` what a page says, and return how many blocks were typed.

    Raises:
        AssertionError: a command failed, or did not print what the page shows.
    """
    typed, printed = 0, ""
    for language, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "bash":
            typed, printed = typed + 1, _type(text, folder)
        elif language == "text":
            _compare(text, printed)
        else:
            name = text.splitlines()[0].removeprefix("# ")
            (folder / name).write_text(text, encoding="utf-8")
    return typed


def _type(commands: str, folder: Path) -> str:
    """Run commands with our own `drillyard` first on the path, and return all that they print."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    shell = ["bash", "-euo", "pipefail", "-c", commands]
    done = subprocess.run(
        shell, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1), f"{commands}exits {done.returncode}:\n{done.stdout}{done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


def _compare(shown: str, printed: str) -> None:
    """Find each line that a page shows in what was printed, in order; `…` stands for anything within a line."""
    pattern = ".*?".join(
        ".*?".join(re.escape(" ".join(part.split())) for part in line.split("…")) for line in shown.splitlines() if line
    )
    found = re.search(pattern, " ".join(printed.split()), flags=re.DOTALL)
    assert found, f"the page shows\n{shown}\nbut what is printed is\n{printed}"


if __name__ == "__main__":
    follow(Path(sys.argv[1]), Path(sys.argv[2]))
