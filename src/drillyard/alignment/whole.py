"""The whole of a comparison: order, arms, timing, report, page and cards. What `drillyard align` runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from drillyard.alignment.arms import Arm, place_of, run_arms
from drillyard.alignment.course import QUALITY
from drillyard.alignment.lesson import LessonCount
from drillyard.alignment.order import AlignOrder, begin_course
from drillyard.alignment.spec import AlignSpec
from drillyard.alignment.timing import time_arms
from drillyard.alignment.weighing.card import write_card
from drillyard.alignment.weighing.curves import Curve, read_curve
from drillyard.alignment.weighing.page import write_page
from drillyard.alignment.weighing.prices import Prices, read_prices
from drillyard.alignment.weighing.recommend import Limit
from drillyard.alignment.weighing.report import AlignReport, report_of
from drillyard.alignment.weighing.sheet import words_of
from drillyard.judges.measure import pool
from drillyard.judges.measured import read_quality
from drillyard.records import ArmResult
from drillyard.records.files import read_record, write_record
from drillyard.records.progress import Progress, silent
from drillyard.tasks.placement import HERE, PartReport, Placement

__all__ = ["PAGE", "REPORT", "Weighing", "align_part", "compare_arms"]

REPORT, PAGE = "align.json", "align.html"
_WATCH = "watch.json"
"""Beside a curve of reinforcement learning: whether the reward rose while the judge's fell."""


@dataclass(frozen=True, kw_only=True)
class Weighing:
    """How the results of a comparison are weighed: costs, limits, the user's prices, and whether answering is timed."""

    weights: Mapping[str, float] | None = None
    limits: Sequence[Limit] = ()
    prices: Path | None = None
    timing: bool = True
    command: str = ""


def compare_arms(
    order: AlignOrder, weighing: Weighing, folder: Path, *, placement: Placement = HERE, told: Progress = silent
) -> AlignReport:
    """Compare techniques, write report, page and cards into a folder, and return the report.

    Weights, limits and prices may change between two calls on one folder: nothing is trained again for them.

    Raises:
        BadInput: something that the user can put right; finished arms stay.
    """
    prices = read_prices(weighing.prices) if weighing.prices else None
    with placement.held(folder):
        return _run(order, weighing, prices, folder, placement, told)


def align_part(order: AlignOrder, folder: Path, placement: Placement, told: Progress = silent) -> PartReport:
    """Run the part of a comparison's arms that the placement names. Raises as `compare_arms` does."""
    with placement.held(folder):
        course = begin_course(order, folder)
        run_arms(course.spec, folder, placement=placement, told=told, course=course)
        return placement.report(folder)


def _run(
    order: AlignOrder, weighing: Weighing, prices: Prices | None, folder: Path, placement: Placement, told: Progress
) -> AlignReport:
    course = begin_course(order, folder)
    spec = course.spec
    results = run_arms(spec, folder, placement=placement, told=told, course=course)
    if weighing.timing:
        results = time_arms(spec, folder, results, told)
    report = report_of(
        results,
        start=spec.target,
        scope=spec.scope,
        weights=weighing.weights,
        limits=weighing.limits,
        prices=prices,
        held_out=spec.back,
        curves=_curves(folder, results),
        notes=[*_notes(spec, folder), *_watched(folder, results)],
        command=weighing.command,
        hashes={name: value for name, value in _hashes(spec).items() if value},
    )
    write_record(folder / REPORT, report)
    write_page(report, folder / PAGE)
    for name in dict.fromkeys(result.technique for result in results):
        write_card(report, name, folder / "arms" / name / "README.md")
    return report


def _hashes(spec: AlignSpec) -> dict[str, str]:
    return {
        "start": spec.target_hash,
        "world": spec.scope_hash,
        "preferences": spec.preferences,
        "findings": spec.findings,
        "policy": spec.policy,
    }


def _curves(folder: Path, results: Sequence[ArmResult]) -> list[Curve]:
    return [read_curve(_curve(folder, one), one) for one in results if one.curve]


def _curve(folder: Path, one: ArmResult) -> Path:
    return place_of(folder, Arm(technique=one.technique, strength=one.strength, seed=one.seed)) / one.curve


def _watched(folder: Path, results: Sequence[ArmResult]) -> list[str]:
    """Return what the watch for over-optimisation says of every arm that learned from rewards."""
    said = []
    for one in results:
        path = _curve(folder, one).with_name(_WATCH)
        if one.curve and path.is_file():
            reason = json.loads(path.read_text(encoding="utf-8"))["reason"]
            said.append(f"Watch of {words_of((one.technique, one.strength))}, seed {one.seed}: {reason}.")
    return said


def _notes(spec: AlignSpec, folder: Path) -> list[str]:
    """Say what the lessons were made of, and what the figures do not tell."""
    count = read_record(folder / "lessons" / f"{spec.seeds[0]}.count.json", LessonCount)
    made = ", ".join(f"{n} {name}" for name, n in count.categories.items())
    licences = ", ".join(f"{n} {name}" for name, n in count.licences.items())
    left = f"{count.repeated} repeated and {count.leaked} that the exam asks were left out"
    notes = [f"Seed {spec.seeds[0]} learned from {count.pairs} pairs ({made}; licences: {licences}); {left}."]
    if spec.preferences:
        notes.append("The pairs are the user's own: no sort of request was held back, so none is measured as new.")
    if spec.favour:
        notes.append(f"The raters of the lesson like: {', '.join(spec.favour)}.")
    if spec.judge_quality:
        found = pool(read_quality(folder / QUALITY))
        sees, passes = found["sensitivity"].value, found["specificity"].value
        error = f"sees {sees:.1%} of failing replies and lets {passes:.1%} of sound ones pass"
        notes.append(f"Judged by {spec.judge}, which {error}: rates are as it sees them, and not corrected for that.")
    return notes
