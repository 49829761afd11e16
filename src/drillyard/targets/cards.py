"""The cards of our own targets; listing them loads no implementation."""

from __future__ import annotations

from drillyard.registry import Card

__all__ = ["ECHO", "ORGANISM", "SCRIPTED"]

ORGANISM = Card(
    name="organism",
    goal="Answers with a small model of ours, clean or with planted failures: organism/helpdesk, organism/./folder.",
    target="drillyard.targets.organism:open_organism",
    cost="No download; tens of milliseconds to load, milliseconds per reply in a batch on one CPU core.",
    status="stable",
    options={"temperature": 1.0, "min_p": 0.02, "max_new_tokens": 96},
)

SCRIPTED = Card(
    name="scripted",
    goal="Answers from a file of prepared replies, one JSON object per line: scripted/replies.jsonl.",
    target="drillyard.targets.null:open_scripted",
    cost="Nothing but reading the file.",
    status="stable",
)

ECHO = Card(
    name="echo",
    goal="Answers with the newest user message, to run any tool without a model: echo/.",
    target="drillyard.targets.null:EchoTarget",
    cost="Nothing.",
    status="stable",
)
