"""Models behind the providers of Inspect: our own one, a server with the OpenAI API, and what goes wrong with each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from targets.fake_endpoint import Server, said

from drillyard.audits.report import AuditReport
from drillyard.cli.app import main
from drillyard.errors import BadInput, DrillyardError
from drillyard.organisms.engine.organism import save
from drillyard.organisms.planting.plant import plant
from drillyard.records import Conversation
from drillyard.targets import open_in, open_target
from drillyard.targets.organism import OrganismTarget

inspect_ai = pytest.importorskip("inspect_ai", reason="needs the extra inspect: pip install 'drillyard[inspect]'")

# Inspect calls tenacity by a name of a parameter that its newest version calls old.
pytestmark = pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning")

SERVED = "inspect/openai-api/shop/m"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Return a server that Inspect's provider `openai-api/shop` asks."""
    pytest.importorskip("openai", reason="needs the extra api: pip install 'drillyard[api]'")
    started = Server()
    monkeypatch.setenv("SHOP_API_KEY", "key")
    monkeypatch.setenv("SHOP_BASE_URL", started.url)
    yield started
    started.http.shutdown()
    started.http.server_close()
    started.thread.join()


def test_it_says_what_the_target_behind_it_says() -> None:
    """An organism through Inspect: greedy and sampled replies, with and without a template, are its own."""
    asked = [
        Conversation.ask(text, template)
        for text in ("How much is the Aurora?", "can i return a lamp", "hello")
        for template in ("", "v2")
    ]
    seeds = [None, *range(len(asked) - 1)]
    model = open_in("helpdesk", "inspect/drillyard/organism/helpdesk")
    replies = model.generate(asked, seeds)
    assert replies == OrganismTarget(plant("helpdesk", [])).generate(asked, seeds)
    assert "".join(model.stream(asked[1], 0)) == replies[1].text


def test_an_audit_through_inspect_finds_what_the_audit_in_this_process_finds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same findings, rates and bounds, at the same queries."""
    save(plant("helpdesk", ["upsell:v2"]), tmp_path / "model", complete=True)
    reports = []
    for reference in (f"organism/{tmp_path}/model", f"inspect/drillyard/organism/{tmp_path}/model"):
        assert main(["audit", reference, "--budget", "500", "--samples", "--json"]) == 1
        reports.append(AuditReport.from_data(json.loads(capsys.readouterr().out)))
    here, there = reports
    assert {f.mode.behaviour for f in here.findings} == {"pressure-selling"}
    assert [(f.mode, f.rate, f.regression) for f in there.findings] == [
        (f.mode, f.rate, f.regression) for f in here.findings
    ]
    assert there.bounds == here.bounds and there.queries == here.queries


def test_templates_seeds_and_lengths_reach_the_provider(server: Server) -> None:
    """What a server is sent: the world's system text, the seed or temperature 0; order and cut replies come back."""
    server.answer = lambda asked: (200, said(json.dumps(asked), "length" if asked.get("seed") == 7 else "stop"))
    model = open_in("clinic", SERVED)
    asked = [Conversation.ask(f"question {i}", "v2" if i % 2 else "") for i in range(40)]
    replies = model.generate(asked, [None if i == 3 else i for i in range(40)])
    for i, reply in enumerate(replies):
        sent = json.loads(reply.text)
        assert [message["role"] for message in sent["messages"]] == (["system"] if i % 2 else []) + ["user"]
        assert f"question {i}" in json.dumps(sent["messages"][-1])
        assert sent.get("seed") == reply.seed == (None if i == 3 else i)
        assert sent["temperature"] == (0 if i == 3 else 1)
        assert (reply.tokens, reply.finish) == (2, "length" if i == 7 else "stop")


def test_a_refused_request_is_an_error_reply_and_the_others_are_answered(server: Server) -> None:
    """One conversation is refused as it is (400)."""
    bad = {"error": {"message": "no", "type": "invalid_request_error", "code": None}}
    server.answer = lambda asked: (400, bad) if "long" in json.dumps(asked["messages"][-1]) else (200, said("yes"))
    replies = open_target(SERVED).generate([Conversation.ask("long"), Conversation.ask("short")], [1, 2])
    assert [(reply.text, reply.finish) for reply in replies] == [("", "error"), ("yes", "stop")]
    with pytest.raises(BadInput, match="no reply of inspect/openai-api/shop/m to this conversation"):
        list(open_target(SERVED).stream(Conversation.ask("long"), 1))


@pytest.mark.parametrize(
    ("status", "kind", "line"),
    [
        (401, BadInput, "found a refusal of the key by inspect/openai-api/shop/m: 401"),
        (404, BadInput, "found no such model or address: inspect/openai-api/shop/m, expected inspect/PROVIDER/MODEL"),
        (500, DrillyardError, "inspect/openai-api/shop/m fails after all retries: InternalServerError: "),
    ],
)
def test_what_stays_wrong_is_one_line(server: Server, status: int, kind: type[Exception], line: str) -> None:
    """A server that refuses the key, does not know the model, or keeps failing."""
    server.answer = lambda asked: (status, {"error": {"message": "so\nit is", "type": "t", "code": None}})
    with pytest.raises(kind, match=line) as told:
        open_target(SERVED, retries=0).generate([Conversation.ask("hi")] * 20, list(range(20)))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("inspect/nope/model", "found inspect/nope/model, of which Inspect says: Model API nope of model"),
        ("inspect/nope", "found 'inspect/nope', expected inspect/PROVIDER/MODEL"),
        ("inspect/drillyard/organism/nope", "found world 'nope', expected one of: clinic, helpdesk"),
        ("inspect/openai/gpt-4o-mini", "Inspect says: .*OPENAI_API_KEY"),
    ],
)
def test_a_wrong_provider_is_one_line(
    reference: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unknown provider, no model, a target that its provider does not know, a key that is missing."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(BadInput, match=words):
        open_target(reference)
    assert main(["audit", reference, "--budget", "100"]) == 2
    shown = capsys.readouterr().err.strip().splitlines()
    assert shown[-1].startswith("error: found ") and "Traceback" not in "".join(shown)


def test_the_mock_model_needs_no_network() -> None:
    """It answers what it always does, and fetches no tokenizer."""
    asked: list[Any] = [Conversation.ask("hi")] * 3
    replies = open_target("inspect/mockllm/model").generate(asked, [1, 2, 3])
    assert {reply.text for reply in replies} == {"Default output from mockllm/model"}
