"""SACM: the export keeps to the metamodel's classes and features, and the argument can be read back out of it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from assurance.test_case import EXAMPLES, TODAY

from drillyard.assurance.argument.check import check_case_argument
from drillyard.assurance.argument.elements import Argument, Defeater, read_argument
from drillyard.assurance.argument.sacm import as_sacm

XMI, XSI = "{http://www.omg.org/XMI}", "{http://www.w3.org/2001/XMLSchema-instance}"
DECLARATIONS = {"asserted", "needsSupport", "assumed", "axiomatic", "defeated", "asCited"}
TEXTS = {"value": ({"content", "lang"}, {})}
DESCRIBED = {
    "name": ({"content", "lang"}, {}),
    "description": (set(), {"content": (set(), TEXTS)}),
    "taggedValue": (set(), {"content": (set(), TEXTS), "key": (set(), TEXTS)}),
    "content": (set(), TEXTS),
}
"""By feature of SACM 2.3 (OMG, 2023; packages base and argumentation): its attributes, and the features in it."""
ASSETS = {"Claim", "ArgumentReasoning", "ArtifactReference"}
RELATIONS = {"AssertedInference", "AssertedEvidence", "AssertedContext"}


def exported(argument: Argument) -> ElementTree.Element:
    """Return the root of an export."""
    check = check_case_argument(argument, EXAMPLES / "helpdesk", TODAY)
    return ElementTree.fromstring(as_sacm(argument, check))


def helpdesk() -> Argument:
    """Return the example with an open defeater, and an id that no XML name may have."""
    argument = read_argument(EXAMPLES / "helpdesk")
    doubt = (Defeater(text="The exam was read aloud in class"),)
    renamed = {"G3": "goal 3 <b>"}
    return argument.model_copy(
        update={
            "elements": tuple(
                one.model_copy(
                    update={
                        "id": renamed.get(one.id, one.id),
                        "supported_by": tuple(renamed.get(name, name) for name in one.supported_by),
                        "defeaters": doubt if one.id == "Sn1" else one.defeaters,
                    }
                )
                for one in argument.elements
            )
        }
    )


def features(node: ElementTree.Element, known: dict) -> None:
    """Refuse a child that the metamodel has no feature for, or an attribute that its class lacks."""
    for child in node:
        assert child.tag in known, child.tag
        attributes, inner = known[child.tag]
        assert {*child.attrib} <= attributes, child.attrib
        features(child, inner)


def test_every_element_has_only_what_its_class_has() -> None:
    """Types, attributes, features, multiplicities and ends of relations, as the metamodel has them."""
    root = exported(helpdesk())
    assert root.tag == "{http://omg.sacm/2.3/argumentation}ArgumentPackage"
    kinds = {}
    for one in root.findall("argumentationElement"):
        kind = one.attrib[f"{XSI}type"].removeprefix("argumentation_:")
        own = {f"{XSI}type", "gid"}
        if kind in RELATIONS:
            assert {*one.attrib} - own <= {"source", "target", "reasoning", "isCounter"} and not len(one)
            assert {"source", "target"} <= one.attrib.keys()
        else:
            assert kind in ASSETS and {*one.attrib} - own - {f"{XMI}id"} <= {"assertionDeclaration"}
            assert ("assertionDeclaration" in one.attrib) == (kind == "Claim")
            assert one.get("assertionDeclaration", "asserted") in DECLARATIONS
            assert one.attrib[f"{XMI}id"] not in kinds
            kinds[one.attrib[f"{XMI}id"]] = kind
            features(one, DESCRIBED)
            assert len(one.findall("content")) == len(one.findall("name")) == 1
    for one in root.findall("argumentationElement[@source]"):
        kind = one.attrib[f"{XSI}type"].removeprefix("argumentation_:")
        sources = {kinds[name] for name in one.attrib["source"].split()}
        assert sources == {"ArtifactReference" if kind == "AssertedEvidence" else "Claim"}
        assert {kinds[name] for name in one.attrib["target"].split()} <= ASSETS
        assert kinds.get(one.get("reasoning", ""), "ArgumentReasoning") == "ArgumentReasoning"


def test_the_argument_comes_back(tmp_path: Path) -> None:
    """Texts, links, strategies and contexts read out of the export are those of the argument; the doubt counters."""
    argument = helpdesk()
    root = exported(argument)
    ids, texts = {}, {}
    for one in root.findall(f"argumentationElement[@{XMI}id]"):
        ids[one.attrib[f"{XMI}id"]] = one.attrib["gid"]
        texts[one.attrib["gid"]] = one.find("content/value").attrib["content"]
    assert {one.id: one.text for one in argument.elements}.items() <= texts.items()
    below: dict[str, set[str]] = {}
    beside: dict[str, set[str]] = {}
    counters = []
    for one in root.findall("argumentationElement[@source]"):
        sources, target = [ids[name] for name in one.attrib["source"].split()], ids[one.attrib["target"]]
        if one.get("isCounter"):
            counters.append((texts[sources[0]], target))
        elif one.attrib[f"{XSI}type"].endswith("AssertedContext"):
            beside.setdefault(target, set()).update(sources)
        elif strategy := ids.get(one.get("reasoning", "")):
            below.setdefault(target, set()).add(strategy)
            below.setdefault(strategy, set()).update(sources)
        else:
            below.setdefault(target, set()).update(sources)
    assert below == {one.id: {*one.supported_by} for one in argument.elements if one.supported_by}
    assert beside == {one.id: {*one.in_context_of} for one in argument.elements if one.in_context_of}
    assert counters == [("The exam was read aloud in class", "Sn1")]
