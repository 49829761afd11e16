"""The search against brute force, reference values and what chance gives."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from drillyard.incidents.search.bits import Bits, pack
from drillyard.incidents.search.change import change_statistic, find_change
from drillyard.incidents.search.confounding import held_fixed
from drillyard.incidents.search.shuffle import Shuffler, best_by_chance
from drillyard.incidents.search.subgroups import Measure, penalty, quality, search
from drillyard.incidents.search.words_polars import log_odds


def test_the_quality_of_a_rule_is_as_published() -> None:
    """30 bad of 100 in the slice, 40 of 300 overall."""
    assert quality("wracc", 30, 100, 40, 300) == pytest.approx(0.0555556, abs=1e-7)
    assert stats.hypergeom.sf(29, 300, 40, 100) == pytest.approx(7.6173e-9, rel=1e-4)


def test_evidence_is_the_g_statistic() -> None:
    """Half of G of the two-by-two table, where the rate under the rule is the higher one; else nothing."""
    table = [[30, 70], [10, 190]]
    g = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood").statistic
    assert quality("evidence", 30, 100, 40, 300) == pytest.approx(g / 2)
    assert quality("evidence", 5, 100, 40, 300) == 0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["wracc", "evidence"]), st.integers(1, 4))
def test_the_search_finds_what_brute_force_finds(seed: int, measure: Measure, depth: int) -> None:
    """Every rule of up to four of eight selectors, counted one by one."""
    rng = np.random.default_rng(seed)
    flags, bad = rng.random((8, 150)) < rng.uniform(0.2, 0.7, (8, 1)), rng.random(150) < 0.2
    bad |= flags[0] & flags[3] & (rng.random(150) < 0.6)
    found = search(Bits(pack(flags), bad), best=5, depth=depth, support=5, measure=measure, expansions=10_000)
    cost = penalty(measure, 8, 150)
    scores = []
    for length in range(1, depth + 1):
        for rule in itertools.combinations(range(8), length):
            under = flags[list(rule)].all(axis=0)
            if under.sum() >= 5:
                scores.append(float(quality(measure, (under & bad).sum(), under.sum(), bad.sum(), 150)) - length * cost)
    best = sorted(scores, reverse=True)[:5]
    assert found.exact_to == depth
    assert [one.score for one in found.best] == pytest.approx(best)
    for one in found.best:
        under = flags[list(one.rule)].all(axis=0)
        assert (one.rows, one.bad) == (under.sum(), (under & bad).sum())


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["wracc", "evidence"]))
def test_the_best_by_chance_is_the_best_of_every_pair(seed: int, measure: Measure) -> None:
    """What is skipped by a bound could not have been the best."""
    rng = np.random.default_rng(seed)
    flags, bad = rng.random((7, 128)) < 0.4, rng.random(128) < 0.15
    sessions = np.sort(rng.integers(0, 50, 128))
    got = best_by_chance(pack(flags), 128, Shuffler(sessions, bad, seed), 3, support=4, measure=measure)
    shuffler = Shuffler(sessions, bad, seed)
    shuffler.draw()
    for value in got:
        shuffled = np.zeros(128, bool)
        shuffled[shuffler.draw()] = True
        best = search(Bits(pack(flags), shuffled), best=1, depth=2, support=4, measure=measure).best
        assert value == pytest.approx(best[0].score, abs=1e-6)


def test_a_shuffle_keeps_sessions_whole() -> None:
    """The labels of a session come in their order, one behind the other, wherever they are put."""
    sessions = np.repeat(np.arange(40), 3)
    bad = np.tile([False, True, True], 40)
    bad[60:] = False
    for _ in range(20):
        places = np.sort(Shuffler(sessions, bad, 3).draw()).reshape(-1, 2)
        assert len(places) == 20 and (places[:, 1] - places[:, 0] == 1).all() and (places[:, 0] % 3 == 1).all()


def test_the_log_odds_of_words_are_those_of_the_toy() -> None:
    """Z = ±0.6894227887 for the words of one side alone, 0 for those of both (Wigder's fightin_words)."""
    one = Counter(["the", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "pig"])
    other = Counter(["the", "lazy", "purple", "pig", "jumps", "over", "the", "lazier", "donkey"])
    prior = dict.fromkeys({*one, *other}, 0.05)
    for word, (_, z) in log_odds(one, other, prior).items():
        wanted = 0.6894227887 * ((word in one) - (word in other))
        assert z == pytest.approx(wanted, abs=1e-9)


def test_a_change_of_rate_is_found_where_it_is() -> None:
    """0.02 to 0.08 at 1,000 of 2,000: the reference's own draw."""
    rng = np.random.default_rng(0)
    bad = rng.random(2000) < np.where(np.arange(2000) < 1000, 0.02, 0.08)
    statistic = change_statistic(bad.astype(float), np.ones(2000))
    assert int(np.argmax(statistic)) + 1 == 1000
    assert statistic.max() == pytest.approx(23.5, abs=0.05)
    found = find_change(np.arange(2000.0), bad, np.arange(2000), [(0.0, "r1"), (990.0, "r2")], shuffles=99)
    assert found is not None and found.p == 0.01 and found.after == 1000 and found.release == "r2"
    assert found.low <= 1000 <= found.high


def test_without_a_change_its_p_value_is_any() -> None:
    """Of 60 draws without a change about one in twenty falls below 0.05."""
    ps = []
    for seed in range(60):
        bad = np.random.default_rng(seed).random(200) < 0.1
        found = find_change(np.arange(200.0), bad, np.arange(200), [], shuffles=39)
        ps.append(found.p if found else 1.0)
    assert sum(p <= 0.05 for p in ps) <= 8 and max(ps) > 0.5


def test_an_effect_that_is_a_cohort_s_own_vanishes_when_it_is_held_fixed() -> None:
    """Simpson: new users get the template and complain more; within a cohort it makes no difference."""
    rng = np.random.default_rng(1)
    cohort = rng.integers(0, 2, 6000)
    under = rng.random(6000) < np.where(cohort == 1, 0.8, 0.2)
    bad = rng.random(6000) < np.where(cohort == 1, 0.3, 0.05)
    assert bad[under].mean() - bad[~under].mean() > 0.1
    held = held_fixed(under, bad, cohort)
    assert held.low < 0 < held.high and held.high - held.low < 0.1
