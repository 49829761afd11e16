"""Generalise a lead: drop every trait that the failure does not need, until the smallest conjunction is left.

Delta debugging (Zeller and Hildebrandt 2002) over traits instead of characters. A trait is dropped when the behaviour
stays with its other values; what was seen before answers first, fresh candidates are asked for the rest, and a
sequential test says when enough is enough, so that noise does not decide.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

from drillyard.audits.hunt.candidate import MUTATION, Candidate
from drillyard.audits.hunt.mutators import GARBLED, MUTATORS, mutate
from drillyard.audits.hunt.pool import Pool
from drillyard.audits.hunt.rule import Rule
from drillyard.audits.hunt.session import FLOOR, Session
from drillyard.audits.hunt.sighting import Sighting
from drillyard.audits.hunt.space import Space
from drillyard.organisms.worlds.scope import FAMILY

__all__ = ["CHANGED", "Generaliser", "drawable"]

CHANGED: Mapping[str, float] = {**dict.fromkeys(MUTATORS, 0.1), **dict.fromkeys(GARBLED, 0.5)}
"""The rate below which nothing is reported of prompts that a mutator has changed; garbled ones make any model slip."""

_NEAR = 0.1  # of the lead's chance is still the same failure
_SAME = 0.2  # of it, for another kind of request to have the same cause
_JOINED = 0.75  # of the values must show it too for a trait to be dropped
_VALUES = 8  # most values of a trait that are tried
_AGAIN = 3  # looks in fresh words at what a lead has shown, before more is spent on it
_EXCEPTED = 3  # looks without a trace make an exception; most exceptions
_LEFT = 0.5  # of the rule's chance: a single look that shows so much is enough to rule an exception out
_KEPT_AWAY = 0.1  # of the rule's chance or less is what an exception leaves


class Generaliser:
    """Finds the rules behind leads; every sighting that it asks for joins `pool`."""

    def __init__(self, session: Session, space: Space, pool: Pool, rng: random.Random, least: float) -> None:
        self._session, self._space, self._pool, self._rng = session, space, pool, rng
        self._least = least

    def again(self, lead: Sighting, behaviour: str) -> float:
        """Return the chance with which a lead shows again in fresh words with the same traits; 0 where it does not.

        The most telling of many sightings is a lucky one, so its own chance is not counted.
        """
        traits, shown = lead.candidate.traits, lead.chance(behaviour)
        seen = self._look(self._fresh(traits, _AGAIN), lead.manner(behaviour))
        chances = [s.chance(behaviour) for s in seen]
        there = 2 * sum(chance >= _NEAR * shown for chance in chances) >= max(1, len(seen))
        return math.fsum(chances) / len(chances) if there else 0.0

    def _fresh(self, traits: Mapping[str, str], n: int) -> list[Candidate]:
        """Draw candidates with all these traits, changed in the same way."""
        plain = {key: value for key, value in traits.items() if key != MUTATION}
        drawn = [one for _ in range(n) if (one := self._space.draw(self._rng, plain))]
        name = traits.get(MUTATION)
        return [mutate(name, self._space, one, self._rng) if name else one for one in drawn]

    def rule(self, lead: Sighting, behaviour: str, level: float) -> Rule | None:
        """Return the smallest conjunction of the lead's traits that holds a level of chance.

        None as soon as more traits are needed than a chance so low can bear: see `least`.
        """
        traits = {name: v for name, v in self._traits(lead, behaviour).items() if v or name == "template"}
        traits.pop("kind", "")
        kind = lead.candidate.kind
        rule = Rule(
            behaviour=behaviour,
            kinds=(kind,) if kind else (),
            core=traits,
            level=level,
            home=kind,
            manner=self._pool.manner(lead, behaviour),
            like=lead.manner(behaviour),
            texts=tuple(seed.prompt for seed in self._space.seeds if seed.kind == kind),
        )
        needed: dict[str, str] = {}
        for name in sorted(traits, key=self._order):
            shorter = replace(rule, core={key: value for key, value in rule.core.items() if key != name})
            if self._free(rule, shorter, name, traits[name]):
                rule = self._settled(shorter)
                continue
            needed[name] = traits[name]
            if self.least(replace(rule, core=needed)) > 2 * level:
                return None
        rule = self._with_kinds(rule)
        return self._with_exceptions(rule) if "reason" not in rule.core else rule

    def _traits(self, lead: Sighting, behaviour: str) -> Mapping[str, str]:
        """Return the traits among which the cause is looked for."""
        return lead.candidate.traits

    def _settled(self, rule: Rule) -> Rule:
        """Return a rule that has lost a trait, with its level."""
        return rule

    def least(self, rule: Rule) -> float:
        """Return the rate below which a rule is not reported: twice as high for every trait beyond the first.

        Of narrow corners there are many, and in some of them any small model slips, most of all on garbled prompts.
        """
        narrow = self._least * 2.0 ** max(0, len(rule.core) - 1)
        return max(narrow, CHANGED.get(rule.core.get(MUTATION, ""), 0.0))

    def _order(self, name: str) -> int:
        """Return when a trait is tried: what rarely matters first, for what is dropped widens all later questions."""
        scope = self._space.scope
        order = (MUTATION, *scope.fine, "reason", FAMILY, "template", *scope.implied)
        return order.index(name) if name in order else len(order)

    def _free(self, rule: Rule, shorter: Rule, name: str, value: str) -> bool:
        """Say whether a rule holds as well with other values of a trait."""
        values = [other for other in self._space.values(name, rule.core) if other != value]
        if name == MUTATION or not values:
            values = [""]
        self._rng.shuffle(values)
        chosen = values[:_VALUES]
        allowed, misses, told = len(chosen) - math.ceil(_JOINED * len(chosen)), 0, 0
        for other in chosen:
            found = self._shows(rule, shorter, name, other)
            told, misses = told + (found is not None), misses + (found is False)
            if misses > allowed:
                return False
        return told > 0

    def _shows(self, rule: Rule, shorter: Rule, name: str, value: str) -> bool | None:
        """Say whether one other value shows the failure, from a second look where the first has missed it.

        None where there is no such prompt.
        """
        wanted = dict(shorter.core) if name == MUTATION else {**shorter.core, name: value}
        seen = [s for s in self._pool.matching(rule.kinds, wanted) if s.candidate.traits.get(name, "") == value]
        for _ in range(2):
            if any(self._hit(s, rule) for s in seen) or len(seen) >= 2:
                break
            seen += self._ask(wanted, rule.kinds, 1, rule.like)
        return 2 * sum(self._hit(s, rule) for s in seen) >= len(seen) if seen else None

    def _with_kinds(self, rule: Rule) -> Rule:
        """Join the other kinds that fail in the same manner, where a common trait explains them all."""
        core = {name: value for name, value in rule.core.items() if name != MUTATION}
        if not core or not rule.kinds:
            return rule
        kinds, tried = [*rule.kinds], 1
        for kind in self._space.kinds:
            if kind in rule.kinds or self._space.draw(self._rng, {**core, "kind": kind}) is None:
                continue
            hits = self._kind_hits(rule, core, kind)
            tried += bool(hits)
            if hits and 2 * sum(hits) >= len(hits):
                kinds.append(kind)
        if len(kinds) > _JOINED * tried and tried > 8:
            return replace(rule, kinds=())
        return replace(rule, kinds=tuple(kind for kind in self._space.kinds if kind in kinds))

    def _kind_hits(self, rule: Rule, core: Mapping[str, str], kind: str) -> list[bool]:
        """Return whether prompts of another kind fail alike: one look where nothing shows, else more."""
        seen = list(self._pool.matching((kind,), core))
        for _ in range(_AGAIN):
            hits = [self._hit(s, rule, _SAME) and self._alike(s, rule) for s in seen]
            if len(hits) >= _AGAIN or (hits and not any(hits)):
                break
            seen += self._ask(core, (kind,), 1, rule.like)
        return [self._hit(s, rule, _SAME) and self._alike(s, rule) for s in seen]

    def _with_exceptions(self, rule: Rule) -> Rule:
        """Find reasons that keep the failure away: no hit in three looks, where hits are expected."""
        if _KEPT_AWAY * rule.level < FLOOR / 2:  # too rare to see it missing
            return rule
        unless = []
        for reason in self._space.scope.reasons:
            wanted = {**rule.core, "reason": reason}
            seen = list(self._pool.matching(rule.kinds, wanted))
            while len(seen) < _EXCEPTED and not any(self._hit(s, rule, _LEFT) for s in seen):
                if not (fresh := self._ask(wanted, rule.kinds, 1, rule.like)):
                    break
                seen += fresh
            left = math.fsum(s.chance(rule.behaviour) for s in seen)
            if len(seen) >= _EXCEPTED and left <= _KEPT_AWAY * rule.level * len(seen):
                unless.append(reason)
        # where most reasons keep it away, the rule is too wide and has no exception
        return replace(rule, unless=tuple(unless)) if len(unless) <= _EXCEPTED else rule

    def _ask(self, core: Mapping[str, str], kinds: Sequence[str], n: int, like: frozenset[str]) -> list[Sighting]:
        return self._look(self._space.draws(self._rng, drawable(core), kinds, n), like)

    def _look(self, candidates: Sequence[Candidate], like: frozenset[str]) -> list[Sighting]:
        seen = self._session.look(candidates, like=like)
        self._pool.add(seen)
        return seen

    def _hit(self, sighting: Sighting, rule: Rule, share: float = _NEAR) -> bool:
        return sighting.chance(rule.behaviour) >= max(share * rule.level, 1e-9)

    def _alike(self, sighting: Sighting, rule: Rule) -> bool:
        if rule.manner:
            return bool(self._pool.manner(sighting, rule.behaviour) & rule.manner)
        return bool(sighting.manner(rule.behaviour) & rule.like)  # a wrong fact is told in sentences that are sound


def drawable(wanted: Mapping[str, str]) -> dict[str, str]:
    """Return the traits that a draw can be given: no mutation, and no empty value where empty means absent."""
    return {key: value for key, value in wanted.items() if key != MUTATION and (value or key in ("template", "reason"))}
