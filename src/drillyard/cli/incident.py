"""`drillyard incident …`: what went wrong in production, why, and what helps."""

from __future__ import annotations

from collections.abc import Mapping

import click

from drillyard.cli.app import LazyGroup

__all__ = ["VERBS", "command"]

# Verb -> the first line of its help. Its command is `command` in drillyard/cli/incidents/<verb>.py.
VERBS: Mapping[str, str] = {}


@click.command(cls=LazyGroup, package="drillyard.cli.incidents", nouns=VERBS)
def command() -> None:
    """Find why a deployed assistant misbehaved, in its logs, and measure what helps."""
