"""A learner's debrief: there when the last attempt is over, with truth, own way and the reference's; never before."""

from __future__ import annotations

import html
import itertools
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from yard.small_programme import ANN, BOB, Clock, EchoingModel, build_programme, until
from yard.test_paper import take_looks
from yard.visitor import Visitor

from drillyard.drills import load_kit
from drillyard.drills.tutoring.rules import Advice
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.grading import check_upload, grade_here
from drillyard.programs.joining import appoint
from drillyard.registrar.tutored import MOST_ASKS, SECONDS_BETWEEN
from drillyard.yard.app import make_app

HERE, SEED = "/drills/hunt-1", 2**61 + 5
KIT = load_kit("launch-gate-memo")


class Ticking(Clock):
    """A clock that goes on by a millisecond at each look, so that steps have an order."""

    def __call__(self) -> float:
        """Return the time."""
        self.now += 0.001
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that can be moved by hand too."""
    return Ticking()


@pytest.fixture
def programme(tmp_path: Path) -> ProgramFolder:
    """A programme whose first instance is a memo on paper."""
    folder = build_programme(tmp_path / "prog")
    exam = KIT.materialise("hunt-1", "executive", SEED)
    KIT.save(exam, folder.target(exam.instance))
    folder.write_truth(exam.truth)
    folder.write_instance(exam.instance)
    return folder


@pytest.fixture
def arrive(programme: ProgramFolder, clock: Clock) -> Iterator[Callable[[str], Visitor]]:
    """Let somebody sign in at a running yard."""
    app = make_app(
        programme.path,
        targets=lambda _: EchoingModel(),
        grader=lambda one: grade_here(programme, one),
        checker=lambda instance, data: check_upload(programme, instance, data),
        clock=clock,
    )
    with TestClient(app):
        yield lambda code: Visitor(TestClient(app)).sign_in(code)


def hand_in(visitor: Visitor, fix: str) -> None:
    """Hand in what a fix answers, and wait for its grade."""
    answers = KIT.solutions(SEED)[fix]
    visitor.get(HERE)
    take_looks(visitor, KIT.sheet(SEED), answers)
    visitor.send(f"{HERE}/upload", **answers)
    visitor.hand_in(HERE)
    until(lambda: "What next" in visitor.get(f"{HERE}/result"))


def test_a_debrief_comes_after_a_pass_with_all_three_parts(arrive: Callable[[str], Visitor]) -> None:
    """Before, and for anybody else, there is no such page; then truth, own way in time order, and the reference."""
    ann, bob = arrive(ANN.code), arrive(BOB.code)
    ann.get(HERE)
    ann.send(f"{HERE}/hints", place=0)
    ann.get(f"{HERE}/debrief", expect=404)
    hand_in(ann, "reference")
    assert f"{HERE}/debrief" in ann.page
    page = ann.get(f"{HERE}/debrief")
    for part in ("What was planted", "95 prompts of the test are in the tuning set", "Launch to one in twenty"):
        assert part in page, part
    way = page[page.index("Your way") : page.index("reference’s way")]
    told = [way.index(words) for words in ("Opened the drill", "Opened hint 1", "Handed in", "Was graded")]
    assert told == sorted(told) and "Ask where in the report" in way
    assert "Enough prompts were asked" in page and "tiny-n" not in page
    assert "Roads that look right and fail" in page and "Why it tempts" in page
    bob.get(f"{HERE}/debrief", expect=404)


def test_who_did_not_pass_reads_it_once_no_try_is_left(
    arrive: Callable[[str], Visitor], programme: ProgramFolder
) -> None:
    """While a fresh copy may be asked for, nothing is told; whoever ends the drill gets no more of them."""
    ann = arrive(ANN.code)
    hand_in(ann, "believes-the-headline")
    ann.get(f"{HERE}/debrief", expect=404)
    assert "End this drill" in ann.get(f"{HERE}/result")
    assert "What was planted" in ann.send(f"{HERE}/end")
    assert "Ended the drill without a further try" in ann.page and "Not passed" in ann.page
    assert "You ended this drill" in ann.get(f"{HERE}/result") and "Try again" not in ann.page
    ann.get("/drills")
    ann.send(f"{HERE}/again")
    assert len(programme.roster().learners[0].tries("hunt-1")) == 1


def test_a_programme_without_retries_tells_after_the_first(
    arrive: Callable[[str], Visitor], programme: ProgramFolder
) -> None:
    """Tries that are used up end it; a copy that the facilitator gives closes it again until that one is done."""
    programme.write_brief(programme.brief().model_copy(update={"retries": 0}))
    ann = arrive(ANN.code)
    hand_in(ann, "flags-everything")
    assert "What was planted" in ann.get(f"{HERE}/debrief")
    roster = programme.roster()
    more = roster.learners[0].model_copy(update={"instances": (*ANN.instances, f"hunt-1-{ANN.id}-2")})
    programme.write_roster(roster.model_copy(update={"learners": (more, *roster.learners[1:])}))
    ann.get(f"{HERE}/debrief", expect=404)


def test_the_tutor_answers_to_what_was_done_and_costs_what_it_says(
    arrive: Callable[[str], Visitor], programme: ProgramFolder, clock: Clock
) -> None:
    """One hint for one click, kept and counted; where nothing is called for, it says so and charges nothing."""
    ann = arrive(ANN.code)
    assert "costs 5 %" in ann.get(HERE) and "From the tutor" not in ann.page
    assert "ask 12 more times here, a minute apart" in ann.page
    ann.send(f"{HERE}/tutor", after=0)
    assert "The tutor has nothing to add" in ann.page and "Hints cost 5" not in ann.page
    assert "ask 11 more times here" in ann.page, "silence counts"
    clock.now += 300
    ann.send(f"{HERE}/tutor", after=0)
    assert "Nothing stands in your form yet" in ann.page and "Hints cost 5" in ann.page
    ann.send(f"{HERE}/tutor", after=0)
    assert ann.page.count("From the tutor") == 1, "a double click asks once"
    ann.send(f"{HERE}/tutor", after=1)
    assert "less than a minute ago" in ann.page and "ask 10 more times here" in ann.page
    ann.send(f"{HERE}/hints", place=0)
    assert "Ask where in the report" in ann.page and "Hints cost 10" in ann.page
    answers = KIT.solutions(SEED)["flags-everything"]
    ann.send(f"{HERE}/drafts/answers", expect=204, **answers)
    fay = arrive(appoint(programme, "facilitator", "Fay").code)
    page = fay.get("/live/at/hunt-1")
    assert "What the tutor would say" in page and "Nothing stands in your form" not in page, (
        "what was said is not said again"
    )
    words = html.unescape(re.findall(r'name="words" value="([^"]+)">Send', page)[0])
    fay.send("/live/at/hunt-1", words=words)
    assert f"From your facilitator: {words[:40]}" in html.unescape(ann.get(HERE)) and "Hints cost 10" in ann.page
    assert words not in html.unescape(fay.page.partition("What the tutor")[2])
    ann.get(HERE)
    ann.send(f"{HERE}/upload", **answers)
    ann.hand_in(HERE)
    until(lambda: "What next" in ann.get(f"{HERE}/result"))
    ann.send(f"{HERE}/end")
    assert "Asked the tutor: Nothing stands in your form yet" in ann.page


def test_one_form_to_the_tutor_sent_eight_times_at_once_is_one_hint(
    arrive: Callable[[str], Visitor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All eight have found a hint before the first is kept, each another one: still it costs what the page said."""
    ann, together, rules = arrive(ANN.code), threading.Barrier(8), itertools.count()

    def find(*_: object) -> Advice:
        together.wait(30)
        return Advice(rule=f"rule-{next(rules)}", words="Look again.")

    monkeypatch.setattr("drillyard.yard.pages.hints.next_advice", find)
    token = re.search(r'name="csrf" value="(\w+)"', ann.get(HERE))
    assert token
    sent = {"csrf": token[1], "after": "0"}
    cookie = {"cookie": f"drillyard={ann.client.cookies['drillyard']}"}
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: TestClient(ann.client.app).post(f"{HERE}/tutor", data=sent, headers=cookie), range(8))
        )
    assert {one.status_code for one in answers} == {200}
    assert ann.get(HERE).count("From the tutor") == 1 and "Hints cost 5 %" in ann.page


def test_who_has_asked_the_tutor_often_enough_is_told_so(arrive: Callable[[str], Visitor], clock: Clock) -> None:
    """The button goes with the last ask; a form from an old page is answered by the same line."""
    ann = arrive(ANN.code)
    ann.get(HERE)
    for left in range(MOST_ASKS, 0, -1):
        assert f"ask {left} more time" in ann.page
        after = re.findall(r'name="after" value="(\d+)"', ann.page)[0]
        ann.send(f"{HERE}/tutor", after=after)
        clock.now += SECONDS_BETWEEN
    given = ann.page.count("From the tutor")
    assert given and "as often as one may at this copy" in ann.page and "Ask the tutor" not in ann.page
    ann.send(f"{HERE}/tutor", after=given)
    assert "as often as one may at this copy" in ann.page and ann.page.count("From the tutor") == given


def test_the_tutor_says_the_same_whatever_is_sealed(
    arrive: Callable[[str], Visitor], programme: ProgramFolder, clock: Clock
) -> None:
    """The same paper and the same work, while its truth is that of other copies: the same hints, word for word."""
    ann, fay = arrive(ANN.code), arrive(appoint(programme, "facilitator", "Fay").code)
    ann.get(HERE)
    clock.now += 1200
    truth, told = programme.truth("hunt-1"), set()
    for made in KIT.solutions(SEED).values():
        ann.get(HERE)
        ann.send(f"{HERE}/drafts/answers", expect=204, **{**made, **{one: "9" for one in made if not made[one]}})
        for seed in (SEED, SEED + 1, SEED + 2):
            programme.write_truth(truth.model_copy(update={"seed": seed}))
            told.add(fay.get("/live/at/hunt-1").partition("What the tutor would say")[2].partition("</ul>")[0])
    assert len(told) == 1
