"""A grammar for the XML that the exports write: elements, what they must and may carry, and what their text is like.

It stands for the parts of a standard's schema that an export uses; an element or attribute beyond them is refused too,
so that a change of the writer is seen. What a schema cannot say, each format checks by rules of its own.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from drillyard.errors import bad_input

__all__ = ["IDENTIFIER", "ONE", "SOME", "TEXT", "Tag", "check", "local", "read_xml", "write_xml"]

ONE, SOME = (1, 1), (1, 10_000)
TEXT = r"[\s\S]*\S[\s\S]*"
IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_.-]{0,127}"
_MOST_BYTES = 5_000_000


@dataclass(frozen=True, kw_only=True)
class Tag:
    """An element: patterns of its attributes (those of `must` are there), its children with how often, its text."""

    must: Mapping[str, str] = field(default_factory=dict)
    may: Mapping[str, str] = field(default_factory=dict)
    children: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    text: str = r"\s*"
    mixed: bool = False


def local(name: str) -> str:
    """Return a name without its namespace."""
    return name.rpartition("}")[2]


def read_xml(data: bytes) -> ET.Element:
    """Parse a document. Raises `BadInput` for none, for one that declares entities, and for one beyond a sane size."""
    if len(data) > _MOST_BYTES or b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise bad_input("XML with a document type, or beyond 5 MB", "plain XML")
    try:
        return ET.fromstring(data)
    except ET.ParseError as error:
        raise bad_input(f"broken XML ({error})", "well-formed XML") from None


def write_xml(root: ET.Element, namespaces: Mapping[str, str]) -> bytes:
    """Return a document as indented bytes; `namespaces` are prefixes, the empty one for the default."""
    for prefix, name in namespaces.items():
        ET.register_namespace(prefix, name)
    ET.indent(root)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode").encode() + b"\n"


def check(root: ET.Element, grammar: Mapping[str, Tag], first: str, namespaces: tuple[str, ...]) -> Iterator[str]:
    """Yield what of a document the grammar does not know."""
    if local(root.tag) != first:
        yield f"the document begins with {local(root.tag)!r}, expected {first!r}"
        return
    for element in root.iter():
        space = element.tag.rpartition("}")[0].removeprefix("{")
        name = local(element.tag)
        if space not in namespaces:
            yield f"{name}: the namespace {space!r:.100}"
        elif name not in grammar:
            yield f"an element {name!r} that the export does not use"
        else:
            yield from _check(element, name, grammar[name])


def _check(element: ET.Element, name: str, tag: Tag) -> Iterator[str]:
    found = {local(key): value for key, value in element.attrib.items() if local(key) != "schemaLocation"}
    for key in tag.must.keys() - found.keys():
        yield f"{name}: no attribute {key!r}"
    known = {**tag.may, **tag.must}
    for key, value in found.items():
        if key not in known:
            yield f"{name}: an attribute {key!r} that it has not"
        elif not re.fullmatch(known[key], value):
            yield f"{name}: {key}={value!r:.100}"
    names = [local(child.tag) for child in element]
    for child in {*names, *tag.children}:
        low, high = tag.children.get(child, (0, 0))
        if not low <= names.count(child) <= high:
            yield f"{name}: {names.count(child)} of {child!r}, expected {low} to {high}"
    if not tag.mixed and not re.fullmatch(tag.text, element.text or ""):
        yield f"{name}: the text {element.text!r:.100}"
