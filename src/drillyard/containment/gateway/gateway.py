"""The gateway: admission, budgets, coin, episodes, canonical answer, monitors, hold, votes, release.

Answers are sealed in this process's memory alone. A crash loses them: their questions close, their budget stays spent.
What is decided is decided by the books of the ledger (`books.py`), never by a row that could be edited.
"""

from __future__ import annotations

import random
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from drillyard.containment.gateway.anchors import Anchoring, Keeper
from drillyard.containment.gateway.books import Asked
from drillyard.containment.gateway.canary_schedule import CanarySet, LiveCanaries, Watched, judge, judge_run
from drillyard.containment.gateway.chain import Anchor
from drillyard.containment.gateway.clock import GuardedClock
from drillyard.containment.gateway.coin import Coin, Coins, is_erased
from drillyard.containment.gateway.epochs import EPOCH_PATH, open_epoch, pin
from drillyard.containment.gateway.evidence import evidence_of, words_of
from drillyard.containment.gateway.forecasters import Forecaster
from drillyard.containment.gateway.keys import Account, Keyring, Plane
from drillyard.containment.gateway.monitors import AnswerMonitor
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.containment.gateway.predicates import list_unmet
from drillyard.containment.gateway.questions import Question, find_refusal
from drillyard.containment.gateway.requests import Signed, find_signer, read_ballot, vote_path
from drillyard.containment.gateway.sealing import Sealed, brier, day_of, limits_of, millibits
from drillyard.containment.gateway.signing import Key
from drillyard.containment.gateway.store import LedgerStore, Writer
from drillyard.containment.gateway.thinking import think
from drillyard.containment.gateway.tickets import Ticket, TicketRefused, Voted
from drillyard.containment.gateway.verify import require_whole
from drillyard.errors import bad_input

__all__ = ["Gateway"]


class Gateway:
    """One process's gateway over a store.

    Args:
        policy: its rules; the ledger pins its hash and that of the keyring.
        keyring: who may do what.
        make: returns a fresh forecaster for each episode.
        store: budgets, questions, votes, ledger.
        clock: that is believed.
        name: of this gateway among those that share a database.
        forecaster: what `make` returns, by its reference; pinned in the ledger like policy and keys.
        monitors: beside the one of the answer's length.
        anchor: receives the head of the ledger.
        anchors: heads that were kept elsewhere, to check the ledger by.
        operator: the key that opens a new epoch where policy, keys or forecaster differ from those pinned.
        canaries: questions with known answers, put among live ones as the policy says.
        entropy: random bytes.

    Raises:
        BadInput: the ledger is not whole, its pinned policy or keys are others and no operator opens a new epoch, the
            store's key is not the keyring's, or a canary could never be answered rightly.
    """

    def __init__(
        self,
        policy: GatewayPolicy,
        keyring: Keyring,
        make: Callable[[], Forecaster],
        store: LedgerStore,
        clock: GuardedClock,
        *,
        name: str = "gateway",
        forecaster: str = "",
        monitors: Sequence[AnswerMonitor] = (),
        anchor: Keeper | None = None,
        anchors: Sequence[Anchor] = (),
        operator: Key | None = None,
        canaries: CanarySet | None = None,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self.policy, self.keyring, self.store, self.clock, self.name = policy, keyring, store, clock, name
        self._forecaster = forecaster
        self._make, self._monitors, self._entropy = make, tuple(monitors), entropy
        self._anchor = Anchoring(store, anchor)
        self._sealed: dict[str, Sealed] = {}
        self._erased: dict[str, Sealed] = {}
        self._to_run: dict[str, tuple[Question, Coin]] = {}
        self._killed = threading.Event()
        if store.key is None or store.key.public != keyring.ledger:
            raise bad_input("a ledger's key that is not of this keyring", "both made together", "see gateway keys")
        store.replay(require_whole(store.entries(), anchors, keyring))
        used = [one.digest for one in store.seen().questions.values()] if canaries else ()
        now = clock.now()
        self.canaries = LiveCanaries(canaries, keyring, used, random.Random(entropy(16)))
        self.canaries.check(policy, day_of(now))
        self.epoch, opened = open_epoch(store, policy, keyring, forecaster, operator, now)
        self._anchor(now, "epoch" if opened else "")
        self._recover()
        self._coins = Coins(self._publish, entropy)

    # Askers.

    def ask(self, account: Account, question: Question, nonce: str) -> Ticket:
        """Admit a question and reserve its bits, or refuse it; the forecaster is not asked yet.

        Raises:
            Refused: wrong plane. Replayed: the nonce was used. ClockFault.
        """
        ticket = self._ask(account, question, nonce)
        if ticket.state == "received":
            self.canaries.saw(self.clock.now(), self.policy.canaries.share)
        return ticket

    def _ask(self, account: Account, question: Question, nonce: str) -> Ticket:
        self._require(account, "asker")
        now, name = self.clock.now(), self._entropy(12).hex()
        why = find_refusal(question, self.policy, day_of(now))
        coin = None if why or self._killed.is_set() else self._coins.take()

        def admit(writer: Writer) -> None:
            writer.require_new(account.id, nonce)
            if why or coin is None or not self._live(writer, now):
                raise TicketRefused(why or "stopped")
            limits = limits_of(self.policy, account.person, question.topic, writer.at(now))
            if not writer.books.affords(limits, millibits(question, self.policy)):
                raise TicketRefused("budget")
            self._admit(writer, account, question, name, nonce, coin, now)

        try:
            self.store.together(admit)
        except TicketRefused as error:
            self._note_refusal(account, nonce, question, str(error), now)
            return Ticket(id=name, state="refused")
        assert coin is not None
        self._to_run[name] = question, coin
        self._anchor(now)
        return Ticket(id=name, state="received")

    def run(self, name: str) -> None:
        """Ask the forecaster an admitted question, and seal, erase or close it. Any fault closes it."""
        # As this process knows it: the database is asked once, where what came of it is written down.
        asked, (question, coin) = self.store.known().questions.get(name), self._to_run.pop(name, (None, None))
        if asked is None or asked.status != "admitted" or question is None or coin is None or self._killed.is_set():
            return
        found = think(question, self.policy, self._make, self._monitors, self._entropy, day_of(asked.admitted_at))
        sealed, answer = found.sealed, found.sealed.answer
        erased = is_erased(coin.nonce, question.digest(), self.policy.erasure)
        now, watched = self.clock.now(), self.canaries.watched(name)
        why = "monitor" if found.reason else "late" if now >= asked.opens_at else "" if answer else "no agreement"
        opened = {"id": name, "batch": coin.batch, "index": coin.index, "nonce": coin.nonce, "erased": erased}

        def seal(writer: Writer) -> tuple[str, str]:
            # A veto, a kill or a new epoch may have come while the forecaster thought.
            head, still = writer.books.head, writer.books.questions[name]
            gone = still.status != "admitted" or head.killed or still.epoch != head.epoch
            stopped = why or ("closed before" if gone else "")
            seen = {"answer": sealed.mark if answer else "", "parsed": found.parsed, "stopped": stopped}
            writer.append(now, "run", {**opened, **seen})
            if watched is None or still.epoch != head.epoch:
                return stopped, ""
            said, closed = sealed if not found.reason else replace(sealed, answer=""), bool(stopped or erased)
            return stopped, judge_run(writer, self.policy.canaries, name, watched, said, now, closed=closed)

        stopped, act = self.store.together(seal)
        if watched:
            self.canaries.ran(name, watched, sealed, bool(stopped or act))
        elif not stopped:
            (self._erased if erased else self._sealed)[name] = sealed
        if act == "kill":
            self._stop()
        self._anchor(now, "canary" if act else "")

    def fetch(self, account: Account, name: str) -> Ticket:
        """Return an asker's own question as it stands; releases its answer where every predicate holds.

        What is refused, erased, stopped, vetoed or lost looks alike: waiting, and closed at the closing time.
        """
        self._require(account, "asker")
        now = self.clock.now()
        asked = self.store.seen().questions.get(name)
        if asked is None or asked.account != account.id:
            raise TicketRefused("not yours")
        answer = ""
        if asked.status == "released":
            answer = self._again(asked, now)
        elif asked.status == "sealed" and name in self._sealed and now >= asked.opens_at:
            answer = self._release(name, now)
        if answer and not self._killed.is_set():
            return Ticket(id=name, state="released", answer=answer)
        return Ticket(id=name, state="closed" if now >= asked.closes_at else "waiting")

    # Approvers.

    def pending(self, account: Account) -> list[dict[str, Any]]:
        """Return the questions that wait for votes: their words, never an answer and never another's vote."""
        self._require(account, "approver")
        now = self.clock.now()
        waiting = [one for one in self.store.seen().waiting() if now < one.closes_at]
        questions = words_of(self.store, *waiting)
        return [{"id": one.id, "question": words.to_data()} for one, words in zip(waiting, questions, strict=True)]

    def vote(self, name: str, vote: Signed) -> None:
        """Cast a person's one vote, kept as it was signed; a veto closes the question.

        Raises:
            Refused: no approver's signature over this question, an own question, or none is open; `Voted` for a second.
        """
        self._signed(vote, "approver", vote_path(name))
        now = self.clock.now()
        with self.store.writing() as writer:
            writer.require_new(vote.account, vote.nonce)
            asked = writer.books.questions.get(name)
            if asked is None or not asked.open or now >= asked.closes_at:
                raise TicketRefused("no vote is open")
            ballot = read_ballot(vote, name, asked.digest, self.keyring)
            if ballot is None:
                raise TicketRefused("not a vote on this question")
            person, approve = ballot
            if asked.person == person or person in {one.person for one in asked.votes}:
                raise TicketRefused("an own question") if asked.person == person else Voted("one person, one vote")
            writer.append(now, "vote", {"id": name, "person": person, "approve": approve, "signed": vote.to_data()})
        if not approve:
            self._sealed.pop(name, None)
        self._anchor(now)

    # Operators, and whoever holds a kill key.

    def renew(self, request: Signed) -> float:
        """Renew the lease without which nothing leaves; returns until when, 0 where a kill has ended all leases."""
        self._signed(request, "operator", "/lease")
        now = self.clock.now()
        with self.store.writing() as writer:
            writer.require_new(request.account, request.nonce)
            if writer.books.head.killed:
                return 0.0
            until = now + self.policy.lease_seconds
            writer.append(now, "lease", {"until": until, "signed": request.to_data()})
        self._anchor(now)
        return until

    def halt(self, account: Account) -> None:
        """Do the part of `kill` that waits for nothing: from here on this process puts nothing out."""
        self._require(account, "kill")
        self._stop()

    def kill(self, request: Signed) -> None:
        """Stop every output of this process at once, then of all gateways; only a new epoch starts them again."""
        self.halt(self._signed(request, "kill", "/kill"))
        now = self.clock.now()
        with self.store.writing() as writer:
            writer.require_new(request.account, request.nonce)
            writer.append(now, "killed", {"signed": request.to_data()})
        self._anchor(now, "killed")

    def resolve(self, name: str, request: Signed) -> float:
        """Score an erased answer once its outcome is known, and destroy it; returns the quadratic score.

        Raises:
            Refused: wrong plane, nothing erased under this name, a question that is no number, or its day not come.
        """
        self._signed(request, "operator", f"/questions/{name}/outcome")
        outcome = request.data.get("outcome")
        now, kept = self.clock.now(), self._erased.get(name)
        if kept is None or kept.question.kind not in ("binary", "grid") or day_of(now) < kept.question.resolves:
            raise TicketRefused("nothing to score")
        if outcome not in (0, 1):
            raise TicketRefused("an outcome is 0 or 1")
        score = brier(kept.answer, outcome)
        with self.store.writing() as writer:
            writer.require_new(request.account, request.nonce)
            writer.append(now, "scored", {"id": name, "score": score, "signed": request.to_data()})
        self._erased.pop(name, None)
        return score

    def new_epoch(self, request: Signed) -> int:
        """Take the policy that an operator signed, pinned under a new number; what was open under the last one closes.

        Raises:
            Refused: wrong plane. BadInput: the request holds no policy.
        """
        self._signed(request, "operator", EPOCH_PATH)
        now = self.clock.now()
        with self.store.writing() as writer:
            writer.require_new(request.account, request.nonce)
            policy = pin(writer, self.keyring, self._forecaster, request, now)
            epoch = writer.books.head.epoch
        self.policy, self.epoch = policy, epoch
        self._sealed.clear()
        self.canaries.clear()
        self._killed.clear()
        self._anchor(now, "epoch")
        self._recover()
        return epoch

    # Canaries.

    def tick(self) -> list[str]:
        """Put the canaries that are due, and write down those that are over; returns the questions to be run.

        Call it every second or so. One is over when another's answer could have left, or its time or a veto closed it.
        """
        now = self.clock.now()
        for name in self.canaries.open:
            self._close_canary(name, now)
        put = []
        for account, known in self.canaries.due(now, self.policy):
            ticket = self._ask(account, known.question, self._entropy(16).hex())
            if ticket.state == "received":
                self.canaries.watch(ticket.id, Watched(answer=known.answer))
                put.append(ticket.id)
            else:
                self.canaries.put_back(known)
        return put

    def _close_canary(self, name: str, now: float) -> None:
        watched = self.canaries.watched(name)
        if watched is None or watched.sealed is None:
            return
        with self.store.writing() as writer:
            head, asked = writer.books.head, writer.books.questions[name]
            if asked.epoch != head.epoch or head.killed:
                self.canaries.forget(name)
                return
            if asked.status == "sealed" and now < asked.closes_at and self._unmet(writer, asked, now, True):
                return
            judge(writer, self.policy.canaries, name, watched, watched.sealed, now)
        self.canaries.forget(name)
        self._anchor(now, "canary")

    # Within.

    def _admit(
        self, writer: Writer, account: Account, question: Question, name: str, nonce: str, coin: Coin, now: float
    ) -> None:
        writer.add_words(name, question.to_json())
        who = {"account": account.id, "person": account.person, "request": nonce, "gateway": self.name}
        about = {"id": name, "question": question.digest(), "topic": question.topic}
        cost = {"millibits": millibits(question, self.policy), "batch": coin.batch, "index": coin.index}
        writer.append(now, "admitted", {**who, **about, **cost})

    def _release(self, name: str, now: float) -> str:
        """Release an answer if nothing stands against it: the only place where one leaves its seal."""
        with self.store.writing() as writer:
            asked, sealed = writer.books.questions[name], self._sealed.get(name)
            if self._unmet(writer, asked, now, sealed is not None) or sealed is None:
                return ""
            writer.append(now, "released", {"id": name, "answer": sealed.answer, "salt": sealed.salt})
        self._sealed.pop(name, None)
        self._anchor(now, "released")
        return sealed.answer

    def _unmet(self, writer: Writer, asked: Asked, now: float, sealed: bool) -> tuple[str, ...]:
        head, killed = writer.books.head, self._killed.is_set()
        return list_unmet(evidence_of(asked, head, self.policy, self.keyring, now, killed=killed, sealed=sealed))

    def _again(self, asked: Asked, now: float) -> str:
        """Return what was released already, while the gateway lives."""
        with self.store.writing() as writer:
            return asked.answer if self._live(writer, now) else ""

    def _live(self, writer: Writer, now: float) -> bool:
        head = writer.books.head
        killed = head.killed or self._killed.is_set()
        return not killed and now < head.lease_until and head.epoch == self.epoch

    def _note_refusal(self, account: Account, nonce: str, question: Question, why: str, now: float) -> None:
        with self.store.writing() as writer:
            writer.require_new(account.id, nonce)
            who = {"account": account.id, "request": nonce}
            writer.append(now, "refused", {**who, "question": question.digest(), "rule": why})
        self._anchor(now)

    def _publish(self, commitments: list[str]) -> int:
        with self.store.writing() as writer:
            return writer.append(self.clock.now(), "coins", {"commitments": commitments}).sequence

    def _recover(self) -> None:
        """Close what a crash, a kill or a new epoch left open here: its answer is lost, its budget stays spent."""
        for asked in self.store.seen().waiting():
            if asked.gateway == self.name and asked.id not in self._sealed:
                self._to_run.pop(asked.id, None)
                with self.store.writing() as writer:
                    writer.append(self.clock.now(), "lost", {"id": asked.id, "status": asked.status})

    def _stop(self) -> None:
        self._killed.set()
        self._sealed.clear()

    def _signed(self, request: Signed, plane: Plane, path: str) -> Account:
        # What is privileged is checked here, whoever passed it on.
        if (account := find_signer(request, self.keyring, plane, path)) is None:
            raise TicketRefused("not signed for this")
        return account

    def _require(self, account: Account, plane: Plane) -> None:
        if account.plane != plane or self.keyring.find(account.id, account.plane) != account:
            raise TicketRefused("wrong plane")
