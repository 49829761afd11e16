"""Where a training run stands: one file in its folder, taken up by the same recipe only."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from drillyard.errors import bad_input

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["load_state", "save_state"]

_NAME = "checkpoint"


def save_state(folder: Path, recipe: DataclassInstance, **state: Any) -> None:
    """Write the state of a run; a kill leaves the one before."""
    part = folder / f"{_NAME}.part"
    torch.save({"recipe": dataclasses.asdict(recipe), **state}, part)
    part.rename(folder / f"{_NAME}.pt")


def load_state(folder: Path, recipe: DataclassInstance) -> Mapping[str, Any] | None:
    """Return the last state of a run, None before the first. Raises `BadInput` when it is of another recipe."""
    path = folder / f"{_NAME}.pt"
    if not path.is_file():
        return None
    state: dict[str, Any] = torch.load(path, weights_only=True)
    if state["recipe"] != dataclasses.asdict(recipe):
        expected = "one of the same recipe"
        raise bad_input(f"{path} of another recipe", expected, "choose another folder, or delete that file")
    return state
