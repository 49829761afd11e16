"""Ed25519 signatures: who can check one cannot make one. Source: RFC 8032; the code is that of `cryptography`."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import Field

from drillyard.records import Record

__all__ = ["Key", "PublicKey", "verifies"]

PublicKey = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""An Ed25519 public key, 32 bytes in hexadecimal."""


class Key(Record):
    """The private key of one account, or of a ledger; `secret` is 32 bytes in hexadecimal, drawn and never chosen."""

    id: str = Field(min_length=1, max_length=64)
    secret: str = Field(pattern=r"^[0-9a-f]{64}$", repr=False)

    @classmethod
    def new(cls, name: str) -> Key:
        """Draw a key."""
        return cls(id=name, secret=Ed25519PrivateKey.generate().private_bytes_raw().hex())

    @property
    def public(self) -> str:
        """Return the public key."""
        return _private(self.secret).public_key().public_bytes_raw().hex()

    def sign(self, use: str, text: str) -> str:
        """Sign a text for one use, so that a signature of one kind is never one of another; 128 hexadecimal digits."""
        return _private(self.secret).sign(_message(use, text)).hex()


def verifies(public: str, signature: str, use: str, text: str) -> bool:
    """Say whether a signature is that of a public key over a text for one use."""
    try:
        _public(public).verify(bytes.fromhex(signature), _message(use, text))
    except (InvalidSignature, ValueError):
        return False
    return True


def _message(use: str, text: str) -> bytes:
    return f"drillyard gateway\n{use}\n{text}".encode()


@lru_cache(maxsize=1024)
def _private(secret: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))


@lru_cache(maxsize=1024)
def _public(public: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
