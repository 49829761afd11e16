"""The drill "judge a debate": what is planted, what a sheet gives away, and how forecasts are scored."""

from __future__ import annotations

import re

import pytest

from drillyard.drills import load_kit
from drillyard.exercises.judge_a_debate.facts import draw_disputes
from drillyard.exercises.judge_a_debate.kit import worth
from drillyard.organisms.worlds.world import load_world
from drillyard.oversight.disputes.rulebook import rulebook

SEEDS = (11, 2**61 + 5)


@pytest.mark.parametrize("seed", SEEDS)
def test_neither_place_nor_length_nor_side_tells(seed: int) -> None:
    """Half of the replies break a rule; the true side is second, and longer, in half of the debates that decide."""
    disputes = draw_disputes(seed)
    assert sum(one.truth for one in disputes) == 8 and sum(one.truth for one in disputes if one.open) == 3
    decided = [one for one in disputes if one.speeches and not one.open]
    assert sum(one.speeches[1].side == one.truth for one in decided) == 3
    longest = [max(one.speeches, key=lambda said: len(said.text)).side for one in decided]
    assert sum(side == one.truth for side, one in zip(longest, decided, strict=True)) == 3


@pytest.mark.parametrize("seed", SEEDS)
def test_truth_and_marks_agree_with_the_rulebook(seed: int) -> None:
    """A figure is right exactly when the rules have the sentence; the rule that decides is found in decided debates."""
    rules = set(rulebook(load_world("helpdesk")))
    disputes = draw_disputes(seed)
    for one in disputes:
        if one.how != "to see":
            assert (one.reply in rules) == (one.truth == 0)
        for quote, found in one.quotes:
            assert (quote in rules) == found
        bare = re.sub(r"\d+", "#", one.reply)
        everywhere = {re.sub(r"\d+", "#", quote) for other in disputes for quote, found in other.quotes if found}
        if one.open:
            assert bare not in everywhere, "another dispute's quote decides what is to stay open"
        elif one.speeches:
            assert bare in {re.sub(r"\d+", "#", quote) for quote, found in one.quotes if found}


def test_a_sheet_gives_no_truth_away() -> None:
    """Nothing but the label of the speeches' sides: what was planted is named nowhere, and seeds differ."""
    kit = load_kit("judge-a-debate")
    sheets = {seed: kit.materialise("one-1", "support-lead", seed).shown["sheet.json"] for seed in SEEDS}
    assert len(set(sheets.values())) == len(SEEDS)
    for text in sheets.values():
        assert not re.search(r"truth|forged|mistake|flood|slip|\blie\b|to see", text)


def test_the_score_is_proper() -> None:
    """Whatever is believed, of all that can be said nothing is worth more on average than the belief."""
    said = [one / 100 for one in (1, 5, 20, 35, 50, 65, 80, 95, 99)]
    for belief in said:
        expected = {one: belief * worth(one, 1) + (1 - belief) * worth(one, 0) for one in said}
        assert max(expected, key=lambda one: expected[one]) == belief
    assert worth(1, 1) == 1 and worth(0.5, 0) == 0 and worth(0, 1) == -3


def test_the_debrief_says_where_the_debate_helped_or_misled() -> None:
    """Who believes the longer speech reads in which disputes that misled; the reference's debates helped."""
    kit = load_kit("judge-a-debate")
    found = {}
    for name in ("reference", "longer-speech", "certain-everywhere"):
        score, result, _ = kit.score(SEEDS[0], kit.solutions(SEEDS[0])[name])
        found[name] = (score >= kit.drill.pass_mark, " ".join(check.words for check in result.checks))
    assert found["reference"][0] and found["reference"][1].count("The debate helped") == 6
    assert "misled" not in found["reference"][1]
    assert not found["longer-speech"][0] and found["longer-speech"][1].count("The debate misled you") >= 3
    assert not found["certain-everywhere"][0] and "You could not know" in found["certain-everywhere"][1]


def test_a_dispute_that_was_left_open_is_not_called_unanswered() -> None:
    """Who chose 50 % said something, and often what is right."""
    kit = load_kit("judge-a-debate")
    half = {f"dispute-{number}": "50" for number in range(1, 17)}
    told = " ".join(check.words for check in kit.score(SEEDS[0], half)[1].checks)
    assert told.count("you left it open (+0.0 points)") == 16 and "you said" not in told
