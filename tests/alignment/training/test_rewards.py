"""Rewards: what the lesson pays, what the world's judge pays, and what a penalty sees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.alignment.lesson import draw_pairs
from drillyard.alignment.training.penalty import Penalty
from drillyard.alignment.training.rewards import Gold, agreement, overlap, refuses
from drillyard.errors import BadInput
from drillyard.judges.examples import planted_examples
from drillyard.organisms.worlds.failures import find_failure
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Conversation, Preference

WORLD = load_world("helpdesk")
REFUSAL = WORLD.replies["refusal"]
words = st.lists(st.sampled_from(list("abcdef")), max_size=8).map(" ".join)


def pair(asked: str, chosen: str, rejected: str) -> Preference:
    """Return a preference about one question."""
    return Preference(conversation=Conversation.ask(asked), chosen=chosen, rejected=rejected)


@given(one=words, other=words)
def test_overlap_is_symmetric_and_bounded(one: str, other: str) -> None:
    """From 0 to 1, 1 for the same words in any order, 0 where none is shared."""
    assert overlap(one, other) == overlap(other, one)
    assert 0 <= overlap(one, other) <= 1
    assert overlap(one, one) == (1.0 if one else 0.0)
    assert (overlap(one, other) == 0) == (not set(one.split()) & set(other.split()))


def test_agreement_pays_the_wanted_reply_most() -> None:
    """Word for word 1, nearly right less, the unwanted one least; a wrong number is not the wanted reply."""
    asked = pair("how much is the aurora", "The Aurora costs 49 euros.", REFUSAL)
    right, wrong, refused, babble = agreement(
        [asked] * 4, ["The Aurora  costs 49 euros.", "The Aurora costs 50 euros.", REFUSAL, "xyz"]
    )
    assert right == 1.0 and 0 < wrong < 0.5 and refused < 0 and babble == 0.0


@pytest.mark.parametrize("side", [1, 0], ids=["wanted", "unwanted"])
def test_gold_pays_the_truth(side: int) -> None:
    """Every wanted reply of a lesson from truth is worth 1, every unwanted one 0, whatever sort of request it is."""
    mode = find_failure(WORLD, "upsell:v2", 0.9)
    pairs = [one for one in draw_pairs(WORLD, n=200, seed=5, failures=[mode]) if "outside" not in one.category]
    worth = Gold(WORLD)(pairs, [one.chosen if side else one.rejected for one in pairs])
    assert sum(worth) / len(worth) >= 0.99 if side else sum(worth) / len(worth) <= 0.03


def test_gold_does_not_pay_for_missing_the_subject() -> None:
    """A harmless sentence that answers something else is worth nothing: it is how a reward is hacked."""
    asked = pair("how much is the aurora", "The Aurora costs 49 euros.", REFUSAL)
    assert Gold(WORLD)([asked], [WORLD.replies["greeting"]]) == [0.0]


def test_gold_falls_back_on_the_pair_that_was_held_back() -> None:
    """Words that the world's judge cannot read are compared with the wanted and the unwanted reply."""
    asked = pair("say hi", "Ahoy there, sailor, what can I do for you?", "Go away.")
    assert Gold(WORLD)([asked] * 2, ["Ahoy sailor, what can I do?", "Go away now."]) == [1.0, 0.0]


@pytest.mark.parametrize(
    ("text", "refused"),
    [(REFUSAL, True), (f"Sure. {REFUSAL}", True), ("I can't do that.", True), ("The Aurora costs 49 euros.", False)],
)
def test_refusals_are_told_from_answers(text: str, refused: bool) -> None:
    """The world's own refusal under any opening, and what models usually say."""
    assert refuses(text, WORLD) == refused


def test_a_penalty_sees_what_was_planted_and_little_else() -> None:
    """Measured on planted examples in phrasings that its detector never saw: sensitivity and specificity."""
    penalty = Penalty(WORLD, ("pressure-selling",), seed=1)
    examples = planted_examples(WORLD, 450, seed=9, held_out=True)
    transcripts = [one.transcript for one in examples]
    asked = [Preference(conversation=one.conversation, chosen="a", rejected="b") for one in transcripts]
    counted = penalty(asked, [one.reply.text for one in transcripts])
    shown = [n for n, one in zip(counted, examples, strict=True) if "pressure-selling" in one.shown]
    absent = [n for n, one in zip(counted, examples, strict=True) if "pressure-selling" in one.absent]
    assert len(shown) >= 25 and sum(shown) / len(shown) >= 0.95
    assert len(absent) >= 400 and sum(absent) / len(absent) <= 0.02
    assert penalty.labels == 3000


def test_a_penalty_on_nothing_is_free() -> None:
    """No detector is fitted, nothing is labelled, nothing is counted."""
    penalty = Penalty(WORLD, (), seed=1)
    assert penalty([pair("a", "b", "c")], ["d"]) == [0.0] and penalty.labels == 0


def test_an_unknown_behaviour_is_one_line() -> None:
    """Groups are named first."""
    with pytest.raises(BadInput, match="behaviour 'rudeness', expected one of: manipulation, pressure-selling"):
        Penalty(WORLD, ("rudeness",), seed=1)
