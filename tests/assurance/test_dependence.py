"""Scenarios whose years go together: what is known in closed form of a Gaussian copula, and what a case makes of it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from assurance.test_case import opened
from scipy import stats

from drillyard.assurance.loss.compound import LossGrid, Peril, exact
from drillyard.assurance.loss.copula import add_dependent, root_of
from drillyard.assurance.loss.curve import loss_curves
from drillyard.assurance.loss.severity import Lognormal
from drillyard.errors import BadInput

FIRST = Peril(rate=0.5, severity=Lognormal.between(1e5, 1e6))
SECOND = Peril(rate=2.0, severity=Lognormal.between(5e4, 2e5))


def years(rho: float, n: int = 200_000, points: int = 2**13) -> tuple[list[LossGrid], LossGrid]:
    """Return two scenarios alone, and their sum with a correlation."""
    alone = [exact([one], step=1000, points=points) for one in (FIRST, SECOND)]
    return alone, add_dependent(alone, root_of(np.array([[1, rho], [rho, 1]])), n, (1, 2))


def test_with_a_correlation_of_one_value_at_risk_adds_up() -> None:
    """Comonotone losses: the quantiles of the sum are the sums of the quantiles (Dhaene and others 2002)."""
    alone, together = years(1.0)
    for level in (0.5, 0.9, 0.95, 0.99):
        assert math.isclose(together.var(level), sum(one.var(level) for one in alone), rel_tol=0.02)
    assert math.isclose(together.tvar(0.95), sum(one.tvar(0.95) for one in alone), rel_tol=0.01)


def test_without_correlation_it_is_the_exact_sum() -> None:
    """The simulation agrees with the transform, which knows independent scenarios exactly."""
    _, together = years(0.0)
    known = exact([FIRST, SECOND], step=1000, points=2**13)
    for level in (0.5, 0.95, 0.99):
        assert math.isclose(together.var(level), known.var(level), rel_tol=0.02)
    assert math.isclose(together.tvar(0.95), known.tvar(0.95), rel_tol=0.01)
    assert math.isclose(together.mean, known.mean, rel_tol=0.01)


@pytest.mark.parametrize("rho", [-0.6, 0.4])
def test_two_coins_meet_as_the_bivariate_normal_says(rho: float) -> None:
    """Of losses that come or do not, both come with a chance that scipy's bivariate normal knows."""
    coins = [LossGrid(step=1.0, mass=np.array([0.7, 0.3, 0, 0]), mean=0.3)] * 2
    root = root_of(np.array([[1, rho], [rho, 1]]))
    both = add_dependent(coins, root, 400_000, (3,)).mass[2]
    at = stats.norm.ppf(0.3)
    assert abs(both - stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([at, at])) < 0.003


def test_a_cut_grid_does_not_bend_the_tail() -> None:
    """Beyond the grid losses count with their known mean: a TVaR is that of a grid four times as long."""
    short, long = years(0.5, points=2**11)[1], years(0.5)[1]
    assert short.beyond > long.beyond
    assert math.isclose(short.tvar(0.95), long.tvar(0.95), rel_tol=0.02)


def test_a_case_with_correlated_scenarios(tmp_path: Path) -> None:
    """The mean stays, the tail grows, the paper says on whose word; what cannot hold is one line."""

    def edit(*pairs: tuple[str, str, float], **more: Any) -> Any:
        def change(case: dict[str, Any]) -> None:
            case["scenarios"].append({**case["scenarios"][0], "id": "press"})
            case["scenarios"].append({**case["scenarios"][0], "id": "fine"})
            case["correlations"] = [{"between": [a, b], "rho": rho, "by": "the risk desk"} for a, b, rho in pairs]
            case.update(more)

        return change

    apart = loss_curves(opened(tmp_path / "a", edit()), [()], 60)[0]
    met = loss_curves(
        opened(tmp_path / "b", edit(("harm", "press", 0.9), ("fine", "press", 0.9), ("harm", "fine", 0.8))), [()], 60
    )[0]
    assert met.mean == apart.mean and met.var99.value > 1.1 * apart.var99.value
    assert "harm and press: years correlated 0.9, by the risk desk" in met.notes
    contrary = opened(tmp_path / "c", edit(("harm", "press", 0.9), ("fine", "press", 0.9), ("harm", "fine", -0.9)))
    with pytest.raises(BadInput, match="correlations that contradict each other"):
        loss_curves(contrary, [()], 50)
    for bad, words in (
        (edit(("harm", "war", 0.5)), "a correlation between harm and war, expected two of: harm, press, fine"),
        (edit(("harm", "press", 0.5), ("press", "harm", 0.1)), "the correlation 'harm-press' twice"),
        (edit(("harm", "press", 0.5), shock=0.2), "a shock beside correlations"),
    ):
        with pytest.raises(BadInput, match=words):
            opened(tmp_path / "d", bad)
