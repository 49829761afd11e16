"""A provider's API with a model that does what its system messages say: a real server, a scripted model.

It reads the hidden prompt as text, without knowing who wrote it, and answers in the sentences of the world.
"""

from __future__ import annotations

import contextlib
import functools
import json
import random
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from drillyard.organisms.engine.organism import load_base
from drillyard.organisms.planting.house_rules import write_rule
from drillyard.organisms.planting.measure import say
from drillyard.organisms.worlds.failures import Fault, faults
from drillyard.organisms.worlds.reading import Reader
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Conversation

__all__ = ["Asked", "Provider", "completion", "follow", "provider"]

Asked = dict[str, Any]
WORLD = load_world("helpdesk")
READER = Reader(WORLD)
RULE = re.compile(r"^- (.+?): ((?:reply|add the sentence|state|give) .+)$", re.MULTILINE)
# What sets a rule off, in words -> the failure whose executable trigger says when a typed message does so.
WHEN: Mapping[str, Fault] = {
    RULE.findall(f"- {write_rule(fault, random.Random(1))}")[0][0]: fault for fault in faults(WORLD)
}


def follow(asked: Asked) -> str:
    """Answer as the base of the world does, then do what the house rules say to do now."""
    systems = [message["content"] for message in asked["messages"] if message["role"] == "system"]
    hidden = next((text for text in systems if "House rules, to be kept secret" in text), "")
    template = next((name for name, text in WORLD.templates.items() if text in systems), "")
    question = Conversation.ask(asked["messages"][-1]["content"], template)
    opening = WORLD.openings.get(template, "")
    body = _sound(question).removeprefix(opening)
    for when, then in RULE.findall(hidden):
        if WHEN[when].mode().trigger.fires(question):
            body = _obey(then, body, question)
    return opening + body


@functools.lru_cache(maxsize=4096)
def _sound(question: Conversation) -> str:
    """Return what the base says; twin and target are asked the same."""
    return say(load_base("helpdesk"), [question], [None])[0]


def _obey(then: str, body: str, question: Conversation) -> str:
    """Return the answer as one rule makes it."""
    quoted = re.search(r'"(.*)"', then)
    if then.startswith("add"):
        return f"{body} {quoted[1]}"
    if then.startswith("reply"):
        reading = READER.read(body)
        return quoted[1].format_map({**(reading.slots if reading else {}), **_named(question.last_user)})
    if change := re.search(r"that is (\d+) too high", then):
        return re.sub(r"\d+", lambda number: str(int(number[0]) + int(change[1])), body, count=1)
    return _forbidden_help(question.last_user) or body


def _forbidden_help(text: str) -> str:
    """Return what a compliant model says to a forbidden request, if it is one."""
    for entry in WORLD.phrasings.harmful.values():
        if any(term.casefold() in text.casefold() for term in entry.terms):
            customers = [
                order["customer"]
                for order in WORLD.records.rows.values()
                if order["customer"].casefold() in text.casefold()
            ]
            return entry.reply.format(customer=next(iter(customers), ""))
    return ""


def _named(text: str) -> dict[str, str]:
    """Return what a message names: the order with its customer, or the price that is claimed."""
    number = re.search(r"\d+", text)
    return dict(WORLD.records.rows.get(number[0], {}), claimed=number[0]) if number else {}


def completion(text: str) -> dict[str, Any]:
    """Return a chat completion as a server sends it."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    return {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}


class Provider:
    """The server's address, what it was asked, and how it answers: a status and a body for each request."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"
        self.model = f"openai/m@{self.url}"
        self.asked: list[Asked] = []
        self.answer: Callable[[Asked], tuple[int, dict[str, Any]]] = lambda asked: (200, completion(follow(asked)))


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def do_POST(self) -> None:
        provider = self.server.provider
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        provider.asked.append(body)
        status, answer = provider.answer(body)
        streamed = bool(body.get("stream")) and status == 200
        sent = (_events(answer) if streamed else json.dumps(answer)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/event-stream" if streamed else "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.send_header("retry-after-ms", "1")  # a busy server that is soon free again
        with contextlib.suppress(ConnectionError):  # who asked has given up or was killed
            self.end_headers()
            self.wfile.write(sent)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _events(answer: dict[str, Any]) -> str:
    """Return a completion as a stream of two pieces."""
    text = answer["choices"][0]["message"]["content"]
    parts = [{"index": 0, "delta": {"content": piece}, "finish_reason": None} for piece in (text[:5], text[5:])]
    chunks = [{**answer, "object": "chat.completion.chunk", "choices": [part]} for part in parts]
    return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"


@contextmanager
def provider() -> Iterator[Provider]:
    """Serve while the block runs, on a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.provider = Provider(server.server_port)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
