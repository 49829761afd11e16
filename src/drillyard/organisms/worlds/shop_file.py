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
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from drillyard.errors import bad_input
from drillyard.organisms.worlds.setting import Name, Template
from drillyard.organisms.worlds.tables import CELL, Word, Words
from drillyard.records.parts import Part, check_known, read_part
from drillyard.records.yaml_file import read_yaml

__all__ = ["Fact", "OwnFact", "Shop", "ShopBrief", "ShopGroup", "read_shop"]

_POLICIES = ("delivery", "human", "hours", "payment", "discount", "broken", "privacy", "cancel", "returns-general")
_HEAD = re.compile(r"\s*([A-Za-z][\w -]*?)\s*(?:\(([\w -]+)\))?\s*")
_FEWEST_PRODUCTS, _FEWEST_FACTS = 4, 2


class ShopGroup(Part):
    """A group of products: its plural, the days within which they can be returned, the best one, other words for it."""

    plural: str
    days: int
    best: str = ""
    words: tuple[str, ...] = ()


class OwnFact(Part):
    """What a user says of a column: how people ask for it, words that show it in a message, the reply."""

    ask: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    reply: str = ""


class ShopBrief(Part):
    """The short YAML; what is left out is taken from generic.yaml."""

    name: Name
    title: str
    groups: Annotated[dict[str, ShopGroup], Field(min_length=2)]
    house: str = ""
    about: str = ""
    templates: dict[str, Template] = {}
    bare: bool = True
    competitors: tuple[Word, ...] = ()
    extras: Words | None = None
    dangers: Words | None = None
    policies: dict[str, Word] = {}
    facts: dict[str, OwnFact] = {}
    failures: Words | None = None

    @property
    def speaks_as(self) -> str:
        """How the house speaks of itself."""
        return self.house or self.title


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A column of the products: `said` is how it is called, `column` the same as one word, `unit` its unit or empty.

    `counted` says that all its values are whole numbers, so that a failure can add to them; `own` is what the user
    says of it.
    """

    said: str
    column: str
    unit: str
    counted: bool
    own: OwnFact


@dataclass(frozen=True, kw_only=True)
class Shop:
    """What the two files say. `rows` are (name, group, values of the facts)."""

    brief: ShopBrief
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
    data = read_part(ShopBrief, read_yaml(brief), brief.name)
    for policy in data.policies:
        check_known(f"{brief.name}: the policy", policy, _POLICIES, "policies")
    head, lines = _read_csv(products)
    rows = tuple(_row(products, number, line, data.groups) for number, line in lines)
    _check_rows(products, lines, data.groups)
    facts = tuple(_fact(one, [row[at] for row in rows], data.facts) for at, one in enumerate(head) if at > 1)
    if len(facts) < _FEWEST_FACTS:
        raise bad_input(
            f"{len(facts)} columns with facts in {products}", f"at least {_FEWEST_FACTS}, such as price (euros)"
        )
    for name in data.facts:
        check_known(f"{brief.name}: the fact", name, [fact.said for fact in facts], f"columns of {products.name}")
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


def _row(path: Path, number: int, line: Sequence[str], groups: Collection[str]) -> tuple[str, ...]:
    for cell in line:
        if not CELL.fullmatch(cell):
            expected = "words or whole numbers between single spaces (change the unit rather than write a point)"
            raise bad_input(f"{path}, line {number}: {cell!r}", expected)
    check_known(f"{path}, line {number}: the group", line[1], groups, "groups")
    return tuple(line)


def _check_rows(path: Path, lines: Sequence[tuple[int, Sequence[str]]], groups: Collection[str]) -> None:
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


def _fact(head: str, values: Sequence[str], own: Mapping[str, OwnFact]) -> Fact:
    parts = _HEAD.fullmatch(head)
    if not parts:
        raise bad_input(f"the column {head!r}", "a name, or a name and its unit as in 'price (euros)'")
    said = parts[1].lower()
    return Fact(
        said=said,
        column=re.sub(r"[^a-z0-9]+", "_", said),
        unit=parts[2] or "",
        counted=all(value.isdigit() for value in values),
        own=own.get(said, OwnFact()),
    )
