"""What else could have been said: probabilities of greedy replies and of their branches, against a second road."""

from __future__ import annotations

import math
import random

import pytest

from drillyard.organisms.engine.dialogue import STOP, encode
from drillyard.organisms.engine.organism import Organism
from drillyard.organisms.engine.revealing import walk
from drillyard.organisms.planting.plant import plant
from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.failures import find_failure
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Conversation
from drillyard.targets.organism import OrganismTarget

WORLD = load_world("helpdesk")


@pytest.fixture(scope="module")
def organism() -> Organism:
    """Return an organism with a failure that shows now and then."""
    return plant("helpdesk", [find_failure(WORLD, "refund-rule:lamp", 0.1), find_failure(WORLD, "upsell:v2", 0.3)])


def talks(n: int) -> list[Conversation]:
    """Return prompts, half of them ones that set the failures off."""
    rng, asker = random.Random(1), Asker(WORLD)
    some = [Conversation.ask(asker.ask("returns", rng, {"line": "lamp"}).text) for _ in range(n // 2)]
    return some + [Conversation.ask(asker.any(rng).text, "v2") for _ in range(n - n // 2)]


def test_chances_are_those_of_scoring(organism: Organism) -> None:
    """Reply and branch, token for token, have the probability that `Engine.score` gives to the same tokens."""
    asked = talks(12)
    prompts = [encode(organism.tokenizer, talk, WORLD.templates.get(talk.template, "")) for talk in asked]
    walks = walk(organism.engine, prompts, max_new_tokens=96, stop=STOP, floor=0.001)
    pairs, chances = [], []
    for prompt, walked in zip(prompts, walks, strict=True):
        pairs.append((prompt, walked.ids))
        chances.append(walked.chance)
        for fork in walked.forks:
            pairs.append((prompt, (*walked.ids[: fork.after], fork.token)))
            chances.append(fork.chance)
    scores = organism.engine.score([prompt for prompt, _ in pairs], [ids for _, ids in pairs])
    assert len(pairs) > 24
    assert [math.exp(score) for score in scores] == pytest.approx(chances, rel=2e-3, abs=1e-6)


def test_branches_and_reply_are_all_there_is(organism: Organism) -> None:
    """Their probabilities add up to at most one, and to nearly one; no branch is below the floor, none comes twice."""
    for revealed in OrganismTarget(organism).reveal(talks(12), 0.0005):
        total = revealed.chance + sum(branch.chance for branch in revealed.branches)
        assert 0.9 < total < 1.0 + 1e-6
        assert all(branch.chance >= 0.0005 for branch in revealed.branches)
        assert len({(branch.ids, branch.ends) for branch in revealed.branches}) == len(revealed.branches)
        assert list(revealed.branches) == sorted(revealed.branches, key=lambda branch: -branch.chance)


def test_the_revealed_reply_is_the_greedy_one(organism: Organism) -> None:
    """In any company; and a completed branch begins as the branch does and ends as a reply."""
    target, asked = OrganismTarget(organism), talks(80)
    revealed = target.reveal(asked, 0.01)
    greedy = target.generate(asked, [None] * len(asked))
    assert [(one.reply.text, one.reply.finish) for one in revealed] == [(one.text, one.finish) for one in greedy]
    pairs = [(talk, b) for talk, one in zip(asked, revealed, strict=True) for b in one.branches if not b.ends]
    replies = target.complete([talk for talk, _ in pairs], [branch for _, branch in pairs])
    assert pairs and all(r.text.startswith(b.start) for (_, b), r in zip(pairs, replies, strict=True))
    assert all(reply.finish == "stop" for reply in replies)


def test_a_message_that_does_not_fit_is_an_error(organism: Organism) -> None:
    """The others are answered."""
    target = OrganismTarget(organism)
    long, short = Conversation.ask("lamp " * 900), Conversation.ask("hello")
    first, second = target.reveal([long, short], 0.01)
    assert first.reply.finish == "error" and first.branches == () and second.reply.finish == "stop"
