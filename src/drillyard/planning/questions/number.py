"""A number to work out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from drillyard.drills.answers.scoring import number_in
from drillyard.errors import BadInput
from drillyard.planning.questions.base import Asked, SortedAnswer
from drillyard.records import Record

__all__ = ["NumberQuestion", "NumberSlip"]


class NumberSlip(Record):
    """A common wrong number with the belief behind it; `half` of the points where all but the last step was right."""

    value: float
    why: str
    half: bool = False


class NumberQuestion(Asked):
    """A number to work out: right within `within` of `value`, both in `unit`; common wrong ones are `slips`."""

    kind: Literal["number"]
    value: float
    within: float = Field(ge=0)
    unit: str = ""
    because: str
    slips: tuple[NumberSlip, ...] = Field(min_length=1, max_length=5)

    @model_validator(mode="after")
    def _slips_lie_apart(self) -> Self:
        for number, one in enumerate((self.value, *(slip.value for slip in self.slips))):
            for slip in self.slips[number:]:
                if abs(one - slip.value) <= 2 * self.within:
                    raise ValueError(
                        f"found {one:g} and {slip.value:g} in {self.id!r}, expected more than twice 'within' apart"
                    )
        return self

    @property
    def points(self) -> int:
        """Two where a slip earns half of them."""
        return 2 if any(slip.half for slip in self.slips) else 1

    @property
    def key(self) -> str:
        """The number itself."""
        return f"{self.value:.12g}"

    @property
    def why(self) -> str:
        """How it is worked out."""
        return self.because

    def read(self, typed: Sequence[str]) -> str:
        """Return the number that was typed; its unit, a percent sign and commas between thousands are forgiven."""
        text = typed[0].strip() if len(typed) == 1 else ""
        value = number_in(text.removesuffix(self.unit) if self.unit else text)
        if value is None:
            raise BadInput("Type a number, such as 12.5 or 12,500.")
        return f"{value:.12g}"

    def knows(self, answer: str) -> bool:
        """Say whether it is a number."""
        try:
            return math.isfinite(float(answer))
        except ValueError:
            return False

    def earned(self, answer: str) -> int:
        """Return all points within the tolerance, half of them for a slip that earns half."""
        if self._near(answer, self.value):
            return self.points
        slip = self._slip(answer)
        return int(slip is not None and slip.half)

    def beliefs(self, answer: str) -> tuple[str, ...]:
        """Return the belief behind a common wrong number; nothing is known of the others."""
        slip = self._slip(answer)
        return (slip.why,) if slip else ()

    def words(self, answer: str) -> str:
        """Return the number with its unit."""
        told = f"{float(answer):,.10g}"
        return f"{told} {self.unit}" if self.unit else told

    def sort(self, answer: str) -> tuple[SortedAnswer, ...]:
        """Return the number among the right one, the common wrong ones and all others."""
        slip = self._slip(answer)
        given = 0 if self._near(answer, self.value) else 1 + (self.slips.index(slip) if slip else len(self.slips))
        known = (self.value, *(one.value for one in self.slips))
        classes = (*(self.words(str(one)) for one in known), "another number")
        return (SortedAnswer(part="", classes=classes, right=0, given=given, rest=True),)

    def _slip(self, answer: str) -> NumberSlip | None:
        return next((slip for slip in self.slips if self._near(answer, slip.value)), None)

    def _near(self, answer: str, value: float) -> bool:
        return abs(float(answer) - value) <= self.within * (1 + 1e-9)
