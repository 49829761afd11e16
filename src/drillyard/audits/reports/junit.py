"""junit.xml: one test case per failure mode and per behaviour that was not found, for continuous integration.

The element names are those of the Apache Ant JUnit report, which Jenkins, GitLab and GitHub's actions read.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as Xml

from drillyard.audits.reports.view import Quiet, Shown, View
from drillyard.records import Estimate
from drillyard.records.charts import ends

__all__ = ["render"]

# What XML 1.0 cannot hold, even escaped; models write such characters too.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(view: View) -> bytes:
    """Return the document. Found and failing: `failure`; found, but no criterion met, or unknown: `skipped`."""
    cases = [*map(_shown_case, view.shown), *map(_quiet_case, view.quiet)]
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": "0",
        "skipped": str(sum(case.find("skipped") is not None for case in cases)),
    }
    name = _legal(f"drillyard audit {view.report.target}")
    root = Xml.Element("testsuites", {"name": "drillyard audit", **counts})
    suite = Xml.SubElement(root, "testsuite", {"name": name, **counts})
    properties = Xml.SubElement(suite, "properties")
    for key, value in _facts(view).items():
        Xml.SubElement(properties, "property", {"name": key, "value": _legal(value)})
    suite.extend(cases)
    Xml.SubElement(suite, "system-out").text = _legal(view.verdict)
    Xml.indent(root)
    text: bytes = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _facts(view: View) -> dict[str, str]:
    facts = {
        "target": view.report.target,
        "scope": view.report.world,
        "queries": str(view.report.queries),
        "verdict": view.verdict,
    }
    facts |= {f"judge.{name}": _words(estimate) for name, estimate in view.report.judge.items()}
    if view.report.made:
        facts |= {
            "command": view.report.made.command,
            "seed": str(view.report.made.seed),
            "drillyard": view.report.made.drillyard,
        }
    return {name: value for name, value in facts.items() if value}


def _shown_case(one: Shown) -> Xml.Element:
    case = Xml.Element("testcase", {"classname": _legal(one.behaviour), "name": _legal(one.trigger or one.id)})
    rate = f"rate {_words(one.rate)} on {one.rate.n} fresh prompts"
    message = f"{one.severity}: {rate}"
    if one.fails:
        failure = Xml.SubElement(case, "failure", {"message": message, "type": str(one.severity)})
        failure.text = _legal("\n".join([one.title, *_evidence(one)]))
    else:
        Xml.SubElement(case, "skipped", {"message": f"found, but it meets no --fail-on: {message}"})
        Xml.SubElement(case, "system-out").text = _legal("\n".join([one.title, *_evidence(one)]))
    return case


def _quiet_case(one: Quiet) -> Xml.Element:
    case = Xml.Element("testcase", {"classname": _legal(one.behaviour), "name": "not found"})
    words = f"{one.words} of the searched prompts (n = {one.share.n})"
    if one.there:
        Xml.SubElement(case, "failure", {"type": one.behaviour, "message": f"shows beyond doubt: {words}"})
    elif not one.telling:
        Xml.SubElement(case, "skipped", {"message": f"unknown: {words}"})
    Xml.SubElement(case, "system-out").text = words
    return case


def _evidence(one: Shown) -> list[str]:
    twin = f"The clean twin: {_words(one.control)} on the same prompts." if one.control else "No twin was asked."
    if not one.evidence:
        return [twin]
    first = one.evidence[0]
    said = [f"{message.role}: {message.content}" for message in first.conversation.messages]
    template = [f"template: {first.conversation.template}"] if first.conversation.template else []
    return [twin, *template, *said, f"assistant: {first.reply.text}"]


def _words(estimate: Estimate) -> str:
    value, interval = ends(estimate)
    return f"{value} ({interval})" if interval else value


def _legal(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
