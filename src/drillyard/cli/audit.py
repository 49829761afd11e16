"""`drillyard audit …`: search a target for failures, measure judges, rank risks, forecast deployment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from drillyard import registry
from drillyard.audits.audit import TELLING, AuditReport, examine
from drillyard.cli import show
from drillyard.cli.app import LazyGroup
from drillyard.cli.auditing.options import judge_options, scope_option, world_of
from drillyard.judges.reference import open_measured
from drillyard.targets import open_target

__all__ = ["VERBS", "command"]

# Verb -> the first line of its help. Its command is `command` in drillyard/cli/auditing/<verb>.py.
VERBS: Mapping[str, str] = {
    "fmea": "Rank failure modes by severity, occurrence and measured detectability.",
    "forecast": "Forecast rare failures at deployment volume from an evaluation.",
    "judge": "Fit judges, and measure how often they are right.",
    "recheck": "Measure an audit's findings again, on fresh prompts.",
}


class _AuditGroup(LazyGroup):
    """A group whose verb may be left out: `drillyard audit TARGET` is `drillyard audit run TARGET`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the verb `run` in front of what begins with no verb."""
        known = [*self.list_commands(ctx), "--help"]
        return super().parse_args(ctx, args if args and args[0] in known else ["run", *args])

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs of this file and of the modules beside it."""
        return sorted([*self.nouns, *self.commands])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a verb of this file, or import one."""
        return self.commands.get(cmd_name) or super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb; `parse_args` has made sure that there is one."""
        return click.Group.resolve_command(self, ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs, without importing any."""
        with formatter.section("Commands (run when none is named)"):
            formatter.write_dl(
                [(verb, {"run": "Search a target for failures.", **VERBS}[verb]) for verb in self.list_commands(ctx)]
            )


@click.command(cls=_AuditGroup, package="drillyard.cli.auditing", nouns=VERBS)
def command() -> None:
    """Search a target for failures.

    drillyard audit TARGET searches (its options: drillyard audit run --help); the other verbs measure judges, rank what
    was found, measure it again after a fix, and forecast what deployment will meet.
    """


@command.command("run")
@click.argument("target")
@click.option("--twin", help="Model reference of a clean twin; what it shows as well is no finding.")
@scope_option
@click.option("--budget", type=int, default=1000, show_default=True, help="Queries to the target.")
@click.option("--search", default="sweep", show_default=True, help="Search method.")
@judge_options
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Decides prompts and samples.")
@show.handler
def _run(
    target: str,
    twin: str | None,
    scope: str | None,
    budget: int,
    search: str,
    judge: str,
    judge_quality: Path | None,
    rubric: str,
    seed: int,
) -> show.Outcome:
    """Search a target for failures.

    Exits 1 when failures are found, or when too little could be judged to say that there are none.
    """
    other = open_target(twin) if twin else None
    method, asked = registry.create("searches", search), open_target(target)
    world = world_of(scope, asked)
    measured = open_measured(judge, world, judge_quality, rubric)
    report = examine(
        asked, other, world=world, budget=budget, seed=seed, judge=measured, search=method, progress=show.say
    )
    return _shown(report)


def _shown(report: AuditReport) -> show.Outcome:
    count = len(report.findings)
    rows = [(f.mode.severity, f.mode.behaviour, f.rate, f.mode.trigger.words) for f in report.findings]
    findings = show.table("Findings", ("severity", "behaviour", "rate on fresh prompts", "trigger"), rows)
    judge = show.table("Judge, measured on planted truth", ("figure", "share right"), report.judge.items())
    found = f"{count} {'failure' if count == 1 else 'failures'} found with {report.queries} queries."
    none = (
        f"No failure confirmed with {report.queries} queries: each behaviour is in at most {report.bound:.1%} of them."
    )
    return show.Outcome(
        verdict=found if count else none,
        state="failed" if count else "passed" if report.bound <= TELLING else "unknown",
        data=report,
        body=[findings, judge] if count else [judge],
        next_command="drillyard audit fmea REPORT.json -o DIR" if count else "",
    )
