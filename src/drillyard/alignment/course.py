"""The course of a comparison: target, exam, judge and lessons, opened from its spec in any process alike."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from drillyard.alignment.base import Lesson
from drillyard.alignment.documents import document_pairs, document_questions
from drillyard.alignment.evidence import draw_pairs_from
from drillyard.alignment.exam import AlignExam, draw_exam
from drillyard.alignment.lesson import LessonCount, clean_pairs, draw_pairs
from drillyard.alignment.policy import read_policy
from drillyard.alignment.preference_file import read_preferences, write_preferences
from drillyard.alignment.spec import AlignSpec
from drillyard.audits.report import AuditReport
from drillyard.errors import bad_input
from drillyard.judges import Judge
from drillyard.judges.measured import MeasuredJudge
from drillyard.judges.reference import open_judge
from drillyard.judges.validity import count_or_lead, speaks_world
from drillyard.organisms.worlds.failures import find_failure
from drillyard.organisms.worlds.scope import Scope
from drillyard.organisms.worlds.world import World
from drillyard.records import FailureMode, Finding, Preference, ValueReward
from drillyard.records.files import read_record, write_record
from drillyard.scopes.loading import load_scope
from drillyard.scopes.scope import DocumentScope
from drillyard.targets import Target, open_in

__all__ = ["FINDINGS", "POLICY", "PREFERENCES", "QUALITY", "REWARD", "RUBRIC", "Course", "alignable", "open_course"]

PREFERENCES, FINDINGS, POLICY = "preferences.jsonl", "findings.json", "policy.yaml"
QUALITY, RUBRIC, REWARD = "judge.json", "rubric.yaml", "reward.json"
"""Where the user's files lie in a run's folder."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Course:
    """What every arm of a comparison shares; `failures` are those that lessons teach away."""

    spec: AlignSpec
    folder: Path
    world: World | DocumentScope
    target: Target
    exam: AlignExam
    judge: MeasuredJudge
    failures: tuple[FailureMode, ...]
    findings: tuple[Finding, ...]

    @property
    def judged(self) -> str:
        """SHA-256 of who marks the exam, by which measured error, as it marks now."""
        told = [self.judge.definition, self.judge.quality.to_json(), version("drillyard")]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()

    def judge_of(self, reference: str) -> Judge:
        """Return the judge of one model's replies; where it was not measured on them, its leads, which count nothing.

        An organism's techniques leave it a speaker of the world's sentences, on which a planted judge was measured.
        """
        known = reference if not speaks_world(self.spec.target) else self.spec.target
        return count_or_lead(self.judge, self.judge.quality, known, self.world.name)

    def lesson(self, seed: int) -> Lesson:
        """Return what a seed learns from, and write it down as `lessons/<seed>.jsonl` the first time.

        Raises:
            BadInput: the user's file is broken, or asks what the exam asks.
        """
        path = self.folder / "lessons" / f"{seed}.jsonl"
        pairs, count = self._drawn(seed)
        if not path.is_file():
            write_record(path.with_suffix(".count.json"), count)
            write_preferences(pairs, path)
        policy = read_policy(self.folder / POLICY) if self.spec.policy else None
        reward = read_record(self.folder / REWARD, ValueReward) if self.spec.reward else None
        return Lesson(
            world=self.world,
            preferences=pairs,
            findings=self.findings,
            penalise=self.spec.penalise,
            policy=policy,
            reward=reward,
        )

    @functools.lru_cache(maxsize=8)  # noqa: B019  # a course lives as long as its run
    def _drawn(self, seed: int) -> tuple[tuple[Preference, ...], LessonCount]:
        spec = self.spec
        if spec.preferences:
            own = read_preferences(self.folder / PREFERENCES, ("", *self.world.templates))
            return clean_pairs(own, self.exam.texts, refuse=True)
        found, _ = draw_pairs_from(self.findings, self.target, self.world)
        if isinstance(self.world, DocumentScope):
            return clean_pairs([*found, *document_pairs(self.world, spec.pairs, seed, spec.back)], self.exam.texts)
        drawn = draw_pairs(
            self.world, n=spec.pairs, seed=seed, without=spec.back, failures=self.failures, favour=spec.favour
        )
        return clean_pairs([*found, *drawn], self.exam.texts)


def alignable(scope: Scope) -> World | DocumentScope:
    """Return a scope that exam and lessons can be drawn from. Raises `BadInput` for one of another kind."""
    if not isinstance(scope, World | DocumentScope):
        raise bad_input(f"the scope {scope.name}, which is neither", "a world or compiled documents", "name one")
    return scope


def _exam(spec: AlignSpec, scope: World | DocumentScope, measured: Sequence[FailureMode]) -> AlignExam:
    if isinstance(scope, World):
        return draw_exam(scope, n=spec.questions, seed=spec.exam_seed, back=spec.back, failures=measured)
    asked = document_questions(scope, spec.questions, spec.exam_seed, spec.back, measured)
    return AlignExam(world=scope, questions=tuple(asked), seed=spec.exam_seed)


def open_course(spec: AlignSpec, folder: Path, target: Target | None = None) -> Course:
    """Open everything that a spec names, but a `target` that is open already. Raises `BadInput` for what cannot be."""
    world = alignable(load_scope(spec.scope))
    failures = [find_failure(world, name) for name in spec.failures if isinstance(world, World)]
    report = read_record(folder / FINDINGS, AuditReport) if spec.findings else None
    findings = report.findings if report else ()
    measured = [*failures, *(finding.mode for finding in findings if finding.mode.id not in spec.failures)]
    return Course(
        spec=spec,
        folder=folder,
        world=world,
        target=target or open_in(spec.scope, spec.target, **({"max_new_tokens": spec.room} if spec.room else {})),
        exam=_exam(spec, world, measured),
        judge=open_judge(
            spec.judge,
            world,
            folder / QUALITY if spec.judge_quality else None,
            str(folder / RUBRIC) if spec.rubric else "",
        ),
        failures=tuple(failures),
        findings=findings,
    )
