"""`drillyard oversee …`: models that argue, check and decide before an answer reaches anybody."""

from __future__ import annotations

from collections.abc import Mapping

import click

from drillyard.cli.app import LazyGroup

__all__ = ["VERBS", "command"]

# Verb -> the first line of its help. Its command is `command` in drillyard/cli/overseeing/<verb>.py.
VERBS: Mapping[str, str] = {
    "check": "Check an answer claim by claim, or a forecast by the laws of chance.",
    "queue": "List the drafts that wait for a person, and decide them.",
    "run": "Compare a protocol such as debate with asking again, on questions with known answers.",
    "serve": "Put an overseer in front of an assistant: drafts pass, are rewritten, or wait for a person.",
    "values": "Decompose what people value into criteria, weigh them, and write rubric, reward and policy.",
}


@click.command(cls=LazyGroup, package="drillyard.cli.overseeing", nouns=VERBS)
def command() -> None:
    """Let models check each other, decompose what people value, and oversee a live assistant."""
