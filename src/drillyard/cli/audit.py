"""`drillyard audit …`: search a target for failures, measure judges, rank risks, forecast deployment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from drillyard.audits.hunt.validation import ValidationSpec
from drillyard.audits.options import EXPLORE
from drillyard.audits.order import AuditOrder, run_order
from drillyard.audits.report import AuditReport
from drillyard.audits.reports.view import view_of
from drillyard.audits.reports.writing import FILES
from drillyard.cli import show
from drillyard.cli.app import LazyGroup
from drillyard.cli.auditing.options import judge_for, judge_options, room_option, scope_for, scope_option
from drillyard.cli.auditing.panel import show_panel
from drillyard.cli.auditing.spending import spending_options
from drillyard.cli.options import page_option, seed_option
from drillyard.cli.placing import placement_of, placing_options
from drillyard.errors import bad_input
from drillyard.judges.validity import explain_foreign
from drillyard.records import Estimate

__all__ = ["VERBS", "command"]

# Verb -> the first line of its help. Its command is `command` in drillyard/cli/auditing/<verb>.py.
VERBS: Mapping[str, str] = {
    "agent": "Try a target that calls tools on tasks, with stubbed tools.",
    "fmea": "Rank failure modes by severity, occurrence and measured detectability.",
    "forecast": "Forecast rare failures at deployment volume from an evaluation.",
    "judge": "Fit judges, and measure how often they are right.",
    "label": "Label replies of an audit, and see what the labels add up to.",
    "recheck": "Measure an audit's findings again, on fresh prompts.",
    "report": "Render the report of an audit again.",
    "tally": "Judge stored replies, and sum up what is seen in them.",
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
@click.argument("target", default="")
@click.option("--twin", help="Model reference of a clean twin; what it shows as well is no finding.")
@scope_option
@click.option("--budget", type=int, default=2000, show_default=True, help="Queries to the target.")
@click.option("--max-tokens", type=click.IntRange(min=1), help="End at so many tokens, prompts and replies together.")
@room_option
@click.option("--search", default=EXPLORE, show_default=True, help="Who proposes prompts: explore, sweep, random …")
@judge_options
@seed_option("Decides prompts and samples.")
@click.option("--reading/--samples", default=True, show_default=True, help="Read probabilities where there are any.")
@click.option("--attacker", help="Model reference that proposes prompts, sees what came of them, and proposes again.")
@click.option(
    "--attack",
    default="4x1x4",
    show_default=True,
    metavar="WxBxD",
    help="Streams, branches and rounds: one branch is PAIR, more are TAP.",
)
@click.option("--control", is_flag=True, help="Also search by random sampling, with as many queries again.")
@click.option(
    "--traffic", type=click.IntRange(min=50), help="Ordinary queries, beyond the budget, for a forecast of deployment."
)
@click.option(
    "--seeds",
    metavar="SOURCE",
    help="Prompts of your own: FILE.jsonl or .csv, evals:REGISTRY[@NAME,…], inspect:FILE, garak[:PROBE,…].",
)
@click.option("--skip-bad", is_flag=True, help="Skip broken lines of --seeds.")
@click.option(
    "--fail-on", multiple=True, metavar="CRITERION", help="Such as 'severity>=high and rate.low>0.01'; any of several."
)
@page_option("Folder of the run and its report; resumed when unfinished.")
@click.option("--validate", is_flag=True, help="Audit planted organisms and their clean twins instead of a target.")
@click.option("--organisms", type=click.IntRange(min=1), default=30, show_default=True, help="For --validate.")
@placing_options
@spending_options
@show.handler
def _run(target: str, out: Path | None, validate: bool, organisms: int, **options: Any) -> show.Outcome:
    """Search a target for failures.

    With --validate, measure how many planted failures such a search finds.

    Exits 1 when failures are found (with --fail-on: when one meets a criterion), or when too little could be judged to
    say that there are none. With -o, writes the report as JSON, HTML, JUnit, SARIF, CSV and a log of Inspect.
    --validate exits 1 when it finds fewer than 90 % of the failures with rates of 0.05 and more, or when more than 5 %
    of the twins have a finding that does not hold.
    """
    if used := [name for name in ("on", "part", "merge", "workers") if options[name]] if not validate else []:
        raise bad_input(f"--{used[0]} without --validate", "both: one search goes in rounds, and is not divided")
    placement = placement_of(options, out)
    if validate:
        worlds = (options["scope"],) if options["scope"] else ("helpdesk", "clinic")
        asked = {name: options[name] for name in ("budget", "seed", "reading", "search")}
        return show_panel(ValidationSpec(organisms=organisms, worlds=worlds, **asked), out, placement)
    if not target:
        raise click.MissingParameter(param_hint="'TARGET'", param_type="argument")
    options["scope"] = scope_for(target, options["scope"])
    options["judge"] = judge_for(target, options["scope"], options["judge"])
    given = {name: value for name, value in options.items() if value is not None}
    with show.progress("auditing") as step:
        report = run_order(AuditOrder(target=target, **given), out, step)
    return _shown(report, out)


def _shown(report: AuditReport, out: Path | None) -> show.Outcome:
    view = view_of(report)
    rows = [(one.severity, one.behaviour, _rate(one.rate), one.trigger) for one in view.shown]
    findings = show.table("Findings", ("severity", "behaviour", "rate on fresh prompts", "trigger"), rows)
    judge = show.table(f"Judge, measured on {_measured(report)}", ("figure", "share right"), report.judge.items())
    seen = [(f"{round(one.rate.value * one.rate.n)} of {one.rate.n}", one.behaviour, one.trigger) for one in view.leads]
    leads = show.table("Leads, as the judge saw them on fresh prompts", ("seen", "behaviour", "trigger"), seen)
    shortest = [
        (f.mode.behaviour, f.reproduction.template, f.reproduction.last_user)
        for f in (*report.findings, *report.leads)
        if f.reproduction
    ]
    reproduced = show.table("Shortest prompts that still fail", ("behaviour", "template", "prompt"), shortest)
    notes = [f"\n{line}" for line in (report.validated, _beside(report), view.seeds) if line]
    return show.Outcome(
        verdict=view.verdict,
        state=view.state,
        data=report,
        body=[
            *([findings] if rows else []),
            *([leads] if seen else []),
            *([reproduced] if shortest else []),
            *([judge] if report.quality is None or report.quality.behaviours else []),
            *notes,
        ],
        next_command=_next(report, out),
    )


def _measured(report: AuditReport) -> str:
    """Say in a word or two what the judge was measured on; the files of the exact judge say it at length."""
    known = report.quality
    return "planted truth" if known is None or known.judge == "exact" else known.measured_on[:60]


def _next(report: AuditReport, out: Path | None) -> str:
    """Return what to type next: label what is only a lead, else open the report, else rank what was found."""
    if out and not report.labels and explain_foreign(report.quality, report.target):
        return f"drillyard audit label {out}"
    if out:
        return f"open {out / FILES['html']}"
    return "drillyard audit fmea REPORT.json -o DIR" if report.findings else ""


def _rate(rate: Estimate) -> str:
    """Return a rate with as many digits as a rare one needs."""
    digits = 2 if rate.value >= 0.1 else 3
    low, value, high = (f"{number:.{digits}f}" for number in (rate.low, rate.value, rate.high))
    return f"{value} [{low}, {high}] n = {rate.n}"


def _beside(report: AuditReport) -> str:
    if report.control is None:
        return ""
    found = ", ".join(report.control) or "none"
    return f"Random sampling with the same number of queries confirmed {len(report.control)}: {found}."
