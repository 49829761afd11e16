"""Answers on a paper: how numbers are read, and that no habit takes the place of a decision."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from drillyard.drills.answers.scoring import number_in
from drillyard.errors import BadInput
from drillyard.exercises.investment_case.facts import OPTIONS, draw_facts
from drillyard.exercises.investment_case.kit import InvestmentCase
from drillyard.exercises.launch_gate_memo.facts import draw_report
from drillyard.exercises.launch_gate_memo.kit import LaunchGateMemo


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
        ("-0.5", -0.5),
        ("2.5e4", 25000),
        ("12.", 12),
        ("1 250,5", 1250.5),
        ("1,000,0", None),
        ("1,000,0005", None),
        ("10,00,000", None),
        ("1.000,5", None),
        ("1_0", None),
        ("1 0", None),
        (".", None),
        ("", None),
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


def test_a_launch_report_leaves_no_statement_open_to_both_answers() -> None:
    """Its mix of questions is that of our traffic, or clearly another; wrong lines say where the report shows it."""
    kit = LaunchGateMemo()
    for seed in range(200):
        shift = draw_report(seed).shift
        assert shift <= 0.04 or shift > 0.1, seed
    wrong = {name: "flawed" if answer == "sound" else "sound" for name, answer in kit.solutions(3)["reference"].items()}
    _, result, _ = kit.score(3, {**wrong, "rate": "1", "alarms": "99", "decision": "hold"})
    told = [check.words for check in result.checks if not check.passed]
    assert len(told) >= 9 and all("is right" in words or "right is" in words for words in told)
    report = draw_report(3)
    assert any(f"{report.unjudged} could not be judged" in words for words in told)
    case, facts = InvestmentCase(), draw_facts(4)
    blank = dict.fromkeys(case.solutions(4)["reference"], "")
    _, result, _ = case.score(4, blank)
    assert any(f"3 / {facts.unseen}" in check.words for check in result.checks)


def test_a_paper_that_another_release_drew_is_not_graded_by_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its figures are not those that would be graded: one line says so, and how to give a fresh copy."""
    kit = LaunchGateMemo()
    exam = kit.materialise("memo-1", "product-manager", 5)
    kit.save(exam, tmp_path)
    assert kit.open(exam.instance, exam.truth, tmp_path).sheet == exam.sheet
    monkeypatch.setattr(LaunchGateMemo, "sheet", lambda self, seed, clean=False: InvestmentCase().sheet(seed))
    with pytest.raises(BadInput, match=r"that another release drew, expected one of this release; .*yard reset"):
        kit.open(exam.instance, exam.truth, tmp_path)
