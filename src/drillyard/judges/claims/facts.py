"""The facts of a scope, as claims are compared with them: compiled documents have them, a world's tables hold them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from drillyard.organisms.worlds.features import terms
from drillyard.organisms.worlds.scope import Scope
from drillyard.organisms.worlds.world import World
from drillyard.records.facts import Fact, Quantity, Span
from drillyard.scopes.quantities import find_quantities

__all__ = ["facts_of"]


def facts_of(scope: Scope) -> tuple[Fact, ...]:
    """Return what a scope holds true, facts that a person refused left out; none for a scope without facts."""
    if isinstance(scope, World):
        return tuple(_world_facts(scope))
    known = getattr(scope, "facts", ())
    return tuple(one for one in known if isinstance(one, Fact) and one.standing != "refused")


def _world_facts(world: World) -> Iterator[Fact]:
    """Yield a fact per item and column, per group and policy of it, and per sentence of the house with a number."""
    items, groups = world.items, world.groups
    for name, row in items.rows.items():
        for column in world.facts:
            said = [
                slot for slot in re.findall(r"\{(\w+)\}", world.replies[column]) if slot in row and slot != items.slot
            ]
            sentence, value = world.replies[column].format_map(row), " and ".join(row[slot] for slot in said)
            yield _fact(world, column, name, (), sentence, value)
    for name, row in groups.rows.items():
        called = (*groups.words[name], *world.members(name))
        for intent in world.phrasings.intents:
            if world.slot(intent) in (groups.slot, world.mixed_slot) and intent in world.replies:
                sentence = world.replies[intent].format_map(row)
                for told in find_quantities(sentence)[:1]:
                    value = sentence[told.start : told.end]
                    yield _fact(world, intent, row[groups.plural], called, sentence, value)
    for intent, entry in world.phrasings.intents.items():
        reply = world.replies.get(intent, "")
        first = next(iter(find_quantities(reply)), None) if not entry.slot and "{" not in reply else None
        if first is not None and first.quantity.unit:
            yield _fact(world, intent, "", (), reply, reply[first.start : first.end])


def _fact(world: World, attribute: str, entity: str, aliases: tuple[str, ...], sentence: str, value: str) -> Fact:
    found = [one.quantity for one in find_quantities(sentence) if sentence[one.start : one.end].find(value) >= 0]
    return Fact(
        id=f"{entity or 'house'}/{attribute}",
        entity=entity,
        aliases=aliases,
        attribute=attribute,
        words=terms(world, attribute),
        value=value,
        quantity=_exact(found[0]) if found else None,
        sentence=sentence,
        span=Span(document="world.yaml", sha256=world.digest, line=1, last_line=1, text=sentence),
        standing="confirmed",
    )


def _exact(quantity: Quantity) -> Quantity:
    return quantity if quantity.unit else quantity.model_copy(update={"unit": "piece"})
