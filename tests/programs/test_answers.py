"""Answers on a paper: how numbers are read, and that no habit takes the place of a decision."""

from __future__ import annotations

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
