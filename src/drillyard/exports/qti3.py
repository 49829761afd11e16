"""QTI 3 items of a programme's lessons and quizzes, with a test of each lesson and a manifest.

Source: QTI 3.0 ASI information model. A lesson tells after the first try why an answer is wrong, so its items carry key
and feedback. What counts does not: an item of a quiz has neither, and its score is given from outside.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping

from drillyard.errors import bad_input
from drillyard.exports.grammar import IDENTIFIER, ONE, SOME, TEXT, Tag, check, local, read_xml, write_xml
from drillyard.exports.package import Files, check_listed
from drillyard.exports.qti3_items import QTI, add, check_item, write_item
from drillyard.planning.lessons import Lesson, find_lesson
from drillyard.programs.folder import ProgramFolder
from drillyard.records import Activity

__all__ = ["check_qti3", "write_qti3"]

_CP = "http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1"
_MANIFEST = "imsmanifest.xml"
_NAME = {"identifier": IDENTIFIER}

_TEST: Mapping[str, Tag] = {
    "qti-assessment-test": Tag(must={**_NAME, "title": TEXT}, children={"qti-test-part": ONE}),
    "qti-test-part": Tag(
        must={**_NAME, "navigation-mode": "linear|nonlinear", "submission-mode": "individual"},
        children={"qti-assessment-section": ONE},
    ),
    "qti-assessment-section": Tag(
        must={**_NAME, "title": TEXT, "visible": "true"}, children={"qti-assessment-item-ref": SOME}
    ),
    "qti-assessment-item-ref": Tag(must={**_NAME, "href": TEXT}),
}
_PACKAGE: Mapping[str, Tag] = {
    "manifest": Tag(must=_NAME, children={"metadata": ONE, "organizations": ONE, "resources": ONE}),
    "metadata": Tag(children={"schema": ONE, "schemaversion": ONE}),
    "schema": Tag(text="QTI Package"),
    "schemaversion": Tag(text=r"3\.0\.0"),
    "organizations": Tag(),
    "resources": Tag(children={"resource": SOME}),
    "resource": Tag(
        must={**_NAME, "type": "imsqti_(item|test)_xmlv3p0", "href": TEXT},
        children={"file": ONE, "dependency": (0, 99)},
    ),
    "file": Tag(must={"href": TEXT}),
    "dependency": Tag(must={"identifierref": IDENTIFIER}),
}


def write_qti3(programme: ProgramFolder) -> dict[str, bytes]:
    """Return the package's files. Raises `BadInput` for a programme whose plan has no lesson with questions."""
    steps = [step.activity for role in programme.plan().roles for step in role.activities]
    planned = {one.id: one for one in steps}
    lessons = {name: lesson for name, one in planned.items() if (lesson := find_lesson(one, programme.path))}
    if not lessons:
        raise bad_input(
            "a plan without a lesson or quiz that has questions", "one with such", "choose another --format"
        )
    files: dict[str, bytes] = {}
    resources: list[tuple[str, str, str, list[str]]] = []
    for name, lesson in lessons.items():
        items = []
        for question in lesson.questions:
            key, place = f"item-{name}-{question.id}", f"items/{name}-{question.id}.xml"
            item = write_item(key, f"{planned[name].title}: {question.id}", question, counts=lesson.needed > 0)
            files[place] = write_xml(item, {"": QTI})
            resources.append((key, "item", place, []))
            items.append((key, f"../{place}"))
        place = f"tests/{name}.xml"
        files[place] = write_xml(_test(planned[name], lesson, items), {"": QTI})
        resources.append((f"test-{name}", "test", place, [key for key, _ in items]))
    files[_MANIFEST] = write_xml(_manifest(resources), {"": _CP})
    return files


def check_qti3(files: Files) -> Iterator[str]:
    """Yield what is wrong with a package: by grammar, then dangling references, keys that are no choice and so on."""
    if _MANIFEST not in files:
        yield "no imsmanifest.xml at the root"
        return
    root = read_xml(files[_MANIFEST])
    yield from check(root, _PACKAGE, "manifest", (_CP,))
    resources = [one for one in root.iter() if local(one.tag) == "resource"]
    ids = [one.get("identifier", "") for one in resources]
    yield from (f"the identifier {one!r} stands twice" for one in {one for one in ids if ids.count(one) > 1})
    for one in root.iter():
        if local(one.tag) == "dependency" and one.get("identifierref") not in ids:
            yield f"a resource depends on {one.get('identifierref')!r}, which is not there"
    yield from check_listed(files, {one.get("href", "") for one in root.iter() if local(one.tag) == "file"}, _MANIFEST)
    for resource in resources:
        place = resource.get("href", "")
        if place in files and resource.get("type") == "imsqti_item_xmlv3p0":
            yield from (f"{place}: {found}" for found in check_item(read_xml(files[place]), resource.get("identifier")))
        elif place in files:
            yield from (f"{place}: {found}" for found in _check_test(read_xml(files[place]), files))


def _check_test(root: ET.Element, files: Files) -> Iterator[str]:
    yield from check(root, _TEST, "qti-assessment-test", (QTI,))
    refs = [one for one in root.iter() if local(one.tag) == "qti-assessment-item-ref"]
    names = [one.get("identifier") for one in refs]
    if len(set(names)) < len(names):
        yield "an item twice"
    for one in refs:
        if one.get("href", "").removeprefix("../") not in files:
            yield f"the item {one.get('href')!r} is missing"


def _test(activity: Activity, lesson: Lesson, items: list[tuple[str, str]]) -> ET.Element:
    root = ET.Element(f"{{{QTI}}}qti-assessment-test", {"identifier": f"test-{activity.id}", "title": activity.title})
    mode = "linear" if lesson.needed else "nonlinear"
    part = add(root, "test-part", identifier="part", navigation_mode=mode, submission_mode="individual")
    section = add(part, "assessment-section", identifier="section", title=activity.title, visible="true")
    for key, place in items:
        add(section, "assessment-item-ref", identifier=key, href=place)
    return root


def _manifest(resources: list[tuple[str, str, str, list[str]]]) -> ET.Element:
    root = ET.Element(f"{{{_CP}}}manifest", {"identifier": "drillyard-items"})
    told = ET.SubElement(root, f"{{{_CP}}}metadata")
    ET.SubElement(told, f"{{{_CP}}}schema").text = "QTI Package"
    ET.SubElement(told, f"{{{_CP}}}schemaversion").text = "3.0.0"
    ET.SubElement(root, f"{{{_CP}}}organizations")
    held = ET.SubElement(root, f"{{{_CP}}}resources")
    for key, kind, place, needs in resources:
        names = {"identifier": key, "type": f"imsqti_{kind}_xmlv3p0", "href": place}
        one = ET.SubElement(held, f"{{{_CP}}}resource", names)
        ET.SubElement(one, f"{{{_CP}}}file", {"href": place})
        for need in needs:
            ET.SubElement(one, f"{{{_CP}}}dependency", {"identifierref": need})
    return root
