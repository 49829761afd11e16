"""The overseer: asks the assistant, has each draft read, and passes it, has it written again, or holds it for a person.

Decisions go into a journal before anybody reads the answer. A held draft waits in the same folder until a person
releases or refuses it (`drillyard oversee queue`, or the yard).
"""

from __future__ import annotations

import concurrent.futures
import secrets
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from drillyard.errors import DrillyardError, bad_input
from drillyard.oversight.live.critic import Critic, Criticism
from drillyard.oversight.live.policy import OverseerPolicy
from drillyard.records import Conversation, Record, Reply
from drillyard.records.journal import Journal
from drillyard.targets import Target

__all__ = ["Decision", "HoldQueue", "HoldVerdict", "Overseen"]

DECISIONS, VERDICTS = "decisions.jsonl", "verdicts.jsonl"


class Decision(Record):
    """What became of a request: the draft, what was done, why, what that took.

    `action` is `pass`, `rewrite` (a later draft passed) or `hold`; `failed` says that the critic gave no clear answer.
    """

    id: str
    request: str
    draft: str
    action: Literal["pass", "rewrite", "hold"]
    chance: float | None
    reason: str
    failed: bool = False
    drafts: int = 1
    tokens: int = 0
    draft_seconds: float = 0.0
    seconds: float = 0.0


class HoldVerdict(Record):
    """What a person decided about a held draft: it is sent as it is, as they have edited it, or not at all."""

    id: str
    by: str
    action: Literal["release", "edit", "refuse"]
    text: str = ""


class HoldQueue:
    """Drafts that wait for a person, in a folder: what was held, less what somebody has decided."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._decisions = Journal(folder / DECISIONS, Decision.from_data)
        self._verdicts = Journal(folder / VERDICTS, HoldVerdict.from_data)
        self._lock = threading.Lock()

    def add(self, decision: Decision) -> None:
        """Write a decision down."""
        self._decisions.append(decision)

    def decisions(self) -> list[Decision]:
        """Return every decision."""
        return list(self._decisions)

    def waiting(self) -> list[Decision]:
        """Return what waits, the oldest first."""
        done = {one.id for one in self._verdicts}
        return [one for one in self._decisions if one.action == "hold" and one.id not in done]

    def verdicts(self) -> Mapping[str, HoldVerdict]:
        """Return what people decided, by the id of the decision; the first one counts, whoever wrote it."""
        first: dict[str, HoldVerdict] = {}
        for one in self._verdicts:
            first.setdefault(one.id, one)
        return first

    def decide(self, verdict: HoldVerdict) -> HoldVerdict:
        """Write down what a person decided, and return what counts: the first decision, which may be another's.

        Raises:
            BadInput: nothing of that id waits, or an edit has no words.
        """
        if verdict.action == "edit" and not verdict.text.strip():
            raise bad_input("an edit without words", "what the user is to read", "to send nothing, use --refuse")
        with self._lock:
            if known := self.verdicts().get(verdict.id):
                return known
            if verdict.id not in {one.id for one in self.waiting()}:
                raise bad_input(f"{verdict.id!r}", "the id of a draft that waits", "list them: drillyard oversee queue")
            self._verdicts.append(verdict)
            return self.verdicts()[verdict.id]  # another terminal may have been first


class Overseen:
    """A target behind an overseer; it is asked like any other target.

    Args:
        target: who writes drafts.
        critic: who reads them.
        policy: what is done then.
        queue: where decisions and held drafts are kept; None keeps nothing.
    """

    def __init__(self, target: Target, critic: Critic, policy: OverseerPolicy, queue: HoldQueue | None = None) -> None:
        self.reference = f"overseen {target.reference}"
        self._target, self._critic, self._policy, self._queue = target, critic, policy, queue
        self._readers = concurrent.futures.ThreadPoolExecutor(8, thread_name_prefix="critic")

    def answer(self, conversation: Conversation, seed: int | None) -> tuple[Reply, Decision]:
        """Return what the user reads, and the decision. Raises what the target raises: nothing passes unread."""
        began, drafting, tokens = time.perf_counter(), 0.0, 0
        found = Criticism(chance=None)
        reply = Reply(text="", finish="error")
        for number in range(self._policy.rewrites + 1):
            start = time.perf_counter()
            own = seed if not number else (seed or 0) + 7919 * number
            (reply,) = self._target.generate([conversation], [own])
            drafting += time.perf_counter() - start
            if reply.finish == "error":
                found = Criticism(chance=None, reason=f"the assistant gave no draft ({reply.why or 'error'})")
                continue
            found = self._read(conversation.last_user, reply.text)
            tokens += found.tokens
            if self._passes(found):
                return self._done(conversation, reply, found, number, tokens, drafting, began)
        return self._done(conversation, reply, found, -1, tokens, drafting, began)

    def generate(self, conversations: list[Conversation], seeds: list[int | None]) -> list[Reply]:
        """Answer as a target does."""
        return [self.answer(talk, seed)[0] for talk, seed in zip(conversations, seeds, strict=True)]

    def _passes(self, found: Criticism) -> bool:
        if found.chance is None:
            return self._policy.on_error == "pass"
        return found.chance <= self._policy.hold_above

    def _read(self, request: str, draft: str) -> Criticism:
        """Have the critic read, for so long; whatever goes wrong with it is no clear answer."""
        future = self._readers.submit(self._critic.read, request, draft)
        try:
            return future.result(self._policy.seconds)
        except concurrent.futures.TimeoutError:
            return Criticism(chance=None, reason=f"the critic took more than {self._policy.seconds:g} s")
        except Exception as error:  # a critic of one's own may raise anything
            why = str(error) if isinstance(error, DrillyardError) else f"{type(error).__name__}: {error}"
            return Criticism(chance=None, reason=f"the critic failed: {why}")

    def _done(
        self,
        talk: Conversation,
        reply: Reply,
        found: Criticism,
        number: int,
        tokens: int,
        drafting: float,
        began: float,
    ) -> tuple[Reply, Decision]:
        action: Literal["pass", "rewrite", "hold"] = "hold" if number < 0 else "rewrite" if number else "pass"
        decision = Decision(
            id=secrets.token_hex(8),
            request=talk.last_user,
            draft=reply.text,
            action=action,
            chance=found.chance,
            reason=found.reason,
            failed=found.chance is None,
            drafts=self._policy.rewrites + 1 if number < 0 else number + 1,
            tokens=tokens,
            draft_seconds=drafting,
            seconds=time.perf_counter() - began,
        )
        if self._queue:
            self._queue.add(decision)
        if action == "hold":
            reply = Reply(text=self._policy.held_words, seed=reply.seed, finish="stop", why=f"held: {decision.id}")
        return reply, decision
