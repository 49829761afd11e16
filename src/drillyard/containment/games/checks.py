"""Numbers from outside, refused in one line before anything is computed."""

from __future__ import annotations

import math

from drillyard.errors import bad_input

__all__ = ["check_count", "check_positive", "check_share"]


def check_share(name: str, value: float) -> float:
    """Return a probability or share. Raises `BadInput` outside 0 to 1 and for what is no number."""
    if not 0 <= value <= 1:
        raise bad_input(f"{name} = {value!r}", "a share from 0 to 1", f"give {name} as a fraction, such as 0.05")
    return float(value)


def check_positive(name: str, value: float) -> float:
    """Return a finite number above 0. Raises `BadInput` else."""
    if not (math.isfinite(value) and value > 0):
        raise bad_input(f"{name} = {value!r}", "a finite number above 0", f"give another {name}")
    return float(value)


def check_count(name: str, value: int, least: int = 1) -> int:
    """Return a whole number. Raises `BadInput` below the least."""
    if value != int(value) or value < least:
        raise bad_input(f"{name} = {value!r}", f"a whole number from {least} on", f"give another {name}")
    return int(value)
