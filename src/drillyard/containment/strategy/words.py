"""Plain words for a board: assumptions as sentences, skills, shares, what is fixed of an installation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from string import Formatter
from typing import Any

from drillyard.containment.horizon.assumptions import Assumption, Parameter, ends_of
from drillyard.containment.horizon.ceiling import MOST
from drillyard.stats import shown

__all__ = ["SETTING_WORDS", "ends_at", "percent", "ranges", "sentence"]

SETTING_WORDS: Mapping[str, str] = {
    "questions": "{value:,.0f} questions a year.",
    "answer_bits": "A free answer carries {value:,.0f} bits.",
    "covert_share": "At most {value:.2%} of an answer can carry something hidden.",
    "convincing": "Without persuasion, people are talked into a decisive act in {value:.2g} of years.",
    "steering_harm": "Readers who are steered as far as it pays bring great harm in {value:.2g} of years.",
    "readers": "{value:.0%} of those concerned read the answers at the start.",
    "start_skill": "The system starts at {skill:.2g} times the skill of what watches it.",
    "reach": "Skill raises the odds that one act wins by the power {value:.2g}.",
    "jump_size": "A sudden jump multiplies skill by e to the power {value:.2g}.",
    "upgrade_years": "A new version comes every {value} years and no sooner.",
    "skill_ceiling": "No new version will have more than {skill:.2g} times the skill of what watches it.",
    "held_skill": "The system stays at {skill:.2g} times the skill of what watches it.",
}
"""What a number of the installation claims, where it is another than ours; `skill` is the number as a multiple."""


class _Range:
    """A range that formats itself: `{:%}` in per cent, `{:k}` as one in so many (of one per thousand), `{}` as is."""

    def __init__(self, parameter: Parameter) -> None:
        self._ends = sorted({*ends_of(parameter)})

    def __format__(self, spec: str) -> str:
        words = {"%": lambda end: f"{100 * end:.3g} %", "k": _one_in, "": _number}[spec]
        return " to ".join(words(end) for end in self._ends)


def sentence(assumption: Assumption) -> str:
    """Return an assumption as one sentence with its ranges in it."""
    ranges: dict[str, Any] = {one.name: _Range(one) for one in assumption.parameters}
    return assumption.plain.format_map(ranges) if assumption.plain else assumption.statement


def ranges(assumption: Assumption, names: Iterable[str]) -> str:
    """Return the ranges of some parameters, as they stand in the sentence."""
    known = {one.name: _Range(one) for one in assumption.parameters}
    specs = {name: spec for _, name, spec, _ in Formatter().parse(assumption.plain) if name}
    return ", ".join(format(known[name], specs.get(name) or "") for name in names)


def percent(share: float, limit: float | None = None) -> str:
    """Return a share in per cent to two digits, more where it would else be shown as a limit that it is not at.

    0 and 100 are written only where they are.
    """
    value = 100 * share
    if 0 < value < 0.1:
        return "under 0.1 %"
    if 99.5 < value < 100:
        return "over 99 %"
    rounded = float(f"{value:.2g}") if value < 99.5 else 100.0
    if limit is None or _sides(rounded, 100 * limit) == _sides(share, limit):
        return f"{rounded:g} %"
    return shown.percent(share, limit)


def _sides(value: float, limit: float) -> tuple[bool, bool]:
    return shown.reaches(value, limit), shown.reaches(limit, value)


def ends_at(skill: float | None) -> str:
    """Return where a case ends, as a multiple of the monitor's skill."""
    if skill is None:
        return "holds at no skill"
    return "no end found" if skill >= MOST else f"{_number(float(f'{math.exp(skill):.2g}'))} times"


def _one_in(value: float) -> str:
    return f"1 in {float(f'{1000 / value:.3g}'):,.0f}" if value else "none"


def _number(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value == 0 or abs(value) >= 1e-4 else f"{value:.9f}".rstrip("0")
