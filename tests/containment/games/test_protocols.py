"""Protocols: simulated runs reproduce the closed forms; attackers who know more win more; plans against brute force."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.containment.games.attempts import repeated_safety
from drillyard.containment.games.gaussian import caught_share
from drillyard.containment.games.knowledge import safety_at
from drillyard.containment.games.protocols import PROTOCOLS, cases, safety_of, usefulness_of
from drillyard.containment.games.repeated import best_plan, plan_value
from drillyard.containment.games.report import GameReport, GameSpec, play
from drillyard.containment.games.setting import GameSetting
from drillyard.containment.games.simulate import simulate_safety
from drillyard.errors import BadInput

SETTING = GameSetting(
    success=0.7, attack_rate=0.4, candidates=2, collusion=0.6, paraphrase=0.3, honeypots=4, samples=3, agreement=0.95
)


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("budget", [0.05, 0.2])
def test_simulated_runs_reproduce_the_closed_form(name: str, budget: float) -> None:
    """20,000 runs: within .015, which is four standard errors and what the drawn threshold adds."""
    found = simulate_safety(name, SETTING, budget, seed=11)
    assert found.value == pytest.approx(safety_of(name, SETTING, budget), abs=0.015) and found.n == 20_000


@pytest.mark.parametrize("name", PROTOCOLS)
def test_knowledge_never_helps_the_auditor(name: str) -> None:
    """Level 3 is the least safe of all, level 1 no safer than 0; more audits are safer at every level."""
    levels = [safety_at(name, SETTING, budget) for budget in (0.01, 0.05, 0.2, 0.5)]
    assert all(one[3] == min(one) and one[0] >= one[1] for one in levels)
    for less, more in itertools.pairwise(levels):
        assert all(a <= b + 1e-9 for a, b in zip(less, more, strict=True))


def random_setting(rng: np.random.Generator) -> GameSetting:
    """Draw every number of a setting that shapes an attack."""
    shares = ("success", "attack_rate", "collusion", "paraphrase", "exposes", "removes", "critical", "critical_recall")
    apart = ("trusted_separation", "untrusted_separation", "editing_separation")
    counts = {"candidates": rng.integers(1, 30), "honeypots": rng.integers(0, 30), "samples": rng.integers(1, 10)}
    return GameSetting.from_data(
        {
            **{name: float(rng.random()) for name in shares},
            **{name: float(rng.uniform(0, 4)) for name in apart},
            **{name: int(number) for name, number in counts.items()},
            "deferred": float(rng.uniform(0, 0.4)),
        }
    )


def check_knowledge(settings: int, seed: int) -> None:
    """At random settings no level is safer than one below it, nor than any attack that it could choose."""
    rng = np.random.default_rng(seed)
    for _ in range(settings):
        setting, budget = random_setting(rng), float(rng.uniform(0.001, 0.5))
        n, share, rate = setting.candidates, setting.collusion, setting.attack_rate
        can = (((1,), (0.0,)), ((1,), (0.0, share)), ((1, n), (0.0, share)), ((1, n), (0.0, share, 1.0)))
        for name in PROTOCOLS:
            levels = safety_at(name, setting, budget)
            assert all(more <= less for less, more in itertools.pairwise(levels)), (name, levels)
            for level, (candidates, collusion) in enumerate(can if name != "upfront-audit" else ()):
                for count, together in itertools.product(candidates, collusion):
                    pace = float(rng.random()) if level == 3 else rate
                    change = {"candidates": count, "collusion": together, "attack_rate": pace}
                    other = safety_of(name, setting.model_copy(update=change), budget)
                    assert other >= levels[level] - (5e-3 if level == 3 else 1e-12), (name, level, change)


def test_who_knows_more_may_act_as_if_he_knew_less() -> None:
    """135 random cases, untrusted monitors with honeypots among them, where colluding can be the worse choice."""
    check_knowledge(15, 3)
    trap = GameSetting(collusion=1, honeypots=500, untrusted_separation=0.2, trusted_separation=3)
    levels = safety_at("untrusted-monitoring", trap, 0.05)
    alone = trap.model_copy(update={"collusion": 0.0, "candidates": 1})
    assert levels[0] == levels[1] == safety_of("untrusted-monitoring", alone, 0.05)
    assert levels[0] < safety_of("untrusted-monitoring", trap.model_copy(update={"candidates": 1}), 0.05)


@pytest.mark.walk
def test_knowledge_never_helps_the_auditor_in_2700_random_cases() -> None:
    """300 settings of nine protocols."""
    check_knowledge(300, 0)


def test_protocols_that_are_others_at_their_ends() -> None:
    """What nothing tells apart is the same number."""
    plain = GameSetting(candidates=1, collusion=0, samples=1, removes=0, critical_recall=0, editing_separation=1.636)
    same = repeated_safety(caught_share(1.636, 0.02), 1)
    for name in ("trusted-monitoring", "trusted-editing", "resample-incriminate", "defer-on-critical", "consensus"):
        assert safety_of(name, plain, 0.02) == pytest.approx(same)
    colluding = GameSetting(collusion=1)
    assert safety_of("untrusted-monitoring", colluding, 0.02) == 0
    caught = colluding.model_copy(update={"honeypots": 500})
    assert safety_of("untrusted-monitoring", caught, 0.02) == pytest.approx(
        safety_of("trusted-monitoring", caught, 0.02)
    )
    assert safety_of("untrusted-monitoring", colluding.model_copy(update={"paraphrase": 1.0}), 0.02) > 0.1
    assert safety_of("consensus", GameSetting(success=0, trusted_separation=0), 0.0) == 1


@given(st.sampled_from(PROTOCOLS[1:]), st.floats(0, 0.9))
def test_chances_of_an_attempt_add_up(name: str, budget: float) -> None:
    """Weights sum to one, and an attempt is caught, lost or goes on."""
    found = cases(name, SETTING, budget)
    assert sum(one.weight for one in found) == pytest.approx(1)
    assert all(one.caught >= -1e-12 and one.lost >= -1e-12 and one.caught + one.lost <= 1 + 1e-9 for one in found)


def test_usefulness_pays_for_deferring() -> None:
    """Audits cost none of it; deferring, and asking for agreement, does."""
    assert usefulness_of("trusted-monitoring", SETTING) == 0.96
    assert usefulness_of("defer-to-trusted", SETTING) == pytest.approx(0.9 * 0.96 + 0.1 * 0.6)
    assert usefulness_of("consensus", SETTING) == pytest.approx(0.96 * 0.95**2)


chances = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 2)), min_size=1, max_size=7)


@given(chances, st.floats(0, 5))
def test_the_plan_is_the_best_of_all_plans(steps: list[tuple[float, float]], penalty: float) -> None:
    """Backwards induction finds what trying all plans finds."""
    caught, gains = [c for c, _ in steps], [g for _, g in steps]
    plans = itertools.product((False, True), repeat=len(steps))
    best, found = max(plan_value(plan, caught, gains, penalty) for plan in plans), best_plan(caught, gains, penalty)
    assert found.value == pytest.approx(best, abs=1e-9)
    assert plan_value(found.attacks, caught, gains, penalty) == pytest.approx(best, abs=1e-9)


def test_an_attacker_waits_for_the_audits_to_end() -> None:
    """A fearful attacker attacks where nobody looks; one without fear has the geometric sum."""
    assert best_plan([0.5, 0.5, 0.0], [1, 1, 1], penalty=3).attacks == (False, False, True)
    c, steps = 0.2, 400
    assert best_plan([c] * steps, [1.0] * steps).value == pytest.approx((1 - c) / c)


@pytest.mark.walk
def test_a_game_is_played_whole() -> None:
    """Every protocol and budget stands in the report, which survives JSON, is the same again, and says its limits."""
    spec, told = GameSpec(budgets=(0.3, 0.05), most_loss=0.6), list[str]()
    report = play(spec, runs=500, told=lambda words, done, total: told.append(f"{done}/{total} {words}"))
    assert report.holds and [row.solution.budget for row in report.rows] == [0.05, 0.3]
    assert [one.name for one in report.protocols] == list(PROTOCOLS) and told[-1] == "9/9 consensus"
    assert GameReport.from_json(report.to_json()) == report == play(spec, runs=500)
    assert "does not show" in report.does_not_show and len(report.protocols[0].safety) == 4
    assert not play(spec.model_copy(update={"most_loss": 0.5}), runs=500).holds


def test_unknown_protocols_and_impossible_shares_are_refused() -> None:
    """The known names are listed; a budget and what is deferred cannot be more than all work."""
    for wrong in (safety_of, simulate_safety):
        with pytest.raises(BadInput, match="upfront-audit, trusted-monitoring"):
            wrong("trust-me", SETTING, 0.1)
    with pytest.raises(BadInput, match="one of"):
        usefulness_of("trust-me", SETTING)
    with pytest.raises(BadInput, match="at most 1 together"):
        safety_of("consensus", SETTING, 0.95)
    with pytest.raises(BadInput, match="as many of both"):
        best_plan([0.1], [1, 2])
    with pytest.raises(BadInput, match="penalty"):
        best_plan([0.1], [1], penalty=-1)
    with pytest.raises(BadInput, match="one mark per step"):
        plan_value([True], [0.1, 0.1], [1, 1])
