"""What is claimed beside the risk, from the numbers that the risk is computed with: steering, bits, audits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from drillyard.containment.horizon.assumptions import Assumptions
from drillyard.containment.horizon.layers import Layer, bits_left
from drillyard.containment.horizon.model import Array, chances_in
from drillyard.containment.horizon.risk import draw_first
from drillyard.containment.strategy.system import SystemSpec
from drillyard.records import Record

__all__ = ["Evidence", "gather"]

TRUSTED = "trusted-monitor"


class Evidence(Record):
    """Of the chosen layers, over the draws of the risk.

    Attributes:
        draws: how many of them.
        answer_bits: bits of one answer that the risk counts with.
        bits_per_year: those of all answers of a year.
        gap: how far an answer may lie from the truth because that pays, on average.
        gap_over: draws in which that is above what the system allows.
        monitored: whether a trusted monitor was chosen.
        audit_share: of honest work, that it audits.
        caught_first: share of attacks that it catches in the first year, on average.
        caught_last: the same in the last year.
        caught_under: draws in which the last year's share is below what the system asks.
    """

    draws: int
    answer_bits: float
    bits_per_year: float
    gap: float
    gap_over: float
    monitored: bool
    audit_share: float
    caught_first: float
    caught_last: float
    caught_under: float


def gather(spec: SystemSpec, chosen: Sequence[Layer], assumptions: Assumptions, draws: int, seed: int) -> Evidence:
    """Measure a system behind chosen layers on the first draws of its risk."""
    values = draw_first(assumptions, draws, seed)
    bits = spec.setting.answer_bits * bits_left(chosen)
    gap = _gap(values, chosen, spec)
    first, last = (_caught(values, chosen, spec, year) for year in (0, spec.years - 1))
    monitors = [one.monitor for one in chosen if one.name == TRUSTED and one.monitor]
    return Evidence(
        draws=gap.size,
        answer_bits=bits,
        bits_per_year=bits * spec.setting.questions,
        gap=float(gap.mean()),
        gap_over=float((gap > spec.steering_limit).mean()),
        monitored=bool(monitors),
        audit_share=monitors[0].budget if monitors else 0.0,
        caught_first=float(first.mean()),
        caught_last=float(last.mean()),
        caught_under=float((last < spec.safety).mean()),
    )


def _gap(values: Mapping[str, Array], chosen: Sequence[Layer], spec: SystemSpec) -> NDArray[np.float64]:
    """Return, by draw, the bound on the gap of a Brier score that the risk steers with, behind layers on steering."""
    passes = chances_in(values, chosen, spec.setting, spec.years - 1).passes
    left = np.ones(values["slope"].size)
    for one in chosen:
        if one.multiplies == "steering":
            left = left * passes[one.name]
    return np.asarray(np.minimum(values["slope"] / 2, 1) * left, float)


def _caught(values: Mapping[str, Array], chosen: Sequence[Layer], spec: SystemSpec, year: int) -> NDArray[np.float64]:
    """Return, by draw, the share of attacks that the trusted monitor catches in a year."""
    passes = chances_in(values, chosen, spec.setting, year).passes
    return np.asarray(1 - passes.get(TRUSTED, np.ones_like(values["slope"])), float)
