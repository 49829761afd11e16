"""The same guard elsewhere: around a target, as an action of NeMo Guardrails, as ASGI middleware."""

from __future__ import annotations

import asyncio
import json

import pytest
from guards.conftest import PRESSING, SOUND, Upstream
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.testclient import TestClient

from drillyard.guards.action_nemo import FLOW, NAME, guard_action
from drillyard.guards.calibration import Calibration
from drillyard.guards.gate import REFUSAL
from drillyard.guards.guard import Guard
from drillyard.guards.proxy.app import GuardedEndpoint
from drillyard.guards.proxy.middleware import GuardMiddleware
from drillyard.guards.target import GuardedTarget
from drillyard.records import Conversation
from drillyard.targets.null import ScriptedTarget


def test_target_behind_a_guard_says_no_pitch(guard: Guard, calibration: Calibration) -> None:
    """Generated and streamed: the sound reply is its own, the pitch is not there."""
    script = ScriptedTarget({"a": (f"{SOUND} {PRESSING}",), "b": (SOUND,)})
    target = GuardedTarget(script, guard, calibration.tau())
    asked = [Conversation.ask("a"), Conversation.ask("b")]
    assert [one.text for one in target.generate(asked, [1, 1])] == [REFUSAL, SOUND]
    assert "".join(target.stream(asked[1], 1)) == SOUND
    said = "".join(target.stream(asked[0], 1))
    assert said.endswith(REFUSAL) and "Gold" not in said


@pytest.mark.walk
@pytest.mark.filterwarnings("ignore:Use 'nim_base_url' instead:DeprecationWarning")
def test_nemo_asks_the_guard(guard: Guard, calibration: Calibration, monkeypatch: pytest.MonkeyPatch) -> None:
    """NeMo's own output rail passes the sound reply and stops the pitch, as the direct call does."""
    monkeypatch.setenv("NEMO_GUARDRAILS_NO_USAGE_STATS", "1")
    nemo = pytest.importorskip("nemoguardrails", reason="needs the extra rails: pip install 'drillyard[rails]'")
    from nemoguardrails.rails.llm.options import RailType

    yaml = "models: []\npassthrough: true\nrails:\n  output: {flows: [drillyard guard]}"

    async def ask() -> list[str]:
        """Build and ask inside a loop: outside of one NeMo opens a loop that it never closes."""
        rails = nemo.LLMRails(nemo.RailsConfig.from_content(colang_content=FLOW, yaml_content=yaml))
        rails.register_action(guard_action(guard, calibration.tau()), NAME)
        talks = [[{"role": "assistant", "content": text}] for text in (SOUND, PRESSING)]
        told = [await rails.check_async(messages=talk, rail_types=[RailType.OUTPUT]) for talk in talks]
        return [str(one.status.value) for one in told]

    assert [one.lower() for one in asyncio.run(ask())] == ["passed", "blocked"]


@pytest.fixture
def inside(guard: Guard, calibration: Calibration) -> tuple[Upstream, TestClient, GuardedEndpoint]:
    """An application of one's own with the guard in it."""
    pytest.importorskip("prometheus_client")
    own, endpoint = Upstream(), GuardedEndpoint(guard=guard, calibration=calibration)
    routes = [Route("/v1/chat/completions", own.answer, methods=["POST"])]
    app = Starlette(routes=routes, middleware=[Middleware(GuardMiddleware, endpoint=endpoint)])
    return own, TestClient(app), endpoint


def test_middleware_guards_streams_and_whole_replies(
    inside: tuple[Upstream, TestClient, GuardedEndpoint],
) -> None:
    """The pitch never leaves the application; a sound reply is passed byte by byte; refusals are its own."""
    own, client, _ = inside
    own.say(*[f"{word} " for word in f"{SOUND} {PRESSING}".split()])
    streamed = client.post("/v1/chat/completions", json={"stream": True}).text
    assert "Gold" not in streamed and "content_filter" in streamed and streamed.endswith("data: [DONE]\n\n")
    own.body = {"choices": [{"index": 0, "message": {"content": PRESSING}, "finish_reason": "stop"}]}
    told = client.post("/v1/chat/completions", json={}).json()
    assert told["choices"][0]["message"]["content"] == REFUSAL
    own.body["choices"][0]["message"]["content"] = SOUND
    assert client.post("/v1/chat/completions", json={}).json() == own.body
    own.status = 429
    assert client.post("/v1/chat/completions", json={}).json()["error"]["code"] == "rate"


def test_middleware_says_what_went_wrong(inside: tuple[Upstream, TestClient, GuardedEndpoint]) -> None:
    """An application that ends before [DONE], one that says too much, one that cannot be read."""
    own, client, endpoint = inside
    own.say("The Aurora ", finish=None, done=False)
    streamed = client.post("/v1/chat/completions", json={"stream": True}).text
    assert "The Aurora " in streamed and '"died"' in streamed
    own.raw = json.dumps([1]).encode()
    assert client.post("/v1/chat/completions", json={}).json()["error"]["code"] == "unreadable"
    own.raw, own.pieces, endpoint.fail = b"", [b"data: {bro", b"ken\n\n", b"data: [DONE]\n\n"], "open"
    streamed = client.post("/v1/chat/completions", json={"stream": True}).text
    assert streamed == "data: {broken\n\ndata: [DONE]\n\n"
    endpoint.most_bytes = 100
    own.raw = b"x" * 1000
    assert client.post("/v1/chat/completions", json={}).json()["error"]["code"] == "too_large"
