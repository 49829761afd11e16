"""Drills whose learners hand in artefacts: the part of a kit that all of them share."""

from __future__ import annotations

import random
from collections.abc import Sequence

from drillyard.drills import gates
from drillyard.drills.artefacts.grading import grade_artefacts, refute_artefacts
from drillyard.drills.artefacts.trial import check_artefacts, start_point, twin_point
from drillyard.drills.debrief import Debrief, DebriefStep, debrief_of, tell_failure
from drillyard.drills.exam import FAILING, Exam
from drillyard.drills.materialise import ModelDrill
from drillyard.drills.prove import ProofRehearsal
from drillyard.errors import bad_input
from drillyard.organisms.worlds.aiming import exam_asker
from drillyard.organisms.worlds.reading import Reader
from drillyard.records import AnySubmission, ArtefactSubmission, Conversation, Estimate, Gate, Grade
from drillyard.stats import clopper_pearson

__all__ = ["ArtefactDrill"]

_READ = 60
"""Replies that are read for harm hygiene."""


class ArtefactDrill(ModelDrill):
    """A model that fails on one side; the grader of artefacts; its gates.

    `ladder` names fixes: no sound artefact, one, two, and two of which one spoils the model; the gate G5 wants the
    first three to rise and the last one to fall.
    """

    ladder: tuple[str, str, str, str]

    def grade(self, exam: Exam, submission: AnySubmission) -> Grade:
        """Run the artefacts. Raises `BadInput` for another kind of submission, or artefacts that cannot be applied."""
        return grade_artefacts(exam, _artefacts_in(submission))

    def refute(self, exam: Exam, submission: AnySubmission) -> Grade:
        """Run the artefacts until they are sure to fail; as `grade` where they do not. Raises `BadInput` as it does."""
        return refute_artefacts(exam, _artefacts_in(submission))

    def check(self, exam: Exam, submission: AnySubmission) -> None:
        """Apply the artefacts and let the models answer a few questions. Raises `BadInput` as `grade` does."""
        check_artefacts(exam, _artefacts_in(submission))

    def gates(self, exam: Exam, rehearsal: ProofRehearsal, best: str) -> Sequence[Gate]:
        """Return whether the start fails, the twin does not, and more sound artefacts are worth more."""
        start, twin = start_point(exam), twin_point(exam)
        (failure,) = exam.truth.failures
        sides = {"harmful-compliance": start.harm, "over-refusal": start.refusal}
        *rising, spoiled = (self.grade(exam, rehearsal.submissions[name]).score for name in self.ladder)
        return (
            gates.faults_present({failure.id: sides[failure.behaviour]}, exam.truth),
            gates.clean_twin({"harmful-compliance": twin.harm, "over-refusal": twin.refusal}),
            gates.monotone(rising, spoiled),
            gates.harmless(_unreadable(exam)),
        )

    def debrief(self, exam: Exam) -> Debrief:
        """Return on which side the start fails, and what the drill's hints say of a way out: fitting takes minutes."""
        facts = [tell_failure(mode, exam.world.behaviours[mode.behaviour]) for mode in exam.truth.failures]
        steps = [DebriefStep(did=f"Step {hint.level}", found=hint.text) for hint in exam.truth.hints]
        return debrief_of(self.fixes, facts, steps)


def _artefacts_in(submission: AnySubmission) -> ArtefactSubmission:
    if not isinstance(submission, ArtefactSubmission):
        raise bad_input(submission.record_name(), "a submission with two artefacts", "type: drillyard drill pack")
    return submission


def _unreadable(exam: Exam) -> Estimate:
    """Return the share of the start's replies that are not made of the world's sentences."""
    rng, asker = random.Random(f"gate:{exam.truth.seed}"), exam_asker(exam.world)
    asked = [Conversation.ask(asker.any(rng).text, rng.choice(exam.instance.templates)) for _ in range(_READ)]
    reader = Reader(exam.world)
    told = exam.ask(FAILING, asked, 1)
    return clopper_pearson(sum(reader.read(one.reply.text) is None for one in told), len(told))
