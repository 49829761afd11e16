"""What a technique made of a target, opened again: `aligned/RUN/arms/dpo/0.1/1`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from drillyard.alignment.arms import ALIGNED, LEARNED, AlignedFile
from drillyard.alignment.chain import open_technique
from drillyard.errors import bad_input
from drillyard.targets import Target, open_in

__all__ = ["open_aligned"]


def open_aligned(reference: str, **_options: Any) -> Target:
    """Open the target that an arm's folder describes, changed by what was learned there.

    Raises:
        BadInput: no such folder, or its target or technique cannot be opened.
    """
    folder = Path(reference.partition("/")[2])
    path = folder / ALIGNED
    if not path.is_file():
        raise bad_input(f"{reference!r}", f"aligned/ and a folder with {ALIGNED}", "see RUN/arms of drillyard align")
    named = AlignedFile.from_json(path.read_bytes())
    target = open_technique(named.technique, named.options).apply(open_in(named.scope, named.target), folder / LEARNED)
    target.reference = reference
    return target
