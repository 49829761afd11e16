"""Models behind an OpenAI-compatible API: asked through real HTTP, with every way in which a server can fail."""

from __future__ import annotations

import importlib.util
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from targets.fake_endpoint import QUIET, Server, running, said

from drillyard.errors import BadInput, DrillyardError
from drillyard.records import Conversation
from drillyard.targets import open_target
from drillyard.targets.journal import KeptAnswers, keep_journal

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


def test_one_403_is_a_prompt_and_three_are_the_key(server: Server) -> None:
    """A gateway's filter may refuse a prompt; a key that nobody was ever answered with is refused."""
    server.answer = lambda asked: (403 if "bomb" in asked["messages"][-1]["content"] else 200, said("fine"))
    talk = [Conversation.ask("bomb"), Conversation.ask("hello"), Conversation.ask("bomb")]
    replies = server.target(concurrency=1).generate(talk, [1, 2, 3])
    assert [reply.finish for reply in replies] == ["error", "stop", "error"] and "refused the request: 403" in replies[
        0
    ].why
    with pytest.raises(BadInput, match="found a refusal of the key by .*: 403"):
        server.target(concurrency=1).generate([Conversation.ask("bomb")] * 3, [1, 2, 3])


def test_an_account_that_is_used_up_ends_the_run_in_the_servers_words(server: Server) -> None:
    """It is a 429 too, but waiting does not help: asked once."""
    error = {"message": "You exceeded your current quota.", "type": "insufficient_quota", "code": "insufficient_quota"}
    server.answer = lambda asked: (429, {"error": error})
    with pytest.raises(DrillyardError, match="says: You exceeded your current quota"):
        server.target(retries=5).generate([Conversation.ask("hi")], [1])
    assert len(server.asked) == 1


def test_every_reply_that_was_answered_is_kept_under_a_limit(server: Server, tmp_path: Path) -> None:
    """Ten requests are let through, then none: ten are in the journal, and the next try asks for the others only."""
    let = 10
    server.answer = lambda asked: (200, said("ok")) if len(set(map(str, server.asked))) <= let else (429, {})
    talk, seeds = [Conversation.ask(f"question {i}") for i in range(28)], list(range(28))
    path = tmp_path / "journal.jsonl"
    with pytest.raises(DrillyardError, match="is busy"):
        keep_journal(server.target(concurrency=2), KeptAnswers(path)).generate(talk, seeds)
    assert len(path.read_text().splitlines()) == let
    first, let = len(server.asked), 100
    replies = keep_journal(server.target(concurrency=2), KeptAnswers(path)).generate(talk, seeds)
    assert [reply.text for reply in replies] == ["ok"] * 28 and len(server.asked) - first == 28 - 10


def test_a_server_that_takes_few_at_a_time_answers_all(server: Server) -> None:
    """More than two at once are refused: the target slows down, and hardly any request is in vain."""
    running, lock = 0, threading.Lock()

    def answer(asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        nonlocal running
        with lock:
            running += 1
            crowd = running > 2
        time.sleep(0.01)
        with lock:
            running -= 1
        return (429, {}) if crowd else (200, said("ok"))

    server.answer = answer
    replies = server.target(retries=6, concurrency=8).generate([Conversation.ask(str(i)) for i in range(40)], range(40))
    assert {reply.text for reply in replies} == {"ok"} and len(server.asked) < 80


@pytest.mark.parametrize(
    ("message", "text", "finish", "why"),
    [
        ({"content": None}, "", "error", "content_filter"),
        ({"content": None, "tool_calls": [{"id": "1"}]}, "", "error", "tool_calls"),
        ({"content": ""}, "", "error", "reasoning"),
        ({"content": " "}, "", "error", "empty"),
        ({"content": None, "refusal": "I will not."}, "I will not.", "stop", "refusal"),
        ({"content": [{"type": "text", "text": "in "}, {"type": "text", "text": "parts"}]}, "in parts", "stop", ""),
        ({"content": [{"type": "image_url", "image_url": {}}]}, "", "error", "parts: image_url"),
        ({"content": "half \ud83d pair"}, "half \ufffd pair", "stop", ""),
        ({"content": "cut by a filter"}, "cut by a filter", "length", "content_filter"),
    ],
)
def test_what_is_no_reply_says_why(server: Server, message: dict[str, Any], text: str, finish: str, why: str) -> None:
    """Each kind is told apart, none of them breaks anything, and the numbers of tokens may be missing."""
    ended = why if why in ("content_filter", "tool_calls") else "length" if why == "reasoning" else "stop"
    choice = {"index": 0, "finish_reason": ended, "message": {"role": "assistant", **message}}
    usage = {"completion_tokens": None, "completion_tokens_details": {"reasoning_tokens": 9}}
    server.answer = lambda asked: (200, {"choices": [choice], "usage": usage if why != "empty" else None})
    (reply,) = server.target().generate([Conversation.ask("hi")], [1])
    assert (reply.text.strip(), reply.finish, reply.why, reply.tokens) == (text, finish, why, 0)


@pytest.mark.parametrize("param", ["temperature", "seed", "max_completion_tokens"])
def test_a_parameter_that_a_server_refuses_is_left_out_and_told_once(server: Server, param: str) -> None:
    """In the server's words; every conversation is answered, the length still held where an older name is known."""

    def answer(asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if param in asked:
            return 400, {"error": {"message": f"Unsupported parameter: '{param}'.", "param": param, "code": "x"}}
        return 200, said(json.dumps(asked))

    server.answer = answer
    with pytest.warns(UserWarning, match=f"is asked without {param}, which it refuses: Unsupported") as told:
        replies = server.target(concurrency=1).generate([Conversation.ask(str(i)) for i in range(4)], [1, 2, 3, None])
    assert len(told) == 1 and all(reply.finish == "stop" for reply in replies)
    assert ("max_tokens" in json.loads(replies[0].text)) == (param == "max_completion_tokens")


def test_an_error_with_status_200_is_told_in_its_own_words(server: Server) -> None:
    """Some gateways answer so; the address is right, and the advice must not be to correct it."""
    server.answer = lambda asked: (200, {"error": {"message": "model is loading"}})
    with pytest.raises(DrillyardError, match="says: model is loading"):
        server.target().generate([Conversation.ask("hi")], [1])


@pytest.mark.parametrize(
    ("reference", "model", "url"),
    [
        ("openai/@cf/meta/llama@http://127.0.0.1:9/v1", "@cf/meta/llama", "http://127.0.0.1:9/v1"),
        ("openai/x@2024@https://h.example/v1", "x@2024", "https://h.example/v1"),
        ("openai/m@http://[::1]:9/v1", "m", "http://[::1]:9/v1"),
    ],
)
def test_models_with_an_at_sign_are_read(reference: str, model: str, url: str) -> None:
    """Only an @ before http:// or https:// begins an address."""
    target = open_target(reference)
    assert (target.model, target.base_url) == (model, url)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    """It would be printed and stored with every reference."""
    with pytest.raises(BadInput, match="found a name or password in the address") as told:
        open_target("openai/m@https://ann:s3cret@h.example/v1")
    assert "s3cret" not in str(told.value)


@pytest.mark.parametrize("key", ["two\nlines", "schlüssel"])
def test_a_key_that_no_header_takes_is_one_line(server: Server, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """Before anything is sent; a line break at the end is taken off."""
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(BadInput, match="found a key in OPENAI_API_KEY with"):
        server.target()
    monkeypatch.setenv("OPENAI_API_KEY", "sesame\n")
    server.target().generate([Conversation.ask("hi")], [1])
    assert server.keys == ["Bearer sesame"]


def test_a_proxy_without_its_package_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """SOCKS needs a package that is not always there."""
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    if importlib.util.find_spec("socksio"):
        pytest.skip("socksio is installed here")
    with pytest.raises(BadInput, match="that cannot be asked .*socks.*look at the proxy settings"):
        open_target("openai/m@http://127.0.0.1:9/v1")


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


@pytest.mark.parametrize(
    "reference", ["openai/", "openai/@http://127.0.0.1/v1", "openai/m@127.0.0.1:8000", "openai/m@", "openai/m@http://"]
)
def test_a_wrong_reference_is_one_line(reference: str) -> None:
    """No model, or an address without its scheme."""
    with pytest.raises(BadInput, match="expected openai/MODEL(|.*)@http://HOST:PORT/v1"):
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


@pytest.mark.parametrize("sent", [b"<html>Welcome</html>", b'{"choices": [', b"\xff\xfe", b"[" * 100_000])
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


def test_a_redirect_is_not_followed(server: Server) -> None:
    """The prompts would go to an address that nobody has typed."""
    with running() as other:
        server.answer = lambda asked: (307, {})
        server.headers = {"Location": f"{other.url}/chat/completions"}
        with pytest.raises(BadInput, match="found a redirect from .* expected an address that answers itself"):
            server.target().generate([Conversation.ask("hi")], [1])
        assert not other.asked
