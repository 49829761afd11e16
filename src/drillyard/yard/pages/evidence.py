"""The evidence pack, for whoever audits the programme."""

from __future__ import annotations

import tempfile
from pathlib import Path

from starlette.responses import Response

from drillyard.exports.evidence import make_pack
from drillyard.exports.package import pack
from drillyard.yard.visit import Visit, page

__all__ = ["give"]


@page("auditor")
def give(visit: Visit) -> Response:
    """Make a pack and give it as one archive. A form, not a link: what it tells is remembered."""
    with tempfile.TemporaryDirectory() as held:
        make_pack(visit.yard.programme.path, Path(held), visit.yard.store.clock())
        packed = pack({path.name: path.read_bytes() for path in Path(held).iterdir()})
    named = {"content-disposition": 'attachment; filename="evidence.zip"'}
    return Response(packed, media_type="application/zip", headers=named)
