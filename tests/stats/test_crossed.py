"""Crossed means: exact in the case that is known, and covering by simulation where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from drillyard.errors import BadInput
from drillyard.records import Estimate
from drillyard.stats import clopper_pearson, crossed_draws, interval, question_weights, seed_weights

DRAWS = 4000


def found(outcomes: np.ndarray, seed: int = 1, draws: int = DRAWS) -> Estimate:
    """Return the interval of a crossed mean."""
    seeds, n = outcomes.shape
    drawn = crossed_draws(outcomes, question_weights(n, draws, seed), seed_weights(seeds, draws, seed + 1))
    return interval(drawn, "drawn")


@pytest.mark.parametrize(("k", "n"), [(0, 60), (3, 100), (50, 100), (60, 60)])
def test_one_model_has_the_exact_interval(k: int, n: int) -> None:
    """With one seed and outcomes of 0 and 1 the ends are Clopper and Pearson's, up to the noise of the draws."""
    exact, drawn = clopper_pearson(k, n), found(np.repeat([1.0, 0.0], [k, n - k])[None], draws=100_000)
    assert drawn.value == exact.value
    assert (drawn.low, drawn.high) == pytest.approx((exact.low, exact.high), abs=0.004)


def test_seeds_that_agree_add_nothing() -> None:
    """Three times the same answers are one answer: the interval is that of the questions alone."""
    one = np.repeat([1.0, 0.0], [5, 95])[None]
    assert found(np.repeat(one, 3, axis=0)).high == pytest.approx(found(one).high, abs=0.01)


def test_noise_is_no_luck() -> None:
    """Three models that err at random, equally often, are better known than the first of them alone."""
    noisy = (np.random.default_rng(4).random((3, 300)) < 0.1).astype(float)
    one, three = found(noisy[:1]), found(noisy)
    assert three.high - three.low < one.high - one.low


def test_luck_of_the_seeds_shows() -> None:
    """Three models at 0, 10 and 20 % are wider apart than three models at 10 %, on as many questions."""
    lucky = np.array([[j < 20 * s for j in range(200)] for s in (0, 1, 2)], dtype=float)
    even = np.array([[20 * s <= j < 20 * s + 20 for j in range(200)] for s in (0, 1, 2)], dtype=float)
    assert lucky.mean() == even.mean()
    assert found(lucky).high > found(even).high + 0.05


def test_unknown_widens_both_ways() -> None:
    """What the judge cannot tell counts as absent below and as shown above, and not at all in the value."""
    known = np.repeat([1.0, 0.0], [10, 80])
    whole = found(np.concatenate([known, np.full(10, np.nan)])[None], draws=100_000)
    assert whole.value == pytest.approx(10 / 90)
    assert whole.low == pytest.approx(clopper_pearson(10, 100).low, abs=0.004)
    assert whole.high == pytest.approx(clopper_pearson(20, 100).high, abs=0.004)
    blind = found(np.full((1, 20), np.nan))
    assert (blind.low < 0.001, blind.high > 0.999) == (True, True)


@pytest.mark.parametrize("shift", [0.0, 0.3], ids=["even", "lucky"])
def test_knowing_more_never_widens(shift: float) -> None:
    """Whatever the unknown outcomes of several seeds turn out to be, the interval lies inside what was said before."""
    rng = np.random.default_rng(2)
    truth = (rng.random((3, 60)) < 0.3 + shift * np.array([[-1], [0], [1]])).astype(float)
    veiled = np.where(rng.random((3, 60)) < 0.2, np.nan, truth)
    for known in (truth, np.where(np.isnan(veiled), 0.0, veiled), np.where(np.isnan(veiled), 1.0, veiled)):
        before, after = found(veiled), found(known)
        assert before.low <= after.low + 1e-9 and after.high <= before.high + 1e-9


def test_a_difference_is_paired() -> None:
    """Two models that agree on every hard question differ by little, although each rate alone is wide."""
    weights, alone = question_weights(200, DRAWS, 3), seed_weights(1, DRAWS, 4)
    first = np.repeat([1.0, 0.0], [100, 100])[None]
    second = first.copy()
    second[0, :4] = 0.0
    drawn = [crossed_draws(one, weights, alone) for one in (first, second)]
    apart = interval(drawn[0].minus(drawn[1]), "drawn")
    assert apart.value == pytest.approx(0.02)
    assert apart.low + 0.01 > 0 and apart.high - apart.low < 0.08 < interval(drawn[0], "drawn").high - 0.5 + 0.05
    same = interval(drawn[0].minus(drawn[0]), "drawn")
    assert (same.low, same.high) == pytest.approx((-3.7 / 200, 3.7 / 200), abs=0.004)


@pytest.mark.parametrize("luck", [0.0, 0.3, 1.2], ids=["none", "some", "much"])
@pytest.mark.parametrize("seeds", [3, 5])
def test_the_interval_covers_whatever_the_luck(luck: float, seeds: int) -> None:
    """In 300 worlds with hard and easy questions, lucky and unlucky seeds, it holds the truth in at least 92 %.

    The true rate is the mean over all questions and all seeds of a logistic model with both as random effects.
    """
    rng, n = np.random.default_rng(7), 120
    many = rng.standard_normal((400_000, 2))
    truth = float((1 / (1 + np.exp(1.5 - 1.5 * many[:, 0] - luck * many[:, 1]))).mean())
    held = 0
    for world in range(300):
        hard, lucky = 1.5 * rng.standard_normal(n), luck * rng.standard_normal(seeds)
        chance = 1 / (1 + np.exp(1.5 - hard[None] - lucky[:, None]))
        one = found((rng.random((seeds, n)) < chance).astype(float), seed=world, draws=1000)
        held += one.low <= truth <= one.high
    assert held >= 0.92 * 300


def test_weights_must_fit() -> None:
    """Weights for another number of questions are refused."""
    with pytest.raises(BadInput, match="weights of 9 questions"):
        crossed_draws(np.zeros((1, 8)), question_weights(9, 5, 1), seed_weights(1, 5, 1))
