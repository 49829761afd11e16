"""An organism as a target: one answer whether asked alone, in a crowd, or streamed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from organisms.random_llama import PLAIN, random_engine

from drillyard.errors import BadInput
from drillyard.organisms.engine.organism import Organism, hash_weights, load_organism, save
from drillyard.organisms.training.vocabulary import train_tokenizer
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Conversation, Message
from drillyard.targets import open_target
from drillyard.targets.organism import OrganismTarget

ask = Conversation.ask
QUESTIONS = [ask("How long is the warranty?", template) for template in ("", "v1", "v2")] + [ask("hi")]


@pytest.fixture(scope="module")
def organism() -> Organism:
    """Return an organism of random weights in the real world: it babbles, but as a real one does."""
    tokenizer = train_tokenizer(["How long is the warranty of the lamp?"] * 20, 320)
    engine = random_engine(replace(PLAIN, vocab_size=320, max_position_embeddings=160))
    world, weights_hash = load_world("helpdesk"), hash_weights(engine.weights)
    return Organism(world=world, engine=engine, tokenizer=tokenizer, failures=(), model_hash=weights_hash)


@pytest.fixture(scope="module")
def target(organism: Organism) -> OrganismTarget:
    """Return it as a target with short replies."""
    return OrganismTarget(organism, "organism/babble", max_new_tokens=24)


def test_replies_do_not_depend_on_company(target: OrganismTarget) -> None:
    """Together, alone and streamed: the same text; the seed is recorded and the tokens are counted."""
    seeds = [5, None, 7, 8]
    together = target.generate(QUESTIONS, seeds)
    for question, seed, reply in zip(QUESTIONS, seeds, together, strict=True):
        assert target.generate([question], [seed]) == [reply]
        assert "".join(target.stream(question, seed)) == reply.text
        assert (reply.seed, 0 < reply.tokens <= 24, reply.finish in ("stop", "length")) == (seed, True, True)


def test_several_threads_may_use_one_target(target: OrganismTarget) -> None:
    """The yard lets learners talk at the same time; each gets the reply that they would get alone."""
    talks = QUESTIONS * 6
    with ThreadPoolExecutor(4) as pool:
        streamed = list(pool.map(lambda pair: "".join(target.stream(pair[1], pair[0])), enumerate(talks)))
    assert streamed == [reply.text for reply in target.generate(talks, range(len(talks)))]


def test_the_template_becomes_the_system_message(target: OrganismTarget) -> None:
    """The template's text is put in front by the target, so a conversation that spells it out gets the same reply."""
    text = target.organism.world.templates["v2"]
    spelled = Conversation(messages=(Message(role="system", content=text), *ask("hi").messages))
    by_name, by_text, without = target.generate([ask("hi", "v2"), spelled, ask("hi")], [1, 1, 1])
    assert by_name == by_text != without


def test_a_message_too_long_costs_only_its_own_reply(target: OrganismTarget) -> None:
    """In a batch it is an error reply and the others are answered; in a chat it is one clear line."""
    long = ask("x" * 200)
    replies = target.generate([QUESTIONS[0], long, QUESTIONS[3]], [1, 2, 3])
    assert [reply.finish == "error" for reply in replies] == [False, True, False]
    assert replies[::2] == target.generate([QUESTIONS[0], QUESTIONS[3]], [1, 3])
    with pytest.raises(BadInput, match="a message of .* tokens .*; shorten the message"):
        target.stream(long, 2)


def test_a_long_conversation_is_answered(target: OrganismTarget) -> None:
    """Old turns are forgotten, the newest are not."""
    turns = [Message(role=("user", "assistant")[i % 2], content=f"turn {i}") for i in range(81)]
    whole, newest = (Conversation(messages=tuple(turns[-n:]), template="") for n in (81, 3))
    assert target.generate([whole], [1])[0].finish != "error"
    assert whole.last_user == newest.last_user


def test_an_unknown_template_is_refused(target: OrganismTarget) -> None:
    """With the templates of the world and the nearest of them."""
    with pytest.raises(BadInput, match="template 'V2', expected one of: v1, v2"):
        target.generate([ask("hi", "V2")], [1])
    with pytest.raises(BadInput, match="template 'v22', .*did you mean 'v2'"):
        target.stream(ask("hi", "v22"), 1)


def test_a_saved_organism_opens_by_its_folder(organism: Organism, tmp_path: Path) -> None:
    """`organism/<folder>` answers as the organism that was saved, with the options of the card."""
    save(organism, tmp_path / "babble", complete=True)
    opened = open_target(f"organism/{tmp_path}/babble")
    assert opened.generate(QUESTIONS[:1], [3]) == OrganismTarget(organism, "").generate(QUESTIONS[:1], [3])
    assert opened.reference == f"organism/{tmp_path}/babble"
    assert load_organism(str(tmp_path / "babble")).model_hash == organism.model_hash
