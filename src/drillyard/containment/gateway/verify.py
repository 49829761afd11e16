"""Checking a ledger from outside: the chain, its signatures, and its story, offline and with public keys alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from drillyard.containment.gateway.anchors import read_anchors
from drillyard.containment.gateway.chain import GENESIS, Anchor, ChainFault, Entry, check_chain
from drillyard.containment.gateway.databases import Stored, read_stored, sqlite_url
from drillyard.containment.gateway.keys import Keyring
from drillyard.containment.gateway.questions import Question
from drillyard.containment.gateway.signing import verifies
from drillyard.containment.gateway.story import Story, check_story
from drillyard.errors import BadInput, bad_input
from drillyard.records import Estimate, Record
from drillyard.stats import clopper_pearson

__all__ = ["LedgerFault", "LedgerReport", "require_whole", "verify_database", "verify_entries", "verify_folder"]

_LIMITS = (
    "This does not show that nothing left by another way than the gateway, nor a record that was never written; "
    "without an anchor kept elsewhere, it does not show that the end is there; without the keyring, not who signed."
)


class LedgerFault(Record):
    """One thing that is wrong, at a record's number."""

    sequence: int
    what: str
    words: str


class LedgerReport(Record):
    """What a ledger holds and what is wrong with it.

    `millibits` are reserved, by all askers together. `words` counts questions whose words were compared with the hash
    that was admitted: none where they may not be read. `signatures` counts votes, leases, kills and epochs whose
    signatures were checked: none without a keyring. `missed` is the share of canaries that were answered wrong or not.
    """

    records: int
    head: str
    anchors: int
    admitted: int
    released: int
    erased: int
    millibits: int
    signatures: int
    words: int = 0
    canaries: int
    missed: Estimate | None
    faults: tuple[LedgerFault, ...]
    does_not_show: str = _LIMITS

    @property
    def whole(self) -> bool:
        """Say whether nothing is wrong."""
        return not self.faults


def require_whole(entries: Sequence[Entry], anchors: Sequence[Anchor], keyring: Keyring) -> Sequence[Entry]:
    """Return the records if chain, ledger signatures, anchors and story hold. Raises `BadInput` with the first fault.

    Signatures of persons are left to `verify`, because those of earlier epochs may be of earlier keyrings.
    """
    if faults := check_chain(entries, anchors, (keyring.ledger,)) or check_story(entries):
        where = f"{faults[0].what} at record {faults[0].sequence}"
        raise bad_input(f"a ledger that is not whole ({where})", "a whole one", "run gateway verify on it")
    return entries


def verify_folder(folder: Path, anchors: Path | None = None, keyrings: Sequence[Keyring] = ()) -> LedgerReport:
    """Check the ledger of a folder. Raises `BadInput` where there is none, or it cannot be read."""
    if not (folder / "gateway.db").is_file():
        raise bad_input(f"no gateway.db in {folder}", "the folder of drillyard contain gateway serve --ledger")
    return verify_database(sqlite_url(folder), anchors, keyrings)


def verify_database(url: str, anchors: Path | None = None, keyrings: Sequence[Keyring] = ()) -> LedgerReport:
    """Check the ledger of a database; reads, and changes nothing. Raises `BadInput` where it cannot be read."""
    kept = read_anchors(anchors) if anchors else []
    stored = read_stored(url)
    report = verify_entries(stored.entries, kept, keyrings)
    beside = [*_head_faults(stored), *_words_faults(stored)]
    more = [fault for fault in map(_fault, beside) if fault not in report.faults]
    return report.model_copy(update={"faults": (*report.faults, *more), "words": len(stored.words or ())})


def _head_faults(stored: Stored) -> list[ChainFault]:
    """Compare the row that writers lock with the last record: one of both was edited where they differ."""
    last = stored.entries[-1] if stored.entries else None
    sequence, digest = (last.sequence, last.digest) if last else (0, GENESIS)
    if stored.head == (sequence, digest):
        return []
    found = f"record {stored.head[0]!r:.40} and hash {stored.head[1]!r:.20}" if stored.head else "nothing"
    cut = stored.head is not None and isinstance(stored.head[0], int) and stored.head[0] > sequence
    words = f"the head beside the ledger has {found}, its last record is {sequence}"
    return [
        ChainFault(sequence=sequence + 1 if cut else sequence, what="truncated" if cut else "edited head", words=words)
    ]


def _words_faults(stored: Stored) -> Iterator[ChainFault]:
    """Compare the words of every question with the hash that was admitted."""
    if stored.words is None:
        return
    admitted = {
        data["id"]: (entry.sequence, data["question"])
        for entry, data in _told(stored.entries, "admitted")
        if {"id", "question"} <= set(data)
    }
    for name, (sequence, digest) in admitted.items():
        if name not in stored.words:
            yield ChainFault(sequence=sequence, what="deleted words", words="the words of this question are gone")
        elif _digest_of_words(stored.words[name]) != digest:
            yield ChainFault(sequence=sequence, what="edited words", words="these are not the words that were admitted")
    for name in stored.words:
        if name not in admitted:
            yield ChainFault(sequence=0, what="added words", words=f"no question {name!r:.40} was admitted")


def _digest_of_words(body: str) -> str:
    try:
        return Question.from_json(body).digest()
    except BadInput:
        return ""


def _told(entries: Sequence[Entry], kind: str) -> Iterator[tuple[Entry, Mapping[str, Any]]]:
    """Give the records of a kind with their data, those apart that were edited into something else."""
    for entry in entries:
        if entry.kind == kind:
            try:
                data = entry.data
            except ValueError:
                continue
            if isinstance(data, Mapping):
                yield entry, data


def verify_entries(
    entries: Sequence[Entry], anchors: Sequence[Anchor] = (), keyrings: Sequence[Keyring] = ()
) -> LedgerReport:
    """Check records that were read from anywhere, with the keyrings that were in force.

    A keyring's ledger key must have signed every record and anchor, and its accounts every vote, lease, kill and epoch.

    Raises:
        BadInput: a keyring whose ledger key signed no record here; it would make every one of them look forged.
    """
    _require_own(entries, keyrings)
    faults, story = check_chain(entries, anchors, [one.ledger for one in keyrings]), Story(keyrings)
    if not faults:
        faults = [fault for entry in entries if (fault := story.next(entry))]
    kinds = [entry.kind for entry in entries]
    results = [data.get("result") for _, data in _told(entries, "canary")]
    return LedgerReport(
        records=len(entries),
        head=entries[-1].digest if entries else "",
        anchors=len(anchors),
        admitted=kinds.count("admitted"),
        released=kinds.count("released"),
        erased=sum(bool(data.get("erased")) for _, data in _told(entries, "run")),
        millibits=sum(one for _, data in _told(entries, "admitted") if isinstance(one := data.get("millibits"), int)),
        signatures=story.signatures,
        canaries=len(results),
        missed=clopper_pearson(sum(one != "right" for one in results), len(results)) if results else None,
        faults=tuple(_fault(fault) for fault in faults),
    )


def _require_own(entries: Sequence[Entry], keyrings: Sequence[Keyring]) -> None:
    for keyring in keyrings if entries else ():
        if not any(verifies(keyring.ledger, one.signature, "entry", one.digest) for one in entries):
            found = f"a keyring whose ledger key {keyring.ledger[:12]}… signed nothing here"
            hint = "name the one it was served with; if this is it, the whole ledger was written anew by somebody else"
            raise bad_input(found, "this ledger's", hint)


def _fault(fault: ChainFault) -> LedgerFault:
    return LedgerFault(sequence=fault.sequence, what=fault.what, words=fault.words)
