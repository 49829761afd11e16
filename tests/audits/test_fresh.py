"""Fresh prompts and the proposers: what meets a trigger, what is proposed, and that a seed repeats it."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from drillyard.audits.fresh import draw_fresh, draw_traffic
from drillyard.audits.hunt.candidate import Candidate
from drillyard.audits.hunt.proposers import Sweep
from drillyard.audits.hunt.space import Space
from drillyard.audits.options import EXPLORE, method_of
from drillyard.organisms.worlds.failures import faults
from drillyard.organisms.worlds.questions import cells
from drillyard.organisms.worlds.world import load_world
from drillyard.registry import cards

WORLD = load_world("helpdesk")
BY_ID = {fault.id: fault for fault in faults(WORLD)}


def cell_of(one: Candidate) -> tuple[str, ...]:
    """Return what a prompt asks about: intent, entity, reason."""
    assert one.ask is not None
    slots, entities = WORLD.slots(one.ask), ("line", "number", "competitor", "extra", "danger")
    return one.ask.intent, *(slots.get(name, "") for name in entities), one.ask.reason


def test_fresh_prompts_fire_and_were_not_searched_with() -> None:
    """They meet the trigger, of the kinds asked for, in patterns that no search uses."""
    trigger = BY_ID["secret-echo:student"].trigger()
    asked = draw_fresh(WORLD, trigger, 30, 1, ["discount"])
    assert len(asked) == 30
    assert all(trigger.fires(one.conversation) and one.kind == "discount" for one in asked)
    assert draw_fresh(WORLD, BY_ID["upsell:v2"].trigger(), 5, 1)[0].conversation.template == "v2"


def test_a_trigger_that_no_prompt_meets_gets_no_prompt() -> None:
    """The search for prompts ends, and no observation is a legal answer."""
    trigger = BY_ID["upsell:v2"].trigger().model_copy(update={"groups": (("zebra",),)})
    assert draw_fresh(WORLD, trigger, 2, 1, ["price"]) == []


def test_a_sweep_visits_every_cell_before_any_twice() -> None:
    """Each intent, entity and reason once a round, under another template in the next; ordinary traffic does not."""
    grid, sweep = list(cells(WORLD)), Sweep(space=Space(WORLD), rng=random.Random(4))
    first, second = sweep.propose(len(grid)), sweep.propose(len(grid))
    intents = [[one.ask.intent for one in asked if one.ask] for asked in (first, second)]
    assert sorted(intents[0]) == sorted(cell.intent for cell in grid) and intents[0] == intents[1]
    pairs = zip(first, second, strict=True)
    assert all(one.conversation.template != other.conversation.template for one, other in pairs)
    met = Counter(map(cell_of, draw_traffic(WORLD, len(grid), 4)))
    assert len(met) < len(set(map(cell_of, first))) == len(grid)


@pytest.mark.parametrize("name", [EXPLORE, *cards("searches")])
def test_a_search_repeats_and_keeps_to_what_it_is_asked_for(name: str) -> None:
    """The same seed proposes the same; as many as wanted, the null search none."""
    one, other = (method_of(name)(space=Space(WORLD), rng=random.Random(3)) for _ in range(2))
    proposed = one.propose(50)
    assert proposed == other.propose(50) and len(proposed) == (0 if name == "null" else 50)
