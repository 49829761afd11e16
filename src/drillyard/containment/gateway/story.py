"""Replaying a ledger: every admission, release, vote, coin, canary and switch against what was written before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from drillyard.containment.gateway.chain import ChainFault, Entry
from drillyard.containment.gateway.coin import is_erased, opens
from drillyard.containment.gateway.keys import Keyring, Plane
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.containment.gateway.predicates import slot_after
from drillyard.containment.gateway.requests import Signed, find_signer, read_ballot
from drillyard.containment.gateway.sealing import limits_of, mark
from drillyard.errors import BadInput

__all__ = ["Story", "check_story"]

# A request may wait in line for its turn to be written; its own time was that of its signing.
_IN_LINE = 15.0
_WHAT = {
    "admitted": "bad admission", "released": "bad release", "run": "bad coin", "vote": "bad vote",
    "canary": "bad canary",
}  # fmt: skip


def check_story(entries: Sequence[Entry], keyrings: Sequence[Keyring] = ()) -> list[ChainFault]:
    """Replay a whole ledger and find what its own earlier records do not allow.

    Written apart from the gateway: it reads records alone, and so checks the gateway as well as the ledger.

    Args:
        entries: in order, of a chain that is whole.
        keyrings: that were in force, by which votes, leases, kills and epochs must be signed; none where signatures are
            not looked at.
    """
    story = Story(keyrings)
    return [fault for entry in entries if (fault := story.next(entry))]


class Story:
    """What is known so far of epochs, coins, questions, votes, canaries and switches; `signatures` counts good ones."""

    def __init__(self, keyrings: Sequence[Keyring] = ()) -> None:
        self._keyrings = {one.digest(): one for one in keyrings}
        self._keyring: Keyring | None = None
        self._policy: GatewayPolicy | None = None
        self.signatures = 0
        self._epoch, self._killed, self._lease, self._missed = 0, False, 0.0, 0
        self._coins: dict[int, list[str]] = {}
        self._tossed: set[tuple[int, int]] = set()
        self._asked: dict[str, Any] = {}
        self._ran: dict[str, Any] = {}
        self._votes: dict[str, dict[str, tuple[bool, float]]] = {}
        self._over: set[str] = set()
        self._spent: dict[str, tuple[int, int]] = {}
        self._readers: dict[str, Callable[[Entry, dict[str, Any]], str]] = {
            "epoch": self._open, "killed": self._kill, "lease": self._renew, "coins": self._commit,
            "admitted": self._admit, "run": self._toss, "vote": self._vote, "lost": self._lose,
            "canary": self._watch, "released": self._release,
        }  # fmt: skip

    def next(self, entry: Entry) -> ChainFault | None:
        """Take the next record; return what is wrong with it."""
        reader = self._readers.get(entry.kind)
        try:
            wrong = reader(entry, entry.data) if reader else ""
        except (KeyError, IndexError, TypeError, AttributeError, ValueError, BadInput):
            wrong = "it, or a record that it rests on, lacks a field"
        return (
            ChainFault(sequence=entry.sequence, what=_WHAT.get(entry.kind, "bad record"), words=wrong)
            if wrong
            else None
        )

    # Switches.

    def _open(self, entry: Entry, data: dict[str, Any]) -> str:
        self._keyring = self._keyrings.get(data["keys"])
        policy = GatewayPolicy.from_json(Signed.from_data(data["signed"]).body)
        self._epoch, self._policy, self._killed, self._lease, self._missed = data["epoch"], policy, False, 0.0, 0
        if self._keyrings and self._keyring is None:
            return "its keys are those of no keyring that was given"
        if policy.digest() != data["policy"]:
            return "the policy that was signed is not the one that is pinned"
        return self._unsigned(entry, data, "operator", "/epoch")

    def _kill(self, entry: Entry, data: dict[str, Any]) -> str:
        self._killed = True
        return self._unsigned(entry, data, "kill", "/kill")

    def _renew(self, entry: Entry, data: dict[str, Any]) -> str:
        self._lease = data["until"]
        if data["until"] > entry.at + self._rules.lease_seconds:
            return "it is longer than the policy lets it be"
        return self._unsigned(entry, data, "operator", "/lease")

    # Questions.

    def _commit(self, entry: Entry, data: dict[str, Any]) -> str:
        self._coins[entry.sequence] = data["commitments"]
        return ""

    def _admit(self, entry: Entry, data: dict[str, Any]) -> str:
        again = data["id"] in self._asked
        self._asked[data["id"]] = {**data, "at": entry.at, "epoch": self._epoch}
        coin = (data["batch"], data["index"])
        used, known = coin in self._tossed, 0 <= data["index"] < len(self._coins.get(data["batch"], []))
        self._tossed.add(coin)
        # Ledgers of before the books name the account alone.
        person = data.get("person", data["account"])
        asker = self._keyring.find(data["account"], "asker") if self._keyring else None
        over = self._spend(entry.at, person, data["topic"], data["millibits"])
        holds = {
            "a question of this number was admitted before": not again,
            "its coin was used before": not used,
            "nobody committed to its coin": known,
            "its account is not of this person": asker is None or "person" not in data or asker.person == person,
            f"the budget of {over} was spent": not over,
            "the gateway was stopped": self._alive(entry.at),
        }
        return "; ".join(words for words, held in holds.items() if not held)

    def _spend(self, at: float, person: str, topic: str, millibits: int) -> str:
        """Add a question to all that it takes from; return what is then over its limit. A free one is over all."""
        over = []
        for scope, (most_bits, most) in limits_of(self._rules, person, topic, at).items():
            bits, count = self._spent.get(scope, (0, 0))
            self._spent[scope] = bits + millibits, count + 1
            if bits + millibits > most_bits or count + 1 > most or millibits <= 0:
                over.append(scope)
        return ", ".join(over)

    def _toss(self, entry: Entry, data: dict[str, Any]) -> str:
        asked = self._asked.get(data["id"])
        if asked is None or data["id"] in self._ran:
            return "this question was not admitted, or ran before"
        self._ran[data["id"]] = data
        if (data["batch"], data["index"]) != (asked["batch"], asked["index"]):
            return "another coin was opened than the one that was assigned"
        if not opens(data["nonce"], self._coins[data["batch"]][data["index"]]):
            return "the coin is not the one that was committed to"
        toss = is_erased(data["nonce"], asked["question"], self._rules.erasure)
        same = self._epoch != asked["epoch"] or toss == data["erased"]
        return "" if same else "the coin says the opposite"

    def _lose(self, entry: Entry, data: dict[str, Any]) -> str:
        self._over.add(data["id"])
        return ""

    def _vote(self, entry: Entry, data: dict[str, Any]) -> str:
        asked, votes = self._asked.get(data["id"]), self._votes.setdefault(data["id"], {})
        if asked is None:
            return "this question was not admitted"
        if data["person"] in votes:
            return "this person voted before"
        if asked.get("person") == data["person"]:
            return "it is on an own question"
        if self._keyring:
            signed = Signed.from_data(data["signed"])
            ballot = read_ballot(signed, data["id"], asked["question"], self._keyring)
            if ballot != (data["person"], data["approve"]):
                return "its person did not sign it for this question"
            if not signed.is_near(entry.at, _IN_LINE):
                return "it was signed at another time"
            asker = self._keyring.find(asked["account"], "asker")
            if asker is None or asker.person == data["person"]:
                return "it is on an own question, or on one of no known asker"
            self.signatures += 1
        votes[data["person"]] = (data["approve"], entry.at)
        return ""

    def _release(self, entry: Entry, data: dict[str, Any]) -> str:
        asked, ran, rules = self._asked.get(data["id"]), self._ran.get(data["id"]), self._rules
        if asked is None or ran is None or data["id"] in self._over:
            return "this answer was never sealed, is lost or a canary's, or was released before"
        self._over.add(data["id"])
        votes = self._votes.get(data["id"], {})
        ready = max([asked["at"] + rules.hold_seconds, *(at + rules.cooling_seconds for _, at in votes.values())])
        # Waiting in line moves a record's time forward alone; the question's own times are earlier by that much.
        holds = {
            "it was erased or stopped": not ran["erased"] and not ran["stopped"],
            "it is not the answer that was sealed": mark(data["answer"], data["salt"]) == ran["answer"],
            "too few persons approved": sum(yes for yes, _ in votes.values()) >= rules.approvals,
            "somebody said no": all(yes for yes, _ in votes.values()),
            "the hold or the cooling-off was not over": entry.at >= slot_after(ready - 1, rules.slot_seconds),
            "its policy was not in force any more": asked["epoch"] == self._epoch,
            "it was closed": entry.at < asked["at"] + rules.close_seconds + 1,
            "the gateway was stopped": self._alive(entry.at),
        }
        return "; ".join(words for words, held in holds.items() if not held)

    def _watch(self, entry: Entry, data: dict[str, Any]) -> str:
        """Check a canary's verdict against its seal, and what followed against the policy."""
        ran, rule = self._ran.get(data["id"]), self._rules.canaries
        if ran is None or data["id"] in self._over:
            return "this canary never ran, is lost, or was over before"
        self._over.add(data["id"])
        said = data["answer"]
        self._missed += data["result"] != "right"
        due = rule.act if data["result"] != "right" and self._missed > rule.allow else ""
        self._lease = 0.0 if data["act"] == "hold" else self._lease
        self._killed = self._killed or data["act"] == "kill"
        true = "right" if said == data["known"] else "wrong" if said else "none"
        holds = {
            "its verdict is not what its answer says": data["result"] == true,
            "it is not the answer that was sealed": mark(said, data["salt"]) == ran["answer"] if said else True,
            "it had an answer": bool(said or ran["stopped"]),
            "what followed is not what the policy says": data["act"] == due,
        }
        return "; ".join(words for words, held in holds.items() if not held)

    @property
    def _rules(self) -> GatewayPolicy:
        if self._policy is None:
            raise KeyError("no epoch")
        return self._policy

    def _alive(self, at: float) -> bool:
        # A request may wait in line for its turn to be written, so its lease is judged to a second.
        return not self._killed and at < self._lease + 1.0

    def _unsigned(self, entry: Entry, data: dict[str, Any], plane: Plane, path: str) -> str:
        """Say what is wrong with the signature under a switch; nothing where no keyring was given."""
        if self._keyring is None:
            return ""
        signed = Signed.from_data(data["signed"])
        if find_signer(signed, self._keyring, plane, path) is None:
            return f"no {plane} key of the keyring signed it"
        if not signed.is_near(entry.at, _IN_LINE):
            return "it was signed at another time"
        self.signatures += 1
        return ""
