"""Facts that cannot both be true: the same thing has two values, in one document or in two."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence

from drillyard.records import Fact, Quantity
from drillyard.scopes.compiled import Contradiction
from drillyard.scopes.documents import place
from drillyard.scopes.grammar import stems
from drillyard.scopes.quantities import find_quantities
from drillyard.scopes.wordings import say_quantity

__all__ = ["contradictions_of"]

_ALIKE = 0.5
"""Share of the shorter sentence's words that two sentences about the same thing have in common, at the least: chosen on
the shop's documents, where a policy and a page say the same in other words, and not measured elsewhere."""


def contradictions_of(facts: Sequence[Fact]) -> Iterator[Contradiction]:
    """Yield pairs of facts that contradict each other, with both places. Facts that were refused contradict nobody."""
    by_unit: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.standing != "refused":
            by_unit[fact.quantity.unit if fact.quantity else ""].append(fact)
    for unit, same in by_unit.items():
        for first, second in itertools.combinations(same, 2):
            if _differ(first, second) and (_same_cell(first, second) or (unit and _alike(first, second))):
                yield Contradiction(first=first.id, second=second.id, words=_words(first, second))


def _differ(first: Fact, second: Fact) -> bool:
    if first.quantity is None or second.quantity is None:
        return first.quantity is second.quantity is None and first.value.casefold() != second.value.casefold()
    one, other = first.quantity, second.quantity
    return (one.number, one.high) != (other.number, other.high) and not _compatible(one, other)


def _compatible(one: Quantity, other: Quantity) -> bool:
    """Say whether two bounds can both hold: a least and a most that do not cross."""
    kinds = {one.bound, other.bound}
    return len(kinds) == 2 and kinds & {"at least", "more than"} != set() and kinds & {"at most", "less than"} != set()


def _same_cell(first: Fact, second: Fact) -> bool:
    same = (first.entity.casefold(), first.attribute.casefold()) == (
        second.entity.casefold(),
        second.attribute.casefold(),
    )
    return same and _condition(first) == _condition(second) and not first.attribute.endswith("?")


def _alike(first: Fact, second: Fact) -> bool:
    """Say whether two sentences of prose speak of the same thing under the same condition."""
    if "|" in first.sentence or "|" in second.sentence:
        return _in_prose(first, second) or _in_prose(second, first)
    one, other = _said(first), _said(second)
    if min(len(one), len(other)) < 2 or _condition(first) != _condition(second):
        return False
    here = first.span.document == second.span.document
    if first.entity != second.entity or (here and (one < other or other < one)):  # one names a special case
        return False
    return len(one & other) / min(len(one), len(other)) >= _ALIKE and bool(
        stems(first.attribute) & stems(second.attribute)
    )


def _in_prose(cell: Fact, prose: Fact) -> bool:
    """Say whether a sentence gives another value for a cell of a table: it names both entity and attribute."""
    if "|" not in cell.sentence or "|" in prose.sentence:
        return False
    said = stems(prose.sentence)
    return stems(cell.entity) <= said and bool(stems(cell.attribute)) and stems(cell.attribute) <= said


def _said(fact: Fact) -> frozenset[str]:
    text = fact.sentence
    for found in reversed(find_quantities(text)):
        text = text[: found.start] + text[found.end :]
    return stems(text)


def _condition(fact: Fact) -> frozenset[str]:
    return stems(fact.condition)


def _words(first: Fact, second: Fact) -> str:
    def told(fact: Fact) -> str:
        value = say_quantity(fact.quantity) if fact.quantity else fact.value
        return f"{value} in {place(fact.span)} ({fact.sentence[:100]!r})"

    return f"{first.entity or first.topic}, {first.attribute}: {told(first)}, but {told(second)}"
