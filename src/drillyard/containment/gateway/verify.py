"""Checking a ledger from outside: the chain, the coins, and every release against what was written before it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DatabaseError

from drillyard.containment.gateway.anchors import read_anchors
from drillyard.containment.gateway.chain import Anchor, Entry, Fault, check_chain
from drillyard.containment.gateway.coin import is_erased, opens
from drillyard.containment.gateway.predicates import slot_after
from drillyard.containment.gateway.sealing import mark
from drillyard.containment.gateway.store import Store, sqlite_url
from drillyard.errors import bad_input
from drillyard.records import Record

__all__ = ["LedgerFault", "LedgerReport", "check_story", "verify_entries", "verify_folder"]

_LIMITS = (
    "This does not show that nothing left by another way than the gateway, nor a record that was never written; "
    "without an anchor kept elsewhere, it does not show that the end is there."
)


class LedgerFault(Record):
    """One thing that is wrong, at a record's number."""

    sequence: int
    what: str
    words: str


class LedgerReport(Record):
    """What a ledger holds and what is wrong with it; `millibits` are reserved, by all askers together."""

    records: int
    head: str
    anchors: int
    admitted: int
    released: int
    erased: int
    millibits: int
    faults: tuple[LedgerFault, ...]
    does_not_show: str = _LIMITS

    @property
    def whole(self) -> bool:
        """Say whether nothing is wrong."""
        return not self.faults


def verify_folder(folder: Path, anchors: Path | None = None, key: bytes | None = None) -> LedgerReport:
    """Check the ledger of a folder. Raises `BadInput` where there is none, or it cannot be read."""
    if not (folder / "gateway.db").is_file():
        raise bad_input(f"no gateway.db in {folder}", "the folder of drillyard contain gateway serve --ledger")
    kept = read_anchors(anchors) if anchors else []
    try:
        store = Store(sqlite_url(folder))
        entries, head = store.entries(), store.head()
        store.close()
    except DatabaseError as error:
        raise bad_input(f"{folder / 'gateway.db'} ({error.orig})", "a gateway's database") from None
    # The control row's head is one more anchor, though one beside the ledger.
    beside = [Anchor(sequence=head[0], digest=head[1], at=0.0)] if head[0] else []
    report = verify_entries(entries, kept, key)
    extra = [fault for fault in check_chain(entries, beside) if fault not in check_chain(entries)]
    more = tuple(_fault(fault) for fault in extra if _fault(fault).sequence not in {f.sequence for f in report.faults})
    return report.model_copy(update={"faults": (*report.faults, *more)})


def verify_entries(entries: Sequence[Entry], anchors: Sequence[Anchor] = (), key: bytes | None = None) -> LedgerReport:
    """Check records that were read from anywhere."""
    faults = check_chain(entries, anchors, key)
    if not faults:
        faults = check_story(entries)
    kinds = [entry.kind for entry in entries]
    return LedgerReport(
        records=len(entries),
        head=entries[-1].digest if entries else "",
        anchors=len(anchors),
        admitted=kinds.count("admitted"),
        released=kinds.count("released"),
        erased=sum(bool(entry.data["erased"]) for entry in entries if entry.kind == "run"),
        millibits=sum(int(entry.data["millibits"]) for entry in entries if entry.kind == "admitted"),
        faults=tuple(_fault(fault) for fault in faults),
    )


def check_story(entries: Sequence[Entry]) -> list[Fault]:
    """Replay a whole ledger and find releases and coins that its own earlier records do not allow.

    Written apart from the gateway: it reads records alone, and so checks the gateway as well as the ledger.
    """
    story = _Story()
    return [fault for entry in entries if (fault := story.next(entry))]


class _Story:
    """What is known so far of epochs, coins, questions, votes and switches."""

    def __init__(self) -> None:
        self.epoch: dict[str, Any] = {}
        self.killed = False
        self.lease = 0.0
        self.coins: dict[int, list[str]] = {}
        self.tossed: set[tuple[int, int]] = set()
        self.asked: dict[str, Any] = {}
        self.ran: dict[str, Any] = {}
        self.votes: dict[str, dict[str, tuple[bool, float]]] = {}
        self.over: set[str] = set()

    def next(self, entry: Entry) -> Fault | None:
        """Take the next record; return what is wrong with it."""
        try:
            wrong = self._wrong(entry, entry.data)
        except (KeyError, IndexError, TypeError):
            wrong = "it, or a record that it rests on, lacks a field"
        what = {"released": "bad release", "run": "bad coin"}.get(entry.kind, "bad record")
        return Fault(sequence=entry.sequence, what=what, words=wrong) if wrong else None

    def _wrong(self, entry: Entry, data: dict[str, Any]) -> str:
        wrong = ""
        if entry.kind == "epoch":
            self.epoch, self.killed, self.lease = data, False, 0.0
        elif entry.kind == "killed":
            self.killed = True
        elif entry.kind == "lease":
            self.lease = data["until"]
        elif entry.kind == "coins":
            self.coins[entry.sequence] = data["commitments"]
        elif entry.kind == "admitted":
            wrong = self._admit(entry, data)
        elif entry.kind == "run":
            wrong = self._toss(data)
        elif entry.kind == "vote":
            wrong = self._vote(entry, data)
        elif entry.kind == "lost":
            self.over.add(data["id"])
        elif entry.kind == "released":
            wrong = self._release(entry, data)
        return wrong

    def _admit(self, entry: Entry, data: dict[str, Any]) -> str:
        self.asked[data["id"]] = {**data, "at": entry.at, "epoch": self.epoch.get("epoch", 0)}
        coin = (data["batch"], data["index"])
        used, known = coin in self.tossed, data["index"] < len(self.coins.get(data["batch"], []))
        self.tossed.add(coin)
        if used or not known:
            return "its coin was used before" if used else "nobody committed to its coin"
        return "" if self._alive(entry.at) else "the gateway was stopped"

    def _toss(self, data: dict[str, Any]) -> str:
        asked = self.asked.get(data["id"])
        if asked is None or data["id"] in self.ran:
            return "this question was not admitted, or ran before"
        self.ran[data["id"]] = data
        if (data["batch"], data["index"]) != (asked["batch"], asked["index"]):
            return "another coin was opened than the one that was assigned"
        if not opens(data["nonce"], self.coins[data["batch"]][data["index"]]):
            return "the coin is not the one that was committed to"
        toss = is_erased(data["nonce"], asked["question"], self.epoch["erasure"])
        same = self.epoch["epoch"] != asked["epoch"] or toss == data["erased"]
        return "" if same else "the coin says the opposite"

    def _vote(self, entry: Entry, data: dict[str, Any]) -> str:
        votes = self.votes.setdefault(data["id"], {})
        if data["person"] in votes:
            return "this person voted before"
        votes[data["person"]] = (data["approve"], entry.at)
        return ""

    def _alive(self, at: float) -> bool:
        # A request may wait in line for its turn to be written, so its lease is judged to a second.
        return not self.killed and at < self.lease + 1.0

    def _release(self, entry: Entry, data: dict[str, Any]) -> str:
        asked, ran, rules = self.asked.get(data["id"]), self.ran.get(data["id"]), self.epoch.get("rules", {})
        if asked is None or ran is None or data["id"] in self.over:
            return "this answer was never sealed, is lost, or was released before"
        self.over.add(data["id"])
        votes = self.votes.get(data["id"], {})
        opens_at = asked["at"] + rules["hold"]
        ready = max([opens_at, *(at + rules["cooling"] for _, at in votes.values())])
        # Waiting in line moves a record's time forward alone; the question's own times are earlier by that much.
        holds = {
            "it was erased or stopped": not ran["erased"] and not ran["stopped"],
            "it is not the answer that was sealed": mark(data["answer"], data["salt"]) == ran["answer"],
            "too few persons approved": sum(yes for yes, _ in votes.values()) >= rules["approvals"],
            "somebody said no": all(yes for yes, _ in votes.values()),
            "the hold or the cooling-off was not over": entry.at >= slot_after(ready - 1, rules["slot"]),
            "its policy was not in force any more": asked["epoch"] == self.epoch["epoch"],
            "it was closed": entry.at < asked["at"] + rules["close"] + 1,
            "the gateway was stopped": self._alive(entry.at),
        }
        return "; ".join(words for words, held in holds.items() if not held)


def _fault(fault: Fault) -> LedgerFault:
    return LedgerFault(sequence=fault.sequence, what=fault.what, words=fault.words)
