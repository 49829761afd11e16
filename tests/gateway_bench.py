"""A gateway with a clock of its own, keys for five people and a forecaster of one line, for tests."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from drillyard.containment.gateway.anchors import AnchorFile
from drillyard.containment.gateway.canary_schedule import CanarySet
from drillyard.containment.gateway.clock import GuardedClock
from drillyard.containment.gateway.databases import sqlite_url
from drillyard.containment.gateway.forecasters import Forecaster
from drillyard.containment.gateway.gateway import Gateway
from drillyard.containment.gateway.keys import Account, Keyring, make_key
from drillyard.containment.gateway.policy import GatewayPolicy, QuestionBudget, Steering
from drillyard.containment.gateway.questions import Question
from drillyard.containment.gateway.requests import Signed, make_ballot, sign_request, vote_path
from drillyard.containment.gateway.signing import Key
from drillyard.containment.gateway.store import LedgerStore

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


LEDGER = Key.new("ledger")


def keyring() -> tuple[Keyring, dict[str, Key]]:
    """Return a keyring with one account for each of PEOPLE, and their private keys; ids are the persons' names."""
    made, keys = Keyring(ledger=LEDGER.public), {}
    for plane, person in (one.split() for one in PEOPLE):
        account, keys[person] = make_key(person, plane, person)
        made = made.enrol(account)
    return made, keys


KEYS, SECRETS = keyring()


def account(name: str) -> Account:
    """Return one person's account."""
    return account_of(KEYS, name)


def account_of(keyring: Keyring, name: str) -> Account:
    """Return one account of a keyring by its id."""
    return next(one for one in keyring.accounts if one.id == name)


def question(text: str = "Will it rain?", kind: str = "binary", **fields) -> Question:
    """Return a question that the policy admits."""
    return Question(kind=kind, topic="energy", text=text, resolves=DAY + timedelta(days=30), **fields)


def says(text: str) -> Callable[[], Forecaster]:
    """Return a maker of forecasters that always say the same."""
    return lambda: lambda _question, _seed: text


class Bench:
    """A gateway whose time stands still until it is moved; `open` starts it again over the same database."""

    def __init__(
        self,
        folder: Path,
        policy: GatewayPolicy = POLICY,
        make=None,
        fault=lambda _step: None,
        seed=None,
        url: str = "",
        canaries: CanarySet | None = None,
    ):
        self.folder, self.policy, self.make, self.fault = folder, policy, make or says("yes"), fault
        self.url, self.canaries, self.at = url or sqlite_url(folder), canaries, START
        self._nonces = itertools.count()
        self._random = random.Random(seed) if seed is not None else random.SystemRandom()
        self.gateway: Gateway = self.open(SECRETS["cy"])

    def open(self, operator: Key | None = None, **options) -> Gateway:
        """Start the gateway (again)."""
        self.gateway = self.another(operator=operator, anchor=AnchorFile(self.folder / "anchors.jsonl"), **options)
        return self.gateway

    def another(self, ledger: Key = LEDGER, **options) -> Gateway:
        """Start a gateway over the same database, with the same clock."""
        store = LedgerStore(self.url, ledger, fault=self.fault)
        clock = GuardedClock(1.0, lambda: self.at, lambda: self.at)
        options = {"entropy": self._random.randbytes, "canaries": self.canaries, **options}
        try:
            return Gateway(self.policy, KEYS, self.make, store, clock, **options)
        except BaseException:
            store.close()
            raise

    def close(self) -> None:
        """Drop the process's memory."""
        self.gateway.store.close()

    def nonce(self) -> str:
        """Return one that was never used."""
        return f"nonce-{next(self._nonces)}-{self._random.getrandbits(64)}"

    def sign(self, who: str, path: str, body: str = "") -> Signed:
        """Sign a request now."""
        return sign_request(SECRETS[who], "POST", path, body, self.at)

    def renew(self, who: str = "cy") -> None:
        """Renew the lease."""
        self.gateway.renew(self.sign(who, "/lease"))

    def kill(self, who: str = "kim") -> None:
        """Kill the gateway."""
        self.gateway.kill(self.sign(who, "/kill"))

    def epoch(self, policy: GatewayPolicy, who: str = "cy") -> int:
        """Pin a policy."""
        return self.gateway.new_epoch(self.sign(who, "/epoch", policy.to_json()))

    def score(self, name: str, outcome: int, who: str = "cy") -> float:
        """Score an erased answer."""
        return self.gateway.resolve(name, self.sign(who, f"/questions/{name}/outcome", f'{{"outcome": {outcome}}}'))

    def ask(self, text: str = "Will it rain?", who: str = "ann", **fields):
        """Put a question and run it when it was admitted."""
        ticket = self.gateway.ask(account(who), question(text, **fields), self.nonce())
        if ticket.state == "received":
            self.gateway.run(ticket.id)
        return ticket

    def ballot(self, name: str, who: str, approve: bool = True) -> Signed:
        """Sign a vote."""
        asked = self.gateway.store.seen().questions.get(name)
        digest = asked.digest if asked else ""
        return self.sign(who, vote_path(name), make_ballot(approve, digest))

    def vote(self, name: str, who: str, approve: bool = True) -> None:
        """Cast a vote."""
        self.gateway.vote(name, self.ballot(name, who, approve))

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
