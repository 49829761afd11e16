"""The seal of a case: a chain of hashes over everything in it, written before anything is changed.

Each link hashes the file and the link before it, so that no file can be exchanged, dropped or put between without
breaking the chain. Whoever can write the folder can also write a new chain: keep the head elsewhere (an e-mail to the
authority, a ticket), and give it to `verify`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from drillyard.incidents.case import COVERAGE, REJECTED, ROWS, SPEC, TEMPLATES, Case
from drillyard.records import Record
from drillyard.records.files import read_record, write_record

__all__ = ["SEAL", "Link", "Seal", "SealCheck", "extend_seal", "finish", "seal_case", "verify"]

SEAL = "seal.json"
_START = "0" * 64


class Link(Record):
    """One file of the chain: its SHA-256, when it was sealed, and the hash over it and the link before it."""

    file: str
    sha256: str
    at: str
    chained: str


class Seal(Record):
    """The chain, and the release that wrote it. Its `head` stands for all of it."""

    drillyard: str
    links: tuple[Link, ...]

    @property
    def head(self) -> str:
        """The hash that stands for the whole chain."""
        return self.links[-1].chained if self.links else _START


class SealCheck(Record):
    """What differs from the seal: files changed, gone, or there without a link; whether the chain itself holds."""

    verdict: Literal["sealed", "broken"]
    head: str
    files: int
    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    chain: str = ""


def seal_case(folder: Path) -> Seal:
    """Seal the evidence of a case: spec, logs as rows, prompts, what was rejected, coverage, attachments."""
    parts = sorted(str(one.relative_to(folder)) for one in (folder / ROWS).glob("part-*.parquet"))
    attached = sorted(str(one.relative_to(folder)) for one in folder.glob("attached/*"))
    seal = Seal(drillyard=version("drillyard"), links=())
    return _write(folder, seal, [SPEC, *parts, TEMPLATES, REJECTED, COVERAGE, *attached])


def extend_seal(folder: Path, names: Iterable[str]) -> Seal:
    """Add files that a later step has made; one that was sealed before, and is the same, is not added again."""
    seal = read_record(folder / SEAL, Seal)
    last = {link.file: link.sha256 for link in seal.links}
    return _write(folder, seal, [name for name in names if last.get(name) != _sha256(folder / name)])


def finish(case: Case, name: str, report: Record, *more: str) -> None:
    """Write a step's report, and seal it with the files that the step made besides.

    A case that nobody has sealed stays so: a seal that begins behind the evidence would seal nothing.
    """
    write_record(case.folder / name, report)
    if (case.folder / SEAL).is_file():
        extend_seal(case.folder, [name, *more])


def verify(folder: Path, head: str = "") -> SealCheck:
    """Compare a case with its seal, and the seal with a head that was kept elsewhere, whole or its first digits.

    Raises:
        BadInput: there is no seal.
    """
    seal = read_record(folder / SEAL, Seal, "the folder of a sealed case")
    before, chain = _START, ""
    for number, link in enumerate(seal.links, start=1):
        if link.chained != _chained(before, link.file, link.sha256, link.at):
            chain = chain or f"link {number} ({link.file}) does not follow from the one before it"
        before = link.chained
    if head and not seal.head.startswith(head):
        chain = (
            chain or f"the head is {seal.head[:16]}, not {head[:16]}: the chain was written anew, or is another case's"
        )
    now = {link.file: link.sha256 for link in seal.links}
    missing = tuple(sorted(name for name in now if not (folder / name).is_file()))
    changed = tuple(sorted(name for name, old in now.items() if name not in missing and _sha256(folder / name) != old))
    evidence = [*(folder / ROWS).glob("*"), *folder.glob("attached/*")]
    added = tuple(sorted(name for one in evidence if (name := str(one.relative_to(folder))) not in now))
    broken = bool(chain or missing or changed or added)
    return SealCheck(
        verdict="broken" if broken else "sealed",
        head=seal.head,
        files=len(now),
        changed=changed,
        missing=missing,
        added=added,
        chain=chain,
    )


def _write(folder: Path, seal: Seal, names: Iterable[str]) -> Seal:
    before, links = seal.head, [*seal.links]
    at = datetime.now(UTC).isoformat(timespec="seconds")
    for name in names:
        digest = _sha256(folder / name)
        before = _chained(before, name, digest, at)
        links.append(Link(file=name, sha256=digest, at=at, chained=before))
    made = seal.model_copy(update={"links": tuple(links)})
    write_record(folder / SEAL, made)
    return made


def _chained(before: str, name: str, digest: str, at: str) -> str:
    return hashlib.sha256(f"{before}\n{name}\n{digest}\n{at}".encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
