"""Epochs: policy and keys as an operator pinned them in the ledger, with the signature that did it."""

from __future__ import annotations

from drillyard.containment.gateway.clock import ClockFault
from drillyard.containment.gateway.keys import Keyring
from drillyard.containment.gateway.policy import GatewayPolicy
from drillyard.containment.gateway.requests import Signed, sign_request
from drillyard.containment.gateway.signing import Key
from drillyard.containment.gateway.store import Store, Writer
from drillyard.errors import bad_input

__all__ = ["EPOCH_PATH", "open_epoch", "pin"]

EPOCH_PATH = "/epoch"


def pin(writer: Writer, keyring: Keyring, signed: Signed, now: float) -> GatewayPolicy:
    """Take the policy that an operator signed under a new number, without a lease; returns it.

    Raises:
        BadInput: the request holds no policy.
    """
    policy = GatewayPolicy.from_json(signed.body)
    writer.epoch += 1
    writer.killed = False
    writer.lease_until = 0.0
    body = {"epoch": writer.epoch, "keys": keyring.digest(), "policy": policy.digest(), "signed": signed.to_data()}
    writer.append(now, "epoch", body)
    return policy


def open_epoch(
    store: Store, policy: GatewayPolicy, keyring: Keyring, operator: Key | None, now: float
) -> tuple[int, bool]:
    """Open a new epoch where policy or keys are not those pinned, or the gateway was killed; returns it, and if it did.

    Raises:
        BadInput: a new epoch is needed and no operator of this keyring opens it.
        ClockFault: the clock is behind the ledger.
    """
    with store.writing() as writer:
        if now < writer.at - policy.clock_skew_seconds:
            raise ClockFault("found a clock behind the ledger's last record, expected one ahead; set the clock")
        pinned = [(one.data["policy"], one.data["keys"]) for one in writer.of_kind("epoch")][-1:]
        if pinned == [(policy.digest(), keyring.digest())] and not writer.killed:
            return writer.epoch, False
        known = keyring.find(operator.id, "operator") if operator else None
        if operator is None or known is None or known.public != operator.public:
            found = "a killed gateway" if writer.killed else "a policy or keys that the ledger does not pin"
            raise bad_input(found, "an operator's key to open a new epoch", "type --operator-key FILE")
        pin(writer, keyring, sign_request(operator, "POST", EPOCH_PATH, policy.to_json(), now), now)
        return writer.epoch, True
