"""Criteria: they mean what Python means by the same words, and what is wrong with one is told with its column."""

from __future__ import annotations

import re

import pytest
from audits.reports.made_report import made_report
from hypothesis import given
from hypothesis import strategies as some

from drillyard.audits.reports.fail_on import FailOn, check
from drillyard.audits.reports.view import fields_of
from drillyard.errors import BadInput
from drillyard.records import Severity

FINDING = fields_of(made_report().findings[0])  # alpha: critical, rate 0.5, twin 0
NUMBERS = [name for name, value in FINDING.items() if isinstance(value, float)]
ORDER = [">=", "<=", ">", "<", "==", "!="]

_compared = some.one_of(
    some.builds(
        "{} {} {!r}".format, some.sampled_from(NUMBERS), some.sampled_from(ORDER), some.sampled_from([0.0, 0.2, 0.5])
    ),
    some.builds("{}{}{}".format, some.sampled_from(NUMBERS), some.sampled_from(ORDER), some.sampled_from(NUMBERS)),
    some.builds("severity{}{}".format, some.sampled_from(ORDER), some.sampled_from(list(Severity))),
    some.builds("behaviour{}'{}'".format, some.sampled_from(["==", "!="]), some.sampled_from(["alpha", "be-ta"])),
)
CRITERIA = some.recursive(
    _compared,
    lambda inner: some.one_of(
        some.builds("not {}".format, inner),
        some.builds("({})".format, inner),
        some.builds("{} and {}".format, inner, inner),
        some.builds("{} or {}".format, inner, inner),
    ),
    max_leaves=8,
)


def by_python(words: str) -> bool:
    """Evaluate a criterion as Python: fields by their values, severities by their rank."""
    names = sorted([*NUMBERS, "severity", "behaviour", *Severity], key=len, reverse=True)
    values = {name: FINDING[name] for name in NUMBERS} | {"behaviour": FINDING["behaviour"]}
    values |= {"severity": FINDING["severity"].rank} | {str(one): one.rank for one in Severity}
    known = "|".join(map(re.escape, names))
    return bool(eval(re.sub(rf"(?<![\w'.])({known})(?![\w'.-])", lambda found: repr(values[found[1]]), words)))


@given(CRITERIA)
def test_a_criterion_means_what_python_means(words: str) -> None:
    """Comparisons, precedence of not, and, or, and parentheses agree with Python's on random criteria."""
    assert FailOn.parse(words).meets(FINDING) == by_python(words)


@pytest.mark.parametrize(
    ("words", "meets"),
    [
        ("severity>=high and rate.low>0.01", True),
        ("high <= severity", True),
        ("behaviour == alpha and kind == alpha", True),
        ('behaviour == "be ta"', False),
        ("NOT severity < critical AND rate.low > control_rate.high", True),
        ("0.1 < rate.low <= rate.high < 1", True),
        ("'é' != behaviour and rate.low > 0.9", False),
        ("rate.value > .5 or rate.value >= 5e-1", True),
    ],
)
def test_words_may_be_plain_or_quoted(words: str, meets: bool) -> None:
    """Either side may be the field; words of behaviours need no quotes; and, or, not in any case."""
    assert FailOn.parse(words).meets(FINDING) is meets


@pytest.mark.parametrize(
    ("words", "column", "expected"),
    [
        ("", 1, "found the end at column 1"),
        ("severity>=hihg", 11, "expected one of: low, medium, high, critical"),
        ("rates.low>0.1", 1, "did you mean 'rate.low'?"),
        ("rate > 0.1", 1, "rate.value, rate.low, rate.high"),
        ("rate.low = 0.2", 10, "use =="),
        ("rate.low>>1", 1, "comparisons (>= <= > < == !=)"),
        ("rate.low in 'x'", 13, "expected a number"),
        ("rate.low>1x", 10, "comparisons (>= <= > < == !=)"),
        ("rate.low>-1", 10, "expected a field, a number or a word"),
        ("severity>2", 10, "expected a severity"),
        ("behaviour > alpha", 10, "a word has no order"),
        ("0.1 < 0.2", 1, "expected one of: severity, rate.value"),
        ("(severity>low", 1, "joined by and, or, not"),
        ("severity>low)", 13, "joined by and, or, not"),
        ("  severity>low && rate.low>0", 17, "joined by and, or, not"),
        ("severity>low and", 17, "joined by and, or, not"),
        ("__import__('os').system('true')", 1, "comparisons (>= <= > < == !=)"),
        ("rate.low > __import__('os')", 12, "expected a field, a number or a word"),
        ("(" * 100_000, 201, "joined by and, or, not"),
        ("not " * 100_000, 1, "fewer of them"),
    ],
)
def test_what_is_wrong_is_told_with_its_column(words: str, column: int, expected: str) -> None:
    """One short line: what was found at which column, what was expected there."""
    with pytest.raises(BadInput) as told:
        FailOn.parse(words)
    line = str(told.value)
    assert f"at column {column} of --fail-on" in line and expected in line
    assert "\n" not in line and len(line) < 500


def test_a_criterion_that_could_never_be_met_is_refused() -> None:
    """A misspelt behaviour, or the twin's rate without a twin, would pass every audit without a word."""
    known = ("alpha", "beta")
    check([FailOn.parse("behaviour == alpha and rate.low > control_rate.high")], known, twin=True)
    with pytest.raises(BadInput, match="add --twin"):
        check([FailOn.parse("rate.low > control_rate.high")], known, twin=False)
    with pytest.raises(BadInput, match="expected one of: alpha, beta"):
        check([FailOn.parse("severity >= low or not (behaviour == alfa)")], known, twin=False)
    with pytest.raises(BadInput, match="add --twin"):
        FailOn.parse("control_rate.low > 0").meets(fields_of(made_report(twin=False).findings[0]))
