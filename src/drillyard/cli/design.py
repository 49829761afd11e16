"""`drillyard design …`: a plan from a brief, and what a plan is made from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from drillyard.cli.app import LazyGroup
from drillyard.errors import did_you_mean

__all__ = ["VERBS", "command"]

# Verb -> the first line of its help. Its command is `command` in drillyard/cli/designing/<verb>.py.
VERBS: Mapping[str, str] = {
    "competencies": "Show, export or import the competencies that programmes are planned from.",
    "draft": "Draft readings, questions and scenarios from a programme's policies.",
    "plan": "Plan a programme from a brief.",
    "review": "Review drafts of a programme: every claim with its place; accept, reject or edit by id.",
}


class _PlanByDefault(LazyGroup):
    """A group in which a brief may stand where a verb would: `design BRIEF -o DIR` is `design plan BRIEF -o DIR`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb; anything else is a brief, unless it is no file and nearly a verb."""
        if args[0] in self.nouns or (did_you_mean(args[0], self.nouns) and not Path(args[0]).exists()):
            return super().resolve_command(ctx, args)
        return "plan", self.get_command(ctx, "plan"), args


@click.command(
    cls=_PlanByDefault,
    package="drillyard.cli.designing",
    nouns=VERBS,
    subcommand_metavar="BRIEF [OPTIONS] | COMMAND [ARGS]...",
    context_settings={"ignore_unknown_options": True},
)
def command() -> None:
    """Plan a programme from a brief.

    `drillyard design BRIEF -o DIR` is short for `drillyard design plan BRIEF -o DIR`.
    """
