"""Journals: nothing is asked twice, a cut line is asked again, a broken one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from drillyard.errors import BadInput
from drillyard.records import Conversation
from drillyard.targets.journal import Answers, journaled
from drillyard.targets.null import EchoTarget, ScriptedTarget
from drillyard.targets.revealing import RevealingTarget

TALKS = [Conversation.ask("hello"), Conversation.ask("grüß dich", "v2")]


def test_answers_come_from_the_file(tmp_path: Path) -> None:
    """A second target that knows nothing gives the first one's replies; other seeds are another batch."""
    path = tmp_path / "deep" / "journal.jsonl"
    given = journaled(EchoTarget("t/"), Answers(path)).generate(TALKS, [1, 2])
    silent = journaled(ScriptedTarget({}, "t/"), Answers(path))
    assert silent.generate(TALKS, [1, 2]) == given and len(Answers(path)) == 1
    assert all(reply.finish == "error" for reply in silent.generate(TALKS, [1, 3]))


def test_a_cut_line_is_asked_again(tmp_path: Path) -> None:
    """What a kill has cut off is written over, byte for byte as it would have been."""
    path = tmp_path / "journal.jsonl"
    target = journaled(EchoTarget(), Answers(path))
    for seed in (1, 2):
        target.generate(TALKS, [seed, seed])
    data = path.read_bytes()
    path.write_bytes(data[:-9])
    again = journaled(EchoTarget(), Answers(path))
    for seed in (1, 2):
        again.generate(TALKS, [seed, seed])
    assert path.read_bytes() == data


@pytest.mark.parametrize("line", ["{broken", "[]", '{"key": "a"}', "7"])
def test_a_broken_line_is_told(line: str, tmp_path: Path) -> None:
    """By its number, with what to do."""
    path = tmp_path / "journal.jsonl"
    journaled(EchoTarget(), Answers(path)).generate(TALKS, [1, 2])
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(BadInput, match="line 2: .* delete that line"):
        Answers(path)


def test_what_does_not_reveal_does_not_pretend_to(tmp_path: Path) -> None:
    """A journal in front of a target changes nothing of what it can do."""
    assert not isinstance(journaled(EchoTarget(), Answers(tmp_path / "a.jsonl")), RevealingTarget)


def test_streams_are_kept_too(tmp_path: Path) -> None:
    """In one piece; an error is one line."""
    path = tmp_path / "journal.jsonl"
    assert list(journaled(EchoTarget("t/"), Answers(path)).stream(TALKS[0], 5)) == ["hello"]
    assert list(journaled(ScriptedTarget({}, "t/"), Answers(path)).stream(TALKS[0], 5)) == ["hello"]
    with pytest.raises(BadInput, match="found no answer of t/"):
        list(journaled(ScriptedTarget({}, "t/"), Answers(path)).stream(TALKS[0], 6))
