"""The gateway: admission, budgets, coin, episodes, canonical answer, monitors, hold, votes, release.

Answers are sealed in this process's memory alone. A crash loses them: their questions close, their budget stays spent.
"""

from __future__ import annotations

import random
import secrets
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from drillyard.containment.gateway.anchors import Keeper, make_anchor
from drillyard.containment.gateway.answers import agree
from drillyard.containment.gateway.chain import check_chain
from drillyard.containment.gateway.clock import ClockFault, GuardedClock
from drillyard.containment.gateway.coin import Coin, Coins, is_erased
from drillyard.containment.gateway.forecasters import Forecaster, episodes
from drillyard.containment.gateway.keys import Account, Keyring
from drillyard.containment.gateway.monitors import Monitor, length_monitor, stops
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.containment.gateway.predicates import Evidence, Vote, unmet
from drillyard.containment.gateway.questions import Question, refusal
from drillyard.containment.gateway.sealing import Sealed, day_of, limits_of, millibits
from drillyard.containment.gateway.store import Store, Writer
from drillyard.errors import bad_input

__all__ = ["Gateway", "Refused", "Ticket"]

_ANCHOR_EVERY = 64
_AT_ONCE = ("epoch", "released", "killed")


class Refused(Exception):
    """What was asked of the gateway is not done; the words are for the log of tests, never for the asker."""


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """What an asker gets for a question: `state` is received, refused, waiting, closed or released."""

    id: str
    state: str
    answer: str = ""


class Gateway:
    """One process's gateway over a store.

    Args:
        policy: its rules; the ledger pins its hash and that of the keyring.
        keyring: who may do what.
        make: returns a fresh forecaster for each episode.
        store: budgets, questions, votes, ledger.
        clock: that is believed.
        name: of this gateway among those that share a database.
        monitors: beside the one of the answer's length.
        anchor: receives the head of the ledger.
        operator: the account that opens a new epoch where policy or keys differ from those pinned.
        entropy: random bytes.

    Raises:
        BadInput: the ledger is not whole, or its pinned policy or keys are others and no operator opens a new epoch.
    """

    def __init__(
        self,
        policy: GatewayPolicy,
        keyring: Keyring,
        make: Callable[[], Forecaster],
        store: Store,
        clock: GuardedClock,
        *,
        name: str = "gateway",
        monitors: Sequence[Monitor] = (),
        anchor: Keeper | None = None,
        operator: Account | None = None,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self.policy, self.keyring, self.store, self.clock, self.name = policy, keyring, store, clock, name
        self._make, self._own_monitors, self._anchor, self._entropy = make, tuple(monitors), anchor, entropy
        self._key = bytes.fromhex(keyring.ledger_key)
        self._sealed: dict[str, Sealed] = {}
        self._erased: dict[str, Sealed] = {}
        self._coins_of: dict[str, Coin] = {}
        self._killed = threading.Event()
        self.epoch = 0
        self._anchored = 0
        self._approvers = frozenset(one.person for one in keyring.accounts if one.plane == "approver")
        if faults := check_chain(store.entries(), (), self._key):
            where = f"{faults[0].what} at record {faults[0].sequence}"
            raise bad_input(f"a ledger that is not whole ({where})", "a whole one", "run gateway verify on it")
        self._open_epoch(operator)
        self._recover()
        self._coins = Coins(self._publish, entropy)

    # Askers.

    def ask(self, account: Account, question: Question, nonce: str) -> Ticket:
        """Admit a question and reserve its bits, or refuse it; the forecaster is not asked yet.

        Raises:
            Refused: wrong plane. Replayed: the nonce was used. ClockFault.
        """
        self._require(account, "asker")
        now, name = self.clock.now(), self._entropy(12).hex()
        why = refusal(question, self.policy, day_of(now))
        coin = None if why or self._killed.is_set() else self._coins.take()

        def admit(writer: Writer) -> None:
            writer.use_nonce(account.id, nonce, now)
            if why or coin is None or not self._live(writer, now):
                raise Refused(why or "stopped")
            if not self._reserve(writer, account, question, now):
                raise Refused("budget")
            self._admit(writer, account, question, name, coin, now)

        try:
            self.store.together(admit)
        except Refused as error:
            self._note_refusal(account, nonce, question, str(error), now)
            return Ticket(id=name, state="refused")
        assert coin is not None
        self._coins_of[name] = coin
        self._head()
        return Ticket(id=name, state="received")

    def run(self, name: str) -> None:
        """Ask the forecaster an admitted question, and seal, erase or close it. Any fault closes it."""
        row = self.store.question(name)
        coin = self._coins_of.pop(name, None)
        if row is None or row.status != "admitted" or coin is None or self._killed.is_set():
            return
        question = Question.from_json(row.body)
        seeds = [int.from_bytes(self._entropy(4), "big") for _ in range(self.policy.runs)]
        raws = episodes(self._make, question, seeds)
        rng = random.Random(self._entropy(16))
        found = agree(question, raws, self.policy, day_of(row.admitted_at), rng)
        monitors = (length_monitor(self.policy), *self._own_monitors)
        reason = stops(monitors, question, raws, found.answer)
        sealed = Sealed(question=question, answer=found.answer, salt=self._entropy(16).hex())
        erased = is_erased(coin.nonce, question.digest(), self.policy.erasure)
        now = self.clock.now()
        why = "monitor" if reason else "late" if now >= row.opens_at else "" if found.answer else "no agreement"
        opened = {"id": name, "batch": coin.batch, "index": coin.index, "nonce": coin.nonce, "erased": erased}

        def seal(writer: Writer) -> str:
            # A veto, a kill or a new epoch may have come while the forecaster thought.
            still = writer.question(name)
            gone = still is None or still.status != "admitted" or writer.killed or still.epoch != writer.epoch
            stopped = why or ("closed before" if gone else "")
            seen = {"answer": "" if stopped else sealed.mark, "parsed": found.parsed, "stopped": stopped}
            writer.append(now, "run", {**opened, **seen})
            writer.set_status(name, "closed" if stopped or erased else "sealed")
            return stopped

        if not self.store.together(seal):
            (self._erased if erased else self._sealed)[name] = sealed
        self._head()

    def fetch(self, account: Account, name: str) -> Ticket:
        """Return an asker's own question as it stands; releases its answer where every predicate holds.

        What is refused, erased, stopped, vetoed or lost looks alike: waiting, and closed at the closing time.
        """
        self._require(account, "asker")
        now = self.clock.now()
        row = self.store.question(name)
        if row is None or row.account != account.id:
            raise Refused("not yours")
        answer = ""
        if row.status == "released":
            answer = self._again(row, now)
        elif row.status == "sealed" and name in self._sealed and now >= row.opens_at:
            answer = self._release(name, now)
        if answer and not self._killed.is_set():
            return Ticket(id=name, state="released", answer=answer)
        return Ticket(id=name, state="closed" if now >= row.closes_at else "waiting")

    # Approvers.

    def pending(self, account: Account) -> list[dict[str, Any]]:
        """Return the questions that wait for votes: their words, never an answer and never another's vote."""
        self._require(account, "approver")
        rows = self.store.questions("admitted", "sealed")
        return [{"id": row.id, "question": Question.from_json(row.body).to_data()} for row in rows]

    def vote(self, account: Account, name: str, approve: bool, nonce: str) -> None:
        """Cast a person's one vote; a veto closes the question.

        Raises:
            Refused: wrong plane, an own question, a second vote, or a question that waits for none.
        """
        self._require(account, "approver")
        now = self.clock.now()
        with self._writing() as writer:
            writer.use_nonce(account.id, nonce, now)
            row = writer.question(name)
            if row is None or row.status not in ("admitted", "sealed") or now >= row.closes_at:
                raise Refused("no vote is open")
            if row.person == account.person or account.person in {vote.person for vote in writer.votes(name)}:
                raise Refused("one person, one role, one vote")
            writer.add_vote(name, account.person, approve, now)
            writer.append(now, "vote", {"id": name, "person": account.person, "approve": approve})
            if not approve:
                writer.set_status(name, "closed")
        if not approve:
            self._sealed.pop(name, None)
        self._head()

    # Operators, and whoever holds a kill key.

    def renew(self, account: Account, nonce: str) -> float:
        """Renew the lease without which nothing leaves; returns until when."""
        self._require(account, "operator")
        now = self.clock.now()
        with self._writing() as writer:
            writer.use_nonce(account.id, nonce, now)
            writer.forget_nonces(now)
            writer.lease_until = now + self.policy.lease_seconds
            writer.append(now, "lease", {"account": account.id, "until": writer.lease_until})
            until = writer.lease_until
        self._head()
        return until

    def halt(self, account: Account) -> None:
        """Do the part of `kill` that waits for nothing: from here on this process puts nothing out."""
        self._require(account, "kill")
        self._killed.set()
        self._sealed.clear()

    def kill(self, account: Account, nonce: str) -> None:
        """Stop every output of this process at once, then of all gateways; only a new epoch starts them again."""
        self.halt(account)
        now = self.clock.now()
        with self._writing() as writer:
            writer.killed = True
            writer.use_nonce(account.id, nonce, now)
            writer.append(now, "killed", {"account": account.id})
        self._head("killed")

    def resolve(self, account: Account, name: str, outcome: float, nonce: str) -> float:
        """Score an erased answer once its outcome is known, and destroy it; returns the quadratic score.

        Raises:
            Refused: wrong plane, nothing erased under this name, a question that is no number, or its day not come.
        """
        self._require(account, "operator")
        now, kept = self.clock.now(), self._erased.get(name)
        if kept is None or kept.question.kind not in ("binary", "grid") or day_of(now) < kept.question.resolves:
            raise Refused("nothing to score")
        said = {"yes": 1.0, "no": 0.0}.get(kept.answer)
        score = (outcome - (float(kept.answer) if said is None else said)) ** 2
        with self._writing() as writer:
            writer.use_nonce(account.id, nonce, now)
            writer.append(now, "scored", {"id": name, "outcome": outcome, "score": score})
        self._erased.pop(name, None)
        return score

    def new_epoch(self, account: Account, policy: GatewayPolicy, nonce: str) -> int:
        """Take another policy, pinned under a new number; every open question of the last one closes."""
        self._require(account, "operator")
        now = self.clock.now()
        with self._writing() as writer:
            writer.use_nonce(account.id, nonce, now)
            self._pin(writer, policy, account.id, now)
            epoch = writer.epoch
        self.policy, self.epoch = policy, epoch
        self._sealed.clear()
        self._killed.clear()
        self._head("epoch")
        self._recover()
        return epoch

    # Within.

    def _reserve(self, writer: Writer, account: Account, question: Question, now: float) -> bool:
        limits = limits_of(self.policy, account.person, question.topic, now)
        return writer.reserve(limits, millibits(question, self.policy))

    def _admit(self, writer: Writer, account: Account, question: Question, name: str, coin: Coin, now: float) -> None:
        times = {"admitted_at": now, "opens_at": now + self.policy.hold_seconds}
        row = {"id": name, "gateway": self.name, "account": account.id, "person": account.person, "status": "admitted"}
        close = now + self.policy.close_seconds
        values = {**row, **times, "closes_at": close, "epoch": writer.epoch, "released": 0, "body": question.to_json()}
        writer.add_question(values)
        about = {"id": name, "account": account.id, "question": question.digest(), "topic": question.topic}
        cost, toss = millibits(question, self.policy), {"batch": coin.batch, "index": coin.index}
        writer.append(now, "admitted", {**about, "millibits": cost, **toss})

    def _release(self, name: str, now: float) -> str:
        """Release an answer if nothing stands against it: the only place where one leaves its seal."""
        with self._writing() as writer:
            row, sealed = writer.question(name), self._sealed.get(name)
            if row is None or unmet(self._evidence(writer, row, now, sealed is not None)) or sealed is None:
                return ""
            body = {"id": name, "answer": sealed.answer, "salt": sealed.salt}
            entry = writer.append(now, "released", body)
            writer.set_status(name, "released", entry.sequence)
        self._sealed.pop(name, None)
        self._head("released")
        return sealed.answer

    def _evidence(self, writer: Writer, row: Any, now: float, sealed: bool) -> Evidence:
        votes = tuple(Vote(person=one.person, approve=bool(one.approve), at=one.at) for one in writer.votes(row.id))
        return Evidence(
            status=row.status,
            epoch=row.epoch,
            epoch_now=writer.epoch,
            asker=row.person,
            opens_at=row.opens_at,
            closes_at=row.closes_at,
            votes=votes,
            approvers=self._approvers,
            approvals=self.policy.approvals,
            cooling=self.policy.cooling_seconds,
            slot=self.policy.slot_seconds,
            killed=writer.killed or self._killed.is_set(),
            lease_until=writer.lease_until,
            now=now,
            sealed_here=sealed,
        )

    def _again(self, row: Any, now: float) -> str:
        """Return what was released already, while the gateway lives."""
        with self._writing() as writer:
            if not self._live(writer, now):
                return ""
        return str(self.store.entry(row.released).data["answer"])

    def _live(self, writer: Writer, now: float) -> bool:
        killed = writer.killed or self._killed.is_set()
        return not killed and now < writer.lease_until and writer.epoch == self.epoch

    def _note_refusal(self, account: Account, nonce: str, question: Question, why: str, now: float) -> None:
        with self._writing() as writer:
            writer.use_nonce(account.id, nonce, now)
            body = {"account": account.id, "question": question.digest(), "rule": why}
            writer.append(now, "refused", body)
        self._head()

    def _publish(self, commitments: list[str]) -> int:
        with self._writing() as writer:
            return writer.append(self.clock.now(), "coins", {"commitments": commitments}).sequence

    def _open_epoch(self, operator: Account | None) -> None:
        now = self.clock.now()
        with self._writing() as writer:
            if now < writer.at - self.policy.clock_skew_seconds:
                raise ClockFault("found a clock behind the ledger's last record, expected one ahead; set the clock")
            last = next((e for e in reversed(self.store.entries()) if e.kind == "epoch"), None)
            pinned = (last.data["policy"], last.data["keys"]) if last else None
            self.epoch = writer.epoch
            if pinned == (self.policy.digest(), self.keyring.digest()) and not writer.killed:
                return
            known = operator and self.keyring.find(operator.id, "operator")
            if known is None or known != operator:
                found = "a killed gateway" if writer.killed else "a policy or keys that the ledger does not pin"
                raise bad_input(found, "an operator's key to open a new epoch", "type --operator-key FILE")
            self._pin(writer, self.policy, known.id, now)
            self.epoch = writer.epoch
        self._head("epoch")

    def _pin(self, writer: Writer, policy: GatewayPolicy, account: str, now: float) -> None:
        writer.epoch += 1
        writer.killed = False
        writer.lease_until = 0.0
        body = {"epoch": writer.epoch, "account": account, "keys": self.keyring.digest(), "policy": policy.digest()}
        writer.append(now, "epoch", {**body, "erasure": policy.erasure, "rules": policy.release_rules()})

    def _recover(self) -> None:
        """Close what a crash, a kill or a new epoch left open here: its answer is lost, its budget stays spent."""
        for row in self.store.questions("admitted", "sealed"):
            if row.gateway == self.name and row.id not in self._sealed:
                self._coins_of.pop(row.id, None)
                with self._writing() as writer:
                    writer.append(self.clock.now(), "lost", {"id": row.id, "status": row.status})
                    writer.set_status(row.id, "closed")

    def _head(self, kind: str = "") -> None:
        """Hand the head to the anchor, now and then, and at once after what matters most."""
        if self._anchor is None:
            return
        sequence, digest = self.store.head()
        if kind in _AT_ONCE or sequence - self._anchored >= _ANCHOR_EVERY:
            self._anchored = sequence
            self._anchor(make_anchor(sequence, digest, self.clock.now(), self._key))

    def _writing(self) -> AbstractContextManager[Writer]:
        return self.store.writing()

    def _require(self, account: Account, plane: str) -> None:
        if account.plane != plane or self.keyring.find(account.id, account.plane) != account:
            raise Refused("wrong plane")
