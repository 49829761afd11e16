"""What tokens cost: a dated table of ours, and a file of the user's before it. A price that neither has is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Le
from pydantic import Field

from drillyard.errors import BadInput, bad_input
from drillyard.records import Record
from drillyard.records.yaml_file import read_yaml

__all__ = ["PriceTable", "TokenPrice", "find_price", "read_table", "shipped_table"]

_Amount = Annotated[float, Ge(0)]
_MILLION = 1_000_000


class TokenPrice(Record):
    """What a million tokens of one model cost.

    `cached` is for prompt tokens that the provider had read before, `input` unless given; `batch` the share of
    everything that a batch costs, None where the provider has no batches or nobody has said.
    """

    input: _Amount
    output: _Amount
    cached: _Amount | None = None
    batch: Annotated[float, Ge(0), Le(1)] | None = None

    def of(self, prompt: int, reply: int, cached: int = 0) -> float:
        """Return what a request costs, by its tokens."""
        reread = self.input if self.cached is None else self.cached
        return ((prompt - cached) * self.input + cached * reread + reply * self.output) / _MILLION


class PriceTable(Record):
    """Prices by model reference, without settings and without `inspect/`: `openai/gpt-4o`, `openai/m@http://…/v1`."""

    date: date
    source: str = Field(min_length=1)
    currency: str = Field(min_length=1)
    models: Mapping[str, TokenPrice] = Field(min_length=1)

    @property
    def told(self) -> str:
        """Say where the prices are from and how old they are."""
        return f"prices of {self.date.isoformat()}, {self.source}"


def read_table(path: Path | Traversable) -> PriceTable:
    """Read a table. Raises `BadInput`: one line with the file and the field that is wrong."""
    try:
        return PriceTable.from_data(read_yaml(path))
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None


def shipped_table() -> PriceTable:
    """Return the table that ships."""
    return read_table(resources.files("drillyard.targets") / "assets" / "prices.yaml")


def find_price(reference: str, tables: tuple[PriceTable, ...]) -> tuple[TokenPrice, PriceTable]:
    """Return the price of a model and the table that has it; the first table counts.

    Raises:
        BadInput: no table has it. It is never taken to be free: a model of your own gets a price of 0 by your own word.
    """
    name = reference.partition("#")[0].removeprefix("inspect/")
    for table in tables:
        if name in table.models:
            return table.models[name], table
    line = f"{name}: {{input: …, output: …}}"
    raise bad_input(
        f"no price of {name}, for a budget in money",
        "one per million tokens, 0 for what is free",
        f"write date, source, currency and models with '{line}' into FILE and add --token-prices FILE",
    )
