"""Returns, information, options: closed forms, brute force, the reference's arithmetic; decisions of the examples."""

from __future__ import annotations

import itertools
import math
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from assurance.test_case import EXAMPLES, TODAY, assumed, opened
from scipy import special, stats

from drillyard.assurance.drawn import open_case
from drillyard.assurance.value.formulas import (
    annuity,
    binomial_option,
    black_scholes,
    gordon_loeb,
    payback_months,
    rosi,
    routing_tax,
)
from drillyard.assurance.value.information import value_of_all, value_of_input, value_of_sample, variance_share
from drillyard.assurance.value.invest import invest
from drillyard.assurance.value.returns import Returns, allowed, best_bundle, efficient_set


def test_reference_arithmetic() -> None:
    """ROSI, payback, routing tax and Gordon-Loeb as the reference has them."""
    loss, cost = 2_000_000 * 0.4 * 0.75, 120_000
    assert loss == 600_000 and loss - 90_000 - cost == 390_000
    assert rosi(loss - 90_000, cost) == 3.25 and f"{payback_months(cost, loss - 90_000):.1f}" == "2.8"
    assert math.isclose(rosi(5 * 15_000 * 0.8, 25_000), 1.4)
    assert math.isclose(routing_tax((0.1, 0.9), (4, 1)), 0.3) and math.isclose(routing_tax((1.0,), (2,)), 1.0)
    v, worth, a, b = 0.6, 1e6, 1e-5, 1.0
    z = gordon_loeb(v, worth, a, b)
    spend = np.linspace(0, 4e5, 400_001)
    assert abs(spend[np.argmax(worth * (v - v / (a * spend + 1) ** b) - spend)] - z) <= 1
    assert z <= v * worth / math.e and annuity(0, 3) == 3 and math.isclose(annuity(0.08, 3), 2.5770969872)


def test_the_option_to_defer_meets_black_scholes() -> None:
    """The tree converges to the closed form; may one start early and waiting costs, it is worth at least either."""
    known = black_scholes(100, 95, 1, 0.05, 0.3)
    assert math.isclose(known, 16.8, rel_tol=0.03)
    assert math.isclose(binomial_option(100, 95, 1, 0.05, 0.3, early=False, steps=400), known, rel_tol=2e-3)
    early = binomial_option(100, 95, 1, 0.05, 0.3, 0.33, steps=300)
    assert early >= max(100 - 95, black_scholes(100, 95, 1, 0.05, 0.3, 0.33)) - 1e-9


def test_information_has_its_closed_forms() -> None:
    """EVPI of a normal gain is the unit normal loss; a sample's worth is the exact sum over what it may show."""
    mean, sd, n = 1.0, 3.0, 40_000
    z = special.ndtri((np.arange(n) + 0.5) / n)
    gain = mean + sd * z
    options = np.array([np.zeros(n), gain])
    exact = sd * (stats.norm.pdf(mean / sd) - mean / sd * stats.norm.sf(mean / sd))
    assert math.isclose(value_of_all(options), exact, rel_tol=1e-3)
    assert math.isclose(value_of_input(options, gain), exact, rel_tol=2e-2)

    a, b, queries, worth = 1.5, 60.5, 200, 1e6
    rng = np.random.default_rng(2)
    share = special.betaincinv(a, b, (rng.permutation(n) + 0.5) / n)
    cost = worth * a / (a + b)
    k = np.arange(queries + 1)
    weights = stats.betabinom.pmf(k, queries, a, b)
    known = float(weights @ np.maximum(worth * (a + k) / (a + b + queries) - cost, 0))
    found = value_of_sample(np.array([np.zeros(n), worth * share - cost]), share, queries, seed=1)
    assert math.isclose(found, known, rel_tol=0.03)


def test_what_says_nothing_is_worth_nothing() -> None:
    """An input that does not matter explains nothing and is worth next to nothing."""
    rng = np.random.default_rng(1)
    noise, values = rng.normal(size=4000), rng.normal(size=4000) + 0.5
    assert variance_share(values, noise) < 0.003
    assert value_of_input(np.array([np.zeros(4000), values]), noise) < 0.02


def test_a_sample_of_a_rate_is_worth_no_more_than_the_rate() -> None:
    """However the two regressions fall out: what is seen of the rate is less than the rate itself."""
    rng = np.random.default_rng(3)
    for _ in range(20):
        share, noise = rng.beta(35, 365, 1000), rng.normal(size=1000)
        options = np.array([share - 0.087, 0.5 * noise, np.zeros(1000)])
        known = value_of_input(options, share)
        assert all(value_of_sample(options, share, n, seed=n) <= known for n in (100, 1000, 10_000))


def test_the_integer_programme_finds_what_brute_force_finds(tmp_path: Path) -> None:
    """On drawn cases with joint measurements, needs, exclusions and budgets, the best set is the best of all sets."""
    for seed in range(12):
        rng = np.random.default_rng(seed)

        def edit(case, rng=rng) -> None:
            ids = ["a", "b", "c", "d"]
            case["controls"] = [
                {
                    "id": name,
                    "title": name,
                    "yearly": assumed(value=float(rng.integers(1, 60) * 1000)),
                    "effects": {"harm": {"passes": assumed(value=float(rng.uniform(0.2, 0.9)))}},
                }
                for name in ids
            ]
            case["controls"][3]["needs"], case["controls"][2]["excludes"] = ["a"], ["b"]
            effect = {"harm": {"passes": assumed(value=float(rng.uniform(0.05, 0.4)))}}
            case["together"] = [{"controls": ["a", "b"], "effects": effect}]

        returns = Returns(case=opened(tmp_path / str(seed), edit))
        sets = [s for n in range(5) for s in itertools.combinations("abcd", n) if allowed(returns, frozenset(s))]
        for budget in (None, 60_000.0, 150_000.0):
            within = [s for s in sets if budget is None or returns.cash(s) <= budget]
            best = max(float(returns.npv(s).mean()) for s in within)
            assert math.isclose(float(returns.npv(best_bundle(returns, budget)).mean()), best, rel_tol=1e-6, abs_tol=1)
        frontier = efficient_set(returns)
        worth = [float(returns.npv(one).mean()) for one in frontier]
        assert frontier[0] == () and worth == sorted(worth)


def test_a_control_that_asks_for_no_money_is_weighed(tmp_path: Path) -> None:
    """What costs nothing but taxes has nothing below it that is cheaper; the search for that ends."""

    def edit(case: dict) -> None:
        for one in case["controls"]:
            del one["yearly"]

    assert efficient_set(Returns(case=opened(tmp_path, edit))) == [(), ("guard",)]


def test_what_is_worth_next_to_nothing_is_chosen_by_chance_and_that_is_told(tmp_path: Path) -> None:
    """A control whose price is what it returns: further seeds buy it or not."""

    def at_cost(once: float) -> Returns:
        edit = {"once": assumed(value=once)}
        return Returns(case=opened(tmp_path, lambda case: case.update(controls=[case["controls"][0] | edit])))

    worth = float(at_cost(0).npv(("guard",)).mean())
    assert invest(at_cost(0).case).stable and not invest(at_cost(worth).case).stable


@pytest.mark.parametrize(
    ("name", "decision"), [("helpdesk", "fund"), ("internal", "do not fund"), ("unmeasured", "evaluate first")]
)
def test_decisions_of_the_examples(name: str, decision: str) -> None:
    """Fund, do not fund, evaluate first; other seeds choose the same, and the premium decides nothing."""
    found = invest(open_case(EXAMPLES / name, TODAY, draws=1500))
    assert found.decision == decision and found.stable
    assert math.isclose(sum(found.shares.values()), 1)
    if name == "internal":
        assert found.offer and found.offer.npv_with_market.value > found.offer.npv.value and found.best == ()
        assert found.verdict.startswith("Do not fund a guard in front of the helper")
    if name == "unmeasured":
        assert found.sample and found.offer and found.sample.net > 0 > found.offer.npv.value
    if name == "helpdesk":
        assert found.best == ("rails",) and {row.tax for row in found.taxes} == {"performance", "development", "delay"}
        waits = [row.yearly for row in found.taxes if row.item == "waiting"]
        assert waits[0].value < 0 < waits[1].value, "a tax may be a gain"
        assert found.without[-1].decision == "do not fund", "with no assumption believed, the case does not hold"


def test_expired_evidence_decides_nothing(tmp_path: Path) -> None:
    """Years later the case says what to renew instead of what to do."""
    import shutil

    folder = tmp_path / "case"
    shutil.copytree(EXAMPLES / "internal", folder)
    text = (folder / "case.yaml").read_text().replace("decide_by: 2027-01-29", "decide_by: 2031-01-29")
    (folder / "case.yaml").write_text(text)
    found = invest(open_case(folder, date(2030, 1, 1), draws=400))
    assert found.decision == "not enough evidence" and "forbidden-help.rate" in found.expired


def test_a_case_that_brings_in_too_little_is_not_shipped(tmp_path: Path) -> None:
    """Where the system is worth less than it loses behind every control, the decision is not to ship it."""

    def edit(case) -> None:
        case["ship_value"] = assumed(value=1000)

    found = invest(opened(tmp_path, edit))
    assert found.decision == "do not ship" and found.do_not_ship
    assert found.evpi < 0.02 * found.do_not_ship.value, "it is best in nearly every draw: to know more is worth little"
