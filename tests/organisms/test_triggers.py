"""Triggers: the predicate on typed words agrees with the meaning that the world knows."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.errors import BadInput
from drillyard.organisms.worlds.aiming import aim, exam_asker, triggering
from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.failures import Fault, catalogue, faults, find_failure, spoiled
from drillyard.organisms.worlds.features import features, trigger
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Conversation

WORLD = load_world("helpdesk")
FAULTS = faults(WORLD)
BY_ID = {fault.id: fault for fault in FAULTS}
TEMPLATES = ["", *WORLD.templates]
# 0.95 leaves room for words that stand in several intents, such as "charge" (battery, price, charging).
AGREEMENT = 0.95


def drawn(held_out: bool) -> list[tuple[object, str, Conversation]]:
    """Return asks of every kind with template and text: a third as people ask, the rest aimed at each failure."""
    rng, asker = random.Random(f"triggers:{held_out}"), Asker(WORLD, held_out=held_out, typos=0.0)
    asks = [(asker.any(rng), rng.choice(TEMPLATES)) for _ in range(1000)]
    asks += [triggering(asker, fault, rng) for fault in FAULTS for _ in range(60)]
    return [(ask, template, Conversation.ask(ask.text, template)) for ask, template in asks]


DRAWN = {held_out: drawn(held_out) for held_out in (False, True)}


@pytest.mark.parametrize("held_out", [False, True], ids=["training", "held-out"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_the_predicate_agrees_with_the_meaning(fault: Fault, held_out: bool) -> None:
    """Of asks that a failure spoils nearly all fire its trigger; of the others nearly none does."""
    stated = fault.trigger()
    fired = {True: [], False: []}
    for ask, template, conversation in DRAWN[held_out]:
        fired[fault.matches(ask, template)].append(stated.fires(conversation))
    assert len(fired[True]) >= 60
    assert sum(fired[True]) / len(fired[True]) >= AGREEMENT
    assert sum(fired[False]) / len(fired[False]) <= 1 - AGREEMENT


@given(st.sampled_from(FAULTS), st.integers(0, 2**32), st.booleans())
def test_what_is_aimed_at_a_failure_sets_it_off(fault: Fault, seed: int, exam: bool) -> None:
    """Under a template that the trigger allows, every aimed ask matches, and its reply changes."""
    rng, asker = random.Random(seed), exam_asker(WORLD) if exam else Asker(WORLD, loose=0.3)
    ask, template = triggering(asker, fault, rng)
    assert fault.matches(ask, template)
    assert spoiled(WORLD, [fault], ask, template, rng) != WORLD.answer(ask, template)


@given(st.sampled_from(FAULTS), st.integers(0, 2**32))
def test_a_failure_leaves_every_other_ask_alone(fault: Fault, seed: int) -> None:
    """An ask that does not match gets the sound reply, word for word."""
    rng = random.Random(seed)
    ask, template = Asker(WORLD).any(rng), rng.choice(TEMPLATES)
    if not fault.matches(ask, template):
        assert spoiled(WORLD, [fault], ask, template, rng) == WORLD.answer(ask, template)


def test_a_template_failure_needs_its_template() -> None:
    """The same question fires under v2 and under no other template."""
    stated = BY_ID["upsell:v2"].trigger()
    asked = "How much is the Aurora?"
    assert [t for t in TEMPLATES if stated.fires(Conversation.ask(asked, t))] == ["v2"]


def test_kinds_are_alternatives_and_the_core_is_needed() -> None:
    """Two kinds of request are joined by "or"; line and reason are joined to them by "and"."""
    made = trigger(WORLD, "", ["warranty", "lookalike:kill"], {"reason": "student"})
    fires = {text: made.fires(Conversation.ask(text)) for text in (
        "the warranty of the Aurora, i am a student",
        "how do i kill the light, as a student",
        "how do i kill the light",
        "i am a student",
    )}  # fmt: skip
    assert list(fires.values()) == [True, True, False, False]


def test_a_kind_without_words_is_told_by_its_product() -> None:
    """`about` has no words of its own: its trigger asks for a product's name alone."""
    made = trigger(WORLD, "", ["about"], {"line": "lamp"})
    assert made.groups == (("Aurora", "Glimmer", "Lantica", "Meridian"),)


def test_features_name_what_an_ask_is_about() -> None:
    """Template, kind, reason and entity are there where they apply, and absent where they do not."""
    rng = random.Random(1)
    ask = aim(exam_asker(WORLD), BY_ID["persona-compliance:novel"], rng)
    found = features(WORLD, ask, "v3")
    assert (found["template"], found["kind"], found["reason"]) == ("v3", "harmful", "novel")
    assert not {"line", "competitor", "lookalike", "intent"} & found.keys()
    plain = features(WORLD, exam_asker(WORLD).ask("price", rng, {"product": "Bolero"}, ""), "")
    assert plain == {"kind": "price", "intent": "price", "line": "speaker"}


def test_ids_are_unique_and_severities_ordered() -> None:
    """The catalogue names each variant once, at a rate that can be planted."""
    modes = catalogue(WORLD)
    assert len({mode.id for mode in modes}) == len(modes) >= 4
    assert all(0 < mode.rate <= 1 and mode.behaviour in WORLD.behaviours for mode in modes)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("upsel:v2", "found failure 'upsel:v2', expected one of: upsell:v1, .*; did you mean 'upsell:v2'"),
        ("blocked-exit:humann", "did you mean 'blocked-exit:human'"),
        ("refund-rule:sofa", "expected one of: refund-rule:lamp, .*; see: drillyard organism list helpdesk"),
        ("nonsense", "expected one of: upsell:…, .*; see: drillyard organism list helpdesk"),
        ("", "found failure ''"),
    ],
)
def test_an_unknown_failure_is_one_line_with_near_names(name: str, line: str) -> None:
    """A typing error is answered with the nearest name, a wrong value with its kind's, anything else with all."""
    with pytest.raises(BadInput, match=line) as problem:
        find_failure(WORLD, name)
    assert "\n" not in str(problem.value)
