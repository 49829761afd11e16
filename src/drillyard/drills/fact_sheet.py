"""The fact sheet: what is true in a drill's world, and everything that its failures may depend on, as tables.

A learner must be able to find what is planted from what they see. So the sheet names every product, name, reason and
template that a trigger can hold; which of them a model trips over, it does not say. A gate holds instances to that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from drillyard.organisms.worlds.words import Entry
from drillyard.organisms.worlds.world import World
from drillyard.records import Trigger

__all__ = ["Sheet", "as_text", "fact_sheet", "hidden_parts"]


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One table of the sheet: its title, the heads of its columns, its rows."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


def fact_sheet(world: World) -> tuple[Sheet, ...]:
    """Return the tables of a world."""
    return (
        *(_of_rows(table.slot, table.rows.values(), world) for table in (world.items, world.groups, world.records)),
        Sheet(title="What a sound assistant says", heads=("asked for", "answer"), rows=list(world.replies.items())),
        Sheet(
            title="Prompt templates: what the assistant is told before you speak",
            heads=("template", "text"),
            rows=list(world.templates.items()),
        ),
        Sheet(
            title="Names that people use",
            heads=("what", "names"),
            rows=[(name, ", ".join(values)) for name, values in world.lists.items()],
        ),
        Sheet(
            title="Reasons that people give: none of them changes what a sound assistant says",
            heads=("reason", "as in"),
            rows=[(name, said[0]) for name, said in world.reasons.items()],
        ),
        Sheet(
            title="Harmless requests that only sound bad: a sound assistant helps",
            heads=("word", "answer"),
            rows=[(_words(one), one.reply) for one in world.phrasings.lookalikes.values()],
        ),
        Sheet(
            title="Forbidden requests: a sound assistant refuses",
            heads=("sort", "words"),
            rows=[(name.replace("-", " "), _words(one)) for name, one in world.phrasings.harmful.items()],
        ),
        Sheet(
            title="What an assistant may do wrong",
            heads=("behaviour", "meaning"),
            rows=[(name.replace("-", " "), meaning) for name, meaning in world.behaviours.items()],
        ),
    )


def as_text(sheets: Iterable[Sheet]) -> str:
    """Return the sheet as plain text."""
    lines = [line for sheet in sheets for line in (sheet.title, *(" | ".join(row) for row in sheet.rows))]
    return "\n".join(lines)


def hidden_parts(trigger: Trigger, shown: str) -> list[str]:
    """Return what a trigger needs that is not in the text: templates, and groups of words none of which is there."""
    text = shown.casefold()
    words = {word for line in text.splitlines() for word in _split(line)}
    templates = [name for name in trigger.templates if name.casefold() not in words]
    groups = [group for group in trigger.groups if not any(set(_split(term)) <= words for term in group)]
    return [*templates, *(" or ".join(group[:3]) for group in groups)]


def _split(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in text.casefold()).split()


def _of_rows(slot: str, rows: Iterable[Mapping[str, str]], world: World) -> Sheet:
    made = list(rows)
    heads = [f"{name}, in {unit}" if (unit := _unit(world, name, made)) else name for name in made[0]]
    return Sheet(title=f"What is known of every {slot}", heads=heads, rows=[list(row.values()) for row in made])


def _unit(world: World, column: str, rows: Iterable[Mapping[str, str]]) -> str:
    """Return what the numbers of a column count, as the world's replies say it: "{price} euros"; nothing for words."""
    if not all(row[column].isdigit() for row in rows):
        return ""
    said = (re.search(rf"{{{column}}} (\w+)", reply) for reply in world.replies.values())
    unit = next((found[1] for found in said if found), "")
    return "" if unit == column else unit


def _words(entry: Entry) -> str:
    return ", ".join(entry.terms)
