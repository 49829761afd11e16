"""Prove an instance: measure it, let every fix attempt it, and hold it to the gates."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from drillyard.errors import GradingFailed
from drillyard.programs.drills import DrillKit, gates
from drillyard.programs.drills.exam import Exam
from drillyard.programs.drills.grade import grade
from drillyard.programs.drills.measure import measure
from drillyard.records import Claim, GateReport, Grade, Submission

__all__ = ["Rehearsal", "prove"]


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """What the fixes did on an instance: submissions and grades, by the fix's name."""

    submissions: Mapping[str, Submission]
    grades: Mapping[str, Grade]


def prove(kit: DrillKit, exam: Exam, regrade: Callable[[Submission], Grade]) -> tuple[GateReport, Rehearsal]:
    """Run every gate on an instance and return the report, with the rehearsal that it took.

    `regrade` grades a submission as a learner's is graded: in a process of its own, within the drill's budget.
    """
    began = time.monotonic()
    measured = measure(exam)
    submissions = kit.submissions(exam)
    grades = {name: grade(exam, submission) for name, submission in submissions.items()}
    rehearsal = Rehearsal(submissions=submissions, grades=grades)
    right = {fix.name: grades[fix.name] for fix in kit.fixes if fix.verdict == "right"}
    wrong = {fix.name: grades[fix.name] for fix in kit.fixes if fix.verdict == "wrong"}
    best = max(right, key=lambda name: right[name].score)
    again = _again(regrade, submissions[best])
    mark = kit.drill.pass_mark
    checked = (
        gates.faults_present(measured.failing, exam.truth),
        gates.clean_twin(measured.twin),
        gates.solvable(right, mark),
        gates.wrong_fixes_fail(wrong, mark),
        gates.monotone(*_mutants(exam, rehearsal, best)),
        gates.repeatable(grades[best], again),
        gates.no_leak(exam.instance, kit.drill, kit.bundle, exam.truth),
        gates.within_budget(again, kit.drill.budget),
        gates.solve_rate(right),
        gates.harmless(measured.unreadable),
        gates.true_triggers(measured.failing, measured.elsewhere),
    )
    seconds = round(time.monotonic() - began, 2)
    peak_mb = again.peak_mb if isinstance(again, Grade) else 0.0
    return GateReport(instance=exam.instance.id, gates=checked, seconds=seconds, peak_mb=peak_mb), rehearsal


def _again(regrade: Callable[[Submission], Grade], submission: Submission) -> Grade | GradingFailed:
    """Return the second grade, or why there is none: a grading that fails is a gate that fails, no crash."""
    try:
        return regrade(submission)
    except GradingFailed as error:
        return error


def _mutants(exam: Exam, rehearsal: Rehearsal, best: str) -> tuple[list[float], float]:
    """Return the scores of a right fix's first 0, 1, 2 … confirmed claims, and of all of them with a wrong claim."""
    right = _claims(rehearsal, best, ("confirmed",))
    wrong = [claim for name in rehearsal.grades for claim in _claims(rehearsal, name, ("not-shown", "false-alarm"))]

    def score(claims: list[Claim]) -> float:
        return grade(exam, rehearsal.submissions[best].model_copy(update={"claims": tuple(claims)})).score

    return [score(right[:count]) for count in range(len(right) + 1)], score(right + wrong[:1])


def _claims(rehearsal: Rehearsal, name: str, statuses: tuple[str, ...]) -> list[Claim]:
    """Return the claims of a submission that met one of these fates."""
    claims = rehearsal.submissions[name].claims
    return [claims[result.claim] for result in rehearsal.grades[name].claims if result.status in statuses]
