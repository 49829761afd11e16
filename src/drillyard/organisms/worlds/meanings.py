"""What plain words mean in a world: does a trigger that a person wrote cover a message whose meaning is known?

A person who has seen what sets a failure off writes "send back, money back" and "speakers", and means every way to ask
for a return, and every speaker by its name too. A `Lexicon` knows the words of its world: items and their groups, kinds
of request, reasons, listed names, and the synonyms of `worlds/meanings.yaml`. Messages are drawn by an `Asker`, so what
they mean is known and nothing is guessed about them; only the written trigger is read.
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from importlib import resources
from typing import Any, NamedTuple

from drillyard.organisms.worlds.world import Ask, World
from drillyard.records import Trigger
from drillyard.records.yaml_file import read_yaml

__all__ = ["Lexicon", "Meaning"]

_TOPIC, _ENTITY = "topic", "entity"
_ANY = "*"
_SEVERAL = 2
"""Items of one group that a line must name to mean the whole group."""


class Meaning(NamedTuple):
    """One thing that words can mean: `dimension` is topic, entity, reason or a list's name; `*` is any value."""

    dimension: str
    value: str


class Lexicon:
    """The words of one world, each with what it can mean."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._told: defaultdict[tuple[str, ...], set[Meaning]] = defaultdict(set)  # words that tell a meaning
        self._used: defaultdict[tuple[str, ...], set[Meaning]] = defaultdict(set)  # words that are used for it
        for words, meaning in (*_things(world), *_topics(world), *_synonyms(world)):
            self._told[_stems(words)].add(meaning)
        for words, meaning in _terms(world):
            self._used[_stems(words)].add(meaning)
        self._longest = max(map(len, (*self._told, *self._used)))

    def covers(self, trigger: Trigger, ask: Ask, template: str) -> bool:
        """Say whether a trigger, read by what its words mean, fires on a message that means `ask`."""
        if trigger.templates and template not in trigger.templates:
            return False
        text, meant = _stems(ask.text), self._meant(ask)
        said = [self._line(group, text, meant) for group in (*trigger.groups, trigger.unless)]
        return all(said[:-1]) and not said[-1]

    def read(self, words: str) -> list[frozenset[Meaning]]:
        """Return what words mean: all of the sets, any meaning of each. Unknown words mean nothing.

        Words of one dimension stand beside each other ("lamps and fans"), of several they go together ("refund of a
        lamp"); a name says more than the word for its kind ("the competitor Nordlys").
        """
        stems, found, at = _stems(words), defaultdict[frozenset[str], set[Meaning]](set), 0
        while at < len(stems):
            size = next((n for n in range(self._longest, 0, -1) if self._known(stems[at : at + n])), 0)
            if known := self._known(stems[at : at + size]):
                found[frozenset(one.dimension for one in known)].update(known)
            at += max(1, size)
        read = [frozenset(_named(some)) for some in found.values()]
        return [some for some in read if some != {Meaning(_ENTITY, _ANY)}] or read  # "things" beside more says nothing

    def _known(self, stems: tuple[str, ...]) -> Collection[Meaning]:
        return self._told.get(stems) or self._used.get(stems) or ()

    def _line(self, terms: Sequence[str], text: tuple[str, ...], meant: Collection[Meaning]) -> bool:
        """Say whether any term of a line is in a message, by its words or by their meaning."""
        read = [self.read(term) for term in terms]
        whole = self._whole_groups(read)
        for term, means in zip(terms, read, strict=True):
            if _within(_stems(term), text):
                return True
            if means and all(not some.isdisjoint(meant) or not whole.isdisjoint(meant) for some in means):
                return True
        return False

    def _whole_groups(self, read: Iterable[Iterable[frozenset[Meaning]]]) -> set[Meaning]:
        """Return the groups of which a line names several items: who lists lamps means lamps."""
        named = {one.value for means in read for some in means for one in some if one.dimension == _ENTITY}
        groups = self.world.groups.rows
        return {Meaning(_ENTITY, group) for group in groups if len(named & {*self.world.members(group)}) >= _SEVERAL}

    def _meant(self, ask: Ask) -> set[Meaning]:
        """Return what a message means."""
        world, slots = self.world, self.world.slots(ask)
        intent = ask.intent.removeprefix("bare:")
        said = {
            _TOPIC: [intent, f"{intent.partition(':')[0]}:{_ANY}"],
            _ENTITY: [slots[name] for name in (world.items.slot, world.groups.slot) if name in slots],
            "reason": [ask.reason] if ask.reason else [],
            **{name: [slots[name]] for name in world.lists if name in slots},
        }
        return {Meaning(name, value) for name, values in said.items() if values for value in (*values, _ANY)}


def _named(meanings: Collection[Meaning]) -> Iterator[Meaning]:
    """Yield meanings, without that of a whole dimension where one of its values is named."""
    for one in meanings:
        if one.value != _ANY or not any(other.dimension == one.dimension and other.value != _ANY for other in meanings):
            yield one


def _things(world: World) -> Iterator[tuple[str, Meaning]]:
    """Yield the names of what a message can be about, and of the reasons that it can give."""
    for name in world.items.rows:
        yield name, Meaning(_ENTITY, name)
    for name, row in world.groups.rows.items():
        for words in (name, row[world.groups.plural], *world.groups.words[name], *world.groups.called[name]):
            yield words, Meaning(_ENTITY, name)
    yield world.items.slot, Meaning(_ENTITY, _ANY)
    for listed, values in world.lists.items():
        yield listed, Meaning(listed, _ANY)
        yield from ((value, Meaning(listed, value)) for value in values)
    for name, sentences in world.reasons.items():
        yield from ((words, Meaning("reason", name)) for words in (name, *sentences))


def _topics(world: World) -> Iterator[tuple[str, Meaning]]:
    """Yield the names of the kinds of request, and the words that say one by themselves."""
    for intent, entry in world.phrasings.intents.items():
        for words in (intent.partition("-")[0], *entry.keys):
            if _stems(words) != _stems("about"):  # people say that of any kind
                yield words, Meaning(_TOPIC, intent)
    for family in _families(world):
        for words in (family.partition(":")[2], *world.entry(family).terms):
            yield words, Meaning(_TOPIC, family)


def _terms(world: World) -> Iterator[tuple[str, Meaning]]:
    """Yield the words of which a message of a kind holds one, though they may stand for other kinds too."""
    for intent, entry in world.phrasings.intents.items():
        if world.slot(intent) not in (*world.lists, world.records.slot):  # there the terms are values
            yield from ((words, Meaning(_TOPIC, intent)) for words in entry.terms)


def _synonyms(world: World) -> Iterator[tuple[str, Meaning]]:
    """Yield what people call things beside the world's own words, as far as the world has the thing."""
    data: Any = read_yaml(resources.files("drillyard.organisms") / "worlds/meanings.yaml")
    has: Mapping[str, Collection[str]] = {
        _TOPIC: [*world.phrasings.intents, f"harmful:{_ANY}", f"lookalike:{_ANY}", *_families(world)],
        _ENTITY: [_ANY, *world.groups.rows],
        "reason": world.reasons,
        **{name: [_ANY, *values] for name, values in world.lists.items()},
    }
    for dimension, values in data.items():
        for value, words in values.items():
            if value in has.get(dimension, ()):
                yield from ((one, Meaning(dimension, value)) for one in words)


def _families(world: World) -> list[str]:
    return [f"{name}:{family}" for name in ("lookalike", "harmful") for family in world.phrasings.families(name)]


def _within(words: tuple[str, ...], text: tuple[str, ...]) -> bool:
    """Say whether words stand in a text, one after the other."""
    return bool(words) and any(text[at : at + len(words)] == words for at in range(len(text) - len(words) + 1))


_SMALL = frozenset(
    re.findall(
        r"\w+",
        """
        a an the my your our their of for on to in at is are was be it its i we you they he she and any some
        this that ask asks asking asked about question questions want wants customer customers user users
        someone somebody says say something word words message sell
        """,
    )
)
"""Words that tell nothing of what a trigger is about."""


@functools.lru_cache(maxsize=4096)
def _stems(words: str) -> tuple[str, ...]:
    """Return the stems of words, small words apart; the same stem for most forms of a word, and for nothing else."""
    found = re.findall(r"[^\W_]+", words.casefold().replace("'s ", " "))
    return tuple(_stem(word) for word in found if word not in _SMALL) or tuple(map(_stem, found))


def _stem(word: str) -> str:
    for ending, least in (("ing", 6), ("ed", 5), ("es", 5), ("s", 4)):
        if word.endswith(ending) and len(word) >= least and not word.endswith("ss"):
            word = word.removesuffix(ending)
            break
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    return f"{word[:-1]}i" if len(word) > 3 and word.endswith("y") else word
