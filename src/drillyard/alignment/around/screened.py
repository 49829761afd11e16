"""A target behind a screen: the request is checked before the model is asked, the reply before anyone sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from drillyard.alignment.around.verdict import PASS
from drillyard.errors import bad_input
from drillyard.records import Conversation, Record, Reply
from drillyard.targets import Target

__all__ = ["ERROR", "Answers", "Checker", "ScreenedTarget"]

ERROR = "error"
"""The verdict of a check that broke: nothing gets through, and the reply is an `error`."""


class Answers(Record):
    """What is said in place of what was stopped: by verdict, and under a template after its opening."""

    by_verdict: Mapping[str, str]
    openings: Mapping[str, str] = {}

    def text(self, verdict: str, template: str) -> str:
        """Return the answer to give under a template."""
        return self.openings.get(template, "") + self.by_verdict[verdict]


class Checker(Protocol):
    """Says what becomes of a message: `pass`, a verdict that has an answer, or `error`. It sees one message a time."""

    def requests(self, texts: Sequence[str]) -> list[str]:
        """Return the verdict on each message of a user."""
        ...

    def replies(self, texts: Sequence[str]) -> list[str]:
        """Return the verdict on each reply of a model."""
        ...


class ScreenedTarget:
    """A target behind a checker. Only the newest message and the reply to it are checked, however long the talk is.

    A stopped request never reaches the model. A check that breaks stops everything: the reply is then an `error`.
    Streaming waits for the whole reply, because what was shown cannot be taken back.

    Does not cover: what is asked in pieces over several turns, earlier messages, system messages, and refusals of
    harmless requests: a rail cannot say what the model withheld.
    """

    def __init__(self, target: Target, checker: Checker, answers: Answers, name: str = "rails") -> None:
        self.target, self.checker, self.answers = target, checker, answers
        self.reference = f"{target.reference}+{name}"

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer as the target does, with the policy's own answers in place of what is stopped."""
        asked = _closed(self.checker.requests, [talk.last_user for talk in conversations])
        let = [index for index, verdict in enumerate(asked) if verdict == PASS]
        given = self.target.generate([conversations[i] for i in let], [seeds[i] for i in let]) if let else []
        stopped = zip(asked, conversations, seeds, strict=True)
        replies = [self._stopped(*one) for one in stopped]
        said = [index for index, reply in enumerate(given) if reply.finish != "error"]
        verdicts = dict(zip(said, _closed(self.checker.replies, [given[i].text for i in said]), strict=True))
        for index, reply in enumerate(given):
            place, verdict = let[index], verdicts.get(index, PASS)
            replies[place] = reply if verdict == PASS else self._withheld(reply, verdict, conversations[place])
        return replies

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield the whole reply at once. Raises `BadInput` where the target does, or where a check breaks."""
        verdict, text = _closed(self.checker.requests, [conversation.last_user])[0], ""
        if verdict == PASS:
            text = "".join(self.target.stream(conversation, seed))
            verdict = _closed(self.checker.replies, [text])[0]
        if verdict == ERROR:
            raise bad_input("a check of the rails that broke", "a verdict", "fit the rails again")
        yield text if verdict == PASS else self.answers.text(verdict, conversation.template)

    def _stopped(self, verdict: str, talk: Conversation, seed: int | None) -> Reply:
        if verdict in (PASS, ERROR):
            return Reply(text="", seed=seed, finish="error")
        return Reply(text=self.answers.text(verdict, talk.template), seed=seed)

    def _withheld(self, reply: Reply, verdict: str, talk: Conversation) -> Reply:
        if verdict == ERROR:
            return reply.model_copy(update={"text": "", "finish": "error"})
        return reply.model_copy(update={"text": self.answers.text(verdict, talk.template), "finish": "stop"})


def _closed(check: Callable[[Sequence[str]], list[str]], texts: Sequence[str]) -> list[str]:
    """Return the verdicts; a check that raises stops everything that it was asked about."""
    if not texts:
        return []
    try:
        return check(texts)
    except Exception:  # whatever breaks in a check, nothing unchecked may get out
        return [ERROR] * len(texts)
