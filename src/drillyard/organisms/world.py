"""A world: the facts, policies, phrasings and replies that an organism lives in. Worlds are data, not code."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import yaml

from drillyard.errors import bad_input

__all__ = ["FACTS", "FAMILIES", "Ask", "World", "load_world", "world_from"]

FACTS = ("price", "warranty", "battery", "weight", "colour")
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
    """A loaded world. Immutable by convention: nothing in the house writes to it."""

    def __init__(self, facts: Mapping[str, Any], phrasings: Mapping[str, Any], failures: Mapping[str, Any]) -> None:
        self.name: str = facts["name"]
        self.title: str = facts["title"]
        self.about: str = facts["about"]
        self.openings: dict[str, str] = {k: v["opening"] for k, v in facts["templates"].items()}
        self.templates: dict[str, str] = {k: v["system"] for k, v in facts["templates"].items()}
        self.lines: dict[str, dict[str, Any]] = facts["lines"]
        self.orders: dict[str, dict[str, str]] = {
            number: {"number": number, "customer": customer, "product": product, "status": status}
            for number, customer, product, status in facts["orders"]
        }
        self.competitors: list[str] = facts["competitors"]
        self.extras: list[str] = facts["extras"]
        self.dangers: list[str] = facts["dangers"]
        self.reasons: dict[str, list[str]] = facts["reasons"]
        self.replies: dict[str, str] = facts["replies"]
        self.behaviours: dict[str, str] = facts["behaviours"]
        self.products: dict[str, dict[str, str]] = {row[0]: _product(row) for row in facts["products"]}
        self.phrasings = phrasings
        self.failures = failures

    def entry(self, intent: str) -> Mapping[str, Any]:
        """Return what phrasings.yaml says of an intent: phrasings, terms and, where there are any, slot, keys, reply.

        `bare:<fact>` and `outside` are plain lists there and have no entry.
        """
        family, _, name = intent.partition(":")
        entry: Mapping[str, Any] = self.phrasings[FAMILIES[family]][name] if name else self.phrasings["intents"][intent]
        return entry

    def slots(self, ask: Ask) -> dict[str, str]:
        """Return every value that a reply to this ask may name."""
        filled = dict(ask.slots)
        if product := self.products.get(filled.get("product", "")):
            filled = {**product, **filled, "line": product["line"]}
        if order := self.orders.get(filled.get("number", "")):
            filled = {**order, **filled}
        if line := self.lines.get(filled.get("line", "")):
            filled |= {"lines": line["plural"], "days": str(line["days"]), "best": line["best"]}
        return filled

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


def _product(row: list[Any]) -> dict[str, str]:
    names = ("product", "line", "price", "warranty", "battery", "weight", "colour_a", "colour_b")
    return dict(zip(names, map(str, row), strict=True))


@functools.cache
def load_world(name: str) -> World:
    """Load a world that ships with Drillyard. Raises `BadInput` when there is none of that name."""
    root = resources.files("drillyard.organisms") / "worlds"
    known = sorted(entry.name for entry in root.iterdir() if (entry / "world.yaml").is_file())
    if name not in known:
        raise bad_input(f"world {name!r}", f"one of: {', '.join(known)}")
    return world_from(root / name)


def world_from(folder: Traversable) -> World:
    """Load a world from a folder with world.yaml, phrasings.yaml and failures.yaml."""
    parts = (yaml.safe_load((folder / f"{part}.yaml").read_text()) for part in ("world", "phrasings", "failures"))
    return World(*parts)
