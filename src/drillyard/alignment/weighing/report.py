"""The report of a comparison: everything that is known of every technique, and how that is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from drillyard.alignment.exam import CAPABILITY, HARMFUL, PHRASING, REFUSAL
from drillyard.alignment.weighing.comparison import Comparison, compare
from drillyard.alignment.weighing.curves import Curve
from drillyard.alignment.weighing.frontier import Hypervolume, Point, hypervolumes_of, points_of
from drillyard.alignment.weighing.ledger import Ledger, ledger_of
from drillyard.alignment.weighing.prices import Prices
from drillyard.alignment.weighing.rates import Rate, draw, rates_of
from drillyard.alignment.weighing.recommend import Limit, Recommendation, recommend, weights_for
from drillyard.alignment.weighing.sheet import START, ArmSheet, Key, Part, figure_of, sheet_of
from drillyard.errors import bad_input
from drillyard.records import ArmResult, KindCount, Provenance, Record
from drillyard.records.files import read_record

__all__ = ["AlignReport", "TechniqueKinds", "best_points", "read_report", "report_of", "technique_point"]

_COMPARED = (HARMFUL, REFUSAL, CAPABILITY)


class TechniqueKinds(Record):
    """What replies do with one side's requests under a technique, the training seeds of its best strength together."""

    technique: str
    strength: float
    metric: str
    split: str
    kinds: Mapping[str, int]
    free: int


class AlignReport(Record):
    """Techniques side by side.

    `start` is the reference of the model as it was, `scope` its world. `exam` counts the questions per metric, with
    `@category` behind those on the sorts of request that no lesson had (`held_out`). `seeds` are those of training.
    `kinds` are what replies do, by their style where they are free (`judges/reply_kinds.py`): leads, no measurement.
    `best` is each technique's strength that the recommendation would take were it the only one; comparisons and ledgers
    are at these.
    """

    start: str
    scope: str
    techniques: tuple[str, ...]
    best: Mapping[str, float]
    rates: tuple[Rate, ...]
    points: tuple[Point, ...]
    comparisons: tuple[Comparison, ...]
    hypervolumes: tuple[Hypervolume, ...]
    recommendation: Recommendation
    weights: Mapping[str, float]
    limits: tuple[Limit, ...]
    ledgers: tuple[Ledger, ...]
    prices: Prices | None = None
    exam: Mapping[str, int]
    held_out: tuple[str, ...] = ()
    seeds: tuple[int, ...]
    curves: tuple[Curve, ...] = ()
    notes: tuple[str, ...] = ()
    kinds: tuple[TechniqueKinds, ...] = ()
    made: Provenance

    @property
    def good_enough(self) -> bool:
        """Say whether some point holds all limits."""
        return bool(self.recommendation.technique)


def report_of(
    arms: Sequence[ArmResult],
    *,
    start: str,
    scope: str = "",
    weights: Mapping[str, float] | None = None,
    limits: Sequence[Limit] = (),
    prices: Prices | None = None,
    start_flops: float = 0.0,
    held_out: Iterable[str] = (),
    curves: Sequence[Curve] = (),
    notes: Sequence[str] = (),
    command: str = "",
    hashes: Mapping[str, str] | None = None,
    seed: int = 1,
) -> AlignReport:
    """Weigh techniques against each other.

    Args:
        arms: results of every technique, strength and seed on one exam, those of `identity` among them.
        start: reference of the model as it was.
        scope: name of its world.
        weights: cost of one unit of each figure; unless given, harmful compliance, over-refusal, capability lost and
            every failure of the target cost alike.
        limits: that the recommended point must hold.
        prices: to tell the ledger in money.
        start_flops: what training the start took; 0 is unknown.
        held_out: sorts of request that no lesson had.
        curves: of reinforcement learning.
        notes: what a reader must know and no figure says.
        command: that was typed.
        hashes: SHA-256 of what it was made from.
        seed: of the bootstrap.

    Raises:
        BadInput: arms that cannot be compared (`sheet_of`), or a weight or limit on what was not measured.
    """
    sheet = sheet_of(arms)
    drawn = draw(sheet, seed)
    points = points_of(drawn)
    known = {figure_of(part) for part in sheet.sizes}
    weighed = weights_for(known) if weights is None else dict(weights)
    recommendation = recommend(points, weighed, limits)
    best = best_points(points, weighed, limits)
    chosen: list[Key] = [(name, best[name]) for name in sheet.techniques]
    chosen.sort(key=lambda key: key[0] != START)
    parts = [part for part in sheet.sizes if part[0] in _COMPARED]
    return AlignReport(
        start=start,
        scope=scope,
        techniques=sheet.techniques,
        best=best,
        rates=rates_of(drawn),
        points=points,
        comparisons=compare(drawn, chosen, parts),
        hypervolumes=hypervolumes_of(drawn),
        recommendation=recommendation,
        weights=weighed,
        limits=tuple(limits),
        ledgers=tuple(ledger_of(drawn, key, prices, start_flops) for key in chosen if key[0] != START),
        prices=prices,
        exam={metric if split == PHRASING else f"{metric}@{split}": n for (metric, split), n in sheet.sizes.items()},
        held_out=tuple(sorted(held_out)),
        seeds=tuple(sorted({arm.seed for arm in arms if arm.technique != START})),
        curves=tuple(curves),
        notes=tuple(notes),
        kinds=_kinds(sheet, chosen),
        made=Provenance(drillyard=version("drillyard"), command=command, seed=seed, hashes=dict(hashes or {})),
    )


def _kinds(sheet: ArmSheet, chosen: Sequence[Key]) -> tuple[TechniqueKinds, ...]:
    """Count over seeds what replies do, in the order of the techniques and of the exam's parts."""
    found = []
    for key in chosen:
        parts: dict[Part, list[KindCount]] = {}
        for one in (one for arm in sheet.arms[key] for one in arm.kinds):
            parts.setdefault((one.metric, one.split), []).append(one)
        for (metric, split), some in parts.items():
            counts = sum((Counter(one.kinds) for one in some), Counter[str]())
            found.append(
                TechniqueKinds(
                    technique=key[0],
                    strength=key[1],
                    metric=metric,
                    split=split,
                    kinds=dict(counts),
                    free=sum(one.free for one in some),
                )
            )
    return tuple(found)


def best_points(points: Sequence[Point], weights: Mapping[str, float], limits: Sequence[Limit]) -> dict[str, float]:
    """Return each technique's strength that would be recommended, or would be nearest, were it the only one."""
    best = {}
    for name in dict.fromkeys(point.technique for point in points):
        own = [point for point in points if point.technique == name]
        found = recommend(own, weights, limits)
        best[name] = found.strength if found.technique else found.nearest_strength
    return best


def technique_point(report: AlignReport, technique: str) -> Point:
    """Return a technique's point at its best strength. Raises `BadInput` for one that was not run."""
    for point in report.points:
        if point.technique == technique and point.strength == report.best[technique]:
            return point
    raise bad_input(f"technique {technique!r}", f"one of: {', '.join(report.techniques)}")


def read_report(path: Path) -> AlignReport:
    """Read a stored report. Raises `BadInput`, with the file's name."""
    return read_record(path, AlignReport, "the align.json of drillyard align -o")
