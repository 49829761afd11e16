"""Questions: what is asked, how an answer is read from a form, what it earns, and which belief is behind a wrong one.

Four kinds: one of several options, steps to put in order, rows to match, a number. An answer is kept as text: the place
of the option (`2`), the places of the steps as the learner put them (`2 0 1`), the target of each row (`1 0 2`), or the
number. Where an answer can be partly right, so are its points; as points they fit a partial credit model.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Discriminator, Tag

from drillyard.planning.questions.base import Asked, SortedAnswer
from drillyard.planning.questions.choice import LessonOption, LessonQuestion
from drillyard.planning.questions.match import MatchQuestion, MatchRow
from drillyard.planning.questions.number import NumberQuestion, NumberSlip
from drillyard.planning.questions.order import OrderQuestion, OrderStep

__all__ = [
    "AnyQuestion",
    "Asked",
    "LessonOption",
    "LessonQuestion",
    "MatchQuestion",
    "MatchRow",
    "NumberQuestion",
    "NumberSlip",
    "OrderQuestion",
    "OrderStep",
    "SortedAnswer",
]


def _kind(data: Any) -> str:
    """Return which kind of question something is; it is a choice where it does not say."""
    told = data.get("kind", "choice") if isinstance(data, dict) else getattr(data, "kind", "")
    return str(told)


AnyQuestion = Annotated[
    Annotated[LessonQuestion, Tag("choice")]
    | Annotated[OrderQuestion, Tag("order")]
    | Annotated[MatchQuestion, Tag("match")]
    | Annotated[NumberQuestion, Tag("number")],
    Discriminator(
        _kind,
        custom_error_type="question_kind",
        custom_error_message="a question of kind choice, order, match or number",
    ),
]
