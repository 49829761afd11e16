"""A whole noun: parse, call one public function, hand back the outcome. The tests mount it like a real one."""

from __future__ import annotations

from pathlib import Path

import click

from drillyard.cli import show
from drillyard.errors import bad_input
from drillyard.records import Message
from drillyard.stats import clopper_pearson, upper_bound


def greet(name: str, words: show.State) -> Message:
    """Do the work, as a room would."""
    if not name.isalpha():
        raise bad_input(repr(name), "a name of letters", "type: drillyard greet hello Ada")
    return Message(role="user", content=f"Hello, {name}: {words}.")


@click.group()
def command() -> None:
    """Greet people."""


@command.command()
@click.argument("name")
@click.option("--state", type=click.Choice(["passed", "failed", "unknown"]), default="passed", help="How it went.")
@show.out_option(default=Path("run"))
@show.handler
def hello(name: str, state: show.State, out: Path) -> show.Outcome:
    """Greet one person."""
    message = greet(name, state)
    with show.progress("greeting") as step:
        step("hand", 1, 2)
        step("smile", 2, 2)
    rows = [(name, clopper_pearson(3, 10)), (show.state(state), upper_bound(0, 0))]
    table = show.table("Greetings [bold]as they came[/bold]", ("who", "share"), rows)
    data = {"message": message, "rates": [clopper_pearson(3, 10)], "out": str(out)}
    return show.Outcome(
        verdict=message.content, data=data, state=state, body=[table], next_command="drillyard greet talk"
    )


@command.command()
@show.handler
def talk() -> None:
    """Talk while it runs: such a handler prints for itself and has no outcome."""
    click.echo("hello")


@command.command()
@show.handler
def crash() -> None:
    """Fail in a way that nobody foresaw."""
    raise RuntimeError("one\ntwo")
