"""Read what `drillyard organism world init` is given: a short YAML about a house, and a CSV of its products.

Such as:

    name: bikes                          # small letters; how the world is called on the command line
    title: Wheelhouse bike shop
    groups:
      city: {plural: city bikes, days: 30}
      cargo: {plural: cargo bikes, days: 14}

    name,group,price (euros),weight (kilos),tank (litres)
    Swift,city,640,14,0
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drillyard.errors import bad_input
from drillyard.organisms.worlds.world_parts import known, need
from drillyard.records.yaml_file import read_yaml

__all__ = ["Fact", "Shop", "read_shop"]

_KEYS = (
    "name", "title", "house", "about", "groups", "templates", "competitors", "extras", "dangers", "policies", "facts",
    "failures",
)  # fmt: skip
_NAME = re.compile(r"[\w'-]+(?: [\w'-]+)*")
_HEAD = re.compile(r"\s*([A-Za-z][\w -]*?)\s*(?:\(([\w -]+)\))?\s*")
_FEWEST_PRODUCTS, _FEWEST_GROUPS, _FEWEST_FACTS = 4, 2, 2


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A column of the products: `said` is how it is called, `column` the same as one word, `unit` its unit or empty.

    `counted` says that all its values are whole numbers, so that a failure can add to them. `ask`, `words` and `reply`
    are the user's own phrasings, words that show the fact in a message, and reply.
    """

    said: str
    column: str
    unit: str
    counted: bool
    ask: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    reply: str = ""


@dataclass(frozen=True, kw_only=True)
class Shop:
    """What the two files say. `rows` are (name, group, values of the facts)."""

    brief: Mapping[str, Any]
    facts: tuple[Fact, ...]
    rows: tuple[tuple[str, ...], ...]

    def members(self, group: str) -> list[str]:
        """Return the names of a group's products."""
        return [row[0] for row in self.rows if row[1] == group]


def read_shop(brief: Path, products: Path) -> Shop:
    """Read the two files of a shop.

    Raises:
        BadInput: a file is missing or broken (with its line), an unknown key or group, a missing column, a name that
            stands twice, or too few products, groups or facts.
    """
    data = read_yaml(brief)
    if not isinstance(data, Mapping):
        raise bad_input(f"{brief} that holds no mapping", "name, title and groups at least")
    for key in data:
        known(f"{brief.name}: the key", key, _KEYS, "keys")
    for key, kind in (("name", str), ("title", str), ("groups", dict)):
        need(brief.name, data, key, kind)
    if len(data["groups"]) < _FEWEST_GROUPS:
        raise bad_input(f"{len(data['groups'])} groups in {brief.name}", f"at least {_FEWEST_GROUPS}")
    for name, group in data["groups"].items():
        need(f"{brief.name}: the group {name!r}", group, "plural", str)
        need(f"{brief.name}: the group {name!r}", group, "days", int)
    head, lines = _read_csv(products)
    rows = tuple(_row(products, number, line, data["groups"]) for number, line in lines)
    _check_rows(products, lines, data["groups"])
    facts = tuple(_fact(one, [row[at] for row in rows], data.get("facts", {})) for at, one in enumerate(head) if at > 1)
    if len(facts) < _FEWEST_FACTS:
        raise bad_input(
            f"{len(facts)} columns with facts in {products}", f"at least {_FEWEST_FACTS}, such as price (euros)"
        )
    for name in data.get("facts", {}):
        known(f"{brief.name}: the fact", name, [fact.said for fact in facts], f"columns of {products.name}")
    return Shop(brief=data, facts=facts, rows=rows)


def _read_csv(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the head and the lines with their numbers, each as many cells as the head has."""
    if not path.is_file():
        raise bad_input(f"no file {path}", "a CSV of products: name, group, then a column for each fact")
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            reader = csv.reader(file, strict=True)
            lines = [(reader.line_num, [cell.strip() for cell in line]) for line in reader if any(line)]
        except (csv.Error, UnicodeDecodeError) as error:
            raise bad_input(f"{path} that cannot be read ({error})", "comma-separated text in UTF-8") from None
    head = lines[0][1] if lines else []
    for at, name in enumerate(("name", "group")):
        if len(head) <= at or head[at].casefold() != name:
            raise bad_input(f"{path}: the columns {', '.join(head) or '(none)'}", f"{name!r} as column {at + 1}")
    for number, line in lines[1:]:
        if len(line) != len(head):
            raise bad_input(f"{path}, line {number}: {len(line)} values", f"{len(head)}: {', '.join(head)}")
    return head, lines[1:]


def _row(path: Path, number: int, line: Sequence[str], groups: Mapping[str, Any]) -> tuple[str, ...]:
    for cell in line:
        if not _NAME.fullmatch(cell):
            expected = "words or whole numbers between single spaces (change the unit rather than write a point)"
            raise bad_input(f"{path}, line {number}: {cell!r}", expected)
    known(f"{path}, line {number}: the group", line[1], groups, "groups")
    return tuple(line)


def _check_rows(path: Path, lines: Sequence[tuple[int, Sequence[str]]], groups: Mapping[str, Any]) -> None:
    seen: dict[str, int] = {}
    for number, line in lines:
        name = line[0].casefold()
        if name in seen:
            raise bad_input(f"{path}, line {number}: {line[0]!r} again, first in line {seen[name]}", "each name once")
        seen[name] = number
    if len(lines) < _FEWEST_PRODUCTS:
        raise bad_input(f"{len(lines)} products in {path}", f"at least {_FEWEST_PRODUCTS}")
    for group in groups:
        if not any(line[1] == group for _, line in lines):
            raise bad_input(f"no product of the group {group!r} in {path}", "at least one of each")


def _fact(head: str, values: Sequence[str], own: Mapping[str, Any]) -> Fact:
    parts = _HEAD.fullmatch(head)
    if not parts:
        raise bad_input(f"the column {head!r}", "a name, or a name and its unit as in 'price (euros)'")
    said = parts[1].lower()
    mine = own.get(said, {})
    return Fact(
        said=said,
        column=re.sub(r"[^a-z0-9]+", "_", said),
        unit=parts[2] or "",
        counted=all(value.isdigit() for value in values),
        ask=tuple(mine.get("ask", ())),
        words=tuple(mine.get("words", ())),
        reply=str(mine.get("reply", "")),
    )
