"""Signed requests: who asks for what, when, once; kept in the ledger as they came, so that anybody can check them."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drillyard.containment.gateway.chain import canonical
from drillyard.containment.gateway.keys import Account, Keyring, Plane
from drillyard.containment.gateway.signing import Key, verifies
from drillyard.records.strict_json import parse_json

__all__ = ["WINDOW_SECONDS", "Signed", "find_signer", "make_ballot", "read_ballot", "sign_request", "vote_path"]

WINDOW_SECONDS = 60.0
"""How old a signed request may be."""


@dataclass(frozen=True, kw_only=True)
class Signed:
    """One request as its account signed it: `at` is seconds since 1970 as text, `signature` covers all the rest."""

    account: str
    method: str
    path: str
    at: str
    nonce: str
    body: str
    signature: str

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Signed:
        """Read what `to_data` wrote. Raises `KeyError` where a field is missing."""
        return cls(**{name: str(data[name]) for name in cls.__dataclass_fields__})

    @property
    def data(self) -> dict[str, Any]:
        """Return the body as data; nothing where it is no JSON object, or one that says a thing twice."""
        try:
            data = parse_json(self.body)
        except ValueError:
            return {}
        return data if isinstance(data, dict) else {}

    def to_data(self) -> dict[str, str]:
        """Return the request for the ledger."""
        return dict(vars(self))

    def is_from(self, account: Account) -> bool:
        """Say whether this account signed it."""
        return self.account == account.id and verifies(account.public, self.signature, "request", _text(self))

    def is_near(self, now: float, slack: float = 0.0) -> bool:
        """Say whether it was signed about now."""
        try:
            return abs(now - float(self.at)) <= WINDOW_SECONDS + slack
        except ValueError:
            return False


def sign_request(key: Key, method: str, path: str, body: str = "", at: float | None = None) -> Signed:
    """Sign a request with a fresh nonce; `at` is now unless given."""
    bare = Signed(
        account=key.id,
        method=method.upper(),
        path=path,
        at=repr(time.time() if at is None else at),
        nonce=secrets.token_hex(16),
        body=body,
        signature="",
    )
    return Signed(**{**vars(bare), "signature": key.sign("request", _text(bare))})


def find_signer(request: Signed, keyring: Keyring, plane: Plane, path: str) -> Account | None:
    """Return the account of a plane that signed a POST to this path, if one of the keyring did."""
    account = keyring.find(request.account, plane)
    fits = account is not None and (request.method, request.path) == ("POST", path) and request.is_from(account)
    return account if fits else None


def vote_path(name: str) -> str:
    """Return where a vote on a question is cast."""
    return f"/questions/{name}/votes"


def make_ballot(approve: bool, digest: str) -> str:
    """Return the body of a vote: it names the question's digest, so that nobody can put it under another question."""
    return canonical({"approve": approve, "question": digest})


def read_ballot(vote: Signed, name: str, digest: str, keyring: Keyring) -> tuple[str, bool] | None:
    """Return who voted what, or nothing for a vote on another question or one that no approver signed."""
    account, approve = find_signer(vote, keyring, "approver", vote_path(name)), vote.data.get("approve")
    if account is None or not isinstance(approve, bool) or vote.data.get("question") != digest:
        return None
    return account.person, approve


def _text(request: Signed) -> str:
    body = hashlib.sha256(request.body.encode()).hexdigest()
    return canonical([request.account, request.method, request.path, request.at, request.nonce, body])
