"""Replies that were paid for are kept: a target in front of another one that asks nothing twice, and one that counts.

Each reply is written as it comes, so a run that was killed, or that ended at a busy server, goes on from there.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from drillyard.records import Conversation, Reply
from drillyard.records.journal import Journal
from drillyard.targets.base import Target, TellingTarget

__all__ = ["Replies", "StoredTarget", "Tally", "hash_request"]


def hash_request(reference: str, conversation: Conversation, seed: int | None) -> str:
    """Return what a reply is stored under: a hash of the model, of every word that it is sent, and of the seed."""
    asked = json.dumps([reference, conversation.model_dump(mode="json"), seed], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()[:32]


class Replies:
    """A file of replies, one JSON object a line: `key` and the reply's fields. Made when the first reply comes.

    Raises:
        BadInput: a line is broken that is not the last one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._journal = Journal(path, _entry, expected=("a reply of an earlier run", "delete that line"))
        self._known = dict(self._journal)

    def __len__(self) -> int:
        return len(self._known)

    def get(self, name: str) -> Reply | None:
        """Return the reply under a key, if there is one."""
        return self._known.get(name)

    def put(self, name: str, reply: Reply) -> None:
        """Keep a reply, in memory and on disk; safe from several threads."""
        self._journal.append({"key": name, **reply.model_dump(mode="json")})
        self._known[name] = reply


def _entry(fields: dict[str, Any]) -> tuple[str, Reply]:
    return str(fields.pop("key")), Reply.from_data(fields)


class StoredTarget:
    """Answers from stored replies, and asks another target for those that are missing, a few at a time.

    Args:
        inner: who is asked. What it answers with `error` is not stored, unless it was an answer.
        replies: where replies are kept; several targets may share it.
        concurrency: requests at the same time.
        told: called after each new reply, from one thread at a time.
    """

    def __init__(
        self, inner: Target, replies: Replies, *, concurrency: int = 8, told: Callable[[], None] = lambda: None
    ) -> None:
        self.reference = inner.reference
        self._inner, self._replies, self._concurrency, self._told = inner, replies, concurrency, told
        self._lock = threading.Lock()

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer every conversation. When one raises, those not yet begun are not asked; the others are kept."""
        if isinstance(self._inner, TellingTarget):
            return self._together(self._inner, conversations, seeds)
        pool = ThreadPoolExecutor(self._concurrency)
        try:
            return list(pool.map(lambda one: self._reply(*one), zip(conversations, seeds, strict=True)))
        finally:
            pool.shutdown(cancel_futures=True)

    def _together(
        self, inner: TellingTarget, conversations: Sequence[Conversation], seeds: Sequence[int | None]
    ) -> list[Reply]:
        """Ask all that is missing of a target that tells each reply as it comes: in batches, or at its own pace."""
        asked = [(hash_request(self.reference, *one), *one) for one in zip(conversations, seeds, strict=True)]
        missing = list({name: (name, talk, seed) for name, talk, seed in asked if not self._replies.get(name)}.values())
        fresh: dict[str, Reply] = {}

        def hear(number: int, reply: Reply) -> None:
            fresh[missing[number][0]] = reply
            if reply.answered:
                self._replies.put(missing[number][0], reply)
            self._told()

        if missing:
            inner.generate_each([talk for _, talk, _ in missing], [seed for *_, seed in missing], hear)
        return [fresh.get(name) or self._known(name) for name, *_ in asked]

    def _known(self, name: str) -> Reply:
        known = self._replies.get(name)
        assert known is not None, "neither stored nor answered"
        return known

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield a stored reply in one piece, or a new one, which is not stored, as it comes."""
        known = self._replies.get(hash_request(self.reference, conversation, seed))
        return iter([known.text]) if known else self._inner.stream(conversation, seed)

    def _reply(self, conversation: Conversation, seed: int | None) -> Reply:
        name = hash_request(self.reference, conversation, seed)
        if known := self._replies.get(name):
            return known
        (reply,) = self._inner.generate([conversation], [seed])
        if reply.answered:
            self._replies.put(name, reply)
        with self._lock:
            self._told()
        return reply


class Tally:
    """Answers nothing and remembers what it was asked, each request once: what a run would cost, before it is paid.

    `asked` holds the requests by their key, in the order of asking.
    """

    def __init__(self, reference: str) -> None:
        self.reference = reference
        self.asked: dict[str, tuple[Conversation, int | None]] = {}

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Note every request and give an `error` reply."""
        for conversation, seed in zip(conversations, seeds, strict=True):
            self.asked.setdefault(hash_request(self.reference, conversation, seed), (conversation, seed))
        return [Reply(text="", seed=seed, finish="error") for seed in seeds]

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Note the request and yield nothing."""
        self.generate([conversation], [seed])
        return iter(())
