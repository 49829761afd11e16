"""The ledger of a technique, as a stored run of `drillyard align` has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drillyard.assurance.case import LedgerFigure
from drillyard.assurance.evidence import Evidence
from drillyard.errors import bad_input
from drillyard.records import Estimate, Record

__all__ = ["PRICED", "LedgerLine", "read_ledger"]

PRICED: Mapping[str, str] = {
    "legitimate requests refused": "refused",
    "capability lost": "capability",
    "latency, median": "wait_ms",
}
"""Lines that a case's own prices turn into money, and the tax that each is."""


class LedgerLine(Record):
    """One line: the change in its unit, and what align made of it in money, once or a month."""

    tax: str
    item: str
    unit: str
    change: Estimate
    money: Estimate | None
    recurs: bool


def read_ledger(evidence: Evidence, asked: LedgerFigure, currency: str) -> tuple[LedgerLine, ...]:
    """Return the lines of a technique's ledger. Raises `BadInput`: no such ledger, several, or other money."""
    data = evidence.data(asked.file)
    ledgers = data.get("ledgers") if isinstance(data, dict) else None
    fits = [
        one
        for one in ledgers or ()
        if one.get("technique") == asked.technique and asked.strength in (None, one.get("strength"))
    ]
    if len(fits) != 1:
        raise bad_input(f"{len(fits)} ledgers of {asked.technique} in {asked.file}", "one", "name the strength too")
    ledger: dict[str, Any] = fits[0]
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
            recurs=bool(line.get("recurs")),
        )
        for line in ledger["lines"]
    )


def _estimate(stored: Mapping[str, Any]) -> Estimate:
    return Estimate.from_data({key: stored[key] for key in ("value", "low", "high", "n", "method")})
