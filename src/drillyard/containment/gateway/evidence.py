"""From rows of the database to the evidence on which an answer may leave, where a vote counts only as it was signed."""

from __future__ import annotations

import json
from typing import Any

from drillyard.containment.gateway.keys import Keyring
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.containment.gateway.predicates import Evidence, Vote
from drillyard.containment.gateway.questions import Question
from drillyard.containment.gateway.requests import Signed, read_ballot
from drillyard.containment.gateway.store import Writer

__all__ = ["evidence_of"]


def evidence_of(
    writer: Writer, row: Any, policy: GatewayPolicy, keyring: Keyring, now: float, *, killed: bool, sealed: bool
) -> Evidence:
    """Gather what is known of a question's row; `killed` and `sealed` are what this process alone knows."""
    return Evidence(
        status=row.status,
        epoch=row.epoch,
        epoch_now=writer.epoch,
        asker=row.person,
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        votes=_votes(writer, row, keyring),
        approvers=frozenset(one.person for one in keyring.accounts if one.plane == "approver"),
        approvals=policy.approvals,
        cooling=policy.cooling_seconds,
        slot=policy.slot_seconds,
        killed=writer.killed or killed,
        lease_until=writer.lease_until,
        now=now,
        sealed_here=sealed,
    )


def _votes(writer: Writer, row: Any, keyring: Keyring) -> tuple[Vote, ...]:
    """Return the votes; an approval that its person did not sign is left out, so that who can write here gains none."""
    digest = Question.from_json(row.body).digest()
    return tuple(
        Vote(person=one.person, approve=bool(one.approve), at=one.at)
        for one in writer.votes(row.id)
        if not one.approve or _ballot(one, digest, keyring) == (one.person, True)
    )


def _ballot(vote: Any, digest: str, keyring: Keyring) -> tuple[str, bool] | None:
    try:
        signed = Signed.from_data(json.loads(vote.signed))
    except (ValueError, KeyError, TypeError):
        return None
    return read_ballot(signed, vote.question, digest, keyring)
