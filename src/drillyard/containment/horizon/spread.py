"""The draws of a long horizon as tasks: in processes, on the nodes of a cluster, by jobs of an array.

Each task computes one chunk of draws and leaves it in a file. `risk` makes of them, byte for byte, what it makes of the
draws that it computes itself.
"""

from __future__ import annotations

import io
from dataclasses import fields
from pathlib import Path

import numpy as np

from drillyard.containment.horizon.assumptions import Assumptions
from drillyard.containment.horizon.layers import Layer
from drillyard.containment.horizon.risk import Drawn, chunks_of, draw_chunk
from drillyard.containment.horizon.setting import HorizonSetting
from drillyard.records import Record
from drillyard.records.files import write_atomically
from drillyard.records.progress import Progress, silent
from drillyard.records.run_folder import RunFolder
from drillyard.tasks.placement import Placement
from drillyard.tasks.run import run_tasks
from drillyard.tasks.task import Task

__all__ = ["HorizonDraws", "draw_apart"]

_DRAWS = "draws"
_HANGS_SECONDS = 3600.0
"""Far above what a chunk takes: 8,192 draws over 1,000 years are 0.3 s of a processor."""


class HorizonDraws(Record):
    """All that the draws follow from."""

    layers: tuple[Layer, ...]
    assumptions: Assumptions
    setting: HorizonSetting
    years: int
    draws: int
    seed: int


def draw_apart(wanted: HorizonDraws, folder: Path, placement: Placement, told: Progress = silent) -> list[Drawn]:
    """Have every chunk drawn, or every one of the part, and return them in their order.

    What is done lies in the folder, and is not done again.

    Raises:
        BadInput: the folder is that of other draws, or the placement cannot be had.
        TasksFailed: chunks that could not be drawn.
    """
    with placement.held(folder):
        RunFolder(folder, "horizon", spec="draws.json", leaves=(_DRAWS,)).claim(wanted)
        tasks = [
            _task(wanted, number, folder.absolute()) for number in range(len(chunks_of(wanted.draws, wanted.seed)))
        ]
        runs = run_tasks(tasks, folder, placement, spec=wanted, seconds=_HANGS_SECONDS)
        for done, _ in enumerate(runs, start=1):
            told("drawing", done, len(placement.share(tasks)))
        return [_read(task.files[0]) for task in placement.share(tasks)]


def _task(wanted: HorizonDraws, number: int, folder: Path) -> Task:
    file = folder / _DRAWS / f"{number:04d}.npz"
    return Task(name=f"draws-{number}", call=_keep, args=(wanted, number, file), files=(file,))


def _keep(wanted: HorizonDraws, number: int, file: Path) -> None:
    chunk = chunks_of(wanted.draws, wanted.seed)[number]
    kept = io.BytesIO()
    np.savez(kept, **vars(draw_chunk(chunk, wanted.assumptions, wanted.layers, wanted.setting, wanted.years)))
    write_atomically(file, kept.getvalue())


def _read(file: Path) -> Drawn:
    with np.load(file, allow_pickle=False) as kept:
        return Drawn(**{one.name: kept[one.name] for one in fields(Drawn)})
