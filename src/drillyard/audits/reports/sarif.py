"""report.sarif: the findings as static analysis results (SARIF 2.1.0, OASIS standard), for code-scanning pages.

Only what was found is a result: readers of SARIF show every result as an alert. What was not found stands, with its
bound, in the properties of the run.
"""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from typing import Any

from drillyard.audits.reports.view import Shown, View
from drillyard.records import Estimate, Severity
from drillyard.records.charts import ends

__all__ = ["render"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}
_ENDS = ("value", "low", "high", "n", "method")


def render(view: View) -> bytes:
    """Return the document."""
    rules = sorted({one.behaviour for one in view.shown})
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "Drillyard",
                "version": view.report.made.drillyard if view.report.made else version("drillyard"),
                "rules": [_rule(name, view) for name in rules],
            }
        },
        "automationDetails": {"id": f"drillyard-audit/{view.report.target}/"},
        "invocations": [_invocation(view)],
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, rules.index(one.behaviour), view) for one in view.shown],
        "properties": _properties(view),
    }
    return (json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n").encode()


def _rule(name: str, view: View) -> dict[str, Any]:
    shown = [one for one in view.shown if one.behaviour == name]
    worst = max(shown, key=lambda one: one.severity.rank)
    return {
        "id": name,
        "shortDescription": {"text": worst.title.partition(":")[0] or name},
        "defaultConfiguration": {"level": _LEVELS[worst.severity]},
    }


def _result(one: Shown, rule: int, view: View) -> dict[str, Any]:
    fingerprint = hashlib.sha256("\0".join([view.report.target, one.behaviour, one.trigger]).encode()).hexdigest()
    properties: dict[str, Any] = {
        "severity": str(one.severity),
        "trigger": one.trigger,
        "rate": _estimate(one.rate),
        "fails": one.fails,
    }
    if one.control:
        properties["controlRate"] = _estimate(one.control)
    if one.evidence:
        properties["evidence"] = [
            {"messages": [message.model_dump() for message in t.conversation.messages], "reply": t.reply.text}
            for t in one.evidence[:1]
        ]
    value, interval = ends(one.rate)
    return {
        "ruleId": one.behaviour,
        "ruleIndex": rule,
        "kind": "fail",
        "level": _LEVELS[one.severity] if one.fails else "note",
        "message": {"text": f"{one.title}. Rate {value} ({interval}) on {one.rate.n} fresh prompts."},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": "report.json"}, "region": {"startLine": 1}},
                "logicalLocations": [{"fullyQualifiedName": view.report.target, "kind": "module"}],
            }
        ],
        "partialFingerprints": {"failureMode/v1": fingerprint},
        "properties": properties,
    }


def _invocation(view: View) -> dict[str, Any]:
    made: dict[str, Any] = {"executionSuccessful": True, "exitCode": 0 if view.state == "passed" else 1}
    if view.report.made and view.report.made.command:
        made["commandLine"] = view.report.made.command
    return made


def _properties(view: View) -> dict[str, Any]:
    found: dict[str, Any] = {
        "verdict": view.verdict,
        "state": view.state,
        "target": view.report.target,
        "scope": view.report.world,
        "queries": view.report.queries,
        "tokens": view.report.tokens,
        "notFound": {
            one.behaviour: {"atMost": one.share.high, "telling": one.telling} for one in view.quiet if not one.there
        },
        "judge": {name: _estimate(estimate) for name, estimate in view.report.judge.items()},
    }
    return found | ({"made": view.report.made.model_dump(mode="json")} if view.report.made else {})


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return {end: getattr(estimate, end) for end in _ENDS}
