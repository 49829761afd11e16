"""Every method against values computed elsewhere, on arrays that anybody can make again (`reference.py`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from probes.reference import contrast_pairs, generator, labelled, normals
from scipy.special import expit

from drillyard.errors import BadInput
from drillyard.probes.base import ConstantProbe, LinearProbe
from drillyard.probes.methods.attention import fit_attention
from drillyard.probes.methods.ccs import fit_ccs
from drillyard.probes.methods.crc import fit_crc
from drillyard.probes.methods.lda import fit_lda
from drillyard.probes.methods.leace import erase, leace
from drillyard.probes.methods.logistic import fit_logistic
from drillyard.probes.methods.mahalanobis import fit_mahalanobis
from drillyard.probes.methods.mean_difference import fit_mean_difference
from drillyard.probes.methods.pairs import contrast
from drillyard.probes.methods.tokens import AGGREGATIONS, aggregate
from drillyard.probes.methods.vinc import fit_vinc
from drillyard.stats import auroc

X, Y = labelled()
CASES = {"A": 0.0, "B": 2.0, "C": 0.7}


def cosine(probe: LinearProbe) -> float:
    """Return how far a probe points along axis 0, where the truth is."""
    return float(abs(probe.weights[0]) / np.linalg.norm(probe.weights))


def either(scores: NDArray[Any], labels: NDArray[Any]) -> float:
    """Return the area of scores whose sign is free."""
    area = auroc(scores, labels)
    return max(area, 1 - area)


def unit(probe: LinearProbe) -> NDArray[Any]:
    """Return a probe's direction."""
    return probe.weights / np.linalg.norm(probe.weights)


@pytest.mark.parametrize(
    ("case", "value", "along", "truth", "distractor"),
    [
        ("A", 4.204100, 0.998778, 1, 0.5067),
        ("B", 16.154107, 0.001244, 0.5389, 1),
        ("C", 4.203983, 0.998783, 1, 0.5111),
    ],
)
def test_crc(case: str, value: float, along: float, truth: float, distractor: float) -> None:
    """It finds what differs most between the sides: the truth in A and C, the distractor in B."""
    pairs, true, other = contrast_pairs(CASES[case])
    probe = fit_crc(pairs)
    scores = contrast(probe.weights, pairs)
    assert probe.told["eigenvalue"] == pytest.approx(value, abs=1e-4)
    assert cosine(probe) == pytest.approx(along, abs=1e-4)
    assert (either(scores, true), either(scores, other)) == pytest.approx((truth, distractor), abs=1e-4)


@pytest.mark.parametrize(
    ("case", "weights", "value", "along"),
    [
        ("A", (0, 0.5, 0.5), 0.428990, 0.997781),
        ("B", (0, 0.5, 0.5), 1.915604, 0.003899),
        ("C", (0, 0.5, 0.5), 0.429018, 0.997731),
        ("A", (1, 1, 1), 1.950518, 0.998195),
        ("B", (1, 1, 1), 7.923428, 0.002469),
        ("C", (1, 1, 1), 1.950520, 0.998192),
    ],
)
def test_vinc(case: str, weights: tuple[float, float, float], value: float, along: float) -> None:
    """The same for VINC, with the weights of its three covariances."""
    variance, invariance, negation = weights
    pairs, _, _ = contrast_pairs(CASES[case])
    probe = fit_vinc(pairs, variance=variance, invariance=invariance, negation=negation)
    assert probe.told["eigenvalue"] == pytest.approx(value, abs=1e-4)
    # The eigenvector lies in the erased space; the probe carries it back to plain states, which turns it a little.
    assert cosine(probe) == pytest.approx(along, abs=6e-3)


def test_labels_bring_vinc_to_the_truth() -> None:
    """VINC-S, in the case in which all that take no labels find the distractor."""
    pairs, true, other = contrast_pairs(2.0)
    assert either(contrast(fit_vinc(pairs).weights, pairs), other) == 1
    assert either(contrast(fit_vinc(pairs, true, supervision=10.0).weights, pairs), true) > 0.99


@pytest.mark.parametrize(
    ("case", "loss", "along", "truth", "distractor"),
    [
        ("A", 0.025351, 0.9914, 1, 0.5111),
        ("B", 0.004706, 0.0269, 0.5033, 1),
        ("C", 0.025287, 0.9900, 1, 0.5156),
    ],
)
def test_ccs(case: str, loss: float, along: float, truth: float, distractor: float) -> None:
    """The lowest loss is that of the distractor: a low loss is no evidence."""
    pairs, true, other = contrast_pairs(CASES[case])
    source = generator(12345)
    probe = fit_ccs(pairs, starts=[normals(source, 9) / np.sqrt(8) for _ in range(10)])
    means = pairs.mean((0, 1))
    bias = probe.bias + probe.weights @ means.mean(0)  # of sides that are centred separately
    p0, p1 = (expit((pairs.mean(1)[:, side] - means[side]) @ probe.weights + bias) for side in (0, 1))
    scores = (p1 + 1 - p0) / 2
    assert probe.told["loss"] == pytest.approx(loss, abs=1e-3)
    assert cosine(probe) == pytest.approx(along, abs=1e-3)
    assert either(scores, other) == pytest.approx(distractor, abs=1e-4)
    assert either(scores, true) == pytest.approx(truth, abs=1e-4)


def test_the_mean_difference_of_one_side_finds_the_truth_in_all_three() -> None:
    """With labels the distractor does not matter."""
    for distractor in CASES.values():
        pairs, true, _ = contrast_pairs(distractor)
        probe = fit_mean_difference(pairs[:, :, 1].reshape(-1, 8), np.repeat(true, 3))
        assert cosine(probe) == pytest.approx(0.996685, abs=1e-4)
    assert auroc(fit_mean_difference(X, Y).score(X), Y) == pytest.approx(0.823333, abs=1e-4)


def test_lda() -> None:
    """Unshrunk and shrunk by OAS."""
    probe = fit_lda(X, Y, shrunk=False)
    assert unit(probe) == pytest.approx([0.759319, -0.545645, 0.337113, 0.021310, 0.107738], abs=1e-4)
    assert probe.told["distance2"] == pytest.approx(2.270990, abs=1e-4)
    assert auroc(probe.score(X), Y) == pytest.approx(0.863333, abs=1e-4)
    shrunk = fit_lda(X, Y)
    assert shrunk.told["shrunk"] == pytest.approx(0.232347, abs=1e-4)
    assert unit(shrunk) == pytest.approx([0.777512, -0.513468, 0.338453, -0.009273, 0.131106], abs=1e-4)


def test_logistic() -> None:
    """Objective, weights and bias."""
    probe = fit_logistic(X, Y, penalty=0.001, standardise=False)
    assert probe.told["objective"] == pytest.approx(0.382431, abs=1e-5)
    assert probe.weights == pytest.approx([1.705896, -1.411643, 0.811279, 0.032967, -0.014798], abs=1e-4)
    assert probe.bias == pytest.approx(-2.408980, abs=1e-4)
    assert fit_logistic(X, Y, penalty=1e-9, standardise=False).told["loss"] == pytest.approx(0.379553, abs=1e-5)


def test_more_axes_than_rows_change_nothing_of_a_logistic_fit() -> None:
    """The same rows, turned into a space of 200 axes: the scores stay."""
    turned = np.linalg.qr(np.random.default_rng(1).standard_normal((200, 5)))[0]
    narrow, wide = (fit_logistic(x, Y, standardise=False) for x in (X, X @ turned.T))
    assert wide.score(X @ turned.T) == pytest.approx(narrow.score(X), abs=1e-6)


def test_leace() -> None:
    """The smallest change that leaves the classes one mean, and a refit nothing but the class entropy."""
    erasure = leace(X, Y, shrink=False)
    erased = erase(X, erasure)
    assert np.linalg.norm(X[Y].mean(0) - X[~Y].mean(0)) == pytest.approx(1.131887, abs=1e-5)
    assert np.linalg.norm(erased[Y].mean(0) - erased[~Y].mean(0)) < 1e-13
    projector = np.eye(5) - erasure["left"] @ erasure["right"]
    assert projector[0] == pytest.approx([0.327183, 0.483485, -0.298709, -0.018882, -0.095464], abs=1e-5)
    assert erased[0] == pytest.approx([-1.157511, -2.142544, -0.160034, 0.519151, 0.077677], abs=1e-5)
    assert ((erased - X) ** 2).sum(1).mean() == pytest.approx(0.804365, abs=1e-5)
    assert fit_logistic(erased, Y, penalty=1e-9, standardise=False).told["loss"] == pytest.approx(0.562335, abs=1e-5)


def test_leace_erases_a_rare_class_too() -> None:
    """Four rows of two thousand; an absolute tolerance would keep them without a word."""
    x, y = normals(generator(5), 2000, 4), np.arange(2000) % 500 == 0
    x[:, 0] += y
    erased = erase(x, leace(x, y, shrink=False))
    assert np.linalg.norm(x[y].mean(0) - x[~y].mean(0)) == pytest.approx(1.667463, abs=1e-5)
    assert np.linalg.norm(erased[y].mean(0) - erased[~y].mean(0)) < 1e-13


def test_mahalanobis() -> None:
    """Distances from the negatives."""
    scores = fit_mahalanobis(X[~Y], shrunk=False).score(X)
    assert scores[[0, 4, 8]] == pytest.approx([7.334986, 6.997997, 13.074493], abs=1e-4)
    assert auroc(scores, Y) == pytest.approx(0.744167, abs=1e-4)


def test_an_attention_probe_finds_the_one_token_that_tells() -> None:
    """One token of twelve, anywhere, decides; the mean over tokens sees it too dimly."""
    rng = np.random.default_rng(3)
    replies, labels = rng.standard_normal((120, 12, 6)), np.arange(120) % 2
    for reply, label in zip(replies, labels, strict=True):
        reply[rng.integers(12), :2] = (4, 3 if label else -3)
    probe = fit_attention(list(replies[:80]), labels[:80])
    found = auroc([float(probe.score(one)[0]) for one in replies[80:]], labels[80:])
    means = fit_logistic(replies[:80].mean(1), labels[:80]).score(replies[80:].mean(1))
    assert found > 0.97 > auroc(means, labels[80:])


def test_aggregations() -> None:
    """By hand, of four tokens."""
    found = [aggregate([1, 3, 0, 2], how, window=2, decay=0.5) for how in AGGREGATIONS]
    assert found == [2, 1.5, 3, 2, 2]
    with pytest.raises(BadInput, match="without tokens"):
        aggregate([], "max")


@pytest.mark.parametrize(
    ("states", "labels", "words"),
    [
        (X, np.ones(80), "0 of the other"),
        (np.ones((80, 5)), Y, "all the same"),
        (np.where(np.arange(80)[:, None] == 7, np.nan, X), Y, "NaN or infinity in row 7"),
        (X[0], Y, "states of shape"),
        (X, Y[:9], "9 labels for 80 rows"),
    ],
)
def test_what_cannot_be_fitted_is_refused_in_one_line(states: Any, labels: Any, words: str) -> None:
    """One class, constant features, NaN, another shape, other labels."""
    for fit in (fit_logistic, fit_lda, fit_mean_difference):
        with pytest.raises(BadInput, match=words):
            fit(states, labels)


def test_a_constant_feature_gets_no_weight() -> None:
    """It would be divided by nothing."""
    probe = fit_logistic(np.column_stack([X, np.full(80, 7.0)]), Y)
    assert probe.weights[5] == 0 and np.isfinite(probe.score(np.ones((1, 6)))).all()
    assert (ConstantProbe(width=5).score(X) == 0).all()
