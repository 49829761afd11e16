"""A journal of what a target was asked: a run that was killed goes on where it stopped and gives the same bytes.

Every batch is written, as one line, before its replies are used; so at most the batch that was being asked is lost.
Nothing is asked twice: a batch that the journal holds is answered from there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from drillyard.errors import BadInput
from drillyard.records import Conversation, Record, Reply
from drillyard.records.journal import Journal
from drillyard.targets.base import Heard, Target, TellingTarget
from drillyard.targets.revealing import Branch, Revealed, RevealingTarget

__all__ = ["JournaledTarget", "KeptAnswers", "keep_journal"]

_R = TypeVar("_R", bound=Record)


class KeptAnswers:
    """A journal of batches, one JSON object a line: `key` and `answers`. What it holds need not be asked again.

    Raises:
        BadInput: a line is broken that is not the last one.
    """

    def __init__(self, path: Path) -> None:
        self._journal = Journal(path, _entry, durable=True)
        self._known = dict(self._journal)

    def __len__(self) -> int:
        return len(self._known)

    def answers(self, asked: object, kind: type[_R], ask: Callable[[], list[_R]]) -> list[_R]:
        """Return the answers to a batch, from the file if they are there, else by asking; then they are there."""
        if asked in self:
            return self.known(asked, kind)
        given = ask()
        self.put(asked, given)
        return given

    def __contains__(self, asked: object) -> bool:
        return _key(asked) in self._known

    def known(self, asked: object, kind: type[_R]) -> list[_R]:
        """Return the answers to a batch that the file holds."""
        return [kind.model_validate(fields) for fields in self._known[_key(asked)]]

    def put(self, asked: object, given: Sequence[Record]) -> None:
        """Write the answers to a batch, and see them onto the disk."""
        key, answers = _key(asked), [answer.model_dump(mode="json") for answer in given]
        self._journal.append({"key": key, "answers": answers})
        self._known[key] = answers


def _entry(fields: dict[str, Any]) -> tuple[str, list[Any]]:
    return str(fields["key"]), list(fields["answers"])


class JournaledTarget:
    """Answers from a journal, and asks another target for what is missing there."""

    def __init__(self, inner: Target, journal: KeptAnswers) -> None:
        self.reference = inner.reference
        self._inner, self._journal = inner, journal

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer every conversation."""
        return self.generate_each(conversations, seeds, lambda _number, _reply: None)

    def generate_each(
        self, conversations: Sequence[Conversation], seeds: Sequence[int | None], heard: Heard
    ) -> list[Reply]:
        """Answer as `generate`, and call `heard` with each reply: at once with what the journal holds."""
        asked = ["generate", self.reference, _plain(conversations), list(seeds)]
        if isinstance(self._inner, TellingTarget) and asked not in self._journal:
            return self._ask_each(self._inner, conversations, seeds, heard)
        replies = self._journal.answers(asked, Reply, lambda: self._inner.generate(conversations, seeds))
        for number, reply in enumerate(replies):
            heard(number, reply)
        return replies

    def _ask_each(
        self, inner: TellingTarget, conversations: Sequence[Conversation], seeds: Sequence[int | None], heard: Heard
    ) -> list[Reply]:
        """Write each reply as it comes: it was paid for, whatever becomes of the others."""
        asked = [
            ["generate", self.reference, _plain([one]), [seed]] for one, seed in zip(conversations, seeds, strict=True)
        ]
        missing = [number for number, one in enumerate(asked) if one not in self._journal]
        for number in sorted({*range(len(asked))} - {*missing}):
            heard(number, self._journal.known(asked[number], Reply)[0])

        def keep(place: int, reply: Reply) -> None:
            self._journal.put(asked[missing[place]], [reply])
            heard(missing[place], reply)

        inner.generate_each(
            [conversations[number] for number in missing],
            [seeds[number] for number in missing],
            keep,
        )
        return [self._journal.known(one, Reply)[0] for one in asked]

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield the reply of `generate`, in one piece. Raises `BadInput` where that says `error`."""
        (reply,) = self.generate([conversation], [seed])
        if reply.finish == "error":
            raise BadInput(f"found no answer of {self.reference}, expected one")
        yield reply.text


class _RevealingJournaled(JournaledTarget):
    """The same for a target that reveals probabilities."""

    def __init__(self, inner: Target, revealing: RevealingTarget, journal: KeptAnswers) -> None:
        super().__init__(inner, journal)
        self._revealing = revealing

    def reveal(self, conversations: Sequence[Conversation], floor: float) -> list[Revealed]:
        """Answer greedily and show the branches."""
        asked = ["reveal", self.reference, _plain(conversations), floor]
        return self._journal.answers(asked, Revealed, lambda: self._revealing.reveal(conversations, floor))

    def complete(self, conversations: Sequence[Conversation], branches: Sequence[Branch]) -> list[Reply]:
        """Answer along branches."""
        asked = ["complete", self.reference, _plain(conversations), [branch.model_dump() for branch in branches]]
        return self._journal.answers(asked, Reply, lambda: self._revealing.complete(conversations, branches))


def keep_journal(target: Target, journal: KeptAnswers) -> JournaledTarget:
    """Return a target that keeps all answers in a journal and takes what is there from it; several may share one."""
    if isinstance(target, RevealingTarget):
        return _RevealingJournaled(target, target, journal)
    return JournaledTarget(target, journal)


def _key(asked: object) -> str:
    text = json.dumps(asked, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _plain(conversations: Sequence[Conversation]) -> list[Any]:
    return [conversation.model_dump(mode="json") for conversation in conversations]
