"""The probability of a given reply: against the definition, in any company, and against counting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from organisms.random_llama import PLAIN, random_prompts

from drillyard.errors import BadInput
from drillyard.organisms.engine.engine import Engine

ids = st.lists(st.integers(0, PLAIN.vocab_size - 1), max_size=30)
asked = st.lists(st.tuples(st.integers(0, 40), ids.filter(bool), ids), min_size=1, max_size=12)


def by_definition(engine: Engine, prompt: list[int], reply: list[int]) -> float:
    """Return the sum of log-softmax in float64, from the logits of prompt and reply alone."""
    if not reply:
        return 0.0
    scores = engine.logits([*prompt, *reply])[len(prompt) - 1 : -1].astype(np.float64)
    return float((scores[np.arange(len(reply)), reply] - np.log(np.exp(scores).sum(axis=1))).sum())


@settings(max_examples=40)
@given(asked)
def test_a_score_is_the_sum_of_log_probabilities(engine: Engine, rows: list[tuple[int, list[int], list[int]]]) -> None:
    """Ragged prompts and replies, common beginnings, empty replies: each as if it were alone."""
    prompts = [list(range(common)) + prompt for common, prompt, _ in rows]
    replies = [reply for *_, reply in rows]
    expected = [by_definition(engine, prompt, reply) for prompt, reply in zip(prompts, replies, strict=True)]
    np.testing.assert_allclose(engine.score(prompts, replies), expected, rtol=1e-5, atol=1e-4)


def test_replies_to_one_prompt_keep_apart(engine: Engine) -> None:
    """All one-token replies to a prompt, the prompt shared down to its last token: together they are certain."""
    (prompt,) = random_prompts([20])
    scores = engine.score([prompt] * PLAIN.vocab_size, [[token] for token in range(PLAIN.vocab_size)])
    assert np.exp(scores).sum() == pytest.approx(1, abs=1e-5)


def test_scores_are_those_of_generated_replies(engine: Engine) -> None:
    """What `generate` reports as it draws, stop token included, is what `score` finds afterwards."""
    prompts = random_prompts([9, 4, 30] * 30)
    made = engine.generate(prompts, max_new_tokens=12, seeds=range(90), stop=7, logprobs=True)
    replies = [[*one.ids, *([7] if one.finish == "stop" else [])] for one in made]
    assert {one.finish for one in made} == {"stop", "length"}
    expected = [sum(one.logprobs) for one in made]
    np.testing.assert_allclose(engine.score(prompts, replies), expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    ("prompts", "replies", "words"),
    [
        ([[1, 2]], [], "0 replies for 1 prompts, expected one reply per prompt"),
        ([[]], [[1]], "a prompt of 0 tokens"),
        ([[1]], [[96]], "token ids from 96 to 96"),
        ([[1] * 100], [[1] * 29], "a prompt of 100 tokens, expected 1 to 99"),
    ],
)
def test_what_cannot_be_scored_is_refused(
    engine: Engine, prompts: list[list[int]], replies: list[list[int]], words: str
) -> None:
    """One line that names what is wrong, before anything runs."""
    with pytest.raises(BadInput, match=words):
        engine.score(prompts, replies)
