"""`drillyard oversee queue DIR`: what waits for a person, and their decision."""

from __future__ import annotations

from pathlib import Path

import click

from drillyard.cli import show
from drillyard.errors import bad_input
from drillyard.oversight.live.overseer import HoldQueue, Verdict

__all__ = ["command"]


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path("overseer"))
@click.option("--release", default="", metavar="ID", help="Send the draft as it is.")
@click.option("--refuse", default="", metavar="ID", help="Send nothing.")
@click.option("--edit", nargs=2, default=None, metavar="ID TEXT", help="Send this text instead.")
@click.option("--by", default="operator", show_default=True, help="Who decides.")
@show.handler
def command(folder: Path, release: str, refuse: str, edit: tuple[str, str] | None, by: str) -> show.Outcome:
    """List the drafts that wait in FOLDER, or decide one of them. Exits 1 while something waits."""
    if not folder.is_dir():
        raise bad_input(
            f"no folder {str(folder)!r}", "that of an overseer", "drillyard oversee serve … -o DIR makes it"
        )
    queue = HoldQueue(folder)
    if release:
        queue.decide(Verdict(id=release, by=by, action="release"))
    if refuse:
        queue.decide(Verdict(id=refuse, by=by, action="refuse"))
    if edit:
        queue.decide(Verdict(id=edit[0], by=by, action="edit", text=edit[1]))
    waiting = queue.waiting()
    rows = [(one.id, one.request, one.draft, one.reason) for one in waiting]
    return show.Outcome(
        verdict=f"{len(waiting)} drafts wait." if waiting else "Nothing waits.",
        state="failed" if waiting else "passed",
        data=waiting,
        body=[show.table("Held", ("id", "request", "draft", "why"), rows)] if waiting else [],
        next_command=f"drillyard oversee queue {folder} --release {waiting[0].id}" if waiting else "",
    )
