"""A safety case in the terms of OMG SACM 2.3, as XMI that a tool on its metamodel can load.

Goals are claims, solutions references to artefacts. What supports a goal is one relation: an inference from claims, or
evidence from artefacts; a strategy between them is the reasoning of that relation. Contexts, assumptions and
justifications are claims that stand beside; a defeater that is open is a claim that counters.

The classes and features are those of the metamodel's public implementation for Eclipse (github.com/wrwei/SACM).
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from drillyard.assurance.argument.check import ArgumentCheck, ElementCheck
from drillyard.assurance.argument.elements import Argument, Element, ElementKind

__all__ = ["as_sacm"]

_SACM = "http://omg.sacm/2.3/argumentation"
_XMI, _XSI = "http://www.omg.org/XMI", "http://www.w3.org/2001/XMLSchema-instance"
_BESIDE: dict[ElementKind, str] = {"context": "axiomatic", "assumption": "assumed", "justification": "axiomatic"}
_DECLARED = {"holds": "asserted", "fails": "defeated"}


def as_sacm(argument: Argument, check: ArgumentCheck) -> bytes:
    """Return an argument package; the same case, the same bytes."""
    return _Package(argument, check).written()


class _Package:
    """Builds the document; `xmi:id` are numbers, so that any id of an element may stand in `gid`."""

    def __init__(self, argument: Argument, check: ArgumentCheck) -> None:
        for prefix, uri in (("argumentation_", _SACM), ("xmi", _XMI), ("xsi", _XSI)):
            ElementTree.register_namespace(prefix, uri)
        self.argument, self.check = argument, check
        self.ids = {one.id: f"_{place}" for place, one in enumerate(argument.elements)}
        self.root = ElementTree.Element(f"{{{_SACM}}}ArgumentPackage", {f"{{{_XMI}}}version": "2.0", "gid": "package"})
        _described(self.root, argument.title, check.verdict)

    def written(self) -> bytes:
        """Return the document."""
        for one in self.argument.elements:
            self._element(one, self.check.of(one.id))
        for one in self.argument.elements:
            self._relations(one)
        ElementTree.indent(self.root)
        return bytes(ElementTree.tostring(self.root, encoding="utf-8", xml_declaration=True))

    def _element(self, one: Element, found: ElementCheck) -> None:
        told = {f"{{{_XMI}}}id": self.ids[one.id], "gid": one.id}
        kind = {"solution": "ArtifactReference", "strategy": "ArgumentReasoning"}.get(one.kind, "Claim")
        if kind == "Claim":
            declared = _BESIDE.get(one.kind) or _DECLARED.get(found.state, "needsSupport")
            told["assertionDeclaration"] = declared
        tags = {"state": found.state, "sha256": found.sha256, "command": found.command}
        if one.run:
            tags |= {"run": f"{one.run.file}: {one.run.at}", "criterion": one.criterion}
        self._add(kind, told, one.id, found.words, one.text, tags)

    def _relations(self, one: Element) -> None:
        """Add what supports an element, what stands beside it, and what counters it."""
        if one.kind == "goal":
            for strategy, below in self._supports(one):
                for kind, sources in (
                    ("AssertedEvidence", [name for name in below if self._kind(name) == "solution"]),
                    ("AssertedInference", [name for name in below if self._kind(name) != "solution"]),
                ):
                    if sources:
                        self._relate(kind, sources, one.id, reasoning=strategy)
        for other in one.in_context_of:
            self._relate("AssertedContext", [other], one.id)
        for place, doubt in enumerate(one.defeaters, start=1):
            if doubt.is_open(self.check.today):
                name = f"{one.id}-defeater-{place}"
                self.ids[name] = f"{self.ids[one.id]}d{place}"
                told = {f"{{{_XMI}}}id": self.ids[name], "gid": name, "assertionDeclaration": "asserted"}
                self._add("Claim", told, name, "open", doubt.text)
                self._relate("AssertedInference", [name], one.id, isCounter="true")

    def _supports(self, goal: Element) -> list[tuple[str, Sequence[str]]]:
        """Return what supports a goal, by the strategy between them; none for what does so directly."""
        found: list[tuple[str, Sequence[str]]] = [
            (name, self.argument.element(name).supported_by)
            for name in goal.supported_by
            if self._kind(name) == "strategy"
        ]
        return [("", [name for name in goal.supported_by if self._kind(name) != "strategy"]), *found]

    def _kind(self, name: str) -> ElementKind:
        return self.argument.element(name).kind

    def _relate(self, kind: str, sources: Sequence[str], target: str, *, reasoning: str = "", **more: str) -> None:
        named = {"source": " ".join(self.ids[name] for name in sources), "target": self.ids[target], **more}
        if reasoning:
            named["reasoning"] = self.ids[reasoning]
        gid = "-".join((*sources, *([reasoning] if reasoning else []), target))
        element = {f"{{{_XSI}}}type": f"argumentation_:{kind}", "gid": gid, **named}
        ElementTree.SubElement(self.root, "argumentationElement", element)

    def _add(
        self, kind: str, told: dict[str, str], name: str, note: str, text: str, tags: dict[str, str] | None = None
    ) -> None:
        """Add an element: what it is called, what was found of it, its tags, what it says."""
        element = {f"{{{_XSI}}}type": f"argumentation_:{kind}", **told}
        made = ElementTree.SubElement(self.root, "argumentationElement", element)
        _described(made, name, note)
        for key, value in (tags or {}).items():
            if value:
                tag = ElementTree.SubElement(made, "taggedValue")
                _texts(tag, "content", value)
                _texts(tag, "key", key)
        _texts(made, "content", text)


def _described(node: ElementTree.Element, name: str, note: str) -> None:
    ElementTree.SubElement(node, "name", {"content": name})
    if note:
        _texts(ElementTree.SubElement(node, "description"), "content", note)


def _texts(node: ElementTree.Element, feature: str, text: str) -> None:
    ElementTree.SubElement(ElementTree.SubElement(node, feature), "value", {"content": text})
