"""Inputs with a birth certificate: MEASURED by a run, CITED from a source, or ASSUMED by a named person until a day."""

from __future__ import annotations

import math
from datetime import date
from typing import Annotated, Literal, Self

from annotated_types import Gt, MinLen
from pydantic import Field, model_validator

from drillyard.assurance.loss.severity import Fixed, Lognormal, Pareto, Pert, Severity, Uniform, pert_shape_pyfair
from drillyard.records import Record

__all__ = [
    "Assumed",
    "Cited",
    "Figure",
    "Input",
    "JudgeError",
    "Measured",
    "Shape",
    "Spread",
    "ToldSpread",
    "severity_of",
]

Shape = Literal["", "lognormal", "pert", "pert-pyfair", "uniform", "normal", "pareto"]
Name = Annotated[str, MinLen(1)]


class Spread(Record):
    """An amount, or a range of it.

    `value` alone is certain. `low` and `high` are the 5 % and 95 % points of a lognormal distribution (of a normal
    one, with `shape: normal`, which may be negative); with `mode` they are the ends of a PERT; `uniform` has ends too.
    `pareto` begins at `low` and falls off with the power `alpha`: without a mean where that is at most 1.
    """

    value: float | None = None
    low: float | None = None
    mode: float | None = None
    high: float | None = None
    alpha: Annotated[float, Gt(0)] | None = None
    shape: Shape = ""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if problem := self._problem():
            raise ValueError(problem)
        return self

    @property
    def form(self) -> str:
        """The shape, by name: the one that is stated, else by which points there are."""
        if self.value is not None:
            return "value"
        return self.shape or ("pert" if self.mode is not None else "lognormal")

    def _problem(self) -> str:
        low, high = self.low, self.high
        if self.value is not None:
            return "" if low is high is self.mode is None else "a value or a range, not both"
        if self.form == "pareto":
            return "" if low and low > 0 and self.alpha else "low above 0 and alpha, for a Pareto tail"
        if low is None or high is None:
            return "value, or low and high"
        if low > high:
            return f"low ≤ high, not the reversed {low:g} to {high:g}"
        if low == high:
            return f"low below high, or value: {low:g} where it is certain"
        if self.form == "lognormal" and low <= 0:
            return f"low above 0 for a lognormal range, not {low:g}; for amounts of both signs use shape: normal"
        if self.form.startswith("pert") and (self.mode is None or not low <= self.mode <= high):
            return f"low ≤ mode ≤ high, not {low:g}, {self.mode}, {high:g}"
        return ""


class JudgeError(Record):
    """Where sensitivity and specificity of a judge stand: estimates or counts."""

    sensitivity: Name
    specificity: Name


class Figure(Record):
    """A figure in a stored run.

    Attributes:
        file: relative to the case folder, such as `runs/audit/report.json`.
        at: where in it, such as `traffic.over-refusal` or `points[technique=rails].harm`. An estimate (value, low,
            high, n), counts (shown, absent, unknown), a list of outcomes, or a bare number.
        complement: take one minus it, as of a sensitivity the share that passes unseen.
        judge: where, in the same file, the error of the judge stands that ruled; only for what is not yet corrected.
    """

    file: Name
    at: Name
    complement: bool = False
    judge: JudgeError | None = None


class Measured(Figure):
    """MEASURED: a figure of a run of ours; its hash, command and day stand in the case's pins.

    `days` is how long it counts in full; after twice as long it has expired. A run of unknown age is stale.
    """

    kind: Literal["measured"]
    words: str = ""
    days: Annotated[int, Gt(0)] = 180


class ToldSpread(Spread):
    """A range that somebody told on a day, and until when it is good."""

    words: str = ""
    currency: str = ""
    made: date
    until: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until <= self.made:
            raise ValueError(f"until after made, not {self.until} after {self.made}")
        return self


class Cited(ToldSpread):
    """CITED: from a source, with what it includes and leaves out. `trust` is FACT, ESTIMATE or OPINION."""

    kind: Literal["cited"]
    source: Name
    includes: Name
    leaves_out: str = ""
    trust: Literal["FACT", "ESTIMATE", "OPINION"] = "ESTIMATE"


class Assumed(ToldSpread):
    """ASSUMED: somebody's word, until a day."""

    kind: Literal["assumed"]
    by: Name


Input = Annotated[Measured | Cited | Assumed, Field(discriminator="kind")]


def severity_of(spread: Spread) -> Severity:
    """Return the distribution of an amount, as a severity; a normal one is none. Raises `BadInput`."""
    low, mode, high = spread.low or 0.0, spread.mode or 0.0, spread.high or 0.0
    if spread.value is not None:
        return Fixed(amount=spread.value)
    if spread.form == "pareto":
        return Pareto(start=low, alpha=spread.alpha or math.inf)
    if spread.form == "uniform":
        return Uniform(low=low, high=high)
    if spread.form == "pert":
        return Pert.of(low, mode, high)
    if spread.form == "pert-pyfair":
        alpha, beta = pert_shape_pyfair(low, mode, high)
        return Pert(low=low, high=high, alpha=alpha, beta=beta)
    return Lognormal.between(low, high)
