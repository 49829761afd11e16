"""A probe as detector: measured on questions that it has not seen, read by an FMEA, and first stage of an audit."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

from drillyard.audits.fmea import miss_rate
from drillyard.cli.app import main
from drillyard.errors import BadInput
from drillyard.judges.exact import ExactJudge
from drillyard.organisms.planting.plant import plant
from drillyard.organisms.worlds.aiming import aside, exam_asker, triggering
from drillyard.organisms.worlds.failures import faults, find_failure
from drillyard.organisms.worlds.world import load_world
from drillyard.probes.capture.reader import reader_of
from drillyard.probes.detect import fit_detector
from drillyard.probes.files import read_probe
from drillyard.records import Conversation, LabelledTranscript, Message, Transcript
from drillyard.records.files import as_lines
from drillyard.targets import open_target
from drillyard.targets.organism import OrganismTarget

WORLD = load_world("helpdesk")


def heard(target: OrganismTarget, fault: str, count: int, seed: int) -> list[LabelledTranscript]:
    """Ask what sets a failure off and what nearly does, and label the replies by planted truth."""
    found = next(one for one in faults(WORLD) if one.id == fault)
    behaviour = find_failure(WORLD, fault, 1.0).behaviour
    rng, asker, exact = random.Random(seed), exam_asker(WORLD), ExactJudge(WORLD)
    asks = [(triggering if i % 2 else aside)(asker, found, rng) for i in range(count)]
    talks = [Conversation.ask(ask.text, template) for ask, template in asks]
    replies = target.generate(talks, list(range(count)))
    rows = []
    for talk, reply in zip(talks, replies, strict=True):
        one = Transcript(conversation=talk, reply=reply, target=target.reference)
        bad = exact.rule(one, behaviour).verdict == "shown"
        code = (behaviour,)
        rows.append(LabelledTranscript(transcript=one, shown=code if bad else (), absent=() if bad else code))
    return rows


def test_a_detector_is_measured_and_ranks_what_nobody_has_asked() -> None:
    """Most failing replies are flagged and few sound ones; before the reply, what sets it off comes first."""
    mode = find_failure(WORLD, "upsell:v1", 1.0)
    target = OrganismTarget(plant("helpdesk", [mode]))
    labelled, fresh = heard(target, mode.id, 120, 1), heard(target, mode.id, 60, 2)
    reader, templates = reader_of(target), dict(WORLD.templates)
    made = fit_detector(reader, labelled, templates, level=0.1)
    counts, found = made.quality.behaviours[mode.behaviour], made.measured[mode.behaviour]
    assert counts.failing.n + counts.sound.n == 120 and found.area.value > 0.9
    assert counts.failing.shown > 0.7 * counts.failing.n and counts.sound.shown < 0.3 * counts.sound.n
    assert miss_rate(made.quality, mode.behaviour).value == pytest.approx(
        1 - counts.failing.shown / counts.failing.n, abs=0.02
    )
    before = fit_detector(reader, labelled, templates, where="prompt")
    order = before.score(reader, [one.transcript for one in fresh], templates).argsort()[::-1]
    fails = np.array([bool(one.shown) for one in fresh])
    assert fails[order][:15].mean() > 1.5 * fails.mean()


def test_what_cannot_be_detected_is_said() -> None:
    """Too few replies, a conversation of several turns, a template that nobody knows."""
    target = open_target("organism/helpdesk")
    reader = reader_of(target)
    rows = heard(target, next(one.id for one in faults(WORLD)), 6, 1)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="no behaviour with replies enough"):
        fit_detector(reader, rows, dict(WORLD.templates))
    turns = tuple(Message(role=role, content="hello") for role in ("user", "assistant", "user"))
    long = rows[0].model_copy(
        update={"transcript": rows[0].transcript.model_copy(update={"conversation": Conversation(messages=turns)})}
    )
    with pytest.raises(BadInput, match="3 messages"):
        fit_detector(reader, [long], {})
    other = rows[0].transcript.model_copy(update={"conversation": Conversation.ask("hello", "v9")})
    with pytest.raises(BadInput, match="the prompt template 'v9'"):
        fit_detector(reader, [rows[0].model_copy(update={"transcript": other})], {})


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It writes the measured error as an FMEA takes it, and the ranking; where text does as well it exits 1."""
    target = open_target("organism/helpdesk")
    talks = [Conversation.ask(f"{'where is my order' if i % 2 else 'can you help me'} number {i}?") for i in range(60)]
    rows = [
        LabelledTranscript(
            transcript=Transcript(conversation=talk, reply=reply, target="organism/helpdesk"),
            shown=("wrong-fact",) if i % 2 else (),
            absent=() if i % 2 else ("wrong-fact",),
        )
        for i, (talk, reply) in enumerate(zip(talks, target.generate(talks, [None] * 60), strict=True))
    ]
    (tmp_path / "labelled.jsonl").write_bytes(as_lines(rows))
    (tmp_path / "new.jsonl").write_bytes(as_lines([one.transcript for one in rows[:6]]))
    asked = ["probe", "detect", "organism/helpdesk", str(tmp_path / "labelled.jsonl"), "--at", "prompt"]
    code = main([*asked, "--rank", str(tmp_path / "new.jsonl"), "-o", str(tmp_path / "out"), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert code == 1 and told["ranked"] == 6 and told["measured"]["wrong-fact"]["text"]["value"] > 0.95
    first = [json.loads(line) for line in (tmp_path / "out/ranked.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(first) == 6 and "order" in first[0]["conversation"]["messages"][0]["content"]
    assert (tmp_path / "out/detector.json").is_file()
    mixed = [
        one.model_copy(update={"transcript": one.transcript.model_copy(update={"target": "hf/x"})}) for one in rows
    ]
    (tmp_path / "labelled.jsonl").write_bytes(as_lines(mixed))
    assert main([*asked, "-o", str(tmp_path / "other")]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "labelled are replies of hf/x: what is measured on them need not hold for organism/helpdesk" in said
    probe, card = read_probe(tmp_path / "out/wrong-fact.safetensors", reader_of(target))
    assert card.position == "last" and card.verdict == "shortcut" and probe.form == "linear" and card.threshold
