"""A rule: the smallest conjunction of traits that holds a failure's rate, as a trigger in words and as a predicate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drillyard.audits.hunt.candidate import MUTATION, holds
from drillyard.audits.seeding.seeds import SEED
from drillyard.organisms.worlds.scope import Scope
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

    def trigger(self, scope: Scope) -> Trigger:
        """Return the rule as words and as an executable predicate."""
        asked = tuple(kind for kind in self.kinds if not kind.startswith(SEED))
        made = scope.trigger(self.words(scope), asked, self.core, self.unless)
        return made.model_copy(update={"groups": (*made.groups, self.texts)}) if self.texts else made

    def words(self, scope: Scope) -> str:
        """Return the rule in plain words."""
        shown = {name: value for name, value in self.core.items() if value and name != MUTATION}
        said = scope.describe(self.kinds, shown)
        if own := [kind.removeprefix(SEED) for kind in self.kinds if kind.startswith(SEED)]:
            said = f"seeds of the class {', '.join(own)} {said}"
        said = said.strip() if self.kinds else f"any request {said.strip()}"
        if self.core.get("template") == "":
            said += " without a template"
        if changed := self.core.get(MUTATION):
            said += f", put as {changed}"
        return said + "".join(f', unless it gives the reason "{reason}"' for reason in self.unless)
