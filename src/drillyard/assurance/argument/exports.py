"""What a safety case is exported to: GSN as YAML for other tools, OSCAL assessment results as JSON; SACM: `sacm.py`."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, time
from importlib.metadata import version
from typing import Any

import yaml

from drillyard.assurance.argument.check import ArgumentCheck, ElementCheck
from drillyard.assurance.argument.elements import Argument, Element
from drillyard.errors import BadInput

__all__ = ["OSCAL", "as_gsn_yaml", "as_oscal", "check_oscal"]

OSCAL = "1.1.3"
_PREFIX = {"goal": "G", "strategy": "S", "solution": "Sn", "context": "C", "assumption": "A", "justification": "J"}


def as_gsn_yaml(argument: Argument, check: ArgumentCheck) -> str:
    """Return the elements in the YAML that gsn2x reads: `text`, `supportedBy`, `inContextOf`, `undeveloped`, `classes`.

    Ids are given the letters that GSN has for each kind where they have others.
    """
    names = {one.id: _gsn_id(one) for one in argument.elements}
    found: dict[str, dict[str, Any]] = {}
    for one in argument.elements:
        state = check.of(one.id)
        entry: dict[str, Any] = {"text": one.text}
        if one.supported_by:
            entry["supportedBy"] = [names[other] for other in one.supported_by]
        if one.in_context_of:
            entry["inContextOf"] = [names[other] for other in one.in_context_of]
        if one.kind in ("goal", "strategy") and not one.supported_by:
            entry["undeveloped"] = True
        entry["classes"] = [state.state]
        if one.run:
            entry["url"] = one.run.file
            entry["criterion"] = f"{one.run.at}: {one.criterion}"
        found[names[one.id]] = entry
    return str(yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=120))


def _gsn_id(one: Element) -> str:
    prefix = _PREFIX[one.kind]
    fits = one.id.startswith(prefix) and (prefix != "S" or not one.id.startswith("Sn"))
    return one.id if fits else f"{prefix}-{one.id}"


def as_oscal(argument: Argument, check: ArgumentCheck) -> str:
    """Return OSCAL assessment results as JSON, an observation and a finding per leaf; the same case, the same bytes."""
    at = datetime.combine(check.today, time(), UTC).isoformat()

    def name(*parts: str) -> str:
        # version 4 by shape, as OSCAL asks; by content, so that the same case has the same names
        made = uuid.uuid5(uuid.NAMESPACE_URL, "/".join(("drillyard", argument.title, *parts)))
        return str(uuid.UUID(bytes=made.bytes, version=4))

    leaves = [(one, check.of(one.id)) for one in argument.leaves]
    result = {
        "uuid": name("result"),
        "title": argument.title,
        "description": check.verdict,
        "start": at,
        "reviewed-controls": {"control-selections": [_selection(argument)]},
        "observations": [_observation(one, found, at, name) for one, found in leaves],
        "findings": [_finding(one, found, name) for one, found in leaves],
    }
    results = {
        "uuid": name("results"),
        "metadata": {
            "title": argument.title,
            "last-modified": at,
            "version": check.today.isoformat(),
            "oscal-version": OSCAL,
            "remarks": f"Made by drillyard {version('drillyard')}. {check.does_not_cover}",
        },
        "import-ap": {"href": "argument.yaml"},
        "results": [result],
    }
    return json.dumps({"assessment-results": results}, indent=2, ensure_ascii=False) + "\n"


def _selection(argument: Argument) -> Mapping[str, Any]:
    controls = sorted({duty for one in argument.elements for duty in one.standards})
    if not controls:
        return {"include-all": {}}
    return {"include-controls": [{"control-id": name} for name in controls]}


def _observation(one: Element, found: ElementCheck, at: str, name: Any) -> Mapping[str, Any]:
    made: dict[str, Any] = {
        "uuid": name("observation", one.id),
        "title": one.text,
        "description": found.words or found.state,
        "methods": ["TEST"],
        "collected": at,
    }
    if one.run:
        evidence = {"href": one.run.file, "description": f"{one.run.at}; SHA-256 {found.sha256 or 'none'}"}
        made["relevant-evidence"] = [evidence]
    return made


def _finding(one: Element, found: ElementCheck, name: Any) -> Mapping[str, Any]:
    met = found.state == "holds"
    return {
        "uuid": name("finding", one.id),
        "title": one.text,
        "description": found.words or found.state,
        "target": {
            "type": "objective-id",
            "target-id": one.id,
            "status": {"state": "satisfied" if met else "not-satisfied", "remarks": found.state},
        },
        "related-observations": [{"observation-uuid": name("observation", one.id)}],
    }


def check_oscal(text: str) -> bool:
    """Validate OSCAL results with compliance-trestle, where it is installed, and say whether it was.

    Raises:
        BadInput: trestle refuses them.
    """
    try:
        from trestle.oscal.assessment_results import AssessmentResults
    except ImportError:
        return False
    data = json.loads(text)["assessment-results"]
    try:
        AssessmentResults.model_validate(data)
    except ValueError as error:
        raise BadInput(f"found OSCAL that trestle refuses ({str(error)[:200]}), expected assessment results") from None
    return True
