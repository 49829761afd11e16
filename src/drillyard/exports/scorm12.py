"""SCORM 1.2: a package whose every activity is a thin shell around a hosted drill.

Sources: the SCORM 1.2 Content Aggregation Model and Run-Time Environment of ADL, as far as read through the run time
`scorm-again` 3.4.3, in which the tests run each shell. SCORM 1.2 believes what the browser says, so a learner can forge
a score towards their platform: the yard's own grade is the one that counts.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from importlib import resources

from drillyard.exports.course import Course, Unit
from drillyard.exports.grammar import IDENTIFIER, ONE, SOME, TEXT, Tag, check, local, read_xml, write_xml
from drillyard.exports.package import Files, check_listed

__all__ = ["MOST_SUSPEND_DATA", "check_scorm12", "shell_files", "write_scorm12"]

MOST_SUSPEND_DATA = 4096
"""Characters of `cmi.suspend_data`; the run time lets more pass, so the shell and this check hold to it."""

_CP = "http://www.imsproject.org/xsd/imscp_rootv1p1p2"
_ADL = "http://www.adlnet.org/xsd/adlcp_rootv1p2"
_MANIFEST = "imsmanifest.xml"
_SHARED = ("shell.css", "shell.js")

_GRAMMAR: Mapping[str, Tag] = {
    "manifest": Tag(
        must={"identifier": IDENTIFIER, "version": r"1\.\d"},
        children={"metadata": ONE, "organizations": ONE, "resources": ONE},
    ),
    "metadata": Tag(children={"schema": ONE, "schemaversion": ONE}),
    "schema": Tag(text="ADL SCORM"),
    "schemaversion": Tag(text=r"1\.2"),
    "organizations": Tag(must={"default": IDENTIFIER}, children={"organization": SOME}),
    "organization": Tag(must={"identifier": IDENTIFIER}, children={"title": ONE, "item": SOME}),
    "item": Tag(
        must={"identifier": IDENTIFIER, "identifierref": IDENTIFIER},
        may={"isvisible": "true|false"},
        children={"title": ONE, "masteryscore": (0, 1)},
    ),
    "title": Tag(text=r"[\s\S]{1,200}"),
    "masteryscore": Tag(text=r"\d{1,2}|100"),
    "resources": Tag(children={"resource": SOME}),
    "resource": Tag(
        must={"identifier": IDENTIFIER, "type": "webcontent", "scormtype": "sco|asset", "href": TEXT},
        children={"file": SOME},
    ),
    "file": Tag(must={"href": TEXT}),
}


def write_scorm12(course: Course) -> dict[str, bytes]:
    """Return the files of the package."""
    files = shell_files(course, "scorm12")
    files[_MANIFEST] = write_xml(_manifest(course), {"": _CP, "adlcp": _ADL})
    return files


def shell_files(course: Course, kind: str) -> dict[str, bytes]:
    """Return a page per drill with what they share; `kind` is the platform that it talks to, scorm12 or cmi5."""
    home = resources.files("drillyard.exports") / "shell"
    files = {name: (home / name).read_bytes() for name in (*_SHARED, f"{kind}.js")}
    page = (home / "shell.html").read_text(encoding="utf-8")
    for unit in course.units:
        setting = json.dumps({"yard": course.url, "drill": unit.drill, "mastery": unit.pass_mark})
        filled = page.replace("{kind}", kind).replace("{title}", _escape(unit.title))
        files[f"{unit.drill}.html"] = filled.replace("{setting}", _escape(setting)).encode()
    return files


def check_scorm12(files: Files) -> Iterator[str]:
    """Yield what is wrong with a package: by grammar, then by the rules that no schema states."""
    if _MANIFEST not in files:
        yield "no imsmanifest.xml at the root"
        return
    root = read_xml(files[_MANIFEST])
    yield from check(root, _GRAMMAR, "manifest", (_CP, _ADL))
    named = {name: [one for one in root.iter() if local(one.tag) == name] for name in _GRAMMAR}
    ids = [value for one in root.iter() for key, value in one.attrib.items() if local(key) == "identifier"]
    yield from (f"the identifier {one} stands twice" for one in {one for one in ids if ids.count(one) > 1})
    resources_by_id = {one.get("identifier"): one for one in named["resource"]}
    organizations = {one.get("identifier") for one in named["organization"]}
    for one in named["organizations"]:
        if one.get("default") not in organizations:
            yield f"the default organization {one.get('default')!r} is not there"
    for item in named["item"]:
        resource = resources_by_id.get(item.get("identifierref"))
        if resource is None:
            yield f"item {item.get('identifier')}: no resource {item.get('identifierref')!r}"
        elif resource.get(f"{{{_ADL}}}scormtype") != "sco":
            yield f"item {item.get('identifier')}: its resource cannot be launched"
    for resource in named["resource"]:
        hrefs = [one.get("href", "") for one in resource]
        if resource.get("href") not in hrefs:
            yield f"resource {resource.get('identifier')}: its page is not among its files"
    yield from check_listed(files, {one.get("href", "") for one in named["file"]}, _MANIFEST)
    yield from _check_scripts(files)


def _check_scripts(files: Files) -> Iterator[str]:
    """Yield what the shell's own script does not hold to."""
    script = files.get("shell.js", b"").decode(errors="replace")
    told = re.search(r"MOST_SUSPEND_DATA = (\d+)", files.get("scorm12.js", b"").decode(errors="replace"))
    if not told or int(told[1]) > MOST_SUSPEND_DATA:
        yield f"the shell may write more than {MOST_SUSPEND_DATA} characters of suspend_data"
    if "eval(" in script or "innerHTML" in script:
        yield "shell.js runs or writes text that it was sent"


def _manifest(course: Course) -> ET.Element:
    root = ET.Element(f"{{{_CP}}}manifest", {"identifier": f"drillyard-{course.key}", "version": "1.0"})
    told = ET.SubElement(root, f"{{{_CP}}}metadata")
    _text(told, "schema", "ADL SCORM")
    _text(told, "schemaversion", "1.2")
    organizations = ET.SubElement(root, f"{{{_CP}}}organizations", {"default": "programme"})
    organization = ET.SubElement(organizations, f"{{{_CP}}}organization", {"identifier": "programme"})
    _text(organization, "title", course.title[:200])
    held = ET.SubElement(root, f"{{{_CP}}}resources")
    for unit in course.units:
        _item(organization, unit)
        sco = {"identifier": f"sco-{unit.drill}", "type": "webcontent", "href": f"{unit.drill}.html"}
        resource = ET.SubElement(held, f"{{{_CP}}}resource", {**sco, f"{{{_ADL}}}scormtype": "sco"})
        for name in (f"{unit.drill}.html", "scorm12.js", *_SHARED):
            ET.SubElement(resource, f"{{{_CP}}}file", {"href": name})
    return root


def _item(organization: ET.Element, unit: Unit) -> None:
    names = {"identifier": f"item-{unit.drill}", "identifierref": f"sco-{unit.drill}", "isvisible": "true"}
    item = ET.SubElement(organization, f"{{{_CP}}}item", names)
    _text(item, "title", unit.title[:200])


def _text(parent: ET.Element, name: str, words: str) -> None:
    ET.SubElement(parent, f"{{{_CP}}}{name}").text = words


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
