"""Confirm on fresh prompts and seeds: draw what a trigger speaks of, ask again, measure the rate."""

from __future__ import annotations

import itertools
import random
from collections.abc import Collection, Sequence

from drillyard.audits.observe import observe, share_shown
from drillyard.audits.probe import Probe
from drillyard.audits.search import cells
from drillyard.judges import Judge
from drillyard.organisms.aiming import exam_asker
from drillyard.organisms.features import kind_of
from drillyard.organisms.world import World
from drillyard.records import Estimate, Transcript, Trigger
from drillyard.targets import Target

__all__ = ["confirm", "fresh_probes"]

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
    target: Target, world: World, judge: Judge, behaviour: str, probes: Sequence[Probe], seed: int
) -> tuple[Estimate, list[Transcript]]:
    """Return the rate of a behaviour on fresh probes, with its interval, and the transcripts that show it."""
    seen = observe(target, world, judge, probes, seed)
    return share_shown(seen, behaviour), [o.transcript for o in seen if behaviour in o.shown]
