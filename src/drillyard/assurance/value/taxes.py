"""The tax ledger: what each control costs beside its effect, in units and in money, with either sign.

Three taxes after Leike (three alignment taxes, 2022): performance (what uses lose), development (money and people's
hours), delay (days until it is there). What `align`, `guard` and `oversee` wrote of it is taken over line by line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from drillyard.assurance.case import Control
from drillyard.assurance.drawn import DrawnCase
from drillyard.assurance.ledger import PRICED
from drillyard.assurance.loss.severity import Array
from drillyard.errors import bad_input
from drillyard.records import Estimate, Record

__all__ = ["TaxKind", "TaxRow", "Taxes", "band", "taxes_of", "total_taxes"]

TaxKind = Literal["performance", "development", "delay"]
_TAXES: Mapping[str, TaxKind] = {"performance": "performance", "time to deployment": "delay"}


class TaxRow(Record):
    """One line: the change in its unit, and the money that is once and in a year. `money` of none is not priced."""

    control: str
    tax: TaxKind
    item: str
    unit: str
    change: Estimate
    once: Estimate | None = None
    yearly: Estimate | None = None
    source: str


@dataclass(frozen=True, kw_only=True)
class Taxes:
    """The ledger of one control, and its sums by draw; `cash` is the part that a budget pays."""

    lines: tuple[Callable[[], TaxRow], ...]
    once: Array
    yearly: Array
    cash_once: Array
    cash_yearly: Array

    @property
    def rows(self) -> tuple[TaxRow, ...]:
        """The lines; their bands are computed when they are asked for."""
        return tuple(line() for line in self.lines)


class _Sum:
    """Adds rows up."""

    def __init__(self, case: DrawnCase, control: str) -> None:
        self.case, self.control = case, control
        self.lines: list[Callable[[], TaxRow]] = []
        self.sums = {name: np.zeros(case.draws) for name in ("once", "yearly", "cash_once", "cash_yearly")}

    def add(
        self, tax: TaxKind, item: str, unit: str, change: Array, source: str, *, once: Array | None = None,
        yearly: Array | None = None, cash: bool = False,
    ) -> None:  # fmt: skip
        """Add a row and its money."""
        for name, money in (("once", once), ("yearly", yearly)):
            if money is not None:
                self.sums[name] = self.sums[name] + money
                if cash:
                    self.sums[f"cash_{name}"] = self.sums[f"cash_{name}"] + money
        self.lines.append(
            lambda: TaxRow(
                control=self.control,
                tax=tax,
                item=item,
                unit=unit,
                change=band(change),
                once=None if once is None else band(once),
                yearly=None if yearly is None else band(yearly),
                source=source,
            )
        )


def taxes_of(case: DrawnCase) -> dict[str, Taxes]:
    """Return the ledger of every control. Raises `BadInput` where a run's ledger is not there, or in other money."""
    return {one.id: _taxes(case, one) for one in case.spec.controls}


def total_taxes(taxes: Mapping[str, Taxes], chosen: frozenset[str], draws: int) -> tuple[Array, Array, Array, Array]:
    """Return once, yearly, and of both what is cash, for chosen controls together."""
    picked = [taxes[name] for name in sorted(chosen)]
    zero = np.zeros(draws)
    return (
        sum((one.once for one in picked), zero),
        sum((one.yearly for one in picked), zero),
        sum((one.cash_once for one in picked), zero),
        sum((one.cash_yearly for one in picked), zero),
    )


def band(values: Array) -> Estimate:
    """Return the mean of draws with the ends of 90 % of them."""
    value = float(values.mean())
    low, high = (float(x) for x in np.quantile(values, [0.05, 0.95]))
    return Estimate(value=value, low=min(low, value), high=max(high, value), n=values.size, method="90% of draws")


def _taxes(case: DrawnCase, control: Control) -> Taxes:
    rows, spec = _Sum(case, control.id), case.spec
    for name in ("once", "yearly"):
        if (ref := getattr(control, name)) is not None:
            money = case.value(f"{control.id}.{name}", ref)
            rows.add("development", f"money, {name}", spec.currency, money, "case", cash=True, **{name: money})
    for name in ("hours_once", "hours_yearly"):
        if (ref := getattr(control.taxes, name)) is not None:
            hours = case.value(f"{control.id}.{name}", ref)
            money = _priced(case, hours, "hour", control.id)
            when = name.removeprefix("hours_")
            rows.add("development", f"people's hours, {when}", "hours", hours, "case", cash=True, **{when: money})
    if control.taxes.delay_days is not None:
        days = case.value(f"{control.id}.delay_days", control.taxes.delay_days)
        rows.add(
            "delay",
            "days until it is there",
            "days",
            days,
            "case",
            once=_priced(case, days, "day_of_delay", control.id),
        )
    for name in ("refused", "capability", "wait_ms"):
        if (ref := getattr(control.taxes, name)) is not None:
            _performance(rows, control, name, case.value(f"{control.id}.{name}", ref), "case")
    if control.ledger:
        _from_ledger(rows, control)
    return Taxes(lines=tuple(rows.lines), **rows.sums)


def _priced(case: DrawnCase, units: Array, price: str, control: str) -> Array:
    ref = getattr(case.spec.prices, price)
    if ref is None:
        raise bad_input(f"{control} without prices.{price}", "what a unit costs", f"state prices.{price}")
    return units * case.value(f"prices.{price}", ref)


def _performance(rows: _Sum, control: Control, name: str, change: Array, source: str) -> None:
    """Add what uses lose: refused ones, wrong ones, and the user's own curve for waiting."""
    case = rows.case
    uses = _priced(case, np.ones(case.draws), "uses", control.id)
    worth = uses * _priced(case, np.ones(case.draws), "use", control.id)
    if name == "wait_ms":
        if not case.spec.prices.latency:
            rows.add("performance", "waiting", "ms per use", change, source)
            return
        ms, lost = zip(*case.spec.prices.latency, strict=True)
        money = worth * np.interp(change, ms, lost)
        rows.add("performance", "waiting", "ms per use", change, source, yearly=money)
        return
    share = case.value(f"{control.id}.refusable", control.taxes.refusable, 1.0) if name == "refused" else 1.0
    item = "legitimate uses refused" if name == "refused" else "capability lost"
    rows.add("performance", item, "share of such uses", change, source, yearly=change * share * worth)


def _from_ledger(rows: _Sum, control: Control) -> None:
    """Take over what a run says of taxes: lines with our prices in money, the rest as the run has them."""
    case = rows.case
    assert control.ledger is not None
    source = f"{control.ledger.file}: ledger of {control.ledger.technique or control.id}"
    for line in case.ledgers[control.id]:
        change = case.values[f"{control.id}.{line.item}"]
        name = PRICED.get(line.item)
        if name:
            if getattr(control.taxes, name) is None:  # the case's own figure takes its place
                _performance(rows, control, name, change, source)
            continue
        paid: dict[str, Array] = {}
        if line.money:
            money = case.values[f"{control.id}.{line.item}, money"]
            paid = {"yearly": 12 * money} if line.monthly else {"once": money}
        rows.add(_TAXES.get(line.tax, "development"), line.item, line.unit, change, source, cash=True, **paid)
