"""What a technique made of a target, opened again: `aligned/RUN/arms/dpo/0.1/1`.

Such a folder may come from anybody. It is data: nothing in it is run, unless `#run-its-code` stands behind it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from drillyard.alignment.arms import ALIGNED, LEARNED, AlignedFile
from drillyard.alignment.chain import open_technique, runs_code
from drillyard.errors import bad_input
from drillyard.records.files import read_record
from drillyard.targets import Target
from drillyard.targets.reference import open_received, split_typed
from drillyard.targets.scoped import cut_after

__all__ = ["RUN_CODE", "open_aligned"]

RUN_CODE = "#run-its-code"
"""At the end of a reference: let the folder's Python be run, as NeMo Guardrails does."""


def open_aligned(
    reference: str, *, received: bool = False, max_new_tokens: int | None = None, **_options: Any
) -> Target:
    """Open the target that an arm's folder describes, changed by what was learned there.

    Args:
        reference: `aligned/FOLDER`; with `#run-its-code` behind it, a technique may run Python that lies there; with
            `#inspect/…` or `#hf/…`, the target that the folder names, it may cost what it costs, or be fetched.
        received: a file names this reference, whose word on running code does not count.
        max_new_tokens: after so many the inner target's replies are cut; its own unless given.

    Raises:
        BadInput: no such folder, a target or technique that cannot be opened, or one that would run the folder's code.
    """
    name, typed = split_typed(reference.partition("/")[2])
    folder = Path(name.removesuffix(RUN_CODE))
    path = folder / ALIGNED
    if not path.is_file():
        raise bad_input(f"{reference!r}", f"aligned/ and a folder with {ALIGNED}", "see RUN/arms of drillyard align")
    named = read_record(path, AlignedFile)
    technique = open_technique(named.technique, named.options)
    if runs_code(technique) and (received or not name.endswith(RUN_CODE)):
        found = f"{reference!r}, whose {named.technique} runs the Python in its folder"
        advice = "" if received else f"if you wrote it or have read it, type aligned/{folder}{RUN_CODE}"
        raise bad_input(found, "a folder that is data alone", advice)
    cut = cut_after(named.target, max_new_tokens or 0)
    inner = open_received(named.target, named.scope, "" if received else typed, **cut)
    target = technique.apply(inner, folder / LEARNED)
    target.reference = reference
    return target
