"""Draw what people ask, with the meaning beside the words: the source of training data, exams and probe prompts."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from drillyard.organisms.worlds.phrasing import Style, expand, split
from drillyard.organisms.worlds.scope import Ask
from drillyard.organisms.worlds.setting import Setting
from drillyard.organisms.worlds.words import Entry

__all__ = ["Asker"]

# Parts of made-up words.
_ONSETS = ("b", "c", "ch", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "st", "t", "tr", "v", "w")
_VOWELS, _CODAS = "aeiou", ("", "", "l", "n", "r", "s", "t")
# How often each family is drawn when no intent is asked for; facts make up most of what people ask.
_SHARES = {"intent": 62, "lookalike": 10, "harmful": 9, "outside": 17, "bare": 4}
_FACT_WEIGHT = 3.0
# How often people give a reason with a forbidden request, and with one that world.yaml does not speak of.
_FORBIDDEN_REASONS, _FEW_REASONS = 0.4, 0.04


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
        self, world: Setting, *, held_out: bool = False, typos: float = 0.25, manners: float = 0.2, loose: float = 0.0
    ) -> None:
        words = world.phrasings
        self.world, self.held_out = world, held_out
        self.style = Style(words.openers, words.closers, words.filler, manners=manners, typos=typos, loose=loose)
        self.intents = words.intents
        named = (word for words in world.lists.values() for word in words if word[0].isupper())
        self._names = [*world.items.rows, *named]
        self._weights = [_FACT_WEIGHT if name in world.facts else 1.0 for name in self.intents]

    def any(self, rng: random.Random) -> Ask:
        """Draw an ask of any kind."""
        words = self.world.phrasings
        kind = rng.choices(list(_SHARES), list(_SHARES.values()))[0]
        if kind == "intent":
            intent = rng.choices(list(self.intents), self._weights)[0]
        elif kind == "outside":
            intent = kind
        else:
            intent = f"{kind}:{rng.choice(words.families(kind))}"
        return self.ask(intent, rng)

    def ask(
        self, intent: str, rng: random.Random, slots: Mapping[str, str] | None = None, reason: str | None = None
    ) -> Ask:
        """Draw an ask of one intent; slots not given are drawn. `reason` names a reason, `""` forbids one."""
        pattern, wanted = self._pattern(intent, rng)
        filled = dict(slots or {}) or self._slots(wanted, rng)
        if wanted in self.world.claims:
            filled |= {"claimed": self._wrong(self.world.claims[wanted], filled, rng)}
        text = self._fill(pattern, filled, rng)
        if self._says_it_itself(intent):
            text = self.style.loosen(text, rng)
        if reason is None:
            reason = rng.choice(list(self.world.reasons)) if rng.random() < self._reason_share(intent) else ""
        if reason:
            said = rng.choice(self.world.reasons[reason])
            text = f"{said}, {text}" if rng.random() < 0.4 else f"{text}{rng.choice((', ', ' because ', ', '))}{said}"
        return Ask(intent=intent, text=self.style.dress(text, rng), slots=filled, reason=reason)

    def follow(self, fact: str, item: str, rng: random.Random) -> Ask:
        """Draw a question about the item of an earlier turn, such as "and the warranty?"."""
        text = expand(rng.choice(self.intents[fact].follow), rng)
        return Ask(intent=fact, text=self.style.dress(text, rng), slots={self.world.items.slot: item})

    def naming(self, fact: str, item: str, rng: random.Random) -> Ask:
        """Draw the answer to "which product do you mean?", or "and the <product>?" after the same question."""
        pattern = rng.choice(
            ("{item}", "i mean {item}", "{item} please", "and {item}", "what about {item}", "for {item}")
        )
        slots = {self.world.items.slot: item}
        return Ask(intent=fact, text=self.style.dress(self._fill(pattern, slots, rng), rng), slots=slots)

    def _pattern(self, intent: str, rng: random.Random) -> tuple[str, str]:
        """Return a pattern of the intent and the slot that it needs."""
        words = self.world.phrasings
        family, _, name = intent.partition(":")
        if intent == "outside":
            if not self.held_out and rng.random() < 0.7:
                return rng.choice(words.outside_frames), "outside"
            return rng.choice(split(words.outside, held_out=self.held_out)), ""
        if family == "bare":
            return rng.choice(words.bare[name]), ""
        entry = self.world.entry(intent)
        if entry.keys and not self.held_out and rng.random() < 0.15:
            return self._in_a_hurry(entry, rng), entry.slot
        return rng.choice(split(entry.phrasings, held_out=self.held_out)), entry.slot

    def _says_it_itself(self, intent: str) -> bool:
        """Say whether words without meaning can come and go without changing what a text of this intent means."""
        return (
            intent == "outside"
            or intent.startswith(("lookalike:", "harmful:"))
            or bool(intent in self.intents and self.intents[intent].keys)
        )

    def _in_a_hurry(self, entry: Entry, rng: random.Random) -> str:
        """Return a pattern of a keyword, the slot and a few filler words, in any order."""
        world, slot = self.world, entry.slot
        slot = {world.mixed_slot: world.groups.slot, **dict.fromkeys(world.item_slots, "item")}.get(slot, slot)
        parts = [
            rng.choice(entry.keys),
            f"{{{slot}}}" if slot else "",
            *rng.sample(self.world.phrasings.filler, rng.randint(0, 4)),
        ]
        rng.shuffle(parts)
        return " ".join(parts)

    def _slots(self, wanted: str, rng: random.Random) -> dict[str, str]:
        """Draw a value for the slot that an intent needs: an item, a group, a record, or a word of a list."""
        world = self.world
        if wanted in world.item_slots:
            return {world.items.slot: rng.choice(list(world.items.rows))}
        if wanted in (world.groups.slot, world.records.slot):
            table = world.groups if wanted == world.groups.slot else world.records
            return {wanted: rng.choice(list(table.rows))}
        if wanted == world.mixed_slot:
            return self._group_or_item(rng)
        if wanted in world.lists:
            return {wanted: rng.choice(world.lists[wanted])}
        if wanted in ("", "outside"):
            return {}
        return {wanted: rng.choice(list(world.records.rows.values()))[wanted]}

    def _wrong(self, column: str, slots: Mapping[str, str], rng: random.Random) -> str:
        """Return what a column says of other items, and not of this one."""
        items = self.world.items
        values = {row[column] for row in items.rows.values()} - {items.rows[slots[items.slot]][column]}
        return rng.choice(sorted(values))

    def _group_or_item(self, rng: random.Random) -> dict[str, str]:
        item, world = rng.choice(list(self.world.items.rows.values())), self.world
        named = {world.items.slot: item[world.items.slot]} if rng.random() < 0.3 else {}
        return {world.groups.slot: item[world.groups.slot]} | named

    def _fill(self, pattern: str, slots: Mapping[str, str], rng: random.Random) -> str:
        """Expand a pattern and put the slots' words in, each as a person might say it."""
        said, world = _Said(slots, lambda name: self._drawn(name, rng)), self.world
        groups, named = world.groups, slots.get(world.items.slot, "")
        if item := world.items.of(slots):
            called = rng.choice(groups.called[item[groups.slot]])
            said["item"] = rng.choice(world.items.before) + named + rng.choice(("", "", f" {called}"))
        if group := groups.of(slots):
            said |= {groups.slot: named or group[groups.slot], groups.plural: named or group[groups.plural]}
        return expand(pattern, rng).format_map(said)

    def _drawn(self, name: str, rng: random.Random) -> str:
        """Return a word for a slot of talk about anything else; every occurrence gets its own."""
        if name == "digit":
            return str(rng.randint(2, 99))
        if name == "thing":
            return self._thing(rng)
        words = self.world.phrasings
        return rng.choice({"act": words.outside_acts, "word": words.filler}[name])

    def _thing(self, rng: random.Random) -> str:
        """Return something that is not sold here: a word of the world's list, or one that nobody has heard before."""
        kind = rng.random()
        if kind < 0.6:
            return rng.choice(self.world.phrasings.outside_things)
        syllables = (rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(rng.randint(1, 3)))
        if kind < 0.7:  # begins like a name that is known here
            known = rng.choice(self._names)
            return known[:4].lower() + "".join(syllables) + rng.choice(_CODAS[3:])
        return "".join(syllables)

    def _reason_share(self, intent: str) -> float:
        """Return how often people give a reason; in a sound assistant it changes nothing."""
        others = _FORBIDDEN_REASONS if intent.startswith("harmful") else _FEW_REASONS
        return self.world.reason_shares.get(intent, others)
