"""What a drill is about as a file: whoever repairs a model, or guards a desk, needs it in hand."""

from __future__ import annotations

import io
import zipfile

from starlette.exceptions import HTTPException
from starlette.responses import Response

from drillyard.yard.visit import Visit, page

__all__ = ["download"]

_INSIDE = {"artefacts": "model", "policy": "desk"}
"""Name of the folder in the archive, by what is handed in."""


@page("learner")
def download(visit: Visit) -> Response:
    """Return the learner's model, as drillyard align opens it, or their desk, in a zip archive with one folder."""
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
