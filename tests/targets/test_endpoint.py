"""Models behind an OpenAI-compatible API: asked through real HTTP, with every way in which a server can fail."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from targets.fake_endpoint import QUIET, Server, running, said

from drillyard.errors import BadInput, DrillyardError
from drillyard.records import Conversation
from drillyard.targets import open_target

openai = pytest.importorskip("openai", reason="needs the extra api: pip install 'drillyard[api]'")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Return a server that is stopped afterwards; no key of the machine's owner is used."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with running() as started:
        yield started


def test_replies_come_in_the_order_asked_each_with_its_seed(server: Server) -> None:
    """The template becomes a system message, a seed is passed on, greedy asks for temperature 0."""
    asked = [Conversation.ask(f"question {i}", "v2" if i % 2 else "") for i in range(20)]
    seeds = [None if i == 3 else i for i in range(20)]
    replies = server.target().generate(asked, seeds)
    for i, (reply, seed) in enumerate(zip(replies, seeds, strict=True)):
        sent = json.loads(reply.text)
        assert sent["messages"][-1] == {"role": "user", "content": f"question {i}"}
        assert len(sent["messages"]) == 1 + i % 2
        assert sent.get("seed") == seed == reply.seed
        assert sent["temperature"] == (0 if seed is None else 1)
        assert (reply.tokens, reply.finish, sent["model"]) == (2, "stop", "m")


def test_the_registry_opens_it(server: Server) -> None:
    """`openai/MODEL@URL` by the road of every other target."""
    target = open_target(f"openai/m@{server.url}")
    assert target.reference == f"openai/m@{server.url}"
    assert json.loads(target.generate([Conversation.ask("hi")], [1])[0].text)["messages"][0]["content"] == "hi"


def test_a_refused_request_is_an_error_reply_and_the_others_are_answered(server: Server) -> None:
    """One conversation is too long for the server: 400 for it alone."""
    server.answer = lambda asked: (400, {}) if "long" in asked["messages"][-1]["content"] else (200, said("yes"))
    replies = server.target().generate([Conversation.ask("long"), Conversation.ask("short")], [1, 2])
    assert [(reply.text, reply.finish) for reply in replies] == [("", "error"), ("yes", "stop")]


def test_a_cut_reply_says_so(server: Server) -> None:
    """`finish` is what the server says."""
    server.answer = lambda asked: (200, said("so lo", "length"))
    assert server.target().generate([Conversation.ask("hi")], [1])[0].finish == "length"


@pytest.mark.parametrize(
    ("status", "kind", "line"),
    [
        (401, BadInput, "found a refusal of the key by .*: 401, expected a valid key in OPENAI_API_KEY"),
        (403, BadInput, "found a refusal of the key by .*: 403"),
        (404, BadInput, "found no such model or address: .* \\(model 'm'\\), expected openai/MODEL@http"),
        (429, DrillyardError, "is busy \\(429\\) after all retries; wait"),
        (500, DrillyardError, "fails \\(500\\) after all retries: "),
        (503, DrillyardError, "fails \\(503\\) after all retries: "),
    ],
)
def test_a_failing_server_is_one_line(server: Server, status: int, kind: type[Exception], line: str) -> None:
    """What the server answered, where, and what to do."""
    server.answer = lambda asked: (status, {"error": {"message": "no\nno"}})
    with pytest.raises(kind, match=line) as caught:
        server.target().generate([Conversation.ask("hi")], [1])
    assert "\n" not in str(caught.value)


def test_a_hanging_server_is_one_line(server: Server) -> None:
    """After the timeout it is given up."""
    ended = threading.Event()
    server.answer = lambda asked: (200, said("late")) if ended.wait(20) else (200, said("later"))
    with pytest.raises(DrillyardError, match=r"did not answer within 0.3 s, after all retries"):
        server.target(timeout=0.3).generate([Conversation.ask("hi")], [1])
    ended.set()


def test_no_server_is_one_line(server: Server) -> None:
    """An address where nothing listens."""
    target = server.target()
    server.http.shutdown()
    server.http.server_close()
    with pytest.raises(DrillyardError, match="nothing answers at http://127.0.0.1:.*; start the server"):
        target.generate([Conversation.ask("hi")], [1])


def test_a_busy_server_is_tried_again(server: Server) -> None:
    """Twice 429, then an answer: nobody notices."""
    server.answer = lambda asked: (429, {}) if len(server.asked) < 3 else (200, said("at last"))
    assert server.target(retries=3).generate([Conversation.ask("hi")], [1])[0].text == "at last"
    assert len(server.asked) == 3


def test_the_key_is_sent_and_never_asked_for_on_this_machine(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the environment where there is one."""
    server.target().generate([Conversation.ask("hi")], [1])
    monkeypatch.setenv("OPENAI_API_KEY", "sesame")
    server.target().generate([Conversation.ask("hi")], [1])
    assert server.keys == ["Bearer none", "Bearer sesame"]


def test_openai_itself_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Said before anything is sent."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(BadInput, match="found no key for https://api.openai.com/v1, .*; type: export OPENAI_API_KEY"):
        open_target("openai/gpt-4o-mini")


@pytest.mark.parametrize("reference", ["openai/", "openai/@http://127.0.0.1/v1", "openai/m@127.0.0.1:8000"])
def test_a_wrong_reference_is_one_line(reference: str) -> None:
    """No model, or an address without its scheme."""
    with pytest.raises(BadInput, match="expected openai/MODEL or openai/MODEL@http://HOST:PORT/v1"):
        open_target(reference)


def test_an_unknown_template_is_one_line(server: Server) -> None:
    """The world's templates are named."""
    with pytest.raises(BadInput, match="found template 'v9', expected one of: v1, v2, v3, v4"):
        server.target().generate([Conversation.ask("hi", "v9")], [1])


@pytest.mark.parametrize("answer", [{}, {"choices": []}, {"choices": ["?"]}, [], None])
def test_what_is_no_completion_is_one_line(server: Server, answer: Any) -> None:
    """JSON of another form, whole or where a stream should come: the address is likely wrong."""
    server.answer = lambda asked: (200, answer)
    for ask in (
        lambda t: t.generate([Conversation.ask("hi")], [1]),
        lambda t: list(t.stream(Conversation.ask("hi"), 1)),
    ):
        with pytest.raises(
            BadInput, match="found no chat completion in the answer of http://127.0.0.1:.*correct the a"
        ):
            ask(server.target())


@pytest.mark.parametrize("sent", [b"<html>Welcome</html>", b'{"choices": [', b"\xff\xfe"])
def test_an_answer_that_is_no_json_is_one_line(sent: bytes) -> None:
    """A web page, half a document, bytes that are no text."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "text/html" if sent.startswith(b"<") else "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            pass

    from drillyard.targets.endpoint_openai import EndpointTarget

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        target = EndpointTarget("m", f"http://127.0.0.1:{http.server_port}/v1", **QUIET)
        with pytest.raises(BadInput, match="found no chat completion"):
            target.generate([Conversation.ask("hi")], [1])
        with pytest.raises(BadInput, match="found no chat completion"):
            list(target.stream(Conversation.ask("hi"), 1))
        http.shutdown()
        thread.join()
