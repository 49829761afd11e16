"""A forecast as a conditional tree, held to the laws of chance: no model, no outcome, and real mistakes are found.

A forecast states P(event), P(event | other), P(event | not other), P(all of several), P(one of several), and sets of
events of which exactly one happens. What it states must fit one joint distribution; each law that is broken is told,
and by how much. Coherent forecasts can still be wrong.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Le
from pydantic import Field

from drillyard.errors import bad_input
from drillyard.records import Record
from drillyard.records.yaml_file import read_yaml

__all__ = ["ForecastTree", "Incoherence", "TreeEvent", "check_forecast", "read_forecast"]

Chance = Annotated[float, Ge(0), Le(1)]


class TreeEvent(Record):
    """An event and its stated chance; `given` names another event, with the chance if it happens and if it does not.

    `all_of` and `any_of` say that it is a conjunction or a disjunction of other events.
    """

    id: str
    p: Chance
    given: str = ""
    p_if: Chance | None = None
    p_if_not: Chance | None = None
    all_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()


class ForecastTree(Record):
    """Events, and sets of which exactly one happens. `tolerance` is what rounding may do."""

    events: tuple[TreeEvent, ...] = Field(min_length=1)
    one_of: tuple[tuple[str, ...], ...] = ()
    tolerance: float = Field(default=0.01, ge=0, le=0.5)


class Incoherence(Record):
    """A law that is broken: which, about what, and by how much in probability."""

    law: str
    about: str
    gap: float


def read_forecast(path: Path) -> ForecastTree:
    """Read a forecast from YAML. Raises `BadInput`."""
    return ForecastTree.from_data(read_yaml(path))


def check_forecast(forecast: ForecastTree) -> tuple[Incoherence, ...]:
    """Return every law that is broken beyond the tolerance, the largest gap first.

    Raises:
        BadInput: an event that is named and not stated, one stated twice, or a circle of conditions.
    """
    known = {event.id: event for event in forecast.events}
    if len(known) < len(forecast.events):
        ids = [event.id for event in forecast.events]
        raise bad_input(f"the event {next(one for one in ids if ids.count(one) > 1)!r} twice", "each event once")
    _check_names(forecast, known)
    found = [one for one in _broken(forecast, known) if one.gap > forecast.tolerance + 1e-12]
    return tuple(sorted(found, key=lambda one: -one.gap))


def _broken(forecast: ForecastTree, known: dict[str, TreeEvent]) -> Iterator[Incoherence]:
    for group in forecast.one_of:
        gap = abs(sum(known[one].p for one in group) - 1)
        yield Incoherence(law="exactly one of them happens: chances add up to 1", about=", ".join(group), gap=gap)
    for event in forecast.events:
        if event.given:
            yield from _conditional(event, known[event.given])
        if event.all_of:
            yield from _conjunction(event, [known[one] for one in event.all_of])
        if event.any_of:
            parts = [known[one].p for one in event.any_of]
            low, high = max(parts), min(1.0, sum(parts))
            gap = max(low - event.p, event.p - high)
            yield Incoherence(
                law="one of several is at least the likeliest and at most their sum", about=event.id, gap=gap
            )


def _conditional(event: TreeEvent, other: TreeEvent) -> Iterator[Incoherence]:
    about = f"{event.id} given {other.id}"
    if event.p_if is not None and event.p_if_not is not None:
        whole = event.p_if * other.p + event.p_if_not * (1 - other.p)
        yield Incoherence(law="total probability", about=about, gap=abs(whole - event.p))
    elif event.p_if is not None:
        joint = event.p_if * other.p
        gap = max(joint - event.p, event.p - joint - (1 - other.p))
        yield Incoherence(law="a part is at most the whole", about=about, gap=gap)


def _conjunction(event: TreeEvent, parts: Sequence[TreeEvent]) -> Iterator[Incoherence]:
    chances = [one.p for one in parts]
    low, high = max(0.0, sum(chances) - len(chances) + 1), min(chances)
    gap = max(low - event.p, event.p - high)
    yield Incoherence(law="all of several is at most the least likely", about=event.id, gap=gap)
    if len(parts) == 2:
        for one, other in (parts, parts[::-1]):
            if one.given == other.id and one.p_if is not None:
                gap = abs(event.p - one.p_if * other.p)
                yield Incoherence(law="product of a chance and its condition", about=event.id, gap=gap)


def _check_names(forecast: ForecastTree, known: dict[str, TreeEvent]) -> None:
    named = [(event.id, one) for event in forecast.events for one in (event.given, *event.all_of, *event.any_of) if one]
    named += [("one_of", one) for group in forecast.one_of for one in group]
    for where, one in named:
        if one not in known:
            near = difflib.get_close_matches(one, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else ""
            raise bad_input(f"{one!r} in {where!r}", f"one of: {', '.join(known)}", hint)
    for event in forecast.events:
        way, at = [event.id], event
        while at.given:
            at = known[at.given]
            if at.id in way:
                raise bad_input(f"a circle of conditions: {' given '.join([*way, at.id])}", "a tree")
            way.append(at.id)
