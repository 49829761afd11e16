"""What drills on a paper have in common: kit, exam, gates. A drill brings the paper and how it is scored."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Self

import yaml

from drillyard.drills import gates
from drillyard.drills.answers.scoring import NO_ANSWER, answered, as_answers, put_in_words
from drillyard.drills.debrief import Debrief, DebriefFact, DebriefStep, debrief_of, facts_of
from drillyard.drills.fixes import read_fixes
from drillyard.drills.grade import graded
from drillyard.drills.levels import worth
from drillyard.drills.materialise import truth_hash
from drillyard.drills.prove import ProofRehearsal
from drillyard.errors import BadInput, bad_input
from drillyard.organisms.worlds.world import World
from drillyard.records import (
    AnswerResult,
    AnswerSheet,
    AnswerSubmission,
    AnySubmission,
    Drill,
    Gate,
    Grade,
    Hint,
    Instance,
    Look,
    PaperTable,
    SubCheck,
    Truth,
)
from drillyard.records.files import read_record, write_atomically, write_record

__all__ = ["SHEET", "AnswerDrill", "AnswerExam", "Answers"]

SHEET = "sheet.json"
Answers = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class AnswerExam:
    """An instance opened for grading; the sealed seed decides all of it."""

    drill: Drill
    instance: Instance
    truth: Truth
    sheet: AnswerSheet
    files: Mapping[str, str]

    @property
    def shown(self) -> Mapping[str, str]:
        """What the learner gets: the paper with its form, and what comes beside it."""
        return {SHEET: self.sheet.to_json(), **self.files}


class AnswerDrill(ABC):
    """A drill on a paper. `folder` is the package of its data: drill.yaml, README.md, fixes."""

    folder: str

    def __init__(self) -> None:
        folder = resources.files(self.folder)
        self.bundle = {name: (folder / name).read_text(encoding="utf-8") for name in ("drill.yaml", "README.md")}
        self.drill: Drill = Drill.from_data(yaml.safe_load(self.bundle["drill.yaml"]))
        self.fixes = read_fixes(folder)

    @abstractmethod
    def sheet(self, seed: int, *, clean: bool = False) -> AnswerSheet:
        """Return the paper of a seed; `clean` is its twin, in which nothing is wrong."""

    @abstractmethod
    def score(self, seed: int, answers: Answers) -> tuple[float, AnswerResult, str]:
        """Return score, what the answers were worth, and the verdict in a sentence."""

    @abstractmethod
    def solutions(self, seed: int) -> Mapping[str, Answers]:
        """Return what each fix answers, by name. The right ones are computed from the paper alone."""

    @abstractmethod
    def hints(self, seed: int) -> tuple[Hint, ...]:
        """Return the hints."""

    @abstractmethod
    def twin_gate(self, seed: int) -> Gate:
        """Return whether the reference finds nothing in the clean twin."""

    @abstractmethod
    def fault_gate(self, seed: int) -> Gate:
        """Return whether what the paper suggests at first sight is wrong."""

    def given(self, seed: int, *, clean: bool = False) -> AnswerSheet:
        """Return the paper as the level gives it: a bench, where there is one, with the `looks` of the settings."""
        sheet = self.sheet(seed, clean=clean)
        looks = self.drill.settings.get("looks")
        if looks is None or sheet.bench is None:
            return sheet
        return sheet.model_copy(update={"bench": sheet.bench.model_copy(update={"budget": int(looks)})})

    def look(self, seed: int, key: str) -> Look:
        """Return what a look at the bench shows. Raises `BadInput` for one that cannot be had: by default, any."""
        raise bad_input(f"the look {key[:60]!r}", "one that the bench offers")

    def files(self, seed: int) -> Mapping[str, str]:
        """Return what comes beside the paper, as file name → text: by default, nothing."""
        return {}

    def preview(self, seed: int, answers: Answers) -> PaperTable:
        """Return what comes of answers that are not handed in yet, on what the learner may see.

        Raises:
            BadInput: the paper has no preview (by default), or the answers are none that could be tried.
        """
        raise bad_input("a preview of this paper", "one that has one")

    def export(self, seed: int, answers: Answers) -> Mapping[str, str]:
        """Return what was handed in as files for other tools, by path. Raises `BadInput` where there are none."""
        raise bad_input("an export of this paper", "one that has one")

    def ladder(self) -> tuple[tuple[str, ...], str]:
        """Return fixes by rising score, and one that spoils the best."""
        return ("blank", "half", "reference"), "spoiled"

    def placed(self, world: str) -> Self:
        """Return this kit: a paper lies in no world."""
        return self

    def unfit(self, world: World) -> str:
        """Say nothing: a paper lies in no world."""
        return ""

    def materialise(self, name: str, role: str, seed: int) -> AnswerExam:
        """Return the paper of a seed."""
        sheet = self.given(seed)
        truth = Truth(instance=name, seed=seed, failures=(), hints=worth(self.drill, self.hints(seed)))
        instance = Instance(
            id=name,
            drill=self.drill.id,
            role=role,
            target=f"instances/{name}/paper",
            templates=(),
            behaviours=(),
            hints=len(truth.hints),
            level=self.drill.level,
            model_hash=_sealed(seed, sheet),
            twin_hash=_sealed(seed, self.given(seed, clean=True)),
            truth_hash=truth_hash(truth),
        )
        return AnswerExam(drill=self.drill, instance=instance, truth=truth, sheet=sheet, files=self.files(seed))

    def save(self, exam: AnswerExam, folder: Path) -> None:
        """Write the paper, and what comes beside it."""
        write_record(folder / SHEET, exam.sheet)
        for name, text in exam.files.items():
            write_atomically(folder / name, text.encode())

    def open(self, instance: Instance, truth: Truth, folder: Path) -> AnswerExam:
        """Return a saved paper. Raises `BadInput` where it is another one than was sealed, or drawn.

        Whoever was given a paper by a release that draws otherwise would be graded by figures that are not on it.
        """
        sheet = read_record(folder / SHEET, AnswerSheet)
        if _sealed(truth.seed, sheet) != instance.model_hash:
            raise bad_input(
                f"another paper in {str(folder)!r}", "the one that was sealed", "create the programme again"
            )
        if self.given(truth.seed) != sheet:
            how = "give a fresh copy: drillyard yard reset, or create the programme again"
            raise bad_input(f"a paper in {str(folder)!r} that another release drew", "one of this release", how)
        files = self.files(truth.seed)
        return AnswerExam(drill=self.drill, instance=instance, truth=truth, sheet=sheet, files=files)

    def submissions(self, exam: AnswerExam) -> dict[str, AnswerSubmission]:
        """Return what each fix hands in."""
        made = self.solutions(exam.truth.seed)
        return {
            fix.name: AnswerSubmission(
                instance=exam.instance.id, learner=f"script:{fix.name}", answers=dict(made[fix.name])
            )
            for fix in self.fixes
        }

    def grade(self, exam: AnswerExam, submission: AnySubmission) -> Grade:
        """Grade answers. Raises `BadInput` for another kind of submission, or answers that the form does not take."""
        score, result, verdict = self.score(exam.truth.seed, answered(exam.sheet, submission))
        return graded(
            exam,
            submission,
            score,
            verdict=verdict,
            answers=result,
            sub_checks=(
                *((SubCheck(id="decision", passed=result.regret < 0.1),) if result.decided else ()),
                *(SubCheck(id=check.id, passed=check.passed) for check in result.checks),
            ),
        )

    def check(self, exam: AnswerExam, submission: AnySubmission) -> None:
        """Read the answers as grading does. Raises `BadInput`, also for what is half filled in; see `unfinished`."""
        if words := self.unfinished(answered(exam.sheet, submission)):
            raise BadInput(words)

    def unfinished(self, answers: Answers) -> str:
        """Return, in a line, what would count for nothing without its learner knowing: by default, nothing."""
        return ""

    def gates(self, exam: AnswerExam, rehearsal: ProofRehearsal, best: str) -> Sequence[Gate]:
        """Return whether first sight misleads, the twin is clean, and more that is right scores more."""
        scores = {name: grade.score for name, grade in rehearsal.grades.items()}
        ladder, spoiled = self.ladder()
        steps = {name: scores.get(name, self._score(exam, name)) for name in (*ladder, spoiled)}
        return (
            self.fault_gate(exam.truth.seed),
            self.twin_gate(exam.truth.seed),
            gates.monotone([steps[name] for name in ladder], steps[spoiled]),
        )

    def debrief(self, exam: AnswerExam) -> Debrief:
        """Return what is right on the paper with its reasons, and how the reference fills the form."""
        answers = self.solutions(exam.truth.seed)["reference"]
        _, result, _ = self.score(exam.truth.seed, as_answers(answers))
        filled = [pair for pair in put_in_words(exam.sheet, answers) if pair[1] != NO_ANSWER]
        steps = [DebriefStep(did=label, found=said) for label, said in filled]
        best = result.best.partition("; yours")[0]
        decided = [DebriefFact(title="The decision", words=best)] if result.decided else []
        facts = [*decided, *facts_of(result)]
        return debrief_of(self.fixes, facts, steps, result.caption, result.options.items())

    def _score(self, exam: AnswerExam, name: str) -> float:
        return self.score(exam.truth.seed, as_answers(self.solutions(exam.truth.seed)[name]))[0]


def _sealed(seed: int, sheet: AnswerSheet) -> str:
    """Return the hash of a paper with its seed, which lets nobody confirm a guess."""
    return hashlib.sha256(f"{seed}:{sheet.to_json()}".encode()).hexdigest()
