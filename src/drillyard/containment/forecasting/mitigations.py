"""Ways to take the reward out of steering, side by side: the gap that stays, the reward that stays, what readers lose.

The oracle best-responds to each protocol anew. Sources: Armstrong and O'Rorke 1711.05541 (erasure), Perdomo et al. 2020
(performative stability), Hudson (a pair of predictors; the equilibrium is checked here, not taken on trust).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drillyard.containment.forecasting.influence import Influence, adoption
from drillyard.containment.forecasting.response import best_of, best_reports, honest_reports
from drillyard.containment.forecasting.rules import EDGE, ScoringRule
from drillyard.errors import bad_input
from drillyard.records import Record

__all__ = ["DOES_NOT_SHOW", "Dials", "MitigationRow", "MitigationTable", "compare_mitigations"]

Array = NDArray[np.float64]

DOES_NOT_SHOW = (
    "This does not show that an oracle trained under a protocol wants the score of that protocol, nor what it does "
    "across episodes: each row is a best response within one question."
)

_BINS = 20
"""Bins of a calibration curve over 0 to 1: chosen for the plot, not measured."""


@dataclass(frozen=True, kw_only=True)
class Dials:
    """How strongly each mitigation is applied.

    `readers` is the share that still reads, `disclosed` the share of answers that are published, `cap` the largest move
    of an outcome away from the unread one, `grid` the number of allowed reports, `rounds` of repeated scoring.
    """

    readers: float = 0.25
    disclosed: float = 0.25
    cap: float = 0.05
    grid: int = 21
    rounds: int = 200

    def __post_init__(self) -> None:
        shares = (self.readers, self.disclosed, self.cap)
        if not all(0 <= share <= 1 for share in shares) or self.grid < 2 or self.rounds < 1:
            raise bad_input(f"{self}", "shares and a cap from 0 to 1, a grid of 2 or more, 1 or more rounds")


class MitigationRow(Record):
    """One mitigation, as means over the questions.

    `gap` is |f(report) − report| where the answer is read. `incentive` is the score that the best report gains over
    the most honest one under the same protocol: 0 means that nothing is paid for steering. `score_loss` is the Brier
    loss (report − outcome)² that a reader pays for taking the report at its word. `resolution_lost` is how much less
    the answers tell questions apart than honest ones do (variance of outcomes explained by the report, in 20 bins,
    times the share of readers who get it), negative when they tell more.
    """

    name: str
    gap: float
    gap_most: float
    incentive: float
    score_loss: float
    resolution_lost: float
    note: str


class MitigationTable(Record):
    """All mitigations on the same questions under one rule."""

    rule: str
    questions: int
    rows: tuple[MitigationRow, ...]
    does_not_show: str = DOES_NOT_SHOW


@dataclass(frozen=True, kw_only=True)
class _Played:
    report: Array
    read: Influence
    scored: Influence
    honest: Array
    share: float = 1.0
    gain: Array | None = None
    note: str = ""


_Protocol = Callable[[ScoringRule, Influence, Dials], _Played]


def compare_mitigations(rule: ScoringRule, moved: Influence, dials: Dials | None = None) -> MitigationTable:
    """Return every mitigation with what stays and what it costs, on the questions of one influence."""
    dials = dials or Dials()
    honest = honest_reports(moved, rule)
    reference = _resolution(honest, _at(moved, honest))
    rows = tuple(_row(name, rule, play(rule, moved, dials), reference) for name, play in _PROTOCOLS.items())
    return MitigationTable(rule=rule.name, questions=moved.size, rows=rows)


def _row(name: str, rule: ScoringRule, played: _Played, reference: float) -> MitigationRow:
    outcome = _at(played.read, played.report)
    gap = np.abs(outcome - played.report)
    gain = played.gain
    if gain is None:
        gain = _score(rule, played.scored, played.report) - _score(rule, played.scored, played.honest)
    return MitigationRow(
        name=name,
        gap=float(gap.mean()),
        gap_most=float(gap.max()),
        incentive=max(0.0, float(gain.mean())),
        score_loss=float((gap**2).mean()),
        resolution_lost=reference - played.share * _resolution(played.report, outcome),
        note=played.note,
    )


def _at(moved: Influence, report: Array) -> Array:
    return np.asarray(moved(report[:, None])[:, 0], dtype=float)


def _score(rule: ScoringRule, moved: Influence, report: Array) -> Array:
    return rule.expected(np.clip(report, EDGE, 1 - EDGE), _at(moved, report))


def _resolution(report: Array, outcome: Array) -> float:
    """Return the variance of outcomes between bins of equal reports."""
    bins = np.minimum((report * _BINS).astype(int), _BINS - 1)
    count = np.bincount(bins, minlength=_BINS)
    mean = np.bincount(bins, outcome, _BINS) / np.maximum(count, 1)
    return float((count * (mean - outcome.mean()) ** 2).sum() / len(outcome))


def _none(rule: ScoringRule, moved: Influence, dials: Dials) -> _Played:
    return _Played(report=best_reports(rule, moved), read=moved, scored=moved, honest=honest_reports(moved, rule))


def _erasure(rule: ScoringRule, moved: Influence, dials: Dials) -> _Played:
    unread = adoption(moved, 0.0)
    report = moved.unread[:, 0]
    note = "answers what happens unread; readers still move it"
    return _Played(report=report, read=moved, scored=unread, honest=report, note=note)


def _stable(rule: ScoringRule, moved: Influence, dials: Dials) -> _Played:
    report = moved.unread[:, 0]
    for _ in range(dials.rounds):
        report = _at(moved, report)
    still = float(np.abs(_at(moved, report) - report).max())
    frozen = Influence(name="previous", function=lambda p: _at(moved, report)[:, None], unread=moved.unread)
    note = f"after {dials.rounds} rounds it moves by {still:.1g}; blind to plans over rounds"
    return _Played(report=report, read=moved, scored=frozen, honest=report, note=note)


def _capped(rule: ScoringRule, moved: Influence, dials: Dials) -> _Played:
    def function(p: Array) -> Array:
        return np.asarray(moved.unread + np.clip(moved(p) - moved.unread, -dials.cap, dials.cap), dtype=float)

    return _changed(rule, Influence(name="capped", function=function, unread=moved.unread), "needs a hold on readers")


def _fewer(rule: ScoringRule, moved: Influence, dials: Dials) -> _Played:
    return _changed(rule, adoption(moved, dials.readers), f"{dials.readers:g} of readers", share=dials.readers)


def _changed(rule: ScoringRule, moved: Influence, note: str, share: float = 1.0) -> _Played:
    report, honest = best_reports(rule, moved), honest_reports(moved, rule)
    return _Played(report=report, read=moved, scored=moved, honest=honest, share=share, note=note)


def _disclosure(rule: ScoringRule, moved: Influence, dials: Dials) -> _Played:
    scored = adoption(moved, dials.disclosed)
    report, honest = best_reports(rule, scored), honest_reports(scored, rule)
    note = f"{dials.disclosed:g} of answers published; gap of the published"
    return _Played(report=report, read=moved, scored=scored, honest=honest, share=dials.disclosed, note=note)


def _rounded(rule: ScoringRule, moved: Influence, dials: Dials) -> _Played:
    allowed = np.linspace(0, 1, dials.grid)
    report = best_of(rule, moved, allowed)
    honest = np.rint(honest_reports(moved, rule) * (dials.grid - 1)) / (dials.grid - 1)
    return _Played(report=report, read=moved, scored=moved, honest=honest, note=f"{dials.grid} allowed reports")


def _pair(rule: ScoringRule, moved: Influence, dials: Dials) -> _Played:
    """Two oracles, each paid its score minus the other's; readers see the mean; deviations are tried."""
    honest = honest_reports(moved, rule)
    tried = np.clip(np.linspace(0, 1, 401), EDGE, 1 - EDGE)[None, :]
    truth = moved((tried + honest[:, None]) / 2)
    other = np.clip(honest, EDGE, 1 - EDGE)[:, None]
    payoff = rule.expected(tried, truth) - rule.expected(other, truth)
    gain = np.maximum(payoff.max(axis=1), 0.0)
    away = tried[0, np.argmax(payoff, axis=1)]
    report = np.where(gain > 1e-9, (away + honest) / 2, honest)  # honesty is no equilibrium: one of the two leaves it
    note = f"the best deviation from honesty gains {float(gain.max()):.1g}; void if they collude"
    return _Played(report=report, read=moved, scored=moved, honest=honest, gain=gain, note=note)


_PROTOCOLS: dict[str, _Protocol] = {
    "none": _none,
    "erasure scoring": _erasure,
    "performative stability": _stable,
    "influence bound": _capped,
    "fewer readers": _fewer,
    "randomised disclosure": _disclosure,
    "rounding grid": _rounded,
    "zero-sum pair": _pair,
}
