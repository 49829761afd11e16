"""The books of a gateway: budgets, questions, votes and switches as its ledger tells them, and as nothing else does.

They are replayed record by record and kept in memory. Every decision reads them, so that no row of a database can be
edited into a decision: what is not in the signed chain is not there.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from drillyard.containment.gateway.chain import GENESIS, Entry, is_next
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.containment.gateway.requests import WINDOW_SECONDS, Signed
from drillyard.containment.gateway.sealing import scopes_of
from drillyard.errors import BadInput, DrillyardError

__all__ = ["Asked", "Books", "Cast", "Head", "LedgerChanged"]

# Ten times as long as a signed request is taken: clocks of several gateways differ, and requests wait in line.
_KEPT_NONCES = 10 * WINDOW_SECONDS


class LedgerChanged(DrillyardError):
    """The database is not what was written to it; nothing is asked or released until the gateway is started again."""

    def __init__(self, found: str) -> None:
        how = "run gateway verify, put the database right and start again"
        super().__init__(f"found {found}, expected what the gateway wrote; {how}")


@dataclass(frozen=True, kw_only=True)
class Cast:
    """One vote as the ledger has it, with the request that cast it."""

    person: str
    approve: bool
    at: float
    signed: Signed


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question as the ledger tells it; `status` goes from admitted to sealed to released, or to closed.

    `digest` is the hash of its words, `answer` what was released. Times are in seconds since 1970.
    """

    id: str
    gateway: str
    account: str
    person: str
    epoch: int
    digest: str
    admitted_at: float
    opens_at: float
    closes_at: float
    status: str = "admitted"
    votes: tuple[Cast, ...] = ()
    answer: str = ""

    @property
    def open(self) -> bool:
        """Say whether it may still be voted on."""
        return self.status in ("admitted", "sealed")


@dataclass(frozen=True, kw_only=True)
class Head:
    """The last record, and the switches after it; `missed` are canaries.

    `pinned` are the hashes of policy and keyring, and the forecaster's reference.
    """

    sequence: int = 0
    digest: str = GENESIS
    at: float = 0.0
    epoch: int = 0
    pinned: tuple[str, str, str] = ("", "", "")
    killed: bool = False
    lease_until: float = 0.0
    missed: int = 0
    policy: GatewayPolicy | None = field(default=None, repr=False)


class Books:
    """What a ledger says up to one record. `draft` gives books on top of these, of which `settle` keeps all or nothing.

    `spent` has thousandths of bits and questions by scope, `requests` the time of each nonce by account and nonce.
    """

    def __init__(self, below: Books | None = None) -> None:
        self._below = below
        self.head: Head = below.head if below else Head()
        self.spent: ChainMap[str, tuple[int, int]] = below.spent.new_child() if below else ChainMap()
        self.questions: ChainMap[str, Asked] = below.questions.new_child() if below else ChainMap()
        self.requests: ChainMap[tuple[str, str], float] = below.requests.new_child() if below else ChainMap()

    def draft(self) -> Books:
        """Return books on top of these; what they take is not seen here."""
        return Books(self)

    def settle(self) -> None:
        """Keep what a draft took in the books below it, if those have not read as far by themselves."""
        below = self._below
        if below is None or below.head.sequence >= self.head.sequence:
            return
        below.spent.maps[0].update(self.spent.maps[0])
        below.questions.maps[0].update(self.questions.maps[0])
        below.requests.maps[0].update(self.requests.maps[0])
        below.head = self.head

    def follow(self, entries: Iterable[Entry], publics: tuple[str, ...]) -> None:
        """Take further records that were read from a database; those that are here already are passed over.

        Raises:
            LedgerChanged: one does not follow, is not what was hashed, is not signed, or lacks a field.
        """
        for entry in entries:
            if entry.sequence <= self.head.sequence:
                continue
            if not is_next(entry, self.head.sequence, self.head.digest, publics):
                raise LedgerChanged(f"a ledger that does not go on after record {self.head.sequence}")
            self.take(entry)

    def take(self, entry: Entry, data: Mapping[str, Any] | None = None) -> None:
        """Take the next record, which the caller has checked or made; `data` is its body, read from it unless given.

        Raises:
            LedgerChanged: it lacks a field.
        """
        try:
            told = entry.data if data is None else data
            if (reader := _READERS.get(entry.kind)) is not None:
                reader(self, entry, told)
            self._note(entry, told)
        except (KeyError, TypeError, AttributeError, ValueError, BadInput):
            raise LedgerChanged(f"record {entry.sequence}, a broken one") from None
        self.head = replace(self.head, sequence=entry.sequence, digest=entry.digest, at=entry.at)

    def affords(self, limits: Mapping[str, tuple[int, int]], millibits: int) -> bool:
        """Say whether every scope has these thousandths of bits and one question left."""
        spent = {scope: self.spent.get(scope, (0, 0)) for scope in limits}
        return all(
            spent[scope][0] + millibits <= bits and spent[scope][1] < count for scope, (bits, count) in limits.items()
        )

    def waiting(self) -> list[Asked]:
        """Return the questions that are open, oldest first."""
        return [one for one in list(self.questions.maps[0].values()) if one.open]

    def forget_requests(self) -> None:
        """Drop the nonces of requests that are too old to be taken again."""
        nonces = self.requests.maps[0]
        while nonces and nonces[oldest := next(iter(nonces))] < self.head.at - _KEPT_NONCES:
            del nonces[oldest]

    # One reader for each kind of record.

    def _note(self, entry: Entry, data: Mapping[str, Any]) -> None:
        if "signed" in data:
            self.requests[data["signed"]["account"], data["signed"]["nonce"]] = entry.at
        elif "request" in data:
            self.requests[data["account"], data["request"]] = entry.at

    def _open(self, entry: Entry, data: Mapping[str, Any]) -> None:
        policy = GatewayPolicy.from_json(data["signed"]["body"])
        pinned = (data["policy"], data["keys"], str(data.get("forecaster", "")))
        self.head = Head(at=entry.at, epoch=data["epoch"], pinned=pinned, policy=policy)

    def _kill(self, entry: Entry, data: Mapping[str, Any]) -> None:
        self.head = replace(self.head, killed=True)

    def _renew(self, entry: Entry, data: Mapping[str, Any]) -> None:
        self.head = replace(self.head, lease_until=float(data["until"]))

    def _admit(self, entry: Entry, data: Mapping[str, Any]) -> None:
        rules = self.head.policy
        if rules is None:
            raise KeyError("no epoch")
        for scope in scopes_of(data["person"], data["topic"], entry.at):
            bits, count = self.spent.get(scope, (0, 0))
            self.spent[scope] = (bits + int(data["millibits"]), count + 1)
        self.questions[data["id"]] = Asked(
            id=data["id"],
            gateway=data["gateway"],
            account=data["account"],
            person=data["person"],
            epoch=self.head.epoch,
            digest=data["question"],
            admitted_at=entry.at,
            opens_at=entry.at + rules.hold_seconds,
            closes_at=entry.at + rules.close_seconds,
        )

    def _change(self, name: str, **fields: Any) -> None:
        self.questions[name] = replace(self.questions[name], **fields)

    def _run(self, entry: Entry, data: Mapping[str, Any]) -> None:
        self._change(data["id"], status="closed" if data["stopped"] or data["erased"] else "sealed")

    def _vote(self, entry: Entry, data: Mapping[str, Any]) -> None:
        asked = self.questions[data["id"]]
        signed = Signed.from_data(data["signed"])
        cast = Cast(person=data["person"], approve=data["approve"], at=entry.at, signed=signed)
        status = asked.status if data["approve"] else "closed"
        self.questions[asked.id] = replace(asked, votes=(*asked.votes, cast), status=status)

    def _close(self, entry: Entry, data: Mapping[str, Any]) -> None:
        self._change(data["id"], status="closed", votes=())

    def _judge(self, entry: Entry, data: Mapping[str, Any]) -> None:
        self._close(entry, data)
        lease = 0.0 if data["act"] == "hold" else self.head.lease_until
        missed, killed = self.head.missed + (data["result"] != "right"), self.head.killed or data["act"] == "kill"
        self.head = replace(self.head, lease_until=lease, missed=missed, killed=killed)

    def _release(self, entry: Entry, data: Mapping[str, Any]) -> None:
        self._change(data["id"], status="released", votes=(), answer=data["answer"])


_READERS: Mapping[str, Callable[[Books, Entry, Mapping[str, Any]], None]] = {
    "epoch": Books._open, "killed": Books._kill, "lease": Books._renew, "admitted": Books._admit, "run": Books._run,
    "vote": Books._vote, "lost": Books._close, "canary": Books._judge, "released": Books._release,
}  # fmt: skip
