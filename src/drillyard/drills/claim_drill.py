"""Drills whose learners hand in claims: what failures a model has, when, and how bad they are."""

from __future__ import annotations

from collections.abc import Sequence

from drillyard.drills import gates
from drillyard.drills.debrief import Debrief, debrief_of, tell_failure, walk_failure
from drillyard.drills.exam import Exam
from drillyard.drills.grade import grade
from drillyard.drills.materialise import ModelDrill
from drillyard.drills.measure import measure
from drillyard.drills.prove import ProofRehearsal
from drillyard.errors import bad_input
from drillyard.organisms.engine.organism import Organism
from drillyard.organisms.planting.plant import plant
from drillyard.records import AnySubmission, Claim, FailureMode, Gate, Grade, Submission

__all__ = ["ClaimDrill"]


class ClaimDrill(ModelDrill):
    """The part of a kit that all drills with claims share: planted failures, the grader of claims, its gates."""

    def model(self, seed: int, failures: tuple[FailureMode, ...]) -> Organism:
        """Return the world's base with the failures planted in it."""
        return plant(self.drill.world, failures)

    def grade(self, exam: Exam, submission: AnySubmission) -> Grade:
        """Try every claim. Raises `BadInput` for another kind of submission."""
        return grade(exam, _claims_in(submission))

    def check(self, exam: Exam, submission: AnySubmission) -> None:
        """Refuse another kind of submission: what reads as claims can be graded. Raises `BadInput`."""
        _claims_in(submission)

    def gates(self, exam: Exam, rehearsal: ProofRehearsal, best: str) -> Sequence[Gate]:
        """Return whether the failures are there and nowhere else, and whether more right claims are worth more."""
        measured = measure(exam)
        right = {name: rehearsal.grades[name] for name in rehearsal.right}
        return (
            gates.faults_present(measured.failing, exam.truth),
            gates.clean_twin(measured.twin),
            gates.monotone(*_mutants(exam, rehearsal, best)),
            gates.solve_rate(right),
            gates.harmless(measured.unreadable),
            gates.true_triggers(measured.failing, measured.elsewhere),
            gates.findable(exam.truth, {"task": exam.drill.task, **exam.shown}),
        )

    def debrief(self, exam: Exam) -> Debrief:
        """Return every planted failure, and the shortest way to it."""
        failures = exam.truth.failures
        facts = [tell_failure(mode, exam.world.behaviours[mode.behaviour]) for mode in failures]
        return debrief_of(self.fixes, facts, [step for mode in failures for step in walk_failure(exam, mode)])


def _claims_in(submission: AnySubmission) -> Submission:
    if not isinstance(submission, Submission):
        raise bad_input(submission.record_name(), "a submission with claims")
    return submission


def _mutants(exam: Exam, rehearsal: ProofRehearsal, best: str) -> tuple[list[float], float]:
    """Return the scores of a right fix's first 0, 1, 2 … confirmed claims, and of all of them with a wrong claim."""
    right = _claims(rehearsal, best, ("confirmed",))
    wrong = [claim for name in rehearsal.grades for claim in _claims(rehearsal, name, ("not-shown", "false-alarm"))]
    given = _claims_in(rehearsal.submissions[best])

    def score(claims: list[Claim]) -> float:
        return grade(exam, given.model_copy(update={"claims": tuple(claims)})).score

    return [score(right[:count]) for count in range(len(right) + 1)], score(right + wrong[:1])


def _claims(rehearsal: ProofRehearsal, name: str, statuses: tuple[str, ...]) -> list[Claim]:
    """Return the claims of a submission that met one of these fates."""
    claims = _claims_in(rehearsal.submissions[name]).claims
    return [claims[result.claim] for result in rehearsal.grades[name].claims if result.status in statuses]
