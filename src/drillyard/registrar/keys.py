"""Keys that a yard signs with: RSA, made at first use, in the programme folder and for its owner only."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from drillyard.errors import bad_input
from drillyard.records.files import write_atomically
from drillyard.records.locks import locked

__all__ = ["private_key", "private_pem", "public_jwk"]


def private_pem(file: Path) -> bytes:
    """Return the key in a file, made where there is none."""
    with locked(file.with_name(f".{file.name}.lock")):
        if not file.is_file():
            made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            write_atomically(file, made.private_bytes(serialization.Encoding.PEM, form, plain), 0o600)
    return file.read_bytes()


def private_key(file: Path) -> rsa.RSAPrivateKey:
    """Return the key in a file, made where there is none. Raises `BadInput` for another kind of key."""
    try:
        read = serialization.load_pem_private_key(private_pem(file), None)
    except (TypeError, ValueError):
        read = None
    if not isinstance(read, rsa.RSAPrivateKey):
        raise bad_input(f"no readable RSA key in {file}", "the key that this yard made", "restore it from a copy")
    return read


def public_jwk(key: rsa.RSAPrivateKey | rsa.RSAPublicKey) -> dict[str, Any]:
    """Return the public half, with a name that follows from it."""
    public = key if isinstance(key, rsa.RSAPublicKey) else key.public_key()
    told: dict[str, Any] = RSAAlgorithm.to_jwk(public, as_dict=True)
    name = hashlib.sha256(told["n"].encode()).hexdigest()[:16]
    return {**told, "kid": name, "alg": "RS256", "use": "sig", "key_ops": ["verify"]}
