"""The loop of refinement, played: learners come one after another, and each look may change what the next ones get.

    run_loop(solves, ["hints", "lesson"], learners=400)

Until an experiment is decided each learner's form is drawn by lot; then everybody gets the better one. A tenth keeps
the old form after an adoption, so that one that turns out worse is rolled back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from drillyard.psychometrics.experiment import RevisionDecision, Trial, decide
from drillyard.records import Record

__all__ = ["LoopResult", "run_loop"]

_KEEP_OLD = 0.1


class LoopResult(Record):
    """What came of the experiments: their last decisions, and how many tasks were solved, of how many."""

    decisions: tuple[RevisionDecision, ...]
    solved: int
    tasks: int


@dataclass
class _Arms:
    old: list[bool] = field(default_factory=list)
    new: list[bool] = field(default_factory=list)
    settled: RevisionDecision | None = None


def run_loop(
    solves: Callable[[int, int, bool], bool],
    revisions: Sequence[str],
    *,
    learners: int,
    seed: int = 0,
    look_every: int = 20,
    most: int = 1000,
) -> LoopResult:
    """Play the loop.

    Args:
        solves: whether a learner (by number) solves what a revision (by number) is about, with its new form or the old.
        revisions: their names.
        learners: how many come.
        seed: of the lots.
        look_every: learners between two looks.
        most: pairs after which an experiment ends.
    """
    rng, arms, solved = np.random.default_rng(seed), [_Arms() for _ in revisions], 0
    for learner in range(learners):
        for at, arm in enumerate(arms):
            new = bool(rng.random() < _share_of_new(arm))
            result = solves(learner, at, new)
            solved += result
            (arm.new if new else arm.old).append(result)
        if (learner + 1) % look_every == 0 or learner + 1 == learners:
            _look(revisions, arms, most)
    decisions = tuple(arm.settled or one for arm, one in zip(arms, _judge(revisions, arms, most), strict=True))
    return LoopResult(decisions=decisions, solved=solved, tasks=learners * len(revisions))


def _share_of_new(arm: _Arms) -> float:
    if arm.settled is None:
        return 0.5
    return 1 - _KEEP_OLD if arm.settled.action == "adopt" else 0.0


def _judge(revisions: Sequence[str], arms: Sequence[_Arms], most: int) -> tuple[RevisionDecision, ...]:
    return decide(
        [
            Trial(revision=name, old=tuple(arm.old), new=tuple(arm.new), most=most)
            for name, arm in zip(revisions, arms, strict=True)
        ]
    )


def _look(revisions: Sequence[str], arms: Sequence[_Arms], most: int) -> None:
    for arm, decision in zip(arms, _judge(revisions, arms, most), strict=True):
        if (decision.action != "collect" and arm.settled is None) or decision.action == "roll-back":
            arm.settled = decision
