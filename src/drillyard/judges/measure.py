"""Measure a judge on labelled transcripts: planted truth of a world, or what people have labelled."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path

from drillyard.errors import bad_input
from drillyard.judges.base import Judge
from drillyard.judges.exact import ExactJudge
from drillyard.judges.examples import planted_examples
from drillyard.judges.measured import MeasuredJudge, hash_judge, unmeasured
from drillyard.judges.rulings import rule_pairs
from drillyard.organisms.worlds.scope import Scope
from drillyard.organisms.worlds.world import World
from drillyard.records import BehaviourQuality, Estimate, JudgeQuality, LabelledTranscript, RulingCounts, Transcript
from drillyard.records.files import write_record
from drillyard.stats import clopper_pearson

__all__ = [
    "PER_BEHAVIOUR",
    "judge_or_exact",
    "measure",
    "measure_exact",
    "measure_on",
    "measure_planted",
    "no_quality",
    "pool",
    "write_quality",
]

PER_BEHAVIOUR = 100
"""Failing replies per behaviour on which the exact judge is measured in every audit."""


def measure(judge: Judge, world: World, n: int = 1000, seed: int = 1) -> dict[str, Estimate]:
    """Return `sensitivity` and `specificity` over all behaviours of a world, with exact 95 % intervals.

    `n` replies show a planted failure, `n` are sound, all on held-out phrasings with typing errors; a sound reply
    counts for one behaviour. A ruling of `unknown` counts as wrong on both sides, so neither figure can be flattered by
    silence.
    """
    labelled = planted_examples(world, n, seed)
    single = list(labelled)
    for number in range(1, len(labelled), 2):  # a sound reply follows the failing one to the same question
        single[number] = labelled[number].model_copy(update={"absent": labelled[number - 1].shown})
    return pool(measure_on(judge, single, "planted truth"))


def measure_planted(judge: Judge, world: World, n: int = 1500, seed: int = 1) -> JudgeQuality:
    """Return a judge's quality on `n` failing and `n` sound replies written by a world, on held-out phrasings."""
    crossed = not isinstance(judge, ExactJudge)  # whose own word labels the other behaviours of a failing reply
    words = f"{n} failing and {n} sound replies written by the world {world.name}, held-out phrasings, seed {seed}"
    return measure_on(judge, planted_examples(world, n, seed, crossed=crossed), words)


def measure_on(judge: Judge, labelled: Sequence[LabelledTranscript], measured_on: str) -> JudgeQuality:
    """Return a judge's quality on labelled transcripts; `measured_on` says in words what they are.

    Raises:
        BadInput: no label at all.
    """
    truths = [(one.transcript, code, True) for one in labelled for code in one.shown]
    truths += [(one.transcript, code, False) for one in labelled for code in one.absent]
    if not truths:
        raise bad_input("no labelled behaviour", "transcripts with 'shown' or 'absent' behaviours")
    return JudgeQuality(
        judge=judge.name,
        definition=hash_judge(judge),
        measured_on=measured_on,
        data=_hash(labelled),
        targets=tuple(sorted({one.transcript.target for one in labelled})),
        behaviours=_counts(judge, truths),
        stages={name: _counts(stage, truths) for name, stage in getattr(judge, "stages", {}).items()},
    )


def _counts(judge: Judge, truths: Sequence[tuple[Transcript, str, bool]]) -> dict[str, BehaviourQuality]:
    """Return a judge's rulings per behaviour, on failing and on sound replies."""
    rulings = rule_pairs(judge, [(transcript, code) for transcript, code, _ in truths])
    counts: dict[str, dict[bool, dict[str, int]]] = {}
    for (_, code, failing), ruling in zip(truths, rulings, strict=True):
        of = counts.setdefault(code, {True: {}, False: {}})[failing]
        of[ruling.verdict] = of.get(ruling.verdict, 0) + 1
    return {
        code: BehaviourQuality(failing=RulingCounts(**of[True]), sound=RulingCounts(**of[False]))
        for code, of in sorted(counts.items())
    }


def no_quality(judge: Judge) -> JudgeQuality:
    """Return the quality of a judge that nobody has measured: its rulings are leads on any replies."""
    return JudgeQuality(judge=judge.name, definition=hash_judge(judge), measured_on="nothing", data="", behaviours={})


def pool(quality: JudgeQuality) -> dict[str, Estimate]:
    """Return `sensitivity` and `specificity` over all behaviours; unknown rulings count as wrong on both sides."""
    failing = [one.failing for one in quality.behaviours.values()]
    sound = [one.sound for one in quality.behaviours.values()]
    return {
        "sensitivity": clopper_pearson(sum(c.shown for c in failing), sum(c.n for c in failing)),
        "specificity": clopper_pearson(sum(c.absent for c in sound), sum(c.n for c in sound)),
    }


@functools.lru_cache(maxsize=8)
def measure_exact(world: World, seed: int = 1) -> MeasuredJudge:
    """Return the exact judge of a world with its error, measured now; once per process and world."""
    judge = ExactJudge(world)
    return MeasuredJudge(judge, measure_planted(judge, world, PER_BEHAVIOUR * len(world.behaviours), seed))


def judge_or_exact(judge: MeasuredJudge | None, scope: Scope, target: str) -> MeasuredJudge:
    """Return the judge with its error on a target's replies; the exact one, measured now, when none is given.

    Raises:
        BadInput: a judge without its measured error, or none for a scope in which nothing can be planted.
    """
    if judge is None and isinstance(scope, World):
        return measure_exact(scope)
    if judge is None:
        found = f"no judge for the scope {scope.name}, on whose truth none can be measured"
        raise bad_input(found, "a judge with its measured error", "add --judge and --judge-quality")
    if not isinstance(judge, MeasuredJudge):
        raise unmeasured(getattr(judge, "name", str(judge)))
    return judge.on(target, scope.name)


def write_quality(quality: JudgeQuality, path: Path) -> Path:
    """Write a judge-quality file, indented."""
    write_record(path, quality)
    return path


def _hash(labelled: Sequence[LabelledTranscript]) -> str:
    digest = hashlib.sha256()
    for one in labelled:
        digest.update(one.to_json().encode())
    return digest.hexdigest()
