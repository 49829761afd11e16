"""Returns of controls, by draw: what losses they avoid, what they cost, and the sets of them that nothing beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import optimize, sparse

from drillyard.assurance.drawn import DrawnCase
from drillyard.assurance.loss.portfolio import EffectCell, cells_of, factor_of, frequency, mean_loss
from drillyard.assurance.loss.severity import Array
from drillyard.assurance.value.formulas import annuity
from drillyard.assurance.value.taxes import Taxes, taxes_of, total_taxes

__all__ = ["Bundle", "Returns", "allowed", "best_bundle", "efficient_set"]

Bundle = tuple[str, ...]
_CENT = 0.01
"""The least by which a set has to be cheaper; the programme's own tolerance is 1e-6, and a control may cost nothing."""


@dataclass(frozen=True, kw_only=True)
class Returns:
    """What each set of controls returns in a drawn case. Everything is by draw, in today's money."""

    case: DrawnCase

    @cached_property
    def years(self) -> float:
        """What one a year is worth today."""
        return annuity(self.case.spec.discount, self.case.spec.years)

    @cached_property
    def cells(self) -> list[list[EffectCell]]:
        """What is known of controls, by scenario."""
        return [cells_of(self.case, one) for one in self.case.spec.scenarios]

    @cached_property
    def losses(self) -> list[Array]:
        """Expected loss a year without controls, by scenario."""
        return [mean_loss(self.case, one) for one in self.case.spec.scenarios]

    @cached_property
    def taxes(self) -> dict[str, Taxes]:
        """The tax ledger by control."""
        return taxes_of(self.case)

    def avoided(self, chosen: Sequence[str]) -> Array:
        """Return the loss that is avoided in a year; negative where a control makes things worse."""
        kept = frozenset(chosen)
        parts = [
            loss * (1 - factor_of(cells, kept, self.case.draws).factor)
            for loss, cells in zip(self.losses, self.cells, strict=True)
        ]
        return np.asarray(np.sum(parts, 0))

    def events(self) -> Array:
        """Return harmful events a year without controls."""
        return np.asarray(np.sum([frequency(self.case, one) for one in self.case.spec.scenarios], 0))

    def cost(self, chosen: Sequence[str]) -> Array:
        """Return all taxes, money among them, over all years."""
        once, yearly, _, _ = total_taxes(self.taxes, frozenset(chosen), self.case.draws)
        return once + self.years * yearly

    def cash(self, chosen: Sequence[str]) -> float:
        """Return what a budget has to pay over all years, on average."""
        _, _, once, yearly = total_taxes(self.taxes, frozenset(chosen), self.case.draws)
        return float((once + self.years * yearly).mean())

    def npv(self, chosen: Sequence[str], *, market: bool = False) -> Array:
        """Return the net present value, without any premium; with what `market` it unlocks if that is asked for."""
        found = self.years * self.avoided(chosen) - self.cost(chosen)
        if market:
            for one in self.case.spec.controls:
                if one.id in chosen:
                    found = found + self.years * self.case.value(f"{one.id}.unlock", one.unlock)
        return np.asarray(found)


def allowed(returns: Returns, chosen: frozenset[str]) -> bool:
    """Say whether a set has what its controls need and nothing that they exclude."""
    picked = [one for one in returns.case.spec.controls if one.id in chosen]
    return all({*one.needs} <= chosen and not {*one.excludes} & chosen for one in picked)


def efficient_set(returns: Returns) -> list[Bundle]:
    """Return the best set of controls for every budget at which it changes, the cheapest (nothing) first.

    By rising cash: the best set of all, then the best that costs less, and so on; of equal value the cheaper one.
    """
    found: list[Bundle] = []
    limit = returns.case.spec.budget
    while True:
        best = best_bundle(returns, limit)
        cash = returns.cash(best)
        found.append(best)
        if not best:
            return found[::-1]
        limit = cash - max(1e-6 * abs(cash), _CENT)


def best_bundle(returns: Returns, budget: float | None = None) -> Bundle:
    """Return the set of controls with the highest mean NPV within a budget, by an integer programme.

    A variable per control says whether it is bought, one per scenario and cell which measured effect counts. A cell
    needs all its controls; where controls that were measured together are all bought, that measurement counts.
    """
    spec = returns.case.spec
    names = [one.id for one in spec.controls]
    if not names:
        return ()
    cells = [(s, cell) for s, several in enumerate(returns.cells) for cell in several]
    gains = [returns.years * float((returns.losses[s] * (1 - cell.factor)).mean()) for s, cell in cells]
    cost = [float(returns.cost([name]).mean()) for name in names]
    cash = [returns.cash([name]) for name in names]
    rows, low, high = _constraints(names, cells, returns)
    if budget is not None:
        rows.append([*cash, *([0.0] * len(cells))])
        low.append(-np.inf)
        high.append(budget + 1e-9)
    # a hair for each control, so that of equal sets the smaller one is taken
    hair = 1e-9 * max([abs(x) for x in (*gains, *cost)] or [1.0])
    found = optimize.milp(
        options={"mip_rel_gap": 0},
        c=np.array([*(c + hair for c in cost), *(-g for g in gains)]),
        integrality=np.ones(len(names) + len(cells), int),
        bounds=optimize.Bounds(0, 1),
        constraints=optimize.LinearConstraint(sparse.csr_array(np.array(rows)), low, high),
    )
    if found.x is None:
        return ()
    return tuple(name for name, taken in zip(names, found.x, strict=False) if taken > 0.5)


def _constraints(
    names: Sequence[str], cells: Sequence[tuple[int, EffectCell]], returns: Returns
) -> tuple[list[list[float]], list[float], list[float]]:
    """Return the rows of the programme with their ends."""
    rows: list[list[float]] = []
    high: list[float] = []

    def row(most: float, terms: dict[int, float]) -> None:
        rows.append([terms.get(i, 0.0) for i in range(len(names) + len(cells))])
        high.append(most)

    place = {name: i for i, name in enumerate(names)}
    for scenario in {s for s, _ in cells}:
        row(1, {len(names) + i: 1.0 for i, (s, _) in enumerate(cells) if s == scenario})
    for i, (s, cell) in enumerate(cells):
        for name in cell.controls:
            row(0, {len(names) + i: 1.0, place[name]: -1.0})
        # a control that makes a scenario worse does so when it is bought: its cell must be taken, or a better one
        if len(cell.controls) == 1 and float((returns.losses[s] * (1 - cell.factor)).mean()) < 0:
            others = {len(names) + j: -1.0 for j, (other, _) in enumerate(cells) if other == s}
            row(0, {place[next(iter(cell.controls))]: 1.0, **others})
        if len(cell.controls) > 1:
            smaller = [
                j for j, (other, part) in enumerate(cells) if other == s and len(part.controls) < len(cell.controls)
            ]
            for j in smaller:
                row(len(cell.controls), {len(names) + j: 1.0, **{place[name]: 1.0 for name in cell.controls}})
    for one in returns.case.spec.controls:
        for other in one.needs:
            row(0, {place[one.id]: 1.0, place[other]: -1.0})
        for other in one.excludes:
            row(1, {place[one.id]: 1.0, place[other]: 1.0})
    if not rows:
        row(0, {})
    return rows, [-np.inf] * len(rows), high
