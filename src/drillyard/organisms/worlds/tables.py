"""The tables of a world: items with their facts, the groups that they are in, records that are looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Groups", "Table", "read_groups", "read_table"]

Row = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows by name. `slot` is the column that names a row: `{product}` in a reply is filled from the column product."""

    slot: str
    rows: Mapping[str, Row]

    def of(self, slots: Mapping[str, str]) -> Row | None:
        """Return the row that these slots name, if they name one."""
        return self.rows.get(slots.get(self.slot, ""))


@dataclass(frozen=True, kw_only=True)
class Groups(Table):
    """Groups of items.

    `plural` is the column with a group's plural, `words` show a group in a message, and what is `called` so is one of
    its items.
    """

    plural: str
    words: Mapping[str, tuple[str, ...]]
    called: Mapping[str, tuple[str, ...]]


def read_table(data: Mapping[str, Any]) -> Table:
    """Return the table that stands in world.yaml as `slot`, `columns` and `rows`; every value becomes text."""
    rows = [dict(zip(data["columns"], map(str, row), strict=True)) for row in data["rows"]]
    return Table(slot=data["slot"], rows={row[data["slot"]]: row for row in rows})


def read_groups(data: Mapping[str, Any]) -> Groups:
    """Return the groups that stand in world.yaml as `slot`, `plural` and `rows` by name."""
    lists = ("words", "called")
    rows = {
        name: {data["slot"]: name, **{key: str(value) for key, value in row.items() if key not in lists}}
        for name, row in data["rows"].items()
    }
    words, called = ({name: tuple(row[key]) for name, row in data["rows"].items()} for key in lists)
    return Groups(slot=data["slot"], plural=data["plural"], rows=rows, words=words, called=called)
