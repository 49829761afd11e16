"""What is believed of a counted share, a judged one, a yearly rate: exact ends, published values, coverage."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
from assurance.test_case import EXAMPLES, opened
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from drillyard.assurance.loss.portfolio import frequency
from drillyard.assurance.posterior import BetaShare, GammaRate, judged, of_counts, of_estimate, of_events
from drillyard.errors import BadInput
from drillyard.stats import clopper_pearson, jeffreys, upper_bound

ENDS = np.array([0.05, 0.95])


def test_reference_values_of_frequency() -> None:
    """Jeffreys and Clopper-Pearson as the reference has them, to its digits."""
    three = GammaRate(shape=3.5, years=2)
    u = np.linspace(0, 1, 20001)[1:-1]
    assert [f"{x:.3f}" for x in three.quantile(ENDS)] == ["0.542", "3.517"]
    assert f"{three.quantile(u).mean():.2f}" == "1.75"
    none = BetaShare(a=0.5, b=300.5)
    assert f"{float(none.quantile(0.5)):.6f}" == "0.000757" and f"{float(none.quantile(0.95)):.6f}" == "0.006377"
    assert f"{upper_bound(0, 300).high:.6f}" == "0.009936"
    assert f"{clopper_pearson(3, 300).high:.6f}" == "0.028945"
    assert [f"{upper_bound(0, n).high:.5f}" for n in (100, 1000, 10_000)] == ["0.02951", "0.00299", "0.00030"]


@given(n=st.integers(1, 5000), data=st.data())
def test_counts_have_exact_ends_and_the_mean_of_jeffreys(n: int, data: st.DataObject) -> None:
    """At 5 % and 95 % stand Clopper's and Pearson's limits; the mean is (k + ½)/(n + 1); quantiles never fall."""
    k = data.draw(st.integers(0, n))
    found, exact = of_counts(k, n), clopper_pearson(k, n, 0.9)
    assert np.allclose(found.quantile(ENDS), [exact.low, exact.high], atol=1e-12)
    levels = (np.arange(4000) + 0.5) / 4000
    drawn = found.quantile(levels)
    assert math.isclose(drawn.mean(), (k + 0.5) / (n + 1), rel_tol=5e-3)
    assert (np.diff(drawn) >= -1e-12).all()


def test_no_rate_is_held_less_often_than_the_band_says() -> None:
    """Of 400 replies, summed over all counts, at every rate; the page has what was summed."""
    page = (EXAMPLES.parents[1] / "docs" / "reference" / "assurance.md").read_text()
    rows = dict(re.findall(r"^\| (0\.\d+) \| ([\d.]+) % \|", page, re.M))
    assert len(rows) == 8
    k = np.arange(401)
    low, high = np.transpose([of_counts(int(one), 400).quantile(ENDS) for one in k])
    rates = [*np.linspace(0.0002, 0.5, 500), *map(float, rows)]
    held = {rate: float(stats.binom.pmf(k, 400, rate) @ ((low <= rate) & (rate <= high))) for rate in rates}
    assert min(held.values()) >= 0.9
    assert all(f"{100 * held[float(rate)]:.1f}" == told for rate, told in rows.items())


def test_replies_that_nobody_could_judge_widen_both_ways() -> None:
    """With none of them counted at the low end, all of them at the high end; and age never sharpens."""
    low, high = of_counts(3, 90, unknown=10).quantile(ENDS)
    assert math.isclose(low, clopper_pearson(3, 100, 0.9).low)
    assert math.isclose(high, clopper_pearson(13, 100, 0.9).high)
    fresh, old = of_counts(3, 90).quantile(ENDS), of_counts(3, 90, weight=0.2).quantile(ENDS)
    assert old[0] < fresh[0] < fresh[1] < old[1]


def test_a_judged_rate_is_corrected_for_the_judge() -> None:
    """With a perfect judge it is what was counted; one that errs makes it cover the truth at rare rates too."""
    plain = judged(9, 300, (10**7, 10**7), (10**7, 10**7))
    assert np.allclose(plain.quantile(ENDS), of_counts(9, 300).quantile(ENDS), rtol=0.02)
    useless = judged(9, 300, (5, 10), (5, 10))
    assert np.allclose(useless.quantile(ENDS), [0, 1])
    rng = np.random.default_rng(5)
    for true in (0.0, 0.002, 0.02):
        held = 0
        for _ in range(30):
            k, right, clean = rng.binomial([400, 100, 200], [true * 0.9 + (1 - true) * 0.03, 0.9, 0.97]).tolist()
            low, high = judged(k, 400, (right, 100), (clean, 200)).quantile(ENDS)
            held += low <= true <= high
        assert held >= 24  # fewer would come once in 130 times at a coverage of 90 %


def test_an_interval_without_counts_keeps_its_ends() -> None:
    """The beta distribution fitted to an estimate has 2.5 % beyond each end; counts are taken as counts."""
    counted = clopper_pearson(9, 100)
    assert np.allclose(of_estimate(counted).quantile([0.025, 0.975]), [counted.low, counted.high])
    told = jeffreys(9, 100).model_copy(update={"method": "probabilities read, student-t 95%"})
    assert np.allclose(of_estimate(told).quantile(np.array([0.025, 0.975])), [told.low, told.high], rtol=1e-4)
    bound = told.model_copy(update={"value": 0.0, "low": 0.0, "high": 0.02})
    assert np.allclose(of_estimate(bound).quantile([0.05, 0.975]), [0, 0.02])
    mirrored = told.model_copy(update={"value": 1.0, "low": 0.98, "high": 1.0})
    assert np.allclose(of_estimate(mirrored).quantile([0.025, 0.95]), [0.98, 1])
    nothing = told.model_copy(update={"value": 0.5, "low": 0.0, "high": 1.0})
    assert np.allclose(of_estimate(nothing).quantile(ENDS), [0, 1])


def test_events_in_years_are_a_frequency(tmp_path: Path) -> None:
    """Three incidents in two years stand for uses and rate; their ends are Garwood's; no share can be made of them."""
    found = of_events(3, 2).quantile(ENDS)
    assert np.allclose(found, np.array([stats.chi2.ppf(0.05, 6), stats.chi2.ppf(0.95, 8)]) / 4)
    assert of_events(0, 2).quantile(0.05) == 0

    def edit(case: dict[str, object]) -> None:
        scenario = case["scenarios"][0]  # type: ignore[index]
        scenario["uses"] = {"kind": "measured", "file": "runs/guard.json", "at": "incidents"}
        del scenario["rate"], scenario["harm"]

    case = opened(tmp_path / "a", edit, {"incidents": {"events": 3, "years": 2}})
    assert math.isclose(frequency(case, case.spec.scenarios[0]).mean(), 1.75, rel_tol=0.01)
    with pytest.raises(BadInput, match=r"3 events in 2 years at runs/guard.json: rate in harm.rate, expected a figure"):
        opened(tmp_path / "b", run={"rate": {"events": 3, "years": 2}})
    with pytest.raises(BadInput, match="-1 events in 2 years"):
        opened(tmp_path / "c", edit, {"incidents": {"events": -1, "years": 2}})


def test_bands_of_money_hold_the_truth_as_often_as_they_say(tmp_path: Path) -> None:
    """At a rare rate of two expected failures, nine bands in ten and more hold the true mean loss, uses in doubt."""
    rng, held, runs = np.random.default_rng(3), 0, 30
    spread = stats.lognorm(s=math.log(20) / (2 * 1.6448536), scale=math.sqrt(10_000 * 200_000)).mean()
    for i in range(runs):
        k = int(rng.binomial(400, 0.005))
        case = opened(tmp_path / str(i), run={"rate": {"shown": k, "absent": 400 - k}})
        mean = case.values[case.names["harm.rate"]] * case.values["harm.uses"] * 0.0005 * spread
        low, high = np.quantile(mean, ENDS)
        held += low <= 0.005 * rng.lognormal(math.log(99_499), 0.061) * 0.0005 * spread <= high
    assert held >= 24  # fewer would come once in 130 times at a coverage of 90 %
