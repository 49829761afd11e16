"""Competencies in and out as CASE 1.1 (1EdTech Competencies and Academic Standards Exchange), one CFPackage as JSON.

Competencies and sources hang on the document, objectives on their competencies; what is learned first `precedes` what
comes after it, and a competency `isRelatedTo` the statements behind it. UUIDs follow from the model's URI and the id of
an entry, or are those under which it was imported: the same entry has the same UUID in every edition.

Read strictly: the fields and types that CASE asks for, and the graph rules that a schema cannot state.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from drillyard.errors import BadInput, bad_input
from drillyard.planning.graph import LEVELS, Catalogue, CompetencyModel, Source
from drillyard.planning.matrix import find_cycle
from drillyard.records import Competency, Objective
from drillyard.records.base import first_problem
from drillyard.records.strict_json import parse_json

__all__ = ["ImportedCase", "case_id", "export_case", "import_case", "read_case"]

MOST_BYTES = 20_000_000
_OURS = "drillyard"
"""The key of our own fields among an item's `extensions`, which CASE 1.1 leaves to whoever writes."""

_KINDS = {"competency": "Competency", "objective": "Objective", "source": "Framework statement"}
_Kind = Literal["isChildOf", "isPartOf", "precedes", "isRelatedTo"]
_AnyKind = Literal[
    "isChildOf", "isPeerOf", "isPartOf", "exactMatchOf", "precedes", "isRelatedTo", "replacedBy", "exemplar",
    "hasSkillLevel", "isTranslationOf",
]  # fmt: skip
_Entry = Competency | Objective | Source


class _Node(BaseModel):
    """A part of a package. Fields that CASE has and we do not read are left unread."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    identifier: uuid.UUID
    uri: str = Field(min_length=1)


class _Document(_Node):
    title: str
    creator: str
    lastChangeDateTime: datetime
    version: str = ""


class _Item(_Node):
    fullStatement: str = Field(min_length=1)
    lastChangeDateTime: datetime
    humanCodingScheme: str = ""
    extensions: dict[str, Any] = {}


class _Association(_Node):
    associationType: _AnyKind
    originNodeURI: _Node
    destinationNodeURI: _Node
    lastChangeDateTime: datetime


class _Package(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    CFDocument: _Document
    CFItems: tuple[_Item, ...] = Field(min_length=1)
    CFAssociations: tuple[_Association, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ImportedCase:
    """What a package holds, as entries of a catalogue; `known` are ids that the catalogue has already."""

    model: CompetencyModel
    competencies: tuple[Competency, ...]
    objectives: tuple[Objective, ...] = ()
    sources: tuple[Source, ...] = ()
    known: tuple[str, ...] = field(default=())


def case_id(model: CompetencyModel, entry: _Entry) -> str:
    """Return the UUID under which an entry of a catalogue goes out."""
    own = getattr(entry, "case_id", "")
    return own or str(uuid.uuid5(uuid.NAMESPACE_URL, f"{model.uri}/{entry.record_name()}/{entry.id}"))


def export_case(catalogue: Catalogue) -> dict[str, Any]:
    """Return a catalogue's competencies, objectives and sources as one CFPackage."""
    model = catalogue.model
    ids = {(entry.record_name(), entry.id): case_id(model, entry) for entry in _entries(catalogue)}
    document = str(uuid.uuid5(uuid.NAMESPACE_URL, model.uri))
    changed = f"{model.as_of or '1970-01-01'}T00:00:00+00:00"
    at = {"title": model.title, "identifier": document, "uri": f"urn:uuid:{document}"}
    common = {"CFDocumentURI": at, "lastChangeDateTime": changed}
    package = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{model.uri}/package"))
    return {
        "CFDocument": {
            "identifier": document,
            "uri": f"urn:uuid:{document}",
            "creator": "Drillyard",
            "title": model.title,
            "description": model.uri,
            "version": model.edition,
            "language": "en",
            "caseVersion": "1.1",
            "adoptionStatus": "Implemented",
            "CFPackageURI": {"title": model.title, "identifier": package, "uri": f"urn:uuid:{package}"},
            "lastChangeDateTime": changed,
        },
        "CFItems": [_item(entry, ids) | common for entry in _entries(catalogue)],
        "CFAssociations": [_association(model, *edge) | common for edge in _edges(catalogue, ids, document)],
        "CFDefinitions": {},
        "CFRubrics": [_rubric(objective, model, ids) for objective in catalogue.objectives],
    }


def read_case(path: Path, known: Catalogue | None = None) -> ImportedCase:
    """Read a CFPackage from a file. Raises `BadInput` as `import_case`, or for a file that is no JSON of sane size."""
    try:
        if (size := path.stat().st_size) > MOST_BYTES:
            raise bad_input(f"{size:,} bytes in {path.name}", f"a CASE package of at most {MOST_BYTES:,} bytes")
        data = path.read_bytes()
    except OSError as error:
        raise bad_input(f"{error.strerror} at {str(path)!r}", "a CASE package (JSON)") from None
    if data.startswith((b"PK\x03\x04", b"\x1f\x8b")):
        raise bad_input(f"an archive {path.name}", "a CASE package (JSON)", "unpack it and name the JSON file in it")
    try:
        package = parse_json(data.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as error:
        raise bad_input(f"broken JSON in {path.name} ({error})", "a CASE package (JSON)") from None
    try:
        return import_case(package, known)
    except BadInput as error:
        raise BadInput(f"{path.name}: {error}") from None


def import_case(package: object, known: Catalogue | None = None) -> ImportedCase:
    """Return what a CFPackage holds as entries of a catalogue.

    Items that Drillyard wrote become what they were; any other item becomes a competency, a part of the one that it is
    a child of, named by its coding scheme where it has one.

    Args:
        package: parsed JSON.
        known: a catalogue whose own entries are left out when they come back, and whose ids are not taken twice.

    Raises:
        BadInput: a field that CASE asks for is missing or wrong, two nodes share a UUID, an association has an end that
            the package does not hold, items hang on nothing or on each other, or `precedes` goes round in a circle.
    """
    try:
        read = _Package.model_validate(package)
    except ValidationError as error:
        raise BadInput(first_problem(error, "CFPackage")) from None
    items = {item.identifier: item for item in read.CFItems}
    if len(items) < len(read.CFItems) or read.CFDocument.identifier in items:
        raise bad_input("two nodes with one identifier", "a UUID of its own for every CFItem and the CFDocument")
    _require_graph(read, items)
    return _entries_of(read, items, known)


def _entries(catalogue: Catalogue) -> tuple[_Entry, ...]:
    return (*catalogue.competencies, *catalogue.objectives, *catalogue.sources)


def _item(entry: _Entry, ids: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    name = ids[entry.record_name(), entry.id]
    own = entry.model_dump(mode="json", exclude={"id", "case_id", "after", "sources", "competency", "part_of"})
    told = entry.statement if isinstance(entry, Objective) else entry.title
    item = {
        "identifier": name,
        "uri": f"urn:uuid:{name}",
        "CFItemType": _KINDS[entry.record_name()],
        "humanCodingScheme": entry.id,
        "fullStatement": told,
        "language": "en",
        "extensions": {_OURS: {"kind": entry.record_name(), **own}},
    }
    if isinstance(entry, Objective):
        item["notes"] = f"Given: {entry.condition}. Level {LEVELS[entry.bloom]} of 3 ({entry.bloom})."
    elif isinstance(entry, Source) and entry.words:
        item["notes"] = entry.words
    return item


def _edges(
    catalogue: Catalogue, ids: Mapping[tuple[str, str], str], document: str
) -> Iterator[tuple[_Kind, tuple[str, str], tuple[str, str]]]:
    """Yield the associations: kind, origin and destination as (UUID, title)."""
    root = (document, catalogue.model.title)
    ends = {
        (e.record_name(), e.id): (ids[e.record_name(), e.id], e.statement if isinstance(e, Objective) else e.title)
        for e in _entries(catalogue)
    }
    for one in catalogue.competencies:
        here = ends["competency", one.id]
        yield "isChildOf", here, ends["competency", one.part_of] if one.part_of else root
        yield from (("precedes", ends["competency", first], here) for first in one.after)
        yield from (("isRelatedTo", here, ends["source", source]) for source in one.sources)
    for objective in catalogue.objectives:
        yield "isChildOf", ends["objective", objective.id], ends["competency", objective.competency]
    for source in catalogue.sources:
        yield "isChildOf", ends["source", source.id], root


def _association(
    model: CompetencyModel, kind: _Kind, origin: tuple[str, str], destination: tuple[str, str]
) -> dict[str, Any]:
    name = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{model.uri}/{kind}/{origin[0]}/{destination[0]}"))
    ends = [{"title": title, "identifier": end, "uri": f"urn:uuid:{end}"} for end, title in (origin, destination)]
    return {
        "identifier": name,
        "uri": f"urn:uuid:{name}",
        "associationType": kind,
        "originNodeURI": ends[0],
        "destinationNodeURI": ends[1],
    }


def _rubric(objective: Objective, model: CompetencyModel, ids: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    """Return an objective's criterion as a rubric of one line."""
    names = [str(uuid.uuid5(uuid.NAMESPACE_URL, f"{model.uri}/{part}/{objective.id}")) for part in ("rubric", "line")]
    changed = f"{model.as_of or '1970-01-01'}T00:00:00+00:00"
    item = ids["objective", objective.id]
    line = {
        "identifier": names[1],
        "uri": f"urn:uuid:{names[1]}",
        "description": objective.criterion,
        "position": 1,
        "rubricId": names[0],
        "CFItemURI": {"title": objective.statement, "identifier": item, "uri": f"urn:uuid:{item}"},
        "CFRubricCriterionLevels": [],
        "lastChangeDateTime": changed,
    }
    return {
        "identifier": names[0],
        "uri": f"urn:uuid:{names[0]}",
        "title": objective.statement,
        "CFRubricCriteria": [line],
        "lastChangeDateTime": changed,
    }


def _require_graph(read: _Package, items: Mapping[uuid.UUID, _Item]) -> None:
    """Hold the rules that a schema cannot state: no dangling end, one root, no circle."""
    root, nodes = read.CFDocument.identifier, {read.CFDocument.identifier, *items}
    for one in read.CFAssociations:
        bound = ("isChildOf", "isPartOf", "precedes")  # the others may point into another framework
        ends = [one.originNodeURI, *([one.destinationNodeURI] if one.associationType in bound else [])]
        for end in (end.identifier for end in ends if end.identifier not in nodes):
            found = f"the {one.associationType} association {one.identifier} with the end {end}"
            raise bad_input(found, "a CFItem of this package or its CFDocument")
    for kind in ("isChildOf", "precedes"):
        graph: dict[str, set[str]] = {}
        for origin, end in _pairs(read, kind):
            graph.setdefault(_told(origin, items), set()).add(_told(end, items))
        if cycle := find_cycle(graph):
            raise bad_input(f"a circle of {kind}: {cycle}", "an order without one")
    held = {origin for origin, _ in _pairs(read, "isChildOf")}
    if loose := [item for name, item in items.items() if name not in held]:
        found = f"{len(loose)} items that are a child of nothing, the first {_told(loose[0].identifier, items)!r}"
        raise bad_input(found, f"one root: each a child of an item or of the CFDocument {root}")


def _pairs(read: _Package, kind: str) -> list[tuple[uuid.UUID, uuid.UUID]]:
    return [
        (one.originNodeURI.identifier, one.destinationNodeURI.identifier)
        for one in read.CFAssociations
        if one.associationType == kind
    ]


def _told(node: uuid.UUID, items: Mapping[uuid.UUID, _Item]) -> str:
    item = items.get(node)
    return (item.humanCodingScheme or item.fullStatement[:60]) if item else "the document"


def _entries_of(read: _Package, items: Mapping[uuid.UUID, _Item], known: Catalogue | None) -> ImportedCase:
    described = read.CFDocument
    model = CompetencyModel(
        uri=f"urn:uuid:{described.identifier}",
        title=described.title,
        edition=described.version or "1",
        as_of=described.lastChangeDateTime.date().isoformat(),
    )
    ours = {case_id(known.model, entry): entry.id for entry in _entries(known)} if known else {}
    taken = {entry.id for entry in _entries(known)} if known else set()
    kept = {name: item for name, item in items.items() if str(name) not in ours}
    ids = {name: ours[str(name)] for name in items if str(name) in ours}
    for name, item in kept.items():
        ids[name] = _free_id(item, taken)
        taken.add(ids[name])
    kinds = {name: str(_own_fields(item).get("kind", "competency")) for name, item in items.items()}
    links = {kind: _linked(read, kind, ids) for kind in ("isChildOf", "precedes", "isRelatedTo")}
    sources = {ids[name] for name, kind in kinds.items() if kind == "source"}
    made = [_entry(item, ids[name], kinds[name], links, sources) for name, item in kept.items()]
    return ImportedCase(
        model=model,
        competencies=tuple(one for one in made if isinstance(one, Competency)),
        objectives=tuple(one for one in made if isinstance(one, Objective)),
        sources=tuple(one for one in made if isinstance(one, Source)),
        known=tuple(ours[str(name)] for name in items if str(name) in ours),
    )


def _linked(read: _Package, kind: str, ids: Mapping[uuid.UUID, str]) -> dict[str, list[str]]:
    """Map ids to those that an association of a kind leads them to; `precedes` the other way round."""
    found: dict[str, list[str]] = {}
    for origin, end in _pairs(read, kind):
        if origin in ids and end in ids:
            here, there = (end, origin) if kind == "precedes" else (origin, end)
            found.setdefault(ids[here], []).append(ids[there])
    return found


def _own_fields(item: _Item) -> dict[str, Any]:
    own = item.extensions.get(_OURS)
    return own if isinstance(own, dict) and own.get("kind") in _KINDS else {}


def _entry(
    item: _Item, name: str, kind: str, links: Mapping[str, Mapping[str, list[str]]], sources: set[str]
) -> _Entry:
    own = {key: value for key, value in _own_fields(item).items() if key != "kind"}
    above = links["isChildOf"].get(name, [])
    if kind == "source":
        return Source.from_data({**own, "id": name})
    if kind == "objective":
        competency = above[0] if above else ""
        return Objective.from_data({**own, "id": name, "competency": competency, "case_id": str(item.identifier)})
    return Competency(
        id=name,
        title=item.fullStatement,
        sources=tuple(one for one in links["isRelatedTo"].get(name, ()) if one in sources),
        after=tuple(links["precedes"].get(name, ())),
        part_of=next(iter(above), ""),
        case_id=str(item.identifier),
    )


def _free_id(item: _Item, taken: Iterable[str]) -> str:
    """Return an id of letters that nobody has: from the coding scheme, else from the first words."""
    words = item.humanCodingScheme or " ".join(item.fullStatement.split()[:5])
    name = re.sub(r"[^a-z0-9.]+", "-", words.lower()).strip("-.")[:80] or str(item.identifier)
    if name not in taken:
        return name
    number = next(n for n in range(2, 100_000) if f"{name}-{n}" not in taken)
    return f"{name}-{number}"
