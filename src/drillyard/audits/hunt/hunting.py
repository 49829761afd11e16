"""A hunt from budget to findings: explore, follow leads, name their cause, confirm on fresh prompts, minimise."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field, replace

from drillyard.audits.attacked import Attacked
from drillyard.audits.hunt.attack import Attack, AttackOptions
from drillyard.audits.hunt.candidate import MUTATION, holds
from drillyard.audits.hunt.cluster import merge, same_failure
from drillyard.audits.hunt.confirmation import measure_rule
from drillyard.audits.hunt.generalise import CHANGED, Generaliser
from drillyard.audits.hunt.leads import best_lead
from drillyard.audits.hunt.mutators import GARBLED
from drillyard.audits.hunt.pool import Pool
from drillyard.audits.hunt.reach import Traffic
from drillyard.audits.hunt.rule import Rule
from drillyard.audits.hunt.sampled import SampledGeneraliser
from drillyard.audits.hunt.session import Session
from drillyard.audits.hunt.sighting import Sighting
from drillyard.audits.hunt.space import Space
from drillyard.audits.options import AuditOptions
from drillyard.records import Estimate
from drillyard.records.progress import Progress

__all__ = ["BATCH", "Confirmed", "Hunt"]

BATCH = 64
"""Prompts that are asked at once."""

_MATERIAL = 1e-6  # failures per reply of the scope's own traffic, below which a corner is not worth a query
_CONTRAST, _CONTRAST_OFTEN = 3.0, 1.5  # times as frequent as with other values of a trait; from `_OFTEN` on
_OFTEN = 0.05
_FAR = 10  # times a rule's rate: a sighting in its corner that shows so much has another cause
_TESTS = 20  # rules that a hunt may test; each is tested at a doubt of 5 % divided by this


@dataclass(frozen=True, kw_only=True)
class Confirmed:
    """A rule that fresh prompts confirm: its rate, and what was seen of them."""

    rule: Rule
    rate: Estimate
    seen: tuple[Sighting, ...] = field(repr=False)


class Hunt:
    """One hunt on one target. Call `run` once."""

    def __init__(self, session: Session, options: AuditOptions, seed: int, tell: Progress) -> None:
        self.session, self.options, self.tell = session, options, tell
        self._seed, self._rng = seed, random.Random(f"hunt:{seed}")
        self.attacked: Attacked | None = None
        self.space = Space(session.scope, seeds=options.corpus.seeds)
        self.held_out = Space(session.scope, held_out=True, seeds=options.corpus.seeds)
        self.pool = Pool()
        self.traffic = Traffic(self.space)
        self.explored: list[Sighting] = []
        self.confirmed: list[Confirmed] = []
        self._rejected: list[Rule] = []
        self._spent: set[tuple[str, int]] = set()
        self._proposer = options.proposer(self.space, self._rng, sampled=not session.reads)

    def run(self) -> list[Confirmed]:
        """Spend the budget and return what was confirmed."""
        if self.options.attack:
            self._attack(self.options.attack)
        while (most := self._part(self.options.explore) - self.session.asked) > 0 and self._explore(most):
            if 0 < self._proposer.first_round <= len(self.explored):
                break
        self.tell(f"explored with {self.session.asked} queries")
        while (spare := self.session.left - self._part(self.options.minimise)) > 0:
            lead = best_lead(self.pool, self._open, self._explained, self._met)
            if lead is not None:
                self._follow(lead.sighting, lead.behaviour)
            elif not self._explore(spare):
                break
        return self.confirmed

    @property
    def first_round(self) -> int:
        """How many of the explored prompts were asked because of nothing that was seen: all of them, for some."""
        return self._proposer.first_round or len(self.explored)

    def _attack(self, options: AttackOptions) -> None:
        """Let a model attack; its hits are leads, its prompts no part of what bounds speak of."""
        if self.session.allowed < self.session.budget:
            self._explore(1)  # what a query costs says how many a cap of tokens allows
        attack = Attack(self.session, (self.space, self.held_out), options, self.options.least, self._seed)
        self.pool.add(attack.run(self.tell))
        self.attacked = attack.told

    def _part(self, share: float) -> int:
        """Return a share of all queries, one at the least until it is known how many a cap of tokens allows."""
        return max(not self.session.asked, int(self.session.allowed * share))

    def _explore(self, most: int) -> bool:
        wanted = self._proposer.propose(min(BATCH, most, self.session.left))
        seen = self.session.look(wanted)
        self._proposer.learn(seen, [self._puzzling(one) for one in seen])
        self.pool.add(seen)
        self.explored += seen
        return bool(seen)

    def _puzzling(self, sighting: Sighting) -> bool:
        """Say whether a sighting is worth more of its sort: no rule explains it, and it is no slip on garbled text."""
        garbled = sighting.candidate.traits.get(MUTATION, "") in GARBLED
        return not garbled and any(not self._explained(sighting, behaviour) for behaviour in sighting.chances)

    def _open(self, sighting: Sighting, behaviour: str) -> bool:
        """Say whether a sighting is worth following for a behaviour."""
        changed = CHANGED.get(sighting.candidate.traits.get(MUTATION, ""), 0.0)
        least = max(self.options.least, changed)
        return sighting.chance(behaviour) >= least and (behaviour, id(sighting)) not in self._spent

    def _met(self, sighting: Sighting, behaviour: str) -> bool:
        """Say whether a sighting fails in the manner of something confirmed: often it has spilled over from there."""
        manner = self.pool.manner(sighting, behaviour)
        return any(one.rule.behaviour == behaviour and one.rule.manner & manner for one in self.confirmed)

    def _explained(self, sighting: Sighting, behaviour: str) -> bool:
        """Say whether a rule accounts for a sighting: it is in its corner, or fails in its manner for its trait."""
        traits, manner = sighting.candidate.traits, self.pool.manner(sighting, behaviour)
        chance = sighting.chance(behaviour)
        if any(rule.behaviour == behaviour and rule.covers(traits) for rule in self._rejected):
            return True
        for one in self.confirmed:
            rule = one.rule
            if rule.behaviour != behaviour or not holds(traits, rule.core):
                continue
            if rule.core and manner & rule.manner:
                return True
            inside = not rule.kinds or traits.get("kind") in rule.kinds
            if inside and chance <= max(_FAR * one.rate.value, *(s.chance(behaviour) for s in one.seen)):
                return True
        return False

    def _follow(self, lead: Sighting, behaviour: str) -> None:
        self._spent.add((behaviour, id(lead)))
        kind = Generaliser if self.session.reads else SampledGeneraliser
        generaliser = kind(self.session, self.space, self.pool, self._rng, self.options.least)
        level = generaliser.again(lead, behaviour)
        if level < self.options.least:
            return
        rule = generaliser.rule(lead, behaviour, level)
        if rule is None:
            return
        if self._small(rule, level):
            self._rejected.append(rule)
            return
        tried = [rule] if len(rule.kinds) < 2 else [rule, replace(rule, kinds=(rule.home,))]
        if not any(self._confirm(one, generaliser.least(one)) for one in tried):
            self._rejected.append(rule)

    def _confirm(self, rule: Rule, least: float) -> bool:
        """Measure a rule on fresh prompts and take it in when it holds."""
        most = max(24, self.session.left // 3)
        rate, seen, above = measure_rule(
            self.session, self.held_out, rule, self._rng, least=least, tests=_TESTS, most=most
        )
        self.pool.add(seen)
        holds = above and self._stands_out(rule, max(rate.value, rule.level))
        if holds:
            self._take(Confirmed(rule=rule, rate=rate, seen=tuple(seen)))
        self.tell(f"{'confirmed' if holds else 'not confirmed'}: {rule.id} at {rate.value:.3f}")
        return holds

    def _stands_out(self, rule: Rule, rate: float) -> bool:
        """Say whether a rule's traits matter: with other values of each the behaviour is clearly less frequent.

        Half of the other values are enough, because some of them may be failures of their own.
        """
        for name, value in rule.core.items():
            others: dict[str, list[float]] = {}
            wider = {key: v for key, v in rule.core.items() if key != name}
            for seen in self.pool.matching((rule.home,), wider):
                if (other := seen.candidate.traits.get(name, "")) != value:
                    others.setdefault(other, []).append(seen.chance(rule.behaviour))
            means = [math.fsum(chances) / len(chances) for chances in others.values()]
            contrast = _CONTRAST if rate < _OFTEN else _CONTRAST_OFTEN
            if 2 * sum(rate < contrast * mean for mean in means) > len(means):
                return False
        return True

    def _take(self, new: Confirmed) -> None:
        """Add what was confirmed, merged with what speaks of the same failure."""
        for place, known in enumerate(self.confirmed):
            narrow, wide = (new, known) if len(new.rule.core) > len(known.rule.core) else (known, new)
            apart = len(narrow.rule.core) > len(wide.rule.core) and narrow.rate.low > wide.rate.high
            if same_failure(known.rule, new.rule) and not apart:
                wider = new if len(new.rule.core) < len(known.rule.core) else known
                merged = merge(known.rule, new.rule)
                self.confirmed[place] = replace(wider, rule=merged)
                self._rejected.append(new.rule)  # it is explained from now on
                return
        self.confirmed.append(new)

    def _small(self, rule: Rule, chance: float) -> bool:
        """Say whether a failure would be met less than once in a million replies."""
        return self.traffic.share(rule) * chance < _MATERIAL
