"""`drillyard probe …`: read inside a model, and say what may be claimed of it."""

from __future__ import annotations

from collections.abc import Mapping

import click

from drillyard.cli.app import LazyGroup

__all__ = ["VERBS", "command"]

# Verb -> the first line of its help. Its command is `command` in drillyard/cli/probing/<verb>.py.
VERBS: Mapping[str, str] = {
    "audit": "Fit a probe, hold every control beside it, and say what may be claimed.",
    "capture": "Read hidden states into a store that knows which model they are of.",
    "detect": "Fit probes on labelled replies, measure them, and rank what has not been judged.",
    "plant": "Train a planted liar of which is known whether it uses the truth.",
    "recheck": "Measure probes again, on a model that has been changed.",
}


@click.command(cls=LazyGroup, package="drillyard.cli.probing", nouns=VERBS)
def command() -> None:
    """Read inside a model, and say what may be claimed of it."""
