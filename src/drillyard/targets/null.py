"""Targets without a model: an echo, and prepared replies. For tests, and for running other pieces alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from drillyard.errors import bad_input
from drillyard.records import Conversation, Reply
from drillyard.records.files import read_lines

__all__ = ["EchoTarget", "ScriptedTarget", "open_scripted"]


class EchoTarget:
    """Answers with the newest user message, whatever the seed."""

    def __init__(self, reference: str = "echo/") -> None:
        self.reference = reference

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Repeat each conversation's newest user message."""
        pairs = zip(conversations, seeds, strict=True)
        return [Reply(text=conversation.last_user, seed=seed) for conversation, seed in pairs]

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield the message in one piece."""
        yield conversation.last_user


class ScriptedTarget:
    """Answers from prepared replies.

    Args:
        script: for each user message, the replies to it; the seed picks one, greedy takes the first.
        reference: what stored transcripts call this target.
    """

    def __init__(self, script: Mapping[str, Sequence[str]], reference: str = "scripted/") -> None:
        self.reference = reference
        self._script = script

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Look each newest user message up; one that the script does not have gets an `error` reply."""
        return [self._reply(talk, seed) for talk, seed in zip(conversations, seeds, strict=True)]

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield the prepared reply word by word. Raises `BadInput` when there is none."""
        reply = self._reply(conversation, seed)
        if reply.finish == "error":
            raise bad_input(f"no reply to {conversation.last_user!r} in {self.reference}", "a message of the script")
        yield from re.findall(r"\s*\S+|\s+\Z", reply.text)

    def _reply(self, conversation: Conversation, seed: int | None) -> Reply:
        replies = self._script.get(conversation.last_user, ())
        if not replies:
            return Reply(text="", seed=seed, finish="error")
        return Reply(text=replies[(seed or 0) % len(replies)], seed=seed)


def open_scripted(reference: str) -> ScriptedTarget:
    """Open `scripted/<file>`: one JSON object per line with the strings `user` and `reply`, and nothing else.

    Lines with the same `user` are alternatives. Empty lines are skipped.

    Raises:
        BadInput: there is no such file, or a line is not of that form (the message says which).
    """
    path = Path(reference.partition("/")[2])
    script: dict[str, list[str]] = {}
    for user, reply in read_lines(path, _pair, 'lines such as {"user": "Hello", "reply": "Hi there."}'):
        script.setdefault(user, []).append(reply)
    return ScriptedTarget(script, reference)


def _pair(line: str) -> tuple[str, str]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        entry = None
    if not isinstance(entry, dict) or entry.keys() != {"user", "reply"} or set(map(type, entry.values())) != {str}:
        raise bad_input(repr(line[:80]), '{"user": "…", "reply": "…"}, both strings')
    return entry["user"], entry["reply"]
