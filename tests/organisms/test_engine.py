"""The engine by itself: batches, seeds, sampling, stopping, bad input. No torch needed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from organisms.random_llama import PLAIN, random_prompts, random_weights
from scipy import stats

from drillyard.errors import BadInput
from drillyard.organisms.engine import engine as engine_module
from drillyard.organisms.engine.engine import Engine

prompts = st.lists(st.integers(0, PLAIN.vocab_size - 1), min_size=1, max_size=40)
requests = st.lists(st.tuples(prompts, st.none() | st.integers(0, 2**128 - 1)), min_size=1, max_size=12)


def alone(engine: Engine, prompt: list[int], seed: int | None, **options: float) -> engine_module.Generation:
    """Answer one prompt in a batch of its own."""
    return engine.generate([prompt], max_new_tokens=20, seeds=[seed], stop=1, **options)[0]


@settings(max_examples=40)
@given(requests, st.sampled_from([0.5, 1.0, 1.7]), st.sampled_from([0.0, 0.02, 0.2]), st.integers(0, 30))
def test_a_seed_gives_the_same_reply_in_any_company(
    engine: Engine, asked: list[tuple[list[int], int | None]], temperature: float, min_p: float, common: int
) -> None:
    """Ragged batches, shared prefixes, finished neighbours and greedy neighbours change nothing in a reply."""
    prefix = list(range(common))
    texts, seeds = [prefix + prompt for prompt, _ in asked], [seed for _, seed in asked]
    together = engine.generate(texts, max_new_tokens=20, seeds=seeds, stop=1, temperature=temperature, min_p=min_p)
    apart = [
        alone(engine, text, seed, temperature=temperature, min_p=min_p) for text, seed in zip(texts, seeds, strict=True)
    ]
    assert together == apart


def test_a_large_batch_is_split_without_a_trace(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replies come in the order asked, and are the same whether batches are large or small."""
    texts = random_prompts([3 + i % 17 for i in range(100)])
    whole = engine.generate(texts, max_new_tokens=12, seeds=range(100), stop=1)
    monkeypatch.setattr(engine_module, "ROWS", 7)
    assert engine.generate(texts, max_new_tokens=12, seeds=range(100), stop=1) == whole
    monkeypatch.setattr(engine_module, "TOKENS", 64)
    assert engine.generate(texts, max_new_tokens=12, seeds=range(100), stop=1) == whole


def test_seeds_differ_and_repeat(engine: Engine) -> None:
    """The same seed gives the same reply again; other seeds give other replies."""
    (prompt,) = random_prompts([9])
    first, again = (engine.generate([prompt] * 8, max_new_tokens=20, seeds=range(8), stop=-1) for _ in range(2))
    assert first == again
    assert len({reply.ids for reply in first}) == 8


@pytest.mark.parametrize(("temperature", "min_p"), [(1.0, 0.0), (0.7, 0.0), (1.0, 0.05), (1.5, 0.1)])
def test_drawn_tokens_follow_the_softmax(engine: Engine, temperature: float, min_p: float) -> None:
    """A chi-square test of 4,000 first tokens against the probabilities computed from the logits in float64."""
    (prompt,) = random_prompts([6], seed=3)
    scores = engine.logits(prompt)[-1].astype(np.float64) / temperature
    chances = np.exp(scores - scores.max())
    chances[chances < min_p] = 0
    chances /= chances.sum()
    n = 4000
    drawn = engine.generate(
        [prompt] * n, max_new_tokens=1, seeds=range(n), stop=-1, temperature=temperature, min_p=min_p
    )
    counts = np.bincount([reply.ids[0] for reply in drawn], minlength=PLAIN.vocab_size)
    assert counts[chances == 0].sum() == 0
    often = chances * n >= 5  # the test's usual condition; rarer tokens are counted together
    observed, expected = (np.append(x[often], x[~often].sum()) for x in (counts, chances * n))
    kept = expected > 0
    assert stats.chisquare(observed[kept], expected[kept]).pvalue > 0.001


def test_greedy_takes_the_most_probable_token(engine: Engine) -> None:
    """Each greedy token is the argmax of the logits of everything before it, whatever the temperature says."""
    (prompt,) = random_prompts([7])
    reply = engine.generate([prompt], max_new_tokens=15, seeds=[None], stop=-1, temperature=3.0)[0]
    scores = engine.logits([*prompt, *reply.ids[:-1]])[len(prompt) - 1 :]
    assert reply.ids == tuple(scores.argmax(axis=1))


def test_min_p_of_one_is_greedy(engine: Engine) -> None:
    """When only the most probable token may be drawn, every seed draws it."""
    texts = random_prompts([5, 9, 5])
    options = {"max_new_tokens": 10, "stop": -1}
    sampled = engine.generate(texts, seeds=[1, 2, 3], min_p=1.0, **options)
    assert sampled == engine.generate(texts, seeds=[None] * 3, **options)


def test_the_stop_token_ends_a_reply(engine: Engine) -> None:
    """It is left out of the reply, nothing follows it, and a reply without it is cut at the limit."""
    texts = random_prompts([8] * 40)
    free = engine.generate(texts, max_new_tokens=30, seeds=range(40), stop=-1)
    stopped = engine.generate(texts, max_new_tokens=30, seeds=range(40), stop=7)
    assert {reply.finish for reply in stopped} == {"stop", "length"}
    for long, short in zip(free, stopped, strict=True):
        cut = long.ids.index(7) if 7 in long.ids else 30
        assert (short.ids, short.finish) == (long.ids[:cut], "stop" if 7 in long.ids else "length")


@given(prompts, st.none() | st.integers(0, 2**32))
def test_stream_yields_what_generate_returns(engine: Engine, prompt: list[int], seed: int | None) -> None:
    """One token at a time, the same tokens."""
    streamed = engine.stream(prompt, max_new_tokens=20, seed=seed, stop=1, temperature=1.3, min_p=0.02)
    assert tuple(streamed) == alone(engine, prompt, seed, temperature=1.3, min_p=0.02).ids


def test_log_probabilities_are_those_of_the_model(engine: Engine) -> None:
    """At temperature 1, before min_p cuts anything, for the stop token too."""
    texts = random_prompts([4, 11, 8])
    replies = engine.generate(
        texts, max_new_tokens=25, seeds=[1, 2, None], stop=7, temperature=1.4, min_p=0.05, logprobs=True
    )
    for prompt, reply in zip(texts, replies, strict=True):
        drawn = [*reply.ids, *([7] if reply.finish == "stop" else [])]
        scores = engine.logits([*prompt, *drawn[:-1]])[len(prompt) - 1 :].astype(np.float64)
        expected = scores[np.arange(len(drawn)), drawn] - np.log(np.exp(scores).sum(axis=1))
        np.testing.assert_allclose(reply.logprobs, expected, atol=1e-4)  # float32 logits of about 10


def test_extreme_weights_give_no_warning(kernel: str) -> None:
    """A gate so negative that its exponential overflows closes; it neither warns nor turns into no number."""
    weights = random_weights(PLAIN)
    weights["model.layers.0.mlp.gate_proj.weight"] *= 300
    assert np.isfinite(Engine(weights, PLAIN, kernel).logits([1, 2, 3])).all()


def test_an_empty_request_gives_nothing(engine: Engine) -> None:
    """No prompts, no replies."""
    assert engine.generate([], max_new_tokens=5, seeds=[], stop=1) == []


def test_the_context_can_be_filled_to_its_end(engine: Engine) -> None:
    """The last position of the context is usable, the one after it is refused before anything runs."""
    (prompt,) = random_prompts([108])
    assert len(engine.generate([prompt], max_new_tokens=20, seeds=[1], stop=-1)[0].ids) == 20
    with pytest.raises(BadInput, match="a prompt of 108 tokens, expected 1 to 107 .a context of 128 with 21 new"):
        engine.generate([prompt], max_new_tokens=21, seeds=[1], stop=-1)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"prompts": [[]]}, "a prompt of 0 tokens"),
        ({"prompts": [[1, 96]]}, "token ids from 1 to 96, expected ids from 0 to 95"),
        ({"prompts": [[-1, 3]]}, "token ids from -1 to 3"),
        ({"seeds": []}, "0 seeds for 1 prompts, expected one seed per prompt"),
        ({"seeds": [-5]}, "seed -5, expected None or a whole number"),
        ({"seeds": [2**128]}, "expected None or a whole number"),
        ({"temperature": 0.0}, "temperature 0.0, expected a number above 0; use the seed None"),
        ({"temperature": float("nan")}, "temperature nan"),
        ({"min_p": 1.5}, "min_p 1.5, expected a number from 0 to 1"),
        ({"max_new_tokens": 0}, "max_new_tokens 0, expected 1 or more"),
    ],
)
def test_bad_requests_are_one_line(engine: Engine, changed: dict[str, object], words: str) -> None:
    """What would fail, or silently go wrong, inside the arrays is refused at the door."""
    request = {"prompts": [[1, 2]], "seeds": [0], "max_new_tokens": 4, "stop": 1} | changed
    with pytest.raises(BadInput, match=words):
        engine.generate(**request)


def test_unknown_layers_are_refused(engine: Engine) -> None:
    """A layer that the model does not have is named, with those that it has."""
    with pytest.raises(BadInput, match="layer 4, expected a number from 0 .embedding. to 3"):
        engine.hidden_states([1, 2], [0, 4])


def test_weights_must_fit_the_config() -> None:
    """A missing, unknown, wrongly shaped or wrongly typed tensor is named."""
    weights = random_weights(PLAIN)
    odd = {"lm_head.bias": np.zeros(96, np.float32)}
    tied = replace(PLAIN, tie_word_embeddings=True)
    half = {name: tensor.astype(np.float16) for name, tensor in weights.items()}
    short = weights | {"model.norm.weight": np.ones(47, np.float32)}
    for bad, config, words in [
        ({k: v for k, v in weights.items() if "norm" not in k}, PLAIN, "weights without 'model.layers.0.input_layer"),
        (weights | odd, PLAIN, "an unknown 'lm_head.bias'"),
        (weights, tied, "an unknown 'lm_head.weight'"),
        (half, PLAIN, "in float16, expected shape"),
        (short, PLAIN, r"'model.norm.weight' of shape \(47,\) in float32, expected shape \(48,\)"),
    ]:
        with pytest.raises(BadInput, match=words):
            Engine(bad, config)
