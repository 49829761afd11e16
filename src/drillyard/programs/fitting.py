"""Fit a technique to an instance's model in a child process, with limits on time and memory, without a network.

The child is given the model's folder and what the learner ordered, and nothing of the instance's truth.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from drillyard.errors import BadInput, GradingFailed
from drillyard.exercises.too_permissive_too_censored.workbench import Fitted, WorkbenchOrder, fit
from drillyard.organisms.engine.organism import load_organism
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.grading import BROKEN, OUT_OF_TIME, REFUSED, limit_process, or_exit, run_child
from drillyard.records import Budget, Instance, TradePoint

__all__ = ["FIT_BUDGET", "fit_apart", "serve_fit"]

FIT_BUDGET = Budget(seconds=300, memory_mb=6144)
"""Most that one fit may take. With ten programs on two cores, what needs no torch took 22 to 58 s, `sft` 144 s
(2026-11-29). Torch reserves some 4 GiB of addresses before it computes anything."""

_CHILD = "from drillyard.programs.fitting import serve_fit; serve_fit()"
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def fit_apart(
    folder: ProgramFolder,
    instance: Instance,
    order: WorkbenchOrder,
    start: TradePoint | None = None,
    budget: Budget = FIT_BUDGET,
) -> Fitted:
    """Fit what was ordered to an instance's model, in a process of its own.

    Raises:
        BadInput: what the learner can put right: the lesson or the dial.
        GradingFailed: out of time or memory, or the child died.
    """
    place = folder.target(instance).resolve()
    job = {"folder": str(place), "order": order.to_data(), "budget": budget.to_data()}
    ended = run_child(job | ({"start": start.to_data()} if start else {}), budget, _CHILD)
    if ended.code == REFUSED:
        raise BadInput(ended.last)
    if ended.code == OUT_OF_TIME:
        raise GradingFailed(f"fitting took longer than {budget.seconds:g} s and was ended; choose another technique")
    if ended.out_of_memory:
        raise GradingFailed(f"fitting needed more than {budget.memory_mb} MiB; choose another technique")
    if ended.code == BROKEN:
        raise GradingFailed("the model could not be opened; tell your designer")
    if ended.code:
        raise GradingFailed(f"the fitting process ended with code {ended.code}: {ended.last[:200]}")
    return Fitted.from_json(ended.answer)


def serve_fit() -> None:
    """Read one job from standard input, fit, write the result to standard output. In the child only."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)  # nobody waits for what a killed server ordered
    os.nice(10)
    job: Mapping[str, Any] = json.load(sys.stdin.buffer)
    limit_process(Budget.from_data(job["budget"]))
    organism = or_exit(BROKEN, lambda: load_organism(str(Path(job["folder"]))))
    start = TradePoint.from_data(job["start"]) if "start" in job else None
    answer = or_exit(REFUSED, lambda: fit(organism, WorkbenchOrder.from_data(job["order"]), start))
    sys.stdout.buffer.write(answer.to_json().encode())
