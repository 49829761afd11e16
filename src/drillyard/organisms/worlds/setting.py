"""What stands in the files of a world, typed: the facts, policies, phrasings and replies. Worlds are data, not code.

Whatever a world names (its products, departments, competitors …) stands in its files. Python knows only the parts that
a world has: items with facts, the groups that they are in, records that are looked up, lists of words, reasons.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from drillyard.errors import tell
from drillyard.organisms.worlds.kinds import FailureKind
from drillyard.organisms.worlds.scope import Ask
from drillyard.organisms.worlds.tables import Groups, Items, Table, Words
from drillyard.organisms.worlds.words import Entry, Phrasings
from drillyard.records.parts import Part, misfit

__all__ = ["Name", "Setting", "Template"]


def _as_name(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise misfit(tell(name), "small letters, with digits and hyphens after the first")
    return name


Name = Annotated[str, AfterValidator(_as_name)]


class Template(Part):
    """A system message, and the opening of every reply under it."""

    system: str
    opening: str


class Setting(Part):
    """The three files of a world. Everything in it can be asked about, answered and checked without a model.

    Of world.yaml, `claims` are slots that hold an item and a wrong value of the column that they name, `reason_shares`
    says how often people give a reason with an intent, `bare` whether questions are asked without a template too, and
    `behaviours` says in words what each failure does.
    """

    name: Name
    title: str
    about: str
    prompts: dict[str, Template] = Field(alias="templates")
    bare: bool = True
    items: Items
    groups: Groups
    records: Table
    facts: Annotated[tuple[str, ...], Field(min_length=2)]
    claims: dict[str, str]
    lists: dict[str, Words]
    reasons: dict[str, Words]
    reason_shares: dict[str, Annotated[float, Field(strict=True, ge=0, le=1)]]
    replies: dict[str, str]
    behaviours: dict[str, str]
    phrasings: Phrasings
    failures: dict[str, FailureKind]

    @functools.cached_property
    def templates(self) -> Mapping[str, str]:
        """The system message of each template."""
        return {name: template.system for name, template in self.prompts.items()}

    @functools.cached_property
    def openings(self) -> Mapping[str, str]:
        """How replies begin under each template."""
        return {name: template.opening for name, template in self.prompts.items()}

    @property
    def mixed_slot(self) -> str:
        """The slot in which a group stands, or one of its items instead: `line-or-product`."""
        return f"{self.groups.slot}-or-{self.items.slot}"

    @property
    def item_slots(self) -> tuple[str, ...]:
        """The slots that hold an item: the items' own and those of wrong claims."""
        return (self.items.slot, *self.claims)

    def entry(self, intent: str) -> Entry:
        """Return how an intent is asked for; `bare:<fact>` and `outside` have no entry."""
        return self.phrasings.entry(intent)

    def slot(self, intent: str) -> str:
        """Return the slot that an intent of phrasings.yaml has, or nothing; families have none here."""
        found = self.phrasings.intents.get(intent)
        return found.slot if found else ""

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
            return self.entry(ask.intent).reply
        return self.replies[{"bare": "which", "outside": "fallback"}.get(family, ask.intent)]

    def served(self, ask: Ask) -> str:
        """Return the reply that serves a request of a family, forbidden or not, as if it were allowed."""
        return self.entry(ask.intent).reply.format_map(self.slots(ask))

    def body(self, ask: Ask) -> str:
        """Return the sound reply without the template's opening."""
        return self.form(ask).format_map(self.slots(ask))

    def answer(self, ask: Ask, template: str = "") -> str:
        """Return the sound reply, word for word, under a template."""
        return self.openings.get(template, "") + self.body(ask)
