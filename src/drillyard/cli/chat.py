"""`drillyard chat TARGET`: talk with a target in the terminal. Reads lines, streams replies, keeps the conversation."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from drillyard.cli import show
from drillyard.cli.auditing.options import scope_for, scope_option
from drillyard.cli.options import seed_option
from drillyard.errors import DrillyardError
from drillyard.records import Conversation, Message, Reply, Transcript
from drillyard.targets import Target, open_in

__all__ = ["command", "talk"]


@click.command()
@click.argument("target")
@click.option("--template", default="", help="Prompt template of the target's world, such as v2.")
@scope_option
@seed_option("Seed of the first reply.")
@show.handler
def command(target: str, template: str, scope: str | None, seed: int) -> show.Outcome | None:
    """Talk with a target in the terminal.

    TARGET is a model reference, such as organism/helpdesk. An empty line or Ctrl-D ends the chat; /new starts afresh,
    /template v2 switches to another prompt template.
    """
    return talk(open_in(scope_for(target, scope), target), template, seed)


def talk(target: Target, template: str = "", seed: int = 1) -> show.Outcome | None:
    """Chat until an empty line or the end of the input; `/new` forgets what was said, `/template v2` too.

    Replies go to stdout as they come. With `--json` they go to stderr, and the result is one transcript per reply.
    """
    as_json = show.wants_json()
    said: tuple[Message, ...] = ()
    told: list[Transcript] = []
    for number, line in enumerate(_lines(), start=seed):
        command, _, rest = line.partition(" ")
        if command in ("/new", "/template"):
            said, template = (), template if command == "/new" else rest.strip()
            continue
        asked = Conversation(messages=(*said, Message(role="user", content=line)), template=template)
        try:
            text = _stream(target, asked, number, to_stderr=as_json)
        except DrillyardError as problem:
            if not told:
                raise  # nothing has worked yet, so what is wrong was given with the command
            show.error(problem, debug=False)
            continue
        told.append(Transcript(conversation=asked, reply=Reply(text=text, seed=number), target=target.reference))
        said = (*asked.messages, Message(role="assistant", content=text))
    return show.Outcome(verdict=f"{len(told)} replies.", data=told) if as_json else None


def _stream(target: Target, conversation: Conversation, seed: int, *, to_stderr: bool) -> str:
    """Print a reply as it comes and return it."""
    pieces = []
    for piece in target.stream(conversation, seed):
        pieces.append(piece)
        click.echo(show.plain(piece), nl=False, err=to_stderr)
    click.echo(err=to_stderr)
    return "".join(pieces)


def _lines() -> Iterator[str]:
    """Yield what is typed; the prompt goes to stderr, so that a pipe gets replies only."""
    while True:
        click.echo("you: ", nl=False, err=True)
        line = sys.stdin.readline().strip()
        if not line:
            return
        yield line
