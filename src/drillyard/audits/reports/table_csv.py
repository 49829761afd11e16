"""findings.csv: one line per failure mode, and one per behaviour of which none was confirmed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from drillyard.audits.reports.view import View
from drillyard.records import Estimate

__all__ = ["COLUMNS", "render"]

_ENDS = ("value", "low", "high", "n")
COLUMNS = (
    "status", "fails", "id", "behaviour", "kind", "severity", "trigger",
    *(f"rate_{end}" for end in _ENDS), *(f"control_{end}" for end in _ENDS), "method", "prompt", "reply",
)  # fmt: skip
"""`rate` is on fresh prompts that meet the trigger; of a behaviour not found it is the share of searched prompts."""


def render(view: View) -> bytes:
    """Return the table, UTF-8 with a byte-order mark, so that spreadsheets read it right."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _safe(value) for name, value in line.items()} for line in _lines(view))
    return text.getvalue().encode("utf-8-sig")


def _lines(view: View) -> Iterator[dict[str, object]]:
    for one in view.shown:
        first = one.evidence[0] if one.evidence else None
        yield {
            "status": "found",
            "fails": "yes" if one.fails else "no",
            "id": one.id,
            "behaviour": one.behaviour,
            "kind": one.kind,
            "severity": str(one.severity),
            "trigger": one.trigger,
            "method": one.rate.method,
            "prompt": first.conversation.last_user if first else "",
            "reply": first.reply.text if first else "",
            **_ends("rate", one.rate),
            **(_ends("control", one.control) if one.control else {}),
        }
    for quiet in view.quiet:
        status = "shows" if quiet.there else "not found" if quiet.telling else "unknown"
        ends = _ends("rate", quiet.share) | ({} if quiet.share.value else {"rate_value": ""})
        yield {"status": status, "fails": "no", "behaviour": quiet.behaviour, "method": quiet.share.method, **ends}


def _ends(name: str, estimate: Estimate) -> dict[str, object]:
    return {f"{name}_{end}": repr(getattr(estimate, end)) for end in _ENDS}


def _safe(value: object) -> object:
    """Keep a spreadsheet from taking text for a formula: what models and people write may begin like one."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
