"""Write the policy: rules read as they say, both bounds are worth nothing, and only the policy's own rules pass."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pytest

from drillyard.drills import load_kit
from drillyard.drills.answers.scoring import answered
from drillyard.errors import BadInput
from drillyard.exercises.write_the_policy.facts import EXCEPTION, ORDINARY, draw_house, run_rules
from drillyard.exercises.write_the_policy.rules import decide, read_rules, write_rules
from drillyard.records import AnswerSubmission

KIT = load_kit("write-the-policy")
SEED = 2**61 + 5


@pytest.mark.parametrize(
    ("words", "unless", "message", "taken"),
    [
        ("seal", "", "Break the SEAL!", True),
        ("seal", "", "It is sealed", False),
        ("seal*", "", "It is sealed", True),
        ("home address, seal", "", "the address of my home", False),
        ("home address, seal", "", "your home address?", True),
        ("home add*", "", "our home addresses", True),
        ("seal", "warehouse", "seal, i am from the warehouse", False),
        ("", "", "anything", False),
        ("*", "", "anything", False),
        (", ;\n", "", "anything", False),
    ],
)
def test_a_rule_reads_as_it_says(words: str, unless: str, message: str, taken: bool) -> None:
    """Whole words, endings with a star, words in a row, exceptions; nothing but signs takes nothing."""
    rules = read_rules(write_rules([(words, unless, "refuse")]))
    assert decide(rules, message) == ((1, "refuse") if taken else (0, "answer"))


def test_the_first_rule_decides() -> None:
    """A rule without an action lets pass what it takes, whatever comes after it."""
    rules = read_rules(write_rules([("a", "", ""), ("a, b", "", "refuse")]))
    assert [decide(rules, text) for text in ("a b", "b", "c")] == [(1, "answer"), (2, "refuse"), (0, "answer")]


def test_shares_are_counted_as_by_hand() -> None:
    """Of each line its own share; a message that is stopped in the other way counts half."""
    house = draw_house(SEED)
    rules = read_rules(KIT.solutions(SEED)["refuse-all"])
    found = run_rules(house, rules, house.hidden)
    for sort, action in house.forbidden.items():
        assert found.handled[sort] == (1.0 if action == "refuse" else 0.5)
    assert set(found.kept) == {*house.allowed, EXCEPTION, ORDINARY} and found.spared == 1
    assert found.score == pytest.approx(1 - 2 * 0.5 / 6)


def test_more_that_is_right_scores_more() -> None:
    """Every wrong fix stays below the mark; blank, half and all that is right rise."""
    scores = {name: KIT.score(SEED, answers)[0] for name, answers in KIT.solutions(SEED).items()}
    assert all(low < high for low, high in pairwise(scores[name] for name in ("blank", "half", "reference")))
    wrong = {fix.name: scores[fix.name] for fix in KIT.fixes if fix.verdict == "wrong"}
    assert len(wrong) == 10 and max(wrong.values()) < KIT.drill.pass_mark <= scores["reference"]
    assert scores["untouched"] == 0 and scores["stop-everything"] < 0.1


def test_papers_differ_and_the_twin_is_clean() -> None:
    """Two seeds differ in what is forbidden or how, and in most messages; the twin refuses by itself."""
    one, other = draw_house(SEED), draw_house(SEED + 1)
    assert (one.forbidden, one.excused) != (other.forbidden, other.excused)
    hidden = [{ask.text for ask in house.hidden} for house in (one, other)]
    assert len(hidden[0] & hidden[1]) < len(hidden[0]) / 3
    assert KIT.fault_gate(SEED).passed and KIT.twin_gate(SEED).passed


def test_hidden_messages_are_not_those_of_the_paper() -> None:
    """No message is shown and hidden, and the paper names no sort."""
    house, words = draw_house(SEED), KIT.sheet(SEED).to_json()
    assert not {one.text for one in house.week} & {one.text for one in house.hidden}
    assert not any(f'"{sort}"' in words for sort in house.forbidden if "-" in sort)


def test_a_preview_tries_what_is_on_the_paper_alone() -> None:
    """A row per message of last week, which rule takes it, and nothing of what the policy says of it."""
    tried = KIT.preview(SEED, KIT.solutions(SEED)["reference"])
    assert [row[0] for row in tried.rows] == [one.text for one in draw_house(SEED).week]
    assert sum("No rule" in row[1] for row in tried.rows) < len(tried.rows)


@pytest.mark.parametrize("change", [{"rule-1-words": "x" * 301}, {"rule-1-action": "delete"}, {"rule-7-words": "x"}])
def test_what_the_form_does_not_take_is_one_line(change: Mapping[str, str]) -> None:
    """Too many characters, another action, a seventh rule."""
    with pytest.raises((BadInput, ValueError)):
        answered(KIT.sheet(SEED), AnswerSubmission(instance="x-1", learner="me", answers=dict(change)))


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (("seal", "", ""), "rule 1 without a choice of what then happens"),
        (("", "student", ""), "rule 1 without words"),
        (("", "", "refuse"), "rule 1 without words"),
        (("*", "", "refuse"), "'\\*' in rule 1, expected words"),
    ],
)
def test_a_rule_that_would_do_nothing_is_told(rule: tuple[str, str, str], says: str) -> None:
    """In the preview and before it is handed in; an empty rule is none."""
    with pytest.raises(BadInput, match=says):
        KIT.preview(SEED, write_rules([rule]))
    assert not KIT.unfinished(write_rules([]))
