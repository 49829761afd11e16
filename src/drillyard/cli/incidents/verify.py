"""`drillyard incident verify CASE`: whether a case is still as it was sealed."""

from __future__ import annotations

from pathlib import Path

import click

from drillyard.cli import show
from drillyard.cli.options import FOLDER
from drillyard.incidents.seal import verify

__all__ = ["command"]


@click.command()
@click.argument("case", type=FOLDER)
@click.option("--head", default="", help="Head of the seal as it was kept elsewhere, or its first digits.")
@show.handler
def command(case: Path, head: str) -> show.Outcome:
    """Compare a case with its seal, and say which files were changed. Exits 1 when any was.

    Whoever can write the folder can write a new seal too: a head that was kept elsewhere shows that.
    """
    found = verify(case, head)
    told = [("changed", found.changed), ("missing", found.missing), ("added", found.added)]
    rows = [(what, name) for what, names in told for name in names] + ([("chain", found.chain)] if found.chain else [])
    sealed = found.verdict == "sealed"
    if sealed:
        verdict = f"All {found.files} files are as they were sealed; head {found.head[:16]}."
    else:
        verdict = (
            f"The case was changed after it was sealed: {'; '.join(f'{what} {name}' for what, name in rows)[:300]}."
        )
    return show.Outcome(
        verdict=verdict,
        data=found,
        state="passed" if sealed else "failed",
        body=[show.table("What differs", ("how", "file"), rows)] if rows else [],
        next_command=f"drillyard incident slice {case}" if sealed else "",
    )
