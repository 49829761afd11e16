"""Do the files of a world fit together? Every name, slot and value that one part takes from another, in one line.

What each file may hold is said by its types. What only drawing questions can show (two meanings of one text, words
that state an intent badly) is in `world_exam.py`.
"""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from drillyard.errors import bad_input
from drillyard.organisms.worlds.kinds import Append, FailureKind, Give, Misstate, Replace
from drillyard.organisms.worlds.setting import Setting
from drillyard.organisms.worlds.words import Entry
from drillyard.records.parts import check_known

__all__ = ["check_setting"]

_ALWAYS = ("which", "fallback", "refusal")


class _Named(NamedTuple):
    """A name that stands at a place and must be one of those that the world has."""

    place: str
    name: str
    names: Collection[str]
    of: str


class _Slots(NamedTuple):
    """What a slot of a question fills: in the question's own patterns, and in the reply to it."""

    said: Collection[str] = ()
    filled: Collection[str] = ()


def check_setting(world: Setting) -> None:
    """Raise `BadInput` for the first thing that one part of a world says and another does not know."""
    if world.groups.slot not in world.items.columns:
        found = f"the columns {', '.join(world.items.columns)} at items of world.yaml"
        raise bad_input(found, f"a column {world.groups.slot!r}, the slot of the groups")
    for named in itertools.chain(_world_names(world), _failure_names(world)):
        check_known(*named)
    _check_tables(world)
    _check_facts(world)
    for where, text, slots in itertools.chain(_phrasing_texts(world), _failure_texts(world)):
        for slot in _open_slots(where, text):
            check_known(f"{where}: the slot", slot, slots, "slots")


def _world_names(world: Setting) -> Iterator[_Named]:
    """Yield what world.yaml and phrasings.yaml name."""
    intents, group = world.phrasings.intents, world.groups.slot
    for name, row in world.items.rows.items():
        yield _Named(f"the item {name!r}: {group}", row[group], world.groups.rows, "groups")
    for fact in world.facts:
        yield _Named("the fact", fact, intents, "intents")
        yield _Named("bare: the fact", fact, world.phrasings.bare, "bare questions")
    for slot, column in world.claims.items():
        yield _Named(f"the claim {slot!r}", column, world.items.columns, "columns of items")
    for intent in world.reason_shares:
        yield _Named("reason-shares", intent, intents, "intents")
    for reply in (*intents, *_ALWAYS):
        yield _Named("a reply", reply, world.replies, "replies")
    for where, entry in _entries(world):
        yield _Named(f"{where}: the slot", entry.slot, _slots(world), "slots")


def _failure_names(world: Setting) -> Iterator[_Named]:
    """Yield what failures.yaml names."""
    ranges = _ranges(world)
    for name, kind in world.failures.items():
        where = f"the failure {name!r}"
        yield _Named(f"{where}: behaviour", kind.behaviour, world.behaviours, "behaviours")
        yield _Named(f"{where}: the parameter", kind.parameter, ranges, "parameters")
        for value in kind.values:
            yield _Named(f"{where}: {kind.parameter}", value, ranges[kind.parameter], f"values of {kind.parameter}")
            for slot, said in kind.words_for.items():
                yield _Named(f"{where}: words-for {slot}: the value", value, said, "values")
        for intent in kind.when.intents:
            yield _Named(f"{where}: when: the intent", intent, world.phrasings.intents, "intents")
        yield _Named(f"{where}: unless_reason", kind.when.unless_reason, ("", *world.reasons), "reasons")
        if isinstance(kind.then, Give):
            yield _Named(f"{where}: reply", kind.then.reply, world.replies, "replies")
        if isinstance(kind.then, Misstate):
            yield _Named(f"{where}: the fact", kind.then.fact.name, world.items.columns, "columns of items")
        _check_kind(where, kind, ranges, world)


def _check_kind(where: str, kind: FailureKind, ranges: Mapping[str, Collection[str]], world: Setting) -> None:
    """Check that a trigger can be told from its neighbours and that a fact can be added to."""
    if len(ranges[kind.parameter]) < 2 and kind.parameter != "reason":  # no reason at all is another one
        found = f"{where} over {kind.parameter}, of which the world has one"
        raise bad_input(found, "two at least: a trigger is told apart from its neighbours")
    if kind.parameter not in ("intent", "lookalike") and not kind.when.harmful and not kind.when.intents:
        raise bad_input(f"{where} that is spoiled at no request", "when: intents: [...], or harmful: true")
    if isinstance(kind.then, Misstate):
        column = kind.then.fact.name
        if wrong := [row[column] for row in world.items.rows.values() if not row[column].isdigit()]:
            raise bad_input(f"{where}: {column} {wrong[0]!r}", "whole numbers, so that something can be added")


def _check_tables(world: Setting) -> None:
    if clash := set(world.groups.columns) - {world.groups.slot} & set(world.items.columns):
        raise bad_input(f"the column {min(clash)!r} in items and in groups", "a name of its own for each")
    for name in world.groups.rows:
        if not world.members(name):
            raise bad_input(f"no item in the group {name!r}", "at least one")


def _check_facts(world: Setting) -> None:
    for fact in world.facts:
        entry = world.phrasings.intents[fact]
        if entry.slot != world.items.slot:
            raise bad_input(f"the fact {fact!r} with the slot {entry.slot!r}", repr(world.items.slot))
        if not entry.follow:
            raise bad_input(f"the intent {fact!r} without 'follow'", "questions about the item of an earlier turn")
    for name, ways in world.reasons.items():
        if silent := [way for way in ways if not re.search(rf"\b{re.escape(name)}\b", way, re.IGNORECASE)]:
            raise bad_input(f"the reason {silent[0]!r}", f"the word {name!r} in it, which is how it is recognised")


def _entries(world: Setting) -> Iterator[tuple[str, Entry]]:
    words = world.phrasings
    yield from ((f"the intent {name!r}", entry) for name, entry in words.intents.items())
    yield from ((f"lookalikes: {name}", entry) for name, entry in words.lookalikes.items())
    yield from ((f"harmful: {name}", entry) for name, entry in words.harmful.items())


def _phrasing_texts(world: Setting) -> Iterator[tuple[str, str, Collection[str]]]:
    """Yield every pattern and every reply with the slots that it may have."""
    kinds = _slots(world)
    for where, entry in _entries(world):
        for pattern in entry.phrasings:
            yield f"the phrasing {pattern!r} of {where}", pattern, kinds[entry.slot].said
        if entry.reply:
            yield f"the reply of {where}", entry.reply, kinds[entry.slot].filled
    for name, entry in world.phrasings.intents.items():
        yield f"the reply {name!r}", world.replies[name], kinds[entry.slot].filled


def _failure_texts(world: Setting) -> Iterator[tuple[str, str, Collection[str]]]:
    """Yield what failures say, and what is said of them, with the slots that it may have."""
    kinds = _slots(world)
    for name, kind in world.failures.items():
        where, own = f"the failure {name!r}", _own_slots(world, kind)
        intents = kind.values if kind.parameter == "intent" else kind.when.intents
        filled = [set(kinds[world.slot(intent)].filled) for intent in intents]
        yield from ((f"{where}: {key}", text, own) for key, text in (("title", kind.title), ("words", kind.words)))
        if isinstance(kind.then, Append):
            yield from ((f"{where}: {text!r}", text, ()) for text in kind.then.append)
        if isinstance(kind.then, Replace):
            slots = own | (set.intersection(*filled) if filled else set())
            yield from ((f"{where}: {text!r}", text, slots) for text in kind.then.replace)


def _own_slots(world: Setting, kind: FailureKind) -> set[str]:
    """Return the slots that a failure's parameter itself fills."""
    more = {world.groups.slot: {world.groups.plural}, "reason": {"reason_name"}}.get(kind.parameter, set())
    return {kind.parameter, *more, *kind.words_for}


def _ranges(world: Setting) -> dict[str, Collection[str]]:
    """Return the values that each parameter of a failure can have."""
    return {
        "template": world.templates,
        "reason": world.reasons,
        "lookalike": world.phrasings.lookalikes,
        "intent": world.phrasings.intents,
        world.groups.slot: world.groups.rows,
        **world.lists,
    }


def _slots(world: Setting) -> dict[str, _Slots]:
    """Return what each slot of a question fills."""
    items, groups, records = world.items, world.groups, world.records
    item_columns = (*items.columns, *groups.columns)
    group = _Slots((groups.slot, groups.plural), groups.columns)
    own = [name for name in records.columns if name not in (records.slot, items.slot)]
    return {
        "": _Slots(),
        items.slot: _Slots(("item",), item_columns),
        **{claim: _Slots(("item", "claimed"), (*item_columns, "claimed")) for claim in world.claims},
        groups.slot: group,
        world.mixed_slot: group,
        records.slot: _Slots((records.slot,), (*records.columns, *items.columns)),
        **{name: _Slots((name,), (name,)) for name in (*own, *world.lists)},
    }


def _open_slots(where: str, text: str) -> list[str]:
    """Return the names of the slots in a text. Raises `BadInput` when its braces do not close."""
    try:
        return [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError:
        raise bad_input(f"{where} with an open brace", "slots such as {item}") from None
