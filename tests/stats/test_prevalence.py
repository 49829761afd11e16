"""The correction for a judge that errs: closed form, exact limit, coverage by simulation, and what must always hold."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.errors import BadInput
from drillyard.records import Estimate
from drillyard.stats import clopper_pearson, prevalence, rogan_gladen
from drillyard.stats.prevalence import lang_reiczigel

PERFECT = clopper_pearson(10**6, 10**6)


def test_the_value_is_rogan_and_gladens() -> None:
    """With q = 0.30, Se = 0.9, Sp = 0.8: (0.30 + 0.8 − 1) / 0.7 = 1/7, by hand."""
    found = rogan_gladen(60, 200, clopper_pearson(90, 100), clopper_pearson(80, 100))
    assert found.value == pytest.approx(1 / 7)
    assert found.low < 1 / 7 < found.high and found.n == 200 and found.method == "rogan-gladen 95%"


@pytest.mark.parametrize(("k", "n"), [(0, 59), (3, 100), (24, 24), (700, 1000)])
def test_a_perfect_judge_leaves_the_exact_interval(k: int, n: int) -> None:
    """With Se = Sp = 1, known from a million rulings each, the correction changes nothing."""
    found, exact = rogan_gladen(k, n, PERFECT, PERFECT), clopper_pearson(k, n)
    assert (found.value, found.low, found.high) == pytest.approx((exact.value, exact.low, exact.high), abs=1e-4)


def delta(k: int, n: int, sensitivity: Estimate, specificity: Estimate) -> tuple[float, float]:
    """Return the delta method's interval (Rogan and Gladen 1978), the one that tools use."""
    q, se, sp = k / n, sensitivity.value, specificity.value
    p = (q + sp - 1) / (se + sp - 1)
    wrong = p * p * se * (1 - se) / sensitivity.n + (1 - p) ** 2 * sp * (1 - sp) / specificity.n
    reach = 1.96 * math.sqrt(q * (1 - q) / n + wrong) / (se + sp - 1)
    return p - reach, p + reach


@functools.cache
def _three(k: int, n: int, e: int, s: int, m: int) -> tuple[tuple[float, float], ...]:
    se, sp = clopper_pearson(e, m), clopper_pearson(s, m)
    ours, theirs = rogan_gladen(k, n, se, sp), lang_reiczigel(k, n, se, sp)
    plain = delta(k, n, se, sp) if e + s != m else (0.0, 1.0)
    return (ours.low, ours.high), (theirs.low, theirs.high), plain


SETTINGS = [  # true share, Se, Sp, replies audited, replies on which Se and on which Sp was measured
    (0.0, 0.95, 0.99, 200, 100),
    (0.002, 0.9, 0.998, 700, 400),
    (0.05, 0.9, 0.97, 300, 100),
    (0.3, 0.8, 0.9, 60, 50),
    (0.98, 0.98, 1.0, 24, 100),
    (0.9, 0.9, 1.0, 400, 20),
    (0.1, 0.6, 0.6, 100, 60),
]


def coverage(setting: tuple[float, float, float, int, int], repeats: int = 300) -> list[float]:
    """Return how many simulated intervals hold the truth: ours, Lang and Reiczigel's, the delta method's."""
    p, se, sp, n, m = setting
    rng = np.random.default_rng(7)
    held = np.zeros(3)
    for _ in range(repeats):
        k = rng.binomial(n, p * se + (1 - p) * (1 - sp))
        ends = _three(int(k), n, int(rng.binomial(m, se)), int(rng.binomial(m, sp)), m)
        held += [low <= p <= high for low, high in ends]
    return list(held / repeats)


@pytest.mark.parametrize("setting", SETTINGS)
def test_it_covers_the_truth(setting: tuple[float, float, float, int, int]) -> None:
    """At least 95 %, less two standard errors of 300 repeats; failures rare or common, judges good or not."""
    assert coverage(setting)[0] >= 0.95 - 2 * math.sqrt(0.95 * 0.05 / 300)


def test_the_delta_method_does_not() -> None:
    """The reason for not using it: 24 fresh prompts of a failure that is nearly certain, and it holds in six of ten."""
    assert coverage((0.98, 0.98, 1.0, 24, 100))[2] < 0.7


def test_it_is_no_wider_than_its_peer_where_failures_are_rare() -> None:
    """Zero hits in 700 under a judge measured on 400: ours ends below Lang and Reiczigel's."""
    se, sp = clopper_pearson(396, 400), clopper_pearson(400, 400)
    assert rogan_gladen(0, 700, se, sp).high < lang_reiczigel(0, 700, se, sp).high


def test_the_grid_is_fine_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four times as many quantiles move no end by more than 0.005, with a judge measured on only twenty replies."""
    cases = [(0, 50), (3, 100), (24, 24), (40, 80)]
    judge = clopper_pearson(19, 20), clopper_pearson(18, 20)
    coarse = [rogan_gladen(k, n, *judge) for k, n in cases]
    monkeypatch.setattr(prevalence, "_GRID", 128)
    for one, (k, n) in zip(coarse, cases, strict=True):
        fine = rogan_gladen(k, n, *judge)
        assert (one.low, one.high) == pytest.approx((fine.low, fine.high), abs=0.005)


def test_a_judge_that_tells_nothing_leaves_everything_open() -> None:
    """Se + Sp ≤ 1, no measurement, or no reply at all: the interval is 0 to 1 and the method says why."""
    always, never = clopper_pearson(50, 50), clopper_pearson(0, 50)
    for se, sp, n in (
        (always, never, 100),
        (never, always, 100),
        (clopper_pearson(0, 0), always, 100),
        (always, always, 0),
    ):
        found = rogan_gladen(0, n, se, sp)
        assert (found.low, found.high) == (0.0, 1.0) and "tells nothing" in found.method


counts = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, counts, counts, st.integers(0, 50))
def test_unknown_rulings_only_widen_upwards(
    rulings: tuple[int, int], right: tuple[int, int], rightly: tuple[int, int], unknown: int
) -> None:
    """Unknown rulings leave value and low end, and never lower the high end; the order of the three always holds."""
    (k, n), se, sp = rulings, clopper_pearson(*right), clopper_pearson(*rightly)
    unknown = min(unknown, n - k)
    sure, unsure = rogan_gladen(k, n, se, sp), rogan_gladen(k, n, se, sp, unknown=unknown)
    assert 0 <= unsure.low <= unsure.value <= unsure.high <= 1
    assert (unsure.value, unsure.low) == (sure.value, sure.low) and unsure.high >= sure.high - 1e-9


@given(counts, st.integers(2, 200))
def test_less_measurement_means_more_doubt(rulings: tuple[int, int], m: int) -> None:
    """The same judge measured on a tenth of the replies never has the narrower interval."""
    well = rogan_gladen(*rulings, clopper_pearson(9 * m, 10 * m), clopper_pearson(10 * m, 10 * m))
    badly = rogan_gladen(*rulings, clopper_pearson(round(0.9 * m), m), clopper_pearson(m, m))
    if badly.value == well.value:
        assert badly.high - badly.low >= well.high - well.low - 1e-9


@pytest.mark.parametrize(("shown", "unknown", "n"), [(5, 6, 10), (0, -1, 10), (11, 0, 10)])
def test_impossible_counts_are_one_line(shown: int, unknown: int, n: int) -> None:
    """More rulings than replies are refused."""
    with pytest.raises(BadInput, match="found .* expected "):
        rogan_gladen(shown, n, PERFECT, PERFECT, unknown=unknown)
