"""Leaks measured on planted secrets, and consensus against simulation."""

from __future__ import annotations

import numpy as np
import pytest

from drillyard.containment.channels.consensus import consensus, simulate_steered
from drillyard.containment.channels.leakage import leakage, steganographic_gap, steganography
from drillyard.errors import BadInput


def noisy(n: int, error: float, seed: int) -> tuple[list[int], list[int]]:
    """Return coins sent through a binary symmetric channel: 1 − H2(error) bits each."""
    rng = np.random.default_rng(seed)
    sent = rng.integers(0, 2, n)
    return sent.tolist(), (sent ^ (rng.random(n) < error)).astype(int).tolist()


def test_a_known_channel_is_measured() -> None:
    """At error .11 half a bit passes; the interval holds it in at least 34 of 40 runs of 1,000 answers."""
    truth = 1 + 0.11 * np.log2(0.11) + 0.89 * np.log2(0.89)
    found = [leakage(*noisy(1000, 0.11, seed)).bits for seed in range(40)]
    assert sum(one.low <= truth <= one.high for one in found) >= 34
    assert np.mean([one.value for one in found]) == pytest.approx(truth, abs=0.012)


def coverage(joint: np.ndarray, n: int, runs: int, seed: int) -> tuple[float, float]:
    """Return how often the interval holds the true information of a joint distribution, and lies below it."""
    held, known = joint > 0, np.outer(joint.sum(1), joint.sum(0))
    truth = float((joint[held] * np.log2(joint[held] / known[held])).sum())
    rng, found = np.random.default_rng(seed), []
    for run in range(runs):
        pairs = rng.choice(joint.size, n, p=joint.ravel())
        found.append(leakage(*(part.tolist() for part in np.divmod(pairs, joint.shape[1])), 40, run).bits)
    return np.mean([one.low <= truth <= one.high for one in found]), np.mean([one.high < truth for one in found])


def flipped(error: float) -> np.ndarray:
    """Return the joint distribution of a coin and what a binary symmetric channel makes of it."""
    return np.array([[1 - error, error], [error, 1 - error]]) / 2


def hinted(secrets: int, answers: int, share: float) -> np.ndarray:
    """Return that of a secret which a share of the answers gives away; the others are drawn at random."""
    return (share * np.eye(secrets, answers) + (1 - share) / answers) / secrets


def erased(secrets: int, share: float) -> np.ndarray:
    """Return that of a secret which a share of the answers gives away; the others are one and the same."""
    return np.hstack([share * np.eye(secrets), np.full((secrets, 1), 1 - share)]) / secrets


def test_the_interval_holds_weak_leaks() -> None:
    """A coin flipped in 48 or 40 of 100 answers: 40 samples each, at least 35 held (binomial(40, .95): .993)."""
    for error in (0.48, 0.4):
        held, below = coverage(flipped(error), 300, 40, 7)
        assert held >= 35 / 40 and below <= 3 / 40, (error, held, below)


@pytest.mark.walk
@pytest.mark.parametrize("n", [200, 1000])
@pytest.mark.parametrize(
    "joint",
    [
        flipped(0.5),
        flipped(0.46),
        flipped(0.11),
        hinted(4, 8, 0.05),
        hinted(8, 21, 0.3),
        erased(8, 0.1),
        erased(8, 0.5),
    ],
    ids=["nothing", "weak", "half a bit", "4 by 8, weak", "8 by 21", "8, a tenth told", "8, half told"],
)
def test_the_interval_covers(joint: np.ndarray, n: int) -> None:
    """200 samples: 92 % at least are held (95 % less three standard errors is 90 %), of a rare telling 88 %."""
    held, _ = coverage(joint, n, 200, 11)
    assert held >= (0.88 if joint.shape == (8, 9) and n == 200 else 0.92)


def test_no_leak_is_not_called_one() -> None:
    """Plug-in information of pure chance is above 0; the correction takes it away, and p-values are not small."""
    rng = np.random.default_rng(4)
    runs = [leakage(rng.integers(0, 4, 400).tolist(), rng.integers(0, 8, 400).tolist(), 99) for _ in range(60)]
    assert np.mean([run.plug_in for run in runs]) == pytest.approx(21 / (2 * 400 * np.log(2)), rel=0.15)
    assert np.mean([run.bits.value for run in runs]) < 0.012  # values below 0 are cut, so the mean stays above it
    assert sum(run.p_value <= 0.05 for run in runs) <= 9  # binomial(60, .05) exceeds 9 with probability .0005


def test_canonicalisation_takes_the_planted_bit_away() -> None:
    """A bit hidden in the parity of a 101-point grid: whole as sent, nearly gone rounded, gone with dither."""
    sent = leakage(*steganography(4000))
    rounded, dithered = leakage(*steganography(4000, coarse=21)), leakage(*steganography(4000, coarse=21, dither=1))
    assert sent.bits.value > 0.99 and sent.bits.low > 0.9  # the limits of weak leaks are wide where all is told
    assert rounded.bits.value < 0.06 and dithered.bits.value < 0.01 and dithered.p_value > 0.01
    assert "does not show" in sent.does_not_show


def test_steganographic_gap() -> None:
    """The decoder reads every bit as sent, a half more than a guess, and no more than a guess after dither."""
    sent = steganographic_gap(*steganography(4000))
    clean = steganographic_gap(*steganography(4000, coarse=21, dither=1))
    assert sent.value == pytest.approx(0.5, abs=0.05) and sent.low > 0.45
    assert clean.low <= 0 <= clean.high


@pytest.mark.parametrize(("k", "rho"), [(1, 0.0), (3, 0.0), (3, 0.3), (5, 1.0)])
def test_consensus_is_what_a_simulation_finds(k: int, rho: float) -> None:
    """The steered share within four standard errors."""
    told = consensus(k, 0.3, rho).steered_shown
    assert abs(simulate_steered(k, 0.3, rho) - told) <= 4 * (told * (1 - told) / 100_000) ** 0.5 + 1e-12


def test_colluding_copies_void_consensus() -> None:
    """Independent oracles multiply; with a shared decision more oracles stop helping, and the result says void."""
    assert consensus(5, 0.1, 0.0).steered_shown == pytest.approx(1e-5) and not consensus(5, 0.1, 0.0).void
    assert consensus(5, 0.1, 0.2).void and consensus(50, 0.1, 0.2).steered_shown == pytest.approx(0.02)
    whole = consensus(3, 0.2, 0.4, agree=0.9)
    assert whole.steered_shown + whole.honest_shown + whole.silent == pytest.approx(1)


def test_bad_input() -> None:
    """Lists of other lengths, probabilities that are none."""
    with pytest.raises(BadInput):
        leakage([1, 2], [1])
    with pytest.raises(BadInput):
        steganographic_gap([1], [1])
    with pytest.raises(BadInput):
        steganography(10, dither=-1)
    with pytest.raises(BadInput):
        consensus(3, 2, 0)
