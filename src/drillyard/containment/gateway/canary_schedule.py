"""Canaries among live questions: when they are put, what became of each, and what a wrong answer does.

A canary is put by an ordinary asker's account at a time that is drawn like those of live questions, costs budget, runs,
waits and is voted on like any other, and closes when another's answer could have left. Neither the forecaster nor an
approver sees who asks. Its answer is compared with the known one when it is sealed, and never put where a release
looks. Which question was one stands in the ledger once it is over.
"""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field

from drillyard.containment.gateway.answers import agree
from drillyard.containment.gateway.canaries import KnownQuestion
from drillyard.containment.gateway.keys import Account, Keyring
from drillyard.containment.gateway.policy import CanaryRule, GatewayPolicy
from drillyard.containment.gateway.questions import find_refusal
from drillyard.containment.gateway.sealing import Sealed, day_of
from drillyard.containment.gateway.store import Writer
from drillyard.errors import bad_input
from drillyard.records import Record
from drillyard.records.yaml_file import read_yaml_record

__all__ = ["CanarySet", "LiveCanaries", "Watched", "judge", "judge_run", "read_canaries"]

_GAPS = 64
"""Gaps between questions that are remembered, to put a canary into a usual one: chosen, not measured."""

Result = Literal["right", "wrong", "none"]


class CanarySet(Record):
    """Known questions, each of which is put once, and the ids of the askers in whose names they are put."""

    accounts: tuple[str, ...] = Field(min_length=1)
    questions: tuple[KnownQuestion, ...] = Field(min_length=1)


@dataclass(frozen=True, kw_only=True, repr=False)
class Watched:
    """A canary that was put: what is known, and its sealed answer once it ran."""

    answer: str
    sealed: Sealed | None = None

    def result(self, said: str) -> Result:
        """Compare an answer: right, wrong, or none where the runs did not agree or a monitor stopped them."""
        return "right" if said == self.answer else "wrong" if said else "none"


def read_canaries(path: Path) -> CanarySet:
    """Read a set from YAML or JSON that nobody else can read. Raises `BadInput`."""
    if path.is_file() and path.stat().st_mode & 0o077:
        raise bad_input(f"{path} that others can read", "mode 600", f"type chmod 600 {path}")
    return read_yaml_record(path, CanarySet)


class LiveCanaries:
    """The canaries of one gateway's process. A restart forgets those that wait; they close as lost.

    Args:
        known: what may be put; nothing for none.
        keyring: with the accounts in whose names they are put.
        used: digests of questions that the ledger has seen, which are not put again.
        draw: chance.

    Raises:
        BadInput: an account that is no asker of the keyring.
    """

    def __init__(self, known: CanarySet | None, keyring: Keyring, used: Iterable[str], draw: random.Random) -> None:
        seen = set(used)
        self._accounts = [_asker(keyring, name) for name in known.accounts] if known else []
        self._left = [one for one in known.questions if one.question.digest() not in seen] if known else []
        self._draw, self._lock = draw, threading.Lock()
        self._gaps: deque[float] = deque(maxlen=_GAPS)
        self._last: float | None = None
        self._due: list[float] = []
        self._open: dict[str, Watched] = {}

    def check(self, policy: GatewayPolicy, today: date) -> None:
        """Raise `BadInput` for a known answer that no release could have, or that noise could change."""
        plain = policy.with_fields(dither=0.0)
        for one in self._left:
            if policy.dither and one.question.kind in ("grid", "date"):
                found = f"{one.question.kind!r} of {one.question.text!r:.60} under dither"
                raise bad_input(found, "canaries that noise leaves as they are: binary or category")
            said = agree(one.question, [one.answer] * policy.runs, plain, today, self._draw).answer
            if said != one.answer:
                found = f"{one.answer!r} to {one.question.text!r:.60}"
                raise bad_input(found, f"an answer in canonical form ({said!r})" if said else "an answer of its type")

    @property
    def left(self) -> int:
        """Count the canaries that were not put yet."""
        return len(self._left)

    @property
    def open(self) -> list[str]:
        """Return the ids of those that were put and are not over."""
        return list(self._open)

    def saw(self, now: float, share: float) -> None:
        """Note a live question; with chance `share / (1 - share)` a canary follows, after a gap between live ones."""
        with self._lock:
            if self._last is not None:
                self._gaps.append(max(0.0, now - self._last))
            self._last = now
            if self._left and self._gaps and self._draw.random() < share / (1 - share):
                self._due.append(now + self._draw.choice(self._gaps))

    def due(self, now: float, policy: GatewayPolicy) -> list[tuple[Account, KnownQuestion]]:
        """Take the canaries whose time has come: an account and a question for each that the policy admits today."""
        with self._lock:
            ready = [at for at in self._due if at <= now]
            self._due = [at for at in self._due if at > now]
            fit = [one for one in self._left if not find_refusal(one.question, policy, day_of(now))]
            taken = self._draw.sample(fit, min(len(fit), len(ready)))
            self._left = [one for one in self._left if one not in taken]
            return [(self._draw.choice(self._accounts), one) for one in taken]

    def put_back(self, known: KnownQuestion) -> None:
        """Keep one that was not admitted for later."""
        with self._lock:
            self._left.append(known)

    def watch(self, name: str, watched: Watched) -> None:
        """Remember what is known of a canary."""
        self._open[name] = watched

    def watched(self, name: str) -> Watched | None:
        """Return a canary that is not over."""
        return self._open.get(name)

    def ran(self, name: str, watched: Watched, sealed: Sealed, over: bool) -> None:
        """Keep the sealed answer of a canary that waits; forget one that is over."""
        if over:
            self.forget(name)
        else:
            self.watch(name, replace(watched, sealed=sealed))

    def forget(self, name: str) -> None:
        """Drop a canary that is over."""
        self._open.pop(name, None)

    def clear(self) -> None:
        """Drop all that wait: a kill or a new epoch closed them."""
        self._open.clear()


def _asker(keyring: Keyring, name: str) -> Account:
    account = keyring.find(name, "asker")
    if account is None:
        raise bad_input(f"{name!r} among the canaries' accounts", "the id of an asker of the keyring")
    return account


def judge(writer: Writer, rule: CanaryRule, name: str, watched: Watched, sealed: Sealed, now: float) -> str:
    """Write down what became of a canary, close it and do what the policy says; returns that: hold, kill, note, or ''.

    A missed one (wrong, or none) counts against `allow` within its epoch.
    """
    result, head = watched.result(sealed.answer), writer.books.head
    act = rule.act if result != "right" and head.missed + 1 > rule.allow else ""
    told = {"id": name, "epoch": head.epoch, "known": watched.answer, "result": result, "act": act}
    writer.append(now, "canary", {**told, "answer": sealed.answer, "salt": sealed.salt})
    return act


def judge_run(
    writer: Writer, rule: CanaryRule, name: str, watched: Watched, sealed: Sealed, now: float, *, closed: bool
) -> str:
    """Judge a canary that just ran, if it is over: closed, or missed; returns what was done, `over` for nothing more.

    A right one that waits for votes is not over, and nothing is written down that could tell it from others.
    """
    if writer.books.head.killed or not (closed or watched.result(sealed.answer) != "right"):
        return ""
    return judge(writer, rule, name, watched, sealed, now) or "over"
