"""`drillyard incident open LOGS -o CASE`: logs of any common form, as a sealed case."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import RenderableType

from drillyard.cli import show
from drillyard.cli.options import PATH
from drillyard.incidents.case import Case, LogCoverage
from drillyard.incidents.logs.forms import FORMS
from drillyard.incidents.opening import open_incident
from drillyard.incidents.seal import SEAL, Seal

__all__ = ["command"]


@click.command()
@click.argument("logs", nargs=-1, required=True, type=PATH)
@click.option("--form", default="", help=f"Form of the logs, told from their keys: {', '.join(f.name for f in FORMS)}.")
@click.option("--behaviour", default="bad", show_default=True, help="What the bad replies show, in a word.")
@click.option("--label", default="", help="What says that a reply is bad: a name, or such as 'thumbs<0.5'.")
@click.option("--served", type=click.IntRange(min=1), help="Replies served in all, where that is known.")
@click.option(
    "--attach", multiple=True, type=click.Path(dir_okay=False, path_type=Path), help="File to seal with them."
)
@show.out_option()
@show.handler
def command(logs: tuple[Path, ...], out: Path, attach: tuple[Path, ...], **options: object) -> show.Outcome:
    """Read logs into a case, redact personal data, and seal it before anything is changed.

    LOGS are files or folders: JSON lines, JSON, Parquet, CSV, Inspect's .eval. The key of the hashes that stand for
    people lies beside the case. Attach the system's configuration and the state of its guards: the seal holds them.
    """
    with show.progress("reading") as step:
        case = open_incident(logs, out, attach=attach, progress=step, **options)  # type: ignore[arg-type]
    found = case.coverage
    seal = case.read(SEAL, Seal)
    return show.Outcome(
        verdict=f"{found.usable:,} of {found.seen:,} rows usable, {found.labelled:,} labelled, {found.bad:,} bad.",
        data={"coverage": found, "seal": {"head": seal.head, "files": len(seal.links)}},
        body=_body(case, found, seal),
        next_command=f"drillyard incident slice {out}",
    )


def _body(case: Case, found: LogCoverage, seal: Seal) -> list[RenderableType]:
    ends = [datetime.fromtimestamp(ts, UTC) for ts in (found.first, found.last) if ts is not None]
    days = " to ".join(f"{day:%Y-%m-%d}" for day in ends)
    served = f"{found.usable / found.served:.1%} of {found.served:,} replies served" if found.served else "unknown"
    inferred = sum(template.inferred for template in case.templates.values())
    templates = f"{found.templates}, {inferred} of them inferred" if inferred else str(found.templates)
    rows = [
        ("form", found.format), ("days", days or "the logs have no times"), ("sessions", f"{found.sessions:,}"),
        ("prompt templates", templates), ("share of what was served", served), ("head of the seal", seal.head[:16]),
    ]  # fmt: skip
    body: list[RenderableType] = [show.table("Coverage", ("what", "found"), rows)]
    if found.why_not:
        body.append(
            show.table("Not usable (rejected.jsonl)", ("rows", "why"), [(n, why) for why, n in found.why_not.items()])
        )
    if found.notes:
        body.append(
            show.table("Put right, or worth knowing", ("times", "what"), [(n, w) for w, n in found.notes.items()])
        )
    return body
