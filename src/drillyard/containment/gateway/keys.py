"""Who may do what: accounts bound to persons, one plane each. A keyring holds public keys alone."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from drillyard.containment.gateway.chain import canonical
from drillyard.containment.gateway.signing import Key, PublicKey
from drillyard.errors import BadInput, bad_input
from drillyard.records import Record
from drillyard.records.names import person_name, require_unlike, same_name, visible_name
from drillyard.records.strict_json import parse_json

__all__ = [
    "Account",
    "Keyring",
    "Plane",
    "make_key",
    "make_keys",
    "read_account",
    "read_key",
    "read_keyring",
    "write_account",
    "write_key",
]

Plane = Literal["asker", "approver", "operator", "kill"]


# An account's id is its plane and its person, and has 64 letters at most.
_MOST = 50


class Account(Record):
    """A person's right to one plane, and the public key that its requests are checked with.

    Both names are in their one spelling; those of persons are in lower case.
    """

    id: str = Field(min_length=1, max_length=64)
    person: str = Field(min_length=1, max_length=64)
    plane: Plane
    public: PublicKey

    @model_validator(mode="after")
    def _are_spelled(self) -> Account:
        plain = {self.id: visible_name(self.id, "account", 64), self.person: person_name(self.person, 64)}
        for found, expected in plain.items():
            if found != expected:
                raise bad_input(ascii(found), f"the spelling {ascii(expected)}")
        return self


class Keyring(Record):
    """All accounts of a gateway, and the public key of its ledger. It is no secret, but must not be changed."""

    accounts: tuple[Account, ...] = ()
    ledger: PublicKey

    @model_validator(mode="after")
    def _one_each(self) -> Keyring:
        people = [same_name(one.person) for one in self.accounts if one.plane != "kill"]
        names = [one.id for one in self.accounts]
        if len(set(people)) < len(people) or len(set(names)) < len(names):
            raise ValueError("a person has one account, and an account one name")
        for kind in ([one.person for one in self.accounts], names):
            for place, name in enumerate(kind):
                require_unlike(name, kind[:place])
        publics = [*(one.public for one in self.accounts), self.ledger]
        if len(set(publics)) < len(publics):
            raise ValueError("a key belongs to one account")
        return self

    def enrol(self, account: Account) -> Keyring:
        """Add an account.

        Raises:
            BadInput: the id or the key is taken or looks like another, or the person has an account already. A kill key
                is apart: it only stops.
        """
        made = account.model_copy(update={"person": same_name(account.person)})
        if any(one.id == made.id for one in self.accounts):
            raise bad_input(f"account {made.id!r} twice", "a new id")
        if made.public in {self.ledger, *(one.public for one in self.accounts)}:
            raise bad_input(f"a key that is enrolled already, as account {made.id!r}", "a key of its own")
        held = [one for one in self.accounts if one.person == made.person and one.plane != "kill"]
        if held and made.plane != "kill":
            raise bad_input(f"a second account for {made.person!r}", f"one person, one account ({held[0].id!r})")
        require_unlike(made.person, [one.person for one in self.accounts])
        require_unlike(made.id, [one.id for one in self.accounts])
        return self.model_copy(update={"accounts": (*self.accounts, made)})

    def find(self, name: str, *planes: Plane) -> Account | None:
        """Return an account, if it is of one of these planes."""
        return next((one for one in self.accounts if one.id == name and one.plane in planes), None)

    def digest(self) -> str:
        """Return a hash of who holds which key."""
        rows = [[one.id, one.person, one.plane, one.public] for one in self.accounts]
        return hashlib.sha256(canonical([sorted(rows), self.ledger]).encode()).hexdigest()


def make_key(person: str, plane: Plane, name: str = "") -> tuple[Account, Key]:
    """Draw a person's key; the account's id is `plane-person` unless given. Raises `BadInput` for what is no name."""
    who = same_name(person, _MOST)
    key = Key.new(name or f"{plane}-{who.replace(' ', '-')}")
    return Account(id=key.id, person=who, plane=plane, public=key.public), key


def make_keys(folder: Path, people: dict[Plane, tuple[str, ...]], accounts: Sequence[Account] = ()) -> Keyring:
    """Write `keyring.json`, the ledger's key and one key file for each person whose key is made here.

    Args:
        folder: where they are written; private keys are readable by their owner alone.
        people: by plane, whose keys are made here.
        accounts: of people who made their keys themselves, so that nobody else ever held them.

    Raises:
        BadInput: a keyring is there already, a person is named twice, or somebody is missing who must be there.
    """
    ledger = Key.new("ledger")
    keyring, keys = Keyring(ledger=ledger.public), [ledger]
    for account in accounts:
        keyring = keyring.enrol(account)
    for plane, names in people.items():
        for name in names:
            account, key = make_key(name, plane)
            keyring = keyring.enrol(account)
            keys.append(key)
    _require_all(keyring)
    if (folder / "keyring.json").exists():
        raise bad_input(f"{folder / 'keyring.json'}", "a folder without keys", "name another one")
    for key in keys:
        write_key(folder / f"{key.id}.json", key)
    _write(folder / "keyring.json", keyring.to_json(), 0o644)
    return keyring


def _require_all(keyring: Keyring) -> None:
    found = Counter(one.plane for one in keyring.accounts)
    least: dict[Plane, int] = {"asker": 1, "approver": 2, "operator": 1, "kill": 1}
    for plane, count in least.items():
        if found[plane] < count:
            raise bad_input(f"{found[plane]} of the plane {plane}", f"{count} or more", f"add --{plane} PERSON")


def write_key(path: Path, key: Key) -> None:
    """Write a private key, readable by its owner alone. Raises `BadInput` where a file is there already."""
    _write(path, key.to_json(), 0o600)


def write_account(path: Path, account: Account) -> None:
    """Write what its person hands to the operator. Raises `BadInput` where a file is there already."""
    _write(path, account.to_json(), 0o644)


def read_keyring(path: Path) -> Keyring:
    """Read a keyring that nobody else can change. Raises `BadInput`."""
    return Keyring.from_json(_read(path, 0o022, "others can change", "mode 644"))


def read_account(path: Path) -> Account:
    """Read the public half of a person's key. Raises `BadInput`."""
    return Account.from_json(_read(path, 0o022, "others can change", "mode 644"))


def read_key(path: Path) -> Key:
    """Read a private key that nobody else can read. Raises `BadInput`."""
    return Key.from_json(_read(path, 0o077, "others can read", "mode 600"))


def _write(path: Path, text: str, mode: int) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except OSError as error:
        raise bad_input(f"{error.strerror} at {str(path)!r}", "a place for a new key", "name another one") from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def _read(path: Path, forbidden: int, found: str, expected: str) -> str:
    try:
        if path.stat().st_mode & forbidden:
            raise bad_input(f"{path} that {found}", expected, f"type chmod {expected.split()[1]} {path}")
        text = path.read_text(encoding="utf-8")
        parse_json(text)
    except OSError as error:
        raise bad_input(f"{error.strerror} at {str(path)!r}", "a key", "drillyard contain gateway keys DIR") from None
    except ValueError:
        raise BadInput(f"{path}: found broken JSON, expected a key; make it again") from None
    return text
