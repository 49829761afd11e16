"""The page of drafts that an overseer holds: who sees it, what is decided there, and what the client is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient
from yard.small_programme import ANN, BOB, DESIGNER_CODE, EchoingModel, grade_of
from yard.visitor import Visit, Visitor

from drillyard.cli.yard import command
from drillyard.errors import BadInput
from drillyard.oversight.live.app import overseer_app
from drillyard.oversight.live.critic import open_critic
from drillyard.oversight.live.overseer import HoldQueue, Overseen
from drillyard.oversight.live.policy import OverseerPolicy
from drillyard.programs.folder import ProgramFolder
from drillyard.targets.null import ScriptedTarget
from drillyard.yard.app import make_app

ASKED, WRONG = "how long is the warranty of the <b>Fjord</b>", "The Fjord has a warranty of 7 years."
RIGHT = "The Fjord has a warranty of 2 years."
POLICY = OverseerPolicy(name="shop", rewrites=0)


@pytest.fixture
def queue(tmp_path: Path) -> HoldQueue:
    """The queue of an overseer that was begun."""
    queue = HoldQueue(tmp_path / "overseer")
    queue.begin()
    return queue


@pytest.fixture
def client(queue: HoldQueue) -> TestClient:
    """A client of an overseen assistant that says what is wrong."""
    front = Overseen(ScriptedTarget({ASKED: [WRONG]}), open_critic("debate", POLICY), POLICY, queue)
    return TestClient(overseer_app(front, queue), base_url="http://127.0.0.1")


@pytest.fixture
def visit(programme: ProgramFolder, queue: HoldQueue) -> Iterator[Visit]:
    """A yard that reads the overseer's folder; Ann may review."""
    app = make_app(
        programme.path, targets=lambda _: EchoingModel(), grader=grade_of, overseer=queue, reviewers=[ANN.id]
    )
    with TestClient(app):
        yield lambda code: Visitor(TestClient(app)).sign_in(code)


def hold(client: TestClient) -> str:
    """Ask, and return the id under which the draft waits."""
    body = {"model": "m", "messages": [{"role": "user", "content": ASKED}], "user": "customer 7"}
    told = client.post("/v1/chat/completions", json=body).json()
    assert told["choices"][0]["message"]["content"] == POLICY.held_words
    return str(told["oversight"]["id"])


def test_a_reviewer_sees_what_was_asked_and_said_and_the_client_hears_the_outcome(
    client: TestClient, visit: Visit, queue: HoldQueue
) -> None:
    """Approved, edited and refused: each is in the ledger under the reviewer's name, and at /v1/held."""
    names = [hold(client) for _ in range(3)]
    assert client.get(f"/v1/held/{names[0]}").json()["status"] == "waiting"
    ann = visit(ANN.code)
    page = ann.get("/held")
    assert WRONG in page and "customer 7" in page and "&lt;b&gt;Fjord" in page and "<b>Fjord" not in page
    assert "What the critics said" in page and "for</dt>" in page and "against</dt>" in page
    ann.send(f"/held/{names[0]}", action="release", text="ignored")
    ann.send(f"/held/{names[1]}", action="edit", text=RIGHT)
    assert "Nothing waits" in ann.send(f"/held/{names[2]}", action="refuse", text="")
    told = [client.get(f"/v1/held/{name}").json() for name in names]
    assert [(one["status"], one["text"]) for one in told] == [("release", WRONG), ("edit", RIGHT), ("refuse", "")]
    assert {one.by for one in queue.verdicts().values()} == {ANN.id}


def test_an_empty_edit_keeps_the_draft_waiting_and_says_so_at_the_field(client: TestClient, visit: Visit) -> None:
    """Nothing is lost; a button that is none is refused."""
    name = hold(client)
    ann = visit(ANN.code)
    ann.get("/held")
    assert "Type what is to be sent" in ann.send(f"/held/{name}", 400, action="edit", text="  ")
    assert "You have changed nothing" in ann.send(f"/held/{name}", 400, action="edit", text=f" {WRONG}")
    ann.send(f"/held/{name}", 400, action="burn", text="")
    ann.get("/held")
    ann.send("/held/nobody", 404, action="refuse", text="")
    assert client.get(f"/v1/held/{name}").json()["status"] == "waiting"


def test_who_comes_second_is_told_who_was_first(client: TestClient, visit: Visit, queue: HoldQueue) -> None:
    """Two people with the page open: the first decision counts, wherever it was made."""
    name = hold(client)
    ann, designer = visit(ANN.code), visit(DESIGNER_CODE)
    ann.get("/held")
    designer.get("/held")
    designer.send(f"/held/{name}", action="refuse", text="")
    assert "designer had decided already" in ann.send(f"/held/{name}", 409, action="release", text="")
    assert queue.verdicts()[name].action == "refuse"


def test_others_learn_nothing_of_the_queue(client: TestClient, visit: Visit) -> None:
    """A learner who may not review, and a yard without an overseer: no page, no link."""
    hold(client)
    bob = visit(BOB.code)
    bob.get("/held", 404)
    assert 'href="/held"' not in bob.get("/drills") and 'href="/held"' in visit(ANN.code).get("/drills")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--overseer", "{prog}"], "no overseer in"),
        (["--reviewer", ANN.id], "--reviewer without --overseer"),
        (["--overseer", "{queue}", "--reviewer", "nobody"], "found the reviewer 'nobody'"),
    ],
)
def test_a_yard_says_before_it_opens_what_is_wrong(
    programme: ProgramFolder, queue: HoldQueue, more: list[str], said: str
) -> None:
    """A folder that is no overseer's, a reviewer who is none."""
    words = [one.format(prog=programme.path, queue=queue.folder) for one in more]
    found = CliRunner().invoke(command, ["serve", str(programme.path), "--port", "0", *words])
    assert isinstance(found.exception, BadInput) and said in str(found.exception)
