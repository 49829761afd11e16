"""The shells in course platforms: a ticket that only a click lends, and whole runs in run times that are not ours."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import uvicorn
from starlette.testclient import TestClient
from yard.course import build_course
from yard.node import install, require_node
from yard.small_programme import ANN, BOB, HERE, SUBMISSION, EchoingModel, build_programme, grade_of, until
from yard.visitor import Visit, Visitor

from drillyard.exports.package import unpack
from drillyard.exports.writing import export
from drillyard.exports.xapi import VERBS
from drillyard.organisms.listening import listen
from drillyard.records import AnySubmission, Grade
from drillyard.yard.app import make_app

TICKET = "0123456789abcdef" * 3


def test_only_a_click_lends_a_result(ann: Visitor, visit: Visit) -> None:
    """The address alone lends nothing; once lent it cannot be taken over; what it tells is a state and a score."""
    state = f"/shell/state?ticket={TICKET}"
    page = ann.get(f"/shell/open?drill=failure-hunt&ticket={TICKET}")
    assert "asks to know how far you are" in page
    assert ann.client.get(state).json() == {"status": "unknown", "score": None, "seconds": None}
    ann.send("/shell/open", drill="failure-hunt", ticket=TICKET)
    stranger = TestClient(ann.client.app)
    answer = stranger.get(state)
    assert answer.json()["status"] == "incomplete" and answer.headers["access-control-allow-origin"] == "*"
    assert "set-cookie" not in answer.headers
    ann.upload(HERE, ("x", SUBMISSION.to_json().encode()))
    until(lambda: stranger.get(state).json()["status"] == "failed")
    assert stranger.get(state).json() == {"status": "failed", "score": 0.5, "seconds": 0.0}
    bob = visit(BOB.code)
    bob.get(f"/shell/open?drill=failure-hunt&ticket={TICKET}")
    bob.send("/shell/open", expect=400, drill="failure-hunt", ticket=TICKET)


@pytest.mark.parametrize("ticket", ["", "x", TICKET[:-1], TICKET.upper(), "../../x"])
def test_an_address_that_is_cut_says_so(ann: Visitor, ticket: str) -> None:
    """Nothing is lent to a ticket that anybody could guess."""
    assert "not whole" in ann.get(f"/shell/open?drill=failure-hunt&ticket={ticket}", expect=400)
    ann.get(f"/shell/open?drill=failure-hunt&ticket={TICKET}")
    ann.send("/shell/open", expect=400, drill="failure-hunt", ticket=ticket)
    assert ann.client.get(f"/shell/state?ticket={ticket}").status_code == 400
    ann.get(f"/shell/open?drill=other&ticket={TICKET}", expect=404)


def test_a_stranger_signs_in_on_the_way(visit: Visit) -> None:
    """From the course's window over the door back to it."""
    ann = visit()
    page = ann.get(f"/shell/open?drill=failure-hunt&ticket={TICKET}")
    (after,) = re.findall(r'name="next" value="([^"]+)"', page)
    assert "Let it know" in ann.send("/sign-in", code=ANN.code, next=after.replace("&amp;", "&"))


def pass_or_not(submission: AnySubmission) -> Grade:
    """Let Ann pass and nobody else."""
    passed = submission.learner == ANN.id
    grade = grade_of(submission)  # type: ignore[arg-type]
    return grade.model_copy(update={"passed": passed, "score": 0.9 if passed else 0.4})


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve an application on a free port of this machine."""
    with listen("127.0.0.1", 0) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        until(lambda: server.started)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, Any]]:
    """A served yard, the folder of its exports, and the application."""
    home = tmp_path_factory.mktemp("shells")
    build_course(home / "planned")
    folder = build_programme(home / "prog")
    folder.write_plan(json_plan(home / "planned"))
    app = make_app(folder.path, targets=lambda _: EchoingModel(), grader=pass_or_not)
    with serving(app) as address:
        for kind in ("scorm12", "cmi5"):
            (packed,) = export(folder.path, kind, home / "packed", address).files
            for name, data in unpack(packed.read_bytes()).items():
                (home / kind).mkdir(exist_ok=True)
                (home / kind / name).write_bytes(data)
        yield address, home, app


def json_plan(path: Path) -> Any:
    """Return the plan with a drill."""
    from drillyard.programs.folder import ProgramFolder

    return ProgramFolder(path).plan()


@contextmanager
def shell(*words: object) -> Iterator[Callable[[str], dict[str, Any]]]:
    """Run a shell in node, and return how to let it ask once more."""
    script = Path(__file__).with_name("shell_walk.js")
    with subprocess.Popen(
        ["node", str(script), *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout

        def read() -> dict[str, Any]:
            assert process.stdout
            told: dict[str, Any] = json.loads(process.stdout.readline())
            assert "failed" not in told, told
            return told

        def ask(line: str) -> dict[str, Any]:
            assert process.stdin
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
            return read()

        ask.address = read()["address"]  # type: ignore[attr-defined]
        ask.last = read  # type: ignore[attr-defined]
        yield ask
        process.kill()


def work(app: Any, who: Any, address: str, instance: str) -> None:
    """Open the drill from the course's window, lend the result, and hand in."""
    one = Visitor(TestClient(app)).sign_in(who.code)
    parts = urlsplit(address)
    one.get(f"{parts.path}?{parts.query}")
    asked = parse_qs(parts.query)
    one.send("/shell/open", drill=asked["drill"][0], ticket=asked["ticket"][0])
    handed = SUBMISSION.model_copy(update={"learner": who.id, "instance": instance})
    one.upload(f"/drills/{instance}", ("x", handed.to_json().encode()))
    until(lambda: "Planted and claimed" in one.get(f"/drills/{instance}/result"))


@pytest.mark.walk
def test_scorm_shells_end_in_the_state_of_the_drill(yard: tuple[str, Path, Any], tmp_path: Path) -> None:
    """In `scorm-again`: Ann's activity is passed with her score, Bob's failed with his, the ticket is remembered."""
    address, home, app = yard
    run_time = install(tmp_path, "scorm-again") / "dist" / "scorm12.js"
    for who, instance, status, raw in ((ANN, "hunt-1", "passed", "90"), (BOB, "hunt-2", "failed", "40")):
        with shell("scorm12", home / "scorm12", address, "failure-hunt", run_time) as ask:
            assert ask("ask")["status"] == "incomplete"
            work(app, who, ask.address, instance)  # type: ignore[attr-defined]
            told = ask("end")
            assert (told["status"], told["over"]) == (status, status == "passed")
            ended = ask.last()  # type: ignore[attr-defined]
        core = ended["cmi"]["core"]
        assert (core["lesson_status"], core["score"]["raw"], core["score"]["max"]) == (status, raw, "100")
        assert re.fullmatch(r"\d{2,4}:\d\d:\d\d", core["session_time"]) and ended["error"] in (0, "0")
        assert re.fullmatch(r"[0-9a-f]{48}", ended["cmi"]["suspend_data"])


class RecordStore(BaseHTTPRequestHandler):
    """A record store with the four addresses that a cmi5 unit uses; it holds to the launch's one-time token."""

    def do_POST(self) -> None:
        """Give the token out once."""
        once = not self.server.fetched  # type: ignore[attr-defined]
        self.server.fetched = True  # type: ignore[attr-defined]
        self._answer(200, {"auth-token": "dG9rZW4="} if once else {"error-code": "1", "error-text": "used"})

    def do_GET(self) -> None:
        """Return a state document."""
        asked = parse_qs(urlsplit(self.path).query)
        known = self.server.states.get(asked["stateId"][0])  # type: ignore[attr-defined]
        self._answer(200 if known else 404, known or {})

    def do_PUT(self) -> None:
        """Keep a statement or a state document."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        asked = parse_qs(urlsplit(self.path).query)
        assert self.headers["authorization"] == "Basic dG9rZW4=" and self.headers["x-experience-api-version"] == "1.0.3"
        if urlsplit(self.path).path.endswith("/statements"):
            assert asked["statementId"] == [body["id"]]
            self.server.statements.append(body)  # type: ignore[attr-defined]
        else:
            self.server.states[asked["stateId"][0]] = body  # type: ignore[attr-defined]
        self._answer(200, {})

    def _answer(self, status: int, body: object) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def record_store() -> Iterator[Any]:
    """Run a record store; `states` holds what the platform says of the launch."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), RecordStore)
    launch = {
        "launchMode": "Normal", "moveOn": "Passed", "masteryScore": 0.7,
        "contextTemplate": {"extensions": {"https://w3id.org/xapi/cmi5/context/extensions/sessionid": "s1"}},
    }  # fmt: skip
    server.fetched, server.statements, server.states = False, [], {"LMS.LaunchData": launch}  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.walk
@pytest.mark.parametrize("who, instance, result", [(ANN, "hunt-1", "passed"), (BOB, "hunt-2", "failed")])
def test_a_cmi5_unit_says_what_cmi5_asks_for(yard: tuple[str, Path, Any], who: Any, instance: str, result: str) -> None:
    """The order, categories, the session's extension and the score; nothing after the end; a token once."""
    require_node()
    address, home, app = yard
    with record_store() as store:
        at = f"http://127.0.0.1:{store.server_port}"
        actor = {"objectType": "Agent", "account": {"homePage": "https://lms.example.org", "name": "17"}}
        names = {
            "endpoint": f"{at}/xapi/", "fetch": f"{at}/fetch", "actor": json.dumps(actor),
            "registration": "11111111-2222-4333-8444-555555555555", "activityId": "https://lms.example.org/au/1",
        }  # fmt: skip
        launch = f"https://lms.example.org/au?{urlencode(names)}"
        with shell("cmi5", home / "cmi5", address, "failure-hunt", launch, 0.7) as ask:
            work(app, who, ask.address, instance)  # type: ignore[attr-defined]
            assert ask("end")["over"]
            ask.last()  # type: ignore[attr-defined]
        said = store.statements
        verbs = [one["verb"]["id"].rpartition("/")[2] for one in said]
        middle = ["completed", "passed"] if result == "passed" else ["failed"]
        assert verbs == ["initialized", *middle, "terminated"] and {one["verb"]["id"] for one in said} <= set(VERBS)
        for one in said:
            assert one["actor"] == actor and one["context"]["registration"] == names["registration"]
            assert one["context"]["extensions"] == store.states["LMS.LaunchData"]["contextTemplate"]["extensions"]
            moves = "moveon" in json.dumps(one["context"]["contextActivities"])
            assert moves == (one["verb"]["id"].rpartition("/")[2] in ("completed", "passed", "failed"))
        told = next(one for one in said if one["verb"]["id"].endswith(result))["result"]
        assert told["success"] == (result == "passed") and told["score"] == {
            "scaled": 0.9 if result == "passed" else 0.4
        }
        models = pytest.importorskip("ralph.models.xapi.base.statements")
        for one in said:
            models.BaseXapiStatement.model_validate(one)
        assert "duration" in said[-1]["result"] and store.states["drillyard"]["ticket"] in ask.address  # type: ignore[attr-defined]
