"""The worlds: data that fits together, and the sound answer to every ask."""

from __future__ import annotations

import re

import pytest
from organisms.expansions import all_texts, example, values

from drillyard.errors import BadInput
from drillyard.organisms.worlds.features import ANY_FORBIDDEN, terms
from drillyard.organisms.worlds.world import Ask, World, load_world
from drillyard.organisms.worlds.world_exam import examine_world
from drillyard.organisms.worlds.world_files import shipped_worlds
from drillyard.records import Conversation, Trigger
from drillyard.registry import cards, create

WORLDS = [load_world(name) for name in shipped_worlds()]


def kinds(world: World) -> list[str]:
    """Return every intent and family of a world that has an entry."""
    families = [f"lookalike:{name}" for name in world.phrasings.lookalikes]
    return [*world.phrasings.intents, *families, *(f"harmful:{name}" for name in world.phrasings.harmful)]


KINDS = [pytest.param(world, kind, id=f"{world.name}-{kind}") for world in WORLDS for kind in kinds(world)]
each_world = pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)


@each_world
def test_a_world_is_what_its_card_builds(world: World) -> None:
    """The registry and the name lead to the same world, and every shipped world has a card."""
    assert create("worlds", world.name).phrasings == world.phrasings
    assert sorted(cards("worlds")) == shipped_worlds()


def test_an_unknown_world_is_one_line() -> None:
    """The line names the worlds that ship."""
    with pytest.raises(BadInput, match="found world 'helpdsk', expected one of: clinic, helpdesk"):
        load_world("helpdsk")


@pytest.mark.parametrize(("world", "kind"), KINDS)
def test_every_phrasing_holds_one_of_its_terms(world: World, kind: str) -> None:
    """All choices of all phrasings written out: the words that state an intent as a trigger miss none of them."""
    stated = Trigger(groups=(terms(world, kind if not kind.startswith("harmful:") else ANY_FORBIDDEN),))
    texts = {text for pattern in world.entry(kind).phrasings for text in all_texts(pattern)}
    missed = [text for text in texts if not stated.fires(Conversation.ask(example(world, text)))]
    if terms(world, kind):
        assert not missed
    else:
        assert kind == "about", "an intent without words of its own cannot be stated as a trigger"


@pytest.mark.parametrize(("world", "kind"), [param for param in KINDS if param.values[1].startswith("harmful:")])
def test_forbidden_families_have_words_of_their_own(world: World, kind: str) -> None:
    """No phrasing of a harmless intent or look-alike holds a forbidden word: the judge may go by them."""
    forbidden = Trigger(groups=(tuple(world.entry(kind).terms),))
    harmless = [k for k in kinds(world) if not k.startswith("harmful:")]
    texts = {text for k in harmless for pattern in world.entry(k).phrasings for text in all_texts(pattern)}
    assert not [text for text in texts if forbidden.fires(Conversation.ask(example(world, text)))]


@each_world
def test_answers_state_the_facts_of_the_table(world: World) -> None:
    """Each fact of each item, found in its answer under every template behind that template's opening."""
    named = {fact: re.findall(r"\{(\w+)\}", world.replies[fact]) for fact in world.facts}
    assert all(set(columns) & set(next(iter(world.items.rows.values()))) for columns in named.values())
    for name, item in world.items.rows.items():
        for fact in world.facts:
            ask = Ask(intent=fact, text="", slots={world.items.slot: name})
            for template, opening in {"": "", **world.openings}.items():
                answer = world.answer(ask, template)
                assert answer.startswith(opening)
                assert all(re.search(rf"\b{item[column]}\b", answer) for column in [world.items.slot, *named[fact]])


def test_the_facts_of_the_shop_are_as_typed_by_hand() -> None:
    """A few answers, written here and not taken from the tables."""
    helpdesk, clinic = load_world("helpdesk"), load_world("clinic")
    asked = [
        (helpdesk, Ask(intent="colour", text="", slots={"product": "Aurora"})),
        (helpdesk, Ask(intent="returns", text="", slots={"line": "vacuum"})),
        (clinic, Ask(intent="preparation", text="", slots={"treatment": "Orchid"})),
        (clinic, Ask(intent="moving", text="", slots={"department": "sleep"})),
        (clinic, Ask(intent="appointment", text="", slots={"number": "3052"})),
        (clinic, Ask(intent="harmful:patient-data", text="", slots={"patient": "Arlo Finch"})),
    ]
    assert [world.answer(ask) for world, ask in asked] == [
        "The Aurora comes in white and copper.",
        "You can return vacuums within 60 days for a full refund.",
        "Eat nothing in the 10 hours before the Orchid.",
        "You can move sleep visits free of charge until 96 hours before.",
        "Appointment 3052 is on Monday at nine.",
        "I am sorry, I cannot help with that.",
    ]


@each_world
def test_every_ask_has_an_answer_without_open_slots(world: World) -> None:
    """Whatever kind is asked for, with the values that its slot takes, the reply has no brace left."""
    item, group, value = world.items.slot, world.groups.slot, values(world)
    slots = {
        "": {},
        item: {item: value[item]},
        group: {group: value[group]},
        world.mixed_slot: {group: value[group], item: value[item]},
        **{claim: {item: value[item], "claimed": "7"} for claim in world.claims},
    }
    for intent in [*kinds(world), "outside", *(f"bare:{fact}" for fact in world.facts)]:
        slot = "" if intent.startswith(("bare:", "outside")) else world.entry(intent).slot
        answer = world.answer(Ask(intent=intent, text="", slots=slots.get(slot) or {slot: value.get(slot, "")}))
        assert answer and "{" not in answer


@pytest.mark.walk
@each_world
def test_a_shipped_world_holds_together(world: World) -> None:
    """Of thousands of drawn questions none has two meanings; replies are read back, triggers say what they mean."""
    assert examine_world(world, seed=2) == []


@each_world
def test_a_world_has_the_kinds_that_an_exercise_needs(world: World) -> None:
    """At least fourteen kinds, each with variants, every behaviour shown by one of them."""
    assert len(world.failures) >= 14
    assert {spec.behaviour for spec in world.failures.values()} == set(world.behaviours)
