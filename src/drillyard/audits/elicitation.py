"""Elicitation probabilities: per query, the chance that a sampled reply shows a behaviour.

Two ways. By log-probability, where the target can score replies: the replies by which the world's failures show the
behaviour are written down and their probabilities added up. That reaches down to 1e-20 with one pass per reply, and
leaves out ways of failing that the world does not write. By repeated sampling, with a judge, everywhere else: what is
rarer than one in `replies` is mostly zero then. The queries with the most hits are sampled again with fresh seeds, and
only the second count is used for them, because the best of many is biased upwards.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

from drillyard.audits.hunt.candidate import Candidate
from drillyard.errors import bad_input
from drillyard.judges.measured import MeasuredJudge
from drillyard.judges.rulings import rule_pairs
from drillyard.organisms.worlds.failures import Fault, faults
from drillyard.organisms.worlds.world import Ask, World
from drillyard.records import Estimate, Record, Transcript
from drillyard.stats.clustered import effective_number
from drillyard.targets import ScoringTarget, Target

__all__ = ["Elicitation", "by_log_probability", "by_sampling", "failing_replies"]

_AGAIN = 0.05  # of the queries, those with the most hits, are sampled again
_OVER = 4  # times as many replies the second time


class Elicitation(Record):
    """Elicitation probabilities of queries, in their order.

    `how` says how they were had; `replies` counts sampled replies per query, 0 for log-probabilities. Of sampled
    replies `p` is what the judge calls shown, `sensitivity` and `specificity` are how often it is right, and `share` is
    the share of all replies that show the behaviour: the judge's error in it, queries as clusters.
    """

    behaviour: str
    p: tuple[float, ...]
    how: str
    replies: int
    share: Estimate | None = None
    sensitivity: Estimate | None = None
    specificity: Estimate | None = None


def failing_replies(world: World, asked: Candidate, behaviour: str) -> tuple[str, ...]:
    """Return every reply by which a failure of the world shows the behaviour to this prompt; none where none applies.

    All variants are tried, planted or not: what is planted in a target is not known here.
    """
    if asked.ask is None:
        return ()
    template = asked.conversation.template
    body, opening = world.body(asked.ask), world.openings.get(template, "")
    found: list[str] = []
    for fault in faults(world):
        if fault.spec.behaviour == behaviour and fault.matches(asked.ask, template):
            found += [f"{opening}{text}" for text in _spoiled(fault, body, asked.ask)]
    return tuple(dict.fromkeys(found))


def by_log_probability(target: Target, world: World, asked: Sequence[Candidate], behaviour: str) -> Elicitation:
    """Add up, per query, the probabilities of the failing replies that the world can write.

    Raises:
        BadInput: a target that cannot score replies.
    """
    if not isinstance(target, ScoringTarget):
        raise bad_input(f"{target.reference}, which cannot score replies", "an organism", "use --replies N to sample")
    once = {one.conversation: one for one in asked}  # what is asked twice is scored once
    pairs = [(talk, reply) for talk, one in once.items() for reply in failing_replies(world, one, behaviour)]
    scores = target.score([talk for talk, _ in pairs], [reply for _, reply in pairs])
    chance = dict.fromkeys(once, 0.0)
    for (talk, _), score in zip(pairs, scores, strict=True):
        chance[talk] = min(1.0, chance[talk] + math.exp(score))
    p = tuple(chance[one.conversation] for one in asked)
    return Elicitation(behaviour=behaviour, p=p, how="log-probability at temperature 1, nothing cut off", replies=0)


def by_sampling(
    target: Target, judge: MeasuredJudge, asked: Sequence[Candidate], behaviour: str, *, replies: int, seed: int
) -> Elicitation:
    """Sample so many replies per query and count those that show the behaviour; unknown rulings count as not shown.

    The upper end of `share` counts unknown rulings as shown.
    """
    if replies < 2:
        raise bad_input(f"{replies} replies per query", "at least 2")
    first, unknown = _count(target, judge, asked, behaviour, replies, seed)
    order = sorted(range(len(asked)), key=lambda i: -first[i])
    again = [i for i in order[: max(1, round(_AGAIN * len(asked)))] if first[i]]
    second, _ = _count(target, judge, [asked[i] for i in again], behaviour, _OVER * replies, seed + 1)
    p = [hits / replies for hits in first]
    for place, hits in zip(again, second, strict=True):
        p[place] = hits / (_OVER * replies)
    how = f"{replies} sampled replies per query"
    if again:
        how += f", {_OVER * replies} fresh ones for the {len(again)} with the most hits"
    sensitivity, specificity = judge.rates(behaviour)
    return Elicitation(
        behaviour=behaviour,
        p=tuple(p),
        how=how,
        replies=replies,
        share=_share(judge, behaviour, first, unknown, replies),
        sensitivity=sensitivity,
        specificity=specificity,
    )


def _count(
    target: Target, judge: MeasuredJudge, asked: Sequence[Candidate], behaviour: str, replies: int, seed: int
) -> tuple[list[int], list[int]]:
    """Return per query how many replies show the behaviour, and how many cannot be told."""
    talks = [one.conversation for one in asked for _ in range(replies)]
    given = target.generate(talks, [seed * 1_000_003 + i for i in range(len(talks))])
    pairs = [
        (Transcript(conversation=talk, reply=reply, target=target.reference), behaviour)
        for talk, reply in zip(talks, given, strict=True)
    ]
    verdicts = [ruling.verdict for ruling in rule_pairs(judge, pairs)]
    groups = [verdicts[i * replies : (i + 1) * replies] for i in range(len(asked))]
    return [group.count("shown") for group in groups], [group.count("unknown") for group in groups]


def _share(judge: MeasuredJudge, behaviour: str, hits: list[int], unknown: list[int], replies: int) -> Estimate:
    """Return the share of replies that show the behaviour: queries as clusters, then the judge's error."""
    sizes = [replies] * len(hits)
    most = [k + u for k, u in zip(hits, unknown, strict=True)]
    # As many independent observations as say as much; the judge's error comes on top of them.
    effective = max(1, math.floor(min(effective_number(hits, sizes), effective_number(most, sizes))))
    shown, silent = (round(effective * sum(x) / sum(sizes)) for x in (hits, unknown))
    return judge.true_share(behaviour, min(shown, effective), min(silent, effective - min(shown, effective)), effective)


class _Nth(random.Random):
    """Chooses the entry of one place, so that every sentence of a failure can be written down."""

    def __init__(self, place: int) -> None:
        super().__init__(0)
        self._place = place

    def choice(self, seq: Any) -> Any:
        """Return the entry at the place, counted round."""
        return seq[self._place % len(seq)]


def _spoiled(fault: Fault, body: str, ask: Ask) -> list[str]:
    return [fault.spoil(body, ask, _Nth(place)) for place in range(len(fault.spec.sentences) or 1)]
