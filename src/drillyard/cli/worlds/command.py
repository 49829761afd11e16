"""`drillyard organism world …`: write a world of one's own from a short YAML and a CSV, and look whether it holds."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click
from rich.console import RenderableType

from drillyard.cli import show
from drillyard.cli.options import FILE
from drillyard.organisms.engine.bases import show_reference
from drillyard.organisms.worlds.failures import faults
from drillyard.organisms.worlds.world import World, load_world
from drillyard.organisms.worlds.world_exam import examine_world
from drillyard.organisms.worlds.world_init import init_world

__all__ = ["command"]


@click.group("world")
def command() -> None:
    """Write a world of your own and check it."""


@command.command("init")
@click.argument("brief", type=FILE)
@click.argument("products", type=FILE)
@show.out_option()
@show.handler
def _init(brief: Path, products: Path, out: Path) -> show.Outcome:
    """Write a world from BRIEF (a short YAML: name, title, groups) and PRODUCTS (a CSV: name, group, facts)."""
    world = init_world(brief, products, out)
    data = {"world": world.name, "folder": str(out), "kinds": list(world.failures), "failures": _ids(world)}
    verdict = f"Wrote the world {world.name} to {out}: {len(data['failures'])} failures can be planted in it."
    return show.Outcome(
        verdict=verdict,
        data=data,
        body=[_kinds(world)],
        next_command=f"drillyard organism world check {show_reference(world.files)}",
    )


@command.command("check")
@click.argument("world")
@show.handler
def _check(world: str) -> show.Outcome:
    """Check the files of a world (./DIR, or a name that ships), then draw questions from it.

    Exits 1 when a text has two meanings, a word is missing where it is needed, or a reply cannot be read back.
    """
    known = load_world(world)
    found = examine_world(known)
    problems = f"{len(found)} {'problem' if len(found) == 1 else 'problems'} in the world {known.name}."
    return show.Outcome(
        verdict=problems
        if found
        else f"The world {known.name} holds together: no problem found in the questions drawn.",
        state="failed" if found else "passed",
        data={"world": known.name, "problems": found},
        body=[show.table("Problems", ("what",), [(line,) for line in found])] if found else [],
        next_command="" if found else f"drillyard organism build {show_reference(known.files)}",
    )


def _ids(world: World) -> list[str]:
    return [fault.id for fault in faults(world)]


def _kinds(world: World) -> RenderableType:
    counts = Counter(fault.kind for fault in faults(world))
    rows = [(kind, world.failures[kind].behaviour, counts[kind]) for kind in world.failures]
    return show.table("What can be planted", ("kind", "behaviour", "variants"), rows)
