"""The attempts that a drill knows of, as data: the reference solution, and wrong ones that look plausible.

One file each in the drill's folder `fixes/`. A person reads there why somebody would try it and what comes of it; the
gates hand each one in and hold it to its verdict.
"""

from __future__ import annotations

from importlib.resources.abc import Traversable
from typing import Literal

import yaml

from drillyard.errors import BadInput
from drillyard.records import Record

__all__ = ["Fix", "read_fixes"]


class Fix(Record):
    """One attempt at a drill: what it does, why it is tempting, what comes of it."""

    name: str
    verdict: Literal["right", "wrong"]
    does: str
    tempting: str
    outcome: str


def read_fixes(folder: Traversable) -> tuple[Fix, ...]:
    """Return the fixes of a drill's folder, the right ones first. Raises `BadInput` on a wrong file."""
    read = [_read(file) for file in (folder / "fixes").iterdir() if file.name.endswith(".yaml")]
    return tuple(sorted(read, key=lambda fix: (fix.verdict != "right", fix.name)))


def _read(file: Traversable) -> Fix:
    try:
        return Fix.from_data(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (BadInput, yaml.YAMLError) as error:
        raise BadInput(f"{file}: {error}") from None
