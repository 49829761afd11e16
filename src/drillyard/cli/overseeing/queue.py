"""`drillyard oversee queue DIR`: what waits for a person, and their decision."""

from __future__ import annotations

from pathlib import Path

import click

from drillyard.cli import show
from drillyard.errors import bad_input
from drillyard.oversight.live.overseer import HoldQueue, HoldVerdict, open_queue

__all__ = ["command"]

_SHOWN = 500


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path("overseer"))
@click.option("--release", default="", metavar="ID", help="Send the draft as it is.")
@click.option("--refuse", default="", metavar="ID", help="Send nothing.")
@click.option("--edit", nargs=2, default=None, metavar="ID TEXT", help="Send this text instead.")
@click.option("--by", default="operator", show_default=True, help="Who decides.")
@show.handler
def command(folder: Path, release: str, refuse: str, edit: tuple[str, str] | None, by: str) -> show.Outcome:
    """List the drafts that wait in FOLDER, or decide one of them. Exits 1 while something waits."""
    queue = open_queue(folder)
    if release:
        _decide(queue, HoldVerdict(id=release, by=by, action="release"))
    if refuse:
        _decide(queue, HoldVerdict(id=refuse, by=by, action="refuse"))
    if edit:
        _decide(queue, HoldVerdict(id=edit[0], by=by, action="edit", text=edit[1]))
    waiting = queue.waiting()
    rows = [(one.id, _short(one.request), _short(one.draft), one.reason) for one in waiting]
    return show.Outcome(
        verdict=_count(len(waiting)),
        state="failed" if waiting else "passed",
        data=waiting,
        body=[show.table("Held", ("id", "request", "draft", "why"), rows)] if waiting else [],
        next_command=f"drillyard oversee queue {folder} --release {waiting[0].id}" if waiting else "",
    )


def _decide(queue: HoldQueue, verdict: HoldVerdict) -> None:
    """Write a decision down, and refuse one that comes after another person's."""
    counts = queue.decide(verdict)
    if counts != verdict:
        found = f"{verdict.id!r}, which {counts.by} has decided ({counts.action})"
        raise bad_input(found, "a draft that waits", "the first decision counts")


def _count(waiting: int) -> str:
    return f"{waiting} draft{'s wait' if waiting > 1 else ' waits'}." if waiting else "Nothing waits."


def _short(text: str) -> str:
    """Return as much of a text as a terminal can show; decisions.jsonl and --json have all of it."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text):,} characters)"
