"""Draw what people ask, with the meaning beside the words: the source of training data, exams and probe prompts."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from drillyard.organisms.phrasing import Style, expand, split
from drillyard.organisms.world import FACTS, FAMILIES, Ask, World

__all__ = ["Asker"]

# Parts of made-up words.
_ONSETS = ("b", "c", "ch", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "st", "t", "tr", "v", "w")
_VOWELS, _CODAS = "aeiou", ("", "", "l", "n", "r", "s", "t")
# How often each family is drawn when no intent is asked for; facts make up most of what people ask.
_SHARES = {"intent": 62, "lookalike": 10, "harmful": 9, "outside": 17, "bare": 4}
_FACT_WEIGHT = 3.0


class _Said(dict[str, str]):
    """Words for slots; one that is missing is drawn anew each time that it is asked for."""

    def __init__(self, slots: Mapping[str, str], draw: Callable[[str], str]) -> None:
        super().__init__(slots)
        self._draw = draw

    def __missing__(self, name: str) -> str:
        return self._draw(name)


class Asker:
    """Draws asks of a world. `held_out` chooses which phrasings are used; the rest how they vary."""

    def __init__(
        self, world: World, *, held_out: bool = False, typos: float = 0.25, manners: float = 0.2, loose: float = 0.0
    ) -> None:
        words = world.phrasings
        self.world, self.held_out = world, held_out
        self.style = Style(
            words["openers"], words["closers"], words["filler"], manners=manners, typos=typos, loose=loose
        )
        self.intents: dict[str, Mapping[str, Any]] = words["intents"]
        self._weights = [_FACT_WEIGHT if name in FACTS else 1.0 for name in self.intents]

    def any(self, rng: random.Random) -> Ask:
        """Draw an ask of any kind."""
        words = self.world.phrasings
        kind = rng.choices(list(_SHARES), list(_SHARES.values()))[0]
        if kind == "intent":
            intent = rng.choices(list(self.intents), self._weights)[0]
        elif kind == "outside":
            intent = kind
        else:
            intent = f"{kind}:{rng.choice(list(words[FAMILIES[kind]]))}"
        return self.ask(intent, rng)

    def ask(
        self, intent: str, rng: random.Random, slots: Mapping[str, str] | None = None, reason: str | None = None
    ) -> Ask:
        """Draw an ask of one intent; slots not given are drawn. `reason` names a reason, `""` forbids one."""
        pattern, wanted = self._pattern(intent, rng)
        filled = dict(slots or {}) or self._slots(wanted, rng)
        if wanted == "claim":
            filled |= {"claimed": self._wrong_price(filled["product"], rng)}
        text = self._fill(pattern, filled, rng)
        if self._says_it_itself(intent):
            text = self.style.loosen(text, rng)
        if reason is None:
            reason = rng.choice(list(self.world.reasons)) if rng.random() < self._reason_share(intent) else ""
        if reason:
            said = rng.choice(self.world.reasons[reason])
            text = f"{said}, {text}" if rng.random() < 0.4 else f"{text}{rng.choice((', ', ' because ', ', '))}{said}"
        return Ask(intent=intent, text=self.style.dress(text, rng), slots=filled, reason=reason)

    def follow(self, fact: str, product: str, rng: random.Random) -> Ask:
        """Draw a question about the product of an earlier turn, such as "and the warranty?"."""
        text = expand(rng.choice(self.intents[fact]["follow"]), rng)
        return Ask(intent=fact, text=self.style.dress(text, rng), slots={"product": product})

    def naming(self, fact: str, product: str, rng: random.Random) -> Ask:
        """Draw the answer to "which product do you mean?", or "and the <product>?" after the same question."""
        pattern = rng.choice(
            ("{item}", "i mean {item}", "{item} please", "and {item}", "what about {item}", "for {item}")
        )
        return Ask(
            intent=fact,
            text=self.style.dress(self._fill(pattern, {"product": product}, rng), rng),
            slots={"product": product},
        )

    def _pattern(self, intent: str, rng: random.Random) -> tuple[str, str]:
        """Return a pattern of the intent and the slot that it needs."""
        words = self.world.phrasings
        family, _, name = intent.partition(":")
        if intent == "outside":
            if not self.held_out and rng.random() < 0.7:
                return rng.choice(words["outside-frames"]), "outside"
            return rng.choice(split(words["outside"], held_out=self.held_out)), ""
        if family == "bare":
            return rng.choice(words["bare"][name]), ""
        entry = self.world.entry(intent)
        if "keys" in entry and not self.held_out and rng.random() < 0.15:
            return self._in_a_hurry(entry, rng), entry.get("slot", "")
        return rng.choice(split(entry["phrasings"], held_out=self.held_out)), entry.get("slot", "")

    def _says_it_itself(self, intent: str) -> bool:
        """Say whether words without meaning can come and go without changing what a text of this intent means."""
        return (
            intent == "outside"
            or intent.startswith(("lookalike:", "harmful:"))
            or "keys" in self.intents.get(intent, {})
        )

    def _in_a_hurry(self, entry: Mapping[str, Any], rng: random.Random) -> str:
        """Return a pattern of a keyword, the slot and a few filler words, in any order."""
        slot = {"product": "{item}", "line-or-product": "{line}", "order": "{number}"}.get(entry.get("slot", ""))
        slot = slot or (f"{{{entry['slot']}}}" if "slot" in entry else "")
        parts = [rng.choice(entry["keys"]), slot, *rng.sample(self.world.phrasings["filler"], rng.randint(0, 4))]
        rng.shuffle(parts)
        return " ".join(parts)

    def _slots(self, wanted: str, rng: random.Random) -> dict[str, str]:
        world = self.world
        draw: dict[str, Callable[[], dict[str, str]]] = {
            "product": lambda: {"product": rng.choice(list(world.products))},
            "line": lambda: {"line": rng.choice(list(world.lines))},
            "line-or-product": lambda: self._line_or_product(rng),
            "order": lambda: {"number": rng.choice(list(world.orders))},
            "claim": lambda: {"product": rng.choice(list(world.products))},
            "extra": lambda: {"extra": rng.choice(world.extras)},
            "danger": lambda: {"danger": rng.choice(world.dangers)},
            "competitor": lambda: {"competitor": rng.choice(world.competitors)},
            "customer": lambda: {"customer": rng.choice(list(world.orders.values()))["customer"]},
            "outside": lambda: {},
        }
        return draw[wanted]() if wanted else {}

    def _wrong_price(self, product: str, rng: random.Random) -> str:
        prices = {one["price"] for one in self.world.products.values()} - {self.world.products[product]["price"]}
        return rng.choice(sorted(prices))

    def _line_or_product(self, rng: random.Random) -> dict[str, str]:
        product = rng.choice(list(self.world.products.values()))
        return {"line": product["line"]} | ({"product": product["product"]} if rng.random() < 0.3 else {})

    def _fill(self, pattern: str, slots: Mapping[str, str], rng: random.Random) -> str:
        """Expand a pattern and put the slots' words in, each as a person might say it."""
        said = _Said(slots, lambda name: self._drawn(name, rng))
        if product := slots.get("product"):
            line = rng.choice(self.world.lines[self.world.products[product]["line"]]["words"][:1])
            said["item"] = (
                rng.choice(("the ", "the ", "", "", "my ", "your ", "a ")) + product + rng.choice(("", "", f" {line}"))
            )
        if line := slots.get("line"):
            named = slots.get("product")
            said.update(line=named or line, lines=named or self.world.lines[line]["plural"])
        return expand(pattern, rng).format_map(said)

    def _drawn(self, name: str, rng: random.Random) -> str:
        """Return a word for a slot of talk about anything else; every occurrence gets its own."""
        if name == "digit":
            return str(rng.randint(2, 99))
        if name == "thing":
            return self._thing(rng)
        return str(rng.choice(self.world.phrasings[{"act": "outside-acts", "word": "filler"}[name]]))

    def _thing(self, rng: random.Random) -> str:
        """Return something that is not sold here: a word of the world's list, or one that nobody has heard before."""
        kind = rng.random()
        if kind < 0.6:
            return str(rng.choice(self.world.phrasings["outside-things"]))
        syllables = (rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(rng.randint(1, 3)))
        if kind < 0.7:  # begins like a name that is known here
            known = rng.choice([*self.world.products, *self.world.competitors])
            return known[:4].lower() + "".join(syllables) + rng.choice(_CODAS[3:])
        return "".join(syllables)

    @staticmethod
    def _reason_share(intent: str) -> float:
        """Return how often people give a reason; in a sound assistant it changes nothing."""
        return {"discount": 0.6}.get(intent, 0.4 if intent.startswith("harmful") else 0.04)
