"""Stored replies: nothing is asked twice, whatever ended the run before; and what a run would ask can be counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from drillyard.errors import BadInput, DrillyardError
from drillyard.records import Conversation, Reply
from drillyard.targets.base import Heard
from drillyard.targets.null import EchoTarget, ScriptedTarget
from drillyard.targets.stored import Replies, StoredTarget, Tally, hash_request

ASKED = [Conversation.ask(f"question {i}", "v2" if i % 2 else "") for i in range(20)]
SEEDS = [None if i == 3 else i for i in range(20)]


class Counted:
    """An echo that counts what it is asked, and breaks at one question if told to."""

    reference = "echo/"

    def __init__(self, breaks_at: str = "") -> None:
        self.asked: list[str] = []
        self._breaks_at = breaks_at

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer as an echo does."""
        for conversation in conversations:
            if conversation.last_user == self._breaks_at:
                raise DrillyardError("busy")
            self.asked.append(conversation.last_user)
        return EchoTarget().generate(conversations, seeds)

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield the message."""
        yield conversation.last_user


def test_a_second_run_asks_nothing(tmp_path: Path) -> None:
    """The same replies in the same order, and the file unchanged; another seed is another request."""
    first, second, path = Counted(), Counted(), tmp_path / "a" / "replies.jsonl"
    replies = StoredTarget(first, Replies(path)).generate(ASKED, SEEDS)
    assert replies == EchoTarget().generate(ASKED, SEEDS) and sorted(first.asked) == sorted(a.last_user for a in ASKED)
    written = path.read_text()
    again = StoredTarget(second, Replies(path))
    assert again.generate(ASKED, SEEDS) == replies and second.asked == [] and path.read_text() == written
    assert "".join(again.stream(ASKED[0], 0)) == "question 0"
    again.generate(ASKED[:1], [99])
    assert second.asked == ["question 0"]


def test_what_was_answered_before_an_error_is_kept(tmp_path: Path) -> None:
    """The run breaks at one question; the next one asks only what is missing."""
    path, broken, told = tmp_path / "replies.jsonl", Counted("question 12"), []
    with pytest.raises(DrillyardError, match="busy"):
        StoredTarget(broken, Replies(path), told=lambda: told.append(1)).generate(ASKED, SEEDS)
    kept = Replies(path)
    assert 12 <= len(kept) == len(broken.asked) == len(told) < 20
    after = Counted()
    assert [r.text for r in StoredTarget(after, kept).generate(ASKED, SEEDS)] == [a.last_user for a in ASKED]
    assert sorted(after.asked + broken.asked) == sorted(a.last_user for a in ASKED)


class Telling(Counted):
    """The same, telling each reply as it comes, in batches of four."""

    def generate_each(
        self, conversations: Sequence[Conversation], seeds: Sequence[int | None], heard: Heard
    ) -> list[Reply]:
        """Answer four at a time."""
        replies: list[Reply] = []
        for at in range(0, len(seeds), 4):
            replies += self.generate(conversations[at : at + 4], seeds[at : at + 4])
            for number in range(at, len(replies)):
                heard(number, replies[number])
        return replies


def test_a_target_that_tells_its_replies_is_asked_in_its_own_batches(tmp_path: Path) -> None:
    """All that is missing at once, the same request once; what it told before an error is kept."""
    path, broken = tmp_path / "replies.jsonl", Telling("question 12")
    with pytest.raises(DrillyardError, match="busy"):
        StoredTarget(broken, Replies(path)).generate(ASKED, SEEDS)
    assert len(Replies(path)) == 12
    after = Telling()
    replies = StoredTarget(after, Replies(path)).generate([*ASKED, ASKED[13]], [*SEEDS, SEEDS[13]])
    assert [one.text for one in replies] == [*(one.last_user for one in ASKED), "question 13"]
    assert after.asked == [one.last_user for one in ASKED[12:]]


def test_an_error_reply_is_asked_again(tmp_path: Path) -> None:
    """What the model would not answer is not kept as its answer."""
    stored = StoredTarget(ScriptedTarget({"hi": ["hello"]}), Replies(tmp_path / "replies.jsonl"))
    given = stored.generate([Conversation.ask("hi"), Conversation.ask("bye")], [1, 1])
    assert [reply.finish for reply in given] == ["stop", "error"] and len(Replies(tmp_path / "replies.jsonl")) == 1


def test_a_line_cut_by_a_kill_is_written_over(tmp_path: Path) -> None:
    """Half a last line costs one request; any other broken line is one clear line of error."""
    path = tmp_path / "replies.jsonl"
    StoredTarget(EchoTarget(), Replies(path)).generate(ASKED, SEEDS)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    after = Counted()
    StoredTarget(after, Replies(path)).generate(ASKED, SEEDS)
    assert len(after.asked) == 1 and sorted(path.read_bytes().splitlines()) == sorted(whole.splitlines())
    path.write_bytes(b"{}\n" + whole)
    with pytest.raises(BadInput, match="replies.jsonl line 1: b'{}', expected a reply of an earlier run; delete that"):
        Replies(path)


def test_a_reply_belongs_to_all_that_was_sent() -> None:
    """Model, words, earlier turns, template and seed each make another key."""
    asked = Conversation.ask("hi")
    longer = Conversation(messages=(*asked.messages, *asked.messages))
    keys = [
        hash_request("m", asked, 1),
        hash_request("n", asked, 1),
        hash_request("m", asked, None),
        hash_request("m", longer, 1),
    ]
    keys += [hash_request("m", Conversation.ask("hi", "v2"), 1), hash_request("m", Conversation.ask("Hi"), 1)]
    assert len(set(keys)) == 6 and hash_request("m", asked, 1) == hash_request("m", Conversation.ask("hi"), 1)


def test_a_tally_counts_each_request_once() -> None:
    """It answers with errors and remembers what it was asked."""
    tally = Tally("openai/m")
    given = tally.generate([*ASKED, ASKED[0]], [*SEEDS, 0])
    assert {reply.finish for reply in given} == {"error"} and len(given) == 21
    assert list(tally.stream(ASKED[0], 5)) == []
    assert list(tally.asked.values()) == [*zip(ASKED, SEEDS, strict=True), (ASKED[0], 5)]
