"""Text checks: what each calls right, on examples worked out by hand from the tools' own definitions."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.bench.checks import check_text, normalise
from drillyard.bench.wording import lookup
from drillyard.errors import BadInput
from drillyard.records import BenchAsk, BenchCase, Conversation, TextCheck


def meets(operation: str, said: str, *ideal: str, ignore_case: bool = False) -> bool:
    """Check one reply against right answers."""
    case = BenchCase(id="1", asks=(BenchAsk(conversation=Conversation.ask("q")),), ideal=ideal)
    check = TextCheck.model_validate({"operation": operation, "ignore_case": ignore_case})
    return check_text(check, case, lookup(case, {"completion": said}))


@pytest.mark.parametrize(
    ("operation", "said", "ideal", "right"),
    [
        ("starts-with", "Yes, sir", "Yes", True),
        ("starts-with", " Yes", "Yes", False),
        ("starts-with", "yes", "Yes", False),
        ("starts-with", "anything", "", True),
        ("includes", "I say Yes.", "Yes", True),
        ("includes", "I say yes.", "Yes", False),
        ("fuzzy", "The answer, clearly!", "answer clearly", True),
        ("fuzzy", "red", "A red lamp", True),
        ("fuzzy", "", "red", False),
        ("fuzzy", "!", "the", True),
        ("json", '{"b": [1, 2], "a": 1.0}', '{"a": 1, "b": [1, 2]}', True),
        ("json", '{"a": 1, "c": 2}', '{"a": 1}', False),
        ("json", '{"a": null}', '{"a": null}', False),
        ("json", '{"a": 1} and more', '{"a": 1}', False),
        ("json", "[2, 1]", "[1, 2]", False),
        ("eq", "Yes", "Yes", True),
        ("eq", "Yes ", "Yes", False),
        ("ne", "Yes ", "Yes", True),
        ("like", "oh Yes", "Yes", True),
        ("like", "oh yes", "Yes", False),
        ("ilike", "oh yEs", "Yes", True),
        ("letter", "ANSWER: B", "B", True),
        ("letter", "I think A.\nAnswer: b.", "B", True),
        ("letter", "ANSWER: A\nANSWER: B", "A", False),
        ("letter", "B", "B", False),
    ],
)
def test_each_check_calls_right_what_its_tool_does(operation: str, said: str, ideal: str, right: bool) -> None:
    """The examples come from the definitions in OpenAI Evals, the grader reference and Inspect."""
    assert meets(operation, said, ideal) is right


def test_case_is_ignored_only_when_asked() -> None:
    """Includes has an argument for it; both sides are lowered."""
    assert meets("includes", "IT IS RED", "Red", ignore_case=True)
    assert not meets("includes", "IT IS RED", "Red")


def test_any_right_answer_will_do() -> None:
    """Several right answers are alternatives."""
    assert meets("starts-with", "Green it is", "Red", "Green")
    assert not meets("starts-with", "Blue it is", "Red", "Green")


def test_without_a_right_answer_there_is_no_verdict() -> None:
    """A check with nothing to compare with is a mistake in the benchmark, not a wrong reply."""
    with pytest.raises(BadInput, match="no right answer in case '1'"):
        meets("eq", "x")


@given(st.text(), st.text())
def test_fuzzy_looks_from_both_sides_alike(one: str, other: str) -> None:
    """Reply and right answer may be exchanged; a normalised text has single spaces and no capitals."""
    assert normalise(one) == " ".join(normalise(one).lower().split())
    assert meets("fuzzy", one, other) == meets("fuzzy", other, one)


_json = st.recursive(
    st.booleans() | st.integers() | st.text(), lambda part: st.lists(part) | st.dictionaries(st.text(), part)
)


@given(_json)
def test_json_without_null_equals_itself(value: object) -> None:
    """Whatever holds no null matches its own text."""
    assert meets("json", json.dumps(value, indent=1), json.dumps(value))
