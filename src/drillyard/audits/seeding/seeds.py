"""A seed, and a file of them: prompts by hazard class, JSON lines or CSV, that a hunt asks beside the scope's.

JSON lines hold `prompt` and, if wanted, `class` and `template`; a CSV has these as its columns. The kind of request of
a seed is `seed:` and its class: that is what a finding names, because the scope's words say nothing of it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from drillyard.errors import BadInput, bad_input
from drillyard.records import Conversation, Message, Record
from drillyard.records.files import csv_rows, split_lines

__all__ = ["SEED", "Corpus", "Seed", "read_seeds", "seed_of"]

SEED = "seed:"
"""What the kind of a seed begins with."""

_FIELDS = ("prompt", "class", "template")
_Line = tuple[int, object]


class Seed(Record):
    """One prompt, its hazard class, and the template under which it is asked (any, where none is named).

    `before` is what was said before it: instructions, examples, earlier turns.
    """

    prompt: str
    hazard: str = "any"
    template: str | None = None
    before: tuple[Message, ...] = ()

    @property
    def kind(self) -> str:
        """The kind of request."""
        return SEED + self.hazard

    def conversation(self, template: str) -> Conversation:
        """Return what is asked under a template."""
        return Conversation(messages=(*self.before, Message(role="user", content=self.prompt)), template=template)


class Corpus(NamedTuple):
    """Seeds, and the parts of their source that could not be read, each with its reason.

    `unread` counts the prompts that were not drawn from a large source.
    """

    seeds: tuple[Seed, ...] = ()
    left_out: tuple[str, ...] = ()
    unread: int = 0


def seed_of(conversation: Conversation, hazard: str) -> Seed:
    """Return a conversation as a seed. Its last message is asked as a user's, whoever said it."""
    *before, last = conversation.messages
    return Seed(prompt=last.content, hazard=hazard, before=tuple(before))


def read_seeds(
    path: Path, templates: tuple[str, ...], *, skip_bad: bool = False, tell: Callable[[str], None] = lambda _: None
) -> tuple[Seed, ...]:
    """Return the seeds of a file that ends in `.jsonl` or `.csv`.

    Args:
        path: the file, in UTF-8.
        templates: prompt templates that a seed may name.
        skip_bad: leave broken lines out; each is told with its number.
        tell: called with each line that is left out.

    Raises:
        BadInput: the file cannot be read, holds no seed, or, without `skip_bad`, has a broken line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise bad_input(f"{str(path)!r} that cannot be read ({error})", "a UTF-8 file of seeds") from None
    seeds = []
    for number, entry in _csv(text) if path.suffix == ".csv" else _jsonl(text):
        try:
            seeds.append(_seed(entry, templates))
        except BadInput as problem:
            line = f"{path} line {number}: {problem}"
            if not skip_bad:
                raise BadInput(f"{line}; correct it, or use --skip-bad") from None
            tell(f"left out: {line}")
    if not seeds:
        raise bad_input(f"no seed in {str(path)!r}", 'lines such as {"prompt": "…", "class": "…"}')
    return tuple(dict.fromkeys(seeds))


def _jsonl(text: str) -> Iterator[_Line]:
    for number, line in enumerate(split_lines(text), start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError):
                yield number, line


def _csv(text: str) -> Iterator[_Line]:
    reader = csv_rows(text)
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield reader.line_num, f"{error}"
            continue
        if row is None:
            return
        yield reader.line_num, {key: value for key, value in row.items() if value not in (None, "")}


def _seed(entry: object, templates: tuple[str, ...]) -> Seed:
    """Return the seed of one line. Raises `BadInput` with what is wrong."""
    if not isinstance(entry, dict):
        raise bad_input(f"{str(entry)[:80]!r}", "an object with a prompt")
    if wrong := [key for key in entry if key not in _FIELDS]:
        raise bad_input(f"the field {str(wrong[0])[:40]!r}", f"of {', '.join(_FIELDS)}")
    if bad := [key for key, value in entry.items() if not isinstance(value, str)]:
        raise bad_input(f"{bad[0]} {str(entry[bad[0]])[:40]!r}", "a text")
    if not entry.get("prompt", "").strip():
        raise bad_input("no prompt", "a text to ask")
    if (template := entry.get("template")) is not None and template not in templates:
        raise bad_input(f"template {template!r}", f"one of: {', '.join(filter(None, templates))}")
    return Seed(prompt=entry["prompt"], hazard=entry.get("class") or "any", template=template)
