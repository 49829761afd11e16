"""LTI 1.3: from a platform's login over a launch to a graded drill and the score back; forged and replayed launches.

The platform is one of ours, started here: real keys, a real key set, tokens for services. What it sends is read by a
library, which is not.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.testclient import TestClient
from yard.course import build_course
from yard.small_programme import ANN, CLAIM, EchoingModel, grade_of, until
from yard.test_again import copy_instance
from yard.visitor import Visitor

from drillyard.errors import BadInput
from drillyard.programs.folder import ProgramFolder
from drillyard.records import AnySubmission, Grade, Submission
from drillyard.registrar.keys import public_jwk
from drillyard.registrar.platforms import read_platforms
from drillyard.yard.app import make_app

pytest.importorskip("pylti1p3", reason="the extra lti is not installed")

pytestmark = pytest.mark.walk
URL = "https://testserver"
LTI = "https://purl.imsglobal.org/spec/lti/claim"
AGS, DL = "https://purl.imsglobal.org/spec/lti-ags", "https://purl.imsglobal.org/spec/lti-dl/claim"
LEARNER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"
TEACHER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"


class _Handler(BaseHTTPRequestHandler):
    """The platform's services: its keys, tokens for ours, and a line of its grade book."""

    def do_GET(self) -> None:
        """Tell the keys."""
        self._answer({"keys": [public_jwk(self.server.key)]})  # type: ignore[attr-defined]

    def do_POST(self) -> None:
        """Give a token to who signs with our tool's key; take a score from who has it."""
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        platform = self.server.platform  # type: ignore[attr-defined]
        if self.path == "/token":
            asked = dict(parse_qsl(body))
            key = jwt.PyJWK(platform.tool_key).key
            told = jwt.decode(asked["client_assertion"], key, ["RS256"], audience=f"{platform.at}/token")
            assert told["sub"] == "yard-1" and f"{AGS}/scope/score" in asked["scope"]
            self._answer({"access_token": "T", "token_type": "bearer", "expires_in": 60})
        elif platform.down or self.headers["authorization"] != "Bearer T":
            self._answer({}, 503)
        else:
            platform.scores.append((self.path, json.loads(body)))
            self._answer({})

    def _answer(self, body: object, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class PlatformServer:
    """A course platform with one tool: it launches, and keeps the scores that it is told."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.server.key, self.server.platform = self.key, self  # type: ignore[attr-defined]
        self.at = f"http://127.0.0.1:{self.server.server_port}"
        self.scores: list[tuple[str, dict[str, Any]]] = []
        self.tool_key: dict[str, Any] = {}
        self.down = False
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def told(self, role: str = "support-lead") -> dict[str, Any]:
        """Return how the yard's designer writes it down."""
        return {
            "issuer": self.at, "client_id": "yard-1", "auth_login_url": f"{self.at}/auth",
            "auth_token_url": f"{self.at}/token", "key_set_url": f"{self.at}/keys", "deployment_ids": ["1"],
            "role": role,
        }  # fmt: skip

    def token(self, nonce: str | None, key: object = None, **changed: Any) -> str:
        """Return a launch of a drill, with what is changed in it."""
        now = int(time.time())
        claims = {
            "iss": self.at, "aud": "yard-1", "sub": "user-17", "nonce": nonce, "iat": now - 5, "exp": now + 300,
            f"{LTI}/deployment_id": "1", f"{LTI}/message_type": "LtiResourceLinkRequest", f"{LTI}/version": "1.3.0",
            f"{LTI}/resource_link": {"id": "link-1"}, f"{LTI}/roles": [LEARNER],
            f"{LTI}/target_link_uri": f"{URL}/lti/launch", f"{LTI}/custom": {"drill": "failure-hunt"},
            f"{AGS}/claim/endpoint": {"scope": [f"{AGS}/scope/score"], "lineitem": f"{self.at}/line/1"},
        }  # fmt: skip
        claims.update(changed)
        claims = {name: value for name, value in claims.items() if value is not None}
        kid = public_jwk(self.key)["kid"]
        return jwt.encode(claims, key or self.key, "RS256", {"kid": kid})  # type: ignore[arg-type]


@pytest.fixture
def platform() -> Iterator[PlatformServer]:
    """A running platform."""
    platform = PlatformServer()
    yield platform
    platform.server.shutdown()
    platform.server.server_close()


def grade(submission: AnySubmission) -> Grade:
    """Let everybody pass with 80 %."""
    assert isinstance(submission, Submission)
    return grade_of(submission).model_copy(update={"passed": True, "score": 0.8})


@pytest.fixture
def folder(tmp_path: Path, platform: PlatformServer) -> ProgramFolder:
    """A programme whose designer has let the platform in."""
    folder = build_course(tmp_path / "prog")
    (folder.path / "lti.json").write_text(json.dumps({"platforms": [platform.told()]}))
    return folder


@pytest.fixture
def browser(folder: ProgramFolder, platform: PlatformServer) -> Iterator[TestClient]:
    """A browser at the yard."""
    app = make_app(folder.path, targets=lambda _: EchoingModel(), grader=grade, build=copy_instance, url=URL)
    with TestClient(app, base_url=URL) as browser:
        platform.tool_key = browser.get("/lti/keys").json()["keys"][0]
        yield TestClient(app, base_url=URL)


def begin(browser: TestClient, platform: PlatformServer, **changed: str) -> dict[str, str]:
    """Log in at the platform, and return what the yard asks of it."""
    asked = {"iss": platform.at, "client_id": "yard-1", "login_hint": "h", "target_link_uri": f"{URL}/lti/launch"}
    answer = browser.get("/lti/login", params={**asked, **changed}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    assert "samesite=none" in answer.headers["set-cookie"].lower() and "Secure" in answer.headers["set-cookie"]
    where = urlsplit(answer.headers["location"])
    told = {name: values[0] for name, values in parse_qs(where.query).items()}
    assert f"{where.scheme}://{where.netloc}" == platform.at and told["redirect_uri"] == f"{URL}/lti/launch"
    return told


def launch(browser: TestClient, platform: PlatformServer, state: dict[str, str], **changed: Any) -> Any:
    """Send a launch as the platform's form does."""
    token = platform.token(**{"nonce": state["nonce"]} | changed)
    return browser.post("/lti/launch", data={"state": state["state"], "id_token": token})


def test_a_launch_leads_to_a_graded_drill_and_the_score_back(
    folder: ProgramFolder, browser: TestClient, platform: PlatformServer
) -> None:
    """A newcomer gets a place and a drill without a code; the grade goes to the line of the grade book, once."""
    answer = launch(browser, platform, begin(browser, platform))
    assert answer.status_code == 200, answer.text
    learner = folder.roster().learners[-1]
    assert learner.invited and learner.role == "support-lead" and learner.id not in folder.people()
    name = f"failure-hunt-{learner.id}"
    visitor = Visitor(browser)
    until(lambda: "File a claim" in visitor.get(f"/drills/{name}"))
    handed = Submission(instance=name, learner=learner.id, claims=(CLAIM,))
    visitor.upload(f"/drills/{name}", ("x", handed.to_json().encode()))
    until(lambda: platform.scores)
    (path, score), *more = platform.scores
    assert not more and path == "/line/1/scores"
    assert (score["scoreGiven"], score["scoreMaximum"], score["userId"]) == (80.0, 100, "user-17")
    assert (score["activityProgress"], score["gradingProgress"]) == ("Completed", "FullyGraded")
    again = launch(TestClient(browser.app, base_url=URL), platform, begin(browser, platform))
    assert again.status_code == 400, "the state belongs to another browser"
    assert launch(browser, platform, begin(browser, platform)).status_code == 200
    assert len(folder.roster().learners) == 3, "who was there stays one learner"


def test_a_platform_that_is_down_is_told_later(
    folder: ProgramFolder, browser: TestClient, platform: PlatformServer
) -> None:
    """The score waits in the database, also over a restart, and is sent once the platform takes it."""
    yard = browser.app.state.yard  # type: ignore[attr-defined]
    platform.down = True
    line = {"scope": [f"{AGS}/scope/score"], "lineitem": f"{platform.at}/line/2"}
    (known,) = read_platforms(folder)
    yard.platforms.expect(ANN.id, "failure-hunt", known, "ann", line)
    until(lambda: any(row.tries for row in yard.platforms.waiting()))
    platform.down = False
    clock = yard.store.clock
    yard.store.clock = lambda: clock() + 60
    until(lambda: platform.scores)
    assert [score["userId"] for _, score in platform.scores] == ["ann"]
    until(lambda: yard.platforms.due() == [])


FORGED: dict[str, dict[str, Any]] = {
    "another key": {"key": rsa.generate_private_key(public_exponent=65537, key_size=2048)},
    "another issuer": {"iss": "https://other.example.org"},
    "another audience": {"aud": "yard-2"},
    "another nonce": {"nonce": "x"},
    "no nonce": {"nonce": None},
    "no end": {"exp": None},
    "run out": {"exp": 1_000_000},
    "from tomorrow": {"iat": 4_000_000_000, "exp": 4_000_000_300},
    "another deployment": {f"{LTI}/deployment_id": "2"},
    "another version": {f"{LTI}/version": "1.1"},
    "an unknown message": {f"{LTI}/message_type": "LtiOther"},
    "no resource": {f"{LTI}/resource_link": None},
}


def test_forged_launches_are_refused(folder: ProgramFolder, browser: TestClient, platform: PlatformServer) -> None:
    """Each differs from a good launch in one thing; nobody gets in, and no place is given."""
    for what, changed in FORGED.items():
        state = begin(browser, platform)
        answer = launch(browser, platform, state, **changed)
        assert answer.status_code == 400 and "does not hold" in answer.text, what
    state = begin(browser, platform)
    good = platform.token(state["nonce"])
    header, body, _ = good.split(".")
    none = jwt.encode(jwt.decode(good, options={"verify_signature": False}), None, "none")  # type: ignore[arg-type]
    for token in ("", "x", "a.b.c", none, f"{header}.{body}."):
        answer = browser.post("/lti/launch", data={"state": state["state"], "id_token": token})
        assert answer.status_code == 400, token
    assert len(folder.roster().learners) == 2
    assert "Sign in" in browser.get("/drills").text


def test_a_launch_that_is_sent_again_is_refused(browser: TestClient, platform: PlatformServer) -> None:
    """By the same browser and by another one; so is one of another browser's login, and one that comes late."""
    state = begin(browser, platform)
    sent = {"state": state["state"], "id_token": platform.token(state["nonce"])}
    other = TestClient(browser.app, base_url=URL)
    assert other.post("/lti/launch", data=sent).status_code == 400, "no cookie"
    assert browser.post("/lti/launch", data=sent).status_code == 200
    for one in (browser, other):
        assert one.post("/lti/launch", data=sent).status_code == 400
    late = begin(browser, platform)
    browser.app.state.yard.store.clock = lambda: time.time() + 601  # type: ignore[attr-defined]
    assert launch(browser, platform, late).status_code == 400


def test_a_teacher_chooses_a_drill_by_deep_link(browser: TestClient, platform: PlatformServer) -> None:
    """The answer is signed for the platform, names the drill and a line of 100 points; a learner may not, nor twice."""
    settings = {
        "deep_link_return_url": "https://lms.example.org/return", "accept_types": ["ltiResourceLink"],
        "accept_presentation_document_targets": ["window"],
    }  # fmt: skip
    deep = {
        f"{LTI}/message_type": "LtiDeepLinkingRequest", f"{LTI}/resource_link": None, f"{LTI}/custom": None,
        f"{DL}/deep_linking_settings": settings, f"{LTI}/roles": [TEACHER],
    }  # fmt: skip
    answer = launch(browser, platform, begin(browser, platform), **{**deep, f"{LTI}/roles": [LEARNER]})
    assert answer.status_code == 403
    page = launch(browser, platform, begin(browser, platform), **deep).text
    assert "Failure hunt" in page
    fields = dict(re.findall(r'name="(csrf|name)" value="([^"]+)"', page))
    chosen = browser.post("/lti/choose", data={**fields, "drill": "failure-hunt"})
    assert 'action="https://lms.example.org/return"' in chosen.text
    assert "form-action https://lms.example.org;" in chosen.headers["content-security-policy"]
    (token,) = re.findall(r'name="JWT" value="([^"]+)"', chosen.text)
    told = jwt.decode(token, jwt.PyJWK(platform.tool_key).key, ["RS256"], audience=platform.at)
    (item,) = told[f"{DL}/content_items"]
    assert (item["url"], item["custom"], item["lineItem"]["scoreMaximum"]) == (
        f"{URL}/lti/launch", {"drill": "failure-hunt"}, 100,
    )  # fmt: skip
    assert browser.post("/lti/choose", data={**fields, "drill": "failure-hunt"}).status_code == 404, "once"
    assert browser.post("/lti/choose", data={**fields, "csrf": "0", "drill": "failure-hunt"}).status_code == 403


def test_a_login_of_no_platform_is_refused(browser: TestClient, platform: PlatformServer) -> None:
    """Another issuer, another client, nothing at all: one line, no redirect to anywhere."""
    good = {"iss": platform.at, "client_id": "yard-1", "login_hint": "h"}
    evil = {"iss": "https://evil.example.org"}
    for asked in ({}, good | evil, good | {"client_id": "x"}, {"iss": platform.at}, {"login_hint": "h"}):
        answer = browser.get("/lti/login", params=asked, follow_redirects=False)
        assert answer.status_code == 400 and "location" not in answer.headers, asked


def test_a_wrong_file_of_platforms_is_one_line(folder: ProgramFolder, platform: PlatformServer) -> None:
    """At the start: a role of no plan, an address that is none, a platform twice, and no address of the yard."""
    file = folder.path / "lti.json"
    for platforms, found in (
        ([platform.told("boss")], "one of: support-lead, engineer"),
        ([{**platform.told(), "key_set_url": "keys"}], "key_set_url"),
        ([platform.told(), platform.told()], "a platform twice"),
    ):
        file.write_text(json.dumps({"platforms": platforms}))
        with pytest.raises(BadInput, match=found):
            make_app(folder.path, url=URL)
    file.write_text(json.dumps({"platforms": [platform.told()]}))
    with pytest.raises(BadInput, match="--url"):
        make_app(folder.path)
