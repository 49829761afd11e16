"""cmi5: a course structure whose assignable units are thin shells around hosted drills.

Source: the cmi5 specification (Sandstone, 1st edition). The course structure's schema accepts ids that stand twice and
ids that are no absolute IRI; the two rules are checked here. The unit's own statements are checked by `xapi`.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from drillyard.exports.course import Course
from drillyard.exports.grammar import ONE, SOME, TEXT, Tag, check, local, read_xml, write_xml
from drillyard.exports.package import Files
from drillyard.exports.scorm12 import shell_files

__all__ = ["check_cmi5", "write_cmi5"]

_NS = "https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd"
_MANIFEST = "cmi5.xml"
_SCORE = r"0(\.\d{1,4})?|1(\.0{1,4})?"
_WORDS = {"title": ONE, "description": ONE}

_GRAMMAR: Mapping[str, Tag] = {
    "courseStructure": Tag(children={"course": ONE, "au": SOME}),
    "course": Tag(must={"id": TEXT}, children=_WORDS),
    "au": Tag(
        must={
            "id": TEXT,
            "moveOn": "NotApplicable|Passed|Completed|CompletedAndPassed|CompletedOrPassed",
            "masteryScore": _SCORE,
            "launchMethod": "OwnWindow|AnyWindow",
        },
        children={**_WORDS, "url": ONE},
    ),
    "title": Tag(children={"langstring": SOME}),
    "description": Tag(children={"langstring": SOME}),
    "langstring": Tag(must={"lang": r"[a-z]{2,3}(-[A-Za-z0-9]{1,8})*"}, text=TEXT),
    "url": Tag(text=TEXT),
}


def write_cmi5(course: Course) -> dict[str, bytes]:
    """Return the files of the package."""
    root = ET.Element(f"{{{_NS}}}courseStructure")
    top = ET.SubElement(root, f"{{{_NS}}}course", {"id": course.iri("programmes", course.key)})
    _words(top, course.title, f"{course.title}, {course.organisation}")
    for unit in course.units:
        names = {
            "id": course.iri("drills", unit.drill),
            "moveOn": "Passed",
            "masteryScore": f"{unit.pass_mark:.4g}",
            "launchMethod": "AnyWindow",
        }
        au = ET.SubElement(root, f"{{{_NS}}}au", names)
        _words(au, unit.title, unit.about)
        ET.SubElement(au, f"{{{_NS}}}url").text = f"{unit.drill}.html"
    return {**shell_files(course, "cmi5"), _MANIFEST: write_xml(root, {"": _NS})}


def check_cmi5(files: Files) -> Iterator[str]:
    """Yield what is wrong with a package: by grammar, then by the rules that the schema does not state."""
    if _MANIFEST not in files:
        yield "no cmi5.xml at the root"
        return
    root = read_xml(files[_MANIFEST])
    yield from check(root, _GRAMMAR, "courseStructure", (_NS,))
    ids = [one.get("id", "") for one in root.iter() if local(one.tag) in ("course", "au")]
    yield from (f"the id {one!r:.100} stands twice" for one in {one for one in ids if ids.count(one) > 1})
    for one in ids:
        if not (urlsplit(one).scheme and urlsplit(one).netloc):
            yield f"the id {one!r:.100} is no absolute IRI"
    urls = [(one.text or "").strip() for one in root.iter() if local(one.tag) == "url"]
    for url in urls:
        if url.partition("?")[0] not in files:
            yield f"the unit's page {url!r:.100} is missing from the package"
    shared = {"shell.js", "shell.css", "cmi5.js", _MANIFEST}
    yield from (f"the file {name} belongs to no unit" for name in sorted(set(files) - shared - set(urls)))


def _words(parent: ET.Element, title: str, about: str) -> None:
    for name, words in (("title", title), ("description", about)):
        held = ET.SubElement(parent, f"{{{_NS}}}{name}")
        ET.SubElement(held, f"{{{_NS}}}langstring", {"lang": "en"}).text = words
