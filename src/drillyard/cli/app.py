"""The command `drillyard`: mounts one module per noun, loaded when its noun is called.

`drillyard --help` reads the table below and imports no noun; `tests/cli/test_nouns.py` compares the two.
"""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import click

from drillyard.cli import show
from drillyard.errors import did_you_mean
from drillyard.registry import resolve
from drillyard.tasks.workers import ONE_THREAD

__all__ = ["NOUNS", "LazyGroup", "app", "main"]

# Noun -> the first line of its help. Its command is `command` in drillyard/cli/<noun>.py.
NOUNS: Mapping[str, str] = {
    "align": "Change a target by techniques, and measure both sides of each at once.",
    "audit": "Search a target for failures.",
    "bench": "Import, run, rescue and export benchmarks.",
    "case": "Make the case for safety work: loss, return, safety case, board paper.",
    "chat": "Talk with a target in the terminal.",
    "contain": "Measure what a forecaster can do, and what limits it.",
    "create": "Materialise a planned programme's drills and prove each one sound.",
    "design": "Plan a programme from a brief.",
    "drill": "Try a drill and hand in without a browser.",
    "guard": "Stop a bad reply while it streams, with a promised rate of false alarms.",
    "incident": "Find why a deployed assistant misbehaved, in its logs, and measure what helps.",
    "organism": "List, build and talk with the embedded organisms.",
    "oversee": "Let models check each other, decompose what people value, and oversee a live assistant.",
    "probe": "Read inside a model, and say what may be claimed of it.",
    "refine": "Read attempts and say what to change in a programme.",
    "scope": "Compile a company's documents to facts and rules that a system is held to.",
    "up": "Design, create, rehearse and serve a programme.",
    "yard": "Serve a programme to its learners, and help one who is stuck.",
}


class LazyGroup(click.Group):
    """A group whose nouns are modules `<package>.<noun>` with a click command named `command`."""

    def __init__(self, *args: Any, package: str, nouns: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.package = package
        self.nouns = nouns

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the nouns, sorted."""
        return sorted(self.nouns)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one noun; None when there is no such noun."""
        if cmd_name not in self.nouns:
            return None
        command: click.Command = resolve(f"{self.package}.{cmd_name}:command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the noun, or name the nearest one."""
        if args[0] not in self.nouns and not args[0].startswith("-"):
            expected = did_you_mean(args[0], self.nouns) or f"expected one of: {', '.join(sorted(self.nouns))}"
            raise click.UsageError(f"found {args[0]!r}, {expected}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the nouns from the table, without importing any."""
        rows = [(noun, self.nouns[noun]) for noun in self.list_commands(ctx)]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


@click.command(cls=LazyGroup, package="drillyard.cli", nouns=NOUNS)
@click.version_option(package_name="drillyard", message="%(prog)s %(version)s")
def app() -> None:
    """Design, create and refine hands-on AI-safety training, on models that really fail."""


def main(arguments: Sequence[str] | None = None, command: click.Command = app) -> int:
    """Run `drillyard` and return its exit code: 0 holds, 1 fails, 2 bad input, 70 our bug, 130 interrupted.

    An error is one line on stderr; `--debug` shows its traceback first.
    """
    # Before a noun loads numpy: on busy processors two threads wait for each other. The user's own setting wins.
    os.environ.update({**ONE_THREAD, **os.environ})
    words = list(sys.argv[1:] if arguments is None else arguments)
    _open_streams()
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_: show.say(f"note: {message}")
        try:
            result = command.main(words, prog_name="drillyard", standalone_mode=False)
        except Exception as problem:  # the one place where every error becomes a line and a code
            return show.error(problem, debug="--debug" in words)
        except SystemExit:  # click's way with a pipe that nobody reads any more
            return show.BAD_INPUT
    return result if isinstance(result, int) else show.HOLDS


def _open_streams() -> None:
    """Have all three streams, closed ones as empty, and let a terminal that lacks a sign show its escape instead."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - for as long as the process lasts
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")
