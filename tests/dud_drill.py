"""A stranger's drill that is hard to release: engineers get their second draw, other roles get none."""

from __future__ import annotations

import os
from pathlib import Path

from drills.small_exam import claim_for

from drillyard.drills.exam import Exam
from drillyard.exercises.failure_hunt.kit import FailureHunt
from drillyard.records import Submission
from drillyard.registry import Card

__all__ = ["CARD", "FOLDER", "Dud"]

CARD = Card(
    name="dud",
    goal="Be a drill whose reference solution fails now and then.",
    target="dud_drill:Dud",
    cost="a few seconds per draw",
    status="stable",
)
FOLDER = "DUD_FOLDER"
"""Environment variable with the programme's folder: there the drill looks for its rejections."""


class Dud(FailureHunt):
    """The failure hunt with three fixes; its reference knows the truth, and hands in nothing on the first draw."""

    def __init__(self) -> None:
        super().__init__()
        self.drill = self.drill.model_copy(update={"id": CARD.name})
        self.fixes = tuple(fix for fix in self.fixes if fix.name in ("reference", "empty", "near-miss"))

    def submissions(self, exam: Exam) -> dict[str, Submission]:
        """Return what each fix hands in."""
        role, first = exam.instance.role, Path(os.environ[FOLDER]) / "rejected" / f"{exam.instance.id}-1.json"
        solved = role == "engineer" and first.is_file()
        right = [claim_for(mode.id) for mode in exam.truth.failures]
        wrong = [claim_for(mode.id, behaviour="disparagement") for mode in exam.truth.failures]
        claims = {"reference": right if solved else [], "empty": [], "near-miss": wrong[:1]}
        return {
            name: Submission(instance=exam.instance.id, learner=name, claims=tuple(made))
            for name, made in claims.items()
        }
