"""What a control costs beside money, as the run that measured it has it: of `align`, `guard` or `oversee`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from drillyard.assurance.case import LedgerFigure
from drillyard.assurance.evidence import Evidence
from drillyard.errors import BadInput, bad_input
from drillyard.records import Estimate, Record

__all__ = ["PRICED", "LedgerLine", "read_ledger"]

_REFUSED, _WAITING = "legitimate requests refused", "latency, median"
PRICED: Mapping[str, str] = {
    _REFUSED: "refused",
    "sound replies blocked": "refused",
    "sound drafts held": "refused",
    "capability lost": "capability",
    _WAITING: "wait_ms",
}
"""Lines that a case's own prices turn into money, and the tax that each is."""


class LedgerLine(Record):
    """One line: the change in its unit, and what align made of it in money, once or a month."""

    tax: str
    item: str
    unit: str
    change: Estimate
    money: Estimate | None = None
    monthly: bool = False


def read_ledger(evidence: Evidence, asked: LedgerFigure, currency: str) -> tuple[LedgerLine, ...]:
    """Return what a run says of a control's taxes. Raises `BadInput`: a run of something else, or other money."""
    data = evidence.data(asked.file)
    kind = str(data.get("record", "")) if isinstance(data, dict) else ""
    if kind not in _READERS:
        found = f"{kind or 'no record'} in {asked.file} as a ledger"
        raise bad_input(found, f"the report of align, guard or oversee serve --measure ({', '.join(_READERS)})")
    if asked.technique and kind != "align-report":
        raise bad_input(f"a technique for the {kind} in {asked.file}", "one for a report of align", "leave it out")
    try:
        return _READERS[kind](data, asked, currency)
    except (KeyError, TypeError) as error:
        raise BadInput(f"{asked.file} has no whole {kind} ({error}): run its command again") from None


def _of_align(data: Mapping[str, Any], asked: LedgerFigure, currency: str) -> tuple[LedgerLine, ...]:
    """Return the lines of one technique's ledger."""
    ledgers = data["ledgers"]
    fits = [
        one for one in ledgers if one["technique"] == asked.technique and asked.strength in (None, one.get("strength"))
    ]
    if len(fits) != 1:
        known = ", ".join(f"{one['technique']} at {one.get('strength')}" for one in ledgers) or "none"
        what = f"{len(fits)} ledgers of {asked.technique or 'no technique'} in {asked.file}"
        raise bad_input(what, f"one of: {known}", "name technique and strength")
    ledger = fits[0]
    if ledger.get("once") and ledger.get("currency") != currency:
        how = "run drillyard align with prices in that currency"
        raise bad_input(f"a ledger in {ledger.get('currency')} in {asked.file}", currency, how)
    return tuple(
        LedgerLine(
            tax=str(line.get("tax", "development")),
            item=line["item"],
            unit=line["unit"],
            change=_estimate(line["change"]),
            money=_estimate(line["money"]) if line.get("money") else None,
            monthly=line.get("recurs") == "month",
        )
        for line in ledger["lines"]
    )


def _of_guard(data: Mapping[str, Any], asked: LedgerFigure, currency: str) -> tuple[LedgerLine, ...]:
    """Return the false alarms of a guard."""
    return (_performance("sound replies blocked", "share of such replies", _estimate(data["false_blocks"])),)


def _of_overseer(data: Mapping[str, Any], asked: LedgerFigure, currency: str) -> tuple[LedgerLine, ...]:
    """Return what an overseer holds by mistake, how long it takes, and its critic's tokens."""
    clocked = [(_WAITING, "ms per request", 1000 * data["p50"])]
    clocked += [("latency, 95th percentile", "ms per request", 1000 * data["p95"])]
    clocked += [("tokens of the critic", "tokens per request", data["tokens"])]
    return (
        _performance("sound drafts held", "share of such drafts", _estimate(data["false_holds"])),
        *(_performance(item, unit, _one_figure(value)) for item, unit, value in clocked),
    )


_READERS: Mapping[str, Callable[[Mapping[str, Any], LedgerFigure, str], tuple[LedgerLine, ...]]] = {
    "align-report": _of_align,
    "guard-check": _of_guard,
    "overseer-quality": _of_overseer,
}


def _performance(item: str, unit: str, change: Estimate) -> LedgerLine:
    return LedgerLine(tax="performance", item=item, unit=unit, change=change)


def _one_figure(value: float) -> Estimate:
    return Estimate(value=value, low=value, high=value, n=1, method="one figure")


def _estimate(stored: Mapping[str, Any]) -> Estimate:
    return Estimate.from_data({key: stored[key] for key in ("value", "low", "high", "n", "method")})
