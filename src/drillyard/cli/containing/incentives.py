"""`drillyard contain incentives [SPEC.yaml]`: what a system could want to control, by its diagram."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import RenderableType

from drillyard.cli import show
from drillyard.cli.auditing.options import typed
from drillyard.cli.options import page_option, spec_argument
from drillyard.containment.incentives.page import write_incentives
from drillyard.containment.incentives.report import IncentiveReport, judge_diagrams, oracle_diagrams, read_diagrams

__all__ = ["command"]


@click.command()
@spec_argument()
@page_option("Folder for the drawn page.")
@show.handler
def command(spec: Path | None, out: Path | None) -> show.Outcome:
    """Find what a system could gain by knowing, and by controlling.

    Without a file the diagrams of an oracle are judged, plain and with each mitigation (examples/oracle). Exits 1
    when a required diagram gives an incentive to control a protected node.
    """
    report = judge_diagrams(read_diagrams(spec) if spec else oracle_diagrams())
    page = write_incentives(report, out, typed()) if out else None
    return show.Outcome(
        verdict=report.verdict,
        state="passed" if report.holds else "failed",
        data=report,
        body=[_table(report), _control(report), _goals(report), report.does_not_show, report.goals.does_not_show],
        next_command=f"open {page}" if page else "",
    )


def _goals(report: IncentiveReport) -> RenderableType:
    found, spec = report.goals, report.goals.spec
    rows = [
        (f"random goals that avoid shutdown among {spec.options} options", found.resists),
        ("the same, episodic", found.resists_episodic),
        ("POWER in the middle of a grid, free moves", found.power_moves),
        ("the same, answers only", found.power_answers),
        (f"gain of deferring, act worth {spec.mean:g} on average", f"{found.deferral_gain:.3f}"),
        ("human noise at which it is zero", _limit(found.noise_limit)),
        ("shift at which half of harmful acts pass", f"{found.capture_shift:.3f}"),
        ("shift from which deferring loses", _limit(found.losing_shift)),
        (f"best share q under proxy noise (utility {found.utility_at_best_q:.2f})", f"{found.best_q:.3f}"),
    ]
    return show.table("Models of goals", ("figure", "value"), rows)


def _limit(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


def _table(report: IncentiveReport) -> RenderableType:
    rows = []
    for one in report.reports:
        found = one.incentives
        sets = (found.information, found.response, found.instrumental_control) if found else ((), (), ())
        freed = ", ".join(one.freed) or "nothing" if one.diagram.mitigates else "–"
        cells = [", ".join(names) or "–" for names in (*sets, one.steered)]
        rows.append((one.diagram.name, *cells, freed))
    heads = ("diagram", "information", "response", "control", "steered", "set free")
    return show.table("What each diagram admits (control: instrumental; steered: of that, protected)", heads, rows)


def _control(report: IncentiveReport) -> RenderableType:
    rows = [
        (one.diagram.name, *(", ".join(names) or "–" for names in (found.direct_control, found.indirect_control)))
        for one in report.reports
        if (found := one.incentives)
    ]
    title = "Value of control: past the decision (direct), or because the decision then knows more (indirect)"
    return show.table(title, ("diagram", "direct", "indirect"), rows)
