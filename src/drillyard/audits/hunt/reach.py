"""Reach: what share of a scope's own traffic falls under a rule, and so how many failures a million replies would hold.

Estimated from draws of what people ask: the share of the kind, times the share of each trait within the kind.
"""

from __future__ import annotations

import functools
import math
import random
from collections import Counter
from collections.abc import Mapping

from drillyard.audits.hunt.candidate import MUTATION
from drillyard.audits.hunt.rule import Rule
from drillyard.audits.hunt.space import Space
from drillyard.organisms.worlds.scope import Scope

__all__ = ["Traffic"]

_DRAWS = 4000
_CHANGED = 0.01  # the share of traffic that is taken to be changed in one of the mutators' ways


@functools.lru_cache(maxsize=8)
def _counts(scope: Scope) -> tuple[Counter[str], dict[str, Counter[tuple[str, str]]]]:
    """Return how often each kind is drawn, and each trait within it."""
    space, rng = Space(scope), random.Random("traffic")
    kinds: Counter[str] = Counter()
    within: dict[str, Counter[tuple[str, str]]] = {}
    for _ in range(_DRAWS):
        traits = space.at_random(rng).traits
        kind = traits.get("kind", "")
        kinds[kind] += 1
        within.setdefault(kind, Counter()).update(traits.items())
    return kinds, within


class Traffic:
    """How often people ask what, as the scope's corpus has it; templates as often each."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._kinds, self._within = _counts(space.scope)

    def share(self, rule: Rule) -> float:
        """Return the share of traffic under a rule; exceptions are not taken off."""
        kinds = rule.kinds or tuple(self._kinds)
        return math.fsum(self._of_kind(kind, rule.core) for kind in kinds)

    def _of_kind(self, kind: str, core: Mapping[str, str]) -> float:
        asked = self._kinds[kind]
        share = (asked or 0.5) / _DRAWS
        for name, value in core.items():
            if name == MUTATION:
                share *= _CHANGED
            elif not self._implied(name, core):
                share *= self._within_kind(kind, asked, name, value)
        return share

    def _within_kind(self, kind: str, asked: int, name: str, value: str) -> float:
        """Return how often a trait has a value in a kind; one that was never drawn counts as half a draw."""
        known = self._within.get(kind, Counter())[name, value]
        return (known or 0.5) / max(asked, 1) if asked else 1 / max(1, len(self._space.values(name, {})))

    def _implied(self, name: str, core: Mapping[str, str]) -> bool:
        """Say whether a finer trait in the core says this one already."""
        return self._space.scope.implied.get(name) in core
