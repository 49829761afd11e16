"""Journals: nothing is asked twice, a cut line is asked again, a broken one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from drillyard.errors import BadInput
from drillyard.records import Conversation
from drillyard.targets.journal import KeptAnswers, keep_journal
from drillyard.targets.null import EchoTarget, ScriptedTarget
from drillyard.targets.revealing import RevealingTarget

TALKS = [Conversation.ask("hello"), Conversation.ask("grüß dich", "v2")]


def test_answers_come_from_the_file(tmp_path: Path) -> None:
    """A second target that knows nothing gives the first one's replies; other seeds are another batch."""
    path = tmp_path / "deep" / "journal.jsonl"
    given = keep_journal(EchoTarget("t/"), KeptAnswers(path)).generate(TALKS, [1, 2])
    silent = keep_journal(ScriptedTarget({}, "t/"), KeptAnswers(path))
    assert silent.generate(TALKS, [1, 2]) == given and len(KeptAnswers(path)) == 1
    assert all(reply.finish == "error" for reply in silent.generate(TALKS, [1, 3]))


def test_a_cut_line_is_asked_again(tmp_path: Path) -> None:
    """What a kill has cut off is written over, byte for byte as it would have been."""
    path = tmp_path / "journal.jsonl"
    target = keep_journal(EchoTarget(), KeptAnswers(path))
    for seed in (1, 2):
        target.generate(TALKS, [seed, seed])
    data = path.read_bytes()
    path.write_bytes(data[:-9])
    again = keep_journal(EchoTarget(), KeptAnswers(path))
    for seed in (1, 2):
        again.generate(TALKS, [seed, seed])
    assert path.read_bytes() == data


@pytest.mark.parametrize("line", ["{broken", "[]", '{"key": "a"}', "7"])
def test_a_broken_line_is_told(line: str, tmp_path: Path) -> None:
    """By its number, with what to do."""
    path = tmp_path / "journal.jsonl"
    keep_journal(EchoTarget(), KeptAnswers(path)).generate(TALKS, [1, 2])
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(BadInput, match="line 2: .* delete that line"):
        KeptAnswers(path)


def test_what_does_not_reveal_does_not_pretend_to(tmp_path: Path) -> None:
    """A journal in front of a target changes nothing of what it can do."""
    assert not isinstance(keep_journal(EchoTarget(), KeptAnswers(tmp_path / "a.jsonl")), RevealingTarget)


def test_streams_are_kept_too(tmp_path: Path) -> None:
    """In one piece; an error is one line."""
    path = tmp_path / "journal.jsonl"
    assert list(keep_journal(EchoTarget("t/"), KeptAnswers(path)).stream(TALKS[0], 5)) == ["hello"]
    assert list(keep_journal(ScriptedTarget({}, "t/"), KeptAnswers(path)).stream(TALKS[0], 5)) == ["hello"]
    with pytest.raises(BadInput, match="found no answer of t/"):
        list(keep_journal(ScriptedTarget({}, "t/"), KeptAnswers(path)).stream(TALKS[0], 6))
