"""Prove an instance: measure it, let every fix attempt it, and hold it to the gates."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from drillyard.drills import AnyExam, DrillKit, E, RefutingKit, gates
from drillyard.drills.access import accessible
from drillyard.drills.equality import equally_hard
from drillyard.errors import GradingFailed
from drillyard.records import AnySubmission, Drill, Gate, GateReport, Grade

__all__ = ["ProofRehearsal", "prove"]


@dataclass(frozen=True, kw_only=True)
class ProofRehearsal:
    """What the fixes did on an instance: submissions and grades by the fix's name; `right` are those that must pass."""

    submissions: Mapping[str, AnySubmission]
    grades: Mapping[str, Grade]
    right: tuple[str, ...]


def prove(kit: DrillKit[E], exam: E, regrade: Callable[[AnySubmission], Grade]) -> tuple[GateReport, ProofRehearsal]:
    """Run every gate on an instance and return the report, with the rehearsal that it took.

    `regrade` grades a submission as a learner's is graded: in a process of its own, within the drill's budget. Where no
    right fix passes, the report has that gate alone: nothing else needs to be tried.
    """
    began, mark = time.monotonic(), kit.drill.pass_mark
    submissions = kit.submissions(exam)
    right = {fix.name: kit.grade(exam, submissions[fix.name]) for fix in kit.fixes if fix.verdict == "right"}
    rehearsal = ProofRehearsal(submissions=submissions, grades=right, right=tuple(right))
    solvable = gates.solvable(right, mark)
    if not solvable.passed:
        return _report(exam, (solvable,), began), rehearsal
    refute = kit.refute if isinstance(kit, RefutingKit) else kit.grade
    wrong = {fix.name: refute(exam, submissions[fix.name]) for fix in kit.fixes if fix.verdict == "wrong"}
    rehearsal = replace(rehearsal, grades={**right, **wrong})
    best = max(right, key=lambda name: right[name].score)
    again = _again(regrade, submissions[best])
    checked = (
        *kit.gates(exam, rehearsal, best),
        solvable,
        gates.wrong_fixes_fail(wrong, mark),
        gates.repeatable(right[best], again),
        equally_hard({name: grade.score for name, grade in {**right, **wrong}.items()}, kit.drill.usual),
        accessible(_read(kit.drill, exam), getattr(exam, "sheet", None)),
        gates.no_leak(exam.instance, kit.drill, {**kit.bundle, **exam.shown}, exam.truth),
        gates.within_budget(again, kit.drill.budget),
    )
    return _report(exam, checked, began, again.peak_mb if isinstance(again, Grade) else 0.0), rehearsal


def _read(drill: Drill, exam: AnyExam) -> Iterable[str]:
    """Yield what a learner reads of an instance: task, hints, paper and the help of its form."""
    yield from (drill.task, exam.instance.note, *(hint.text for hint in exam.truth.hints))
    if sheet := getattr(exam, "sheet", None):
        yield from (part.words for part in sheet.parts)
        yield from (field.help for field in sheet.fields)


def _report(exam: AnyExam, checked: Iterable[Gate], began: float, peak_mb: float = 0.0) -> GateReport:
    in_order = tuple(sorted(checked, key=lambda gate: int(gate.id.removeprefix("G"))))
    seconds = round(time.monotonic() - began, 2)
    return GateReport(instance=exam.instance.id, gates=in_order, seconds=seconds, peak_mb=peak_mb)


def _again(regrade: Callable[[AnySubmission], Grade], submission: AnySubmission) -> Grade | GradingFailed:
    """Return the second grade, or why there is none: a grading that fails is a gate that fails, no crash."""
    try:
        return regrade(submission)
    except GradingFailed as error:
        return error
