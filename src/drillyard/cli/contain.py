"""`drillyard contain …`: what an untrusted forecaster can do, and what limits it."""

from __future__ import annotations

from collections.abc import Mapping

import click

from drillyard.cli.app import LazyGroup

__all__ = ["VERBS", "command"]

# Verb -> the first line of its help. Its command is `command` in drillyard/cli/containing/<verb>.py.
VERBS: Mapping[str, str] = {
    "gateway": "Put an oracle gateway in front of any forecaster.",
}


@click.command(cls=LazyGroup, package="drillyard.cli.containing", nouns=VERBS)
def command() -> None:
    """Measure and limit what a forecaster can do, and plan its containment."""
