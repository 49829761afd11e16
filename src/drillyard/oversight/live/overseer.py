"""The overseer: asks the assistant, has each draft read, and passes it, has it written again, or holds it for a person.

Decisions go into a journal before anybody reads the answer. A held draft waits in the same folder until a person
releases or refuses it (`drillyard oversee queue`, or the yard).
"""

from __future__ import annotations

import concurrent.futures
import datetime
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from drillyard.errors import DrillyardError, bad_input
from drillyard.oversight.live.critic import Critic, Criticism
from drillyard.oversight.live.policy import OverseerPolicy
from drillyard.records import Conversation, Record, Reply
from drillyard.records.journal import Journal
from drillyard.targets import Target

__all__ = ["AskedTarget", "Decision", "HoldQueue", "HoldVerdict", "Overseen", "open_queue"]

_NAME = 200
"""Characters of a client's `user` that are kept."""
DECISIONS, VERDICTS = "decisions.jsonl", "verdicts.jsonl"


@runtime_checkable
class AskedTarget(Protocol):
    """A target that writes a reply with the fields of a client's request, as `EndpointTarget` does."""

    reference: str

    def completion(self, conversation: Conversation, seed: int | None, **more: Any) -> tuple[Reply, Any]:
        """Answer with the fields in `asked`."""
        ...


class Decision(Record):
    """What became of a request: the draft, what was done, why, what that took.

    `action` is `pass`, `rewrite` (a later draft passed) or `hold`; `failed` says that the critic gave no clear answer,
    `by` who decided. `said` is what the critic and its advocates said, each with who it was; `asked_by` is the `user`
    that a client named, `at` the time.
    """

    id: str
    at: str = ""
    asked_by: str = ""
    request: str
    draft: str
    action: Literal["pass", "rewrite", "hold"]
    chance: float | None
    reason: str
    failed: bool = False
    drafts: int = 1
    tokens: int = 0
    by: Literal["critic", "guard", "pattern"] = "critic"
    said: tuple[tuple[str, str], ...] = ()
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

    def begin(self) -> None:
        """Make the folder a queue in which nothing waits yet."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / DECISIONS).touch()

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


def open_queue(folder: Path) -> HoldQueue:
    """Return the queue of an overseer that has been served. Raises `BadInput` for a folder that is none."""
    if not (folder / DECISIONS).is_file():
        what = "no overseer" if folder.is_dir() else "no folder"
        raise bad_input(f"{what} in {str(folder)!r}", "the folder of one", "drillyard oversee serve … -o DIR makes it")
    return HoldQueue(folder)


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

    def answer(
        self, conversation: Conversation, seed: int | None, fields: Mapping[str, Any] | None = None
    ) -> tuple[Reply, Decision]:
        """Return what the user reads, and the decision. Raises what the target raises: nothing passes unread.

        Args:
            conversation: what was asked.
            seed: of the draft; a second draft gets another one.
            fields: how a client wants drafts written, such as `max_tokens`: for a target that takes them.
        """
        spent = _Spent(asked_by=str((fields or {}).get("user", ""))[:_NAME])
        found = Criticism(chance=None)
        reply = Reply(text="", finish="error")
        for number in range(self._policy.rewrites + 1):
            start = time.perf_counter()
            own = seed if not number else (seed or 0) + 7919 * number
            reply = self._drafted(conversation, own, fields)
            spent.drafts, spent.drafting = number + 1, spent.drafting + time.perf_counter() - start
            if reply.finish == "error":
                found = Criticism(chance=None, reason=f"the assistant gave no draft ({reply.why or 'error'})")
                continue
            found = self._read(conversation.last_user, reply.text)
            spent.tokens += found.tokens
            if self._passes(found):
                return self._done(conversation, reply, found, spent, "rewrite" if number else "pass")
            if found.chance is None and reply.text.strip():  # nobody could read it, so nobody would read another
                break
        return self._done(conversation, reply, found, spent, "hold")

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer as a target does."""
        return [self.answer(talk, seed)[0] for talk, seed in zip(conversations, seeds, strict=True)]

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield what the user reads, in one piece, since a draft is read whole."""
        yield self.answer(conversation, seed)[0].text

    def _drafted(self, conversation: Conversation, seed: int | None, fields: Mapping[str, Any] | None) -> Reply:
        if fields is None or not isinstance(self._target, AskedTarget):
            return self._target.generate([conversation], [seed])[0]
        asked = {**fields, **({} if seed is None else {"seed": seed})}
        return self._target.completion(conversation, seed, asked=asked)[0]

    @property
    def takes_fields(self) -> bool:
        """Whether the assistant can be told how to write a draft."""
        return isinstance(self._target, AskedTarget)

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
        self, talk: Conversation, reply: Reply, found: Criticism, spent: _Spent,
        action: Literal["pass", "rewrite", "hold"],
    ) -> tuple[Reply, Decision]:  # fmt: skip
        decision = Decision(
            id=secrets.token_hex(8),
            at=datetime.datetime.now(datetime.UTC).isoformat(" ", "seconds"),
            asked_by=spent.asked_by,
            request=talk.last_user,
            draft=reply.text,
            action=action,
            chance=found.chance,
            reason=found.reason,
            failed=found.chance is None,
            drafts=spent.drafts,
            tokens=spent.tokens,
            by=found.by,
            said=found.said if action == "hold" else (),
            draft_seconds=spent.drafting,
            seconds=time.perf_counter() - spent.began,
        )
        if self._queue:
            self._queue.add(decision)
        if action == "hold":
            reply = Reply(text=self._policy.held_words, seed=reply.seed, finish="stop", why=f"held: {decision.id}")
        return reply, decision


@dataclass(kw_only=True)
class _Spent:
    """What an answer has taken so far."""

    asked_by: str
    drafts: int = 0
    tokens: int = 0
    drafting: float = 0.0
    began: float = field(default_factory=time.perf_counter)
