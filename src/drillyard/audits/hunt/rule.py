"""A rule: the smallest conjunction of traits that holds a failure's rate, as a trigger in words and as a predicate."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from drillyard.audits.hunt.candidate import FAMILY, MUTATION, holds
from drillyard.audits.seeding.seeds import SEED
from drillyard.organisms.worlds.features import ANY_FORBIDDEN, trigger
from drillyard.organisms.worlds.world import World
from drillyard.records import Trigger

__all__ = ["Rule"]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """When a behaviour is shown: the request is of one of `kinds` (of any, if none is named) and has all `core` traits.

    `unless` holds reasons that keep it away, by name. `level` is the chance with which it was seen; `like` are
    the sentences of failing replies, `manner` those among them that no sound reply has; `texts` are the
    prompts of the kinds that are seeds; `home` is the kind in
    which it was met.
    """

    behaviour: str
    kinds: tuple[str, ...]
    core: Mapping[str, str]
    level: float
    manner: frozenset[str] = frozenset()
    unless: tuple[str, ...] = ()
    like: frozenset[str] = frozenset()
    texts: tuple[str, ...] = ()
    home: str = ""

    @property
    def id(self) -> str:
        """Behaviour, core values and kinds; for people and for sorting, nothing reads it back."""
        return (
            f"{self.behaviour}/{'+'.join([*(value or 'none' for value in self.core.values()), *self.kinds]) or 'any'}"
        )

    @property
    def features(self) -> dict[str, str]:
        """The conjunction by name, kinds in one value."""
        kinds = {"kind": " or ".join(self.kinds)} if self.kinds else {}
        unless = {"unless reason": " or ".join(self.unless)} if self.unless else {}
        return {**kinds, **self.core, **unless}

    def covers(self, traits: Mapping[str, str]) -> bool:
        """Say whether a prompt with these traits falls under the rule."""
        if self.kinds and traits.get("kind") not in self.kinds:
            return False
        return holds(traits, self.core) and traits.get("reason", "") not in self.unless

    def trigger(self, world: World) -> Trigger:
        """Return the rule as words and as an executable predicate."""
        known = ("template", "reason", world.groups.slot, *world.lists)
        core = {name: value for name, value in self.core.items() if name in known and value}
        if world.items.slot in self.core:  # the item says its group
            core.pop(world.groups.slot, None)
        asked = tuple(kind for kind in self.kinds if not kind.startswith(SEED))
        made = trigger(world, self.words(world), asked, core, self.unless)
        named = [self.core[name] for name in (world.items.slot, world.records.slot) if name in self.core]
        groups = [*made.groups, *((value,) for value in named)]
        if self.texts:
            groups.append(self.texts)
        if family := self.core.get(FAMILY):
            groups.append(tuple(world.phrasings["harmful"][family]["terms"]))
        templates = (self.core["template"],) if "template" in self.core else ()
        return made.model_copy(update={"groups": tuple(groups), "templates": templates})

    def words(self, world: World) -> str:
        """Return the rule in plain words."""
        shown = {name: value for name, value in self.core.items() if value and name != MUTATION}
        if world.items.slot in shown:
            shown.pop(world.groups.slot, None)
        said = _in_words(world, self.kinds, shown)
        if own := [kind.removeprefix(SEED) for kind in self.kinds if kind.startswith(SEED)]:
            said = f"seeds of the class {', '.join(own)} {said}"
        said = said.strip() if self.kinds else f"any request {said.strip()}"
        if self.core.get("template") == "":
            said += " without a template"
        if changed := self.core.get(MUTATION):
            said += f", put as {changed}"
        return said + "".join(f', unless it gives the reason "{reason}"' for reason in self.unless)


def _in_words(world: World, kinds: Collection[str], core: Mapping[str, str]) -> str:
    """Return kinds of request and feature values in plain words."""
    intents = [kind for kind in kinds if kind in world.phrasings["intents"]]
    families = [f'"{kind.partition(":")[2]}"' for kind in kinds if kind.startswith("lookalike:")]
    others = [kind for kind in kinds if kind.startswith(("bare:", "outside"))]
    parts = [f"requests about {', '.join(intents)}"] if intents else []
    parts += [f"harmless requests with a word such as {', '.join(families)}"] if families else []
    parts += ["forbidden requests"] if ANY_FORBIDDEN in kinds else []
    parts += [f"requests of the kind {', '.join(others)}"] if others else []
    return " ".join([" or ".join(parts), *(_about(world, *one) for one in core.items())])


def _about(world: World, feature: str, value: str) -> str:
    """Return the words for one feature value of a core."""
    about = {"template": "under template {}", "reason": "with the reason {}"}
    about[world.groups.slot] = f"about the {world.groups.slot} {{}}"
    return about.get(feature, "about {}" if value[0].isupper() else "about the {}").format(value)
