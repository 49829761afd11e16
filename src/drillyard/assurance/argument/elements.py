"""A safety case as data: the elements of the Goal Structuring Notation (GSN v3), in `argument.yaml`.

Goals are claims, strategies say how a goal is argued, solutions are the leaves: each names a figure of a stored run
and a criterion on it. Contexts, assumptions and justifications stand beside. A defeater is a reason to doubt an
element; while it is open, the element is not shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import MinLen

from drillyard.assurance.inputs import Figure
from drillyard.errors import bad_input
from drillyard.records import Record
from drillyard.records.yaml_file import read_yaml

__all__ = [
    "ARGUMENT",
    "Argument",
    "Defeater",
    "Element",
    "ElementKind",
    "LeafCriterion",
    "check_argument",
    "parse_criterion",
]
__all__ += ["read_argument", "refuse_certified", "refuse_certified_in"]

ARGUMENT = "argument.yaml"
ElementKind = Literal["goal", "strategy", "solution", "context", "assumption", "justification"]
_CRITERION = re.compile(r"^(value|low|high|n)\s*(<=|>=|<|>)\s*([0-9.eE+-]+)$")
_CERTIFIED = re.compile(r"\bcertif(?:y|ied|ies|ying|icate|icates|ication|ications)\b", re.IGNORECASE)
Name = Annotated[str, MinLen(1)]


class LeafCriterion(Record):
    """A comparison of one end of an estimate with a limit, such as `high < 0.02`."""

    field: Literal["value", "low", "high", "n"]
    sign: Literal["<", "<=", ">", ">="]
    limit: float

    def holds(self, value: float) -> bool:
        """Say whether a value meets it."""
        return {
            "<": value < self.limit,
            "<=": value <= self.limit,
            ">": value > self.limit,
            ">=": value >= self.limit,
        }[self.sign]


class Defeater(Record):
    """A reason to doubt an element: open, or answered by somebody until a day."""

    text: Name
    answer: str = ""
    by: str = ""
    until: date | None = None

    def is_open(self, today: date) -> bool:
        """Say whether nobody has answered it, or the answer has lapsed."""
        return not self.answer or (self.until is not None and self.until < today)


class Element(Record):
    """One element. A solution has a `run` and a `criterion`; a goal or strategy has what supports it.

    `standards` are ids of duties to which the element speaks; `until` is the last day of an assumption.
    """

    id: Name
    kind: ElementKind
    text: Name
    supported_by: tuple[str, ...] = ()
    in_context_of: tuple[str, ...] = ()
    run: Figure | None = None
    criterion: str = ""
    days: int = 180
    defeaters: tuple[Defeater, ...] = ()
    standards: tuple[str, ...] = ()
    by: str = ""
    until: date | None = None


class Argument(Record):
    """A safety case; the first goal is the top one."""

    title: Name
    owner: Name
    elements: Annotated[tuple[Element, ...], MinLen(1)]

    def element(self, name: str) -> Element:
        """Return an element by its id."""
        return next(one for one in self.elements if one.id == name)

    @property
    def top(self) -> Element:
        """The goal that all is for."""
        return next(one for one in self.elements if one.kind == "goal")

    @property
    def leaves(self) -> tuple[Element, ...]:
        """The solutions."""
        return tuple(one for one in self.elements if one.kind == "solution")


def parse_criterion(text: str, where: str = "a criterion") -> LeafCriterion:
    """Read a criterion. Raises `BadInput`."""
    match = _CRITERION.match(text.strip())
    try:
        limit = float(match[3]) if match else None
    except ValueError:
        limit = None
    if match is None or limit is None:
        raise bad_input(f"{text!r} in {where}", "value, low, high or n, a sign and a number", "such as high < 0.02")
    return LeafCriterion.model_validate({"field": match[1], "sign": match[2], "limit": limit})


def read_argument(folder: Path) -> Argument:
    """Read the argument of a case folder. Raises `BadInput`."""
    if not (folder / ARGUMENT).is_file():
        raise bad_input(f"no {ARGUMENT} in {str(folder)!r}", "a safety case", "docs/how-to/board.md has the least one")
    return check_argument(Argument.from_data(read_yaml(folder / ARGUMENT)))


_BELOW: dict[str, tuple[str, ...]] = {"goal": ("goal", "strategy", "solution"), "strategy": ("goal", "solution")}


def check_argument(argument: Argument) -> Argument:
    """Return an argument whose parts fit.

    Raises:
        BadInput: no goal, an id twice, an unknown one, a link that GSN does not have, a ring, a solution without run or
            criterion, a text that says certified.
    """
    ids = [one.id for one in argument.elements]
    if doubled := sorted({one for one in ids if ids.count(one) > 1}):
        raise bad_input(f"the element {doubled[0]!r} twice", "each element once", "rename one")
    if not any(one.kind == "goal" for one in argument.elements):
        raise bad_input("no goal", "at least one: what the case is to show")
    kinds = {one.id: one.kind for one in argument.elements}
    for one in argument.elements:
        _check_element(one, kinds)
        refuse_certified(f"{one.text} {' '.join(d.text + d.answer for d in one.defeaters)}", one.id)
    refuse_certified(argument.title, "the title")
    _refuse_rings(argument)
    return argument


def _check_element(one: Element, kinds: dict[str, ElementKind]) -> None:
    for other in (*one.supported_by, *one.in_context_of):
        if other not in kinds:
            raise bad_input(f"{one.id} with {other!r}", f"one of: {', '.join(kinds)}", "correct the name")
    for other in one.supported_by:
        if kinds[other] not in _BELOW.get(one.kind, ()):
            allowed = " or ".join(_BELOW.get(one.kind, ())) or "nothing"
            raise bad_input(f"a {one.kind} {one.id} supported by the {kinds[other]} {other}", f"by {allowed}")
    for other in one.in_context_of:
        if kinds[other] not in ("context", "assumption", "justification"):
            raise bad_input(f"{one.id} in the context of the {kinds[other]} {other}", "a context, or alike")
    if one.kind == "solution" and one.run is not None:
        parse_criterion(one.criterion, one.id)
    elif one.kind != "solution" and (one.run or one.criterion):
        raise bad_input(f"a run at the {one.kind} {one.id}", "a run at a solution alone", "make it a solution")


def _refuse_rings(argument: Argument) -> None:
    def walk(name: str, above: Sequence[str]) -> Iterator[str]:
        if name in above:
            raise bad_input(f"a ring: {' → '.join((*above, name))}", "an argument that ends in leaves", "cut it")
        for other in argument.element(name).supported_by:
            yield from walk(other, (*above, name))
        yield name

    for one in argument.elements:
        list(walk(one.id, ()))


def refuse_certified(text: str, where: str) -> None:
    """Raise `BadInput` where a text claims what only an accredited body may say."""
    if found := _CERTIFIED.search(text):
        raise bad_input(f"{found[0]!r} in {where}", "other words: only an accredited body does that", "say assessed")


def refuse_certified_in(data: object, where: str, key: str = "") -> None:
    """Raise `BadInput` where any text of a record claims that; what it quotes (a `source`, a place in a run) may."""
    if isinstance(data, Mapping):
        for name, one in data.items():
            refuse_certified_in(one, where, str(name))
    elif isinstance(data, list | tuple):
        for one in data:
            refuse_certified_in(one, where, key)
    elif isinstance(data, str) and key not in ("source", "file", "at"):
        refuse_certified(data, where)
