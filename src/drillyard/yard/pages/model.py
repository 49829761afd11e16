"""A drill's files: the model, desk or log that it is about, and a submission to start from."""

from __future__ import annotations

import io
import json
import zipfile

from starlette.exceptions import HTTPException
from starlette.responses import Response

from drillyard.programs.drills.too_permissive_too_censored.fitted import idle_edits
from drillyard.programs.submission import example_submission
from drillyard.records import AnySubmission, ArtefactSubmission
from drillyard.yard.visit import Visit, page

__all__ = ["download", "give_example"]

_INSIDE = {"artefacts": "model", "policy": "desk", "answers": "paper"}
"""Name of the folder in the archive, by what is handed in."""


@page("learner")
def download(visit: Visit) -> Response:
    """Return the learner's model, as drillyard align opens it, their desk or their paper, in a zip archive."""
    one = visit.assignment()
    if one.drill.hands_in not in _INSIDE:
        raise HTTPException(404)
    held = io.BytesIO()
    folder = visit.yard.programme.target(one.instance)
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(file, f"{_INSIDE[one.drill.hands_in]}/{file.relative_to(folder)}")
    named = {"content-disposition": f'attachment; filename="{one.instance.id}.zip"'}
    return Response(held.getvalue(), media_type="application/zip", headers=named)


@page("learner")
def give_example(visit: Visit) -> Response:
    """Return a submission in which every field is filled, as a file to start from: it is accepted, and wins nothing."""
    one = visit.assignment()
    if one.world is None:  # a desk's policy and a paper's answers stand in their forms
        raise HTTPException(404)
    made: AnySubmission
    if one.drill.hands_in == "artefacts":
        settings = visit.yard.programme.target(one.instance) / "config.json"
        idle = idle_edits(json.loads(settings.read_text(encoding="utf-8"))["hidden_size"])
        made = ArtefactSubmission(instance=one.instance.id, learner="me", artefacts=(idle, idle), point="both")
    else:
        made = example_submission(one.instance, one.world)
    named = {"content-disposition": 'attachment; filename="example.json"'}
    return Response(made.to_json(indent=2), media_type="application/json", headers=named)
