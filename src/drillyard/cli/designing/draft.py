"""`drillyard design draft PROG`: material from a programme's policies, to be reviewed."""

from __future__ import annotations

from pathlib import Path

import click

from drillyard.cli import show
from drillyard.cli.designing.review import list_drafts
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.material.page import tell_queue
from drillyard.programs.material.queue import draft_material
from drillyard.targets.reference import open_target
from drillyard.targets.stored import Replies, StoredTarget

__all__ = ["command"]


@click.command()
@click.argument("programme", type=click.Path(file_okay=False, path_type=Path))
@click.option("--model", default="", help="Also by a model, such as openai/NAME@http://HOST:PORT/v1 or hf/./DIR.")
@show.handler
def command(programme: Path, model: str) -> show.Outcome:
    """Draft readings, questions and scenarios from a programme's policies.

    Rules draft what stands there word for word; a model may draft more. Every claim names its place and is checked
    there. Nothing is taught before drillyard design review has accepted it.
    """
    folder = ProgramFolder(programme)
    folder.brief()
    replies = Replies(programme / "material" / "replies.jsonl") if model else None
    target = StoredTarget(open_target(model), replies) if replies is not None else None
    with show.progress("drafting") as step:
        step("reading the policies", 0, 0)
        material = draft_material(folder, target)
    return show.Outcome(
        verdict=f"Drafted {len(material.drafts)}: {tell_queue(material)}",
        data=material,
        body=list_drafts(material),
        next_command=f"drillyard design review {programme}",
    )
