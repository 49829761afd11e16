"""Prove an instance: measure it, let every fix attempt it, and hold it to the gates."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from drillyard.drills import DrillKit, E, gates
from drillyard.errors import GradingFailed
from drillyard.records import AnySubmission, GateReport, Grade

__all__ = ["ProofRehearsal", "prove"]


@dataclass(frozen=True, kw_only=True)
class ProofRehearsal:
    """What the fixes did on an instance: submissions and grades by the fix's name; `right` are those that must pass."""

    submissions: Mapping[str, AnySubmission]
    grades: Mapping[str, Grade]
    right: tuple[str, ...]


def prove(kit: DrillKit[E], exam: E, regrade: Callable[[AnySubmission], Grade]) -> tuple[GateReport, ProofRehearsal]:
    """Run every gate on an instance and return the report, with the rehearsal that it took.

    `regrade` grades a submission as a learner's is graded: in a process of its own, within the drill's budget.
    """
    began = time.monotonic()
    submissions = kit.submissions(exam)
    grades = {name: kit.grade(exam, submission) for name, submission in submissions.items()}
    right = {fix.name: grades[fix.name] for fix in kit.fixes if fix.verdict == "right"}
    wrong = {fix.name: grades[fix.name] for fix in kit.fixes if fix.verdict == "wrong"}
    rehearsal = ProofRehearsal(submissions=submissions, grades=grades, right=tuple(right))
    best = max(right, key=lambda name: right[name].score)
    again = _again(regrade, submissions[best])
    mark = kit.drill.pass_mark
    checked = (
        *kit.gates(exam, rehearsal, best),
        gates.solvable(right, mark),
        gates.wrong_fixes_fail(wrong, mark),
        gates.repeatable(grades[best], again),
        gates.no_leak(exam.instance, kit.drill, {**kit.bundle, **exam.shown}, exam.truth),
        gates.within_budget(again, kit.drill.budget),
    )
    in_order = tuple(sorted(checked, key=lambda gate: int(gate.id.removeprefix("G"))))
    seconds = round(time.monotonic() - began, 2)
    peak_mb = again.peak_mb if isinstance(again, Grade) else 0.0
    return GateReport(instance=exam.instance.id, gates=in_order, seconds=seconds, peak_mb=peak_mb), rehearsal


def _again(regrade: Callable[[AnySubmission], Grade], submission: AnySubmission) -> Grade | GradingFailed:
    """Return the second grade, or why there is none: a grading that fails is a gate that fails, no crash."""
    try:
        return regrade(submission)
    except GradingFailed as error:
        return error
