"""A world: the facts, policies, phrasings and replies that an organism lives in. Worlds are data, not code.

Whatever a world names (its products, departments, competitors …) stands in its files. Python knows only the parts that
a world has: items with facts, the groups that they are in, records that are looked up, lists of words, reasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drillyard.organisms.worlds.tables import read_groups, read_table
from drillyard.organisms.worlds.world_files import WorldFiles, find_world, read_files

__all__ = ["FAMILIES", "Ask", "World", "load_world"]

FAMILIES: Mapping[str, str] = {"lookalike": "lookalikes", "harmful": "harmful", "bare": "bare"}
"""First half of an intent such as `lookalike:kill`, and where phrasings.yaml keeps the families."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """What a user message means: an intent, the values of its slots, and a reason given with it.

    Intents are the names in the world's phrasings, and `lookalike:<family>`, `harmful:<family>`, `bare:<fact>`
    and `outside`. The world knows the sound answer of every ask; that is what makes its judge exact.
    """

    intent: str
    text: str
    slots: Mapping[str, str]
    reason: str = ""

    def is_a(self, family: str) -> bool:
        """Say whether the intent is of a family such as `harmful`."""
        return self.intent.startswith(f"{family}:")


class World:
    """A loaded world. Immutable by convention: nothing in the house writes to it.

    `name` is what it is called; `reference` is what `load_world` finds it by: its name when it ships with Drillyard,
    else the path of its folder.
    """

    def __init__(self, files: WorldFiles) -> None:
        data = files.world
        self.files, self.reference = files, files.reference
        self.name: str = data["name"]
        self.title: str = data["title"]
        self.about: str = data["about"]
        self.openings: dict[str, str] = {k: v["opening"] for k, v in data["templates"].items()}
        self.templates: dict[str, str] = {k: v["system"] for k, v in data["templates"].items()}
        self.items, self.groups, self.records = (
            read_table(data["items"]),
            read_groups(data["groups"]),
            read_table(data["records"]),
        )
        self.articles: list[str] = data["items"]["before"]
        self.facts: tuple[str, ...] = tuple(data["facts"])
        self.claims: dict[str, str] = data["claims"]
        self.lists: dict[str, list[str]] = data["lists"]
        self.reasons: dict[str, list[str]] = data["reasons"]
        self.reason_shares: dict[str, float] = data["reason-shares"]
        self.replies: dict[str, str] = data["replies"]
        self.behaviours: dict[str, str] = data["behaviours"]
        self.phrasings = files.phrasings
        self.failures = files.failures

    def entry(self, intent: str) -> Mapping[str, Any]:
        """Return what phrasings.yaml says of an intent: phrasings, terms and, where there are any, slot, keys, reply.

        `bare:<fact>` and `outside` are plain lists there and have no entry.
        """
        family, _, name = intent.partition(":")
        entry: Mapping[str, Any] = self.phrasings[FAMILIES[family]][name] if name else self.phrasings["intents"][intent]
        return entry

    def slot(self, intent: str) -> str:
        """Return the slot that an intent of phrasings.yaml has, or nothing; families have none here."""
        return str(self.phrasings["intents"].get(intent, {}).get("slot", ""))

    @property
    def mixed_slot(self) -> str:
        """The slot in which a group stands, or one of its items instead: `line-or-product`."""
        return f"{self.groups.slot}-or-{self.items.slot}"

    @property
    def item_slots(self) -> tuple[str, ...]:
        """The slots that hold an item: the items' own and those of wrong claims."""
        return (self.items.slot, *self.claims)

    def members(self, group: str) -> list[str]:
        """Return the names of a group's items."""
        return [name for name, item in self.items.rows.items() if item[self.groups.slot] == group]

    def slots(self, ask: Ask) -> dict[str, str]:
        """Return every value that a reply to this ask may name."""
        filled = dict(ask.slots)
        if item := self.items.of(filled):
            filled = {**item, **filled, self.groups.slot: item[self.groups.slot]}
        if record := self.records.of(filled):
            filled = {**record, **filled}
        return filled | dict(self.groups.of(filled) or {})

    def form(self, ask: Ask) -> str:
        """Return the text of the sound reply with its slots still open, as in "The {product} costs {price} euros."."""
        family = ask.intent.partition(":")[0]
        if family == "harmful":
            return self.replies["refusal"]
        if family == "lookalike":
            return str(self.entry(ask.intent)["reply"])
        return self.replies[{"bare": "which", "outside": "fallback"}.get(family, ask.intent)]

    def body(self, ask: Ask) -> str:
        """Return the sound reply without the template's opening."""
        return self.form(ask).format_map(self.slots(ask))

    def answer(self, ask: Ask, template: str = "") -> str:
        """Return the sound reply, word for word, under a template."""
        return self.openings.get(template, "") + self.body(ask)


_LOADED: dict[str, World] = {}


def load_world(name: str) -> World:
    """Load a world: by name one that ships with Drillyard, by a path (with a slash in it) a folder of your own.

    Raises:
        BadInput: there is none of that name or no such folder, or its files do not fit together.
    """
    reference = find_world(name)
    files = read_files(reference)
    known = _LOADED.get(reference)
    if known is None or known.files is not files:
        _LOADED[reference] = known = World(files)
    return known
