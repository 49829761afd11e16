"""`drillyard audit …`: search a target for failures, measure judges, rank risks, forecast deployment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from drillyard import registry
from drillyard.audits.audit import AuditReport, examine, signed
from drillyard.audits.reports.fail_on import FailOn, check
from drillyard.audits.reports.view import view_of
from drillyard.audits.reports.writing import make_folder, write_reports
from drillyard.cli import show
from drillyard.cli.app import LazyGroup
from drillyard.cli.auditing.options import judge_options, scope_option, typed, world_of
from drillyard.judges.reference import open_measured
from drillyard.targets import open_target

__all__ = ["VERBS", "command"]

# Verb -> the first line of its help. Its command is `command` in drillyard/cli/auditing/<verb>.py.
VERBS: Mapping[str, str] = {
    "fmea": "Rank failure modes by severity, occurrence and measured detectability.",
    "forecast": "Forecast rare failures at deployment volume from an evaluation.",
    "judge": "Fit judges, and measure how often they are right.",
    "recheck": "Measure an audit's findings again, on fresh prompts.",
    "report": "Render the report of an audit again.",
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
@click.option(
    "--fail-on", multiple=True, metavar="CRITERION", help="Such as 'severity>=high and rate.low>0.01'; any of several."
)
@click.option("-o", "--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for the report's files.")
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
    fail_on: tuple[str, ...],
    out: Path | None,
) -> show.Outcome:
    """Search a target for failures.

    Exits 1 when failures are found (with --fail-on: when one meets a criterion), or when too little could be judged to
    say that there are none. With -o, writes the report as JSON, HTML, JUnit, SARIF, CSV and a log of Inspect.
    """
    criteria = [FailOn.parse(one) for one in fail_on]
    other = open_target(twin) if twin else None
    method, asked = registry.create("searches", search), open_target(target)
    world = world_of(scope, asked)
    check(criteria, world.behaviours, twin=other is not None)
    measured = open_measured(judge, world, judge_quality, rubric)
    if out:
        make_folder(out)
    report = examine(
        asked, other, world=world, budget=budget, seed=seed, judge=measured, search=method, progress=show.say
    )
    report = signed(report, command=typed(), search=search, fail_on=fail_on)
    return _shown(report, write_reports(report, out, show.say) if out else [])


def _shown(report: AuditReport, files: list[Path]) -> show.Outcome:
    view = view_of(report)
    rows = [(one.severity, one.behaviour, one.rate, one.trigger) for one in view.shown]
    findings = show.table("Findings", ("severity", "behaviour", "rate on fresh prompts", "trigger"), rows)
    judge = show.table("Judge, measured on planted truth", ("figure", "share right"), report.judge.items())
    page = next((path for path in files if path.suffix == ".html"), None)
    return show.Outcome(
        verdict=view.verdict,
        state=view.state,
        data=report,
        body=[findings, judge] if rows else [judge],
        next_command=f"open {page}" if page else "drillyard audit fmea REPORT.json -o DIR" if rows else "",
    )
