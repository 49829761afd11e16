"""`drillyard oversee …`: models that argue, check and decide before an answer reaches anybody."""

from __future__ import annotations

from collections.abc import Mapping

import click

from drillyard.cli.app import LazyGroup

__all__ = ["VERBS", "command"]

# Verb -> the first line of its help. Its command is `command` in drillyard/cli/overseeing/<verb>.py.
VERBS: Mapping[str, str] = {
    "run": "Compare a protocol such as debate with asking again, on questions with known answers.",
}


@click.command(cls=LazyGroup, package="drillyard.cli.overseeing", nouns=VERBS)
def command() -> None:
    """Let models check each other, decompose what people value, and oversee a live assistant."""
