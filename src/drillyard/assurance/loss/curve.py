"""The loss curve of a case: what nobody knows yet in the outer draws, the chance of a year exactly in the inner ones.

Each outer draw has its own exact distribution. The headline is that of all draws mixed, which is what one believes of
next year; the band is where 90 % of the draws lie, which is what more evidence could move.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from drillyard.assurance.case import CaseSpec, Scenario
from drillyard.assurance.drawn import Certificate, DrawnCase
from drillyard.assurance.loss.compound import LossGrid, compound, fit_grid, put_on_grid
from drillyard.assurance.loss.copula import add_dependent, root_of
from drillyard.assurance.loss.portfolio import (
    base_severity,
    cells_of,
    doubt_of,
    factor_of,
    frequency,
    mean_severity,
    perils_at,
    severity_at,
)
from drillyard.assurance.loss.severity import Array, TabledMean
from drillyard.assurance.value.words import tell
from drillyard.errors import bad_input
from drillyard.records import Estimate, Record
from drillyard.records.progress import Progress, silent
from drillyard.stats.shown import percent

__all__ = ["BAND", "LossChance", "LossCurve", "LossReport", "loss_curves", "report_loss"]

BAND = 0.9
_POINTS = 2**13
_YEARS = 20_000
"""Simulated years of each draw where scenarios are correlated: with 300 draws the headline rests on six million."""
_PLOTTED = 60
_METHOD = "predictive, 90% of draws"


class LossChance(Record):
    """The chance that a year's loss exceeds an amount: as believed, and where 90 % of draws lie."""

    loss: float
    chance: float
    low: float
    high: float


class LossCurve(Record):
    """A year's loss behind a set of controls.

    `mean` and `tvar` are none where a severity has no mean. `notes` say what of the controls did not count and why.
    """

    controls: tuple[str, ...]
    mean: Estimate | None
    var95: Estimate
    var99: Estimate
    tvar95: Estimate | None
    tvar99: Estimate | None
    over: Estimate
    within_appetite: float
    points: tuple[LossChance, ...]
    by_scenario: dict[str, Estimate]
    notes: tuple[str, ...] = ()
    extended: int = 0


def loss_curves(case: DrawnCase, bundles: Sequence[tuple[str, ...]], inner: int = 300) -> tuple[LossCurve, ...]:
    """Return the loss curve behind each bundle of controls, all on the same draws.

    Args:
        case: drawn; its first `inner` draws are used.
        bundles: sets of controls by id; the empty one is the inherent loss.
        inner: outer draws for which the year is computed exactly.
    """
    inner = min(inner, case.draws)
    cells = [cells_of(case, one) for one in case.spec.scenarios]
    found = []
    for chosen in bundles:
        factors = [factor_of(one, frozenset(chosen), case.draws) for one in cells]
        notes = [
            f"{scenario.id}: {note}"
            for scenario, factor in zip(case.spec.scenarios, factors, strict=True)
            for note in (_never_seen(case, scenario), factor.note)
            if note
        ]
        found.append(_curve(case, chosen, [one.factor for one in factors], notes, inner))
    return tuple(found)


def _never_seen(case: DrawnCase, scenario: Scenario) -> str:
    """Say what no failure in a test leaves possible."""
    name = case.names.get(scenario.rate if isinstance(scenario.rate, str) else f"{scenario.id}.rate", "")
    found = next((one for one in case.certificates if one.name == name and one.kind == "MEASURED"), None)
    if found is None or found.low > 0 or found.high == 0:
        return ""
    return f"no failure was seen in {found.origin}, which leaves a rate of up to {percent(found.high, None, 2)} (95 %)"


def _curve(
    case: DrawnCase, chosen: tuple[str, ...], factors: Sequence[Array], notes: Sequence[str], inner: int
) -> LossCurve:
    spec = case.spec
    rates = np.array([frequency(case, one) * left for one, left in zip(spec.scenarios, factors, strict=True)])
    means = np.array([mean_severity(case, one) for one in spec.scenarios])
    yearly = np.multiply(rates, means, out=np.zeros_like(rates), where=rates > 0)  # never is nothing, at any price
    total = yearly.sum(0)
    worst = int(np.argmax(np.where(np.isfinite(total), total, rates.sum(0))[:inner]))
    perils = perils_at(case, factors, worst)
    if spec.correlations:  # bad years that meet reach farther than independent ones
        ends = [fit_grid([one], reach=spec.appetite.loss) for one in perils]
        end, extended = math.fsum(end for end, _ in ends), max(times for _, times in ends)
    else:
        end, extended = fit_grid(perils, reach=spec.appetite.loss, shock=spec.shock)
    grids = _grids(case, rates, yearly, end, inner)
    mean = float(np.mean([one.mean for one in grids]))
    mixed = LossGrid(step=grids[0].step, mass=np.mean([one.mass for one in grids], 0), mean=mean)
    over = [one.over(spec.appetite.loss) for one in grids]
    has_mean = bool(np.isfinite(total).all())
    together = [f"{' and '.join(one.between)}: years correlated {one.rho:g}, by {one.by}" for one in spec.correlations]
    told = [*notes, *together]
    if not has_mean:
        told.append("a severity has no mean, so none is given, nor one of the tail: only quantiles are")
    return LossCurve(
        controls=chosen,
        mean=_estimate(float(total.mean()), total) if has_mean else None,
        var95=_estimate(mixed.var(0.95), [one.var(0.95) for one in grids]),
        var99=_estimate(mixed.var(0.99), [one.var(0.99) for one in grids]),
        tvar95=_estimate(mixed.tvar(0.95), [one.tvar(0.95) for one in grids]) if has_mean else None,
        tvar99=_estimate(mixed.tvar(0.99), [one.tvar(0.99) for one in grids]) if has_mean else None,
        over=_estimate(mixed.over(spec.appetite.loss), over),
        within_appetite=float(np.mean(np.array(over) <= spec.appetite.chance)),
        points=_points(grids, mixed, spec.appetite.loss),
        by_scenario={
            one.id: _estimate(float(row.mean()), row)
            for one, row in zip(spec.scenarios, yearly, strict=True)
            if np.isfinite(row).all()
        },
        notes=tuple(told),
        extended=extended,
    )


def _grids(case: DrawnCase, rates: Array, yearly: Array, end: float, inner: int) -> list[LossGrid]:
    """Return the distribution of each draw, all on one grid: exact, or simulated where scenarios are correlated."""
    step, spec = end / _POINTS, case.spec
    root = _root(spec)
    doubts = [doubt_of(case, one) for one in spec.scenarios]
    bases = [
        TabledMean.of(
            base_severity(one), 1.01 * end / float(doubt.min()) + (one.insurance.limit if one.insurance else 0)
        )
        for one, doubt in zip(spec.scenarios, doubts, strict=True)
    ]
    kept: dict[tuple[int, float], Array] = {}

    def mass(place: int, doubt: float) -> Array:
        if (place, doubt) not in kept:
            severity = severity_at(spec.scenarios[place], doubt, bases[place])
            made = put_on_grid(severity, step, _POINTS, "mean")
            if doubt != 1:
                return made
            kept[place, doubt] = made
        return kept[place, doubt]

    found = []
    for draw in range(inner):
        parts = [
            (float(rates[place, draw]), mass(place, float(doubts[place][draw])), one.clustering)
            for place, one in enumerate(spec.scenarios)
        ]
        if spec.correlations:
            alone = [
                compound([part], step=step, points=_POINTS, mean=float(mean))
                for part, mean in zip(parts, yearly[:, draw], strict=True)
            ]
            found.append(add_dependent(alone, root, _YEARS, (case.seed, draw)))
        else:
            mean = float(yearly[:, draw].sum())
            found.append(compound(parts, step=step, points=_POINTS, mean=mean, shock=spec.shock))
    return found


def _root(spec: CaseSpec) -> Array:
    """Return the root of the correlations between scenarios."""
    ids = [one.id for one in spec.scenarios]
    matrix = np.eye(len(ids))
    for pair in spec.correlations:
        a, b = (ids.index(name) for name in pair.between)
        matrix[a, b] = matrix[b, a] = pair.rho
    return root_of(matrix)


def _points(grids: Sequence[LossGrid], mixed: LossGrid, appetite: float) -> tuple[LossChance, ...]:
    """Return points of the exceedance curve between what is lost in most years and one in a thousand."""
    top = max(mixed.var(min(0.999, float(mixed.cumulative[-1]) - 1e-9)), 1.1 * appetite)
    losses = np.linspace(0, top, _PLOTTED)
    chances = np.array([[one.over(x) for x in losses] for one in grids])
    low, high = np.quantile(chances, [(1 - BAND) / 2, (1 + BAND) / 2], axis=0)
    rows = zip(losses.tolist(), (mixed.over(x) for x in losses), low.tolist(), high.tolist(), strict=True)
    return tuple(LossChance(loss=x, chance=p, low=a, high=b) for x, p, a, b in rows)


def _estimate(value: float, draws: Sequence[float] | Array) -> Estimate:
    values = np.asarray(draws, float)
    low, high = np.quantile(values, [(1 - BAND) / 2, (1 + BAND) / 2])
    low, high = min(float(low), value), max(float(high), value)
    if not math.isfinite(value):
        raise ValueError("an infinite estimate")
    return Estimate(value=value, low=low, high=high, n=values.size, method=_METHOD)


class LossReport(Record):
    """A year's loss without controls, and behind each set that was asked for; it `holds` within the appetite."""

    title: str
    currency: str
    holds: bool
    verdict: str
    curves: tuple[LossCurve, ...]
    certificates: tuple[Certificate, ...]
    seed: int
    draws: int


def report_loss(case: DrawnCase, chosen: Sequence[str] = (), inner: int = 300, told: Progress = silent) -> LossReport:
    """Return the loss of a case: inherent, and residual behind chosen controls (each one alone when none is named).

    Raises:
        BadInput: an unknown control.
    """
    spec = case.spec
    known = [one.id for one in spec.controls]
    if strangers := [name for name in chosen if name not in known]:
        raise bad_input(f"the control {strangers[0]!r}", f"some of: {', '.join(known) or 'none in this case'}")
    bundles: list[tuple[str, ...]] = [(), tuple(chosen)] if chosen else [(), *((name,) for name in known)]
    curves: list[LossCurve] = []
    for done, one in enumerate(bundles, start=1):
        curves += loss_curves(case, [one], inner)
        told("loss behind sets of controls", done, len(bundles))
    inherent = curves[0]
    holds = inherent.over.value <= spec.appetite.chance
    mean = "an amount without a mean (the tail is too heavy)"
    if inherent.mean:
        mean = f"{spec.currency} {tell(inherent.mean.value)} on average"
    accepted = percent(spec.appetite.chance, spec.appetite.chance)
    return LossReport(
        title=spec.title,
        currency=spec.currency,
        holds=holds,
        verdict=(
            f"Without controls a year costs {mean}; it loses more than {spec.currency} {spec.appetite.loss:,.0f} with "
            f"a chance of {percent(inherent.over.value, spec.appetite.chance, 1)} "
            f"({percent(inherent.over.low, None, 1)} to {percent(inherent.over.high, None, 1)}), "
            f"{'within' if holds else 'above'} the {accepted} that is accepted."
        ),
        curves=tuple(curves),
        certificates=case.certificates,
        seed=case.seed,
        draws=case.draws,
    )
