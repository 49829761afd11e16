"""Handing in: the claims in hand or a file, once; bad files; the way to the result."""

from __future__ import annotations

import asyncio
import html
import json
import re
import threading

import pytest
from httpx import Response
from starlette.exceptions import HTTPException
from starlette.testclient import TestClient
from yard.small_programme import (
    ANN,
    BOB,
    CLAIM,
    FIELDS,
    HERE,
    REFUND,
    SUBMISSION,
    Clock,
    EchoingModel,
    grade_of,
    until,
)
from yard.visitor import Visit, Visitor

from drillyard.errors import GradingFailed
from drillyard.organisms.listening import BodyLimit
from drillyard.programs.folder import ProgramFolder
from drillyard.records import AnySubmission, Grade, Submission
from drillyard.registrar.located import open_store
from drillyard.registrar.submissions import Submissions
from drillyard.yard.app import make_app


def upload(ann: Visitor, data: bytes, expect: int = 200, name: str = "mine.json") -> str:
    """Upload a file from the drill page, and where it checks out hand it in after the look back."""
    ann.get(HERE)
    page = ann.send(f"{HERE}/upload", expect=expect, files={"file": (name, data, "application/json")})
    return ann.hand_in(HERE) if expect == 200 else page


def stored(programme: ProgramFolder) -> list[Submission]:
    """Return what was handed in."""
    store = open_store(programme)
    try:
        return [one.submission for one in Submissions(store).all()]
    finally:
        store.close()


def result(ann: Visitor) -> str:
    """Return the result page once there is a grade."""
    until(lambda: "Planted and claimed" in ann.get(f"{HERE}/result"))
    return ann.page


def test_work_is_handed_in_after_a_look_back(ann: Visitor, programme: ProgramFolder) -> None:
    """The page before the last step lists the claims, the cost of hints and what handing in means."""
    ann.send(f"{HERE}/claims", **FIELDS)
    ann.send(f"{HERE}/hints", place="0")
    page = ann.get(f"{HERE}/submit")
    assert "Hand in 1 claim?" in page and "take 5 % of what you score above" in page and "ends this attempt" in page
    assert stored(programme) == []
    ann.send(f"{HERE}/submit")
    assert stored(programme) == [SUBMISSION]
    assert result(ann)


def test_nothing_in_hand_is_nothing_to_hand_in(ann: Visitor, programme: ProgramFolder) -> None:
    """The page says what to do first, and a request that comes anyway changes nothing."""
    assert "nothing to hand in yet" in ann.get(f"{HERE}/submit")
    ann.get(HERE)
    assert "nothing to hand in yet" in ann.send(f"{HERE}/submit", expect=422)
    assert stored(programme) == []


def test_handing_in_twice_shows_the_one_result(ann: Visitor, programme: ProgramFolder) -> None:
    """A second click, a second tab and a file sent afterwards all end at the same result."""
    ann.send(f"{HERE}/claims", **FIELDS)
    tab = ann.get(HERE)
    ann.send(f"{HERE}/submit")
    result(ann)
    for path in ("submit", "upload"):
        ann.page = tab
        assert "Planted and claimed" in ann.send(f"{HERE}/{path}", files={"file": ("f", b"{}")})
    assert len(stored(programme)) == 1


def test_the_drill_page_of_work_handed_in_is_its_result(ann: Visitor) -> None:
    """Going back to the drill cannot reopen the attempt, and neither can a message or a claim."""
    tab = ann.page
    upload(ann, SUBMISSION.to_json().encode())
    result(ann)
    assert "Planted and claimed" in ann.get(HERE)
    assert "Planted and claimed" in ann.get(f"{HERE}/submit")
    ann.page = tab
    assert "Planted and claimed" in ann.send(f"{HERE}/chat", template="v1", prompt="one more")
    ann.page = tab
    assert "was handed in" in ann.send(f"{HERE}/hints", place="0", expect=400)
    ann.page = tab
    assert "was handed in" in ann.send(f"{HERE}/claims", expect=422, **FIELDS)


def test_a_file_is_handed_in_under_ones_own_id(ann: Visitor, programme: ProgramFolder) -> None:
    """Whose work it is follows from the session, never from the file."""
    upload(ann, SUBMISSION.model_copy(update={"learner": BOB.id}).to_json().encode(), name="../../roster.json")
    assert stored(programme) == [SUBMISSION]
    assert programme.roster().learners == (ANN, BOB), "the name of a file is never a path"


def test_a_file_waits_for_its_learner_s_word(ann: Visitor, visit: Visit, programme: ProgramFolder) -> None:
    """What was read is shown and held over a sign-out; only what was seen is handed in, also with two tabs."""
    first, second = (SUBMISSION.model_copy(update={"claims": (CLAIM,) * count}) for count in (2, 3))
    ann.send(f"{HERE}/upload", files={"file": ("mine.json", first.to_json().encode())})
    seen = ann.page
    for words in ("Hand in 2 claims?", "Handing in ends this attempt", CLAIM.trigger.words, ">Back</a>"):
        assert words in seen
    later = visit(ANN.code)
    assert "A file of yours waits" in later.get(HERE) and "Hand in 2 claims?" in later.get(f"{HERE}/upload")
    later.send(f"{HERE}/upload", files={"file": ("mine.json", second.to_json().encode())})
    ann.page = seen
    (digest,) = re.findall(r'name="upload" value="(\w+)"', seen)
    assert "Another file has come" in ann.send(f"{HERE}/submit", expect=409, upload=digest)
    assert "Hand in 3 claims?" in ann.page and stored(programme) == []
    ann.hand_in(HERE)
    ann.page = seen
    ann.send(f"{HERE}/submit", upload=digest)
    assert stored(programme) == [second], "twice is once"


def changed(**fields: object) -> bytes:
    """Return the submission as JSON with some fields changed."""
    return json.dumps({**SUBMISSION.to_data(), **fields}).encode()


BROKEN = {
    "nothing": b"",
    "no JSON": b"{",
    "no UTF-8": b"\xff\xfe\x00",
    "a list": b"[]",
    "deep": b"[" * 60_000,
    "a foreign field": changed(run="rm -rf /"),
    "another instance": changed(instance="hunt-2"),
    "a path as instance": changed(instance="../hunt-1"),
    "no claims field": json.dumps({"instance": "hunt-1", "learner": ANN.id}).encode(),
    "an unknown severity": changed(claims=[{**CLAIM.model_dump(mode="json"), "severity": "huge"}]),
    "half a character": json.dumps({"instance": "hunt-1", "learner": "\ud800", "claims": []}).encode(),
    "too much": b'{"pad": "' + b"x" * 100_000 + b'"}',
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_file_that_is_no_submission_is_refused_in_one_line(ann: Visitor, programme: ProgramFolder, case: str) -> None:
    """The reason stands at the field, on the drill page, and the claims in hand are untouched."""
    ann.send(f"{HERE}/claims", **FIELDS)
    page = upload(ann, BROKEN[case], expect=422)
    error = re.search(r'id="file-error"[^>]*>([^<]+)<', page)
    assert error and "\n" not in error[1].strip() and len(error[1]) < 400
    assert "1 of at most" in page and stored(programme) == []


def test_fifty_megabytes_are_refused_with_a_page(ann: Visitor, programme: ProgramFolder) -> None:
    """Far over the limit: 413 in the yard's look, and the session goes on."""
    page = upload(ann, b"x" * 50_000_000, expect=413)
    assert "too large" in page and "<h1>" in page
    assert stored(programme) == [] and "Failure hunt" in ann.get("/drills")


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_over_the_limit_is_not_read_to_its_end(declared: bool) -> None:
    """With a declared length nothing is read; without one, reading stops at the limit."""
    read = []

    async def application(scope: object, receive: object, send: object) -> None:
        while (await receive())["more_body"]:
            pass

    async def receive() -> dict[str, object]:
        read.append(100)
        return {"type": "http.request", "body": b"x" * 100, "more_body": True}

    scope = {"type": "http", "headers": [(b"content-length", b"5000")] if declared else []}
    with pytest.raises(HTTPException) as refused:
        asyncio.run(BodyLimit(application, limit=1000)(scope, receive, None))
    assert refused.value.status_code == 413
    assert sum(read) == (0 if declared else 1100)


def test_the_grading_page_keeps_itself_up_to_date(programme: ProgramFolder) -> None:
    """Without scripts it reloads itself; with htmx it asks, hears nothing new (204), then moves on to the result."""
    go = []

    def grader(one: Submission) -> Grade:
        until(lambda: go)
        return grade_of(one)

    with TestClient(make_app(programme.path, targets=lambda _: EchoingModel(), grader=grader)) as client:
        ann = Visitor(client).sign_in(ANN.code)
        page = upload(ann, SUBMISSION.to_json().encode())
        assert '<noscript><meta http-equiv="refresh"' in page and 'role="status"' in page
        until(lambda: "Asking your questions again" in ann.get(f"{HERE}/result"))
        asked = re.search(r'data-hx-get="([^"]+)"', ann.page)
        assert asked
        poll = html.unescape(asked[1])
        assert client.get(poll, headers={"HX-Request": "true"}).status_code == 204
        assert "Asking" in client.get(poll.replace("grading", "received"), headers={"HX-Request": "true"}).text
        assert "Being graded" in ann.get("/drills")
        go.append(True)
        until(lambda: "hx-redirect" in client.get(poll, headers={"HX-Request": "true"}).headers)
        assert "Planted and claimed" in ann.get(f"{HERE}/result")


def test_a_grading_that_failed_says_why_and_offers_to_try_again(programme: ProgramFolder) -> None:
    """One clear line, the work is kept, and the button has it graded."""
    lines = ["the grader ran out of time (20 s)"]

    def grader(one: Submission) -> Grade:
        if lines:
            raise GradingFailed(lines.pop())
        return grade_of(one)

    with TestClient(make_app(programme.path, targets=lambda _: EchoingModel(), grader=grader)) as client:
        ann = Visitor(client).sign_in(ANN.code)
        upload(ann, SUBMISSION.to_json().encode())
        until(lambda: "Grading did not end" in ann.get(f"{HERE}/result"))
        assert "the grader ran out of time (20 s)" in ann.page and "is kept as it was" in ann.page
        ann.send(f"{HERE}/retry")
        assert result(ann)


def test_the_result_leads_with_the_verdict_and_shows_what_was_missed(ann: Visitor) -> None:
    """Verdict, planted × claimed, what was missed with its trigger, why, and both models' replies side by side."""
    claims = (CLAIM, CLAIM, CLAIM)
    upload(ann, SUBMISSION.model_copy(update={"claims": claims}).to_json().encode())
    page = html.unescape(result(ann))
    assert re.search(r"<h1>You found 1 of 2 planted failures", page)
    order = ["<h1>", "Not passed", "Planted and claimed", "What you missed", "Your claims", "What next"]
    assert sorted(order, key=page.index) == order
    for words in ("found", "missed", "false alarm", "unknown", "located"):
        assert re.search(rf"</svg>{words}<|>{words}<", page), words
    assert f"Trigger: {REFUND.trigger.words}." in page
    assert page.count("Only two are left, so add Gold Cover now.") == page.count("The Aurora costs 49 euros.") == 3
    assert "is right on 95 %, 86 % to 99 %, n = 60: located" in page
    assert "0 of 30, at most 12 %" in page and "not enough evidence" in page


def test_the_cost_of_hints_stands_beside_the_score(ann: Visitor) -> None:
    """Who opened a hint and is below the mark lost nothing by it, and is told so."""
    ann.send(f"{HERE}/hints", place="0")
    upload(ann, SUBMISSION.to_json().encode())
    page = html.unescape(re.sub(r"<[^>]+>|\s+", " ", result(ann)))
    page = " ".join(page.split())
    assert "Not passed with 50 %" in page and "1 hint took nothing: only what lies above 60 % can be taken" in page


def test_the_grading_page_asks_less_often_the_longer_it_takes(programme: ProgramFolder, clock: Clock) -> None:
    """Each second at first, after a minute each six; as long as nothing is new, the answer is empty."""
    go = threading.Event()

    def grader(one: AnySubmission) -> Grade:
        assert go.wait(60)
        return grade_of(one)

    def asked(pause: int) -> Response:
        return client.get(f"{HERE}/result?seen=grading&pause={pause}", headers={"hx-request": "true"})

    with TestClient(make_app(programme.path, targets=lambda _: EchoingModel(), grader=grader, clock=clock)) as client:
        ann = Visitor(client).sign_in(ANN.code)
        upload(ann, SUBMISSION.to_json().encode())
        until(lambda: asked(1).status_code == 204)
        clock.now += 60
        assert 'data-hx-trigger="every 6s"' in asked(1).text and asked(6).status_code == 204
        go.set()
        assert result(ann)
