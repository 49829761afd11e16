"""Checking a ledger from outside: the chain, its signatures, and its story, offline and with public keys alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from drillyard.containment.gateway.anchors import read_anchors
from drillyard.containment.gateway.chain import Anchor, Entry, Fault, check_chain
from drillyard.containment.gateway.databases import read_ledger, sqlite_url
from drillyard.containment.gateway.keys import Keyring
from drillyard.containment.gateway.story import Story, check_story
from drillyard.errors import bad_input
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

    `millibits` are reserved, by all askers together. `signatures` counts votes, leases, kills and epochs whose
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
    entries, head = read_ledger(url)
    report = verify_entries(entries, kept, keyrings)
    # The control row's head is one more anchor, though one beside the ledger.
    beside = [Anchor(sequence=head[0], digest=head[1], at=0.0)] if head[0] else []
    plain = check_chain(entries)
    extra = [_fault(fault) for fault in check_chain(entries, beside) if fault not in plain]
    known = {fault.sequence for fault in report.faults}
    more = tuple(fault for fault in extra if fault.sequence not in known)
    return report.model_copy(update={"faults": (*report.faults, *more)})


def verify_entries(
    entries: Sequence[Entry], anchors: Sequence[Anchor] = (), keyrings: Sequence[Keyring] = ()
) -> LedgerReport:
    """Check records that were read from anywhere, with the keyrings that were in force.

    A keyring's ledger key must have signed every record and anchor, and its accounts every vote, lease, kill and epoch.
    """
    faults, story = check_chain(entries, anchors, [one.ledger for one in keyrings]), Story(keyrings)
    if not faults:
        faults = [fault for entry in entries if (fault := story.next(entry))]
    kinds = [entry.kind for entry in entries]
    results = [entry.data["result"] for entry in entries if entry.kind == "canary"]
    return LedgerReport(
        records=len(entries),
        head=entries[-1].digest if entries else "",
        anchors=len(anchors),
        admitted=kinds.count("admitted"),
        released=kinds.count("released"),
        erased=sum(bool(entry.data["erased"]) for entry in entries if entry.kind == "run"),
        millibits=sum(int(entry.data["millibits"]) for entry in entries if entry.kind == "admitted"),
        signatures=story.signatures,
        canaries=len(results),
        missed=clopper_pearson(sum(one != "right" for one in results), len(results)) if results else None,
        faults=tuple(_fault(fault) for fault in faults),
    )


def _fault(fault: Fault) -> LedgerFault:
    return LedgerFault(sequence=fault.sequence, what=fault.what, words=fault.words)
