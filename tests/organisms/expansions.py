"""All texts of a pattern, written out: an independent view of what `expand` draws from."""

from __future__ import annotations

import itertools
import re

from drillyard.organisms.worlds.world import World

__all__ = ["all_texts", "example", "values"]


def all_texts(pattern: str) -> set[str]:
    """Return every text of a pattern, slots left open, innermost brackets first."""
    if not (found := re.search(r"\(([^()]*)\)", pattern)):
        return {re.sub(r" ([,?.!])", r"\1", " ".join(pattern.split()))}
    parts = (pattern[: found.start()] + choice + pattern[found.end() :] for choice in found[1].split("|"))
    return set(itertools.chain.from_iterable(map(all_texts, parts)))


def example(world: World, text: str) -> str:
    """Return a text with values of a world in its slots."""
    return text.format_map(values(world) | {"item": f"the {next(iter(world.items.rows))}", "claimed": "7"})


def values(world: World) -> dict[str, str]:
    """Return a value for every slot of a world: those of its first record and of that record's item."""
    record = next(iter(world.records.rows.values()))
    item = world.items.rows[record[world.items.slot]]
    group = world.groups.rows[item[world.groups.slot]]
    return {**record, **item, **group, **{name: words[0] for name, words in world.lists.items()}}
