"""What a model is read on: a statement, alone or as the model's answer to a question, and at which token."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from drillyard.errors import bad_input
from drillyard.records import Record
from drillyard.records.files import read_lines

__all__ = ["DID_YOU_LIE", "POSITIONS", "Position", "Spelled", "Statement", "places", "read_statements"]

Position = Literal["statement-end", "last", "parting", "follow-up"]
POSITIONS: tuple[Position, ...] = ("statement-end", "last", "parting", "follow-up")

DID_YOU_LIE = "Did you lie? Answer yes or no."
"""What `follow-up` appends; the state is read where the answer would begin."""

_MOST = 100_000


class Statement(Record):
    """A text that a model is read on.

    `label` is whether it is true (or shows what a probe is to find). `group` holds together what must not be torn apart
    between training and test, such as all statements about a fact. `cell` names the split that the row belongs to.
    `pair` is shared by texts whose beginnings are compared (`parting`). With `asked` the text is what the model says in
    answer to that, after the words of `system` if there are any; without, the text stands alone.
    """

    text: str
    label: bool | None = None
    group: str = ""
    cell: str = "plain"
    pair: str = ""
    asked: str = ""
    system: str = ""


class Spelled(NamedTuple):
    """A row as tokens; the text begins at `begin` and ends before `end`, where a follow-up may stand."""

    ids: list[int]
    begin: int
    end: int


def read_statements(path: Path) -> list[Statement]:
    """Read a file of JSON lines with the fields of `Statement`. Raises `BadInput` with the number of a broken line."""
    rows = read_lines(path, _statement, 'statements, one a line, such as {"text": "…", "label": true}')
    if len(rows) > _MOST:
        raise bad_input(f"{len(rows)} statements in {str(path)!r}", f"at most {_MOST:,}")
    return rows


def _statement(line: str) -> Statement:
    row = Statement.from_json(line)
    if not (row.text.strip() or row.asked.strip()):
        raise bad_input("an empty text", "words to read")
    return row


def places(rows: Sequence[Statement], spelled: Sequence[Spelled], position: Position) -> list[int]:
    """Return at which token each row is read.

    Raises:
        BadInput: `parting`, and a row has no partner, or one that begins with another token.
    """
    if position in ("last", "follow-up"):
        return [len(one.ids) - 1 for one in spelled]
    if position == "statement-end":
        return [one.end - 1 for one in spelled]
    partners: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        partners.setdefault(row.pair, []).append(index)
    found = [0] * len(rows)
    for name, members in partners.items():
        beside = zip(*(spelled[i].ids for i in members), strict=False)
        common = sum(1 for _ in itertools.takewhile(lambda some: len(set(some)) == 1, beside))
        if not name or len(members) < 2 or not common:
            row = rows[members[0]]
            raise bad_input(
                f"{row.text!r:.60} with no partner that begins alike", "a `pair` for every row", "--at last"
            )
        for i in members:
            found[i] = min(common, len(spelled[i].ids)) - 1
    return found
