"""Crashes on purpose: a gateway is ended at a random write, started again, and compared with what it had told.

A walk takes one question from its asking to its release. Each step that came back counts as told. With `kill` the walk
runs in a forked process that ends itself by SIGKILL; without, nothing after the write runs but what Python unwinds.
"""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from drillyard.containment.gateway.clock import GuardedClock
from drillyard.containment.gateway.databases import read_stored
from drillyard.containment.gateway.forecasters import Forecaster
from drillyard.containment.gateway.gateway import Gateway
from drillyard.containment.gateway.keys import Account, Keyring, make_key
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.containment.gateway.questions import Question
from drillyard.containment.gateway.requests import make_ballot, sign_request, vote_path
from drillyard.containment.gateway.sealing import day_of
from drillyard.containment.gateway.signing import Key
from drillyard.containment.gateway.store import LedgerStore
from drillyard.containment.gateway.tickets import TicketRefused
from drillyard.containment.gateway.verify import verify_entries
from drillyard.errors import BadInput
from drillyard.records import Record

__all__ = ["CrashRehearsal", "CrashReport", "count_writes", "rehearse_crashes"]

_START = 1_800_000_000.0
_PER_LEDGER = 10
_PLENTY = {"bits": 1e6, "questions": 10**6}
_POLICY = GatewayPolicy.from_data(
    {
        "topics": ["energy"], "per_asker": _PLENTY, "per_topic": _PLENTY, "per_year": _PLENTY, "erasure": 0.0,
        "hold_seconds": 10, "cooling_seconds": 5, "slot_seconds": 4, "close_seconds": 100, "lease_seconds": 1000,
        "clock_skew_seconds": 1,
    }
)  # fmt: skip
_SCOPE = f"{day_of(_START).year}/asker/ann"
_KINDS = ("admitted", "vote", "released")


class CrashReport(Record):
    """What crashes did: steps that were told or open and are not there, early answers, ledgers that are not whole.

    `finished` walks met no crash, because they had fewer writes than were counted down.
    """

    crashes: int
    finished: int
    losses: int
    early: int
    broken: int
    ledgers: int
    does_not_show: str = "This does not show what a disk does that says it wrote and did not, or a power cut."

    @property
    def held(self) -> bool:
        """Say whether nothing was lost, nothing left early and every ledger is whole."""
        return not (self.losses or self.early or self.broken)


class _Crash(BaseException):
    """The process ends here."""


class CrashRehearsal:
    """Walks over one database, each of which may be ended at its n-th write; `writes` are those of the last walk.

    Args:
        url: of an empty database.
        make: makes gateways; another class than ours shows that losses and early answers would be counted.
        kill: end a forked process by SIGKILL, in place of an exception.
    """

    def __init__(self, url: str, make: Callable[..., Gateway] = Gateway, kill: bool = False) -> None:
        self._url, self._make, self._kill, self._at = url, make, kill, _START
        self._ledger = Key.new("ledger")
        self._keyring, self._keys = Keyring(ledger=self._ledger.public), dict[str, Key]()
        for plane, person in (("asker", "ann"), ("approver", "bea"), ("approver", "bob"), ("operator", "cy")):
            account, self._keys[person] = make_key(person, plane, person)  # type: ignore[arg-type]
            self._keyring = self._keyring.enrol(account)
        self._left, self.writes, self.tally = 0, 0, Counter[str]()
        # Between two walks it holds no connection, and never anything that a restart would have to find again.
        self._store = self._fresh()
        self._open(self._keys["cy"])
        self._before = self._count()
        self._store.close()

    def walk(self, place: int) -> bool:
        """Take a walk that ends at its n-th write (0: none); start again, and count what is wrong.

        False means that no gateway starts over this ledger any more, so that no other walk can be taken.
        """
        self._left, self.writes = place, 0
        told = self._forked() if self._kill else self._raised()
        self._left, writes = 0, self.writes
        self._at += 21.0
        crashed = "end" not in told
        self.tally.update(crashes=crashed, finished=not crashed, early=told.count("early"))
        try:
            gateway = self._open()
        except BadInput:
            self._store.close()
            return False
        after = self._count()
        new, name = after - self._before, next((one[4:] for one in told if one.startswith("ask ")), "")
        votes = sum(one == "vote" for one in told)
        self.tally["losses"] += (new["admitted"] < bool(name)) + (new["vote"] < votes)
        self.tally["losses"] += told.count("refused") + (new["released"] < ("released" in told))
        self.tally["losses"] += gateway.store.seen().spent.get(_SCOPE, (0, 0))[1] != after["admitted"]
        answer = gateway.fetch(self._account("ann"), name).answer if name else ""
        self.tally["early"] += bool(answer) and not new["released"]
        self.tally["early"] += new["released"] > (new["vote"] == 2)
        self._store.close()
        self._before, self.writes = after, writes
        return True

    def check(self) -> None:
        """Verify the ledger, with all signatures."""
        faults = verify_entries(read_stored(self._url).entries, (), (self._keyring,)).faults
        self.tally["broken"] += bool(faults)
        self.tally["early"] += sum(one.what == "bad release" for one in faults)

    def _raised(self) -> list[str]:
        told: list[str] = []
        with suppress(_Crash):
            self._steps(told.append)
        return told

    def _forked(self) -> list[str]:
        read, write = os.pipe()
        if (child := os.fork()) == 0:
            code = 1
            try:
                self._steps(lambda words: os.write(write, f"{words}\n".encode()))
                code = 0
            finally:
                os._exit(code)
        os.close(write)
        with os.fdopen(read) as pipe:
            told = pipe.read().splitlines()
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if ended not in (0, -signal.SIGKILL):
            raise RuntimeError(f"a walk ended with {ended}, which is neither its end nor its crash")
        return told

    def _steps(self, tell: Callable[[str], object]) -> None:
        """Walk: every answer that is seen before its time is told as early."""
        try:
            gateway = self._open()
            self._signed(gateway.renew, "cy", "/lease")
            name = gateway.ask(self._account("ann"), self._question(), os.urandom(16).hex()).id
            tell(f"ask {name}")
            gateway.run(name)
            for who, pause in (("bea", 11.0), ("bob", 1.0)):
                vote = make_ballot(True, self._question().digest())
                path = vote_path(name)
                try:
                    gateway.vote(name, sign_request(self._keys[who], "POST", path, vote, self._at))
                    tell("vote")
                except TicketRefused:
                    tell("refused")
                self._at += pause
                if gateway.fetch(self._account("ann"), name).answer:
                    tell("early")
            self._at += 9.0
            tell("released" if gateway.fetch(self._account("ann"), name).answer else "held back")
            tell("end")
        finally:
            self._store.close()

    def _signed(self, act: Callable[..., object], who: str, path: str) -> None:
        act(sign_request(self._keys[who], "POST", path, "", self._at))

    def _fresh(self) -> LedgerStore:
        return LedgerStore(self._url, self._ledger, fault=self._fault, skew=_POLICY.clock_skew_seconds)

    def _open(self, operator: Key | None = None) -> Gateway:
        self._store.close()
        self._store = self._fresh()
        clock = GuardedClock(1.0, lambda: self._at, lambda: self._at)
        return self._make(_POLICY, self._keyring, _says_yes, self._store, clock, operator=operator)

    def _fault(self, step: str) -> None:
        self.writes += 1
        self._left -= 1
        if self._left == 0:
            if self._kill:
                os.kill(os.getpid(), signal.SIGKILL)
            raise _Crash(step)

    def _count(self) -> Counter[str]:
        kinds = Counter(entry.kind for entry in self._store.entries())
        return Counter({kind: kinds[kind] for kind in _KINDS})

    def _account(self, name: str) -> Account:
        return next(one for one in self._keyring.accounts if one.id == name)

    def _question(self) -> Question:
        day = day_of(_START) + timedelta(days=30)
        return Question(kind="binary", topic="energy", text="Will it rain?", resolves=day)


def count_writes(url: str) -> int:
    """Return how many writes a whole walk over an empty database has."""
    trial = CrashRehearsal(url)
    trial.walk(0)
    return trial.writes


def rehearse_crashes(
    count: int,
    fresh: Callable[[int], str],
    seed: int = 1,
    *,
    kill: bool = False,
    make: Callable[..., Gateway] = Gateway,
    step: Callable[[], None] = lambda: None,
) -> CrashReport:
    """Crash walks at random writes until that many crashed; verifies each ledger at its end.

    Args:
        count: crashes.
        fresh: returns the URL of an empty database by its number; each is used for ten walks.
        seed: of the writes at which they end.
        kill: by SIGKILL of a forked process; call it where no other thread runs.
        make: makes gateways.
        step: called after each walk.
    """
    rng, tally, ledgers = random.Random(seed), Counter[str](), 0
    writes = count_writes(fresh(0))
    while tally["crashes"] < count:
        rehearsal = CrashRehearsal(fresh(ledgers + 1), make, kill)
        for _ in range(min(_PER_LEDGER, count - tally["crashes"])):
            goes_on = rehearsal.walk(rng.randint(1, writes))
            step()
            if not goes_on:
                break
        rehearsal.check()
        tally.update(rehearsal.tally)
        ledgers += 1
    told = {name: tally[name] for name in ("crashes", "finished", "losses", "early", "broken")}
    return CrashReport(**told, ledgers=ledgers)


def _says_yes() -> Forecaster:
    return lambda _question, _seed: "yes"
