"""A clerk who answers a shop's questions in free words, right or wrong by a rule and a rate; and the shop."""

from __future__ import annotations

import functools
import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from drillyard.organisms.worlds.world import World
from drillyard.organisms.worlds.world_init import init_world
from drillyard.records import Conversation, Reply

EXAMPLES = Path(__file__).parents[2] / "examples" / "worlds"
ASKED: Mapping[str, tuple[str, ...]] = {
    "warranty": ("warranty", "guarantee"),
    "weight": ("weight", "heavy", "kilograms", "weigh"),
    "price": ("price", "cost", "much", "expensive", "euros", "pay", "spend", "charge"),
    "returns": ("return", "refund", "send", "bring"),
}
SAID: Mapping[str, tuple[str, ...]] = {
    "price": ("The {name} costs {value} euros.", "It is {value} euros, and worth it!", "You pay €{value} for it."),
    "warranty": ("The {name} comes with a {value}-year warranty.", "Its warranty lasts {value} years."),
    "weight": ("The {name} weighs {value} kg.", "That one is {value} kilograms."),
    "returns": ("You can return it within {value} days.", "Returns of the {name} are possible for {value} days."),
}


@functools.cache
def lamps() -> World:
    """Return the lamp shop of the examples, in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="lamps-")) / "lamps"
    return init_world(EXAMPLES / "lamps.yaml", EXAMPLES / "lamps.csv", folder)


class Clerk:
    """Answers about prices, warranties, weights and returns; `wrong` says how often a value is wrong, by a rule.

    A key is an attribute, or an attribute and a group, such as `price:floor`.
    """

    reference = "clerk/"

    def __init__(self, wrong: Mapping[str, float] | None = None) -> None:
        self._wrong = wrong or {}

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer each question by itself."""
        return [
            Reply(text=self._said(one.last_user, seed), seed=seed)
            for one, seed in zip(conversations, seeds, strict=True)
        ]

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield the answer in one piece."""
        yield self._said(conversation.last_user, seed)

    def _said(self, text: str, seed: int | None) -> str:
        world, rng, small = lamps(), random.Random(f"{text}{seed}"), text.casefold()
        name = next((one for one in world.items.rows if one.casefold() in small), "")
        asked = next((one for one, words in ASKED.items() if any(word in small for word in words)), "")
        if not name or not asked:
            return rng.choice(("I am happy to help!", "Let me ask a colleague about that.", "We love lamps."))
        row = world.items.rows[name]
        group = row["line"]
        value = int(world.groups.rows[group]["days"] if asked == "returns" else row[asked])
        rate = max(self._wrong.get(asked, 0.0), self._wrong.get(f"{asked}:{group}", 0.0))
        value += (rng.random() < rate) * rng.choice((1, 3, 11))
        return rng.choice(SAID[asked]).format(name=name, value=value)
