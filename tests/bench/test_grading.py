"""Graders' words: which label or number they give, and that what cannot be read stays unknown."""

from __future__ import annotations

import pytest

from drillyard.bench.grading import grader_question, read_label, read_score
from drillyard.bench.wording import from_format, join_replies, render
from drillyard.errors import BadInput
from drillyard.records import Message, ModelLabel, ModelScore

ASK = (Message(role="user", content="Is {{item.completion}} kind?"),)


def label(style: str, text: str, **more: object) -> str | None:
    """Read a label from Yes, No and Un-sure."""
    criterion = ModelLabel.model_validate({"messages": ASK, "labels": ("Yes", "No", "Un-sure"), "style": style, **more})
    return read_label(criterion, text)


@pytest.mark.parametrize(
    ("style", "text", "found"),
    [
        ("first-line", "Yes\nNo", "Yes"),
        ("last-line", "Yes\nNo", "No"),
        ("last-line", "Let us see.\n\n**Yes.**\n", "Yes"),
        ("last-line", "I would say Yes", "Yes"),
        ("last-line", "Maybe", None),
        ("first-line", "", None),
        ("last-line", "Un-sure", None),  # punctuation is taken out first, so a label with a hyphen is never read
        ("whole-line", "Because …\nUn-sure.", "Un-sure"),
        ("whole-line", "I would say Yes", None),
        ("whole-line", '"yes"', "Yes"),
        ("whole-line", "Yes\nNo", "No"),
    ],
)
def test_labels_are_read_by_style(style: str, text: str, found: str | None) -> None:
    """Two styles read as OpenAI Evals does, the third wants the label alone on a line."""
    assert label(style, text) == found


def test_a_match_can_be_exact() -> None:
    """`match_fn` decides how much of the line must be the label."""
    assert label("first-line", "Yes it is", match="exact") is None
    assert label("first-line", "well Yes it is", match="include") == "Yes"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0.5", 0.5),
        ("It is fine.\n\n**1**", 1.0),
        ('{"score": 0.25, "why": "x"}', 0.25),
        ('{"result": 1}', 1.0),
        ("7", None),  # out of range
        ("between 0.2 and 0.4", None),
        ("nan", None),
        ("", None),
        ('{"score": true}', None),
    ],
)
def test_scores_are_read_or_unknown(text: str, number: float | None) -> None:
    """A number alone on the last line, or in JSON, within the range; anything else is no score."""
    assert read_score(ModelScore(messages=ASK), text) == number


def test_a_grader_is_told_how_to_answer_unless_the_prompt_says_it() -> None:
    """Labels and range are named in a last line; prompts of OpenAI Evals stay as they are."""
    values = {"item.completion": "{this}"}
    plain = ModelLabel(messages=ASK, labels=("Yes", "No"), style="last-line")
    assert grader_question(plain, values).last_user == "Is {this} kind?"
    whole = grader_question(ModelLabel(messages=ASK, labels=("Yes", "No")), values).last_user
    assert whole.startswith("Is {this} kind?\n\n") and "Yes, No" in whole
    assert "from 0 to 5" in grader_question(ModelScore(messages=ASK, high=5.0), values).last_user


def test_values_are_put_in_once() -> None:
    """A value that looks like a placeholder stays as it is, and a name without a value is told."""
    assert render("{{item.a}} {{ item.b }}", {"item.a": "{{item.b}}", "item.b": "2"}) == "{{item.b}} 2"
    with pytest.raises(BadInput, match=r"'\{\{item.c\}\}' in a prompt, expected one of: item.a"):
        render("{{item.c}}", {"item.a": "1"})


def test_format_fields_become_placeholders() -> None:
    """`{x}` is a field, doubled braces are braces, and fields that reach inside a value are refused."""
    assert from_format("a {x} {{y}}") == "a {{item.x}} {y}"
    for wrong in ("{x.y}", "{x[0]}", "{x!r}", "{x:>9}", "{", "{}"):
        with pytest.raises(BadInput):
            from_format(wrong)


def test_several_replies_become_one_text() -> None:
    """The pattern of `multicomp_n` numbers them; without one the first reply stands."""
    assert join_replies(["x", "y"], "{i}{i_abc}{i_ABC}/{n}: {output}\n") == "1aA/2: x\n2bB/2: y"
    assert join_replies(["x"], "") == "x"
