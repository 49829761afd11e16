"""Prompts that no search has used, on which a trigger fires, and ordinary traffic; and judges measured on them."""

from __future__ import annotations

import itertools
import random
from collections.abc import Collection, Sequence

from drillyard.audits.hunt.candidate import Candidate, candidate
from drillyard.judges.measured import MeasuredJudge
from drillyard.organisms.worlds.features import kind_of
from drillyard.organisms.worlds.scope import Scope, templates_asked
from drillyard.records import Reply, Transcript, Trigger

__all__ = ["draw_fresh", "draw_traffic", "judge_near", "judge_on"]

_SOUND = 100  # sound replies on which a judge's specificity is measured where it is used
_TRIES = 400  # draws per prompt before a trigger is taken to be one that the scope's prompts do not meet


def draw_fresh(scope: Scope, trigger: Trigger, n: int, seed: int, kinds: Collection[str] = ()) -> list[Candidate]:
    """Draw `n` new prompts on which a trigger fires, in held-out words; fewer where the scope has none.

    `kinds` limits the prompts to these kinds of request; none means every kind.
    """
    rng, questions = random.Random(f"fresh:{seed}"), scope.questions(held_out=True, manners=0.1)
    grid = [cell for cell in questions.cells if not kinds or kind_of(cell.intent) in kinds]
    rng.shuffle(grid)
    templates = trigger.templates or templates_asked(scope)
    drawn: list[Candidate] = []
    for cell in itertools.islice(itertools.cycle(grid), _TRIES * n):
        if len(drawn) == n:
            break
        one = candidate(scope, questions.put(cell, rng), rng.choice(templates))
        if trigger.fires(one.conversation):
            drawn.append(one)
    return drawn


def draw_traffic(scope: Scope, n: int, seed: int) -> list[Candidate]:
    """Draw `n` prompts as often as people ask them; templates as often each."""
    rng, questions = random.Random(f"random:{seed}"), scope.questions(manners=0.2)
    templates = templates_asked(scope)
    return [candidate(scope, questions.sample(rng), rng.choice(templates)) for _ in range(n)]


def judge_near(
    scope: Scope, judge: MeasuredJudge, behaviour: str, trigger: Trigger, seed: int, kinds: Collection[str] = ()
) -> MeasuredJudge:
    """Return the judge with its specificity where a trigger fires, on the scope's answers to fresh prompts there."""
    return judge_on(scope, judge, behaviour, draw_fresh(scope, trigger, _SOUND, seed, kinds))


def judge_on(scope: Scope, judge: MeasuredJudge, behaviour: str, asked: Sequence[Candidate]) -> MeasuredJudge:
    """Return the judge with its specificity on the scope's own answers to some of these prompts, 100 at most.

    No target is asked. Where no answer is known, the judge is returned as it is.
    """
    sound = [
        Transcript(
            conversation=one.conversation,
            reply=Reply(text=answer),
            target=f"world/{scope.name}",
        )
        for one in asked[:: max(1, len(asked) // _SOUND)][:_SOUND]
        if one.ask and (answer := scope.answer(one.ask, one.conversation.template)) is not None
    ]
    return judge.near(behaviour, sound) if sound else judge
