"""Epochs: policy, keys and forecaster as an operator pinned them in the ledger, with the signature that did it."""

from __future__ import annotations

from drillyard.containment.gateway.keys import Keyring
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.containment.gateway.requests import Signed, sign_request
from drillyard.containment.gateway.signing import Key
from drillyard.containment.gateway.store import LedgerStore, Writer
from drillyard.errors import bad_input

__all__ = ["EPOCH_PATH", "open_epoch", "pin"]

EPOCH_PATH = "/epoch"


def pin(writer: Writer, keyring: Keyring, forecaster: str, signed: Signed, now: float) -> GatewayPolicy:
    """Take the policy that an operator signed under a new number, without a lease; returns it.

    Raises:
        BadInput: the request holds no policy.
    """
    policy, epoch = GatewayPolicy.from_json(signed.body), writer.books.head.epoch + 1
    body = {"epoch": epoch, "keys": keyring.digest(), "policy": policy.digest(), "forecaster": forecaster}
    body |= {"signed": signed.to_data()}
    writer.append(now, "epoch", body)
    return policy


def open_epoch(
    store: LedgerStore, policy: GatewayPolicy, keyring: Keyring, forecaster: str, operator: Key | None, now: float
) -> tuple[int, bool]:
    """Open a new epoch where policy, keys or forecaster are not those pinned, or after a kill; returns it and whether.

    Raises:
        BadInput: a new epoch is needed and no operator of this keyring opens it.
        ClockFault: the clock is behind the ledger.
    """
    with store.writing() as writer:
        writer.at(now)
        head = writer.books.head
        if head.pinned == (policy.digest(), keyring.digest(), forecaster) and not head.killed:
            return head.epoch, False
        known = keyring.find(operator.id, "operator") if operator else None
        if operator is None or known is None or known.public != operator.public:
            found = "a killed gateway" if head.killed else "a policy, keys or a forecaster that the ledger does not pin"
            raise bad_input(found, "an operator's key to open a new epoch", "type --operator-key FILE")
        pin(writer, keyring, forecaster, sign_request(operator, "POST", EPOCH_PATH, policy.to_json(), now), now)
        return writer.books.head.epoch, True
