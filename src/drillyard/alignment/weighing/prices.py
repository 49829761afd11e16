"""The user's prices: what a label, an hour, a request and a day are worth. An example is `examples/prices.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Le
from pydantic import Field

from drillyard.alignment.chain import JOINT
from drillyard.errors import BadInput
from drillyard.records import Record
from drillyard.records.yaml_file import read_yaml

__all__ = ["ELSE", "Prices", "read_prices"]

ELSE = "else"
"""Among the engineer hours: every technique that is not named."""

_Amount = Annotated[float, Ge(0)]
_Share = Annotated[float, Ge(0), Le(1)]


class Prices(Record):
    """Prices in one currency. What is left out is free, or does not happen.

    Args:
        currency: its name, such as EUR.
        months: how long the model will be served.
        label_minutes: to write or check one labelled example; `per_label_minute` is what a minute costs.
        per_engineer_hour: and `engineer_hours` to put a technique to work, by its name; `else` stands for all others. A
            chain that is not named takes those of its parts together.
        per_cpu_hour: of a machine without accelerator; `per_gpu_hour` of one with.
        training: the sort of machine on which techniques are fitted; `serving`, on which requests are answered.
        per_gib_month: of memory or disk that the changed model takes.
        requests_per_month: that the model gets.
        lookalike_share: of them, harmless ones that sound forbidden, where over-refusal was measured.
        ordinary_share: of them, plain questions, where capability was measured.
        value_per_request: of a request that is answered rightly.
        per_wait_second: of a user's time.
        hours_per_day: of one person; `per_day_of_delay`, what it costs to ship a day later.
    """

    currency: str = Field(min_length=1)
    months: Annotated[float, Field(gt=0)] = 12
    label_minutes: _Amount = 1
    per_label_minute: _Amount = 0
    per_engineer_hour: _Amount = 0
    engineer_hours: Mapping[str, _Amount] = {}
    per_cpu_hour: _Amount = 0
    per_gpu_hour: _Amount = 0
    training: Literal["cpu", "gpu"] = "cpu"
    serving: Literal["cpu", "gpu"] = "cpu"
    per_gib_month: _Amount = 0
    requests_per_month: _Amount = 0
    lookalike_share: _Share = 0
    ordinary_share: _Share = 1
    value_per_request: _Amount = 0
    per_wait_second: _Amount = 0
    hours_per_day: Annotated[float, Field(gt=0, le=24)] = 8
    per_day_of_delay: _Amount = 0

    def hours(self, technique: str) -> float:
        """Return the engineer hours of a technique, or of a chain."""
        if technique in self.engineer_hours:
            return self.engineer_hours[technique]
        parts = technique.split(JOINT)
        if len(parts) > 1:
            return sum(self.hours(part) for part in parts)
        return self.engineer_hours.get(ELSE, 0.0)

    def machine(self, use: Literal["training", "serving"]) -> float:
        """Return what an hour of the machine for a use costs."""
        return self.per_gpu_hour if getattr(self, use) == "gpu" else self.per_cpu_hour


def read_prices(path: Path) -> Prices:
    """Read a price file. Raises `BadInput`: one line with the file and the field that is wrong."""
    try:
        return Prices.from_data(read_yaml(path))
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None
