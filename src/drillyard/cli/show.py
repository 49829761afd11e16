"""Everything that a command shows: outcomes, tables, progress, errors, and the exit codes.

A handler stays short because it returns an `Outcome`; how that looks is decided here, once:

    @click.command()
    @click.argument("brief", type=click.Path(path_type=Path))
    @show.out_option()
    @show.handler
    def command(brief: Path, out: Path) -> show.Outcome:
        with show.progress("designing") as step:
            plan = design(brief, out, progress=step)
        return show.Outcome(verdict="The plan fits.", data=plan, next_command=f"drillyard create {out}")
"""

from __future__ import annotations

import functools
import json
import time
import traceback
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar

import click
from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from drillyard.errors import DrillyardError
from drillyard.records import Estimate, Record
from drillyard.records.progress import Progress

__all__ = [
    "BAD_INPUT",
    "FAILED",
    "HOLDS",
    "INTERRUPTED",
    "OUR_BUG",
    "WIDTH",
    "Outcome",
    "State",
    "error",
    "estimate",
    "handler",
    "out_option",
    "plain",
    "progress",
    "say",
    "state",
    "table",
    "wants_json",
]

HOLDS, FAILED, BAD_INPUT, OUR_BUG, INTERRUPTED = 0, 1, 2, 70, 130  # 70 is EX_SOFTWARE, 130 is 128 + SIGINT
WIDTH = 100
_SURE, _OFTEN = 5.0, 60.0
"""Seconds after which a pace is believed, and worth a word; most seconds without a line in a pipe."""

State = Literal["passed", "found", "failed", "missed", "false-alarm", "unknown"]

# The same shape and colour (Okabe–Ito) as on the pages; the shape alone must do where there is no colour.
_LOOK: Mapping[str, tuple[str, str]] = {
    "passed": ("●", "#009E73"),
    "found": ("●", "#009E73"),
    "failed": ("▲", "#D55E00"),
    "missed": ("▲", "#D55E00"),
    "false-alarm": ("◆", "#CC79A7"),
    "unknown": ("▨", "#6b7280"),
}

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a command has to say.

    `verdict` is the first line, `next_command` the last; `data` (records, mappings, sequences) is the JSON document;
    `body` holds what stands between for people. Only the state `passed` exits 0: unknown is no success.
    """

    verdict: str
    data: object
    state: State = "passed"
    body: Sequence[RenderableType] = ()
    next_command: str = ""

    @property
    def exit_code(self) -> int:
        """0 when the criteria hold, 1 when the work is done and one does not."""
        return HOLDS if self.state == "passed" else FAILED


def handler(function: Callable[P, Outcome | None]) -> Callable[P, None]:
    """Give a command `--json` and `--debug`, print the outcome that it returns, and exit with its code.

    A handler that talks while it runs (a chat, a server) returns None and exits 0, unless it `wants_json`.
    """

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout, nothing else there.")
    @click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")
    @functools.wraps(function)
    def command(*args: P.args, **kwargs: P.kwargs) -> None:
        as_json = bool(kwargs.pop("as_json"))
        outcome = function(*args, **kwargs)
        if outcome is not None:
            _print(outcome, as_json)
            click.get_current_context().exit(outcome.exit_code)

    return command


def wants_json() -> bool:
    """Say whether the running command was asked for JSON; what it prints on the way then belongs on stderr."""
    return bool(click.get_current_context().params["as_json"])


def out_option(default: Path | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Add `-o DIR` as the argument `out`: the folder of the run, required unless there is a default."""
    kind, words = click.Path(file_okay=False, path_type=Path), "Folder of the run: made, or resumed when unfinished."
    # click takes a default of None for a value that was given, so without a default none may be named
    needs: dict[str, Any] = {"required": True} if default is None else {"default": default, "show_default": True}
    return click.option("-o", "--out", type=kind, help=words, **needs)


def _print(outcome: Outcome, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(_plain(outcome.data), indent=2, allow_nan=False))
        return
    console = _console()
    console.print(state(outcome.state, outcome.verdict), soft_wrap=True)
    for part in outcome.body:
        console.print(part)
    if outcome.next_command:
        console.print(f"next: {outcome.next_command}", soft_wrap=True)


def _plain(data: object) -> object:
    """Turn records, at any depth, into plain data."""
    if isinstance(data, Record):
        return data.to_data()
    if isinstance(data, Mapping):
        return {str(key): _plain(value) for key, value in data.items()}
    if isinstance(data, Iterable) and not isinstance(data, str):
        return [_plain(item) for item in data]
    return data


def _console(stderr: bool = False) -> Console:
    """Return a console that prints texts as they are: what a model or a person wrote is never markup."""
    console = Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    return console


def plain(text: str) -> str:
    """Return a text as it may reach a terminal: control signs, which could move, colour or rewrite it, as escapes.

    Line ends and tabs stay; so does everything of every script but the signs that turn the direction of writing round.
    """
    return "".join(
        sign if _harmless(sign) else sign.encode("unicode_escape", "surrogatepass").decode() for sign in text
    )


def _harmless(sign: str) -> bool:
    return sign in "\n\t" or (unicodedata.category(sign) not in ("Cc", "Cs") and sign not in _TURNING)


_TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def say(words: str, done: int = 0, total: int = 0) -> None:
    """Print one line on stderr: progress in words, never part of the result."""
    _console(stderr=True).print(plain(words), soft_wrap=True)


def state(name: State, words: str = "") -> Text:
    """Return a state as its shape in its colour and a word: the name itself, or a sentence in its place."""
    shape, colour = _LOOK[name]
    return Text.assemble((shape, colour), " ", words or name)


def estimate(number: Estimate) -> str:
    """Return a number with its doubt, such as `0.93 [0.78, 0.99] n = 30`; without observations, say so."""
    if not number.n:
        return "no observation"
    if number.unknown:
        return f"unknown, n = {number.n}"
    return f"{number.value:.2f} [{number.low:.2f}, {number.high:.2f}] n = {number.n}"


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> RenderableType:
    """Return a table under its title; cells may be texts, numbers, estimates or `state(...)`."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(column, header_style="bold", overflow="fold")
    for row in rows:
        made.add_row(*(_cell(value) for value in row))
    return Group(Text(f"\n{title}", "bold"), made)


def _cell(value: object) -> RenderableType:
    if isinstance(value, Text):
        return value
    return Text(estimate(value) if isinstance(value, Estimate) else plain(str(value)))


@contextmanager
def progress(title: str) -> Iterator[Progress]:
    """Show how far a job is, on stderr, and how long it has still to go by its pace so far.

    A bar on a terminal. In a pipe a line for every twentieth part, one as soon as the pace is known, and one a minute.
    """
    console, pace = _console(stderr=True), _Pace()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(title, total=None)

        def step(words: str, done: int = 0, total: int = 0) -> None:
            if not total:
                console.print(plain(words), soft_wrap=True)
                return
            words = f"{words}{pace.left(done, total)}".lstrip(", ")
            bar.update(task, completed=done, total=total, description=f"{title} {words}".rstrip())
            if not console.is_terminal and pace.is_due(done, total):
                say(f"{title} {done}/{total} {words}".rstrip())

        yield step


class _Pace:
    """How fast a job goes; what an earlier run has done does not count."""

    def __init__(self) -> None:
        self._first, self._began, self._sure = -1, 0.0, False
        self._part, self._told = 0, time.monotonic()

    def left(self, done: int, total: int) -> str:
        """Return in words how long the rest takes; nothing before that is known or worth saying."""
        now = time.monotonic()
        if self._first < 0:
            self._first, self._began = done, now
        seconds = (now - self._began) / max(done - self._first, 1) * (total - done)
        if seconds < _SURE:
            return ""
        for size, unit in ((3600, "h"), (60, "min")):
            if seconds >= 2 * size:
                return f", about {seconds / size:.0f} {unit} left"
        return f", about {seconds:.0f} s left"

    def is_due(self, done: int, total: int) -> bool:
        """Say whether a line is due in a pipe."""
        part, now = done * 20 // total, time.monotonic()
        sure = now - self._began >= _SURE
        if part <= self._part and done < total and now - self._told < _OFTEN and sure == self._sure:
            return False
        self._part, self._told, self._sure = part, now, sure
        return True


def error(problem: BaseException, debug: bool) -> int:
    """Print an error as one line on stderr (its traceback first, with `--debug`) and return the exit code."""
    if debug:
        click.echo("".join(traceback.format_exception(problem)), nl=False, err=True)
    if isinstance(problem, click.exceptions.NoArgsIsHelpError):
        click.echo(problem.format_message(), err=True)  # nothing was typed yet: the help is the best next line
        return BAD_INPUT
    code, line = _describe(problem)
    click.echo(plain(" ".join(line.split())), err=True)
    return code


def _outside(problem: BaseException) -> str:
    """Say what a file, a disk, a terminal or the machine has done; empty for what only our own mistake can be."""
    if isinstance(problem, OSError):
        where = f" at {str(problem.filename)!r}" if problem.filename else ""
        again = "what was finished is kept: put it right and type the same command again"
        return f"found {problem.strerror or problem}{where}, expected files that can be read and written; {again}"
    if isinstance(problem, RecursionError):
        return "found data nested too deeply to be read, expected some levels of it; look at the file or the server"
    if isinstance(problem, UnicodeError):
        return f"found text that is no Unicode ({problem}), expected UTF-8; look at the file that you named"
    if isinstance(problem, MemoryError):
        return "found no memory left, expected more; use smaller files or a larger machine; what was finished is kept"
    return ""


def _describe(problem: BaseException) -> tuple[int, str]:
    """Return exit code and message of an error: the user's to put right, or ours."""
    if isinstance(problem, DrillyardError):
        return BAD_INPUT, f"error: {problem}"
    if isinstance(problem, click.exceptions.Abort):
        return INTERRUPTED, "interrupted"
    if words := _outside(problem):
        return BAD_INPUT, f"error: {words}"
    if isinstance(problem, click.ClickException):
        context = getattr(problem, "ctx", None)
        hint = f" (help: {context.command_path} --help)" if context else ""
        return BAD_INPUT, f"error: {problem.format_message().rstrip('.')}{hint}"
    return OUR_BUG, f"error: {type(problem).__name__}: {problem}; this is a bug in drillyard: run again with --debug"
