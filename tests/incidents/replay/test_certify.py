"""Searching a minimal cause: test counts as computed elsewhere, exact causes under noise, and every way to end."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.incidents.replay.certify import CauseCertificate, Design, certify
from drillyard.incidents.replay.screening import draw_trials, rank_causes
from drillyard.incidents.replay.search import Kept, answer, ddmin


def _count(n: int, needed: set[int], cached: bool) -> tuple[int, Kept]:
    steps, tests = ddmin(n, cached=cached), 0
    try:
        kept = next(steps)
        while True:
            tests += 1
            kept = steps.send(needed <= kept)
    except StopIteration as end:
        return tests, end.value


@pytest.mark.parametrize(
    ("n", "needed", "cached", "uncached"),
    [
        (8, {0, 6, 7}, 17, 27),
        (8, {5}, 5, 5),
        (64, {37}, 9, 9),
        (64, {30, 31}, 11, 11),
        (8, set(range(8)), 26, 26),
        (16, set(range(16)), 58, 58),
        (32, set(range(32)), 122, 122),
    ],
)
def test_ddmin_takes_the_known_number_of_tests(n: int, needed: set[int], cached: int, uncached: int) -> None:
    """Zeller's order with and without a cache takes as many tests as computed by hand for known causes."""
    assert _count(n, needed, True) == (cached, needed)
    assert _count(n, needed, False) == (uncached, needed)


@given(
    st.integers(1, 12).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.sets(st.integers(0, n - 1)).map(frozenset))))
)
def test_ddmin_returns_a_failing_set_of_which_none_can_be_left_out(case: tuple[int, set[Kept]]) -> None:
    """Whatever fails, what is returned fails, and fails no more without any one of its segments."""
    n, causes = case
    everything = frozenset(range(n))
    fails = lambda kept: kept == everything or any(cause <= kept and kept for cause in causes)  # noqa: E731
    steps = ddmin(n)
    try:
        kept = next(steps)
        while True:
            kept = steps.send(fails(kept))
    except StopIteration as end:
        found = end.value
    assert fails(found)
    assert len(found) == 1 or not any(fails(found - {one}) for one in found)


def _found(
    cause: set[int], seed: int, n: int = 16, high: float = 0.6, low: float = 0.03, **design: object
) -> CauseCertificate:
    rng = random.Random(f"oracle {seed}")
    return answer(
        certify(n, Design(seed=seed, **design)),  # type: ignore[arg-type]
        lambda trials: [rng.random() < (high if cause <= kept else low) for kept in trials],
    )


def test_a_cause_of_two_is_certified_under_noise_with_fewer_than_150_replays() -> None:
    """At the reference's noisy setting 39 of 40 are exact at least, none is wrong, and the mean is below 150."""
    found = [_found({3, 11}, seed) for seed in range(40)]
    exact = [one for one in found if one.state == "certified" and one.cause == (3, 11)]
    assert len(exact) >= 39
    assert not [one for one in found if one.state == "certified" and one.cause != (3, 11)]
    assert sum(one.trials for one in found) / len(found) < 150


@pytest.mark.parametrize("cause", [{0}, {15}, {2, 9, 14}])
def test_causes_of_one_and_three_are_certified(cause: set[int]) -> None:
    """Order one and three are found too, and every claim of the certificate is listed."""
    for seed in range(5):
        made = _found(cause, seed)
        assert made.state == "certified" and set(made.cause) == cause
        claims = [one.claim for one in made.claims]
        assert "all segments" in claims and "sufficient" in claims


def test_a_cause_beyond_the_screen_falls_back_to_delta_debugging() -> None:
    """Four segments together are no candidate of the screen; delta debugging finds them at a price."""
    made = _found({1, 2, 5, 6}, 1, n=8, high=0.9, low=0.01, budget=3000)
    assert made.state == "certified" and made.cause == (1, 2, 5, 6)
    assert made.method.startswith("delta debugging")


def test_every_other_end_is_told() -> None:
    """No effect, an effect without the prompt, and a budget that is too small each have a state of their own."""
    assert _found({0}, 1, high=0.02).state == "no effect"
    assert _found(set(), 1).state == "without the prompt"
    short = _found({3, 11}, 1, budget=60)
    assert short.state == "not certified" and "budget" in short.reason and short.trials <= 60


def test_unknown_outcomes_are_counted_and_end_the_search() -> None:
    """A target that nobody can rule on certifies nothing."""
    made = answer(certify(4), lambda trials: [None] * len(trials))
    assert made.state == "not certified" and made.unknown == made.trials


def test_the_screen_agrees_with_counting() -> None:
    """Without noise the best set is the cause, and its shares are those of a count by hand."""
    trials = draw_trials(10, 80, 1)
    bad = [{2, 7} <= kept for kept in trials]
    best = rank_causes(trials, bad, 10)[0]
    assert best.kept == {2, 7} and (best.with_it, best.without) == (1.0, 0.0)
    assert draw_trials(10, 40, 1) == trials[:40]
