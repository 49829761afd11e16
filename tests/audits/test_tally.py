"""Stored replies: each counts once, whatever is broken around it, and sums are those of ruling one by one."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from drillyard.audits.tally.tally import NamedJudge, tally
from drillyard.cli.app import main
from drillyard.errors import BadInput
from drillyard.judges.reference import open_judge
from drillyard.organisms.worlds.world import World, load_world
from drillyard.records import Conversation, Provenance, Reply, Transcript

EXACT = NamedJudge(scope="helpdesk", judge="exact")
MADE = Provenance(drillyard="test")


def transcripts(world: World, n: int, target: str = "organism/x") -> list[Transcript]:
    """Return replies that a world writes, some of them pressing, under several templates."""
    rng = random.Random(n)
    sound, templates = list(world.replies.values()), sorted(world.templates)
    asked = [f"where is order {at % 40}" for at in range(n)]
    return [
        Transcript(
            conversation=Conversation.ask(text, rng.choice(templates)),
            reply=Reply(text=rng.choice(sound[:3]) if rng.random() < 0.9 else "gibberish", seed=at),
            target=target,
        )
        for at, text in enumerate(asked)
    ]


def write(path: Path, lines: list[str]) -> Path:
    """Write lines to a file."""
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_sums_are_those_of_ruling_one_by_one(tmp_path: Path) -> None:
    """Over two files, whatever the parts; equal replies count as often as they are there."""
    world = load_world("helpdesk")
    judge, rows = open_judge("exact", world), transcripts(world, 120)
    lines = [one.to_json() for one in rows]
    files = [write(tmp_path / "a.jsonl", lines[:70]), write(tmp_path / "b.jsonl", lines[70:])]
    expected = {code: Counter(judge.rule(one, code).verdict for one in rows) for code in world.behaviours}
    for parts in (1, 7):
        found = tally(files, EXACT, tmp_path / f"out-{parts}", parts=parts, provenance=MADE)
        assert found.replies == 120 and found.unusable == 0 and found.measured
        same = {(one.conversation.to_json(), one.reply.text) for one in rows}
        assert found.distinct == len(same)
        for one in found.overall:
            counts = {"shown": one.shown, "absent": one.absent, "unknown": one.unknown}
            assert counts == {verdict: expected[one.behaviour][verdict] for verdict in counts}
            apart = [row for row in found.rates if row.behaviour == one.behaviour and row.target]
            assert sum(row.shown for row in apart) == one.shown and sum(row.absent for row in apart) == one.absent


def test_what_is_broken_is_told_and_the_rest_counts(tmp_path: Path) -> None:
    """Lines that are no JSON, bytes that are no text, rows without a reply: told with their place, never fatal."""
    world = load_world("helpdesk")
    good = [one.to_json() for one in transcripts(world, 4)]
    file = tmp_path / "log.jsonl"
    file.write_bytes(
        "\n".join([good[0], "{broken", good[1], "", json.dumps({"conversation": {"messages": []}}), good[2]]).encode()
        + b'\n\xff\xfe{"conversation": 1}\n[1]\n' + good[3].encode()
    )  # fmt: skip
    found = tally([file], EXACT, tmp_path / "out", provenance=MADE)
    assert (found.replies, found.unusable) == (4, 4)
    assert found.where[0] == "log.jsonl line 2: no transcript"


def test_a_file_that_is_read_in_pieces_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of one line and of all; the places of broken lines are those in the file; a part holds its rows alone."""
    good = [one.to_json() for one in transcripts(load_world("helpdesk"), 12)]
    file = write(tmp_path / "log.jsonl", [*good[:5], "{broken", *good[5:], "[1]", ""])
    found = []
    for size in (1, 1 << 30):
        monkeypatch.setattr("drillyard.audits.tally.columns_polars._CHUNK", size)
        found.append(tally([file], EXACT, tmp_path / str(size), provenance=MADE))
    assert found[0] == found[1]
    assert found[0].where == ("log.jsonl line 6: no transcript", "log.jsonl line 14: no transcript")
    assert len(list((tmp_path / "1" / "store").glob("rows-*.parquet"))) == 15


@pytest.mark.parametrize(
    "row",
    [
        {"conversation": "hi", "reply": "x"},
        {"conversation": {"messages": [{"role": "robot", "content": "x"}]}, "reply": {"text": "a"}},
        {"conversation": {"messages": [{"role": "user", "content": "x"}]}, "reply": {"text": "a", "finish": "odd"}},
        {"conversation": {"messages": [{"role": "user"}]}, "reply": {"text": "a"}},
    ],
)
def test_one_row_of_another_shape_costs_no_other(row: dict[str, object], tmp_path: Path) -> None:
    """It is left out and counted; the rest is judged."""
    good = [one.to_json() for one in transcripts(load_world("helpdesk"), 3)]
    file = write(tmp_path / "log.jsonl", [*good, json.dumps(row)])
    found = tally([file], EXACT, tmp_path / "out", provenance=MADE)
    assert (found.replies, found.unusable) == (3, 1)


def test_a_killed_run_goes_on_and_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was judged before is not judged again."""
    world = load_world("helpdesk")
    file = write(tmp_path / "log.jsonl", [one.to_json() for one in transcripts(world, 60)])
    whole = tally([file], EXACT, tmp_path / "whole", parts=5, provenance=MADE)
    ruled = []

    def stop(words: str, done: int = 0, total: int = 0) -> None:
        if words == "judging" and done == 3:
            raise KeyboardInterrupt

    def note(words: str, done: int = 0, total: int = 0) -> None:
        ruled.append(words)

    with pytest.raises(KeyboardInterrupt):
        tally([file], EXACT, tmp_path / "cut", parts=5, provenance=MADE, progress=stop)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "cut" / "store").glob("judged-*.parquet")}
    assert len(before) == 3
    assert tally([file], EXACT, tmp_path / "cut", parts=5, provenance=MADE, progress=note) == whole
    assert all(path.stat().st_mtime_ns == when for path, when in before.items())
    assert not any("reading" in words for words in ruled)


@pytest.mark.walk
def test_workers_change_nothing(tmp_path: Path) -> None:
    """Parts that two processes judge come to the same."""
    file = write(tmp_path / "log.jsonl", [one.to_json() for one in transcripts(load_world("helpdesk"), 60)])
    alone, together = (
        tally([file], EXACT, tmp_path / f"by-{workers}", parts=4, workers=workers, provenance=MADE)
        for workers in (1, 2)
    )
    assert alone == together


def test_another_models_replies_give_no_rate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A judge that was measured elsewhere only gives leads, and the first line says so."""
    world = load_world("helpdesk")
    lines = [one.to_json() for one in transcripts(world, 30, "openai/other@http://127.0.0.1:1/v1")]
    file = write(tmp_path / "log.jsonl", lines)
    rules = tmp_path / "house.yaml"
    fitted = tmp_path / "judge.json"
    assert main(["audit", "judge", "fit", "-n", "200", "-o", str(fitted)]) == 0
    assert main(["audit", "judge", "measure", f"classifier/{fitted}", "-n", "40", "-o", str(rules)]) == 0
    capsys.readouterr()
    command = ["audit", "tally", str(file), "--judge", f"classifier/{fitted}", "--judge-quality", str(rules)]
    assert main([*command, "-o", str(tmp_path / "out"), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"].startswith("Unknown: ") and not found["measured"]
    assert all((one["rate"]["low"], one["rate"]["high"]) == (0, 1) for one in found["rates"])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read (No such file"),
        ("", "no JSON object in log.jsonl"),
        ('{"a": 1}\n', "a line with a in log.jsonl"),
        ('{"conversation": {"messages": []}, "reply": {}}\n', "no row that can be used"),
    ],
)
def test_a_file_of_something_else_is_one_line(content: str | None, says: str, tmp_path: Path) -> None:
    """Found, expected, and nothing is left that would stand in the way of the right file."""
    world = load_world("helpdesk")
    file = tmp_path / "log.jsonl"
    if content is not None:
        file.write_text(content)
    with pytest.raises(BadInput) as caught:
        tally([file], EXACT, tmp_path / "out", provenance=MADE)
    assert says in str(caught.value) and "\n" not in str(caught.value)
    right = write(tmp_path / "right.jsonl", [one.to_json() for one in transcripts(world, 3)])
    assert tally([right], EXACT, tmp_path / "out", provenance=MADE).replies == 3
