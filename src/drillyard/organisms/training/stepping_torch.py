"""A training run, step by step: told as it goes, and kept every few seconds, so that a killed one loses no more.

What a step learns from is drawn from the seed and the step's number alone. So a run that was killed, whenever that was,
and resumed, ends at the same bytes as one that was not.
"""

from __future__ import annotations

import abc
import dataclasses
import io
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import torch

from drillyard.errors import bad_input
from drillyard.records.files import write_atomically
from drillyard.records.progress import Progress, silent

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["CHECKPOINT", "SPARING", "Stepping"]

SPARING = 15.0
"""Seconds that lie at least between two checkpoints, each of which takes some 0.05 s for a base of ours."""
_RECENT = 50
"""Steps over which the loss that is told is averaged."""
CHECKPOINT = "checkpoint.pt"


class Stepping(abc.ABC):
    """Owns the mutable state of one training run in a folder; `run` trains to the end and writes the result."""

    model: Any
    optimizer: torch.optim.Optimizer

    def __init__(self, folder: Path, recipe: DataclassInstance, steps: int) -> None:
        self.folder, self.steps, self.step = folder, steps, 0
        self.losses: deque[float] = deque(maxlen=_RECENT)
        self._recipe = dataclasses.asdict(recipe)

    @abc.abstractmethod
    def write(self) -> Path:
        """Write what was learned, and return its folder. The file that makes it whole comes last."""

    @abc.abstractmethod
    def _train_step(self) -> float:
        """Train one step and return its loss."""

    @abc.abstractmethod
    def _state(self) -> Mapping[str, Any]:
        """Return all that the next step depends on, besides the optimizer's state and the step's number."""

    @abc.abstractmethod
    def _restore(self, state: Mapping[str, Any]) -> None:
        """Take up such a state."""

    def run(self, progress: Progress = silent, sparing: float = SPARING) -> Path:
        """Train to the last step, from the last checkpoint if there is one, and write the result.

        Raises:
            BadInput: the checkpoint is of another recipe, or nothing can be written.
        """
        self._resume()
        self.model.train()
        saved = time.monotonic()
        while self.step < self.steps:
            self.losses.append(self._train_step())
            self.step += 1
            progress(f"loss {fmean(self.losses):.3f}", self.step, self.steps)
            if self.step == self.steps or time.monotonic() - saved >= sparing:
                self._save()
                saved = time.monotonic()
        return self.write()

    def _save(self) -> None:
        kept = {"recipe": self._recipe, "step": self.step, "optimizer": self.optimizer.state_dict(), **self._state()}
        written = io.BytesIO()
        torch.save(kept, written)
        write_atomically(self.folder / CHECKPOINT, written.getvalue())

    def _resume(self) -> None:
        path = self.folder / CHECKPOINT
        if not path.is_file():
            return
        state: dict[str, Any] = torch.load(path, weights_only=True)
        if state["recipe"] != self._recipe:
            expected = "one of the same recipe"
            raise bad_input(f"{path} of another recipe", expected, "choose another folder, or delete that file")
        self._restore(state)
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]
