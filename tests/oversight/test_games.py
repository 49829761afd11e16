"""The games with exact truth: formula against play, the published rows, and the limits of what they show."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.errors import BadInput
from drillyard.oversight.games.bisection import (
    BisectionSpec,
    debate_accuracy,
    judge_bisection,
    majority,
    make_dispute,
    play,
    referee,
    spot_check,
)


def test_a_perfect_opponent_and_judge_are_exact() -> None:
    """Eps = 0, find = 1 gives 1; find = 0 gives q = 1 / N; both to the bit."""
    for size in (2, 16, 256, 1024):
        assert debate_accuracy(size, 1, 0) == (1, 1, 1)
        assert debate_accuracy(size, 0, 0)[1] == 1 / size


@pytest.mark.parametrize(("size", "find", "error"), list(itertools.product((4, 32), (0.0, 0.6, 1.0), (0.0, 0.1))))
def test_formula_and_play_agree(size: int, find: float, error: float) -> None:
    """Steps are added, halves disputed, one leaf checked; accuracy lies within five standard errors of the formula."""
    games = 400
    for formula, played in zip(debate_accuracy(size, find, error), play(size, find, error, games, 1), strict=False):
        spread = max((formula * (1 - formula) / games) ** 0.5, 1e-9)
        assert abs(played.value - formula) <= 5 * spread


def test_the_grid_is_played_as_reckoned() -> None:
    """Over the whole grid the simulation is within Monte-Carlo error, and collusion leaves nothing."""
    report = judge_bisection(BisectionSpec(games=4000))
    assert report.largest_gap < 5 * 0.5 / (2 * 4000) ** 0.5
    assert {row.collusion for row in report.rows} == {0.5}


def test_the_published_rows() -> None:
    """Rows computed before: 1.000 beside .656, .950 beside .51; votes of workers that err in a fifth."""
    assert debate_accuracy(16, 1, 0)[2] == 1 and round(spot_check(16, 0), 3) == 0.656
    assert round(debate_accuracy(256, 1, 0.05)[2], 3) == 0.950 and abs(spot_check(256, 0.05) - 0.513) < 0.005
    assert [round(majority(0.2, votes), 3) for votes in (1, 3, 5, 9)] == [0.8, 0.896, 0.942, 0.98]
    assert majority(0.2, 9, correlation=1.0) == pytest.approx(0.8)


def test_the_spot_check_is_what_checking_at_random_gives() -> None:
    """Random leaves are checked with error and the claim rejected at the best threshold: brute force agrees."""
    size, error, checks, games = 16, 0.1, 5, 20_000
    rng = np.random.default_rng(1)
    flags = (rng.random((2, games, checks)) < error).sum(axis=2)
    faulty = rng.random(games) < checks / size
    own = (rng.random((games, checks - 1)) < error).sum(axis=1) + (rng.random(games) < 1 - error)
    false = np.where(faulty, own, flags[1])
    best = max(((flags[0] < t).mean() + (false >= t).mean()) / 2 for t in range(checks + 2))
    assert spot_check(size, error, checks) == pytest.approx(best, abs=0.01)


@given(st.integers(1, 6), st.booleans(), st.floats(0, 1), st.integers(0, 99))
def test_a_refereed_transcript_replays_to_the_same_verdict(rounds: int, false: bool, find: float, seed: int) -> None:
    """The transcript is all that decides; an opponent that always finds the fault leads to it."""
    dispute = make_dispute(2**rounds, false, find, random.Random(seed))
    assert referee(dispute, 0.3, random.Random(seed)) == referee(dispute, 0.3, random.Random(seed))
    assert len(dispute.path) == rounds and (sum(dispute.steps) != sum(dispute.claimed)) == false
    exact = make_dispute(2**rounds, false, 1.0, random.Random(seed))
    assert referee(exact, 0.0, random.Random(seed)) != false


def test_a_size_that_is_no_power_of_two_is_refused() -> None:
    """As is a chance above 1."""
    with pytest.raises(BadInput, match="found 12 steps, expected a power of two"):
        debate_accuracy(12, 1, 0)
    with pytest.raises(BadInput, match="a chance of 1.5"):
        debate_accuracy(8, 1.5, 0)
    with pytest.raises(BadInput, match="an odd number"):
        majority(0.2, 4)


def test_minimax_over_sets_is_that_over_moves() -> None:
    """Sides take turns to reveal one of five pixels; plain recursion over orders finds the same value and set."""
    pixels = pytest.importorskip("drillyard.oversight.games.pixels_sklearn", exc_type=ImportError)
    sets = pixels.Sets.of(5, 3)
    lead = np.random.default_rng(1).normal(size=(len(sets.members), 2))
    places = {tuple(members): place for place, members in enumerate(sets.members.tolist())}

    def value(shown: tuple[int, ...], honest: bool, game: int) -> float:
        if len(shown) == 3:
            return float(lead[places[tuple(sorted(shown))], game])
        best = max if honest else min
        return best(value((*shown, x), not honest, game) for x in range(5) if x not in shown)

    for first in (True, False):
        expected = [value((), first, game) for game in (0, 1)]
        assert pixels.solve(lead, sets, first).tolist() == expected
        assert [lead[end, game] for game, end in enumerate(pixels.last_sets(lead, sets, first))] == expected


@pytest.mark.walk
def test_the_pixel_rows_are_those_computed_before() -> None:
    """K = 4, 60 images: every row lies within four standard errors of the published table."""
    pixels = pytest.importorskip("drillyard.oversight.games.pixels_sklearn", exc_type=ImportError)
    from drillyard.oversight.games.pixels import PixelSpec

    report = pixels.play_pixels(PixelSpec(images=60))
    rows = {"ten_way": 0.468, "honest_first": 0.84, "liar_first": 0.84, "pairs_random": 0.853, "pairs_debate": 0.971,
            "adviser_honest": 1.0, "adviser_lying": 0.001, "selection_adviser": 0.70, "selection_debate": 0.85,
            "selection_masks": 0.85}  # fmt: skip
    for name, published in rows.items():
        spread = max((published * (1 - published) / 60) ** 0.5, 0.01)
        assert abs(getattr(report, name).value - published) < 4 * spread, name
    assert report.shuffled.value < report.pairs_debate.value and report.colluding.value < 0.1
