"""Who may do what: accounts bound to persons, one plane each, and requests that they sign."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import unicodedata
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from drillyard.containment.gateway.chain import canonical, sign
from drillyard.errors import BadInput, bad_input
from drillyard.records import Record

__all__ = [
    "Account",
    "Keyring",
    "Plane",
    "is_signed",
    "make_keys",
    "read_account",
    "read_keyring",
    "same_person",
    "signature",
]

Plane = Literal["asker", "approver", "operator", "kill"]


class Account(Record):
    """A key of one person for one plane. `secret` is hexadecimal and drawn at enrolment; there is no default."""

    id: str = Field(min_length=1, max_length=64)
    person: str = Field(min_length=1, max_length=64)
    plane: Plane
    secret: str = Field(pattern=r"^[0-9a-f]{64}$", repr=False)


class Keyring(Record):
    """All accounts of a gateway, and the key that signs its ledger."""

    accounts: tuple[Account, ...] = ()
    ledger_key: str = Field(pattern=r"^[0-9a-f]{64}$", repr=False)

    @model_validator(mode="after")
    def _one_each(self) -> Keyring:
        people = [same_person(one.person) for one in self.accounts if one.plane != "kill"]
        names = [one.id for one in self.accounts]
        if len(set(people)) < len(people) or len(set(names)) < len(names):
            raise ValueError("a person has one account, and an account one name")
        return self

    @classmethod
    def new(cls) -> Keyring:
        """Return a keyring without accounts and with a fresh ledger key."""
        return cls(ledger_key=secrets.token_hex(32))

    def enrol(self, person: str, plane: Plane, account: str = "") -> tuple[Keyring, Account]:
        """Add an account; the id is `plane-person` unless given.

        Raises:
            BadInput: the id is taken, or the person has an account already. A kill key is apart: it only stops.
        """
        who = same_person(person)
        name = account or f"{plane}-{who.replace(' ', '-')}"
        if any(one.id == name for one in self.accounts):
            raise bad_input(f"account {name!r} twice", "a new id")
        held = [one for one in self.accounts if one.person == who and one.plane != "kill"]
        if held and plane != "kill":
            raise bad_input(f"a second account for {who!r}", f"one person, one account ({held[0].id!r})")
        made = Account(id=name, person=who, plane=plane, secret=secrets.token_hex(32))
        return self.model_copy(update={"accounts": (*self.accounts, made)}), made

    def find(self, name: str, *planes: Plane) -> Account | None:
        """Return an account, if it is of one of these planes."""
        return next((one for one in self.accounts if one.id == name and one.plane in planes), None)

    def digest(self) -> str:
        """Return a hash of who holds which key, which tells no key."""
        rows = [
            [one.id, one.person, one.plane, hashlib.sha256(one.secret.encode()).hexdigest()] for one in self.accounts
        ]
        return hashlib.sha256(canonical(sorted(rows)).encode()).hexdigest()


def same_person(name: str) -> str:
    """Return one spelling of a person's name for all its spellings."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def signature(account: Account, method: str, path: str, at: str, nonce: str, body: bytes) -> str:
    """Sign a request: HMAC-SHA-256 over plane, method, path, time, nonce and the hash of the body."""
    text = canonical([account.plane, method.upper(), path, at, nonce, hashlib.sha256(body).hexdigest()])
    return sign(bytes.fromhex(account.secret), "request", text)


def is_signed(account: Account, found: str, method: str, path: str, at: str, nonce: str, body: bytes) -> bool:
    """Say whether a request carries its account's signature."""
    return hmac.compare_digest(signature(account, method, path, at, nonce, body), found)


def make_keys(folder: Path, people: dict[Plane, tuple[str, ...]]) -> Keyring:
    """Write `keyring.json` and one file for each account, all readable by their owner alone.

    Raises:
        BadInput: a keyring is there already, or a person is named twice.
    """
    keyring = Keyring.new()
    for plane, names in people.items():
        for name in names:
            keyring, _ = keyring.enrol(name, plane)
    if (folder / "keyring.json").exists():
        raise bad_input(f"{folder / 'keyring.json'}", "a folder without keys", "name another one")
    folder.mkdir(parents=True, exist_ok=True)
    for account in keyring.accounts:
        _write_private(folder / f"{account.id}.json", account.to_json())
    _write_private(folder / "keyring.json", keyring.to_json())
    return keyring


def read_keyring(path: Path) -> Keyring:
    """Read a keyring that nobody else can read. Raises `BadInput`."""
    return Keyring.from_json(_read_private(path))


def read_account(path: Path) -> Account:
    """Read the key file of one account. Raises `BadInput`."""
    return Account.from_json(_read_private(path))


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def _read_private(path: Path) -> str:
    try:
        if path.stat().st_mode & 0o077:
            raise bad_input(f"{path} that others can read", "mode 600", f"type chmod 600 {path}")
        text = path.read_text(encoding="utf-8")
        json.loads(text)
    except OSError as error:
        raise bad_input(f"{error.strerror} at {str(path)!r}", "a key", "drillyard contain gateway keys DIR") from None
    except ValueError:
        raise BadInput(f"{path}: found broken JSON, expected a key; make it again") from None
    return text
