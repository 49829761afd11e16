"""The board paper: what its headline says stands on what the paper shows."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import pytest
from assurance.test_case import EXAMPLES, TODAY, assumed, opened

from drillyard.assurance.argument.check import check_case_argument
from drillyard.assurance.argument.elements import read_argument
from drillyard.assurance.board import BoardPaper, make_paper, render_paper, tell_grounds
from drillyard.assurance.drawn import open_case
from drillyard.assurance.value.words import tell, tell_figure, tell_share
from drillyard.errors import BadInput


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> BoardPaper:
    """Return the paper of the helpdesk, whose safety case asks for more than its run shows."""
    folder = tmp_path_factory.mktemp("board") / "case"
    shutil.copytree(EXAMPLES / "helpdesk", folder)
    case = open_case(folder, TODAY, draws=600)
    text = (folder / "argument.yaml").read_text().replace("criterion: high < 0.05", "criterion: high < 0.000001")
    (folder / "argument.yaml").write_text(text)
    argument = check_case_argument(read_argument(folder), folder, TODAY)
    return make_paper(case, argument, today=TODAY, inner=60)


def test_every_option_is_beside_doing_nothing(paper: BoardPaper) -> None:
    """An evaluation is worth what is decided after it, less its cost: not its own gain alone."""
    found = paper.investment
    option = next(one for one in paper.options if one.name.startswith("Evaluate first"))
    assert found.sample and found.offer and option.npv
    assert option.npv.value == pytest.approx(found.offer.npv.value + found.sample.net)
    assert option.npv.value < found.offer.npv.value, "not worth its wait here, and still far better than nothing"


def test_the_headline_says_what_it_hangs_on(paper: BoardPaper) -> None:
    """How much is assumed, what turns the decision over, how wide chances are, and a safety case that does not hold."""
    told = tell_grounds(paper.investment, paper.spec)
    assert "this alone turns the decision over: forbidden requests of a sort that the rails do not know (fund" in told
    assert "All at their worst together: do not fund, EUR" in told.replace("\N{NO-BREAK SPACE}", " ")
    page = render_paper(paper).decode().replace("\N{NO-BREAK SPACE}", " ")
    box = page[page.index('class="verdict') : page.index('class="facts"')]
    assert told.split(".")[0] in box and "The safety case behind it does not hold." in box and "Sn2 fails" in box
    assert box.count(" to ") >= 2, "both chances of passing the appetite with their bands"


def test_a_single_assumption_that_decides_is_named(tmp_path: Path) -> None:
    """It stands beside the headline by its own words."""

    def edit(case) -> None:
        harm = assumed(low=0.00001, high=0.002, words="Share that leads to a claim")
        case["scenarios"][0]["harm"] = harm

    made = make_paper(opened(tmp_path, edit), today=TODAY, inner=60)
    assert made.investment.decision == "fund"
    told = tell_grounds(made.investment, made.spec)
    assert "alone turns the decision over: share that leads to a claim (do not fund)" in told


def test_a_decision_to_evaluate_is_weighed_as_one_without_each_assumption() -> None:
    """What the evaluation would be worth then counts too, and what is asked for is the evaluation's money and worth."""
    made = make_paper(open_case(EXAMPLES / "unmeasured", TODAY, draws=800), today=TODAY, inner=60)
    found = made.investment
    assert found.decision == "evaluate first" and found.sample and found.offer
    assert found.without and all(one.decision == "evaluate first" and not one.turns for one in found.without)
    assert "The decision stands with every assumption at its worst." in tell_grounds(found, made.spec)
    page = render_paper(made).decode().replace("\N{NO-BREAK SPACE}", " ")
    facts = page[page.index('class="facts"') : page.index("</dl>")]
    asked = next(one.asks for one in made.options if one.chosen).replace("\N{NO-BREAK SPACE}", " ")
    assert asked in facts and tell(found.sample.net) in facts and tell(found.offer.cash) not in facts
    body = re.sub(r"<(style|svg).*?</\1>", "", page, flags=re.S)
    assert not re.search(r"\de[+-]\d", body), "nobody at a board reads powers of ten"


def test_a_case_says_nowhere_that_it_is_certified(tmp_path: Path) -> None:
    """In whatever words of its own; a source may be called what it is."""

    def claim(case) -> None:
        case["change_our_mind"] = ["The product is certified."]

    def quote(case) -> None:
        cited = {"kind": "cited", "source": "certified accounts 2025", "includes": "all", "trust": "FACT"}
        case["scenarios"][0]["severity"] = {
            **cited, "low": 10, "high": 20, "made": "2026-01-31", "until": "2027-01-31",
        }  # fmt: skip

    with pytest.raises(BadInput, match="'certified' in the case"):
        opened(tmp_path / "a", claim)
    opened(tmp_path / "b", quote)


def test_no_control_is_nothing_to_fund(tmp_path: Path) -> None:
    """A case without controls says so."""
    made = make_paper(opened(tmp_path, lambda case: case.update(controls=[])), today=TODAY, inner=60)
    assert made.investment.decision == "do not fund" and "no control is offered" in made.investment.verdict
    page = render_paper(made).decode()
    assert "of which none is offered?" in page and "With no control, a year costs" in page
    assert "What it rests on" not in page, "nothing rests on anything"


def test_what_is_out_of_date_is_told_by_whom_it_is_from(tmp_path: Path) -> None:
    """The headline names a few, the page each person and run once."""
    folder = tmp_path / "case"
    shutil.copytree(EXAMPLES / "helpdesk", folder)
    text = (folder / "case.yaml").read_text().replace("decide_by: 2027-01-29", "decide_by: 2030-01-29")
    (folder / "case.yaml").write_text(text)
    day = date(2029, 1, 1)
    made = make_paper(open_case(folder, day, draws=200), today=day, inner=50)
    assert len(made.investment.expired) > 20 and made.investment.verdict.count(", ") == 3
    page = render_paper(made).decode()
    assert "stands with every assumption" not in page, "nothing was decided that could stand"
    late = page[page.index("Out of date") : page.index('class="facts"')]
    assert late.count("(runs/align/align.json,") == 1 and late.count("(Head of engineering,") == 1


def test_figures_are_told_as_people_read_them() -> None:
    """Three digits without powers of ten; almost all is not all, almost none is not none."""
    told = {2.5e6: "2,500,000", 0.13333: "0.133", 1e-5: "0.00001", 1.35e-20: "almost 0", 0: "0", -36.44: "−36.4"}
    assert {value: tell_figure(value) for value in told} == told
    assert [tell_share(x) for x in (0.0, 0.004, 0.5, 1.0)] == ["under 1 %", "under 1 %", "50 %", "over 99 %"]


def test_a_budget_that_is_too_small_is_the_reason(tmp_path: Path) -> None:
    """What pays and cannot be afforded is not said to be worthless."""
    found = make_paper(opened(tmp_path, lambda case: case.update(budget=10)), today=TODAY, inner=60).investment
    assert found.decision == "do not fund" and found.offer and found.offer.npv.value > 0
    assert found.verdict.startswith("Do not fund: nothing within the budget pays.")
    assert "more than the budget of EUR 10," in found.verdict
