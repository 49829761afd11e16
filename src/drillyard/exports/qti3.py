"""QTI 3 items of a programme's lessons and quizzes, with a test of each lesson and a manifest.

Source: QTI 3.0 ASI information model, choice interaction with modal feedback. A lesson tells after the first try why an
option is wrong, so its items carry key and feedback. What counts does not: an item of a quiz has neither, and its score
is given from outside.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping

from drillyard.errors import bad_input
from drillyard.exports.grammar import IDENTIFIER, ONE, SOME, TEXT, Tag, check, local, read_xml, write_xml
from drillyard.exports.package import Files, check_listed
from drillyard.planning.lessons import Lesson, LessonQuestion, find_lesson
from drillyard.programs.folder import ProgramFolder
from drillyard.records import Activity

__all__ = ["check_qti3", "write_qti3"]

_QTI = "http://www.imsglobal.org/xsd/imsqtiasi_v3p0"
_CP = "http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1"
_MANIFEST = "imsmanifest.xml"
_MAYBE = (0, 1)
_NAME = {"identifier": IDENTIFIER}

_ITEM: Mapping[str, Tag] = {
    "qti-assessment-item": Tag(
        must={**_NAME, "title": r"[\s\S]{1,200}", "adaptive": "false", "time-dependent": "false", "lang": "[a-z]{2}"},
        children={
            "qti-response-declaration": ONE,
            "qti-outcome-declaration": (1, 2),
            "qti-item-body": ONE,
            "qti-response-processing": _MAYBE,
            "qti-modal-feedback": (0, 5),
        },
    ),
    "qti-response-declaration": Tag(
        must={**_NAME, "cardinality": "single", "base-type": "identifier"}, children={"qti-correct-response": _MAYBE}
    ),
    "qti-correct-response": Tag(children={"qti-value": ONE}),
    "qti-value": Tag(text=TEXT),
    "qti-outcome-declaration": Tag(
        must={**_NAME, "cardinality": "single", "base-type": "float|identifier"},
        may={"external-scored": "externalMachine"},
        children={"qti-default-value": _MAYBE},
    ),
    "qti-default-value": Tag(children={"qti-value": ONE}),
    "qti-item-body": Tag(children={"qti-choice-interaction": ONE}),
    "qti-choice-interaction": Tag(
        must={"response-identifier": IDENTIFIER, "shuffle": "true", "max-choices": "1"},
        children={"qti-prompt": ONE, "qti-simple-choice": (2, 5)},
    ),
    "qti-prompt": Tag(text=TEXT),
    "qti-simple-choice": Tag(must=_NAME, text=TEXT),
    "qti-response-processing": Tag(children={"qti-response-condition": ONE, "qti-set-outcome-value": ONE}),
    "qti-response-condition": Tag(children={"qti-response-if": ONE}),
    "qti-response-if": Tag(children={"qti-match": ONE, "qti-set-outcome-value": ONE}),
    "qti-match": Tag(children={"qti-variable": ONE, "qti-correct": ONE}),
    "qti-variable": Tag(must=_NAME),
    "qti-correct": Tag(must=_NAME),
    "qti-set-outcome-value": Tag(must=_NAME, children={"qti-base-value": _MAYBE, "qti-variable": _MAYBE}),
    "qti-base-value": Tag(must={"base-type": "float"}, text=r"\d"),
    "qti-modal-feedback": Tag(
        must={**_NAME, "outcome-identifier": IDENTIFIER, "show-hide": "show"}, children={"qti-content-body": ONE}
    ),
    "qti-content-body": Tag(children={"p": ONE}),
    "p": Tag(text=TEXT),
}
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
            files[place] = write_xml(_item(key, planned[name], lesson, question), {"": _QTI})
            resources.append((key, "item", place, []))
            items.append((key, f"../{place}"))
        place = f"tests/{name}.xml"
        files[place] = write_xml(_test(planned[name], lesson, items), {"": _QTI})
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
            yield from (
                f"{place}: {found}" for found in _check_item(read_xml(files[place]), resource.get("identifier"))
            )
        elif place in files:
            yield from (f"{place}: {found}" for found in _check_test(read_xml(files[place]), files))


def _check_item(root: ET.Element, name: str | None) -> Iterator[str]:
    yield from check(root, _ITEM, "qti-assessment-item", (_QTI,))
    found = {key: [one for one in root.iter() if local(one.tag) == key] for key in _ITEM}
    if root.get("identifier") != name:
        yield f"its identifier is {root.get('identifier')!r}, the manifest's {name!r}"
    declared = {one.get("identifier") for one in found["qti-response-declaration"]}
    outcomes = {one.get("identifier") for one in found["qti-outcome-declaration"]}
    choices = [one.get("identifier") for one in found["qti-simple-choice"]]
    if len(set(choices)) < len(choices):
        yield "two choices with one identifier"
    for one in found["qti-choice-interaction"]:
        if one.get("response-identifier") not in declared:
            yield f"the interaction answers {one.get('response-identifier')!r}, which is not declared"
    keys = [value.text for one in found["qti-correct-response"] for value in one]
    yield from (f"the key {key!r} is no choice" for key in keys if key not in choices)
    for one in (*found["qti-variable"], *found["qti-correct"]):
        if one.get("identifier") not in declared:
            yield f"its processing reads {one.get('identifier')!r}, which is not declared"
    told = [one.get("outcome-identifier") for one in found["qti-modal-feedback"]]
    for target in (*told, *(one.get("identifier") for one in found["qti-set-outcome-value"])):
        if target not in outcomes:
            yield f"the outcome {target!r} is not declared"
    if keys and {one.get("identifier") for one in found["qti-modal-feedback"]} != set(choices):
        yield "a choice without feedback, or feedback to none"
    outside = any(one.get("external-scored") for one in found["qti-outcome-declaration"])
    if outside and (keys or told or found["qti-response-processing"]):
        yield "an item that is scored from outside tells its key"
    if not outside and not keys:
        yield "an item that nobody can score"


def _check_test(root: ET.Element, files: Files) -> Iterator[str]:
    yield from check(root, _TEST, "qti-assessment-test", (_QTI,))
    refs = [one for one in root.iter() if local(one.tag) == "qti-assessment-item-ref"]
    names = [one.get("identifier") for one in refs]
    if len(set(names)) < len(names):
        yield "an item twice"
    for one in refs:
        if one.get("href", "").removeprefix("../") not in files:
            yield f"the item {one.get('href')!r} is missing"


def _item(key: str, activity: Activity, lesson: Lesson, question: LessonQuestion) -> ET.Element:
    counts = lesson.needed > 0
    title = f"{activity.title}: {question.id}"[:200]
    names = {"identifier": key, "title": title, "adaptive": "false", "time-dependent": "false"}
    root = ET.Element(f"{{{_QTI}}}qti-assessment-item", {**names, "{http://www.w3.org/XML/1998/namespace}lang": "en"})
    response = _add(root, "response-declaration", identifier="RESPONSE", cardinality="single", base_type="identifier")
    right = next(i for i, option in enumerate(question.options) if option.right)
    if not counts:
        _add(_add(response, "correct-response"), "value").text = f"o{right}"
    score = _add(root, "outcome-declaration", identifier="SCORE", cardinality="single", base_type="float")
    if counts:
        score.set("external-scored", "externalMachine")
    else:
        _add(_add(score, "default-value"), "value").text = "0"
        _add(root, "outcome-declaration", identifier="FEEDBACK", cardinality="single", base_type="identifier")
    body = _add(root, "item-body")
    choice = _add(body, "choice-interaction", response_identifier="RESPONSE", shuffle="true", max_choices="1")
    _add(choice, "prompt").text = question.ask
    for i, option in enumerate(question.options):
        _add(choice, "simple-choice", identifier=f"o{i}").text = option.text
    if not counts:
        _add_feedback(root, question)
    return root


def _add_feedback(root: ET.Element, question: LessonQuestion) -> None:
    """Score by the key, and say of each option why it is right or wrong."""
    processing = _add(root, "response-processing")
    when = _add(_add(processing, "response-condition"), "response-if")
    match = _add(when, "match")
    _add(match, "variable", identifier="RESPONSE")
    _add(match, "correct", identifier="RESPONSE")
    _add(_add(when, "set-outcome-value", identifier="SCORE"), "base-value", base_type="float").text = "1"
    _add(_add(processing, "set-outcome-value", identifier="FEEDBACK"), "variable", identifier="RESPONSE")
    for i, option in enumerate(question.options):
        shown = _add(root, "modal-feedback", outcome_identifier="FEEDBACK", show_hide="show", identifier=f"o{i}")
        ET.SubElement(_add(shown, "content-body"), f"{{{_QTI}}}p").text = option.why


def _test(activity: Activity, lesson: Lesson, items: list[tuple[str, str]]) -> ET.Element:
    root = ET.Element(f"{{{_QTI}}}qti-assessment-test", {"identifier": f"test-{activity.id}", "title": activity.title})
    mode = "linear" if lesson.needed else "nonlinear"
    part = _add(root, "test-part", identifier="part", navigation_mode=mode, submission_mode="individual")
    section = _add(part, "assessment-section", identifier="section", title=activity.title, visible="true")
    for key, place in items:
        _add(section, "assessment-item-ref", identifier=key, href=place)
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


def _add(parent: ET.Element, name: str, **attributes: str) -> ET.Element:
    given = {key.replace("_", "-"): value for key, value in attributes.items()}
    return ET.SubElement(parent, f"{{{_QTI}}}qti-{name}", given)
