"""The cap of tokens: counted rightly, kept, said, and the same after a kill."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.audits.audit import audit
from drillyard.audits.hunt.meter import Meter
from drillyard.audits.options import AuditOptions
from drillyard.audits.report import AuditReport
from drillyard.audits.reports.view import view_of
from drillyard.cli.app import main
from drillyard.organisms.engine.dialogue import encode
from drillyard.organisms.engine.organism import save
from drillyard.organisms.planting.plant import plant
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Conversation, Reply
from drillyard.targets.null import EchoTarget
from drillyard.targets.organism import OrganismTarget

WORLD = load_world("helpdesk")


@given(st.lists(st.integers(1, 500), max_size=200), st.integers(1, 5000), st.integers(1, 100))
def test_a_cap_is_passed_by_no_more_than_a_query_costs_above_all_others(
    costs: list[int], cap: int, budget: int
) -> None:
    """Whatever queries cost: the budget holds, and the cap but for what each new dearest query costs above the last."""
    meter, talk, over = Meter(WORLD, budget, cap), Conversation.ask("x"), 0
    for cost in costs:
        if not meter.left:
            break
        dearest = max([0, *costs[: meter.queries]])
        over += max(0, cost - dearest)
        meter.count([talk], [Reply(text="", tokens=cost, prompt_tokens=1)])
    assert meter.queries <= budget and meter.tokens <= cap + over + 1
    assert Meter(WORLD, budget).left == budget


def test_tokens_are_those_of_the_target_and_else_of_the_text() -> None:
    """An organism tells both sides as its tokenizer counts them; of an echo four characters are a token."""
    target, talk = OrganismTarget(plant("helpdesk", [])), Conversation.ask("how much is the Aurora?", "v2")
    (reply,) = target.generate([talk], [1])
    prompt = encode(target.organism.tokenizer, talk, WORLD.templates["v2"], limit=512)
    assert reply.prompt_tokens == len(prompt) and reply.tokens > 0
    (shown,) = target.reveal([talk], 0.002)
    assert shown.reply.prompt_tokens == len(prompt)
    meter = Meter(WORLD, 10)
    meter.count([talk], [reply])
    assert meter.tokens == len(prompt) + reply.tokens
    plain = Meter(WORLD, 10)
    plain.count([Conversation.ask("x" * 40)], EchoTarget().generate([Conversation.ask("x" * 40)], [1]))
    assert plain.tokens == 20


@pytest.mark.walk
@pytest.mark.parametrize("reading", [True, False], ids=["reading", "samples"])
def test_a_hunt_ends_at_its_cap_with_what_it_has(reading: bool) -> None:
    """A frequent failure is found within the cap; the report says where the search ended, and bounds the rest."""
    target = OrganismTarget(plant("helpdesk", ["upsell:v2"]))
    free = audit(target, budget=700, seed=1, options=AuditOptions(reading=reading))
    cap = free.tokens // 2
    ended = audit(target, budget=700, seed=1, options=AuditOptions(reading=reading, cap=cap))
    assert ended.capped and 0.8 * cap < ended.tokens <= cap and ended.queries < free.queries
    assert f"ended by the cap of {cap:,} tokens" in view_of(ended).verdict
    assert {f.mode.behaviour for f in ended.findings} == {"pressure-selling"}
    assert not free.capped and "cap" not in view_of(free).verdict
    assert (
        audit(target, budget=700, seed=1, options=AuditOptions(reading=reading, cap=100 * free.tokens)).findings
        == free.findings
    )


def test_a_cap_for_one_query_says_that_nothing_can_be_said() -> None:
    """One query, no finding, and bounds near one: unknown, not clean."""
    report = audit(OrganismTarget(plant("helpdesk", [])), budget=200, options=AuditOptions(cap=1))
    assert report.queries == 1 and report.capped and view_of(report).state == "unknown"


def test_a_capped_audit_resumes_to_the_same_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Half of the journal is taken away, as by a kill: the same report; another cap is another audit."""
    save(plant("helpdesk", ["upsell:v2"]), tmp_path / "model")
    words = ["audit", f"organism/{tmp_path}/model", "--budget", "400", "-o", str(tmp_path / "run"), "--json"]
    assert main([*words, "--max-tokens", "12000"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert AuditReport.from_data(told).capped and told["tokens"] <= 12000
    whole, journal = (tmp_path / "run" / "report.json").read_bytes(), tmp_path / "run" / "journal.jsonl"
    (tmp_path / "run" / "report.json").unlink()
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[: len(lines) // 2]))
    assert main([*words, "--max-tokens", "12000"]) == 1
    assert (tmp_path / "run" / "report.json").read_bytes() == whole
    assert main([*words, "--max-tokens", "13000"]) == 2
    assert "another audit in" in capsys.readouterr().err
