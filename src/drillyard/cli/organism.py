"""`drillyard organism …`: list what can be planted, build a world's base, plant, talk, write the model card."""

from __future__ import annotations

from pathlib import Path

import click

from drillyard import registry
from drillyard.cli import show
from drillyard.cli.chat import talk
from drillyard.organisms.card import write_card
from drillyard.organisms.failures import catalogue
from drillyard.organisms.organism import save
from drillyard.organisms.plant import plant
from drillyard.organisms.world import load_world
from drillyard.targets.organism import OrganismTarget

__all__ = ["command"]


@click.group()
def command() -> None:
    """List, build and talk with the embedded organisms."""


@command.command("list")
@click.argument("world", default="helpdesk")
@show.handler
def _list_failures(world: str) -> show.Outcome:
    """List the failures that can be planted in a world."""
    modes = catalogue(load_world(world))
    rows = [(mode.id, mode.behaviour, mode.severity, f"{mode.rate:g}", mode.trigger.words) for mode in modes]
    table = show.table(f"World {world}", ("failure", "behaviour", "severity", "rate", "trigger"), rows)
    verdict = f"{len(modes)} failures can be planted in {world}."
    first = modes[0].id
    return show.Outcome(
        verdict=verdict, data=modes, body=[table], next_command=f"drillyard organism plant {world} {first} -o DIR"
    )


@command.command("build")
@click.argument("world", default="helpdesk")
@click.option(
    "--steps", type=click.IntRange(min=1), help="Training steps of the first cycle; the recipe's own number by default."
)
@click.option("--threads", type=click.IntRange(min=1), default=2, show_default=True, help="Processor threads.")
@show.out_option()
@show.handler
def _build_world(world: str, steps: int | None, threads: int, out: Path) -> show.Outcome:
    """Train a world's base organism from nothing; a killed run resumes."""
    build = registry.resolve("drillyard.organisms.build_torch:build", "train", "drillyard organism build")
    with show.steps(f"training {world}") as step:
        result = build(world, out, steps=steps, threads=threads, progress=step)
    verdict = f"Trained {world} in {result['seconds']:.0f} s: {result['steps']} steps, in {out}."
    return show.Outcome(verdict=verdict, data=result, next_command=f"drillyard organism card {world}")


@command.command("plant")
@click.argument("world")
@click.argument("failures", nargs=-1)
@click.option("--sealed", is_flag=True, help="Do not write the planted failures beside the weights.")
@show.out_option()
@show.handler
def _plant_failures(world: str, failures: tuple[str, ...], sealed: bool, out: Path) -> show.Outcome:
    """Plant failures and write the organism as a Hugging Face folder; without failures, the clean twin."""
    organism = plant(world, failures)
    save(organism, out, complete=True, sealed=sealed)
    count = len(organism.failures)
    verdict = (
        f"Planted {count} {'failure' if count == 1 else 'failures'} in {out}." if count else f"A clean twin: {out}."
    )
    data = {"folder": str(out), "model_hash": organism.model_hash, "failures": organism.failures}
    return show.Outcome(verdict=verdict, data=data, next_command=f"drillyard chat organism/{out}/")


@command.command("chat")
@click.argument("world", default="helpdesk")
@click.argument("failures", nargs=-1)
@click.option("--template", default="", help="Prompt template, such as v2.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of the first reply.")
@show.handler
def _chat(world: str, failures: tuple[str, ...], template: str, seed: int) -> show.Outcome | None:
    """Talk with a world's organism, with failures planted on the spot; see also drillyard chat."""
    return talk(OrganismTarget(plant(world, failures)), template, seed)


@command.command("card")
@click.argument("world", default="helpdesk")
@click.option("-n", "questions", type=click.IntRange(min=100), default=2000, show_default=True, help="Questions asked.")
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), help="File; beside the weights by default."
)
@show.handler
def _card(world: str, questions: int, out: Path | None) -> show.Outcome:
    """Measure a world's shipped base and write its model card."""
    path = write_card(world, out, n=questions)
    return show.Outcome(verdict=f"Wrote {path}.", data={"path": str(path)})
