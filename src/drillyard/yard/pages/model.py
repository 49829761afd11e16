"""The model of a drill as a file: whoever repairs it needs it in hand."""

from __future__ import annotations

import io
import zipfile

from starlette.exceptions import HTTPException
from starlette.responses import Response

from drillyard.yard.visit import Visit, page

__all__ = ["download"]


@page("learner")
def download(visit: Visit) -> Response:
    """Return the learner's model, as drillyard align opens it, in a zip archive with one folder `model`."""
    one = visit.assignment()
    if one.drill.hands_in != "artefacts":
        raise HTTPException(404)
    held = io.BytesIO()
    folder = visit.yard.programme.organism(one.instance.id)
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(file, f"model/{file.relative_to(folder)}")
    named = {"content-disposition": f'attachment; filename="{one.instance.id}.zip"'}
    return Response(held.getvalue(), media_type="application/zip", headers=named)
