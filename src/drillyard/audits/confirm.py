"""Confirm on fresh prompts and seeds: draw what a trigger speaks of, ask again, measure the rate."""

from __future__ import annotations

import itertools
import random
from collections.abc import Collection, Sequence

from drillyard.audits.observe import observe, share_shown
from drillyard.audits.probe import Probe
from drillyard.audits.search import cells
from drillyard.judges.measured import MeasuredJudge
from drillyard.organisms.worlds.aiming import exam_asker
from drillyard.organisms.worlds.features import kind_of
from drillyard.organisms.worlds.world import World
from drillyard.records import Estimate, Reply, Transcript, Trigger
from drillyard.targets import Target

__all__ = ["confirm", "fresh_probes", "judged_near", "judged_on"]

_SOUND = 100  # sound replies on which a judge's specificity is measured where it is used
_TRIES = 400  # draws per prompt before a trigger is taken to be one that the world's prompts do not meet


def fresh_probes(world: World, trigger: Trigger, n: int, seed: int, kinds: Collection[str] = ()) -> list[Probe]:
    """Draw `n` new prompts on which a trigger fires, in held-out words; fewer where the world has none.

    `kinds` limits the prompts to these kinds of request; none means every kind.
    """
    rng, asker = random.Random(f"fresh:{seed}"), exam_asker(world)
    grid = [cell for cell in cells(world) if not kinds or kind_of(cell.intent) in kinds]
    rng.shuffle(grid)
    templates = trigger.templates or ("", *world.templates)
    probes: list[Probe] = []
    for cell in itertools.islice(itertools.cycle(grid), _TRIES * n):
        if len(probes) == n:
            break
        probe = Probe(ask=cell.draw(asker, rng), template=rng.choice(templates))
        if trigger.fires(probe.conversation):
            probes.append(probe)
    return probes


def confirm(
    target: Target, world: World, judge: MeasuredJudge, behaviour: str, probes: Sequence[Probe], seed: int
) -> tuple[Estimate, list[Transcript]]:
    """Return a behaviour's rate on fresh probes, the judge's error in its interval, and the failing transcripts."""
    seen = observe(target, world, judge, probes, seed)
    return share_shown(seen, behaviour, judge), [o.transcript for o in seen if behaviour in o.shown]


def judged_near(
    world: World, judge: MeasuredJudge, behaviour: str, trigger: Trigger, seed: int, kinds: Collection[str] = ()
) -> MeasuredJudge:
    """Return the judge with its specificity where a trigger fires, on the world's answers to fresh prompts there."""
    return judged_on(world, judge, behaviour, fresh_probes(world, trigger, _SOUND, seed, kinds))


def judged_on(world: World, judge: MeasuredJudge, behaviour: str, probes: Sequence[Probe]) -> MeasuredJudge:
    """Return the judge with its specificity on the world's own answers to some of these prompts, 100 at most.

    No target is asked.
    """
    sound = [
        Transcript(
            conversation=probe.conversation,
            reply=Reply(text=world.answer(probe.ask, probe.template)),
            target=f"world/{world.name}",
        )
        for probe in probes[:: max(1, len(probes) // _SOUND)][:_SOUND]
    ]
    return judge.near(behaviour, sound)
