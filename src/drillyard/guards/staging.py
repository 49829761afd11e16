"""A guard with one more stage, in a folder of its own with all that the stage needs."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from drillyard.errors import bad_input
from drillyard.guards.base import Stage
from drillyard.guards.cascade import FILE, Cascade, add_stage, open_any, open_stage, save_cascade
from drillyard.guards.examples import Example
from drillyard.guards.guard import FILE as WORDS
from drillyard.guards.stage_encoder import EncoderStage, fit_encoder

__all__ = ["SHARE", "stage_guard"]

SHARE = 0.1
"""Of sound replies, how many the stage is asked about: a choice. More are caught with more, at a higher cost."""


def stage_guard(source: Path, reference: str, examples: Sequence[Example], share: float, folder: Path) -> Cascade:
    """Add a stage to the guard in a folder, and write the result into another folder.

    Args:
        source: folder of the guard, which stays as it is.
        reference: as of `open_stage`; `encoder` alone is fitted now.
        examples: labelled replies; the sound ones say what is doubtful, and must not be those of the calibration.
        share: of sound replies, how many the stage is asked about.
        folder: where to.

    Raises:
        BadInput: a folder that holds a guard, no sound replies enough, or a stage that cannot be opened or fitted.
    """
    if (folder / WORDS).exists() or (folder / FILE).exists():
        raise bad_input(f"another guard in {str(folder)!r}", "a new folder", "type -o with another name")
    guard = open_any(source)
    place = f"stage-{len(guard.stages) + 1}.safetensors"
    kind, _, argument = reference.partition("/")
    fitted = kind == "encoder" and not argument
    stage: Stage = fit_encoder(examples) if fitted else open_stage(reference)
    if kind in ("encoder", "probe"):
        reference = f"{kind}/{place}"
    made = add_stage(guard, reference, stage, [one.text for one in examples if one.shown == ()], share)
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(stage, EncoderStage):
        stage.save(folder / place)
    elif kind == "probe":
        shutil.copyfile(argument, folder / place)
    for file in source.glob("stage-*.safetensors"):
        shutil.copyfile(file, folder / file.name)
    save_cascade(made, folder)
    return made
