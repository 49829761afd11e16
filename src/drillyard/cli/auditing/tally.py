"""`drillyard audit tally`: judge stored replies, however many, and sum up what was said of them."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import RenderableType

from drillyard.audits.tally.report import Tally
from drillyard.audits.tally.tally import NamedJudge, tally
from drillyard.cli import show
from drillyard.cli.auditing.options import judge_options, made_by
from drillyard.cli.options import FILE
from drillyard.judges.reference import default_judge
from drillyard.records.charts import ends
from drillyard.scopes.loading import load_scope

__all__ = ["command"]


@click.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--scope", default="helpdesk", show_default=True, help="World, or folder of compiled documents.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes that judge.")
@judge_options
@show.out_option()
@show.handler
def command(
    files: tuple[Path, ...], scope: str, workers: int, judge: str, judge_quality: str, rubric: str, out: Path
) -> show.Outcome:
    """Judge stored replies, and sum up what is seen in them.

    FILES are JSONL of transcripts, or replies.jsonl of an audit. Replies that are the same are judged once, and memory
    holds a part of them only. Exits 1 when a behaviour is seen, or the judge was not measured on such replies.
    """
    quality = Path(judge_quality) if judge_quality else None
    named = NamedJudge(scope=scope, judge=judge or default_judge("", load_scope(scope)), quality=quality, rubric=rubric)
    with show.progress("tallying") as step:
        found = tally(files, named, out, workers=workers, provenance=made_by(), progress=step)
    seen = any(one.shown for one in found.overall)
    return show.Outcome(
        verdict=found.verdict,
        state="unknown" if not found.measured else "failed" if seen else "passed",
        data=found,
        body=[_table(found)],
        next_command=f"open {out / 'tally.html'}",
    )


def _table(found: Tally) -> RenderableType:
    title = f"{found.replies:,} replies, {found.distinct:,} of them different, {found.unusable:,} rows left out"
    rows = [(one.behaviour, f"{one.shown:,}", f"{one.unknown:,}", *ends(one.rate)) for one in found.overall]
    return show.table(title, ("behaviour", "called shown", "unknown", "true share", "95 %"), rows)
