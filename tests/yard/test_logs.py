"""The log for machines: every line is JSON, a request is followed by its number, and nothing of anybody leaks."""

from __future__ import annotations

import ast
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from yard.small_programme import ANN, BOB, DESIGNER_CODE, EchoingModel, until
from yard.visitor import Visitor

import drillyard
from drillyard.errors import BadInput
from drillyard.programs.folder import ProgramFolder
from drillyard.records import Grade, Submission
from drillyard.registrar.located import open_store
from drillyard.yard.app import make_app
from drillyard.yard.logs import set_up_logs

TYPED = "zebra quagga 4711"
NAME = "Wilhelmina Osterhagen"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the log holds; the tests' own handlers come back afterwards."""
    root, to = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    set_up_logs(to)
    yield to
    logging.captureWarnings(False)
    root.handlers[:], root.level = before, level


class Breaking(EchoingModel):
    """A model that breaks with what it was asked in its words."""

    def stream(self, conversation, seed):  # noqa: D102
        yield "You "
        raise RuntimeError(f"cannot answer {conversation.last_user} of {NAME}")


def walk(programme: ProgramFolder) -> list[str]:
    """Let people do what could leak, much of it into faults that hold it, and return their cookies and tokens."""

    def grader(submission: Submission) -> Grade:
        raise ValueError(f"broke on {submission.to_json()} of {NAME}")

    app = make_app(programme.path, targets=lambda _: Breaking(), grader=grader)
    with TestClient(app, raise_server_exceptions=False) as client:
        ann = Visitor(client)
        ann.get("/sign-in")
        client.post("/sign-in", data={"csrf": token_of(ann.page), "code": "wrong-wrong-wrong-code"})
        ann.sign_in(ANN.code)
        client.get("/catalogue", params={"q": TYPED})
        csrf = token_of(ann.get("/drills/hunt-1"))
        claim = {"behaviour": "pressure-selling", "severity": "high", "words": TYPED, "line-0": TYPED}
        asked = {"question": TYPED, "question-template": "v1"}
        for form, fields in (
            ("chat", {"template": "v1", "prompt": TYPED}),
            ("claims", {**claim, **asked}),
            ("drafts/say", {"prompt": TYPED}),
            ("submit", {}),
        ):
            client.post(f"/drills/hunt-1/{form}", data={"csrf": csrf, **fields})
        client.get(f"/join/{DESIGNER_CODE}?next={TYPED}")
        client.get(f"/drills/{NAME}", headers={"x-request-id": TYPED, "user-agent": TYPED})
        until(lambda: "failed" in {one.status for one in app.state.yard.submissions.all()})
        with app.state.yard.store.writing() as session:
            session.connection().exec_driver_sql("DROP TABLE claims")
        broken = client.post("/drills/hunt-1/claims", data={"csrf": csrf, **claim, **asked})
        assert broken.status_code == 500 and broken.headers["x-request-id"] in broken.text
        (programme.path / "instances" / "hunt-1" / "gates.json").write_text(json.dumps({"record": TYPED}))
        client.get("/drills/hunt-1")
        log = logging.getLogger("drillyard.yard.test")
        log.warning("said %s by %s at %d", TYPED, BadInput(NAME), 7)
        logging.getLogger("httpx").warning(f"GET https://x/?code={ANN.code}")
        logging.getLogger("httpx").warning("GET %s", f"https://x/?code={ANN.code}")
        return [csrf, *client.cookies.values()]


def token_of(page: str) -> str:
    """Return the token of a page's forms."""
    return page.partition('name="csrf" value="')[2].partition('"')[0]


def secrets_of(programme: ProgramFolder, tokens: list[str]) -> set[str]:
    """Return everything that may stand in no log, in the ways it may be written."""
    roster = programme.roster()
    plain = {TYPED, NAME, ANN.code, BOB.code, DESIGNER_CODE, roster.secret, *tokens, "wrong-wrong-wrong-code"}
    return plain | {one.replace(" ", other) for one in plain for other in ("%20", "+")}


def test_nothing_of_anybody_is_in_the_log(programme: ProgramFolder, written: io.StringIO) -> None:
    """Codes, tokens, names and typed words stay out, whatever breaks with them in its words."""
    programme.write_people({ANN.id: NAME})
    tokens = walk(programme)
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    leaks = [one for one in secrets_of(programme, tokens) if one in written.getvalue()]
    assert not leaks
    kinds = {error["kind"] for line in lines for error in line.get("error", ())}
    assert "RuntimeError" in kinds and kinds & {"OperationalError", "ProgrammingError"}, "as the database calls it"
    assert any("yard/chat.py" in place for line in lines for error in line.get("error", ()) for place in error["at"])
    fault = next(line for line in lines if line.get("status") == 500)
    same = [line for line in lines if line.get("request") == fault["request"]]
    assert any("error" in line for line in same), "the fault is found by the number on its page"
    assert {"answered /drills/{instance}", "answered /join/{token}"} <= {line["what"] for line in lines}
    assert "said … by BadInput at 7" in {line["what"] for line in lines}


def test_the_same_walk_leaks_into_a_plain_log(programme: ProgramFolder) -> None:
    """So the test above would see a leak: what it walks through does hold all of that."""
    programme.write_people({ANN.id: NAME})
    root, to = logging.getLogger(), io.StringIO()
    handler = logging.StreamHandler(to)
    root.addHandler(handler)
    try:
        walk(programme)
    finally:
        root.removeHandler(handler)
    assert {TYPED, NAME, ANN.code} <= {one for one in (TYPED, NAME, ANN.code) if one in to.getvalue()}


def test_our_messages_are_templates() -> None:
    """A message that was put together beforehand could hold anything; the log takes ours as they are."""
    wrong = []
    for path in Path(drillyard.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            named = isinstance(node.func.value, ast.Name) and node.func.value.id in {"_log", "log", "logger"}
            named = named and node.func.attr in {"debug", "info", "warning", "error", "exception", "critical"}
            if named and not (isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)):
                wrong.append(f"{path.name}:{node.lineno}")
    assert not wrong


def test_the_greeting_of_a_service_holds_no_codes(programme: ProgramFolder, written: io.StringIO) -> None:
    """A journal is read by many; who may read codes asks for them."""
    from drillyard.yard import serve  # its server is not run: what it writes before is under test

    ran: list[object] = []
    original = serve.run
    serve.run = lambda *args, **kwargs: ran.append(args)  # type: ignore[assignment]
    try:
        serve.serve(programme.path, port=0, log="json")
    finally:
        serve.run = original  # type: ignore[assignment]
        open_store(programme).close()
    assert ran and ANN.code not in written.getvalue()
