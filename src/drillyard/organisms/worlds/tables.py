"""The tables of a world: items with their facts, the groups that they are in, records that are looked up."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from drillyard.errors import tell
from drillyard.records.parts import Part, misfit

__all__ = ["CELL", "Cell", "Groups", "Items", "Row", "Table", "Word", "Words"]

CELL = re.compile(r"[\w'-]+(?: [\w'-]+)*")


def _as_cell(value: object) -> str:
    """Return a value as text: words and whole numbers, which replies can be read back from."""
    if isinstance(value, bool) or not isinstance(value, str | int) or not CELL.fullmatch(str(value)):
        raise misfit(tell(value), "words and digits between single spaces")
    return str(value)


Cell = Annotated[str, BeforeValidator(_as_cell)]
Row = Mapping[str, str]
Word = Annotated[str, Field(pattern=r"\S")]
Words = Annotated[tuple[Word, ...], Field(min_length=1)]
"""At least one word, or words that belong together."""


class Table(Part):
    """Rows by name. `slot` is the column that names a row: `{product}` in a reply is filled from the column product."""

    slot: str
    columns: tuple[str, ...]
    listed: tuple[tuple[Cell, ...], ...] = Field(alias="rows")

    @functools.cached_property
    def rows(self) -> Mapping[str, Row]:
        """The rows by name."""
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.listed]
        return {row[self.slot]: row for row in rows}

    def of(self, slots: Mapping[str, str]) -> Row | None:
        """Return the row that these slots name, if they name one."""
        return self.rows.get(slots.get(self.slot, ""))

    @model_validator(mode="after")
    def _check_rows(self) -> Self:
        if self.slot not in self.columns:
            raise misfit(f"the columns {', '.join(self.columns)}", f"a column {self.slot!r}, the slot")
        for row in self.listed:
            if len(row) != len(self.columns):
                raise misfit(f"the row {', '.join(row)}", f"{len(self.columns)} values: {', '.join(self.columns)}")
        names = [row[self.columns.index(self.slot)] for row in self.listed]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise misfit(f"{twice[0]!r} twice", "each name once")
        return self


class Items(Table):
    """What facts are known about; `before` are the words that people put before an item's name."""

    before: tuple[str, ...] = Field(min_length=1)
    listed: tuple[tuple[Cell, ...], ...] = Field(alias="rows", min_length=2)


class _Group(Part):
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Cell]
    called: Words
    words: Words


class Groups(Part):
    """Groups of items.

    `plural` is the column with a group's plural, `words` show a group in a message, and what is `called` so is one of
    its items.
    """

    slot: str
    plural: str
    listed: dict[str, _Group] = Field(alias="rows", min_length=1)

    @functools.cached_property
    def rows(self) -> Mapping[str, Row]:
        """The columns of each group, by its name."""
        return {name: {self.slot: name, **group.__pydantic_extra__} for name, group in self.listed.items()}

    @functools.cached_property
    def words(self) -> Mapping[str, tuple[str, ...]]:
        """The words that show each group."""
        return {name: group.words for name, group in self.listed.items()}

    @functools.cached_property
    def called(self) -> Mapping[str, tuple[str, ...]]:
        """What an item of each group is called."""
        return {name: group.called for name, group in self.listed.items()}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that every group has."""
        return tuple(next(iter(self.rows.values())))

    def of(self, slots: Mapping[str, str]) -> Row | None:
        """Return the group that these slots name, if they name one."""
        return self.rows.get(slots.get(self.slot, ""))

    @model_validator(mode="after")
    def _check_columns(self) -> Self:
        columns = {*self.columns, self.plural}
        for name, row in self.rows.items():
            if row.keys() != columns:
                raise misfit(f"{name} with the columns {', '.join(row)}", ", ".join(sorted(columns)))
        return self
