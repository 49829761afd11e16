"""`drillyard oversee` at the command line: what cannot be meant is refused in one line."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from drillyard.cli.options import FiniteRange
from drillyard.cli.overseeing.run import _at_terminal, command
from drillyard.errors import BadInput
from drillyard.organisms.worlds.world import load_world
from drillyard.oversight.disputes.clerk import advocate, always_yes
from drillyard.oversight.disputes.draw import draw_cases
from drillyard.oversight.protocols.page import render_report
from drillyard.oversight.protocols.play import Cast
from drillyard.oversight.protocols.report import run_protocols
from drillyard.oversight.protocols.spec import OverseeSpec


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "2"])
def test_a_range_holds_finite_numbers_only(number: str) -> None:
    """NaN is neither below nor above a limit, so a comparison lets it through."""
    for bounds in ({"min": 0, "max": 1}, {"min": 0, "max": 1.5, "min_open": True}):
        with pytest.raises(click.BadParameter):
            FiniteRange(**bounds).convert(number, None, None)
    with pytest.raises(click.BadParameter):
        FiniteRange(min=3).convert(number, None, None)
    assert FiniteRange(0, 1).convert("0.5", None, None) == 0.5


@pytest.mark.parametrize(
    "words", [["debate", "bisection"], ["pixels", "bisection"], ["expert", "--task", "pixels"], ["all", "pixels"]]
)
def test_a_game_beside_something_else_is_refused(words: list[str], tmp_path: Path) -> None:
    """Half of what was asked for would be left out without a word."""
    found = CliRunner().invoke(command, [*words, "-o", str(tmp_path / "out")])
    assert isinstance(found.exception, BadInput) and "one game by itself" in str(found.exception)
    assert not (tmp_path / "out").exists()


def test_a_constant_judge_stands_above_the_figures() -> None:
    """In the page the name comes before the first mark."""
    cases = draw_cases(load_world("helpdesk"), 8)
    cast = Cast(judge=always_yes(), advocates=(advocate(name="first"), advocate(name="second")))
    page = render_report(run_protocols(OverseeSpec(protocols=("direct",), cases=8), cases, cast))
    assert page.index(b"the judge always says") < page.index(b"<figure>")


def test_a_person_may_type_a_small_letter() -> None:
    """`a` is A, and `Q` leaves."""
    answers = ["a\n80\n", "Q\n"]

    @click.command()
    def judge() -> None:
        click.echo(f"told: {_at_terminal('A dispute.')}")

    told = [CliRunner().invoke(judge, input=typed).output for typed in answers]
    assert "ANSWER: A\nCONFIDENCE: 80" in told[0] and "told: None" in told[1]
