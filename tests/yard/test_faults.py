"""What is broken on our side or sent by nobody's browser: never a fault page, never a path of the server."""

from __future__ import annotations

import logging
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from sqlalchemy import event
from starlette.testclient import TestClient
from yard.small_programme import (
    ANN,
    BOB,
    CLAIM,
    DESIGNER_CODE,
    SUBMISSION,
    EchoingModel,
    build_programme,
    grade_of,
    until,
)
from yard.visitor import Visit, Visitor

from drillyard.errors import BadInput
from drillyard.programs.folder import ProgramFolder
from drillyard.records import Grade, Submission
from drillyard.yard.app import make_app
from drillyard.yard.pages.chat import LINES

HUGE = ("9" * 16, "9" * 40, "9" * 5000, str(2**63), "-1", "1e400", "٣", "²", "\x00", "NaN")


BROKEN_FORMS = (
    b"--abX\r\n", b"--abc\nfoo", b"--abc\r\nContent-Disposition form-data\r\n\r\n--abc--", b"--abc\r\n\xff: 1\r\n\r\n",
    b"--abc\r\nContent-Disposition: form-data\r\n\r\nhi\r\n--abc--", b"--abc--" + b"\r\n--abc--rest" * 3000, b"",
)  # fmt: skip


@pytest.mark.parametrize("body", BROKEN_FORMS)
def test_a_broken_form_is_a_page_and_no_noise(visit: Visit, body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """What no browser sends is answered with 400 or 403, and the log has a line of it at most."""
    kind = {"content-type": "multipart/form-data; boundary=abc"}
    answer = visit(ANN.code).client.post("/drills/hunt-1/claims", content=body, headers=kind)
    assert answer.status_code in {400, 403} and "<h1" in answer.text
    assert len([one for one in caplog.records if one.levelno >= logging.WARNING]) <= 1


def test_a_browser_that_goes_in_the_middle_of_a_form_is_no_fault(
    visit: Visit, caplog: pytest.LogCaptureFixture
) -> None:
    """Closing a window is no error of the yard's: nothing in the log, and the next one is answered."""
    ann = visit(ANN.code)
    sent = iter([{"type": "http.request", "body": b"csrf=", "more_body": True}, {"type": "http.disconnect"}])

    async def go_away() -> None:
        async def receive() -> dict[str, object]:
            return next(sent)

        async def send(_message: object) -> None:
            """Nobody reads it."""

        kind = [(b"content-type", b"application/x-www-form-urlencoded")]
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/drills/hunt-1/claims",
            "query_string": b"",
            "headers": kind,
        }
        await ann.client.app({**scope, "client": ("127.0.0.1", 1)}, receive, send)

    anyio.run(go_away)
    assert not caplog.records and "hunt-1" in ann.get("/drills")


@pytest.mark.parametrize("number", HUGE)
def test_a_number_that_no_row_can_have_is_no_fault(visit: Visit, number: str) -> None:
    """In a path it is a page that does not exist, in a field or a query it names nothing."""
    ann = visit(ANN.code)
    page = ann.get("/drills/hunt-1")
    token = page.partition('name="csrf" value="')[2].partition('"')[0]
    for path in (f"claims/{number}/remove", f"{number}/remove", f"claims/{number}"):
        answer = ann.client.post(f"/drills/hunt-1/{path}".replace("\x00", "%00"), data={"csrf": token})
        assert answer.status_code in {200, 404} and "html" in answer.text, answer.text
    assert ann.client.get("/drills/hunt-1", params={"edit": number}).status_code == 200
    claim = {"behaviour": CLAIM.behaviour, "severity": "high", "words": "w", "line-0": "a", "question": "p"}
    for field in ({"claim": number}, {"use": number}, {"add": number}, {"question-template": number}):
        answer = ann.client.post("/drills/hunt-1/claims", data={"csrf": token, **claim, **field})
        assert answer.status_code in {200, 422}
    for path, field in (("hints", "place"), ("chat", "template"), ("chat", "prompt"), ("retry", "x"), ("submit", "x")):
        answer = ann.client.post(f"/drills/hunt-1/{path}", data={"csrf": token, "template": "v1", field: number})
        assert answer.status_code in {200, 422}, (path, answer.status_code)


def test_a_claim_number_of_forty_digits_is_not_found(visit: Visit) -> None:
    """The example that was a fault."""
    ann = visit(ANN.code)
    ann.get("/drills/hunt-1")
    ann.send(f"/drills/hunt-1/claims/{'9' * 40}/remove", expect=404)


@pytest.mark.parametrize("name", ["instances/hunt-1/truth.json", "roster.json"])
def test_a_broken_file_shows_no_path_to_learners(programme: ProgramFolder, name: str) -> None:
    """They read whom to tell; where it lies stands in the log."""
    app = make_app(programme.path, targets=lambda _: EchoingModel(), grader=grade_of)
    with TestClient(app) as client:
        ann = Visitor(client).sign_in(ANN.code)
        (programme.path / name).write_text("{broken")
        page = ann.get("/drills/hunt-1", expect=503)
    assert "Tell your designer" in page and str(programme.path) not in page and name.split("/")[-1] not in page


def test_a_designer_is_told_which_file_is_broken(programme: ProgramFolder) -> None:
    """It is theirs to restore."""
    with TestClient(make_app(programme.path, grader=grade_of)) as client:
        designer = Visitor(client).sign_in(DESIGNER_CODE)
        (programme.path / "plan.json").write_text("{broken")
        assert "plan.json" in designer.get("/designer", expect=503)


def test_a_grader_that_meets_a_broken_file_shows_no_path(programme: ProgramFolder) -> None:
    """The learner reads that it is not their work; it costs no attempt, and the designer sees it."""

    def grader(_: Submission) -> Grade:
        raise BadInput(f"{programme.path}/instances/hunt-2/truth.json: found nothing, expected JSON")

    with TestClient(make_app(programme.path, grader=grader)) as client:
        bob = Visitor(client).sign_in(BOB.code)
        bob.get("/drills/hunt-2")
        mine = SUBMISSION.model_copy(update={"instance": "hunt-2"})
        bob.upload("/drills/hunt-2", ("x", mine.to_json().encode()))
        for left in ("3 times", "2 times", "once more"):
            until(lambda: "Grading did not end" in bob.get("/drills/hunt-2/result"))
            assert "a fault of the yard, not of your work" in bob.page and str(programme.path) not in bob.page
            assert f"you may do so {left}" in bob.page
            bob.send("/drills/hunt-2/retry")
        until(lambda: "Grading did not end" in bob.get("/drills/hunt-2/result"))
        assert "Tell your designer: their page shows the same line" in bob.page and "Grade it again" not in bob.page
        page = Visitor(TestClient(client.app)).sign_in(DESIGNER_CODE).get("/designer")
        assert "grading failed, no retry left: Grading stopped at a fault of the yard" in page


def test_a_full_disk_is_a_page_and_passes(programme: ProgramFolder) -> None:
    """Forms that cannot be kept say so with 503; reading goes on, and writing too once there is room."""
    app = make_app(programme.path, targets=lambda _: EchoingModel(), grader=grade_of)
    with TestClient(app) as client:
        ann = Visitor(client).sign_in(ANN.code)
        page = ann.get("/drills/hunt-1")
        engine, pages = app.state.yard.store._engine, [1]

        def limit(connection: object, *_: object) -> None:
            connection.execute(f"PRAGMA max_page_count = {pages[0]}")  # type: ignore[attr-defined]

        event.listen(engine, "checkout", limit)
        form = {"behaviour": CLAIM.behaviour, "severity": "high", "words": "w", "line-0": "a", "question": "p"}
        form |= {"question-template": "v1", "csrf": csrf(page), "note": "n" * 2000}
        answers = [ann.client.post("/drills/hunt-1/claims", data=form) for _ in range(4)]
        assert answers[-1].status_code == 503 and "its disk is full" in answers[-1].text
        ann.get("/drills/hunt-1")
        for _ in range(9):  # what room is left inside a page takes a few
            said = {"csrf": csrf(page), "template": "v1", "prompt": "p" * 500}
            answer = ann.client.post("/drills/hunt-1/chat", data=said)
        assert answer.status_code == 503 and "its disk is full" in answer.text
        pages[0] = 1_000_000
        assert "You said: " in ann.send("/drills/hunt-1/chat", template="v1", prompt="p" * 500)


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB of its own, where this machine lets us make one."""
    place = tmp_path / "tiny"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a file system")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.walk
def test_a_disk_without_a_byte_left_is_a_line_and_passes(tiny: Path) -> None:
    """The same on a file system that is really full."""
    app = make_app(build_programme(tiny / "prog").path, targets=lambda _: EchoingModel(), grader=grade_of)
    with TestClient(app) as client:
        ann = Visitor(client).sign_in(ANN.code)
        said = {"csrf": csrf(ann.get("/drills/hunt-1")), "template": "v1", "prompt": "p" * 500}
        with (tiny / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError, match="No space left"):
            while True:
                filler.write(b"x" * 512)
        for _ in range(6):
            answer = client.post("/drills/hunt-1/chat", data=said, headers={"accept": LINES})
            assert "its disk is full" in answer.text
        assert [client.get(path).status_code for path in ("/drills", "/drills/hunt-1")] == [200, 200]
        (tiny / "filler").unlink()
        for _ in range(6):
            answer = client.post("/drills/hunt-1/chat", data=said, headers={"accept": LINES})
            assert "ppp" in answer.text and "error" not in answer.text


def csrf(page: str) -> str:
    """Return the token of a page's forms."""
    return page.partition('name="csrf" value="')[2].partition('"')[0]
