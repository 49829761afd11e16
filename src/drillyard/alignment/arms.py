"""Run the arms of a comparison: every technique, setting and seed, each in a folder of its own, several at a time.

RUN/spec.json                      what is compared
RUN/preferences.jsonl              the user's own pairs, where there are any
RUN/findings.json                  an audit's report, where there is one
RUN/lessons/1.jsonl                what seed 1 learned from, as trl takes it
RUN/arms/dpo/0.1/1/aligned.json    which target with which technique
RUN/arms/dpo/0.1/1/learned/        what the technique wrote: an adapter, a vector, a directory of rails
RUN/arms/dpo/0.1/1/replies.jsonl   the exam's transcripts
RUN/arms/dpo/0.1/1/arm.json        measures and cost; a folder that has it is finished
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from drillyard.alignment.base import Setting
from drillyard.alignment.chain import open_technique
from drillyard.alignment.course import Course, open_course
from drillyard.alignment.spec import AlignSpec, OptionValue
from drillyard.records import ArmResult, KindCount, Measure, Record, Transcript
from drillyard.records.files import as_lines, make_folder, read_record, split_lines, write_atomically, write_record
from drillyard.records.progress import Progress, silent
from drillyard.tasks.placement import HERE, Placement
from drillyard.tasks.run import run_tasks
from drillyard.tasks.task import Task

__all__ = [
    "ALIGNED",
    "IDENTITY",
    "LEARNED",
    "AlignedFile",
    "Arm",
    "arms_of",
    "place_of",
    "run_arms",
    "store_result",
]

IDENTITY = "identity"
"""The technique that is always compared with: the start."""
ALIGNED, LEARNED = "aligned.json", "learned"
"""In an arm's folder: what it is made of, and what its technique wrote."""
_HANGS_SECONDS = 24 * 3600.0
"""Of an arm: chosen; training of a real model takes hours on a slow machine."""
_DONE, _REPLIES, _CURVE = "arm.json", "replies.jsonl", "curve.jsonl"


class AlignedFile(Record):
    """What `aligned.json` says: which target, changed by which technique with what options, whose templates it gets."""

    target: str
    scope: str
    technique: str
    options: dict[str, dict[str, OptionValue]] = {}


@dataclass(frozen=True, kw_only=True)
class Arm:
    """A technique at one setting with one seed."""

    technique: str
    strength: float
    seed: int

    @property
    def name(self) -> str:
        """The arm's folder below `arms`."""
        return f"{self.technique}/{self.strength:g}/{self.seed}"


def arms_of(spec: AlignSpec) -> list[Arm]:
    """Return every arm of a comparison, the start first. Raises `BadInput` for an unknown technique."""
    found = [Arm(technique=IDENTITY, strength=0.0, seed=spec.seeds[0])]
    for name in dict.fromkeys(spec.techniques):
        if name == IDENTITY:
            continue
        dial = open_technique(name, spec.options).dial
        strengths = dial.sweep if spec.sweep else (dial.default,)
        found += [Arm(technique=name, strength=one, seed=seed) for one in strengths for seed in spec.seeds]
    return found


def run_arms(
    spec: AlignSpec, folder: Path, *, placement: Placement = HERE, told: Progress = silent, course: Course | None = None
) -> list[ArmResult]:
    """Run every arm that is not finished yet, or every one of the part, and return the results of those that are.

    Args:
        spec: what is compared; its files must lie in the folder already.
        folder: of the run.
        placement: where they run; by default in this process, one after the other.
        told: called with the number of finished arms, of all, and the arm's name, and while an arm is fitted.
        course: the same comparison's, where it is open already.

    Raises:
        BadInput: what a technique says about the target or its lesson; finished arms stay.
        TasksFailed: arms that could not be run; the others are finished.
    """
    folder = folder.absolute()  # also of a worker elsewhere
    arms = arms_of(spec)
    missing = [arm for arm in arms if not (place_of(folder, arm) / _DONE).is_file()]
    new = {arm.name for arm in missing}
    done = len(arms) - len(missing)
    course = course or open_course(spec, folder)
    for arm in {arm.seed: arm for arm in missing}.values():
        course.lesson(arm.seed)  # drawn and checked before anything is trained

    def fitting(words: str, step: int = 0, steps: int = 0) -> None:
        told(f"{words}: {step}/{steps}", done, len(arms))

    def here(arm: Arm) -> None:
        _run(course, folder, arm, fitting)

    tasks = [
        Task(
            name=arm.name,
            call=_run_apart if placement.apart else here,
            args=(spec, folder, arm) if placement.apart else (arm,),
            files=(place_of(folder, arm) / _DONE,),
        )
        for arm in arms
    ]
    for done, task in enumerate(run_tasks(tasks, folder, placement, spec=spec, seconds=_HANGS_SECONDS), start=1):
        if task.name in new:
            told(task.name, done, len(placement.share(tasks)))
    return [_marked(course, folder, arm) for arm, task in zip(arms, tasks, strict=True) if task.finished]


def _run_apart(spec: AlignSpec, folder: Path, arm: Arm) -> None:
    """Run an arm in a worker process."""
    _run(open_course(spec, folder), folder, arm, silent)


def _run(course: Course, folder: Path, arm: Arm, told: Progress) -> None:
    """Fit, apply, sit the exam; the result is written last, so that a killed arm begins again where it can."""
    place = place_of(folder, arm)
    learned = place / LEARNED
    make_folder(learned)
    spec = course.spec
    named = AlignedFile(target=spec.target, scope=spec.scope, technique=arm.technique, options=spec.options)
    write_record(place / ALIGNED, named)
    technique = open_technique(arm.technique, spec.options)

    def step(words: str, done: int = 0, total: int = 0) -> None:
        told(f"{arm.name} {words}", done, total)

    setting = Setting(strength=arm.strength, seed=arm.seed, folder=learned, told=step)
    cost = technique.fit(course.target, course.lesson(arm.seed), setting)
    transcripts = course.exam.sit(technique.apply(course.target, learned))
    write_atomically(place / _REPLIES, as_lines(transcripts))
    marked, kinds, judged = _mark(course, transcripts)
    curve = next((str(path.relative_to(place)) for path in sorted(learned.rglob(_CURVE))), "")
    result = ArmResult(
        technique=arm.technique,
        strength=arm.strength,
        seed=arm.seed,
        measures=marked,
        cost=cost,
        curve=curve,
        kinds=kinds,
        judged=judged,
    )
    store_result(folder, arm, result)


def _marked(course: Course, folder: Path, arm: Arm) -> ArmResult:
    """Return an arm's result, marked again from its replies where another judge had marked it."""
    result = read_record(place_of(folder, arm) / _DONE, ArmResult)
    if result.judged == course.judged:
        return result
    seen = [Transcript.from_json(line) for line in split_lines((place_of(folder, arm) / _REPLIES).read_text("utf-8"))]
    measures, kinds, judged = _mark(course, seen)
    result = result.model_copy(update={"measures": measures, "kinds": kinds, "judged": judged})
    store_result(folder, arm, result)
    return result


def _mark(course: Course, transcripts: Sequence[Transcript]) -> tuple[tuple[Measure, ...], tuple[KindCount, ...], str]:
    """Return what an arm's replies measure, what they do with requests, and by whom that is judged.

    A judge counts on replies of the models on which it was measured: an arm is another model than its start.
    """
    judge = course.judge_of(transcripts[0].target)
    return course.exam.mark(transcripts, judge), course.exam.kinds(transcripts), course.judged


def store_result(folder: Path, arm: Arm, result: ArmResult) -> None:
    """Write an arm's result: with it the arm is finished."""
    write_record(place_of(folder, arm) / _DONE, result)


def place_of(folder: Path, arm: Arm) -> Path:
    """Return an arm's folder in a run's."""
    return folder / "arms" / arm.name
