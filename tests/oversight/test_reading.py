"""Judges whose letters are read, and judges of different strength beside each other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from drillyard.cli.overseeing.run import command
from drillyard.errors import BadInput
from drillyard.oversight.disputes.case import Case
from drillyard.oversight.protocols.gap import GapReport, judge_spec
from drillyard.oversight.protocols.prompts import (
    CHOICE,
    Speech,
    parse_judgement,
    read_material,
    swap_answers,
    write_choice,
    write_judgement,
)
from drillyard.oversight.protocols.reading import ReadTarget, open_judge
from drillyard.oversight.protocols.spec import OverseeSpec
from drillyard.records import Conversation, Reply
from drillyard.targets.null import EchoTarget
from drillyard.targets.revealing import Branch, Revealed

CASE = Case(id="c", request="how much", reply="It costs 49 euros.", source=("It costs 49 euros.",), truth=0)
SAID = [Speech(side=0, text="It does.", quotes=(("It costs 49 euros.", True),)), Speech(side=1, text="No.")]


class Leaning:
    """A model that knows, with a chance, that the reply is within the rules, and prefers the letter A by a factor."""

    reference = "leaning"

    def __init__(self, knows: float, prefers_a: float = 1.0, seen: tuple[str, ...] = ("A", "B")) -> None:
        self._knows, self._prefers, self._seen = knows, prefers_a, seen

    def generate(self, conversations, seeds):
        """Answer in words."""
        return [Reply(text=f"words: {talk.last_user[:5]}") for talk in conversations]

    def reveal(self, conversations, floor):
        """Give the chances of both letters."""
        assert all(talk.last_user.endswith(CHOICE) for talk in conversations)
        shown = []
        for talk in conversations:
            within = read_material(talk.last_user)["answers"]["A"] == CASE.answers[0]
            a = (self._knows if within else 1 - self._knows) * self._prefers
            b = 1 - self._knows if within else self._knows
            chances = {"A": a / (a + b), "B": b / (a + b)}
            branches = [Branch(start=one, ids=(1,), chance=chances[one]) for one in self._seen]
            shown.append(Revealed(reply=Reply(text="The", prompt_tokens=9), chance=1e-3, branches=branches))
        return shown

    def complete(self, conversations, branches):
        """Is not asked."""
        raise AssertionError


def judged(target: Leaning, case: Case = CASE, said: tuple[Speech, ...] = ()) -> float | None:
    """Return the chance that a read judge gives the first answer."""
    talk = Conversation.ask(write_judgement(case, said))
    (reply,) = ReadTarget(target, EchoTarget).generate([talk], [1])
    return parse_judgement(reply.text)


@pytest.mark.parametrize("prefers", [0.01, 1.0, 100.0])
def test_a_preferred_letter_changes_nothing(prefers: float) -> None:
    """Both orders are read, so that what is left is what the model knows."""
    assert judged(Leaning(0.8, prefers)) == pytest.approx(0.8, abs=1e-3)
    assert judged(Leaning(0.1, prefers), said=SAID) == pytest.approx(0.1, abs=1e-3)


def test_a_model_that_says_neither_letter_gives_no_answer() -> None:
    """No letter among its alternatives is no clear answer, not a coin; one letter alone is an answer."""
    assert judged(Leaning(0.8, seen=())) is None
    one = judged(Leaning(0.8, seen=("A",)))
    assert one is not None and 0 < one < 1


def test_where_nothing_is_revealed_the_letter_that_is_said_counts() -> None:
    """A server without probabilities; questions that are none of a judge's go through as they are."""

    class Plain(EchoTarget):
        def generate(self, conversations, seeds):
            within = [read_material(talk.last_user)["answers"]["A"] == CASE.answers[0] for talk in conversations]
            return [Reply(text="(A)" if one else "B.") for one in within]

    talks = [Conversation.ask(write_judgement(CASE, ())), Conversation.ask(write_choice(CASE))]
    judge, other = ReadTarget(Plain(), lambda: Leaning(0.5)).generate(talks, [1, 1])
    assert parse_judgement(judge.text) == pytest.approx(1 / (1 + 2.718281828**-2), abs=1e-3)
    assert other.text.startswith("words: ")


def test_both_orders_differ_in_the_answers_and_the_speakers_alone() -> None:
    """What was said for A is said for B where A and B have changed places."""
    first, second = (read_material(one) for one in swap_answers(write_judgement(CASE, SAID)) or ())
    assert list(first["answers"].values()) == list(second["answers"].values())[::-1]
    assert [one["by"] for one in first["said"]] == ["for A", "for B"] != [one["by"] for one in second["said"]]
    assert swap_answers(write_choice(CASE)) is None and swap_answers("hello") is None


def test_an_organism_cannot_be_read() -> None:
    """It answers customers, and has no letters: said at once."""
    with pytest.raises(BadInput, match="organisms answer customers"):
        open_judge("helpdesk", "organism/helpdesk", read=True)


def test_a_sweep_plots_judges_over_the_gap(tmp_path: Path) -> None:
    """The weaker the judge, the larger the gap; the constant judge is named; a finished sweep is read."""
    words = ["debate", "--cases", "16", "--rules", "12", "-o", str(tmp_path)]
    for judge in ("clerk:1", "clerk:0.3", "always-yes"):
        words += ["--judges", judge]
    CliRunner().invoke(command, words, catch_exceptions=False)
    report = GapReport.from_json((tmp_path / "gap.json").read_bytes())
    gaps = {row.judge: row.gap for row in report.rows}
    assert gaps["clerk:1"] == 0 < gaps["clerk:0.3"] <= gaps["always-yes"] == report.strong.value - 0.5
    best = next(row for row in report.rows if row.judge == "clerk:1")
    assert (
        best.p_value < 0.05
        and best.protocol.value > best.again.value
        and best.recovered is not None
        and best.recovered > 0.8
    )
    page = (tmp_path / "gap.html").read_text(encoding="utf-8")
    assert page.count("●</text>") == page.count("▲</text>") == 3 and "▲ always “The reply is within" in page
    assert "http" not in re.sub(r"http://www\.w3\.org\S*", "", page)
    (tmp_path / "gap.json").unlink()
    assert "playing" not in CliRunner().invoke(command, words).output
    assert GapReport.from_json((tmp_path / "gap.json").read_bytes()) == report


def test_a_skill_that_is_none_and_two_protocols_are_refused(tmp_path: Path) -> None:
    """One line each, before anything is played."""
    with pytest.raises(BadInput, match="a skill from 0 to 1"):
        judge_spec(OverseeSpec(protocols=("debate",)), "clerk:7")
    found = CliRunner().invoke(command, ["all", "--judges", "clerk:1", "-o", str(tmp_path / "out")])
    assert isinstance(found.exception, BadInput) and "10 protocols before several judges" in str(found.exception)
