"""A gateway with a clock of its own, keys for five people and a forecaster of one line, for tests."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from drillyard.containment.gateway.anchors import AnchorFile
from drillyard.containment.gateway.clock import GuardedClock
from drillyard.containment.gateway.forecasters import Forecaster
from drillyard.containment.gateway.gateway import Gateway
from drillyard.containment.gateway.keys import Account, Keyring
from drillyard.containment.gateway.policy import GatewayPolicy, QuestionBudget, Steering
from drillyard.containment.gateway.questions import Question
from drillyard.containment.gateway.store import Store, sqlite_url

START = 1_800_000_000.0
DAY = date(2027, 1, 15)
PLENTY = QuestionBudget(bits=1e6, questions=10**6)
POLICY = GatewayPolicy(
    topics=("energy",),
    per_asker=PLENTY,
    per_topic=PLENTY,
    per_year=PLENTY,
    erasure=0.0,
    hold_seconds=10,
    cooling_seconds=5,
    close_seconds=100,
    slot_seconds=4,
    lease_seconds=1000,
    clock_skew_seconds=1,
    steering=Steering(limit=0.5, weights={"bank run": 0.9}),
    forbidden=({"name": "itself", "patterns": [r"\byou\b"]},),
)
PEOPLE = ("asker ann", "asker abe", "approver bea", "approver bob", "approver ben", "operator cy", "kill kim")


def keyring() -> Keyring:
    """Return a keyring with one account for each of PEOPLE; the account's id is the person's name."""
    made = Keyring.new()
    for plane, person in (one.split() for one in PEOPLE):
        made, _ = made.enrol(person, plane, person)
    return made


KEYS = keyring()


def account(name: str) -> Account:
    """Return one person's account."""
    return next(one for one in KEYS.accounts if one.id == name)


def question(text: str = "Will it rain?", kind: str = "binary", **fields) -> Question:
    """Return a question that the policy admits."""
    return Question(kind=kind, topic="energy", text=text, resolves=DAY + timedelta(days=30), **fields)


def says(text: str) -> Callable[[], Forecaster]:
    """Return a maker of forecasters that always say the same."""
    return lambda: lambda _question, _seed: text


class Bench:
    """A gateway whose time stands still until it is moved; `open` starts it again over the same folder."""

    def __init__(self, folder: Path, policy: GatewayPolicy = POLICY, make=None, fault=lambda _step: None, seed=None):
        self.folder, self.policy, self.make, self.fault = folder, policy, make or says("yes"), fault
        self.at = START
        self._nonces = itertools.count()
        self._random = random.Random(seed) if seed is not None else random.SystemRandom()
        self.gateway: Gateway = self.open(account("cy"))

    def open(self, operator: Account | None = None, **options) -> Gateway:
        """Start the gateway (again)."""
        store = Store(sqlite_url(self.folder), bytes.fromhex(KEYS.ledger_key), fault=self.fault)
        clock = GuardedClock(1.0, lambda: self.at, lambda: self.at)
        anchor = AnchorFile(self.folder / "anchors.jsonl")
        options = {"anchor": anchor, "operator": operator, "entropy": self._random.randbytes, **options}
        self.gateway = Gateway(self.policy, KEYS, self.make, store, clock, **options)
        return self.gateway

    def close(self) -> None:
        """Drop the process's memory."""
        self.gateway.store.close()

    def nonce(self) -> str:
        """Return one that was never used."""
        return f"nonce-{next(self._nonces)}-{self._random.getrandbits(64)}"

    def renew(self) -> None:
        """Renew the lease."""
        self.gateway.renew(account("cy"), self.nonce())

    def ask(self, text: str = "Will it rain?", who: str = "ann", **fields):
        """Put a question and run it when it was admitted."""
        ticket = self.gateway.ask(account(who), question(text, **fields), self.nonce())
        if ticket.state == "received":
            self.gateway.run(ticket.id)
        return ticket

    def vote(self, name: str, who: str, approve: bool = True) -> None:
        """Cast a vote."""
        self.gateway.vote(account(who), name, approve, self.nonce())

    def fetch(self, name: str, who: str = "ann"):
        """Look at a question."""
        return self.gateway.fetch(account(who), name)

    def released(self) -> str:
        """Bring one question to its release and return its id."""
        self.renew()
        name = self.ask().id
        self.vote(name, "bea")
        self.vote(name, "bob")
        self.at += 20
        assert self.fetch(name).answer == "yes"
        return name
