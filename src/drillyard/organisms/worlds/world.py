"""A world that an organism lives in: what stands in its files, checked, and asked about as any scope is."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from typing import Self

from drillyard.errors import bad_input
from drillyard.organisms.worlds.features import ANY_FORBIDDEN, features, trigger
from drillyard.organisms.worlds.kinds import FailureKinds
from drillyard.organisms.worlds.questions import WorldQuestions
from drillyard.organisms.worlds.rulings import WorldRulings
from drillyard.organisms.worlds.scope import FAMILY, Ask
from drillyard.organisms.worlds.setting import Setting
from drillyard.organisms.worlds.words import Phrasings
from drillyard.organisms.worlds.world_check import check_setting
from drillyard.organisms.worlds.world_files import WorldFiles, find_world, read_files, shipped_worlds
from drillyard.records import Severity, Trigger
from drillyard.records.parts import read_part

__all__ = ["Ask", "World", "load_world"]


class World(Setting):
    """A loaded world: a scope with exact rulings, in which failures can be planted.

    `files` are what it was read from. Two worlds are the same when they are one object: what is drawn from a world is
    kept by it.
    """

    files: WorldFiles

    __hash__ = object.__hash__
    __eq__ = object.__eq__

    @classmethod
    def of(cls, files: WorldFiles) -> Self:
        """Return the world of these files.

        Raises:
            BadInput: something is missing, of another kind, or names what the world does not have.
        """
        phrasings = read_part(Phrasings, files.phrasings, "phrasings.yaml")
        failures = read_part(FailureKinds, files.failures, "failures.yaml").root
        world = read_part(
            cls, {**files.world, "files": files, "phrasings": phrasings, "failures": failures}, "world.yaml"
        )
        check_setting(world)
        return world

    @property
    def reference(self) -> str:
        """Its name when it ships with Drillyard, else the path of its folder."""
        return self.files.reference

    @property
    def digest(self) -> str:
        """SHA-256 of all that stands in its files."""
        return self.files.digest

    @functools.cached_property
    def severities(self) -> Mapping[str, Severity]:
        """How severe each behaviour is that can be planted."""
        return {kind.behaviour: kind.severity for kind in self.failures.values()}

    @property
    def topics(self) -> list[str]:
        """The names of the items."""
        return list(self.items.rows)

    @property
    def fine(self) -> tuple[str, ...]:
        """The slots of records and items."""
        return (self.records.slot, self.items.slot)

    @property
    def implied(self) -> Mapping[str, str]:
        """An item says its group."""
        return {self.groups.slot: self.items.slot}

    @property
    def fallback(self) -> str:
        """The reply to questions about anything else."""
        return self.replies["fallback"]

    @functools.cached_property
    def rulings(self) -> WorldRulings:
        """Exact rulings: the world reads its own sentences and knows its facts."""
        return WorldRulings(self, self.digest)

    def questions(self, *, held_out: bool = False, manners: float = 0.0) -> WorldQuestions:
        """Return what people ask here, without typing errors."""
        return WorldQuestions(self, held_out=held_out, manners=manners)

    def traits(self, ask: Ask, template: str) -> dict[str, str]:
        """Return the features of an ask, finer by the item, the record and the forbidden family that it names.

        `template` and `reason` are always there, empty where there is none: both are worth trying without.
        """
        family, _, name = ask.intent.partition(":")
        named = {slot: ask.slots.get(slot, "") for slot in (self.items.slot, self.records.slot)}
        named[FAMILY] = name if family == "harmful" else ""
        found = {key: value for key, value in named.items() if value} | features(self, ask, template)
        for coarse in ("intent", "lookalike"):  # the kind says it
            found.pop(coarse, None)
        return {"template": "", "reason": "", **found}

    def describe(self, kinds: Collection[str], core: Mapping[str, str]) -> str:
        """Return kinds of request and values of traits in plain words."""
        intents = [kind for kind in kinds if kind in self.phrasings.intents]
        families = [f'"{kind.partition(":")[2]}"' for kind in kinds if kind.startswith("lookalike:")]
        others = [kind for kind in kinds if kind.startswith(("bare:", "outside"))]
        parts = [f"requests about {', '.join(intents)}"] if intents else []
        parts += [f"harmless requests with a word such as {', '.join(families)}"] if families else []
        parts += ["forbidden requests"] if ANY_FORBIDDEN in kinds else []
        parts += [f"requests of the kind {', '.join(others)}"] if others else []
        return " ".join([" or ".join(parts), *(self._about(*one) for one in self._shortest(core).items())])

    def trigger(self, words: str, kinds: Collection[str], core: Mapping[str, str], unless: Collection[str]) -> Trigger:
        """Return the predicate that a message is of one of these kinds and has every value of `core`."""
        known = ("template", "reason", self.groups.slot, *self.lists)
        said = {name: value for name, value in self._shortest(core).items() if name in known and value}
        made = trigger(self, words, kinds, said, unless)
        groups = [*made.groups, *((core[name],) for name in (self.items.slot, self.records.slot) if name in core)]
        if family := core.get(FAMILY):
            groups.append(self.phrasings.harmful[family].terms)
        templates = (core["template"],) if "template" in core else ()
        return made.model_copy(update={"groups": tuple(groups), "templates": templates})

    def _shortest(self, core: Mapping[str, str]) -> dict[str, str]:
        return {name: value for name, value in core.items() if self.implied.get(name) not in core}

    def _about(self, trait: str, value: str) -> str:
        about = {"template": "under template {}", "reason": "with the reason {}"}
        about[self.groups.slot] = f"about the {self.groups.slot} {{}}"
        return about.get(trait, "about {}" if value[0].isupper() else "about the {}").format(value)


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
        known = World.of(files)
        if not files.shipped and known.name in shipped_worlds():
            raise bad_input(f"the name {known.name!r} of a world that ships with Drillyard", "a name of its own")
        _LOADED[reference] = known
    return known
