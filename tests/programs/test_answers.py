"""Answers on a paper: how numbers are read, and that no habit takes the place of a decision."""

from __future__ import annotations

from collections import Counter

import pytest

from drillyard.programs.drills.answers.scoring import number_in
from drillyard.programs.drills.investment_case.facts import OPTIONS, draw_facts
from drillyard.programs.drills.investment_case.kit import InvestmentCase


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("12.5", 12.5),
        ("12,5", 12.5),
        ("0,125", 0.125),
        (",5 %", 0.5),
        ("1,250", 1250),
        ("1,250,000", 1250000),
        ("1,250.5", 1250.5),
        ("2 500", 2500),
        ("nan", None),
        ("1e999", None),
        ("twelve", None),
    ],
)
def test_a_number_is_read_as_it_was_meant(typed: str, read: float | None) -> None:
    """Who writes a decimal comma is not ten times off."""
    assert number_in(typed) == read


def test_who_always_decides_the_same_fails_however_well_they_read() -> None:
    """Always or never funding passes only where that is the best decision, or hardly worse."""
    kit, papers = InvestmentCase(), range(12)
    right = {seed: dict(kit.solutions(seed)["reference"]) for seed in papers}
    for habit in OPTIONS:
        for seed in papers:
            score, result, _ = kit.score(seed, {**right[seed], "decision": habit})
            assert (score >= kit.drill.pass_mark) == (result.regret <= 0.1), (habit, seed)
        passed = sum(kit.score(s, {**right[s], "decision": habit})[0] >= kit.drill.pass_mark for s in papers)
        assert passed <= len(papers) // 2, habit
    assert len({right[seed]["decision"] for seed in papers}) >= 4
    assert all(draw_facts(seed).first_sight() != right[seed]["decision"] for seed in papers)


def test_no_reading_of_a_paper_can_be_guessed() -> None:
    """On 60 papers each right choice is about as frequent as its rivals; the reference passes all, no wrong fix any."""
    kit, papers = InvestmentCase(), range(1000, 1060)
    solved = {seed: kit.solutions(seed) for seed in papers}
    for field, choices in (("decision", 5), ("claim", 3), ("moves", 4)):
        counts = Counter(solved[seed]["reference"][field] for seed in papers)
        even = len(papers) / choices
        assert len(counts) == choices, field
        assert all(even / 3 < many < 1.8 * even for many in counts.values()), (field, counts)
    for name in solved[1000]:
        passed = sum(kit.score(seed, solved[seed][name])[0] >= kit.drill.pass_mark for seed in papers)
        assert passed == (len(papers) if name == "reference" else 0), name
