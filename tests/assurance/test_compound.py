"""The exact loss: reference values, closed forms, Panjer's recursion, simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from drillyard.assurance.loss.compound import Peril, compound, exact, fit_grid, panjer, put_on_grid
from drillyard.assurance.loss.montecarlo import simulate
from drillyard.assurance.loss.severity import (
    Capped,
    Exponential,
    Fixed,
    Lognormal,
    Pareto,
    Pert,
    Retained,
    Scaled,
    Severity,
    TabledMean,
    Uniform,
    pert_shape_pyfair,
)
from drillyard.errors import BadInput

TENTH = Peril(rate=0.1, severity=Lognormal.between(1e5, 1e6))
KINDS: dict[str, Severity] = {
    "lognormal": Lognormal.between(1e3, 5e4),
    "pert": Pert.of(20, 100, 900),
    "exponential": Exponential(mean=7.0),
    "pareto": Pareto(start=2.0, alpha=2.5),
    "uniform": Uniform(low=3, high=9),
    "fixed": Fixed(amount=4.0),
    "scaled": Scaled(inner=Lognormal.between(1e3, 5e4), factor=1.7),
    "capped": Capped(inner=Lognormal.between(1e3, 5e4), cap=2e4),
    "retained": Retained(inner=Lognormal.between(1e3, 5e4), excess=1e4, limit=1.5e4),
}


@pytest.fixture(scope="module")
def year():
    """One loss in ten years, of 100,000 to 1,000,000, on the reference's grid of step 100."""
    return exact([TENTH], step=100, points=2**18)


def test_reference_values_of_the_compound_poisson(year) -> None:
    """Mean, no loss, VaR, TVaR and tail as re-computed for the reference, to its digits."""
    assert f"{year.mean:.3f}" == "40400.128" and f"{year.mass[0]:.6f}" == "0.904837"
    assert year.var(0.95) == 314_200 and year.var(0.99) == 809_800
    assert f"{year.over(1e6):.7f}" == "0.0057377"
    assert round(year.tvar(0.95)) == 631_880 and round(year.tvar(0.99)) == 1_185_169


def test_the_severity_of_a_range() -> None:
    """A lognormal from its 5 % and 95 % points has the published parameters and riskquant's mean."""
    one = Lognormal.between(1e5, 1e6)
    assert f"{one.mu:.6f}" == "12.664218" and f"{one.sigma:.6f}" == "0.699936"
    assert math.isclose(0.1 * one.mean, 40_400.128269457266, rel_tol=1e-12)


def test_exponential_severities_are_a_noncentral_chi_square() -> None:
    """P(S ≤ x) is the noncentral chi-square's at 2x, no degrees of freedom, noncentrality 2λ; the page's values."""
    grid = exact([Peril(rate=3, severity=Exponential(mean=1))], step=1e-4, points=2**18)
    middle = (grid.cumulative[:-1] + grid.cumulative[1:]) / 2  # a point's mass lies half on each side of it
    known = {0: 0.0497870684, 1: 0.2249847088, 10: 0.9851472524}
    for x, share in known.items():
        closed = float(stats.ncx2.cdf(2 * x, 1e-12, 6)) if x else math.exp(-3)
        assert math.isclose(closed, share, abs_tol=6e-11)
    for x in (1, 10):
        assert math.isclose(middle[round(x / 1e-4) - 1], known[x], abs_tol=1e-9)


def test_panjer_and_the_transform_agree() -> None:
    """The recursion, which shares nothing with the transform, gives the same mass."""
    mass = put_on_grid(Lognormal.between(2, 40), 0.5, 600, "mean")
    made = compound([(2.5, mass, 0.0)], step=0.5, points=600, mean=math.nan)
    assert np.allclose(made.mass, panjer(2.5, mass, 600), atol=1e-12)


def test_a_negative_binomial_number_has_its_variance() -> None:
    """With fixed losses of 1, the year's loss is the count: a negative binomial with variance λ + v λ²."""
    rate, spread = 3.0, 0.5
    made = exact([Peril(rate=rate, severity=Fixed(amount=1.0), clustering=spread)], step=1, points=256)
    known = stats.nbinom.pmf(np.arange(40), 1 / spread, 1 / (1 + spread * rate))
    assert np.allclose(made.mass[:40], known, atol=1e-12)


def test_a_common_shock_ties_scenarios_together() -> None:
    """Two scenarios under one shock have the variance of one factor on both: more than if each had its own."""
    one, two = (put_on_grid(Fixed(amount=1.0), 1, 512, "nearest") for _ in range(2))
    joint = compound([(2, one, 0), (2, two, 0)], step=1, points=512, mean=4, shock=0.5)
    apart = compound([(2, one, 0.5), (2, two, 0.5)], step=1, points=512, mean=4)
    x = np.arange(512)
    variances = [float(g.mass @ x**2 - (g.mass @ x) ** 2) for g in (joint, apart)]
    assert np.allclose(variances, [4 + 0.5 * 16, 2 * (2 + 0.5 * 4)])


@pytest.mark.parametrize("kind", KINDS)
def test_limited_means_are_integrals_of_the_survival_function(kind: str) -> None:
    """E[min(X, x)] = ∫₀ˣ P(X > t) dt for every severity, caps and insurance among them; the mean is its limit."""
    one = KINDS[kind]
    x = float(one.quantile(0.9)) * 1.1
    t = np.linspace(0, x, 200_001)
    assert math.isclose(float(one.limited_mean(x)), float(np.trapezoid(1 - one.cdf(t), t)), rel_tol=2e-4)
    if kind != "pareto":
        assert math.isclose(float(one.limited_mean(1e9)), one.mean, rel_tol=1e-6)


@given(low=st.floats(1, 1e4), spread=st.floats(1.1, 100), rate=st.floats(0.01, 20), points=st.sampled_from([64, 256]))
def test_the_mean_survives_any_grid(low: float, spread: float, rate: float, points: int) -> None:
    """Split between neighbours, severities keep their mean however coarse the grid is."""
    one = Pert.of(low, low * (1 + spread) / 2, low * spread)
    step = max(30 * rate * one.mean + 4 * low * spread, 1) / points
    made = exact([Peril(rate=rate, severity=one)], step=step, points=points, rounding="mean")
    # what lies beyond the end is missing
    assert float(made.mass @ (step * np.arange(points))) <= made.mean * (1 + 1e-6)
    if made.beyond < 1e-9:
        assert math.isclose(float(made.mass @ (step * np.arange(points))), made.mean, rel_tol=1e-5)


def test_a_grid_that_is_too_short_is_made_longer(year) -> None:
    """The fitted grid holds the tail, says how often it grew, and gives the reference's figures on few points."""
    end, grown = fit_grid([TENTH], reach=1e6)
    found = exact([TENTH], step=end / 2**14, points=2**14, rounding="mean")
    assert grown >= 1 and found.beyond < 3e-4
    assert math.isclose(found.tvar(0.99), year.tvar(0.99), rel_tol=1e-4)
    assert math.isclose(found.over(1e6), year.over(1e6), rel_tol=2e-3)


def test_nothing_wraps_around() -> None:
    """Cut off at half of its tail, the grid has the right probabilities up to its end, and says what is missing."""
    short = exact([TENTH], step=400, points=2**11)  # ends at 819,000
    whole = exact([TENTH], step=400, points=2**16)
    assert np.allclose(short.cumulative, whole.cumulative[: 2**11], atol=1e-9)
    assert math.isclose(short.beyond, whole.over(short.end), abs_tol=2e-8)
    with pytest.raises(BadInput, match="a grid that ends at 818,800, expected one that holds 99.90%"):
        short.var(0.999)


def test_a_heavy_tail_has_quantiles_and_no_mean() -> None:
    """Of a Pareto tail with α ≤ 1 the mean and TVaR are infinite; one year in a hundred is as single losses say."""
    heavy = Peril(rate=0.1, severity=Pareto(start=1e5, alpha=0.9))
    end, _ = fit_grid([heavy])
    found = exact([heavy], step=end / 2**15, points=2**15, rounding="mean")
    single = 1e5 * (0.1 / 0.01005) ** (1 / 0.9)  # P(one event) · P(X > x) = .01, nearly
    assert math.isinf(found.mean) and math.isinf(found.tvar(0.99))
    assert single < found.var(0.99) < 1.15 * single


def test_simulated_years_agree_with_exact_ones(year) -> None:
    """A million years by simulation lie within their own error of the exact figures."""
    years = simulate(0.1, Lognormal.between(1e5, 1e6), 400_000, seed=1)
    assert abs(float((years > 1e6).mean()) - year.over(1e6)) < 4 * math.sqrt(0.0057 / 400_000)
    assert abs(float((years == 0).mean()) - year.mass[0]) < 4 * math.sqrt(0.09 / 400_000)
    assert math.isclose(float(np.quantile(years, 0.99)), 809_800, rel_tol=0.02)
    assert np.array_equal(years, simulate(0.1, Lognormal.between(1e5, 1e6), 400_000, seed=1, threads=1))


def test_pert_shapes() -> None:
    """PERT(20, 100, 900) as the reference has it, and pyfair's variant beside it under its own name."""
    one = Pert.of(20, 100, 900)
    assert (f"{one.alpha:.6f}", f"{one.beta:.6f}", one.mean) == ("1.363636", "4.636364", pytest.approx(220))
    x = stats.beta(one.alpha, one.beta, loc=20, scale=880)
    assert f"{x.var():,.3f}" == "19,428.571" and f"{x.std():.3f}" == "139.386"
    assert [f"{v:.6f}" for v in pert_shape_pyfair(20, 100, 900)] == ["1.209617", "4.112697"]


def test_a_tabled_severity_is_the_same_severity() -> None:
    """Looked up, limited means are those of the inner one within a hundred-thousandth."""
    inner = Lognormal.between(1e5, 1e6)
    tabled = TabledMean.of(inner, 5e6)
    x = np.linspace(1, 4.9e6, 777)
    assert np.allclose(tabled.limited_mean(x), inner.limited_mean(x), rtol=1e-5)
