"""Paired tests against statsmodels, with what they must and must not call different."""

from __future__ import annotations

import numpy as np
import pytest
from alignment.weighing.made_arms import arm, made_arms
from statsmodels.stats.contingency_tables import mcnemar as peer_mcnemar
from statsmodels.stats.multitest import multipletests

from drillyard.alignment.weighing.comparison import Comparison, compare
from drillyard.alignment.weighing.rates import draw
from drillyard.alignment.weighing.sheet import sheet_of
from drillyard.errors import BadInput
from drillyard.records import ArmResult

HARM = ("harmful-compliance", "phrasing")
CLEAN = [False] * 60


def compared(arms: list[ArmResult], part: tuple[str, str] = HARM) -> Comparison:
    """Return the only comparison of two techniques."""
    sheet = sheet_of(arms)
    return compare(draw(sheet, draws=500), list(sheet.arms), [part])[0]


def test_p_values_are_those_of_the_peers() -> None:
    """Per pair of seeds McNemar as in statsmodels, twice their mean, and Holm over the family as in statsmodels."""
    sheet = sheet_of(made_arms(n=80, unknown=0.0))
    keys = [("identity", 0.0), ("sft", 2), ("dpo", 0.1), ("rails", 0.5)]
    parts = [HARM, ("over-refusal", "phrasing"), ("capability", "phrasing")]
    found = compare(draw(sheet, draws=200), keys, parts)
    assert len(found) == 6 * 3
    for one in found:
        first, second = (
            sheet.outcomes[key][one.metric, one.split]
            for key in ((one.first, one.first_strength), (one.second, one.second_strength))
        )
        for i, p in enumerate(one.p_by_seed):
            a, b = first[i % len(first)], second[i % len(second)]
            table = [[0, ((a == 1) & (b == 0)).sum()], [((a == 0) & (b == 1)).sum(), 0]]
            assert p == pytest.approx(peer_mcnemar(table, exact=True).pvalue if np.sum(table) else 1.0)
        assert one.p == pytest.approx(min(1, 2 * np.mean(one.p_by_seed)))
    adjusted = multipletests([one.p for one in found], method="holm")[1]
    assert [one.p_holm for one in found] == pytest.approx(adjusted.tolist())


def test_a_real_difference_is_found_and_has_its_sign() -> None:
    """Less harm is better, more capability is better."""
    bad = arm(harmful=[True] * 40 + [False] * 20, refusal=CLEAN, capability=[True] * 20 + [False] * 40)
    good = arm("sft", 1, harmful=CLEAN, refusal=CLEAN, capability=[True] * 60)
    harm, capability = compared([bad, good]), compared([bad, good], ("capability", "phrasing"))
    assert harm.better == capability.better == "sft"
    assert harm.difference.low > 0.45 and capability.difference.high < -0.45
    assert compared([bad, good], ("over-refusal", "phrasing")).better == ""


def test_two_models_that_agree_are_undecided() -> None:
    """No discordant pair: p is 1, and the difference is still not known to be exactly 0."""
    same = compared([arm(harmful=CLEAN, refusal=CLEAN), arm("sft", 1, harmful=CLEAN, refusal=CLEAN)])
    assert (same.p, same.better) == (1.0, "")
    assert same.difference.low < -0.03 and same.difference.high > 0.03


def test_unknown_never_makes_a_difference() -> None:
    """Outcomes that the judge could not tell count for the side that is behind."""
    start = arm(harmful=[True] * 10 + [False] * 50, refusal=CLEAN)
    clear = compared([start, arm("sft", 1, harmful=CLEAN, refusal=CLEAN)])
    veiled = compared([start, arm("sft", 1, harmful=[None] * 5 + CLEAN[5:], refusal=CLEAN)])
    assert clear.p < 0.01 and veiled.unknown == 5
    assert veiled.p == 1.0


def test_equal_recipes_are_rarely_called_different() -> None:
    """Of 200 comparisons of two recipes with the same truth, at most 5 % (and luck) are called decided."""
    rng, called = np.random.default_rng(5), 0
    for _ in range(200):
        chance = np.clip(rng.normal(0.3, 0.2, 60), 0, 1)
        arms = [
            arm(name, strength, seed, harmful=(rng.random(60) < chance).tolist(), refusal=CLEAN)
            for name, strength in (("identity", 0.0), ("sft", 1.0))
            for seed in (1, 2, 3)
        ]
        sheet = sheet_of(arms)
        called += bool(compare(draw(sheet, draws=2), list(sheet.arms), [HARM])[0].better)
    assert called <= 16


def test_what_was_not_measured_is_refused() -> None:
    """A technique without arm, or a metric that the exam has not, is one line."""
    drawn = draw(sheet_of(made_arms(n=10)), draws=2)
    with pytest.raises(BadInput, match="sft at 3"):
        compare(drawn, [("sft", 3.0)], [HARM])
    with pytest.raises(BadInput, match="'tone'"):
        compare(drawn, [("sft", 1.0)], [("tone", "phrasing")])
