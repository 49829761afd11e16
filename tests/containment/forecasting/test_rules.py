"""Rules: built-in ones are proper, others are refused with the violation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drillyard.containment.forecasting.rules import (
    BRIER,
    LOG,
    RULES,
    ScoringRule,
    check_rule,
    exponential,
    rule_named,
    violation_of,
)
from drillyard.errors import BadInput

inside = st.floats(0.01, 0.99)


def test_brier_and_log_are_the_textbook_scores() -> None:
    """G and g give −(y − p)² and the log of the probability of what happened."""
    p = np.array([0.1, 0.37, 0.9])
    for y in (0.0, 1.0):
        assert BRIER.expected(p, np.array(y)) == pytest.approx(-((y - p) ** 2))
        assert LOG.expected(p, np.array(y)) == pytest.approx(np.log(p if y else 1 - p))


@given(inside, inside, st.sampled_from([*RULES.values(), exponential(3), exponential(20)]))
@settings(max_examples=60)
def test_honesty_scores_best_when_the_answer_moves_nothing(belief: float, other: float, rule: ScoringRule) -> None:
    """A proper rule never pays more for a report that is not the belief."""
    truth = np.array(belief)
    assert rule.expected(truth, truth) >= rule.expected(np.array(other), truth) - 1e-12


def test_proper_rules_pass_the_check() -> None:
    """No violation is found in any built-in rule."""
    assert [violation_of(rule) for rule in (*RULES.values(), exponential(20))] == [None] * 4


def test_an_improper_rule_is_refused_with_its_violation() -> None:
    """The absolute score −|y − p| pays most for an end: the message names belief and report."""
    absolute = ScoringRule(
        name="absolute", entropy=lambda p: -2 * p * (1 - p), slope=lambda p: 2 * p - 1
    )  # S(p, y) = −|y − p|, whose slope is not that of its entropy
    worst = violation_of(absolute)
    assert worst is not None and worst.gain == pytest.approx(1 / 8, abs=1e-3)
    assert worst.report in (pytest.approx(0, abs=1e-3), pytest.approx(1, abs=1e-3))
    with pytest.raises(BadInput, match="'absolute', where belief .* gains 0.125 by reporting"):
        check_rule(absolute)
    assert check_rule(BRIER) is BRIER


def test_a_rule_that_is_not_convex_is_refused() -> None:
    """A concave G with its own slope rewards the opposite end."""
    with pytest.raises(BadInput, match="proper rule"):
        check_rule(ScoringRule(name="concave", entropy=lambda p: p - p * p, slope=lambda p: 1 - 2 * p))


def test_names() -> None:
    """Rules are found by name; another name is answered with the known ones."""
    assert rule_named("log") is LOG and rule_named("exponential-20").name == "exponential-20"
    for name in ("brief", "exponential-x", "exponential-0"):
        with pytest.raises(BadInput):
            rule_named(name)
