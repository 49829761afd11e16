"""What refinement found, as one self-contained page: item map, parts, proposals, experiments, and what n it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drillyard.programs.refine import LADDER, RefineReport
from drillyard.programs.simulated import SimulatedRefinement
from drillyard.psychometrics.analysis import Analysis
from drillyard.psychometrics.experiment import RevisionDecision, pairs_needed
from drillyard.records import Estimate
from drillyard.records.charts import LABELS, WIDTH, LinearAxis, Mark
from drillyard.records.pages import fill

__all__ = ["refine_page"]

_ROW, _TOP = 24, 36
_ENDS = 4.0


@dataclass(frozen=True, kw_only=True)
class _Row:
    item: str
    flag: str
    y: float
    mark: Mark | None
    planted: float | None


@dataclass(frozen=True, kw_only=True)
class _Person:
    y: float
    low: float
    value: float
    high: float


def refine_page(
    title: str,
    verdict: str,
    state: str,
    report: RefineReport,
    analysis: Analysis,
    decisions: Sequence[RevisionDecision] = (),
    simulated: SimulatedRefinement | None = None,
) -> str:
    """Return the page as HTML. Names are escaped, nobody is named, and nothing is loaded from elsewhere."""
    axis = LinearAxis(low=-_ENDS, high=_ENDS, left=LABELS + 20, right=WIDTH + 40)
    rows = _rows(analysis, axis, simulated)
    people_top = _TOP + _ROW * len(rows) + 10
    people = _people(analysis.abilities, axis, people_top + 12)
    effects = [one.effect for one in simulated.revisions] if simulated else [0.0] * len(decisions)
    return fill(
        "programs",
        "refine.html.j2",
        title=title,
        verdict=verdict,
        state=state,
        analysis=analysis,
        proposals=(*analysis.proposals, *(report.items.proposals if report.items else ()), *report.questions),
        items=report.items,
        gains=report.gains,
        drills=report.drills,
        assisted=[(one.drill, r) for one in report.drills for r in one.rehearsals if r.solver.startswith("assistant ")],
        simulated=simulated,
        rows=rows,
        people=people,
        people_top=people_top,
        height=people_top + 24 + 3 * len(people),
        middle=axis.at(0),
        ticks=[(axis.at(x), f"{x:g}") for x in axis.ticks(9)],
        tried=list(zip(decisions, effects, strict=True)),
        ladder=LADDER[::-1],
        sizes=[(effect, 2 * pairs_needed(0.5, effect / 100)) for effect in (30, 20, 10)],
        share=_share,
        number_of=_number,
    )


def _rows(analysis: Analysis, axis: LinearAxis, simulated: SimulatedRefinement | None) -> list[_Row]:
    planted = {one.item: one.planted_difficulty for one in simulated.recovered} if simulated else {}
    ordered = sorted(analysis.items, key=lambda one: one.difficulty.value if one.difficulty else 99.0)
    return [
        _Row(
            item=one.item,
            flag=one.flag,
            y=_TOP + _ROW * at,
            mark=_mark(axis, one.difficulty) if one.difficulty else None,
            planted=axis.at(planted[one.item]) if one.item in planted else None,
        )
        for at, one in enumerate(ordered)
    ]


def _mark(axis: LinearAxis, estimate: Estimate) -> Mark:
    low, value, high = (axis.at(x) for x in (estimate.low, estimate.value, estimate.high))
    return Mark(low=low, value=value, high=high, bound=False)


def _people(abilities: Sequence[Estimate], axis: LinearAxis, top: float) -> list[_Person]:
    return [
        _Person(
            y=top + 3 * at,
            low=round(axis.at(one.low), 1),
            value=round(axis.at(one.value), 1),
            high=round(axis.at(one.high), 1),
        )
        for at, one in enumerate(abilities)
    ]


def _share(one: Estimate) -> tuple[str, str]:
    return f"{100 * one.value:.0f} %", f"{100 * one.low:.0f} to {100 * one.high:.0f}"


def _number(one: Estimate | None) -> tuple[str, str]:
    return ("unknown", "") if one is None else (f"{one.value:.2f}", f"{one.low:.2f} to {one.high:.2f}")
