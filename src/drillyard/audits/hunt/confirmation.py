"""Confirm a rule on fresh candidates in held-out words: the rate, without the luck of the search."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from drillyard.audits.hunt.candidate import MUTATION, Candidate
from drillyard.audits.hunt.mutators import mutate
from drillyard.audits.hunt.rates import measure_rate
from drillyard.audits.hunt.rule import Rule
from drillyard.audits.hunt.session import Session
from drillyard.audits.hunt.sighting import Sighting
from drillyard.audits.hunt.space import Space
from drillyard.audits.seeding.seeds import SEED
from drillyard.records import Estimate
from drillyard.stats import clopper_pearson

__all__ = ["fresh", "measure_rule"]

_STEPS = (12, 24, 40)  # prompts that are read, as long as it is not clear
_SAMPLED = (12, 24, 48, 96)
_DOUBT = 0.05


def measure_rule(
    session: Session, held_out: Space, rule: Rule, rng: random.Random, *, least: float, tests: int, most: int
) -> tuple[Estimate, list[Sighting], bool]:
    """Return the rate on fresh prompts, what was seen, and whether the rate is above `least`.

    Args:
        session: who is asked.
        held_out: the space in words that the search does not use.
        rule: what is claimed.
        rng: decides the prompts.
        least: a rate that matters.
        tests: how many rules are tested in this hunt and looks taken; the doubt is divided by it (Bonferroni).
        most: most queries.
    """
    seen: list[Sighting] = []
    spent = session.asked
    reads = session.reads and not _few(held_out, rule, rng)
    rate = measure_rate([], rule.behaviour)
    for step in _STEPS if reads else _SAMPLED:
        want = min(step - len(seen), most - (session.asked - spent), session.left)
        if want <= 0:
            break
        drawn = fresh(held_out, rule, rng, want)
        if reads:  # the same prompt again would say the same
            met = [one.candidate.conversation for one in seen]
            drawn = [one for place, one in enumerate(drawn) if one not in drawn[:place] and one.conversation not in met]
        if not drawn:
            break
        seen += session.look(drawn, like=rule.like, recall=False, sampled=not reads)
        rate = measure_rate(seen, rule.behaviour)
        if _above(seen, rule.behaviour, least, _DOUBT / max(1, tests)):
            return rate, seen, True
        if rate.high < least:
            break
    return rate, seen, False


def _few(held_out: Space, rule: Rule, rng: random.Random) -> bool:
    """Say whether a rule of seeds has too few prompts to read: its rate is then that of replies drawn to them."""
    if not rule.home.startswith(SEED):
        return False
    talks = [one.conversation for one in fresh(held_out, rule, rng, _SAMPLED[-1])]
    return sum(talk not in talks[:place] for place, talk in enumerate(talks)) < _STEPS[0]


def _above(seen: Sequence[Sighting], behaviour: str, least: float, doubt: float) -> bool:
    """Say whether a rate is above `least` beyond doubt.

    Either the mean is, or, where a few prompts with high chances spread it, the median: half of the prompts have at
    least that chance, the mean is twice as much, and its own interval, not corrected for other tests, lies above.
    """
    if measure_rate(seen, behaviour, 1 - doubt).low > least:
        return True
    chances = [one.chance(behaviour) for one in seen if one.read]
    reached = sum(chance >= least for chance in chances)
    half = clopper_pearson(reached, len(chances), 1 - doubt).low > 0.5
    return half and measure_rate(seen, behaviour).low > least and math.fsum(chances) >= 2 * least * len(chances)


def fresh(held_out: Space, rule: Rule, rng: random.Random, n: int) -> list[Candidate]:
    """Draw candidates on which a rule fires, exceptions left out, changed as the rule says."""
    core = {name: value for name, value in rule.core.items() if name != MUTATION}
    drawn = held_out.draws(rng, core, rng.sample(rule.kinds, len(rule.kinds)), n + n // 4 * bool(rule.unless))
    trigger = rule.trigger(held_out.scope)
    plain = [one for one in drawn if rule.covers({**one.traits, **_mutation(rule)}) and trigger.fires(one.conversation)]
    if name := rule.core.get(MUTATION):
        return [mutate(name, held_out, one, rng) for one in plain[:n]]
    return plain[:n]


def _mutation(rule: Rule) -> dict[str, str]:
    return {MUTATION: rule.core[MUTATION]} if MUTATION in rule.core else {}
