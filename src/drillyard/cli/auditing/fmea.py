"""`drillyard audit fmea`: from an audit's report, and what was measured after a fix, to ranked risks."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import RenderableType

from drillyard.audits.fmea import Fmea, FmeaRow, analyse
from drillyard.audits.fmea_report import verdict, write_fmea
from drillyard.audits.recheck import Recheck
from drillyard.audits.report import AuditReport
from drillyard.cli import show
from drillyard.cli.auditing.options import scope_option, typed
from drillyard.cli.options import FILE
from drillyard.errors import BadInput, bad_input
from drillyard.judges.measured import read_quality
from drillyard.records.charts import ends
from drillyard.scopes.loading import load_scope

__all__ = ["command", "read_report"]


@click.command()
@click.argument("report", type=FILE)
@click.option("--after", type=FILE, help="What audit recheck (or a second audit) printed with --json after a fix.")
@click.option("--detector", type=FILE, help="Judge-quality file of the detector in production; none by default.")
@click.option("--after-detector", type=FILE, help="The detector after the fix, if it is another one.")
@click.option("--severity", "severities", multiple=True, metavar="BEHAVIOUR=1…10", help="A severity of your own.")
@click.option("--uses", type=click.IntRange(min=1), default=10_000, show_default=True, help="Replies per period.")
@scope_option
@show.out_option()
@show.handler
def command(
    report: Path,
    after: Path | None,
    detector: Path | None,
    after_detector: Path | None,
    severities: tuple[str, ...],
    uses: int,
    scope: str | None,
    out: Path,
) -> show.Outcome:
    """Rank failure modes by severity, occurrence and measured detectability.

    REPORT is what drillyard audit printed with --json. Writes fmea.json, fmea.csv and fmea.html.
    """
    audited = _audit(report)
    fmea = analyse(
        audited, world=load_scope(scope or audited.world or "helpdesk"), uses=uses,
        after=read_report(after) if after else None,
        detector=read_quality(detector) if detector else None,
        after_detector=read_quality(after_detector) if after_detector else None, severities=_severities(severities),
    )  # fmt: skip
    paths = write_fmea(fmea, out, typed())
    return show.Outcome(verdict=verdict(fmea), data=fmea, body=[_table(fmea)], next_command=f"open {paths[-1]}")


def read_report(path: Path) -> AuditReport | Recheck:
    """Read what an audit or a recheck printed. Raises `BadInput`, with the file's name."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise bad_input(f"{str(path)!r} that cannot be read ({error})", "a report that --json printed") from None
    try:
        name = json.loads(text).get("record")
        return Recheck.from_json(text) if name == Recheck.record_name() else AuditReport.from_json(text)
    except (BadInput, ValueError, AttributeError) as error:
        raise BadInput(f"{path}: {error}; make it with: drillyard audit TARGET --json > {path.name}") from None


def _audit(path: Path) -> AuditReport:
    report = read_report(path)
    if not isinstance(report, AuditReport):
        raise bad_input(f"a recheck in {path}", "an audit's report", "give the recheck as --after")
    return report


def _severities(given: tuple[str, ...]) -> dict[str, int]:
    chosen = {}
    for words in given:
        behaviour, equals, points = words.partition("=")
        if not equals or not points.isdecimal():
            raise bad_input(f"--severity {words!r}", "BEHAVIOUR=NUMBER, such as pressure-selling=8")
        chosen[behaviour] = int(points)
    return chosen


def _table(fmea: Fmea) -> RenderableType:
    columns = ("failure mode", "S", "O", "D", "S·O·D", "expected loss", "rank")
    return show.table(f"In {fmea.uses:,} uses", columns, [_cells(row) for row in fmea.rows])


def _cells(row: FmeaRow) -> tuple[object, ...]:
    side = row.after or row.before
    value, interval = ends(side.loss)
    loss = f"{value} ({interval})" if interval else value
    scores = [f"{s.value} [{s.low}, {s.high}]" for s in (side.occurrence, side.detection, side.priority)]
    rank = f"{row.by_loss.value} [{row.by_loss.best}, {row.by_loss.worst}]"
    return (row.mode, f"{row.severity}", *scores, loss, rank)
