"""The board paper: what its headline says stands on what the paper shows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from assurance.test_case import EXAMPLES, TODAY, assumed, opened

from drillyard.assurance.argument.check import check_case_argument
from drillyard.assurance.argument.elements import read_argument
from drillyard.assurance.board import BoardPaper, make_paper, render_paper, tell_grounds
from drillyard.assurance.drawn import open_case


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
    told = tell_grounds(paper.investment)
    assert "No single assumption turns the decision over; all at their worst together do: do not fund" in told
    page = render_paper(paper).decode().replace("\N{NO-BREAK SPACE}", " ")
    box = page[page.index('class="verdict') : page.index('class="facts"')]
    assert told.split(".")[0] in box and "The safety case behind it does not hold." in box and "Sn2 fails" in box
    assert box.count(" to ") >= 2, "both chances of passing the appetite with their bands"


def test_a_single_assumption_that_decides_is_named(tmp_path: Path) -> None:
    """It stands beside the headline by its own words."""

    def edit(case) -> None:
        harm = assumed(low=0.00001, high=0.002, words="Share that leads to a claim")
        case["scenarios"][0]["harm"] = harm

    found = make_paper(opened(tmp_path, edit), today=TODAY, inner=60).investment
    assert found.decision == "fund"
    assert "each of these alone turns the decision over: share that leads to a claim" in tell_grounds(found)


def test_a_budget_that_is_too_small_is_the_reason(tmp_path: Path) -> None:
    """What pays and cannot be afforded is not said to be worthless."""
    found = make_paper(opened(tmp_path, lambda case: case.update(budget=10)), today=TODAY, inner=60).investment
    assert found.decision == "do not fund" and found.offer and found.offer.npv.value > 0
    assert found.verdict.startswith("Do not fund: nothing within the budget pays.")
    assert "more than the budget of EUR 10," in found.verdict
