"""From the ledger's books to what people are shown, and to the evidence on which an answer may leave.

A vote counts only as it was signed, and words only as they were admitted.
"""

from __future__ import annotations

from drillyard.containment.gateway.books import Asked, Head, LedgerChanged
from drillyard.containment.gateway.keys import Keyring
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.containment.gateway.predicates import CaseEvidence, Vote
from drillyard.containment.gateway.questions import Question
from drillyard.containment.gateway.requests import read_ballot
from drillyard.containment.gateway.store import LedgerStore
from drillyard.errors import BadInput

__all__ = ["evidence_of", "words_of"]


def evidence_of(
    asked: Asked, head: Head, policy: GatewayPolicy, keyring: Keyring, now: float, *, killed: bool, sealed: bool
) -> CaseEvidence:
    """Gather what is known of a question; `killed` and `sealed` are what this process alone knows."""
    return CaseEvidence(
        status=asked.status,
        epoch=asked.epoch,
        epoch_now=head.epoch,
        asker=asked.person,
        opens_at=asked.opens_at,
        closes_at=asked.closes_at,
        votes=_votes(asked, keyring),
        approvers=frozenset(one.person for one in keyring.accounts if one.plane == "approver"),
        approvals=policy.approvals,
        cooling=policy.cooling_seconds,
        slot=policy.slot_seconds,
        killed=head.killed or killed,
        lease_until=head.lease_until,
        now=now,
        sealed_here=sealed,
    )


def words_of(store: LedgerStore, *asked: Asked) -> list[Question]:
    """Return questions in their words.

    Raises:
        LedgerChanged: some are not those whose hash the ledger admitted. What does not need them goes on.
    """
    found = store.words(*(one.id for one in asked)) if asked else {}
    try:
        questions = [Question.from_json(found[one.id]) for one in asked]
    except (KeyError, TypeError, BadInput):
        questions = []
    if [one.digest() for one in questions] != [one.digest for one in asked]:
        raise LedgerChanged("other words of a question than those that were admitted")
    return questions


def _votes(asked: Asked, keyring: Keyring) -> tuple[Vote, ...]:
    """Return the votes; an approval that its person did not sign is left out, so that the ledger's key gains none."""
    return tuple(
        Vote(person=one.person, approve=one.approve, at=one.at)
        for one in asked.votes
        if not one.approve or read_ballot(one.signed, asked.id, asked.digest, keyring) == (one.person, True)
    )
