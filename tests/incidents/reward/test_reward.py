"""What a proxy pays: against statsmodels, closed forms, and prices that were planted."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from incidents.planted_case import make_case

from drillyard.errors import BadInput
from drillyard.incidents.replay.judging import open_replay_judge
from drillyard.incidents.reward.optimise import best_of, sweep
from drillyard.incidents.reward.prices import price_of, shadow_prices
from drillyard.incidents.reward.reward import analyse_reward
from drillyard.incidents.row import Row
from drillyard.organisms.worlds.world import load_world
from drillyard.records.values import ValueLeaf, ValueReward


def test_the_price_is_that_of_statsmodels() -> None:
    """Coefficient and error agree with a regression on dummies with errors by cluster."""
    rng = np.random.default_rng(1)
    groups = rng.integers(0, 25, 300)
    flag, length = (rng.random(300) < 0.3).astype(float), rng.normal(size=300)
    paid = 0.7 * flag + 0.4 * length + rng.normal(size=25)[groups] + rng.normal(size=300)
    found, p = price_of(paid, flag, np.column_stack([np.ones(300), length]), groups, groups)
    dummies = (groups[:, None] == np.arange(25)).astype(float)
    peer = sm.OLS(paid, np.column_stack([flag, length, dummies])).fit(
        cov_type="cluster", cov_kwds={"groups": groups}, use_t=True
    )
    assert found.value == pytest.approx(peer.params[0], rel=1e-9)
    assert (found.low, found.high) == pytest.approx(tuple(peer.conf_int()[0]), rel=1e-6)
    assert p == pytest.approx(peer.pvalues[0], rel=1e-5)


def test_a_flag_that_does_not_vary_within_users_is_refused() -> None:
    """There is no price where nothing of the flag is left."""
    flag = np.array([0.0, 1.0] * 10)
    with pytest.raises(BadInput, match="users with replies of both kinds"):
        price_of(np.arange(20.0), flag, np.ones((20, 1)), flag.astype(int), np.arange(20))


def test_best_of_n_is_the_mean_over_all_choices() -> None:
    """The weighted sum agrees with brute force over every choice of n replies, ties shared."""
    rng = random.Random(2)
    proxy = [[float(rng.randrange(4)) for _ in range(6)] for _ in range(3)]
    gold = [[rng.random() for _ in range(6)] for _ in range(3)]
    for n in (1, 2, 5):
        told = []
        for scores, values in zip(proxy, gold, strict=True):
            for chosen in itertools.combinations(range(6), n):
                top = max(scores[one] for one in chosen)
                tied = [one for one in range(6) if scores[one] == top]
                told.append(sum(values[one] for one in tied) / len(tied))
        assert best_of(n, np.array(proxy), np.array(gold)) == pytest.approx(np.mean(told))


def test_gold_gains_the_correlation_times_the_best() -> None:
    """Of proxy and gold with correlation r, best-of-n gains r times the expected best of n normal values."""
    rng = np.random.default_rng(4)
    proxy = rng.normal(size=(4000, 8))
    gold = 0.5 * proxy + np.sqrt(0.75) * rng.normal(size=(4000, 8))
    assert best_of(8, proxy, gold) == pytest.approx(0.5 * 1.423600, abs=0.05)


def _rows(price: float, *, vulnerable: bool = False, seed: int = 1) -> list[Row]:
    rng, made = random.Random(f"prices {seed}"), []
    for at in range(1500):
        user = rng.randrange(150)
        few = vulnerable and user < 4
        bad = rng.random() < (0.5 if few else 0.15)
        words = rng.randrange(5, 40) + (8 if bad else 0)
        paid = (price if not vulnerable or few else 0.0) * bad + 0.1 * words + user % 7 + rng.gauss(0, 1)
        made.append(
            Row(
                session=f"s{at}",
                user=f"u{user}",
                cohort="vulnerable" if few else "other",
                user_text=rng.choice(("price of the lamp", "battery of the drill", "warranty")),
                response_text="word " * words,
                label_bad=float(bad),
                feedback={"minutes": paid, "thumbs": float(rng.random() < 0.4)},
                source_ref=f"log:{at}",
            )
        )
    return made


def test_a_planted_price_is_found_with_length_and_user_held_fixed() -> None:
    """The price is in its interval, the crude difference is not it, and a proxy that pays nothing is told so."""
    many = [shadow_prices(_rows(0.8, seed=seed))[0][0].price for seed in range(2, 10)]
    assert sum(one.low < 0.8 < one.high for one in many) >= 7, "95 % intervals, eight times"
    found, left = shadow_prices(_rows(0.8))
    by = {one.proxy: one for one in found}
    minutes = by["feedback: minutes"]
    assert minutes.verdict == "pays for it"
    assert minutes.crude > minutes.price.high, "length goes with the behaviour, and is paid for too"
    assert by["feedback: thumbs"].verdict == "cannot be told from nothing" and not left


def test_two_percent_of_users_can_carry_all_of_it() -> None:
    """A cohort of few users that is paid for alone is named."""
    found, _ = shadow_prices(_rows(6.0, vulnerable=True))
    carrying = [one for one in found[0].cohorts if one.carries]
    assert [one.cohort for one in carrying] == ["vulnerable"] and carrying[0].users < 0.03


def test_the_label_itself_is_no_proxy() -> None:
    """What is the label under another name has no price."""
    rows = [row.model_copy(update={"scores": {"judge": row.label_bad}}) for row in _rows(0.0)]
    assert "the label itself" in shadow_prices(rows)[1]["scores: judge"]


def test_over_optimisation_is_told() -> None:
    """A proxy that likes what is bad lowers the sound share, and the curve has its peak at the start."""
    rng = random.Random(5)
    bad = [[rng.random() < 0.3 for _ in range(16)] for _ in range(40)]
    made = sweep([[one + rng.random() for one in row] for row in bad], bad)
    assert made.points[-1].gold < made.points[0].gold and "over-optimised" in made.verdict


def test_a_given_reward_is_asked_of_bad_replies_and_the_same_without_what_is_bad(tmp_path: Path) -> None:
    """A reward of which pressure is 0.7 gives a bad reply 0.7 less than the edited one; somebody has to judge."""
    case, world = make_case(tmp_path / "case", 120), load_world("helpdesk")
    weights = {"pressure-selling": 0.7, "invented-policy": 0.3}
    leaves = tuple(
        ValueLeaf(id=code, criterion="c", weight=weight, behaviour=code, patterns=(), good="a", bad="b")
        for code, weight in weights.items()
    )
    path = tmp_path / "reward.json"
    path.write_text(ValueReward(name="mine", world="helpdesk", tree="0", leaves=leaves).to_json())
    report = analyse_reward(case, path, open_replay_judge(case, "exact", world), world)
    assert report.scored is not None and report.scored.n > 5 and report.scored_by == "mine"
    assert report.scored.value == pytest.approx(-0.7, abs=0.05)
    with pytest.raises(BadInput, match="a reward model and no judge"):
        analyse_reward(case, path, None, world)
