"""Checking a safety case: every leaf is evaluated again on the run as it is now, and the states go up to the top."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import numpy as np

from drillyard.assurance.argument.elements import Argument, Element, LeafCriterion, parse_criterion
from drillyard.assurance.evidence import Counts, Events, Evidence, FigureFound, Pins, read_pins
from drillyard.assurance.inputs import Figure
from drillyard.assurance.posterior import of_events
from drillyard.errors import BadInput, bad_input
from drillyard.records import Estimate, Record
from drillyard.stats import clopper_pearson

__all__ = ["MARKS", "ArgumentCheck", "ElementCheck", "ElementState", "argument_files", "check_case_argument"]

ElementState = Literal["holds", "fails", "undeveloped", "stale"]
MARKS: Mapping[str, str] = {"holds": "●", "fails": "▲", "undeveloped": "◐", "stale": "◌"}
_WORST: tuple[ElementState, ...] = ("fails", "undeveloped", "stale", "holds")
_PLURAL: Mapping[str, str] = {"holds": "hold", "fails": "fail"}
DOES_NOT_COVER = (
    "A safety case shows what its leaves measured, on the models and questions of their runs. It does not cover what "
    "nobody asked, traffic that changes, or a model that is replaced; and it is no certificate."
)


class ElementCheck(Record):
    """One element as it is today.

    Attributes:
        words: why it is in this state.
        found: the estimate at a leaf.
        low: the least chance that it holds, however its leaves depend on each other (Fréchet).
        high: the most.
        changed: whether the run under a leaf is another one than when the case was pinned.
        sha256: of that run as it is now.
    """

    id: str
    state: ElementState
    words: str
    found: Estimate | None = None
    low: float = 0.0
    high: float = 1.0
    changed: bool = False
    sha256: str = ""
    command: str = ""
    made: date | None = None


class ArgumentCheck(Record):
    """A whole argument as it is today."""

    title: str
    state: ElementState
    verdict: str
    today: date
    elements: tuple[ElementCheck, ...]
    does_not_cover: str = DOES_NOT_COVER

    def of(self, name: str) -> ElementCheck:
        """Return the check of an element."""
        return next(one for one in self.elements if one.id == name)


def argument_files(argument: Argument) -> tuple[str, ...]:
    """Return the runs that the leaves name."""
    return tuple(sorted({one.run.file for one in argument.leaves if one.run}))


def check_case_argument(argument: Argument, folder: Path, today: date) -> ArgumentCheck:
    """Evaluate every leaf on the runs of a case folder, and say where the case stands. Reads only."""
    evidence, pins = Evidence(folder), read_pins(folder)
    if argument_files(argument) and not pins.files:
        raise bad_input(f"no pins in {str(folder)!r}", "hash and day of every run", f"drillyard case pin {folder}")
    done: dict[str, ElementCheck] = {}

    def visit(name: str) -> ElementCheck:
        if name not in done:
            one = argument.element(name)
            below = [visit(other) for other in one.supported_by]
            beside = [visit(other) for other in one.in_context_of]
            found = _leaf(one, evidence, pins, today) if one.kind == "solution" else _inner(one, below, beside, today)
            done[name] = _with_defeaters(one, found, today)
        return done[name]

    for one in argument.elements:
        visit(one.id)
    top = done[argument.top.id]
    return ArgumentCheck(
        title=argument.title,
        state=top.state,
        verdict=_verdict(argument, done, top),
        today=today,
        elements=tuple(done[one.id] for one in argument.elements),
    )


def _verdict(argument: Argument, done: Mapping[str, ElementCheck], top: ElementCheck) -> str:
    leaves = [done[one.id] for one in argument.leaves]
    every = [(sum(one.state == state for one in leaves), state) for state in _WORST[::-1]]
    counts = ", ".join(f"{n} {_PLURAL.get(state, state) if n != 1 else state}" for n, state in every if n)
    bad = [one for one in leaves if one.state != "holds"]
    named = f"; {bad[0].id} {bad[0].state}: {bad[0].words}" if bad else ""
    chance = f"{top.low:.0%} to {top.high:.0%}"
    return f"{argument.top.id} {top.state} (chance that its leaves hold: {chance}); leaves: {counts}{named}"


def _leaf(one: Element, evidence: Evidence, pins: Pins, today: date) -> ElementCheck:
    if one.run is None:
        return ElementCheck(id=one.id, state="undeveloped", words="no run stands behind it yet")
    try:
        found, digest = evidence.figure(one.run), evidence.digest(one.run.file)
    except BadInput as error:
        return ElementCheck(id=one.id, state="undeveloped", words=str(error))
    criterion, estimate = parse_criterion(one.criterion, one.id), _estimate(found)
    pin = pins.files.get(one.run.file)
    made = evidence.day(one.run.file) or (pin.made if pin else None)
    holds = criterion.holds(float(getattr(estimate, criterion.field)))
    chance = _chance(criterion, evidence, one.run, holds)
    state: ElementState = "holds" if holds else "fails"
    told = f"{one.criterion}: {_told(estimate)}"
    if not estimate.n and not isinstance(found, float):
        state, told = "undeveloped", f"no observation stands behind {one.run.at}"
    elif holds and made is None:
        state, told = "stale", f"of unknown age: state its day under `measured_on` in case.yaml; {told}"
    elif holds and made and made + timedelta(days=one.days) < today:
        state, told = "stale", f"measured on {made}, good for {one.days} days; {told}"
    changed = pin is None or pin.sha256 != digest
    if changed:
        told += "; not pinned" if pin is None else "; the run changed since it was pinned"
    return ElementCheck(
        id=one.id,
        state=state,
        words=told,
        found=estimate,
        low=chance,
        high=chance,
        changed=changed,
        sha256=digest,
        command=evidence.command(one.run.file),
        made=made,
    )


def _estimate(found: FigureFound) -> Estimate:
    if isinstance(found, Counts):
        worst = clopper_pearson(found.k + found.unknown, found.n + found.unknown)
        best = clopper_pearson(found.k, found.n + found.unknown)
        return best.model_copy(update={"high": worst.high})
    if isinstance(found, Events):
        low, high = map(float, of_events(found.events, found.years).quantile(np.array([0.025, 0.975])))
        value = found.events / found.years
        return Estimate(value=value, low=low, high=high, n=max(found.events, 1), method="garwood 95%")
    if isinstance(found, float):
        return Estimate(value=found, low=found, high=found, n=0, method="a number of the run")
    return found


def _chance(criterion: LeafCriterion, evidence: Evidence, asked: Figure, holds: bool) -> float:
    """Return the chance that the true figure is on the right side of the limit, by its posterior."""
    found = evidence.figure(asked)
    if criterion.field == "n" or isinstance(found, float):
        return float(holds)
    if isinstance(found, Estimate) and not (found.low >= 0 and found.high <= 1):
        return float(holds)  # no share: its interval decides
    below = float((evidence.posterior(asked).quantile(np.linspace(0.0005, 0.9995, 1000)) < criterion.limit).mean())
    return below if criterion.sign in ("<", "<=") else 1 - below


def _told(one: Estimate) -> str:
    if one.low == one.high == one.value:
        return f"{one.value:.4g}"
    return f"{one.value:.4g} [{one.low:.4g}, {one.high:.4g}], n = {one.n}"


def _inner(one: Element, below: list[ElementCheck], beside: list[ElementCheck], today: date) -> ElementCheck:
    """Return the state of what is argued: the worst of what supports it, and of what it assumes."""
    if one.kind not in ("goal", "strategy"):
        lapsed = one.until is not None and one.until < today
        return ElementCheck(
            id=one.id, state="stale" if lapsed else "holds", words=f"until {one.until}" if one.until else "", low=1.0
        )
    if not below:
        return ElementCheck(id=one.id, state="undeveloped", words="nothing supports it yet")
    state = next(state for state in _WORST if any(each.state == state for each in (*below, *beside)))
    named = ", ".join(each.id for each in (*below, *beside) if each.state == state)
    return ElementCheck(
        id=one.id,
        state=state,
        words="all that supports it holds" if state == "holds" else f"for {named}",
        low=max(0.0, 1 - sum(1 - each.low for each in below)),
        high=min(each.high for each in below),
    )


def _with_defeaters(one: Element, found: ElementCheck, today: date) -> ElementCheck:
    """Return an element that is not shown while a reason to doubt it is open."""
    doubts = [each.text for each in one.defeaters if each.is_open(today)]
    if not doubts or found.state == "fails":
        return found
    words = f"open: {doubts[0]}" + (f" (and {len(doubts) - 1} more)" if len(doubts) > 1 else "")
    return found.model_copy(update={"state": "undeveloped", "words": words, "low": 0.0})
