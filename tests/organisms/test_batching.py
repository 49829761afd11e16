"""A batch that requests join and leave at any time: nobody's reply depends on it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from organisms.random_llama import PLAIN, random_prompts

from drillyard.errors import BadInput
from drillyard.organisms.engine.batching import ROWS, TOKENS, Batch, Request
from drillyard.organisms.engine.engine import Engine, Generation
from drillyard.organisms.engine.sampling import Sampler

prompts = st.lists(st.integers(0, PLAIN.vocab_size - 1), min_size=1, max_size=40)
requests = st.builds(
    Request,
    prompt=st.builds(lambda common, own: list(range(common)) + own, st.sampled_from([0, 0, 20, 45]), prompts),
    max_new_tokens=st.integers(1, 20),
    seed=st.none() | st.integers(0, 2**64),
    stop=st.just(1),
    temperature=st.sampled_from([0.5, 1.0, 1.7]),
    min_p=st.sampled_from([0.0, 0.05]),
    top_p=st.sampled_from([1.0, 0.9, 0.3]),
)


def finish(batch: Batch, drawn: dict[int, list[int]]) -> None:
    """Run a batch to its end, collecting what each request draws."""
    while len(batch):
        advance(batch, drawn)


def advance(batch: Batch, drawn: dict[int, list[int]]) -> None:
    """Make one step, collecting what each request draws."""
    step = batch.step()
    for number, token in zip(step.requests.tolist(), step.tokens.tolist(), strict=True):
        drawn.setdefault(number, []).append(token)


def alone(engine: Engine, request: Request) -> list[int]:
    """Return what a request draws in a batch of its own, the stop token included."""
    batch, drawn = engine.batch(), {}
    (number,) = batch.add([request])
    finish(batch, drawn)
    return drawn[number]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.lists(requests, max_size=4), st.integers(0, 8)), min_size=1, max_size=5))
def test_whoever_joins_and_whenever_changes_no_reply(engine: Engine, waves: list[tuple[list[Request], int]]) -> None:
    """Requests of all kinds come in waves, some steps apart, with and without a common beginning."""
    batch, drawn, asked = engine.batch(), {}, {}
    for wave, steps in waves:
        asked |= dict(zip(batch.add(wave), wave, strict=True))
        for _ in range(steps if len(batch) else 0):
            if len(batch):
                advance(batch, drawn)
    finish(batch, drawn)
    assert drawn == {number: alone(engine, request) for number, request in asked.items()}


@settings(max_examples=30)
@given(st.lists(requests, min_size=2, max_size=8), st.lists(requests, max_size=3), st.data())
def test_whoever_leaves_changes_no_reply(
    engine: Engine, first: list[Request], later: list[Request], data: st.DataObject
) -> None:
    """A request that is taken out draws nothing more; the others, and one that comes then, do not notice."""
    batch, drawn = engine.batch(), {}
    asked = dict(zip(batch.add(first), first, strict=True))
    advance(batch, drawn)
    gone = set(data.draw(st.lists(st.sampled_from(sorted(asked)), unique=True)))
    batch.remove(sorted(gone))
    asked |= dict(zip(batch.add(later), later, strict=True))
    finish(batch, drawn)
    for number, request in asked.items():
        assert drawn[number] == (alone(engine, request)[:1] if number in gone else alone(engine, request))


def test_a_request_that_is_done_leaves_at_once(engine: Engine) -> None:
    """The batch counts only who is running, and the next step has no row for who is not."""
    batch = engine.batch()
    (prompt,) = random_prompts([5])
    short, long = batch.add([Request(prompt=prompt, max_new_tokens=n, seed=1, stop=-1) for n in (1, 3)])
    step = batch.step()
    assert dict(zip(step.requests.tolist(), step.done.tolist(), strict=True)) == {short: True, long: False}
    assert len(batch) == 1
    assert batch.step().requests.tolist() == [long]
    batch.remove([long, short, 99])
    assert len(batch) == 0
    assert batch.step().tokens.size == 0


def test_what_a_batch_has_in_common_is_stored_once(engine: Engine) -> None:
    """The common beginning is shared, kept when a like one joins, and given back when another one comes."""
    begin = list(range(40))
    batch = Batch(engine._network)

    def join(*prompts: list[int]) -> int:
        batch.add([Request(prompt=prompt, max_new_tokens=9, seed=None, stop=-1) for prompt in prompts])
        batch.step()
        return batch._cache.shared

    assert join([*begin, 50]) == 0
    assert join([*begin, 60], [*begin, 70, 71]) == 40
    assert join([*begin, 80]) == 40
    assert join([*begin[:30], 90]) == 30
    assert join([5]) == 0


def test_a_beginning_that_was_read_lately_is_not_read_again(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system message costs one reading for all batches that come after it, a lone request too; replies stay equal."""
    talks = [[*range(begin, begin + 40), *own] for begin in (0, 45) for own in ([91, 92], [93], [94, 95, 90])]
    fresh = Engine(engine.weights, engine.config)
    cold = [answer(Engine(engine.weights, engine.config), [talk]) for talk in talks]
    read: list[int] = []
    inner = fresh._network.read

    def counted(texts: Any, *args: Any) -> Any:
        read.append(sum(map(len, texts)))
        return inner(texts, *args)

    monkeypatch.setattr(fresh._network, "read", counted)
    assert [[reply] for reply in answer(fresh, talks)] == cold
    assert sum(read) == 2 * 40 + 2 * 6  # two beginnings, told apart, and what is behind them
    read.clear()
    assert [answer(fresh, [talk]) for talk in talks] == cold
    assert sum(read) == 2 * 6


def answer(engine: Engine, talks: list[list[int]]) -> list[Generation]:
    """Answer greedily."""
    return engine.generate(talks, max_new_tokens=3, seeds=[None] * len(talks), stop=-1)


def test_a_batch_has_room_for_what_its_memory_allows(engine: Engine) -> None:
    """As many rows as are fast, as many tokens as were promised, and always at least one request."""

    def asked(prompt: int, new: int) -> Request:
        return Request(prompt=[1] * prompt, max_new_tokens=new, seed=None, stop=-1)

    batch = engine.batch()
    assert batch.room([asked(10, 10)] * 100) == ROWS
    assert batch.room([asked(TOKENS, 1)] * 2) == 1
    assert batch.room([asked(TOKENS // 4, 0)] * 9) == 4
    numbers = batch.add([asked(10, 10)] * (ROWS - 1))
    assert batch.room([asked(10, 10)] * 9) == 1
    batch.remove(numbers[:5])
    assert batch.room([asked(10, 10)] * 9) == 6


def test_what_cannot_run_is_refused_before_it_joins(engine: Engine) -> None:
    """One bad request of several leaves the batch as it was."""
    batch, good = engine.batch(), Request(prompt=[1, 2], max_new_tokens=3, seed=1, stop=-1)
    for bad, words in [
        (Request(prompt=[], max_new_tokens=3, seed=1, stop=-1), "a prompt of 0 tokens"),
        (Request(prompt=[1] * 126, max_new_tokens=3, seed=1, stop=-1), "a prompt of 126 tokens, expected 1 to 125"),
        (Request(prompt=[96], max_new_tokens=3, seed=1, stop=-1), "token ids from 96 to 96"),
        (Request(prompt=[1], max_new_tokens=3, seed=1, stop=-1, top_p=1.5), "top_p 1.5, expected a number from 0 to 1"),
    ]:
        with pytest.raises(BadInput, match=words):
            batch.add([good, bad])
    assert len(batch) == 0


def test_top_p_draws_from_the_smallest_set_that_reaches_it() -> None:
    """Against the definition: sort by probability, take tokens until their sum reaches top_p, renormalise."""
    rng = np.random.default_rng(5)
    logits = rng.normal(0, 2, 30).astype(np.float32)
    chances = np.exp(logits.astype(np.float64))
    chances /= chances.sum()
    order = np.argsort(-chances)
    for share in (0.0, 0.25, 0.6, 0.95):
        kept = order[: np.searchsorted(np.cumsum(chances[order]), share) + 1]
        n = 4000
        tokens, _ = Sampler(range(n), 1, 1.0, 0.0, share).choose(np.tile(logits, (n, 1)), np.arange(n), 0)
        counts = np.bincount(tokens, minlength=30)
        assert set(np.flatnonzero(counts)) <= set(kept.tolist())
        expected = chances[kept] / chances[kept].sum()
        spread = np.sqrt(n * expected * (1 - expected))
        assert np.all(np.abs(counts[kept] - n * expected) < 5 * spread + 1)  # five standard deviations


def test_noise_that_moves_the_border_of_top_p_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in test_sampling.py: every draw that shaken logits change had been reported as unsure."""
    monkeypatch.setattr("drillyard.organisms.engine.sampling.NOISE", np.float32(2e-3))
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (5000, 40)).astype(np.float32)
    shake = 2e-3 * np.abs(logits).max(axis=1, keepdims=True) * rng.choice([-0.99, 0.99], logits.shape)
    sampler, rows = Sampler(range(5000), 1, 1.0, 0.02, 0.8), np.arange(5000)
    before, unsure = sampler.choose(logits, rows, 0)
    after, _ = sampler.choose((logits + shake).astype(np.float32), rows, 0)
    assert 10 < (before != after).sum() < 500
    assert not np.setdiff1d(np.flatnonzero(before != after), unsure).size
