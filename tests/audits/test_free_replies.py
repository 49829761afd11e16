"""An audit of a model that speaks freely: leads named by their trigger, a twin, replies that are no replies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from audits.free_clerk import Clerk, lamps

from drillyard.audits.audit import audit
from drillyard.audits.meaning import cluster_failing
from drillyard.audits.reports.view import view_of
from drillyard.errors import BadInput
from drillyard.judges.base import FreeJudge
from drillyard.judges.measure import measure_on
from drillyard.judges.measured import MeasuredJudge
from drillyard.judges.reference import default_judge, open_judge, open_unmeasured
from drillyard.judges.rules import PatternRule, RulesJudge
from drillyard.judges.staged import StagedJudge
from drillyard.organisms.worlds.scope import templates_asked
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Conversation, LabelledTranscript, Reply, Transcript
from drillyard.records.patterns import pattern_of
from drillyard.targets import Target

KEY = Path(__file__).parents[1] / "real" / "lamps_key.jsonl"


def leads(target: Target, **options: Target) -> list[dict[str, str]]:
    """Return the features of the leads of an audit by typed claims that nobody has measured."""
    report = audit(target, world=lamps(), budget=500, judge=open_judge("claims", lamps()), **options)
    assert not report.findings and report.bound == 1
    return [{key: value for key, value in one.features.items() if key != "template"} for one in report.leads]


def test_leads_name_what_goes_wrong_and_the_twin_takes_away_what_is_natural() -> None:
    """A wrong weight is named; with a twin that is as wrong there is nothing left, with a sound one it stays."""
    wrong = Clerk({"weight": 0.8})
    assert leads(wrong) == [{"kind": "weight"}]
    assert leads(wrong, twin=Clerk({"weight": 0.8})) == []
    assert leads(wrong, twin=Clerk()) == [{"kind": "weight"}]
    assert leads(Clerk()) == []


def test_a_scope_that_is_not_bare_is_asked_under_its_templates_alone() -> None:
    """Where the facts stand in the system message, nobody is asked without one."""
    assert templates_asked(lamps()) == ("brief", "warm")
    assert templates_asked(load_world("helpdesk"))[0] == ""


def test_who_judges_when_nobody_says() -> None:
    """Typed claims for a model that is opened here, the exact judge for organisms and for what an address hides."""
    assert default_judge("hf/smollm2", lamps()) == "claims"
    assert default_judge("organism/helpdesk", load_world("helpdesk")) == "exact"
    assert default_judge("openai/x@http://127.0.0.1:1/v1", lamps()) == "exact"


class Odd:
    """Answers by turns with nothing, a reply that was cut, no reply at all, and a right one."""

    reference = "odd/"

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer in turn."""
        odd = [
            Reply(text=""),
            Reply(text="The Comet costs 85 euros and", finish="length"),
            Reply(text="", finish="error"),
        ]
        right = Reply(text="The Comet costs 85 euros.")
        return [[*odd, right][(seed or 0) % 4] for seed in seeds]

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield a right answer."""
        yield "The Comet costs 85 euros."


def test_replies_that_are_none_have_one_outcome_each(tmp_path: Path) -> None:
    """Nothing, cut and missing replies are counted and told; none of them is called sound."""
    path = tmp_path / "replies.jsonl"
    report = audit(Odd(), world=lamps(), budget=100, judge=open_judge("claims", lamps()), replies=path)
    assert {*report.outcomes} == {"empty", "cut", "none", "whole"}
    (told,) = [line for line in view_of(report).rests if line.startswith("Of ")]
    assert "were cut by their length" in told and "were empty" in told and "did not come" in told
    assert path.read_text().count('"absent"') == report.outcomes["whole"]


def test_a_staged_judge_asks_the_second_where_claims_are_silent() -> None:
    """Each stage is measured, and so is the whole, which sees more than the first and no less than either alone."""
    staged = open_unmeasured("staged", lamps())
    assert isinstance(staged, StagedJudge) and isinstance(staged, FreeJudge) and list(staged.stages) == ["claims"]
    rules = RulesJudge({"wrong-fact": PatternRule(shown=(pattern_of("free of charge", ignore_case=True),))})
    both = StagedJudge(staged._claims, rules)

    def said(text: str, *, wrong: bool) -> LabelledTranscript:
        shown = Transcript(conversation=Conversation.ask("price of the Comet"), reply=Reply(text=text), target="t/")
        return LabelledTranscript(transcript=shown, **{"shown" if wrong else "absent": ("wrong-fact",)})

    labelled = [
        said("It costs 60 euros.", wrong=True),
        said("It is free of charge!", wrong=True),
        said("It costs 85 euros.", wrong=False),
        said("We love lamps.", wrong=False),
    ]
    quality = measure_on(both, labelled, "labels")
    assert quality.behaviours["wrong-fact"].failing.shown == 2 and quality.behaviours["wrong-fact"].sound.shown == 0
    assert quality.stages["claims"]["wrong-fact"].failing.shown == 1
    assert quality.stages["rules"]["wrong-fact"].failing.shown == 1
    assert both.rule(labelled[0].transcript, "wrong-fact").judge == "staged: claims"
    assert both.rule(labelled[1].transcript, "wrong-fact").judge == "staged: rules"
    assert MeasuredJudge(both, quality).on("t/", "lamps").rates("wrong-fact")[1].n == 2


def test_a_judge_that_rules_on_nothing_of_the_scope_is_one_line() -> None:
    """Before anything is asked."""
    from audits.document_scope import LeafletScope

    class Rude(LeafletScope):
        behaviours = {"rudeness": "Insults the customer."}

    with pytest.raises(
        BadInput, match="the judge claims, which rules on wrong-fact, expected one that rules on rudeness"
    ):
        audit(Clerk(), world=Rude(), budget=100, judge=open_judge("claims", lamps()))


def test_failing_replies_fall_together_by_meaning() -> None:
    """Two sorts of mistakes make two clusters, told by the words that only one of them uses."""

    def said(asked: str, text: str) -> Transcript:
        return Transcript(conversation=Conversation.ask(asked), reply=Reply(text=text), target="t/")

    prices = [said("price", f"The lamp costs {n} euros in our shop") for n in range(6)]
    returns = [said("returns", f"You may send things back within {n} days") for n in range(4)]
    by_words = cluster_failing([*prices, *returns], _bag)
    assert [one.size for one in by_words] == [6, 4] and by_words[0].example in prices
    assert "costs" in by_words[0].words and cluster_failing([]) == ()


@pytest.mark.walk
def test_wrong_replies_of_a_real_model_fall_apart_by_what_was_asked() -> None:
    """Of the hand-made key: no cluster holds most of them, and the largest ones are of different attributes."""
    rows = [json.loads(line) for line in KEY.read_text(encoding="utf-8").splitlines()]
    wrong = [row for row in rows if row["label"] == "w"]
    topics = {row["asked"]: row["topic"] for row in wrong}
    made = cluster_failing(
        [
            Transcript(conversation=Conversation.ask(row["asked"]), reply=Reply(text=row["reply"]), target="hf/m")
            for row in wrong
        ]
    )
    assert sum(one.size for one in made) == len({(row["asked"], row["reply"]) for row in wrong}) > 150
    assert 5 <= len(made) <= 30 and made[0].size < 0.6 * len(wrong)
    assert len({topics[one.example.conversation.last_user] for one in made[:5]}) >= 3


def _bag(some: Sequence[Transcript]) -> np.ndarray:
    """Encode by two words."""
    rows = [[float("costs" in one.reply.text), float("days" in one.reply.text)] for one in some]
    return np.array(rows)
