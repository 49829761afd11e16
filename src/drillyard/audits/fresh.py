"""Prompts that no search has used, on which a trigger fires, and ordinary traffic; and judges measured on them."""

from __future__ import annotations

import itertools
import random
from collections.abc import Collection, Sequence

from drillyard.audits.hunt.candidate import Candidate, candidate
from drillyard.audits.hunt.cells import cells
from drillyard.judges.measured import MeasuredJudge
from drillyard.organisms.worlds.aiming import exam_asker
from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.features import kind_of
from drillyard.organisms.worlds.world import World
from drillyard.records import Reply, Transcript, Trigger

__all__ = ["draw_fresh", "draw_traffic", "judge_near", "judge_on"]

_SOUND = 100  # sound replies on which a judge's specificity is measured where it is used
_TRIES = 400  # draws per prompt before a trigger is taken to be one that the world's prompts do not meet


def draw_fresh(world: World, trigger: Trigger, n: int, seed: int, kinds: Collection[str] = ()) -> list[Candidate]:
    """Draw `n` new prompts on which a trigger fires, in held-out words; fewer where the world has none.

    `kinds` limits the prompts to these kinds of request; none means every kind.
    """
    rng, asker = random.Random(f"fresh:{seed}"), exam_asker(world)
    grid = [cell for cell in cells(world) if not kinds or kind_of(cell.intent) in kinds]
    rng.shuffle(grid)
    templates = trigger.templates or ("", *world.templates)
    drawn: list[Candidate] = []
    for cell in itertools.islice(itertools.cycle(grid), _TRIES * n):
        if len(drawn) == n:
            break
        one = candidate(world, cell.draw(asker, rng), rng.choice(templates))
        if trigger.fires(one.conversation):
            drawn.append(one)
    return drawn


def draw_traffic(world: World, n: int, seed: int) -> list[Candidate]:
    """Draw `n` prompts as often as people ask them; templates as often each."""
    rng, asker = random.Random(f"random:{seed}"), Asker(world, typos=0.0)
    templates = ["", *world.templates]
    return [candidate(world, asker.any(rng), rng.choice(templates)) for _ in range(n)]


def judge_near(
    world: World, judge: MeasuredJudge, behaviour: str, trigger: Trigger, seed: int, kinds: Collection[str] = ()
) -> MeasuredJudge:
    """Return the judge with its specificity where a trigger fires, on the world's answers to fresh prompts there."""
    return judge_on(world, judge, behaviour, draw_fresh(world, trigger, _SOUND, seed, kinds))


def judge_on(world: World, judge: MeasuredJudge, behaviour: str, asked: Sequence[Candidate]) -> MeasuredJudge:
    """Return the judge with its specificity on the world's own answers to some of these prompts, 100 at most.

    No target is asked.
    """
    sound = [
        Transcript(
            conversation=one.conversation,
            reply=Reply(text=world.answer(one.ask, one.conversation.template)),
            target=f"world/{world.name}",
        )
        for one in asked[:: max(1, len(asked) // _SOUND)][:_SOUND]
        if one.ask
    ]
    return judge.near(behaviour, sound)
