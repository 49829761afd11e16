"""Over-optimisation: known curves are recovered, and stopping is advised where gold falls while proxy rises."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, optimize

from drillyard.alignment.training.overoptimisation import FittedCurve, RewardPoint, advise, best_of_n_kl, fit_curve
from drillyard.errors import BadInput

KL = [0.01, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0]


@pytest.mark.parametrize("form", ["rl", "best-of-n"])
@given(alpha=st.floats(-2, 2), beta=st.floats(-2, 2))
def test_known_coefficients_are_recovered(form: str, alpha: float, beta: float) -> None:
    """Points on a curve give that curve back; the start, at no distance, tells nothing."""
    true = FittedCurve(form=form, alpha=alpha, beta=beta)  # type: ignore[arg-type]
    found = fit_curve([0.0, *KL], [0.0, *map(true.gain, KL)], form)  # type: ignore[arg-type]
    assert math.isclose(found.alpha, alpha, abs_tol=1e-8) and math.isclose(found.beta, beta, abs_tol=1e-8)


def test_noise_is_averaged_out() -> None:
    """Two hundred noisy points give the coefficients within three standard errors."""
    rng, true = np.random.default_rng(1), FittedCurve(form="rl", alpha=0.8, beta=0.3)
    kl = np.linspace(0.1, 40, 200)
    found = fit_curve(kl.tolist(), [true.gain(x) + rng.normal(0, 0.1) for x in kl])
    assert abs(found.alpha - 0.8) < 0.05 and abs(found.beta - 0.3) < 0.05


@pytest.mark.parametrize("form", ["rl", "best-of-n"])
@given(alpha=st.floats(0.1, 2), beta=st.floats(0.3, 2))
def test_the_optimum_is_where_a_search_finds_it(form: str, alpha: float, beta: float) -> None:
    """Closed form against a numerical search over the distance."""
    curve = FittedCurve(form=form, alpha=alpha, beta=beta)  # type: ignore[arg-type]
    found = optimize.minimize_scalar(
        lambda d: -curve.gain(d * d), bounds=(1e-9, 2000), method="bounded", options={"xatol": 1e-10}
    )
    assert curve.gain(curve.best_kl) >= -found.fun - 1e-9


def test_a_curve_that_only_rises_has_no_optimum() -> None:
    """Infinite, and one that only falls is best at the start."""
    assert FittedCurve(form="rl", alpha=1, beta=0).best_kl == math.inf
    assert FittedCurve(form="best-of-n", alpha=1, beta=-1).best_kl == math.inf
    assert FittedCurve(form="best-of-n", alpha=-1, beta=1).best_kl == 0


@pytest.mark.parametrize("n", [1, 2, 7, 100])
def test_best_of_n_has_the_divergence_of_its_density(n: int) -> None:
    """The best of n uniform draws has the density n·u^(n−1); its divergence from uniform by numerical integration."""
    found, _ = integrate.quad(lambda u: n * u ** (n - 1) * math.log(n * u ** (n - 1)), 0, 1)
    assert math.isclose(best_of_n_kl(n), found, abs_tol=1e-7)


def points(alpha: float, beta: float, rising: float, n: int = 12) -> list[RewardPoint]:
    """Return a training whose gold reward follows a curve, and whose proxy rises with distance."""
    curve = FittedCurve(form="rl", alpha=alpha, beta=beta)
    distances = [4.0 * k / (n - 1) for k in range(n)]
    return [RewardPoint(kl=d * d, proxy=rising * d, gold=1 + curve.gain(d * d)) for d in distances]


def test_proxy_up_and_gold_down_is_reported() -> None:
    """Beyond the optimum, with gold falling since its peak, the advice is to stop; it names where the optimum was."""
    found = advise(points(0.5, 0.5, 1.0))
    assert found.stop and found.parting and found.curve is not None
    assert math.isclose(found.curve.best_kl, 1.0, rel_tol=1e-6)
    assert found.reason == "proxy reward rises while gold falls, beyond the fitted optimum at 1.00 nats"


@pytest.mark.parametrize(
    "seen",
    [points(1.0, 0.1, 1.0), points(0.5, 0.5, -1.0), points(0.5, 0.5, 1.0, n=4), points(0.0, 0.0, 1.0)],
    ids=["gold-rises", "proxy-falls-too", "too-few", "gold-stands"],
)
def test_nothing_else_stops_a_training(seen: list[RewardPoint]) -> None:
    """Gold that still rises, a proxy that falls as well, a beginning, a flat line."""
    assert not advise(seen).stop


def test_noise_alone_seldom_stops_a_training() -> None:
    """Of two hundred flat trainings with noisy rewards few are stopped at their end."""
    rng = np.random.default_rng(2)
    stopped = 0
    for _ in range(200):
        noisy = [RewardPoint(kl=0.1 * k, proxy=rng.normal(), gold=rng.normal()) for k in range(12)]
        stopped += advise(noisy).stop
    assert stopped <= 20


def test_one_distance_cannot_be_fitted() -> None:
    """A line says what is missing."""
    with pytest.raises(BadInput, match="found 1 different divergences above 0, expected at least 2"):
        fit_curve([0.0, 1.0, 1.0], [0.0, 1.0, 2.0])
