"""Regression tests from findings: what showed a failure becomes a case that must not show it again.

A finding that holds a regression test becomes one sampled case: its conversations are sampled as often as it takes to
see a failure of the confirmed rate again. Of any other finding every failing prompt becomes a case that is asked once.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from drillyard.bench.lines import read_text
from drillyard.errors import BadInput, bad_input
from drillyard.organisms.worlds.world import World, load_world
from drillyard.records import BehaviourAbsent, BenchAsk, BenchCase, Benchmark, Conversation, Finding, Message

__all__ = ["from_findings", "import_findings"]


def import_findings(path: Path, scope: str = "") -> Benchmark:
    """Return the regression tests of a report: the JSON of `drillyard audit`, or a folder with it as `report.json`.

    Args:
        path: of the report, or of a list of findings.
        scope: the world that was audited; unless given, the one that the report names.

    Raises:
        BadInput: it cannot be read, there is no finding with a failing transcript, or it is not of that world.
    """
    report = _read_report(path / "report.json" if path.is_dir() else path)
    findings = tuple(Finding.from_data(item) for item in report["findings"])
    if not (named := scope or report.get("world")):
        raise bad_input("findings of no named world", "the world that was audited", "add --scope WORLD")
    world = load_world(str(named))
    bench = from_findings(findings, world, f"regressions-{path.name.split('.')[0]}")
    if not bench.cases:
        raise bad_input(f"no finding with evidence in {str(path)!r}", "failures that an audit confirmed")
    target = report.get("target", "the target")
    return bench.model_copy(update={"title": f"What {target} failed at must not come back."})


def _read_report(path: Path) -> dict[str, Any]:
    """Return a report; a bare list of findings becomes one."""
    try:
        data: Any = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise bad_input(f"broken JSON in {str(path)!r} ({error})", "what drillyard audit --json prints") from None
    report = {"findings": data} if isinstance(data, list) else data
    if not isinstance(report, dict) or not isinstance(report.get("findings"), list):
        raise bad_input(f"{str(path)!r} without findings", "what drillyard audit --json prints")
    return report


def from_findings(findings: tuple[Finding, ...], world: World, name: str) -> Benchmark:
    """Return a benchmark: a sampled case per regression test, else a case per failing prompt and behaviour.

    Raises:
        BadInput: a behaviour or a prompt template that the world does not know.
    """
    cases: dict[tuple[str, str], BenchCase] = {}
    for finding in findings:
        mode = finding.mode
        if mode.behaviour not in world.behaviours:
            raise _foreign(f"the behaviour {mode.behaviour!r}", world)
        for case in [_sampled(finding, world)] if finding.regression else _asked_once(finding, world):
            cases.setdefault((mode.behaviour, "".join(ask.conversation.to_json() for ask in case.asks)), case)
    criterion = BehaviourAbsent(world=world.reference)
    return Benchmark(id=name, origin="findings", criteria=(criterion,), cases=_numbered(tuple(cases.values())))


def _sampled(finding: Finding, world: World) -> BenchCase:
    """Return a finding's regression test: its samples dealt to its conversations in turn."""
    test = finding.regression
    assert test is not None
    dealt = [len(range(place, test.samples, len(test.conversations))) for place in range(len(test.conversations))]
    asks = [
        BenchAsk(name=f"prompt {number}", conversation=_spelled(conversation, world), times=times)
        for number, (conversation, times) in enumerate(zip(test.conversations, dealt, strict=True), start=1)
        if times
    ]
    values = _values(finding, world, test.conversations[0])
    return BenchCase(id=finding.mode.id, asks=tuple(asks), values=values, most=test.most)


def _asked_once(finding: Finding, world: World) -> list[BenchCase]:
    return [
        BenchCase(
            id=f"{finding.mode.id}-{number}",
            asks=(BenchAsk(conversation=_spelled(transcript.conversation, world)),),
            values=_values(finding, world, transcript.conversation),
        )
        for number, transcript in enumerate(finding.evidence, start=1)
    ]


def _values(finding: Finding, world: World, asked: Conversation) -> dict[str, str]:
    mode = finding.mode
    return {
        "behaviour": mode.behaviour,
        "failure": mode.id,
        "words": world.behaviours[mode.behaviour],
        "trigger": mode.trigger.words,
        "input": asked.last_user,
    }


def _foreign(found: str, world: World) -> BadInput:
    return bad_input(f"{found}, which {world.reference} does not know", "findings of one world", "name it by --scope")


def _spelled(conversation: Conversation, world: World) -> Conversation:
    """Write the prompt template out as a system message, which every tool understands."""
    if not conversation.template:
        return conversation
    if conversation.template not in world.templates:
        raise _foreign(f"the prompt template {conversation.template!r}", world)
    system = Message(role="system", content=world.templates[conversation.template])
    return Conversation(messages=(system, *conversation.messages))


def _numbered(cases: tuple[BenchCase, ...]) -> tuple[BenchCase, ...]:
    """Give cases whose id came twice (two findings of one id) a number of their own."""
    seen: dict[str, int] = {}
    named = []
    for case in cases:
        seen[case.id] = seen.get(case.id, 0) + 1
        named.append(case if seen[case.id] == 1 else case.model_copy(update={"id": f"{case.id}-{seen[case.id]}"}))
    return tuple(named)
