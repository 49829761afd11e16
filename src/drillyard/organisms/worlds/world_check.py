"""Do the files of a world fit together? Checked when a world of the user's own is loaded, one clear line per mistake.

What only drawing questions can show (two meanings of one text, words that state an intent badly) is in `world_exam.py`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from drillyard.errors import bad_input
from drillyard.organisms.worlds.failure_check import check_failures
from drillyard.organisms.worlds.phrasing import HELD_OUT_EVERY
from drillyard.organisms.worlds.world_parts import Parts, known, need, open_slots

__all__ = ["check_world"]

_WORLD: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "title": str,
    "about": str,
    "templates": dict,
    "items": dict,
    "groups": dict,
    "records": dict,
    "facts": list,
    "claims": dict,
    "lists": dict,
    "reasons": dict,
    "reason-shares": dict,
    "replies": dict,
    "behaviours": dict,
}
_FAMILIES = ("bare", "lookalikes", "harmful")
_ALWAYS = ("which", "fallback", "refusal")
_NAME = re.compile(r"[\w'-]+(?: [\w'-]+)*")
_FEWEST_FACTS, _FEWEST_ITEMS = 2, 2


def check_world(
    world: Mapping[str, Any], phrasings: Mapping[str, Any], failures: Mapping[str, Any], taken: Collection[str]
) -> None:
    """Raise `BadInput` for the first thing that does not fit; `taken` are names that other worlds have."""
    for key, kind in _WORLD.items():
        need("world.yaml", world, key, kind)
    for key in ("intents", *_FAMILIES):
        need("phrasings.yaml", phrasings, key, dict)
    if not re.fullmatch(r"[a-z][a-z0-9-]*", world["name"]) or world["name"] in taken:
        raise bad_input(
            f"the world's name {world['name']!r}", f"small letters, and none of: {', '.join(sorted(taken))}"
        )
    parts = Parts(world)
    _check_tables(world, parts)
    _check_words(world, phrasings)
    for intent, entry in phrasings["intents"].items():
        _check_entry(f"the intent {intent!r}", entry, parts)
        _check_reply(f"the reply {intent!r}", known("a reply", intent, world["replies"], "replies"), entry, parts)
    for name in _ALWAYS:
        known("a reply", name, world["replies"], "replies")
    for family in ("lookalikes", "harmful"):
        for name, entry in phrasings[family].items():
            _check_entry(f"{family}: {name}", entry, parts)
            _check_reply(f"the reply of {family}: {name}", need(f"{family}: {name}", entry, "reply", str), entry, parts)
    check_failures(world, phrasings, failures, parts)


def _check_tables(world: Mapping[str, Any], parts: Parts) -> None:
    items, groups, records = (_table(world, name) for name in ("items", "groups", "records"))
    need("items", items, "before", list)
    if parts.group not in items["columns"]:
        found = f"items with the columns {', '.join(items['columns'])}"
        raise bad_input(found, f"a column {parts.group!r}, the slot of the groups")
    names = _check_rows("items", items)
    if len(names) < _FEWEST_ITEMS:
        raise bad_input(f"{len(names)} items", f"at least {_FEWEST_ITEMS}")
    column = items["columns"].index(parts.group)
    for row in items["rows"]:
        known(f"the item {row[0]!r}: {parts.group}", str(row[column]), groups["rows"], "groups")
    for name, row in groups["rows"].items():
        _check_group(name, row, items["columns"], parts)
        if not any(str(item[column]) == name for item in items["rows"]):
            raise bad_input(f"no item in the group {name!r}", "at least one")
    _check_rows("records", records)


def _check_group(name: str, row: Mapping[str, Any], taken: Collection[str], parts: Parts) -> None:
    for key, kind in ((parts.plural, str), ("called", list), ("words", list)):
        need(f"the group {name!r}", row, key, kind)
    if clash := set(row) & set(taken):
        raise bad_input(f"the column {min(clash)!r} in items and in groups", "a name of its own for each")
    if set(row) - {"called", "words"} != (columns := set(parts.group_columns) - {parts.group}):
        raise bad_input(f"the group {name!r} with {', '.join(row)}", f"the columns {', '.join(sorted(columns))}")


def _table(world: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table: Mapping[str, Any] = world[name]
    need(name, table, "slot", str)
    if name == "groups":
        need(name, table, "plural", str)
        need(name, table, "rows", dict)
    else:
        need(name, table, "rows", list)
        if table["slot"] not in need(name, table, "columns", list):
            raise bad_input(f"{name} with the columns {table['columns']}", f"a column {table['slot']!r}, its slot")
    return table


def _check_rows(name: str, table: Mapping[str, Any]) -> list[str]:
    """Check the rows of a table and return their names."""
    columns, names = table["columns"], []
    for row in table["rows"]:
        if not isinstance(row, list) or len(row) != len(columns):
            raise bad_input(f"the row {row} of {name}", f"{len(columns)} values: {', '.join(columns)}")
        for column, value in zip(columns, row, strict=True):
            if isinstance(value, bool) or not _NAME.fullmatch(str(value)):
                raise bad_input(f"{column} {value!r} in {name}", "words and digits between single spaces")
        names.append(str(row[columns.index(table["slot"])]))
    if twice := sorted({one for one in names if names.count(one) > 1}):
        raise bad_input(f"{twice[0]!r} twice in {name}", "each name once")
    return names


def _check_words(world: Mapping[str, Any], phrasings: Mapping[str, Any]) -> None:
    """Check facts, claims, lists, reasons and their shares."""
    intents = phrasings["intents"]
    if len(world["facts"]) < _FEWEST_FACTS:
        raise bad_input(f"{len(world['facts'])} facts", f"at least {_FEWEST_FACTS}")
    for fact in world["facts"]:
        entry = known("the fact", fact, intents, "intents")
        if entry.get("slot") != world["items"]["slot"]:
            raise bad_input(f"the fact {fact!r} with the slot {entry.get('slot')!r}", f"{world['items']['slot']!r}")
        need(f"the intent {fact!r}", entry, "follow", list)
        need("bare", phrasings["bare"], fact, list)
    for slot, column in world["claims"].items():
        known(f"the claim {slot!r}", column, world["items"]["columns"], "columns of items")
    for kind in ("lists", "reasons"):
        for name, words in world[kind].items():
            if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
                raise bad_input(f"{kind}: {name}: {words!r}", "a list of words")
    for name, ways in world["reasons"].items():
        if silent := [way for way in ways if not re.search(rf"\b{re.escape(name)}\b", way, re.IGNORECASE)]:
            raise bad_input(f"the reason {silent[0]!r}", f"the word {name!r} in it, which is how it is recognised")
    for intent, share in world["reason-shares"].items():
        known("reason-shares", intent, intents, "intents")
        if not isinstance(share, int | float) or not 0 <= share <= 1:
            raise bad_input(f"reason-shares: {intent}: {share!r}", "a number from 0 to 1")


def _check_entry(where: str, entry: Any, parts: Parts) -> None:
    """Check the phrasings, terms and keys of one intent or family."""
    if not isinstance(entry, Mapping):
        raise bad_input(f"{where} as {type(entry).__name__}", "phrasings, terms and where needed slot, keys, reply")
    need(where, entry, "terms", list)
    phrasings = need(where, entry, "phrasings", list)
    if len(phrasings) < HELD_OUT_EVERY:
        expected = f"at least {HELD_OUT_EVERY}, because every {HELD_OUT_EVERY}th is held out"
        raise bad_input(f"{where} with {len(phrasings)} phrasings", expected)
    allowed = parts.said(where, entry.get("slot", ""))
    for pattern in phrasings:
        _check_pattern(where, pattern, allowed)


def _check_pattern(where: str, pattern: object, allowed: Collection[str]) -> None:
    if not isinstance(pattern, str) or pattern.count("(") != pattern.count(")"):
        raise bad_input(f"the phrasing {pattern!r} of {where}", "text with every bracket closed")
    for slot in open_slots(f"the phrasing {pattern!r}", pattern):
        if slot not in allowed:
            expected = _listed(f"{{{name}}}" for name in allowed)
            raise bad_input(f"the slot {{{slot}}} in the phrasing {pattern!r} of {where}", expected)


def _check_reply(where: str, reply: object, entry: Mapping[str, Any], parts: Parts) -> None:
    if not isinstance(reply, str):
        raise bad_input(f"{where} as {reply!r}", "a sentence")
    filled = parts.filled(where, entry.get("slot", ""))
    for slot in open_slots(where, reply):
        if slot not in filled:
            raise bad_input(f"the slot {{{slot}}} in {where}", _listed(f"{{{name}}}" for name in filled))


def _listed(names: Iterable[str]) -> str:
    words: Sequence[str] = sorted(names)
    return f"one of: {', '.join(words)}" if words else "none here"
