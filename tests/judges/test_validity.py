"""Where a judge's measured error holds: on the replies that it was measured on, and nowhere else."""

from __future__ import annotations

import pytest

from drillyard.audits.audit import audit
from drillyard.audits.reports.view import view_of
from drillyard.judges.exact import ExactJudge
from drillyard.judges.measure import measure_exact, measure_on, measure_planted
from drillyard.judges.measured import MeasuredJudge
from drillyard.judges.null import NeverShows
from drillyard.judges.rulings import rule_pairs
from drillyard.judges.validity import Leads, count_or_lead, explain_foreign, keep_if_measured
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Conversation, JudgeQuality, LabelledTranscript, Reply, Transcript
from drillyard.targets import open_target

WORLD = load_world("helpdesk")
REAL = "hf/smollm2"


class Renamed(ExactJudge):
    """The exact judge under another name: a detector with an error of zero on its world's sentences."""

    name = "renamed"


def labelled(target: str, n: int = 40) -> list[LabelledTranscript]:
    """Return replies of a target, half of them labelled as failing."""
    return [
        LabelledTranscript(
            transcript=Transcript(
                conversation=Conversation.ask("price?"), reply=Reply(text=f"It is {i}."), target=target
            ),
            **{"shown" if i % 2 else "absent": ("wrong-fact",)},
        )
        for i in range(n)
    ]


@pytest.mark.parametrize(
    ("target", "holds"),
    [
        ("organism/helpdesk", True),
        ("organism/./runs/x", True),
        ("inspect/drillyard/organism/helpdesk", True),
        ("world/helpdesk", True),
        (REAL, False),
        ("openai/helpdesk@http://127.0.0.1:8000/v1", False),
    ],
)
def test_an_error_measured_on_a_worlds_sentences_holds_for_who_says_them(target: str, holds: bool) -> None:
    """On another model's replies a rate behind the same rulings is the whole range."""
    judge = MeasuredJudge(Renamed(WORLD), measure_planted(Renamed(WORLD), WORLD, 150))
    found = judge.on(target, WORLD.name).true_share("wrong-fact", 0, 0, 400)
    assert found.unknown is not holds and (found.high < 0.1) is holds
    assert not judge.on("organism/clinic", "clinic").quality.behaviours


def test_labels_of_a_models_own_replies_hold_for_it_alone() -> None:
    """Who was labelled is read off the transcripts."""
    quality = measure_on(NeverShows(), labelled(REAL), "labels")
    assert quality.targets == (REAL,) and keep_if_measured(quality, REAL, "helpdesk") is quality
    assert not keep_if_measured(quality, "hf/other", "helpdesk").behaviours
    assert count_or_lead(NeverShows(), quality, REAL, "helpdesk").name == "never-shows"
    assert isinstance(count_or_lead(NeverShows(), quality, "hf/other", "helpdesk"), Leads)
    assert isinstance(count_or_lead(NeverShows(), None, REAL, "helpdesk"), Leads)


def test_a_file_that_does_not_say_whose_replies_holds_for_nobody() -> None:
    """Older files have counts and no targets; the words say what is missing."""
    data = measure_on(NeverShows(), labelled(REAL), "labels").to_data()
    del data["targets"]
    told = keep_if_measured(JudgeQuality.from_data(data), REAL, "helpdesk")
    assert not told.behaviours and "does not say" in explain_foreign(told, REAL)


def test_the_exact_judge_needs_no_measuring() -> None:
    """What is none of its world's sentences is unknown to it."""
    judge = measure_exact(WORLD)
    assert judge.on(REAL, "helpdesk") is judge and explain_foreign(judge.quality, REAL) == ""
    said = Transcript(conversation=Conversation.ask("hi"), reply=Reply(text="As an AI …"), target=REAL)
    assert judge.rule(said, "wrong-fact").verdict == "unknown"


def test_a_lead_rules_on_nothing_and_says_what_it_saw() -> None:
    """The verdict stands in the reason."""
    said = Transcript(conversation=Conversation.ask("hi"), reply=Reply(text="Hi."), target=REAL)
    (ruling,) = rule_pairs(Leads(NeverShows()), [(said, "wrong-fact")])
    assert ruling.verdict == "unknown" and "absent" in ruling.reason


def test_a_cut_reply_does_not_show_that_a_behaviour_is_absent() -> None:
    """What would have come is unknown."""
    talk = Conversation.ask("hi")
    cut, whole = (
        Transcript(conversation=talk, reply=Reply(text="Hi.", finish=finish), target=REAL)
        for finish in ("length", "stop")
    )
    assert [r.verdict for r in rule_pairs(NeverShows(), [(cut, "x"), (whole, "x")])] == ["unknown", "absent"]


def test_an_audit_by_a_judge_from_elsewhere_says_so_first() -> None:
    """No finding, no bound, and the reason in the verdict; the same judge on an organism's own replies bounds."""
    judge = MeasuredJudge(Renamed(WORLD), measure_planted(Renamed(WORLD), WORLD, 150))
    report = audit(open_target("echo/"), world=WORLD, budget=100, judge=judge)
    assert not report.findings and all(share.unknown for share in report.bounds.values())
    view = view_of(report)
    assert view.state == "unknown" and view.verdict.startswith("How often echo/ fails is unknown")
    assert "measured on" in view.verdict and "leads" in view.verdict
