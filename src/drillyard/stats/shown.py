"""Figures as they are shown: few digits, and beside a limit as many as it takes to stand on the right side of it.

0.5965 is "60 %", but beside a limit of 60 % that it misses it is "59.7 %". Whoever prints a figure next to what it is
held to prints it through here.
"""

from __future__ import annotations

import math

__all__ = ["number", "percent", "reaches", "tell_count"]

_MOST = 6


def reaches(value: float, limit: float) -> bool:
    """Say whether a value is at a limit or above it; what floating-point sums are off by does not keep it below."""
    return _side(value, limit) >= 0


def percent(share: float, limit: float | None = None, digits: int = 0) -> str:
    """Return a share as percent with so many decimals, or with those that tell it from a `limit`, a share too."""
    return f"{number(100 * share, None if limit is None else 100 * limit, digits)} %"


def number(value: float, limit: float | None = None, digits: int = 0) -> str:
    """Return a value with so many decimals, or with more where it would else be shown as the limit, or beyond it.

    A limit itself is shown with `number(limit, limit)`. What differs from it by less than a millionth is the limit.
    """
    if limit is None or not math.isfinite(value):
        return f"{value:.{digits}f}"
    wanted = _side(value, limit)
    for more in range(digits, _MOST + 1):
        text = f"{value:.{more}f}"
        if _side(float(text), limit) == wanted:
            return text
    return text


def tell_count(count: int, noun: str) -> str:
    """Return a count with its noun: `1 role`, `2 roles`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _side(value: float, limit: float) -> int:
    """Return -1 below a limit, 1 above it, 0 at it: what floating-point sums are off by is no difference."""
    return 0 if math.isclose(value, limit, rel_tol=1e-6, abs_tol=1e-9) else (value > limit) - (value < limit)
