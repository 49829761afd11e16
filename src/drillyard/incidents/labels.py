"""Which rows are bad: what a label such as `flagged`, `thumbs<0.5` or `score:pressure>=0.8` makes of a turn."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence

from drillyard.errors import bad_input
from drillyard.incidents.logs.turn import KNOWN, Turn

__all__ = ["Label", "read_label"]

Label = Callable[[Turn], float | None]
"""From a turn to how far it is held bad, 0 to 1; None where nothing says."""

_FORM = re.compile(r"([^<>=]+?)\s*(?:(<=|>=|<|>)\s*(-?\d+(?:\.\d+)?))?")
_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def read_label(text: str, behaviour: str) -> Label:
    """Read a label; an empty one takes what the log calls bad, or else the score named like the behaviour.

    Raises:
        BadInput: no name, or no number behind the sign.
    """
    if not text:
        names = (behaviour, *KNOWN)
        return lambda turn: _share(turn.label if turn.label is not None else _told(turn, names))
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise bad_input(f"label {text!r}", "a name, or a name, a sign and a number", "such as: --label 'thumbs<0.5'")
    name, sign, limit = found.groups()
    name = name.removeprefix("score:").removeprefix("feedback:")

    def label(turn: Turn) -> float | None:
        value = _told(turn, (name,))
        if value is None and name in KNOWN:
            value = turn.label
        if value is None or not sign:
            return _share(value)
        return float(_COMPARE[sign](value, float(limit)))

    return label


def _told(turn: Turn, names: Sequence[str]) -> float | None:
    return next((held[name] for name in names for held in (turn.scores, turn.feedback) if name in held), None)


def _share(value: float | None) -> float | None:
    return None if value is None else min(1.0, max(0.0, value))
