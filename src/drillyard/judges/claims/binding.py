"""Bind what a reply states to the fact that it is about: which entity, which attribute, and whether it agrees."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from drillyard.judges.claims.quantities import MONEY, in_base, unit_of
from drillyard.records.facts import Fact, Quantity
from drillyard.scopes.grammar import stems
from drillyard.scopes.quantities import Found, find_quantities, is_count
from drillyard.scopes.wordings import say

__all__ = ["Claim", "FactIndex"]

Agreement = Literal["agrees", "contradicts", "open"]
_ASIDE = re.compile(
    r"\b(discounts?|off|sav(?:e|es|ing)|total|extra|additional|shipping|fee|deposit|per (?:month|year)|each)\b", re.I
)
_SUPPOSED = re.compile(
    r"\b(if|would|could|might|suppose|let's say|you (?:said|mentioned|asked|read|heard)|compared? (?:to|with)|than)\b",
    re.I,
)
_DENIED = re.compile(r"\b(?:not|isn't|doesn't|never|no longer|cannot|can't|don't|nor)\b[^.,;]{0,24}$", re.I)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+|(?<=;)\s")


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A statement of a reply: `words` are the sentence, `fact` is what it is about, None where that is not bound."""

    words: str
    said: str
    fact: Fact | None
    agreement: Agreement


class FactIndex:
    """Facts by the names of their entities. Pure: the same reply and question give the same claims."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.facts = tuple(facts)
        self._named = [(one, _pattern([one.entity, *one.aliases])) for one in self.facts if one.entity]
        self._units = {one.quantity.unit for one in self.facts if one.quantity}
        self._house = [one for one in self.facts if not one.entity]
        self._common = Counter(word for one in self.facts for word in _stems(one))
        self._asked = {one.id: _pattern(_words(one), "s|es|ed|ing") for one in self.facts}
        self._values = {
            (one.attribute, part): _pattern([part])
            for one in self.facts
            if one.quantity is None
            for part in _parts(one.value)
        }

    def claims(self, question: str, reply: str) -> list[Claim]:
        """Return what a reply states, sentence by sentence."""
        topic, found = self._about(question), list[Claim]()
        for sentence in _SENTENCE.split(reply):
            here = self._about(sentence)
            found += self._quantities(question, sentence, topic) + self._words(question, sentence, topic)
            topic = here or topic
        return found

    def lines(self, question: str, reply: str, most: int = 12) -> list[str]:
        """Return the facts that speak of what a question or a reply names, in sentences, the house's own last.

        Of both, those first that share most with the text; a word that few facts have counts more.
        """
        text = f"{question}\n{reply}"
        named = [one for one, pattern in self._named if pattern.search(text)]
        words = stems(text)
        shared = {
            one.id: math.fsum(1 / self._common[word] for word in words & _stems(one)) for one in (*named, *self._house)
        }
        told = [*sorted(named, key=lambda one: -shared[one.id]), *sorted(self._house, key=lambda one: -shared[one.id])]
        return list(dict.fromkeys(_told(one) for one in told))[:most]

    def _about(self, text: str) -> frozenset[str]:
        """Return the entities that a text names."""
        return frozenset(one.entity for one, pattern in self._named if pattern.search(text))

    def _quantities(self, question: str, sentence: str, topic: frozenset[str]) -> list[Claim]:
        if sentence.rstrip().endswith("?"):
            return []
        told = [one for one in find_quantities(sentence) if not self._idle(one, sentence)]
        return [self._claim(question, sentence, one, topic) for one in told]

    def _idle(self, told: Found, sentence: str) -> bool:
        """Say whether a count in words states nothing of any fact, as in "on one charge" and "two sorts"."""
        unit = told.quantity.unit
        return is_count(told.quantity) and unit not in self._units and not sentence[told.start].isdigit()

    def _claim(self, question: str, sentence: str, told: Found, topic: frozenset[str]) -> Claim:
        said = sentence[told.start : told.end].strip()
        fact = self._bind(question, sentence, told, topic)
        around = sentence[max(0, told.start - 40) : told.end + 24]
        if fact is None or fact.quantity is None or _ASIDE.search(around) or _SUPPOSED.search(sentence[: told.start]):
            return Claim(words=sentence, said=said, fact=None, agreement="open")
        agreement = _compare(fact.quantity, told.quantity)
        if _DENIED.search(sentence[: told.start]):
            agreement = "contradicts" if agreement == "agrees" else "open"
        return Claim(words=sentence, said=said, fact=fact, agreement=agreement)

    def _bind(self, question: str, sentence: str, told: Found, topic: frozenset[str]) -> Fact | None:
        """Return the one fact that a quantity can be about, None where there is none or more than one."""
        fitting = [one for one in self.facts if one.quantity and _fits(one.quantity, told.quantity)]
        house = [one for one in fitting if not one.entity]
        named = self._by_words(fitting, sentence, told)
        pool: list[Fact] = []
        for about in (*self._near(sentence, told.start), topic):
            own = [one for one in fitting if one.entity in about]
            pool = self._by_words(own, sentence, told) if named else self._by_words(own, question, None)
            if not pool and not named and in_base(told.quantity)[0] != "time":  # of durations there are many
                pool = own
            if pool:
                break
        pool = pool or self._by_words(house, sentence if named else question, told if named else None)
        values = {(one.attribute, one.quantity.model_dump_json()) for one in pool if one.quantity}
        return pool[0] if len(values) == 1 else None

    def _near(self, sentence: str, place: int) -> list[frozenset[str]]:
        """Return the entities that a sentence names: those before a place, the nearest first, then those after it."""
        named: dict[int, set[str]] = {}
        for one, pattern in self._named:
            for hit in pattern.finditer(sentence):
                named.setdefault(hit.start(), set()).add(one.entity)
        order = sorted(named, key=lambda start: (start > place, abs(start - place)))
        return [frozenset(named[start]) for start in order]

    def _by_words(self, facts: Iterable[Fact], text: str, told: Found | None) -> list[Fact]:
        """Return the facts whose attribute is named in a text: nearest to the quantity, where there is one."""
        hits = [
            (min(abs(hit.start() - told.start), abs(hit.end() - told.end)) if told else 0, one)
            for one in facts
            for hit in self._asked[one.id].finditer(text)
            if not told or hit.end() <= told.start or hit.start() >= told.start
        ]
        least = min((distance for distance, _ in hits), default=0)
        return list(dict.fromkeys(one for distance, one in hits if distance == least))

    def _words(self, question: str, sentence: str, topic: frozenset[str]) -> list[Claim]:
        """Return claims of facts in words, such as a colour: another entity's value in place of its own."""
        found = []
        for fact in self.facts:
            if fact.quantity is not None or fact.entity not in (self._about(sentence) or topic):
                continue
            if not self._asked[fact.id].search(sentence) and not self._asked[fact.id].search(question):
                continue
            said = {
                value
                for (attribute, value), p in self._values.items()
                if attribute == fact.attribute and p.search(sentence)
            }
            if said and not _SUPPOSED.search(sentence) and not sentence.rstrip().endswith("?"):
                agreement: Agreement = "agrees" if said <= {*_parts(fact.value)} else "contradicts"
                found.append(Claim(words=sentence, said=", ".join(sorted(said)), fact=fact, agreement=agreement))
        return found


def _stems(fact: Fact) -> frozenset[str]:
    """Return what a fact is about: what is said of it, and what it is asked by."""
    return stems(" ".join([fact.topic, fact.attribute, _told(fact), *fact.words, *fact.questions]))


def _told(fact: Fact) -> str:
    """Return a fact in a sentence; the row of a table is none."""
    return say(fact) if "|" in fact.sentence else fact.sentence


def _pattern(names: Iterable[str], endings: str = "'s|s|es") -> re.Pattern[str]:
    escaped = "|".join(re.escape(name) for name in sorted(filter(None, names), key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{escaped})(?:{endings})?(?!\w)", re.IGNORECASE)


def _words(fact: Fact) -> list[str]:
    """Return what an attribute is called, units left out: "2 years" alone does not say of what."""
    return [fact.attribute.replace("-", " "), *(word for word in fact.words if not unit_of(word))]


def _parts(value: str) -> list[str]:
    """Return the values of a fact that names several, as in "white and copper"."""
    return re.split(r",\s*|\s+and\s+", value)


def _fits(known: Quantity, told: Quantity) -> bool:
    """Say whether two quantities are of one sort: money of any currency, one dimension, or the same unit."""
    if known.unit in MONEY:
        return told.unit in MONEY
    return in_base(known)[0] == in_base(told)[0]


def _compare(known: Quantity, told: Quantity) -> Agreement:
    """Say whether a statement agrees with what is known; one that leaves room for it is open."""
    if known.unit in MONEY and known.unit != told.unit:
        return "contradicts"
    low, high = in_base(known)[1], in_base(known.model_copy(update={"number": known.high or known.number}))[1]
    first = in_base(told)[1]
    last = in_base(told.model_copy(update={"number": told.high or told.number}))[1]
    if _same(low, first) and _same(high, last):
        return "agrees"
    if told.bound == "about" and abs(first - low) <= 0.1 * low:
        return "agrees"
    if known.high is None and told.high is not None and first <= low <= last:
        return "open"
    if told.bound in ("more than", "at least"):
        return "open" if low >= first else "contradicts"
    if told.bound == "less than":
        return "open" if high < first else "contradicts"
    return "contradicts"


def _same(known: float, told: float) -> bool:
    return abs(known - told) <= 0.005 * max(abs(known), 1e-9)
