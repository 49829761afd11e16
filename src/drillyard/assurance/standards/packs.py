"""Evidence packs: per standard, what of a safety case speaks to each duty, and which duties nothing speaks to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from importlib import resources

from drillyard.assurance.argument.check import ArgumentCheck, ElementCheck
from drillyard.assurance.argument.elements import Argument
from drillyard.errors import bad_input
from drillyard.records import Record
from drillyard.records.yaml_file import read_yaml

__all__ = ["Duty", "DutyEvidence", "EvidencePack", "load_duties", "packs_of"]

IS_NOT = (
    "Evidence ready for an assessment. It is no assessment and no legal advice, and duties not listed are not in it."
)


class Duty(Record):
    """One duty of a standard, by its identifier, in our own words."""

    id: str
    standard: str
    wants: str
    since: date | None = None
    source: str
    as_of: date
    trust: str


class DutyEvidence(Record):
    """A duty with the elements that speak to it; none at all is a gap."""

    duty: str
    wants: str
    applies_from: date | None
    source: str
    trust: str
    evidence: tuple[ElementCheck, ...]
    texts: tuple[str, ...]


class EvidencePack(Record):
    """All duties of one standard."""

    standard: str
    title: str
    today: date
    duties: tuple[DutyEvidence, ...]
    gaps: tuple[str, ...]
    is_not: str = IS_NOT


def load_duties() -> tuple[Duty, ...]:
    """Return the duties that are known."""
    rows = read_yaml(resources.files("drillyard.assurance.standards") / "duties.yaml")
    assert isinstance(rows, list)
    return tuple(Duty.from_data(row) for row in rows)


def packs_of(argument: Argument, check: ArgumentCheck) -> tuple[EvidencePack, ...]:
    """Return one pack per standard. Raises `BadInput` where an element names an unknown duty."""
    duties = load_duties()
    known = {one.id for one in duties}
    for one in argument.elements:
        if strangers := [name for name in one.standards if name not in known]:
            raise bad_input(f"the duty {strangers[0]!r} in {one.id}", f"one of: {', '.join(sorted(known))}")
    return tuple(
        _pack(name, [one for one in duties if one.standard == name], argument, check)
        for name in dict.fromkeys(one.standard for one in duties)
    )


def _pack(name: str, duties: Sequence[Duty], argument: Argument, check: ArgumentCheck) -> EvidencePack:
    rows = []
    for duty in duties:
        speaking = [one for one in argument.elements if duty.id in one.standards]
        rows.append(
            DutyEvidence(
                duty=duty.id,
                wants=duty.wants,
                applies_from=duty.since,
                source=duty.source,
                trust=duty.trust,
                evidence=tuple(check.of(one.id) for one in speaking),
                texts=tuple(one.text for one in speaking),
            )
        )
    gaps = tuple(row.duty for row in rows if not any(one.state == "holds" for one in row.evidence))
    return EvidencePack(standard=name, title=argument.title, today=check.today, duties=tuple(rows), gaps=gaps)
