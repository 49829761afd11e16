"""A ledger of records, each of which holds the hash of the one before it, and what is wrong with one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drillyard.containment.gateway.signing import Key, verifies
from drillyard.records.strict_json import parse_json

__all__ = ["GENESIS", "Anchor", "ChainFault", "Entry", "anchor_text", "canonical", "check_chain", "is_next", "link"]

GENESIS = "0" * 64
"""The previous hash of the first record."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One record of a ledger: `sequence` counts from 1, `at` is in seconds since 1970, hashes are hexadecimal."""

    sequence: int
    at: float
    kind: str
    body: str
    previous: str
    digest: str
    signature: str = ""

    @property
    def data(self) -> dict[str, Any]:
        """Return the body as data."""
        loaded: dict[str, Any] = parse_json(self.body)
        return loaded


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """The head of the ledger at some time, kept elsewhere; `signature` is empty without a key."""

    sequence: int
    digest: str
    at: float
    signature: str = ""


@dataclass(frozen=True, kw_only=True)
class ChainFault:
    """Something wrong at one record: edited, deleted, reordered, truncated, forged anchor, bad release or bad coin."""

    sequence: int
    what: str
    words: str


def canonical(data: object) -> str:
    """Return JSON with sorted keys and no blanks: equal data, equal text. NaN is refused."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def link(sequence: int, at: float, kind: str, body: Mapping[str, Any], previous: str, key: Key | None = None) -> Entry:
    """Make the next record of a chain, signed where there is a key."""
    text = canonical(body)
    digest = _digest(sequence, at, kind, text, previous)
    signature = key.sign("entry", digest) if key else ""
    return Entry(sequence=sequence, at=at, kind=kind, body=text, previous=previous, digest=digest, signature=signature)


def anchor_text(sequence: int, digest: str, at: float) -> str:
    """Return what an anchor's signature covers."""
    return canonical([sequence, digest, at])


def is_next(entry: Entry, sequence: int, digest: str, publics: Sequence[str] = ()) -> bool:
    """Say whether a record follows the one of this number and hash, is what was hashed, and is signed by a key."""
    follows = entry.sequence == sequence + 1 and entry.previous == digest and entry.digest == _digest_of(entry)
    return follows and (not publics or _signed(publics, entry.signature, "entry", entry.digest))


def check_chain(
    entries: Sequence[Entry], anchors: Iterable[Anchor] = (), publics: Sequence[str] = ()
) -> list[ChainFault]:
    """Find what was done to a ledger, in the order in which it is stored.

    An edit is seen at its own record. A record that is missing is seen at the gap, also where what follows was numbered
    and linked anew (then only with a public key or an anchor). Truncation of the end is seen by an anchor alone.

    Args:
        entries: as stored.
        anchors: heads that were kept elsewhere.
        publics: public keys of which one signed each record and anchor; none where signatures are not looked at.
    """
    faults = _order(entries)
    for before, entry in zip((None, *entries), entries, strict=False):
        if entry.digest != _digest_of(entry):
            faults.append(
                ChainFault(sequence=entry.sequence, what="edited", words="its content is not what was hashed")
            )
        elif publics and not _signed(publics, entry.signature, "entry", entry.digest):
            faults.append(ChainFault(sequence=entry.sequence, what="edited", words="its signature is not of this key"))
        follows = entry.sequence == (before.sequence if before else 0) + 1
        if follows and entry.previous != (before.digest if before else GENESIS):
            words = "the record before it is not the one that it was linked to"
            faults.append(ChainFault(sequence=entry.sequence, what="edited", words=words))
    return [*faults, *_anchored({entry.sequence: entry for entry in entries}, anchors, publics)]


def _digest(sequence: int, at: float, kind: str, body: str, previous: str) -> str:
    return hashlib.sha256(canonical([sequence, at, kind, body, previous]).encode()).hexdigest()


def _digest_of(entry: Entry) -> str:
    """Return the hash that a record should have; nothing where a column holds what no record can, such as infinity."""
    try:
        return _digest(entry.sequence, entry.at, entry.kind, entry.body, entry.previous)
    except (TypeError, ValueError):
        return ""


def _signed(publics: Sequence[str], signature: str, use: str, text: str) -> bool:
    return any(verifies(public, signature, use, text) for public in publics)


def _order(entries: Sequence[Entry]) -> list[ChainFault]:
    faults: list[ChainFault] = []
    numbers = [entry.sequence for entry in entries]
    if numbers != sorted(numbers):
        at = next(n for n, (a, b) in enumerate(zip(numbers, sorted(numbers), strict=True)) if a != b)
        faults.append(ChainFault(sequence=numbers[at], what="reordered", words=f"it stands in place {at + 1}"))
    expected = 1
    for number in sorted(numbers):
        if number < expected:
            faults.append(ChainFault(sequence=number, what="reordered", words="its number is there twice"))
        if number > expected:
            words = f"records {expected} to {number - 1} are missing"
            faults.append(ChainFault(sequence=expected, what="deleted", words=words))
        expected = max(expected, number + 1)
    return faults


def _anchored(entries: Mapping[int, Entry], anchors: Iterable[Anchor], publics: Sequence[str]) -> list[ChainFault]:
    faults: list[ChainFault] = []
    last = max(entries, default=0)
    for anchor in anchors:
        place = anchor.sequence
        text = anchor_text(anchor.sequence, anchor.digest, anchor.at)
        if publics and not _signed(publics, anchor.signature, "anchor", text):
            faults.append(ChainFault(sequence=place, what="forged anchor", words="its signature is not of this key"))
        elif place > last:
            words = f"an anchor saw record {place}, the ledger ends at {last}"
            faults.append(ChainFault(sequence=last + 1, what="truncated", words=words))
        elif place in entries and entries[place].digest != anchor.digest:
            kind = "edited" if publics else "edited, or forged anchor"
            faults.append(ChainFault(sequence=place, what=kind, words="the anchor of this record saw another hash"))
    return faults
