"""Drawing tokens: what the noise of a batch could change is reported, and only that."""

from __future__ import annotations

import numpy as np
import pytest

from drillyard.organisms.engine.sampling import NOISE, Sampler, log_probability

ROWS, VOCABULARY = 20_000, 40


@pytest.mark.parametrize(("seeds", "min_p"), [(range(ROWS), 0.0), (range(ROWS), 0.05), ([None] * ROWS, 0.0)])
@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.0])
def test_noise_changes_only_draws_reported_as_unsure(
    seeds: list[int | None], min_p: float, temperature: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logits are shaken by the most that is allowed for; each draw that changes had been reported beforehand.

    The allowance is raised two hundredfold here, so that many draws do change.
    """
    monkeypatch.setattr("drillyard.organisms.engine.sampling.NOISE", np.float32(200 * NOISE))
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (ROWS, VOCABULARY)).astype(np.float32)
    shake = 200 * NOISE * np.abs(logits).max(axis=1, keepdims=True) * rng.choice([-0.99, 0.99], logits.shape)
    sampler, requests = Sampler(seeds, 1, temperature, min_p), np.arange(ROWS)
    before, unsure = sampler.choose(logits, requests, 0)
    after, _ = sampler.choose((logits + shake).astype(np.float32), requests, 0)
    changed = before != after
    assert 10 < changed.sum() < ROWS / 10
    assert not np.setdiff1d(np.flatnonzero(changed), unsure).size


def test_few_draws_are_unsure() -> None:
    """Deciding again is the exception: two draws in a hundred even on logits far flatter than a model's."""
    logits = np.random.default_rng(1).normal(0, 3, (ROWS, 1000)).astype(np.float32)
    for seeds in (range(ROWS), [None] * ROWS):
        _, unsure = Sampler(seeds, 1, 1.0, 0.02).choose(logits, np.arange(ROWS), 0)
        assert len(unsure) < 0.02 * ROWS


def test_ties_go_to_the_lowest_id_and_are_reported() -> None:
    """Two equally probable tokens: greedy takes the first, as argmax does, and says that it was close."""
    logits = np.array([[0, 5, 1, 5], [0, 5, 1, 4]], np.float32)
    tokens, unsure = Sampler([None, None], 1, 1.0, 0.0).choose(logits, np.arange(2), 0)
    assert tokens.tolist() == [1, 1]
    assert unsure.tolist() == [0]


def test_draws_belong_to_the_request() -> None:
    """A request's draws depend on its seed and step alone, in whatever row it stands."""
    logits = np.zeros((1, 1000), np.float32)
    many, one = Sampler(range(10), 5, 1.0, 0.0), Sampler([7], 5, 1.0, 0.0)
    for step in range(5):
        whole, _ = many.choose(np.repeat(logits, 3, axis=0), np.array([2, 7, 9]), step)
        alone, _ = one.choose(logits, np.array([0]), step)
        assert whole[1] == alone[0]
        assert len(set(whole.tolist())) == 3


def test_log_probability_is_the_log_softmax() -> None:
    """Against the definition in float64."""
    logits = np.random.default_rng(2).normal(0, 9, (50, 300)).astype(np.float32)
    tokens = np.arange(50)
    wide = np.exp(logits.astype(np.float64))
    expected = np.log(wide[np.arange(50), tokens] / wide.sum(axis=1))
    np.testing.assert_allclose(log_probability(logits, tokens), expected, rtol=1e-5)
