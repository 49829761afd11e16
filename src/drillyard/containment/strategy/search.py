"""Which layers: the set with the best worst case among all that leave enough usefulness and take few enough hours.

A layer never adds risk in the model, so only sets matter to which no further layer can be added. The worst case is that
of one assumption at its hard end while the others stand at their medians; equal worst cases are told apart by the mean
risk over draws of all assumptions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from drillyard.containment.horizon.assumptions import Assumptions, change_assumptions
from drillyard.containment.horizon.layers import Layer
from drillyard.containment.horizon.risk import case_risk
from drillyard.containment.horizon.sampling import build_scenarios, draw_independent, ids_of
from drillyard.containment.strategy.system import SystemSpec
from drillyard.errors import bad_input
from drillyard.records import Record

__all__ = ["DRAWS", "LayerChoice", "LayerSearch", "LeftOut", "maximal_sets", "search"]

DRAWS = 1000
"""Draws of all assumptions by which sets are told apart."""
_SAME = 0.005
"""Worst cases this near count as equal, and the mean risk decides: chosen, not measured."""

_FLOORS = 8
"""Points of the frontier: as many as a figure can name."""

Told = Callable[[int, int, str], None]


class LayerChoice(Record):
    """A set of layers: what it leaves and takes, its worst case and the assumption of that, its mean risk."""

    layers: tuple[str, ...]
    usefulness: float
    hours: float
    worst: float
    worst_assumption: str
    mean: float


class LeftOut(Record):
    """A layer that was not chosen: the set with it, and by how much that breaks each budget (0: it does not)."""

    layer: str
    with_it: LayerChoice
    usefulness_short: float
    hours_over: float


class LayerSearch(Record):
    """The best set within the budgets; the best one for each of several floors of usefulness; the ends for comparison.

    `bare` is no layer at all, `whole` every layer, whatever it costs.
    """

    best: LayerChoice
    frontier: tuple[LayerChoice, ...]
    bare: LayerChoice
    whole: LayerChoice
    considered: int
    left_out: tuple[LeftOut, ...]


def search(spec: SystemSpec, seed: int = 1, told: Told | None = None) -> LayerSearch:
    """Choose among all sets of the system's layers.

    Raises:
        BadInput: no set that holds the required layers is within both budgets.
    """
    layers = spec.candidates
    judge = _Judge(spec, change_assumptions(spec.assumptions), seed)
    floors = sorted({spec.usefulness, *np.linspace(spec.usefulness, 1.0, _FLOORS).round(3).tolist()})
    sets = {floor: maximal_sets(layers, floor, spec.staff_hours, spec.required) for floor in floors}
    if not sets[spec.usefulness]:
        raise bad_input(_poor(spec, layers), "budgets that they fit in", "raise staff_hours or lower usefulness")
    every = {chosen for some in sets.values() for chosen in some}
    for done, chosen in enumerate(sorted(every), start=1):
        judge(tuple(layers[i] for i in chosen))
        if told:
            told(done, len(every), "weighing sets of layers")
    best_of = {
        floor: _best([judge(tuple(layers[i] for i in chosen)) for chosen in some])
        for floor, some in sets.items()
        if some
    }
    frontier: list[LayerChoice] = []
    for _, one in sorted(best_of.items()):
        if one not in frontier:
            frontier.append(one)
    best = best_of[spec.usefulness]
    return LayerSearch(
        best=best,
        frontier=tuple(frontier),
        bare=judge(()),
        whole=judge(layers),
        considered=len(every),
        left_out=tuple(_left_out(spec, judge, best, one) for one in layers if one.name not in best.layers),
    )


def _left_out(spec: SystemSpec, judge: _Judge, best: LayerChoice, layer: Layer) -> LeftOut:
    found = judge(tuple(one for one in spec.candidates if one.name in (*best.layers, layer.name)))
    short, over = max(spec.usefulness - found.usefulness, 0.0), max(found.hours - spec.staff_hours, 0.0)
    return LeftOut(layer=layer.name, with_it=found, usefulness_short=short, hours_over=over)


def maximal_sets(
    layers: Sequence[Layer], usefulness: float, hours: float, required: Sequence[str] = ()
) -> list[tuple[int, ...]]:
    """Return the places of layers, per set, of all sets within both budgets to which no layer can be added."""
    count = len(layers)
    bits = (np.arange(2**count)[:, None] >> np.arange(count)) & 1
    useful = np.exp(bits @ np.log(np.maximum([one.useful for one in layers], 1e-12))) if count else np.ones(1)
    taken = bits @ np.array([one.hours for one in layers]) if count else np.zeros(1)
    needed = np.array([one.name in required for one in layers], bool)
    within: NDArray[np.bool_] = (useful >= usefulness - 1e-9) & (taken <= hours + 1e-9) & bits[:, needed].all(1)
    numbers = np.flatnonzero(within)
    full = [n for n in numbers.tolist() if not any(within[n | 1 << i] for i in range(count) if not n >> i & 1)]
    return [tuple(i for i in range(count) if n >> i & 1) for n in full]


class _Judge:
    """Weighs sets of layers on the same scenarios and draws, each set once."""

    def __init__(self, spec: SystemSpec, assumptions: Assumptions, seed: int) -> None:
        self._spec = spec
        self._ids = tuple(ids_of(assumptions))
        self._hard = build_scenarios(assumptions, [(one,) for one in self._ids])
        self._drawn = draw_independent(assumptions, DRAWS, np.random.default_rng(seed))
        self._seen: dict[tuple[str, ...], LayerChoice] = {}

    def __call__(self, layers: Sequence[Layer]) -> LayerChoice:
        """Return the set, weighed."""
        names = tuple(one.name for one in layers)
        if names not in self._seen:
            spec = self._spec
            each = case_risk(self._hard, layers, spec.setting, spec.years)
            worst = int(np.argmax(each))
            self._seen[names] = LayerChoice(
                layers=names,
                usefulness=float(np.prod([one.useful for one in layers])),
                hours=float(sum(one.hours for one in layers)),
                worst=float(each[worst]),
                worst_assumption=self._ids[worst],
                mean=float(case_risk(self._drawn, layers, spec.setting, spec.years).mean()),
            )
        return self._seen[names]


def _best(choices: Sequence[LayerChoice]) -> LayerChoice:
    """Return the lowest worst case; among those within half a point of it the lowest mean, then the more useful."""
    lowest = min(one.worst for one in choices)
    return min((one for one in choices if one.worst <= lowest + _SAME), key=lambda one: (one.mean, -one.usefulness))


def _poor(spec: SystemSpec, layers: Sequence[Layer]) -> str:
    needed = [one for one in layers if one.name in spec.required]
    useful, hours = float(np.prod([one.useful for one in needed])), sum(one.hours for one in needed)
    return f"required layers that leave {useful:.2f} of the usefulness and take {hours:g} hours"
