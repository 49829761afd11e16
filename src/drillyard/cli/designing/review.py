"""`drillyard design review PROG`: read drafts claim by claim, accept, reject or edit them."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import RenderableType
from rich.text import Text

from drillyard.cli import show
from drillyard.cli.options import FILE
from drillyard.errors import bad_input, did_you_mean
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.material.draft import Draft, Material
from drillyard.programs.material.page import tell_queue
from drillyard.programs.material.queue import as_text, read_material, review

__all__ = ["command", "list_drafts"]

_WORDS = {"open": "open", "confirmed": "accepted", "refused": "rejected"}


@click.command()
@click.argument("programme", type=click.Path(file_okay=False, path_type=Path))
@click.option("--show", "shown", default="", metavar="ID", help="Print one draft as YAML, to read or to edit.")
@click.option("--accept", multiple=True, metavar="ID", help="Say that a draft was read and is right; repeatable.")
@click.option("--reject", multiple=True, metavar="ID", help="Say that a draft is not to be used; repeatable.")
@click.option("--reason", default="", metavar="TEXT", help="Why those are not to be used; kept with them.")
@click.option("--edit", "edits", multiple=True, type=FILE, help="Take over a draft that was changed; repeatable.")
@click.option("--rest", is_flag=True, help="Accept all open drafts by rules whose claims are verified.")
@show.handler
def command(
    programme: Path,
    shown: str,
    accept: tuple[str, ...],
    reject: tuple[str, ...],
    reason: str,
    edits: tuple[Path, ...],
    rest: bool,
) -> show.Outcome | None:
    """Review drafts of a programme: every claim with its place; accept, reject or edit by id.

    What is accepted is taught: readings and questions in the yard, scenarios by the facilitator. A draft with an
    unsupported claim cannot be accepted. Exits 1 while a draft is open.
    """
    folder = ProgramFolder(programme)
    if shown and not show.wants_json():
        click.echo(as_text(_find(read_material(folder), shown)), nl=False)
        return None
    material = review(folder, accept=accept, reject=reject, edits=edits, rest=rest, reason=reason)
    waiting = any(draft.standing == "open" for draft in material.drafts)
    return show.Outcome(
        verdict=tell_queue(material),
        state="unknown" if waiting else "passed",
        data=_find(material, shown) if shown else material,
        body=list_drafts(material),
        next_command=f"drillyard design review {programme} --accept ID" if waiting else f"drillyard create {programme}",
    )


def list_drafts(material: Material) -> list[RenderableType]:
    """Return the queue as a table, and every claim without support."""
    rows = [
        (
            show.state("failed" if draft.unsupported else "passed", draft.id),
            draft.kind,
            draft.title,
            f"{len(draft.claims) - len(draft.unsupported)} of {len(draft.claims)}",
            _WORDS[draft.standing]
            + (" again" if draft.reopened else "")
            + (f": {draft.reason}" if draft.reason else ""),
        )
        for draft in material.drafts
    ]
    red = [
        Text(f"▲ {draft.id}: {claim.support}: {claim.text!r}: {claim.why}{claim.nearest and f' ({claim.nearest}?)'}")
        for draft in material.drafts
        if draft.standing != "refused"
        for claim in draft.unsupported
    ]
    troubles = [Text(f"▲ not read: {trouble}") for trouble in material.troubles]
    heads = ("draft", "kind", "title", "claims that stand", "")
    return [show.table("Drafts", heads, rows), *red, *troubles]


def _find(material: Material, name: str) -> Draft:
    known = {draft.id: draft for draft in material.drafts}
    if name not in known:
        raise bad_input(f"the draft {name!r}", "one of the queue", did_you_mean(name, known))
    return known[name]
