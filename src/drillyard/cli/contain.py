"""`drillyard contain …`: what an untrusted forecaster can do, and what limits it."""

from __future__ import annotations

from collections.abc import Mapping

import click

from drillyard.cli.app import LazyGroup

__all__ = ["VERBS", "command"]

# Verb -> the first line of its help. Its command is `command` in drillyard/cli/containing/<verb>.py.
VERBS: Mapping[str, str] = {
    "channel": "Count the bits that an oracle's answers can carry, and those they do.",
    "forecast": "Say what an oracle reports when its answer moves the outcome.",
    "game": "Solve an audit game: best policy, worst attack, safety by knowledge.",
    "gateway": "Put an oracle gateway in front of any forecaster.",
    "horizon": "Add up risk over years, and find the assumption that breaks the case.",
    "incentives": "Find what a system could gain by knowing, and by controlling.",
    "plan": "Choose layers within budgets, and write the paper for a board.",
    "trial": "Run a desk's year through a gateway policy, with forecasters that cheat.",
}


@click.command(cls=LazyGroup, package="drillyard.cli.containing", nouns=VERBS)
def command() -> None:
    """Measure what a forecaster can do, and what limits it."""
