"""Fault trees: and, or, k of n over shared basic events, with intervals, common causes and importance."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Literal, Self

import numpy as np
from annotated_types import Ge, Le, MaxLen, MinLen
from numpy.typing import NDArray
from pydantic import model_validator

from drillyard.containment.horizon.bdd import Bdd
from drillyard.records import Estimate, Record

__all__ = [
    "DOES_NOT_SHOW",
    "CommonCause",
    "Event",
    "FaultRow",
    "FaultTree",
    "TreeGate",
    "TreeReport",
    "analyse",
    "inclusion_exclusion",
]

DOES_NOT_SHOW = (
    "This does not show causes that nobody put into the tree; events not joined by a common cause are independent."
)

Share = Annotated[float, Ge(0), Le(1)]
Name = Annotated[str, MinLen(1)]


class Event(Record):
    """A basic event: its chance lies between two values, which may be equal; half of the doubt lies below `median`."""

    name: Name
    low: Share
    high: Share
    median: Share | None = None
    """The middle of the interval when absent."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"{self.name}: low at most high, not {self.low:g} and {self.high:g} (reversed)")
        if not self.low <= self.middle <= self.high:
            raise ValueError(f"{self.name}: a median from {self.low:g} to {self.high:g}, not {self.middle:g}")
        return self

    @property
    def middle(self) -> float:
        """The chance below which half of the doubt lies."""
        return (self.low + self.high) / 2 if self.median is None else self.median


class TreeGate(Record):
    """A gate: all of its inputs (`and`), any (`or`), or at least `needed`."""

    name: Name
    kind: Literal["and", "or", "at-least"]
    of: Annotated[tuple[Name, ...], MinLen(1)]
    needed: Annotated[int, Ge(1)] | None = None

    @model_validator(mode="after")
    def _counted(self) -> Self:
        if (self.kind == "at-least") != (self.needed is not None) or (self.needed or 1) > len(self.of):
            raise ValueError(f"{self.name}: needed from 1 to {len(self.of)} with at-least, and only there")
        return self

    def count(self) -> int:
        """Return how many inputs make the gate true."""
        return self.needed or (len(self.of) if self.kind == "and" else 1)


class CommonCause(Record):
    """Events of which a share `beta` has one cause for all of them (the smallest chance counts)."""

    events: Annotated[tuple[Name, ...], MinLen(2)]
    beta: Share


class FaultTree(Record):
    """Gates over events, events shared at will; `top` is a gate. At most 60 events."""

    top: Name
    gates: Annotated[tuple[TreeGate, ...], MinLen(1)]
    events: Annotated[tuple[Event, ...], MinLen(1), MaxLen(60)]
    common: tuple[CommonCause, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> Self:
        gates, events = [one.name for one in self.gates], [one.name for one in self.events]
        names = gates + events
        if len(set(names)) != len(names):
            raise ValueError("every name once")
        wanted = {name for gate in self.gates for name in gate.of}
        if self.top not in gates or wanted - set(names):
            raise ValueError(
                f"gates and events that exist, not {', '.join({self.top, *wanted} - set(names)) or self.top}"
            )
        joined = [name for one in self.common for name in one.events]
        if set(joined) - set(events) or len(set(joined)) != len(joined):
            raise ValueError("common causes over events, each in one of them")
        try:
            TopologicalSorter({gate.name: gate.of for gate in self.gates}).prepare()
        except CycleError as error:
            raise ValueError(f"no cycle, but {' -> '.join(reversed(error.args[1]))}") from None
        return self


class FaultRow(Record):
    """One event: Birnbaum importance (top with it minus top without) and Fussell-Vesely (share of the top it is in)."""

    event: str
    birnbaum: float
    fussell_vesely: float


class TreeReport(Record):
    """The top event: exact at the medians of all chances, exact bounds, sampled over intervals; cut sets; importance.

    `chance` is no mean: where an event is rare but its interval reaches far up, `sampled` is above it.
    """

    tree: FaultTree
    top: str
    chance: float
    low: float
    high: float
    sampled: Estimate
    cut_sets: tuple[tuple[str, ...], ...]
    events: tuple[FaultRow, ...]
    does_not_show: str = DOES_NOT_SHOW


def analyse(tree: FaultTree, draws: int = 20_000, seed: int = 1) -> TreeReport:
    """Compute the top event and what it hangs on.

    Args:
        tree: the tree. Gates are monotone, so both bounds are exact.
        draws: of chances within their intervals.
        seed: decides the draws.
    """
    bdd, top = _built(tree)
    names = _parts(tree)
    low, middle, high = (np.array([getattr(one, end) for one in tree.events]) for end in ("low", "middle", "high"))

    def at(given: NDArray[np.float64]) -> NDArray[np.float64]:
        return bdd.chance(top, _split(tree, given))

    parts, whole = _split(tree, middle), float(at(middle))
    rows = []
    for i, name in enumerate(names):
        sure, never = (float(bdd.chance(top, _with(parts, i, value))) for value in (1.0, 0.0))
        vesely = (whole - never) / whole if whole > 0 else 0.0
        rows.append(FaultRow(event=name, birnbaum=sure - never, fussell_vesely=vesely))
    points = 2 * np.random.default_rng(seed).random((len(low), draws))
    spread = np.where(points < 1, low[:, None] + points * (middle - low)[:, None], 0)
    sampled = at(np.where(points < 1, spread, middle[:, None] + (points - 1) * (high - middle)[:, None]))
    ends = np.quantile(sampled, [0.05, 0.95])
    mean = float(sampled.mean())
    method = "mean over chances, half of them below their medians and half above, uniform there; 5 % to 95 %"
    return TreeReport(
        tree=tree,
        top=tree.top,
        chance=whole,
        low=float(at(low)),
        high=float(at(high)),
        sampled=Estimate(
            value=mean, low=min(float(ends[0]), mean), high=max(float(ends[1]), mean), n=draws, method=method
        ),
        cut_sets=tuple(tuple(names[i] for i in sorted(cut)) for cut in bdd.cut_sets(top)),
        events=tuple(sorted(rows, key=lambda row: -row.birnbaum)),
    )


def inclusion_exclusion(cut_sets: Sequence[Sequence[str]], chances: dict[str, float]) -> float:
    """Return the chance that some cut set happens, by the alternating sum over their unions; for few cut sets."""
    unions: list[tuple[frozenset[str], int]] = [(frozenset(), -1)]
    for cut in cut_sets:
        unions += [(union | set(cut), -sign) for union, sign in unions]
    return sum(sign * float(np.prod([chances[name] for name in union])) for union, sign in unions[1:])


def _with(chances: NDArray[np.float64], at: int, value: float) -> NDArray[np.float64]:
    changed = chances.copy()
    changed[at] = value
    return changed


def _built(tree: FaultTree) -> tuple[Bdd, int]:
    """Return the diagram and its top; a variable per event, and then one per common cause."""
    count = len(tree.events)
    bdd, gates = Bdd(count + len(tree.common)), {gate.name: gate for gate in tree.gates}
    nodes = {event.name: bdd.variable(i) for i, event in enumerate(tree.events)}
    for number, one in enumerate(tree.common):
        nodes |= {name: bdd.at_least(1, [nodes[name], bdd.variable(count + number)]) for name in one.events}
    for name in TopologicalSorter({gate.name: gate.of for gate in tree.gates}).static_order():
        if name in gates:
            nodes[name] = bdd.at_least(gates[name].count(), [nodes[one] for one in gates[name].of])
    return bdd, nodes[tree.top]


def _parts(tree: FaultTree) -> list[str]:
    """Return what each variable stands for: an event, what is left of it beside a common cause, a common cause."""
    joined = {name for one in tree.common for name in one.events}
    own = [f"{one.name}, own cause" if one.name in joined else one.name for one in tree.events]
    return [*own, *(f"common cause {number}" for number in range(1, len(tree.common) + 1))]


def _split(tree: FaultTree, given: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the chances of the variables for chances of the events, shape (events, ...): a share beta is common.

    The smallest chance of the joined events counts; it is taken of the chances as given, and not of the ends or middles
    of their intervals.
    """
    places = {one.name: i for i, one in enumerate(tree.events)}
    own, shared = given.copy(), []
    for one in tree.common:
        rows = [places[name] for name in one.events]
        shared.append(one.beta * given[rows].min(axis=0))
        own[rows] = (1 - one.beta) * given[rows]
    return np.concatenate([own, np.array(shared).reshape(len(shared), *given.shape[1:])])
