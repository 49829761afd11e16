"""A drill's files: the model, desk or log that it is about, and a submission to start from."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.responses import Response

from drillyard.drills.answers.drill import AnswerDrill
from drillyard.drills.answers.scoring import as_answers
from drillyard.errors import BadInput
from drillyard.exercises.too_permissive_too_censored.fitted import idle_edits
from drillyard.programs.submission import example_submission
from drillyard.records import AnswerSubmission, AnySubmission, ArtefactSubmission
from drillyard.yard.visit import Visit, kit_at, page

__all__ = ["download", "give_example", "take_away"]

_INSIDE = {"artefacts": "model", "policy": "desk", "answers": "paper"}
"""Name of the folder in the archive, by what is handed in."""


@page("learner")
def download(visit: Visit) -> Response:
    """Return the learner's model, as drillyard align opens it, their desk or their paper, in a zip archive."""
    one = visit.assignment()
    if one.drill.hands_in not in _INSIDE:
        raise HTTPException(404)
    folder = visit.yard.programme.target(one.instance)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    inside = _INSIDE[one.drill.hands_in]
    return _zipped(one.instance.id, {f"{inside}/{file.relative_to(folder)}": file.read_bytes() for file in files})


@page("learner")
def take_away(visit: Visit) -> Response:
    """Return what the learner handed in on a paper, as files for other tools, in a zip archive with one folder."""
    one = visit.assignment()
    progress, kit = visit.yard.submissions.of(visit.me().id, one.instance.id), kit_at(one.instance)
    if progress is None or not isinstance(progress.submission, AnswerSubmission) or not isinstance(kit, AnswerDrill):
        raise HTTPException(404)
    try:
        made = kit.export(visit.yard.programme.truth(one.instance.id).seed, as_answers(progress.submission.answers))
    except BadInput as error:
        raise HTTPException(404, str(error)) from None
    return _zipped(one.instance.id, {f"{one.instance.id}/{name}": text.encode() for name, text in made.items()})


def _zipped(name: str, files: Mapping[str, bytes]) -> Response:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    named = {"content-disposition": f'attachment; filename="{name}.zip"'}
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
