"""Several tests at once: what is left of their p-values or e-values when all are read together."""

from __future__ import annotations

from collections.abc import Sequence

from drillyard.errors import bad_input

__all__ = ["dependent", "e_bh", "holm"]


def holm(p_values: Sequence[float]) -> list[float]:
    """Return adjusted p-values, in the order given: those below α may be called real, all of them at once.

    The chance that any of them is not is then at most α, however the tests depend on each other.
    Source: Holm 1979, A simple sequentially rejective multiple test procedure.

    Raises:
        BadInput: a p-value outside 0 … 1.
    """
    _check(p_values)
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    adjusted, reached = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        reached = max(reached, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = reached
    return adjusted


def dependent(p_values: Sequence[float]) -> float:
    """Return one p-value for tests of the same hypothesis that may depend on each other in any way: twice their mean.

    A single p-value is returned as it is. Source: Rüschendorf 1982; Vovk and Wang 2020, Combining p-values via
    averaging, which also shows that no smaller factor holds.

    Raises:
        BadInput: no p-value, or one outside 0 … 1.
    """
    _check(p_values)
    if not p_values:
        raise bad_input("no p-value", "one or more")
    return p_values[0] if len(p_values) == 1 else min(1.0, 2 * sum(p_values) / len(p_values))


def e_bh(e_values: Sequence[float], rate: float = 0.1) -> list[bool]:
    """Say which e-values are discoveries, in the order given: at most a share `rate` of them is false on average.

    This holds however the tests depend on each other. Source: Wang and Ramdas 2022, False discovery rate control with
    e-values.

    Raises:
        BadInput: an e-value below 0, or a rate outside 0 … 1.
    """
    if not 0 < rate < 1 or [e for e in e_values if not e >= 0]:
        raise bad_input(f"e-values {list(e_values)!r:.60} at {rate!r}", "numbers from 0 and a rate between 0 and 1")
    ordered, count = sorted(e_values, reverse=True), len(e_values)
    limits = [one for rank, one in enumerate(ordered, start=1) if one * rank * rate >= count]
    return [bool(limits) and one >= limits[-1] for one in e_values]


def _check(p_values: Sequence[float]) -> None:
    if wrong := [p for p in p_values if not 0 <= p <= 1]:
        raise bad_input(f"a p-value of {wrong[0]!r}", "numbers from 0 to 1")
