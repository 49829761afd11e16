"""From what a forecaster wrote to the one answer that may leave: parse, round, agree, and strip all else."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.containment.gateway.questions import Question

__all__ = ["Agreement", "agree", "parse"]

_NUMBER = re.compile(r"(?<![\w.\-])(\d+(?:\.\d+)?)(\s*%)?(?![\w])")
_DAY = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")
_SIDE = re.compile(r"\b(yes|no)\b")


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """The canonical answer of several episodes; `answer` is empty where they do not agree. `parsed` counts answers."""

    answer: str
    parsed: int
    reason: str = ""


def parse(question: Question, raw: str, policy: GatewayPolicy, today: date) -> float | None:
    """Read one answer as a number: 1 or 0, a probability, a day after today, or an option's place.

    Exactly one answer of the type must stand in the text; none, two or one out of range is `None`.
    """
    text = raw.strip().casefold()
    if question.kind == "binary":
        sides = set(_SIDE.findall(text))
        return float(sides == {"yes"}) if len(sides) == 1 else None
    if question.kind == "category":
        named = [n for n, one in enumerate(question.options) if re.search(rf"\b{re.escape(one.casefold())}\b", text)]
        return float(named[0]) if len(named) == 1 else None
    if question.kind == "grid":
        numbers = _NUMBER.findall(text)
        if len(numbers) != 1:
            return None
        value = float(numbers[0][0]) / (100 if numbers[0][1] else 1)
        return value if 0 <= value <= 1 else None
    return _day(text, policy, today)


def agree(question: Question, raws: Sequence[str], policy: GatewayPolicy, today: date, rng: random.Random) -> Agreement:
    """Return the median of the answers on the grid of its type, if enough of them are near enough to each other.

    Of an even number the lower middle one is taken. Categories and binaries take the answer of a quorum. Source of the
    rule: Bostrom, Superintelligence, ch. 10 (several oracles, shown only if they agree); void if they collude.
    """
    values = [value for raw in raws if (value := parse(question, raw, policy, today)) is not None]
    if len(values) < policy.quorum:
        return Agreement(answer="", parsed=len(values), reason="quorum")
    if question.kind in ("binary", "category"):
        value, count = Counter(sorted(values)).most_common(1)[0]
        enough = count >= policy.quorum and 2 * count > len(values)
        return Agreement(answer=_word(question, value, policy, today) if enough else "", parsed=len(values))
    scale = 1.0 if question.kind == "grid" else float(policy.max_days)
    if max(values) - min(values) > policy.spread * scale + 1e-12:
        return Agreement(answer="", parsed=len(values), reason="spread")
    middle = sorted(values)[(len(values) - 1) // 2]
    step = 1 / (policy.grid_points - 1) if question.kind == "grid" else 1.0
    if policy.dither:
        middle = min(scale, max(0.0, middle + (rng.random() - 0.5) * step))
    return Agreement(answer=_word(question, middle, policy, today), parsed=len(values))


def _day(text: str, policy: GatewayPolicy, today: date) -> float | None:
    days = _DAY.findall(text)
    if len(days) != 1:
        return None
    try:
        ahead = (date.fromisoformat(days[0]) - today).days
    except ValueError:
        return None
    return float(ahead) if 0 <= ahead <= policy.max_days else None


def _word(question: Question, value: float, policy: GatewayPolicy, today: date) -> str:
    """Write a value as one of the words of its type."""
    if question.kind == "binary":
        return "yes" if value else "no"
    if question.kind == "category":
        return question.options[int(value)]
    if question.kind == "date":
        return (today + timedelta(days=round(value))).isoformat()
    steps = policy.grid_points - 1
    return f"{round(value * steps) / steps:.4f}"
