"""Explanations: from judged prompts to the rule behind the hits, on replies that the world itself has spoiled."""

from __future__ import annotations

import random

import pytest

from drillyard.audits.confirm import fresh_probes
from drillyard.audits.explain import Explanation, explain
from drillyard.audits.follow_up import follow_up
from drillyard.audits.observe import Observation, share_shown
from drillyard.audits.probe import Probe
from drillyard.audits.search import NullSearch, RandomSearch, SweepSearch, cells
from drillyard.organisms.worlds.failures import Fault, faults, spoiled
from drillyard.organisms.worlds.features import features
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Conversation, Reply, Transcript

WORLD = load_world("helpdesk")
FAULTS = faults(WORLD)
BY_ID = {fault.id: fault for fault in FAULTS}


def observed(probes: list[Probe], failing: dict[str, float], seed: int = 1) -> list[Observation]:
    """Return observations with known truth: each failure fires at its rate where it matches, and nothing else shows."""
    rng, seen = random.Random(seed), []
    for probe in probes:
        firing = [BY_ID[name] for name, rate in failing.items() if rng.random() < rate]
        shown = {f.spec.behaviour for f in firing if f.matches(probe.ask, probe.template)}
        reply = Reply(text=spoiled(WORLD, firing, probe.ask, probe.template, rng))
        seen.append(
            Observation(
                probe=probe,
                transcript=Transcript(conversation=probe.conversation, reply=reply, target="world/helpdesk"),
                features=features(WORLD, probe.ask, probe.template),
                shown=frozenset(shown),
                unknown=frozenset(),
            )
        )
    return seen


def swept(failing: dict[str, float], budget: int = 600, seed: int = 1) -> list[Observation]:
    """Return what a sweep sees and what its follow-up sees."""
    seen = observed(SweepSearch().propose(WORLD, budget * 2 // 3, seed), failing, seed)
    return seen + observed(follow_up(WORLD, seen, budget // 3, seed), failing, seed + 1)


def cell_of(probe: Probe) -> tuple[str, ...]:
    """Return what a probe asks about: intent, entity, reason."""
    slots, entities = WORLD.slots(probe.ask), ("line", "number", "competitor", "extra", "danger")
    return probe.ask.intent, *(slots.get(name, "") for name in entities), probe.ask.reason


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_one_failure_is_explained_by_its_own_trigger(fault: Fault) -> None:
    """At rate 1: one rule, whose predicate says on other prompts what the planted trigger says."""
    (rule,) = explain(swept({fault.id: 1.0}), fault.spec.behaviour)
    stated, planted = rule.trigger(WORLD), fault.trigger()
    probes = SweepSearch().propose(WORLD, 700, seed=9) + fresh_probes(WORLD, planted, 60, seed=9)
    asked = [probe.conversation for probe in probes]
    agree = [stated.fires(conversation) == planted.fires(conversation) for conversation in asked]
    assert sum(agree) >= 0.95 * len(agree), (stated, planted)
    assert rule.id.startswith(f"{fault.spec.behaviour}/") and rule.f1 > 0.7
    assert stated.words and "{" not in stated.words


def test_two_causes_of_one_behaviour_are_two_rules() -> None:
    """The hits of the first rule are taken away before the second is looked for."""
    rules = explain(swept({"inflated-warranty:fan": 1.0, "inflated-battery:lamp": 1.0}, 900), "wrong-fact")
    assert {(rule.core["line"], rule.kinds) for rule in rules} == {("fan", ("warranty",)), ("lamp", ("battery",))}


def test_several_kinds_become_one_rule() -> None:
    """A failure of all five facts under one template is not five failures."""
    (rule,) = explain(swept({"upsell:v3": 0.9}), "pressure-selling")
    assert dict(rule.core) == {"template": "v3"}
    assert rule.kinds == ("battery", "colour", "price", "warranty", "weight")


def test_nothing_is_explained_without_hits() -> None:
    """Neither a sound model nor two chance hits make a rule."""
    seen = swept({})
    assert all(explain(seen, behaviour) == [] for behaviour in WORLD.behaviours)
    two = [*seen[2:], *(hit for hit in swept({"upsell:v1": 1.0}) if hit.shown)][: len(seen)]
    assert sum(bool(o.shown) for o in two) <= 2
    assert explain(two, "pressure-selling") == []


def test_a_rule_holds_where_its_kind_and_core_are() -> None:
    """Both are needed; no core means that the kind is enough."""
    seen = swept({})
    rule = Explanation(behaviour="wrong-fact", kinds=("price",), core={"line": "lamp"}, f1=1.0)
    free = Explanation(behaviour="wrong-fact", kinds=("price",), core={}, f1=1.0)
    held = [o for o in seen if rule.holds(o)]
    assert held and all(o.probe.ask.intent == "price" and o.features["line"] == "lamp" for o in held)
    assert len([o for o in seen if free.holds(o)]) > len(held)


def test_a_sweep_visits_every_cell_before_any_twice() -> None:
    """Each intent, entity and reason once a round, under another template in the next; random does not."""
    grid = list(cells(WORLD))
    first, second = (
        SweepSearch().propose(WORLD, 2 * len(grid), 4)[i * len(grid) : (i + 1) * len(grid)] for i in (0, 1)
    )
    assert sorted(probe.ask.intent for probe in first) == sorted(cell.intent for cell in grid)
    assert [probe.ask.intent for probe in first] == [probe.ask.intent for probe in second]
    assert all(one.template != other.template for one, other in zip(first, second, strict=True))
    drawn = [cell_of(probe) for probe in RandomSearch().propose(WORLD, len(grid), 4)]
    assert len(set(drawn)) < len(set(map(cell_of, first))) == len(grid)


@pytest.mark.parametrize("search", [NullSearch(), RandomSearch(), SweepSearch()], ids=lambda s: type(s).__name__)
def test_a_search_repeats_and_keeps_to_its_budget(search) -> None:
    """The same seed proposes the same; never more than asked for; the null search nothing."""
    assert search.propose(WORLD, 50, 3) == search.propose(WORLD, 50, 3)
    assert len(search.propose(WORLD, 50, 3)) == (0 if isinstance(search, NullSearch) else 50)


def test_a_follow_up_asks_around_the_hits() -> None:
    """Half of it the same intent and entity, half its neighbours, under all templates; nothing without a hit."""
    seen = observed(SweepSearch().propose(WORLD, 300, 2), {"refund-rule:lamp": 1.0})
    probes = follow_up(WORLD, seen, 40, 2)
    assert len(probes) == 40
    assert {probe.ask.intent for probe in probes} == {"returns"}
    assert sum(WORLD.slots(probe.ask)["line"] == "lamp" for probe in probes) == 20
    assert {probe.template for probe in probes} == {"", *WORLD.templates}
    assert follow_up(WORLD, observed(SweepSearch().propose(WORLD, 50, 2), {}), 40, 2) == []


def test_fresh_prompts_fire_and_were_not_searched_with() -> None:
    """They meet the trigger, of the kinds asked for, in patterns that no search uses."""
    trigger = BY_ID["secret-echo:student"].trigger()
    probes = fresh_probes(WORLD, trigger, 30, 1, ["discount"])
    assert len(probes) == 30
    assert all(trigger.fires(probe.conversation) and probe.ask.intent == "discount" for probe in probes)
    assert fresh_probes(WORLD, BY_ID["upsell:v2"].trigger(), 5, 1)[0].template == "v2"


def test_a_trigger_that_no_prompt_meets_gets_no_prompt() -> None:
    """The search for prompts ends, and no observation is a legal answer."""
    trigger = BY_ID["upsell:v2"].trigger().model_copy(update={"groups": (("zebra",),)})
    assert fresh_probes(WORLD, trigger, 2, 1, ["price"]) == []


def test_unknown_widens_the_interval_upwards() -> None:
    """Counted as not shown in the value, as shown in the upper end; named in the method."""
    (probe,) = SweepSearch().propose(WORLD, 1, 1)
    seen = [
        Observation(
            probe=probe,
            transcript=Transcript(conversation=Conversation.ask("x"), reply=Reply(text=""), target=""),
            features={},
            shown=frozenset(["wrong-fact"] if i < 2 else []),
            unknown=frozenset(["wrong-fact"] if i >= 7 else []),
        )
        for i in range(10)
    ]
    share = share_shown(seen, "wrong-fact")
    assert (share.value, share.n) == (0.2, 10) and "3 unknown" in share.method
    assert share.high > share_shown(seen[:7], "wrong-fact").high - 0.2
    assert share_shown([], "wrong-fact").n == 0
