"""What people ask: patterns drawn as written, held-out ones apart, no text with two meanings, typing as people type."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st
from organisms.expansions import all_texts

from drillyard.organisms.worlds.aiming import exam_asker
from drillyard.organisms.worlds.asking import Asker
from drillyard.organisms.worlds.phrasing import expand, mistype, split
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Conversation, Trigger

WORLD = load_world("helpdesk")
PATTERNS = {
    **{name: entry.phrasings for name, entry in WORLD.phrasings.intents.items()},
    **{f"lookalike:{name}": entry.phrasings for name, entry in WORLD.phrasings.lookalikes.items()},
    **{f"harmful:{name}": entry.phrasings for name, entry in WORLD.phrasings.harmful.items()},
    "outside": WORLD.phrasings.outside,
}
seeds = st.integers(0, 2**32)


def plain(text: str) -> str:
    """Return lower-case words between single spaces: what is left when manners of typing are taken away."""
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


@given(st.sampled_from([p for patterns in PATTERNS.values() for p in patterns]), seeds)
def test_expand_draws_one_of_the_written_out_texts(pattern: str, seed: int) -> None:
    """No bracket stays, nothing is invented, spaces are single and none stands before punctuation."""
    text = expand(pattern, random.Random(seed))
    assert text in all_texts(pattern)
    assert text == text.strip() and "  " not in text and not re.search(r" [,?.!]", text)


@pytest.mark.parametrize("intent", PATTERNS)
def test_training_and_held_out_patterns_share_nothing(intent: str) -> None:
    """Every pattern is on one side; both sides have some."""
    patterns = PATTERNS[intent]
    train, held_out = split(patterns, held_out=False), split(patterns, held_out=True)
    assert train and held_out
    assert not set(train) & set(held_out)
    assert sorted([*train, *held_out]) == sorted(patterns)


def test_held_out_texts_are_new() -> None:
    """Patterns overlap a little when written out; on average at most one held-out text in ten could be trained on."""
    shares = []
    for patterns in PATTERNS.values():
        train, held_out = (split(patterns, held_out=side) for side in (False, True))
        trained = set().union(*map(all_texts, train))
        shares += [len(all_texts(pattern) & trained) / len(all_texts(pattern)) for pattern in held_out]
    assert fmean(shares) <= 0.1


@pytest.mark.walk
def test_no_text_means_two_things() -> None:
    """Of 60,000 texts, trained and held out, loose and tidy: the same words always have the same sound reply."""
    replies: dict[str, set[str]] = defaultdict(set)
    for held_out, loose in ((False, 0.0), (False, 0.3), (True, 0.0)):
        rng, asker = random.Random(7), Asker(WORLD, held_out=held_out, typos=0.0, manners=0.0, loose=loose)
        for _ in range(20_000):
            ask = asker.any(rng)
            replies[plain(ask.text)].add(WORLD.body(ask))
    assert not {text: said for text, said in replies.items() if len(said) > 1}


@given(seeds)
def test_a_reason_is_said_in_its_own_words(seed: int) -> None:
    """The name of a reason is a word of every way to say it; an ask without a reason names none."""
    rng = random.Random(seed)
    reason = rng.choice(list(WORLD.reasons))
    asker = exam_asker(WORLD)
    said = {name: Trigger(groups=((name,),)) for name in WORLD.reasons}
    with_reason = Conversation.ask(asker.ask("discount", rng, reason=reason).text)
    without = Conversation.ask(asker.ask("discount", rng, reason="").text)
    assert [name for name, trigger in said.items() if trigger.fires(with_reason)] == [reason]
    assert not any(trigger.fires(without) for trigger in said.values())


@given(st.lists(st.from_regex(r"[A-Za-z]{1,9}|[0-9]{1,4}", fullmatch=True)), seeds, st.integers(0, 3))
def test_typing_errors_spare_numbers_and_short_words(words: list[str], seed: int, edits: int) -> None:
    """Only words of four letters or more change, never in their first letter, and by at most one letter an edit."""
    typed = mistype(" ".join(words), random.Random(seed), edits).split()
    changed = [(word, other) for word, other in zip(words, typed, strict=True) if word != other]
    assert len(changed) <= edits
    for word, other in changed:
        assert word.isalpha() and len(word) >= 4 and other[0] == word[0]
        assert abs(len(other) - len(word)) <= edits


@given(seeds)
def test_the_same_seed_asks_the_same(seed: int) -> None:
    """Two askers with one seed say the same words and mean the same."""
    first, again = ([Asker(WORLD).any(rng) for _ in range(5)] for rng in (random.Random(seed), random.Random(seed)))
    assert first == again
