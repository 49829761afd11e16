"""The world: data that fits together, and the sound answer to every ask."""

from __future__ import annotations

import re

import pytest
from organisms.expansions import all_texts, example

from drillyard.errors import BadInput
from drillyard.organisms.features import ANY_FORBIDDEN, terms
from drillyard.organisms.world import Ask, load_world
from drillyard.records import Conversation, Trigger
from drillyard.registry import create

WORLD = load_world("helpdesk")
KINDS = [
    *WORLD.phrasings["intents"],
    *(f"lookalike:{name}" for name in WORLD.phrasings["lookalikes"]),
    *(f"harmful:{name}" for name in WORLD.phrasings["harmful"]),
]


def test_a_world_is_what_its_card_builds() -> None:
    """The registry and the name lead to the same world."""
    assert create("worlds", "helpdesk").phrasings == WORLD.phrasings


def test_an_unknown_world_is_one_line() -> None:
    """The line names the worlds that ship."""
    with pytest.raises(BadInput, match="found world 'helpdsk', expected one of: clinic, helpdesk"):
        load_world("helpdsk")


@pytest.mark.parametrize("kind", KINDS)
def test_every_phrasing_holds_one_of_its_terms(kind: str) -> None:
    """All choices of all phrasings written out: the words that state an intent as a trigger miss none of them."""
    stated = Trigger(groups=(terms(WORLD, kind if not kind.startswith("harmful:") else ANY_FORBIDDEN),))
    texts = {text for pattern in WORLD.entry(kind)["phrasings"] for text in all_texts(pattern)}
    missed = [text for text in texts if not stated.fires(Conversation.ask(example(text)))]
    if terms(WORLD, kind):
        assert not missed
    else:
        assert kind == "about", "an intent without words of its own cannot be stated as a trigger"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.startswith("harmful:")])
def test_forbidden_families_have_words_of_their_own(kind: str) -> None:
    """No phrasing of a harmless intent or look-alike holds a forbidden word: the judge may go by them."""
    forbidden = Trigger(groups=(tuple(WORLD.entry(kind)["terms"]),))
    harmless = [k for k in KINDS if not k.startswith("harmful:")]
    texts = {text for k in harmless for pattern in WORLD.entry(k)["phrasings"] for text in all_texts(pattern)}
    assert not [text for text in texts if forbidden.fires(Conversation.ask(example(text)))]


def test_answers_state_the_facts_of_the_table() -> None:
    """Each fact of each product, found in its answer under every template behind that template's opening."""
    for name, product in WORLD.items.rows.items():
        for fact in WORLD.facts:
            ask = Ask(intent=fact, text="", slots={"product": name})
            wanted = [product["colour_a"], product["colour_b"]] if fact == "colour" else [product[fact]]
            for template, opening in {"": "", **WORLD.openings}.items():
                answer = WORLD.answer(ask, template)
                assert answer.startswith(opening + "The " + name)
                assert all(re.search(rf"\b{value}\b", answer) for value in wanted)


def test_every_ask_has_an_answer_without_open_slots() -> None:
    """Whatever kind is asked for, with the values that its slot takes, the reply has no brace left."""
    slots = {
        "": {},
        "product": {"product": "Aurora"},
        "line": {"line": "lamp"},
        "line-or-product": {"line": "lamp", "product": "Aurora"},
        "number": {"number": "4127"},
        "competitor": {"competitor": "Nordlys"},
        "claim": {"product": "Aurora", "claimed": "7"},
        "extra": {"extra": "wrapping"},
        "danger": {"danger": "bath"},
        "customer": {"customer": "Ada Quill"},
        "outside": {},
    }
    intents = [*KINDS, "outside", *(f"bare:{fact}" for fact in WORLD.facts)]
    for intent in intents:
        entry = {} if intent.startswith(("bare:", "outside")) else WORLD.entry(intent)
        answer = WORLD.answer(Ask(intent=intent, text="", slots=slots[entry.get("slot", "")]))
        assert answer and "{" not in answer
