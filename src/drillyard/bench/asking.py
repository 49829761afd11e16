"""Ask in batches and store every reply as it comes, or a batch at once; a killed run asks nothing of that twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from drillyard.records import BenchReply, Conversation, Reply, Transcript
from drillyard.records.journal import Journal
from drillyard.records.progress import Progress
from drillyard.targets import Target
from drillyard.targets.base import generate_each

__all__ = ["BenchQuestion", "ask", "stored_replies"]

Key = tuple[str, str, int]


@dataclass(frozen=True, kw_only=True)
class BenchQuestion:
    """What a target or a grader is asked: for which case, under which name, for the `turn`-th time from 0."""

    case: str
    name: str
    turn: int = 0
    conversation: Conversation
    seed: int | None = None

    @property
    def key(self) -> Key:
        """What its reply is stored under."""
        return self.case, self.name, self.turn


def stored_replies(path: Path) -> dict[Key, BenchReply]:
    """Return the replies of a file; of several to one question the last stands. Raises `BadInput` for a broken line."""
    return {(one.case, one.ask, one.turn): one for one in _journal(path)}


def _journal(path: Path) -> Journal[BenchReply]:
    return Journal(path, BenchReply.from_data)


def ask(
    questions: Sequence[BenchQuestion], target: Target, path: Path, *, batch: int, word: str, progress: Progress
) -> list[BenchReply]:
    """Return the reply to every question, in order: the stored one, else a new one, which is stored.

    A question whose words have changed is asked again, and so is one that was not answered.

    Args:
        questions: each key once.
        target: who is asked.
        path: of the stored replies.
        batch: questions between two writes.
        word: what is being done, for `progress`.
        progress: told that, and how many questions are answered.
    """
    known, journal = stored_replies(path), _journal(path)
    todo = [question for question in questions if not _answers(known.get(question.key), question)]
    for start in range(0, len(todo), batch):
        part = todo[start : start + batch]

        def keep(number: int, reply: Reply, part: Sequence[BenchQuestion] = part) -> None:
            known[part[number].key] = made = _made(part[number], reply, target.reference)
            journal.append(made)

        generate_each(target, [one.conversation for one in part], [one.seed for one in part], keep)
        progress(word, len(questions) - len(todo) + start + len(part), len(questions))
    return [known[question.key] for question in questions]


def _made(question: BenchQuestion, reply: Reply, target: str) -> BenchReply:
    transcript = Transcript(conversation=question.conversation, reply=reply, target=target)
    return BenchReply(case=question.case, ask=question.name, turn=question.turn, transcript=transcript)


def _answers(stored: BenchReply | None, question: BenchQuestion) -> bool:
    if stored is None or not stored.transcript.reply.answered:
        return False
    return stored.transcript.conversation == question.conversation
