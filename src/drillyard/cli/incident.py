"""`drillyard incident …`: what went wrong in production, why, and what helps."""

from __future__ import annotations

from collections.abc import Mapping

import click

from drillyard.cli.app import LazyGroup

__all__ = ["VERBS", "command"]

# Verb -> the first line of its help. Its command is `command` in drillyard/cli/incidents/<verb>.py.
VERBS: Mapping[str, str] = {
    "deadlines": "Say until when a serious incident must be reported.",
    "generate": "Write the logs of an incident whose cause is known.",
    "open": "Read logs of any common form into a sealed case.",
    "remedy": "Put three layers of remedy in place, and measure each before and after.",
    "replay": "Find the minimal cause in the prompt, on the live target.",
    "report": "Write what is known of a case, and what is not.",
    "reward": "Price the behaviour in engagement, thumbs and purchases.",
    "run": "Take all steps of an incident, from its logs to the report.",
    "slice": "Find what the bad replies have in common, beyond chance.",
    "verify": "Say whether a case is still as it was sealed.",
}


@click.command(cls=LazyGroup, package="drillyard.cli.incidents", nouns=VERBS)
def command() -> None:
    """Find why a deployed assistant misbehaved, in its logs, and measure what helps."""
