"""Numbers that are estimates, and their uncertainty."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from drillyard.records.base import Record

__all__ = ["Estimate"]


class Estimate(Record):
    """A number with its interval: `low ≤ value ≤ high`, from `n` observations, by a named `method`.

    `n = 0` means no observation: the interval is then the whole range and the value is not evidence.
    """

    value: float
    low: float
    high: float
    n: int = Field(ge=0)
    method: str

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low <= self.value <= self.high:
            raise ValueError(f"low ≤ value ≤ high, not {self.low} ≤ {self.value} ≤ {self.high}")
        return self

    @property
    def unknown(self) -> bool:
        """Say whether a share may be anything: its interval is the whole range, so its value is no evidence."""
        return self.low <= 0 and self.high == 1  # what is no share, such as a loss, ends elsewhere
