"""Facts that cannot both be true: the same thing has two values, in one document or in two."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

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


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """A fact with the words that it is compared by."""

    fact: Fact
    is_cell: bool
    said: frozenset[str]
    about: frozenset[str]
    condition: frozenset[str]
    entity: frozenset[str]
    others: frozenset[tuple[float, str]]
    titles: tuple[frozenset[str], frozenset[str]]

    @property
    def cell(self) -> tuple[str, str, frozenset[str]]:
        """What two values must not be given to."""
        return self.fact.entity.casefold(), self.fact.attribute.casefold(), self.condition


def contradictions_of(facts: Sequence[Fact]) -> Iterator[Contradiction]:
    """Yield pairs of facts that contradict each other, with both places. Facts that were refused contradict nobody."""
    by_unit: dict[str, list[_Seen]] = defaultdict(list)
    for fact in facts:
        if fact.standing != "refused":
            by_unit[fact.quantity.unit if fact.quantity else ""].append(_see(fact))
    for unit, same in by_unit.items():
        pairs = [*_of_cells(same), *([*_in_prose(same), *_alike(same)] if unit else [])]
        told: set[tuple[str, str]] = set()
        for first, second in pairs:
            ids = first.fact.id, second.fact.id
            if ids not in told and _differ(first.fact, second.fact) and not _are_parallel(first, second):
                told.add(ids)
                yield Contradiction(first=ids[0], second=ids[1], words=_words(first.fact, second.fact))


def _see(fact: Fact) -> _Seen:
    text, quantities = fact.sentence, find_quantities(fact.sentence)
    for found in reversed(quantities):
        text = text[: found.start] + text[found.end :]
    return _Seen(
        fact=fact,
        is_cell="|" in fact.sentence,
        said=stems(text),
        about=stems(fact.attribute),
        condition=stems(fact.condition),
        entity=stems(fact.entity),
        others=frozenset((q.number, q.unit) for q in (one.quantity for one in quantities) if q != fact.quantity),
        titles=(stems(fact.topic.partition(" › ")[0]), stems(PurePath(fact.span.document).stem)),
    )


def _of_cells(facts: Sequence[_Seen]) -> Iterator[tuple[_Seen, _Seen]]:
    """Yield pairs with the same entity, attribute and condition."""
    by_cell: dict[tuple[str, str, frozenset[str]], list[_Seen]] = defaultdict(list)
    for one in facts:
        if one.fact.value != one.fact.sentence.strip(" .*"):  # an answer in words says more than one thing
            by_cell[one.cell].append(one)
    for same in by_cell.values():
        yield from itertools.combinations(same, 2)


def _in_prose(facts: Sequence[_Seen]) -> Iterator[tuple[_Seen, _Seen]]:
    """Yield sentences with the cells of tables whose entity and attribute they name."""
    by_entity: dict[frozenset[str], list[_Seen]] = defaultdict(list)
    for one in facts:
        if one.is_cell and one.entity and one.about:
            by_entity[one.entity].append(one)
    for prose in facts:
        for entity, cells in by_entity.items() if not prose.is_cell else ():
            if entity <= prose.said:
                yield from ((prose, cell) for cell in cells if cell.about <= prose.said)


def _alike(facts: Sequence[_Seen]) -> Iterator[tuple[_Seen, _Seen]]:
    """Yield sentences that speak of the same thing under the same condition; they share a word of their attributes."""
    by_word: dict[tuple[str, frozenset[str], str], list[_Seen]] = defaultdict(list)
    for one in facts:
        if one.is_cell or len(one.said) < 2:
            continue
        keys = [(one.fact.entity.casefold(), one.condition, word) for word in sorted(one.about)]
        for other in {id(other): other for key in keys for other in by_word[key]}.values():
            if _same_thing(other, one):
                yield other, one
        for key in keys:
            by_word[key].append(one)


def _same_thing(first: _Seen, second: _Seen) -> bool:
    one, other = first.said, second.said
    here = first.fact.span.document == second.fact.span.document
    if here and (one < other or other < one):  # one names a special case
        return False
    if first.others != second.others or (first.about - second.about and second.about - first.about):
        return False
    return len(one & other) / min(len(one), len(other)) >= _ALIKE


def _are_parallel(first: _Seen, second: _Seen) -> bool:
    """Say whether two documents say the same of different things, by their titles or file names.

    "Silver account: fees" and "Gold account: fees" share words, and each has one of its own.
    """
    pairs = zip(first.titles, second.titles, strict=True)
    return any(one & other and one - other and other - one for one, other in pairs)


def _differ(first: Fact, second: Fact) -> bool:
    if first.quantity is None or second.quantity is None:
        return first.quantity is second.quantity is None and first.value.casefold() != second.value.casefold()
    one, other = first.quantity, second.quantity
    return (one.number, one.high) != (other.number, other.high) and not _compatible(one, other)


def _compatible(one: Quantity, other: Quantity) -> bool:
    """Say whether two bounds can both hold: a least and a most that do not cross."""
    kinds = {one.bound, other.bound}
    return len(kinds) == 2 and kinds & {"at least", "more than"} != set() and kinds & {"at most", "less than"} != set()


def _words(first: Fact, second: Fact) -> str:
    def told(fact: Fact) -> str:
        value = say_quantity(fact.quantity) if fact.quantity else fact.value
        return f"{value} in {place(fact.span)} ({fact.sentence[:100]!r})"

    return f"{first.entity or first.topic}, {first.attribute}: {told(first)}, but {told(second)}"
