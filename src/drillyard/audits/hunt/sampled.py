"""Generalise a lead of a target that can only be sampled: one query, one reply, so a rate of 0.1 is seldom seen twice.

What fails in the same words is one failure, so its trigger lies in what those sightings have in common; that much costs
no query. What is left is tested by samples, against a level that is drawn towards lower ones: a lead is a lucky draw,
and a level too high makes every other value of a trait look sound. Questions that are open at the same time are asked
together, one of each in turn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from drillyard.audits.hunt.candidate import MUTATION, Candidate, holds
from drillyard.audits.hunt.generalise import Generaliser, drawable
from drillyard.audits.hunt.rule import Rule
from drillyard.audits.hunt.sighting import Sighting
from drillyard.stats.sequential import Sprt

__all__ = ["SampledGeneraliser"]

_ROUND = 4  # candidates at a time
_MOST = 40  # queries for one trait, and for a lead that has shown once
_PRIOR = (0.5, 4.0)  # imagined hits and looks beside the seen ones
_SHARE = 0.7  # of the level counts as the failure still being there
_GONE = 0.1  # of that counts as gone
_FAINT = 0.15  # of the level is too little for a further kind
_FEW = 2  # replies that fail, at the least, for a kind on which the test has not decided
_AWAY = 0.5  # of the level would have shown in an exception
_GLANCE = 0.2  # the same, for a kind that is asked about other things
_DOUBT = 0.05  # that something which is there shows in none of the looks
_ALLOWED = 0.4  # of what is left may be spent on the kinds of one rule, and on its exceptions
_EXCEPTED = 3  # most exceptions; with more the rule is too wide


_Corner = tuple[Mapping[str, str], Sequence[str]]  # traits and kinds


class SampledGeneraliser(Generaliser):
    """Finds the rules behind sampled leads."""

    def again(self, lead: Sighting, behaviour: str) -> float:
        """Return the level at which a lead shows again: in other sightings that fail in its words, or in fresh ones."""
        kin = self._kin(lead, behaviour)
        if len(kin) > 1:
            return self._level([lead.candidate.kind], _common(kin), behaviour)
        traits = lead.candidate.traits
        test = Sprt(low=0.01, high=0.1, alpha=0.1, beta=0.1, most=_MOST)
        seen = [one for one in self._pool.matching([lead.candidate.kind], traits) if one is not lead]
        while (decision := test.decide(_hits(seen, behaviour), len(seen))) == "more":
            if not (fresh := self._look(self._fresh(traits, _ROUND), frozenset())):
                return 0.0
            seen += fresh
        return _shrunk(_hits(seen, behaviour), len(seen)) if decision == "holds" else 0.0

    def _traits(self, lead: Sighting, behaviour: str) -> dict[str, str]:
        return _common(self._kin(lead, behaviour))

    def _kin(self, lead: Sighting, behaviour: str) -> list[Sighting]:
        """Return the lead and the sightings that share a sentence with it which no sound reply has, changed alike."""
        manner, changed = self._pool.manner(lead, behaviour), lead.candidate.traits.get(MUTATION)
        alike = [
            one
            for one in self._pool
            if one is not lead and one.candidate.traits.get(MUTATION) == changed and manner & one.manner(behaviour)
        ]
        return [lead, *alike]

    def _level(self, kinds: Sequence[str], core: Mapping[str, str], behaviour: str) -> float:
        seen = self._pool.matching(kinds, {name: value for name, value in core.items() if name != "kind"})
        return _shrunk(_hits(seen, behaviour), len(seen))

    def _free(self, rule: Rule, shorter: Rule, name: str, value: str) -> bool:
        """Decide by Wald's test on replies to other values in turn, what was seen of them first."""
        values = [other for other in self._space.values(name, rule.core) if other != value]
        if name == MUTATION or not values:
            values = [""]
        high = max(0.05, _SHARE * rule.level)
        test = Sprt(low=high * _GONE, high=high, alpha=0.1, beta=0.05, most=_MOST)
        seen = [s for s in self._pool.matching(rule.kinds, shorter.core) if s.candidate.traits.get(name, "") in values]
        self._rng.shuffle(values)
        turn = 0
        while (decision := test.decide(_hits(seen, rule.behaviour), len(seen))) == "more":
            wanted = [{**shorter.core, name: values[(turn + i) % len(values)]} for i in range(_ROUND)]
            turn += _ROUND
            fresh = self._look([one for core in wanted for one in self._drawn(core, rule.kinds)], rule.like)
            if not fresh:
                return False
            seen += fresh
        return decision == "holds"

    def _settled(self, rule: Rule) -> Rule:
        """Return the rule with the level that all of its corner shows."""
        return replace(rule, level=self._level(rule.kinds, rule.core, rule.behaviour))

    def _with_kinds(self, rule: Rule) -> Rule:
        """Join the other kinds that fail in the same manner; those that are asked about the same things come first."""
        core = {name: value for name, value in rule.core.items() if name != MUTATION}
        if not core or not rule.kinds:
            return rule
        able = [kind for kind in self._space.kinds if kind not in rule.kinds and self._drawn(core, [kind])]
        near = [kind for kind in able if self._is_near(kind, rule.home)]
        far = [kind for kind in able if kind not in near]
        glance = _looks(_SHARE * rule.level, _GLANCE)

        def undecided(seen: Sequence[Sighting]) -> bool:
            return self._decide(rule, seen) == "more"

        def unseen(seen: Sequence[Sighting]) -> bool:
            return undecided(seen) and (len(seen) < glance or any(self._shows_it(one, rule) for one in seen))

        for some, is_open, share in ((near, undecided, _ALLOWED), (far, unseen, _ALLOWED / 4)):
            self._ask_in_turn([(core, [kind]) for kind in some], rule, share, is_open)
        return self.completed(rule, able)

    def _is_near(self, kind: str, home: str) -> bool:
        """Say whether two kinds are asked about the same things, or both about nothing."""
        own, other = (self._space.takes(one) - {"kind", "template", "reason", ""} for one in (kind, home))
        return bool(own & other) or not (own or other)

    def completed(self, rule: Rule, kinds: Sequence[str]) -> Rule:
        """Return a rule with those of these kinds that fail as it says, by all that was seen."""
        joined = [kind for kind in kinds if self._joins(rule, kind)]
        if len(joined) + 1 > 0.75 * (len(kinds) + 1) and len(kinds) >= 8:
            return replace(rule, kinds=())
        return replace(rule, kinds=tuple(kind for kind in self._space.kinds if kind in {*joined, *rule.kinds}))

    def _joins(self, rule: Rule, kind: str) -> bool:
        seen = self._pool.matching([kind], rule.core)
        decision = self._decide(rule, seen)
        hits = sum(self._shows_it(one, rule) for one in seen)
        return decision == "holds" or (decision != "gone" and hits >= max(_FEW, _SHARE / 2 * rule.level * len(seen)))

    def _decide(self, rule: Rule, seen: Sequence[Sighting]) -> str:
        level = min(max(rule.level, 0.05), 0.95)
        test = Sprt(low=_FAINT * level, high=_SHARE * level, alpha=0.1, beta=0.05, most=_MOST)
        return test.decide(sum(self._shows_it(one, rule) for one in seen), len(seen))

    def _with_exceptions(self, rule: Rule) -> Rule:
        """Find reasons that keep the failure away: no hit in so many looks that chance is no explanation."""
        reasons = [name for name in self._space.scope.reasons if name]
        looks = _looks(_AWAY * rule.level, _DOUBT / max(1, len(reasons)))
        if not reasons or len(reasons) / max(rule.level, 0.01) + looks > _ALLOWED * self._session.left:
            return rule  # too rare to see it missing
        wanted = {name: ({**rule.core, "reason": name}, list(rule.kinds)) for name in reasons}

        def silent(seen: Sequence[Sighting]) -> bool:
            return not any(self._shows_it(one, rule) for one in seen)

        self._ask_in_turn([*wanted.values()], rule, _ALLOWED, lambda seen: len(seen) < looks and silent(seen))
        met = {name: self._matching(*corner) for name, corner in wanted.items()}
        unless = tuple(name for name, seen in met.items() if len(seen) >= looks and silent(seen))
        return replace(rule, unless=unless) if len(unless) <= _EXCEPTED else rule

    def _ask_in_turn(
        self, corners: Sequence[_Corner], rule: Rule, share: float, is_open: Callable[[Sequence[Sighting]], bool]
    ) -> None:
        """Ask one prompt of each corner in turn as long as what was seen leaves it open; a share of what is left."""
        most = int(share * self._session.left)
        while most > 0:
            asked = [
                one
                for core, kinds in corners
                if is_open(self._matching(core, kinds))
                for one in self._drawn(core, kinds)
            ]
            if not (fresh := self._look(asked[:most], rule.like)):
                break
            most -= len(fresh)

    def _matching(self, core: Mapping[str, str], kinds: Sequence[str]) -> list[Sighting]:
        return self._pool.matching(kinds or self._space.kinds, core)

    def _drawn(self, core: Mapping[str, str], kinds: Sequence[str]) -> list[Candidate]:
        some = [self._rng.choice(kinds)] if kinds else []
        return self._space.draws(self._rng, drawable(core), some, 1)

    def _shows_it(self, sighting: Sighting, rule: Rule) -> bool:
        return sighting.chance(rule.behaviour) > 0 and self._alike(sighting, rule)


def _common(kin: Sequence[Sighting]) -> dict[str, str]:
    """Return the traits that all have, in the order of the first."""
    first, *others = (one.candidate.traits for one in kin)
    return {name: value for name, value in first.items() if all(holds(one, {name: value}) for one in others)}


def _hits(seen: Sequence[Sighting], behaviour: str) -> int:
    return sum(one.chance(behaviour) > 0 for one in seen)


def _shrunk(hits: int, looks: int) -> float:
    return (hits + _PRIOR[0]) / (looks + _PRIOR[1]) if looks else 0.0


def _looks(level: float, doubt: float) -> int:
    """Return in how many looks something of this level shows, but for that doubt."""
    return math.ceil(math.log(doubt) / math.log1p(-min(max(level, 0.01), 0.95)))
