"""From what a forecaster wrote to the one answer that may leave: parse, agree, add noise, round, strip all else."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from drillyard.containment.channels.noise import draw
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.containment.gateway.questions import Question, points_of, step_of

__all__ = ["Agreement", "agree", "parse", "settle"]

Array = NDArray[np.float64]

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
    """Return the answer on which enough of several agree, with the policy's noise, on the grid of its type."""
    read = [parse(question, raw, policy, today) for raw in raws]
    parsed = sum(value is not None for value in read)
    value = float(settle(question.kind, np.array([np.nan if one is None else one for one in read]), policy))
    if np.isnan(value):
        numeric = question.kind in ("grid", "date") and parsed >= policy.quorum
        return Agreement(answer="", parsed=parsed, reason="spread" if numeric else "quorum")
    if question.kind in ("grid", "date"):
        value = draw(value / step_of(question, policy), points_of(question, policy), policy.dither, rng.random())
    return Agreement(answer=_word(question, int(value), policy, today), parsed=parsed)


def settle(kind: str, values: Array, policy: GatewayPolicy) -> Array:
    """Return the value on which several runs agree, shape (…), nan where they do not.

    Of probabilities and days the median, if all lie within the spread; of an even number the lower middle one. Of other
    answers the one that a quorum and more than half of the runs give. Source of the rule: Bostrom, Superintelligence,
    ch. 10 (several oracles, shown only if they agree); void if they collude.

    Args:
        kind: of the question.
        values: shape (…, runs), nan where a run gave no answer of its type.
        policy: with quorum and spread.
    """
    in_order = np.sort(values, axis=-1)  # nan comes last
    parsed = np.isfinite(values).sum(axis=-1)
    last = np.maximum(parsed - 1, 0)
    middle = np.take_along_axis(in_order, (last // 2)[..., None], axis=-1)[..., 0]
    if kind in ("grid", "date"):
        highest = np.take_along_axis(in_order, last[..., None], axis=-1)[..., 0]
        scale = 1.0 if kind == "grid" else float(policy.max_days)
        agreed = highest - in_order[..., 0] <= policy.spread * scale + 1e-12
    else:  # what more than half of them say is the median as well
        same = (values == middle[..., None]).sum(axis=-1)
        agreed = (same >= policy.quorum) & (2 * same > parsed)
    return np.asarray(np.where(agreed & (parsed >= policy.quorum), middle, np.nan), dtype=float)


def _day(text: str, policy: GatewayPolicy, today: date) -> float | None:
    days = _DAY.findall(text)
    if len(days) != 1:
        return None
    try:
        ahead = (date.fromisoformat(days[0]) - today).days
    except ValueError:
        return None
    return float(ahead) if 0 <= ahead <= policy.max_days else None


def _word(question: Question, place: int, policy: GatewayPolicy, today: date) -> str:
    """Write the answer at a place of its type's grid as one of the words of the type."""
    if question.kind == "binary":
        return "yes" if place else "no"
    if question.kind == "category":
        return question.options[place]
    if question.kind == "date":
        return (today + timedelta(days=place * policy.day_step)).isoformat()
    return f"{place / (policy.grid_points - 1):.4f}"
