"""Fault trees: and, or, k of n over shared basic events, with intervals, common causes and importance."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from importlib import resources
from typing import Annotated, Literal, Self

import numpy as np
from annotated_types import Ge, Le, MaxLen, MinLen
from numpy.typing import NDArray
from pydantic import model_validator

from drillyard.containment.horizon.bdd import Bdd
from drillyard.records import Estimate, Record
from drillyard.records.yaml_file import read_yaml

__all__ = [
    "DOES_NOT_SHOW",
    "CommonCause",
    "Event",
    "EventRow",
    "FaultTree",
    "TreeGate",
    "TreeReport",
    "analyse",
    "default_tree",
    "inclusion_exclusion",
]

DOES_NOT_SHOW = (
    "This does not show causes that nobody put into the tree; events not joined by a common cause are independent."
)

Share = Annotated[float, Ge(0), Le(1)]
Name = Annotated[str, MinLen(1)]


class Event(Record):
    """A basic event: its chance lies somewhere between two values, which may be equal."""

    name: Name
    low: Share
    high: Share

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"{self.name}: low at most high, not {self.low:g} and {self.high:g} (reversed)")
        return self


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


class EventRow(Record):
    """One event: Birnbaum importance (top with it minus top without) and Fussell-Vesely (share of the top it is in)."""

    event: str
    birnbaum: float
    fussell_vesely: float


class TreeReport(Record):
    """The top event: exact at mid chances, exact bounds over intervals, sampled over them; cut sets; importance."""

    top: str
    chance: float
    low: float
    high: float
    sampled: Estimate
    cut_sets: tuple[tuple[str, ...], ...]
    events: tuple[EventRow, ...]
    does_not_show: str = DOES_NOT_SHOW


def default_tree() -> FaultTree:
    """Return our tree of harm through an oracle; its intervals are ours (unverified)."""
    folder = resources.files("drillyard.containment.horizon") / "data"
    return FaultTree.from_data(read_yaml(folder / "tree.yaml"))


def analyse(tree: FaultTree, draws: int = 20_000, seed: int = 1) -> TreeReport:
    """Compute the top event and what it hangs on.

    Args:
        tree: the tree. Gates are monotone, so both bounds are exact.
        draws: of chances, uniform within their intervals.
        seed: decides the draws.
    """
    tree = _split(tree)
    bdd, top = _built(tree)
    low, high = (np.array([getattr(one, end) for one in tree.events]) for end in ("low", "high"))
    middle = (low + high) / 2
    whole = float(bdd.chance(top, middle))
    rows = []
    for i, event in enumerate(tree.events):
        sure, never = (float(bdd.chance(top, _with(middle, i, value))) for value in (1.0, 0.0))
        vesely = (whole - never) / whole if whole > 0 else 0.0
        rows.append(EventRow(event=event.name, birnbaum=sure - never, fussell_vesely=vesely))
    points = np.random.default_rng(seed).random((len(low), draws))
    sampled = bdd.chance(top, low[:, None] + points * (high - low)[:, None])
    ends = np.quantile(sampled, [0.05, 0.95])
    mean = float(np.clip(sampled.mean(), *ends))
    method = "mean over chances uniform in their intervals; 5 % to 95 %"
    return TreeReport(
        top=tree.top,
        chance=whole,
        low=float(bdd.chance(top, low)),
        high=float(bdd.chance(top, high)),
        sampled=Estimate(value=mean, low=float(ends[0]), high=float(ends[1]), n=draws, method=method),
        cut_sets=tuple(tuple(tree.events[i].name for i in sorted(cut)) for cut in bdd.cut_sets(top)),
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
    """Return the diagram and its top; variables in the order of the tree's events."""
    bdd, gates = Bdd(len(tree.events)), {gate.name: gate for gate in tree.gates}
    nodes = {event.name: bdd.variable(i) for i, event in enumerate(tree.events)}
    for name in TopologicalSorter({gate.name: gate.of for gate in tree.gates}).static_order():
        if name in gates:
            nodes[name] = bdd.at_least(gates[name].count(), [nodes[one] for one in gates[name].of])
    return bdd, nodes[tree.top]


def _split(tree: FaultTree) -> FaultTree:
    """Return the tree with each common cause as an event of its own, beside what is left of each member's chance."""
    events, gates = {one.name: one for one in tree.events}, list(tree.gates)
    for number, one in enumerate(tree.common, 1):
        shared = f"common cause {number}"
        members = [events[name] for name in one.events]
        low, high = (one.beta * min(getattr(event, end) for event in members) for end in ("low", "high"))
        events[shared] = Event(name=shared, low=low, high=high)
        for event in members:
            own = f"{event.name}, own cause"
            rest = {"low": (1 - one.beta) * event.low, "high": (1 - one.beta) * event.high}
            del events[event.name]
            events[own] = Event(name=own, **rest)
            gates.append(TreeGate(name=event.name, kind="or", of=(own, shared)))
    return tree.model_copy(update={"gates": tuple(gates), "events": tuple(events.values())})
