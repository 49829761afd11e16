"""`drillyard case …`: what failures cost, what safety work returns, and the case for the money."""

from __future__ import annotations

from collections.abc import Mapping

import click

from drillyard.cli.app import LazyGroup

__all__ = ["VERBS", "command"]

# Verb -> the first line of its help. Its command is `command` in drillyard/cli/casing/<verb>.py.
VERBS: Mapping[str, str] = {
    "argue": "Check a safety case and write it out, with a pack per standard.",
    "board": "Write the paper that a board decides on.",
    "check": "Evaluate every leaf of a safety case again.",
    "invest": "Say what controls return, what it rests on, and whether to fund them.",
    "loss": "Compute a year's loss, without and with controls.",
    "pin": "Pin the stored runs of a case as they are now.",
}


@click.command(cls=LazyGroup, package="drillyard.cli.casing", nouns=VERBS)
def command() -> None:
    """Make the case for safety work: loss, return, safety case, board paper."""
