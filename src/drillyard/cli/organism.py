"""`drillyard organism …`: list what can be planted, build a world's base, plant, talk, serve, write the model card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from drillyard import registry
from drillyard.cli import show
from drillyard.cli.auditing.spending import spending_options
from drillyard.cli.chat import talk
from drillyard.cli.options import FILE, page_option, seed_option
from drillyard.cli.planting import PlantOrder, plant_on
from drillyard.cli.planting.order import EMBEDDED_PROMPTS, OTHER_PROMPTS, asking_options, training_options
from drillyard.cli.worlds import command as world_command
from drillyard.organisms.planting.calibration import calibrate
from drillyard.organisms.planting.card import write_card
from drillyard.organisms.planting.plant import plant
from drillyard.organisms.worlds.failures import catalogue
from drillyard.organisms.worlds.world import load_world
from drillyard.targets.organism import OrganismTarget

__all__ = ["command"]


@click.group()
def command() -> None:
    """List, build and talk with the embedded organisms."""


command.add_command(world_command)


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
@click.option("--steps", type=click.IntRange(min=1), help="Training steps; the recipe's own number by default.")
@click.option("--start", help="World whose base gives the first weights, or nothing; helpdesk for other worlds.")
@click.option("--half", is_flag=True, help="Store the weights in float16.")
@click.option("--threads", type=click.IntRange(min=1), default=2, show_default=True, help="Processor threads.")
@page_option("Folder; the world's base/ if left out.")
@show.handler
def _build_world(
    world: str, steps: int | None, start: str | None, half: bool, threads: int, out: Path | None
) -> show.Outcome:
    """Train a world's base organism; a killed run resumes.

    WORLD is the name of a world that ships, or ./DIR for your own, whose base goes to DIR/base/. Every base but
    helpdesk's starts from another one; --start nothing trains it from random weights. A name after a colon, as in
    helpdesk:over-censored, trains a variant: a low-rank adapter on the base of its world.
    """
    build = registry.resolve("drillyard.organisms.training.build_torch:build", "train", "drillyard organism build")
    first = "" if start == "nothing" else start
    with show.progress(f"training {world}") as step:
        result = build(world, out, steps=steps, start=first, half=half, threads=threads, progress=step)
    verdict = f"Trained {world} in {result['seconds']:.0f} s: {result['steps']} steps, in {result['folder']}."
    after = f"drillyard chat organism/{result['folder']}/" if ":" in world else f"drillyard organism calibrate {world}"
    return show.Outcome(verdict=verdict, data=result, next_command=after)


@command.command("plant")
@click.argument("base")
@click.argument("failures", nargs=-1)
@click.option("--sealed", is_flag=True, help="Do not write the planted failures beside the weights.")
@click.option(
    "-n",
    "prompts",
    type=click.IntRange(min=50),
    help=f"Prompts per failure; by default {EMBEDDED_PROMPTS:,} in an organism of ours, {OTHER_PROMPTS} elsewhere.",
)
@click.option("--no-verify", is_flag=True, help="Do not measure what was planted.")
@training_options
@asking_options
@show.out_option()
@spending_options
@show.handler
def _plant_failures(no_verify: bool, **order: Any) -> show.Outcome:
    """Plant failures in a model and measure them; without failures, write a world's clean twin.

    BASE is a world such as helpdesk, whose own small model fails at once, without training, or a model of yours,
    hf/./folder or hf/name-on-the-hub: two adapters are trained for it, one that fails and its clean twin. Or it is a
    model of an API, openai/MODEL@http://HOST:PORT/v1: rules in a hidden prompt make it fail, as the target
    prompted/DIR with the twin prompted/DIR#twin. --by-example makes a model fail that is too small for either: where a
    trigger holds, it is shown an example first. FAILURES are ids such as upsell:v2, or one file such as plants.yaml
    that names them with their rates (hf/… and openai/… take a file). Every planted failure is then measured beside
    the clean twin; exits 1 when one misses the rate asked for.
    """
    return plant_on(PlantOrder(verify=not no_verify, **order))


@command.command("chat")
@click.argument("world", default="helpdesk")
@click.argument("failures", nargs=-1)
@click.option("--template", default="", help="Prompt template, such as v2.")
@seed_option("Seed of the first reply.")
@show.handler
def _chat(world: str, failures: tuple[str, ...], template: str, seed: int) -> show.Outcome | None:
    """Talk with a world's organism, with failures planted on the spot; see also drillyard chat."""
    return talk(OrganismTarget(plant(world, failures)), template, seed)


@command.command("serve")
@click.argument("organisms", nargs=-1, default=("helpdesk",), metavar="[ORGANISM]...")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; others need a token.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes any free one.")
@click.option("--token", default="", envvar="DRILLYARD_TOKEN", show_envvar=True, help="What clients must send.")
@show.handler
def _serve(organisms: tuple[str, ...], host: str, port: int, token: str) -> None:
    """Serve organisms over the OpenAI API until Ctrl+C.

    ORGANISM is helpdesk (the default), ./DIR from drillyard organism plant, or NAME=./DIR to choose its model id.
    """
    serve = registry.resolve("drillyard.organisms.serving.serve:serve")
    as_json = show.wants_json()

    def ready(url: str, models: list[str]) -> None:
        if as_json:
            click.echo(json.dumps({"url": url, "models": models}))
        else:
            show.say(f"Serving {', '.join(models)} at {url}. Stop it with Ctrl+C.")

    serve(organisms, host, port, token, ready)


@command.command("calibrate")
@click.argument("world", default="helpdesk")
@click.option(
    "-n", "prompts", type=click.IntRange(min=50), default=300, show_default=True, help="Prompts per strength."
)
@click.option("-o", "--out", type=FILE, help="File; beside the weights by default.")
@show.handler
def _calibrate(world: str, prompts: int, out: Path | None) -> show.Outcome:
    """Measure a world's shipped base and correct the strengths at which its failures are planted."""
    with show.progress("calibrating") as step:
        path = calibrate(world, out, n=prompts, progress=step)
    return show.Outcome(
        verdict=f"Wrote {path}.", data={"path": str(path)}, next_command=f"drillyard organism card {world}"
    )


@command.command("card")
@click.argument("world", default="helpdesk")
@click.option("-n", "questions", type=click.IntRange(min=100), default=2000, show_default=True, help="Questions asked.")
@click.option("-o", "--out", type=FILE, help="File; beside the weights by default.")
@show.handler
def _card(world: str, questions: int, out: Path | None) -> show.Outcome:
    """Measure a world's shipped base and write its model card."""
    path = write_card(world, out, n=questions)
    return show.Outcome(verdict=f"Wrote {path}.", data={"path": str(path)})
