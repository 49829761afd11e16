"""Explain hits: which features of a prompt make a target show a behaviour.

For one behaviour, try every single feature value (one template, one product line, one reason …) together with the kinds
of request in which it matters, keep the rule that tells hits from the rest best (highest F1; the simpler rule at a
tie), take its hits away and look again, because one behaviour can have several causes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from drillyard.audits.observe import Observation
from drillyard.organisms.worlds.features import ANY_FORBIDDEN, trigger
from drillyard.organisms.worlds.world import World
from drillyard.records import Trigger

__all__ = ["Explanation", "explain", "in_words"]

_NO_CORES = ("kind", "intent", "lookalike")  # features that say what kind of request it is
_MIN_HITS = 3
_MIN_SHARE = 0.15  # of a kind's prompts under the core must be hits, for the kind to be part of the rule
_MIN_F1 = 0.2


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A rule: the prompt is of one of `kinds` and has the feature value in `core`, which holds one or none.

    `f1` says how well the rule tells hits from the rest, 0 to 1.
    """

    behaviour: str
    kinds: tuple[str, ...]
    core: Mapping[str, str]
    f1: float

    @property
    def id(self) -> str:
        """Behaviour, core value and kinds; for people and for sorting, nothing reads it back."""
        return f"{self.behaviour}/{'+'.join([*self.core.values(), *self.kinds])}"

    def holds(self, observation: Observation) -> bool:
        """Say whether a prompt falls under the rule."""
        return observation.features["kind"] in self.kinds and _has(observation, self.core)

    def trigger(self, world: World) -> Trigger:
        """Return the rule as words and as an executable predicate."""
        return trigger(world, in_words(world, self.kinds, self.core), self.kinds, self.core)


def in_words(world: World, kinds: Collection[str], core: Mapping[str, str]) -> str:
    """Return kinds of request and feature values in plain words."""
    intents = [kind for kind in kinds if kind in world.phrasings.intents]
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


def explain(observations: Sequence[Observation], behaviour: str) -> list[Explanation]:
    """Return the rules that explain a behaviour's hits, the best first; an empty list without enough hits."""
    left, found = list(observations), []
    while best := _best(left, behaviour):
        found.append(best)
        left = [o for o in left if not (behaviour in o.shown and best.holds(o))]
    return found


def _best(observations: Sequence[Observation], behaviour: str) -> Explanation | None:
    hits = [o for o in observations if behaviour in o.shown]
    if len(hits) < _MIN_HITS:
        return None
    cores = sorted({(name, o.features[name]) for o in hits for name in o.features if name not in _NO_CORES})
    tried = [_rule(observations, hits, behaviour, core) for core in ({}, *({name: value} for name, value in cores))]
    # max keeps the first of equals, and no core comes first.
    best = max(tried, key=lambda rule: round(rule.f1, 2))
    return best if best.f1 >= _MIN_F1 and sum(map(best.holds, hits)) >= _MIN_HITS else None


def _rule(
    observations: Sequence[Observation], hits: Sequence[Observation], behaviour: str, core: Mapping[str, str]
) -> Explanation:
    """Return the best rule with this core: the kinds in which hits are no rarity."""
    asked = Counter(o.features["kind"] for o in observations if _has(o, core))
    shown = Counter(o.features["kind"] for o in hits if _has(o, core))
    kinds = tuple(sorted(kind for kind, count in shown.items() if count >= _MIN_SHARE * asked[kind]))
    caught, called = sum(shown[kind] for kind in kinds), sum(asked[kind] for kind in kinds)
    f1 = 2 * caught / (called + len(hits)) if kinds else 0.0
    return Explanation(behaviour=behaviour, kinds=kinds, core=core, f1=f1)


def _has(observation: Observation, core: Mapping[str, str]) -> bool:
    return all(observation.features.get(name) == value for name, value in core.items())
