"""Taxes as bars from zero, to the right what is paid, to the left what is gained, in SVG units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import get_args

from drillyard.alignment.weighing.ledger import Ledger, Tax, rescale, tax_of
from drillyard.records import Estimate
from drillyard.records.charts import LinearAxis

__all__ = ["TaxBar", "TaxPanel", "money_panels", "unit_panels"]

_LABELS, _WIDE, _GAP, _ROW, _TOP = 128.0, 110.0, 20.0, 26.0, 52.0


@dataclass(frozen=True, kw_only=True)
class TaxBar:
    """A change: from zero to its value, with the ends of its interval."""

    y: float
    x: float
    width: float
    low: float
    high: float
    gain: bool


@dataclass(frozen=True, kw_only=True)
class TaxPanel:
    """One item for all techniques, on an axis of its own with zero on it; a row without bar was not measured."""

    title: str
    unit: str
    axis: LinearAxis
    bars: tuple[TaxBar, ...]


def unit_panels(ledgers: Sequence[Ledger]) -> list[TaxPanel]:
    """Return capability lost, requests refused, latency and time to the first piece, as far as they were measured."""
    wanted = (
        ("capability lost", "capability lost", "points", 100.0),
        ("legitimate requests refused", "over-refusal", "points", 100.0),
        ("latency, median", "median latency", "ms", 1.0),
        ("first piece, median", "first piece", "ms", 1.0),
    )
    found = [(title, unit, [_change(ledger, item, scale) for ledger in ledgers]) for item, title, unit, scale in wanted]
    return _panels([one for one in found if any(one[2])])


def money_panels(ledgers: Sequence[Ledger]) -> list[TaxPanel]:
    """Return the three taxes and their sum over the months of the price file; nothing without prices."""
    if not ledgers or ledgers[0].total is None:
        return []
    unit = ledgers[0].currency
    of: Callable[[Tax], list[Estimate | None]] = lambda tax: [tax_of(ledger, tax) for ledger in ledgers]  # noqa: E731
    panels = [(tax, unit, of(tax)) for tax in get_args(Tax)]
    return _panels([*panels, ("together", unit, [ledger.total for ledger in ledgers])])


def _change(ledger: Ledger, item: str, scale: float) -> Estimate | None:
    return next((rescale(line.change, scale) for line in ledger.lines if line.item == item), None)


def _panels(found: Sequence[tuple[str, str, Sequence[Estimate | None]]]) -> list[TaxPanel]:
    return [_panel(title, unit, some, _LABELS + i * (_WIDE + _GAP)) for i, (title, unit, some) in enumerate(found)]


def _panel(title: str, unit: str, changes: Sequence[Estimate | None], left: float) -> TaxPanel:
    known = [change for change in changes if change]
    low, high = min(0.0, *(one.low for one in known)), max(0.0, *(one.high for one in known))
    axis = LinearAxis(low=low, high=high if high > low else low + 1, left=left, right=left + _WIDE)
    return TaxPanel(
        title=title,
        unit=unit,
        axis=axis,
        bars=tuple(_bar(one, axis, _TOP + _ROW * i) for i, one in enumerate(changes) if one),
    )


def _bar(one: Estimate, axis: LinearAxis, y: float) -> TaxBar:
    ends = sorted((axis.at(0), axis.at(one.value)))
    return TaxBar(
        y=y, x=ends[0], width=ends[1] - ends[0], low=axis.at(one.low), high=axis.at(one.high), gain=one.value < 0
    )
