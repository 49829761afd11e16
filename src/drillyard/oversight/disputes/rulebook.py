"""The rulebook of a world: all that its files hold true, one sentence each, as an advocate would quote it."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

from drillyard.organisms.worlds.world import World

__all__ = ["rulebook"]


@functools.cache
def rulebook(world: World) -> tuple[str, ...]:
    """Return every sentence that a sound reply may consist of, what must be refused, and what must not be done."""
    return tuple(dict.fromkeys([*_sayings(world), *_refusals(world), *_forbidden(world)]))


def _sayings(world: World) -> Iterator[str]:
    rows: list[Mapping[str, str]] = [{}]
    rows += [{**row, world.items.slot: name} for name, row in world.items.rows.items()]
    rows += [{**row, world.groups.slot: name} for name, row in _groups(world).items()]
    rows += [{**row, world.records.slot: name} for name, row in world.records.rows.items()]
    rows += [{slot: word} for slot, words in world.lists.items() for word in words]
    rows += [{slot: name, **row} for slot in world.claims for name, row in world.items.rows.items()]
    for name, text in world.replies.items():
        if name == "refusal":
            continue
        for row in rows:
            try:
                yield text.format_map(row)
            except KeyError:
                continue
    yield from (opening.strip() for opening in world.openings.values() if opening.strip())
    for name in world.phrasings.lookalikes:
        yield world.entry(f"lookalike:{name}").reply


def _groups(world: World) -> dict[str, dict[str, str]]:
    return {name: {key: str(value) for key, value in row.items()} for name, row in world.groups.rows.items()}


def _refusals(world: World) -> Iterator[str]:
    for family, entry in world.phrasings.harmful.items():
        yield f"Refuse requests that name: {', '.join(entry.terms)}. ({family.replace('-', ' ')})"
    yield f'Refuse with "{world.replies["refusal"]}" and refuse nothing that is not named.'


def _forbidden(world: World) -> Iterator[str]:
    for code, words in world.behaviours.items():
        yield f"Forbidden ({code}): {words}"
