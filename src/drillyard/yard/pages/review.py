"""The designer's review queue: one draft beside the places that it names, to accept, reject or edit."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from starlette.responses import Response

from drillyard.errors import BadInput
from drillyard.programs.material.draft import SourcedClaim
from drillyard.programs.material.page import tell_queue
from drillyard.programs.material.queue import as_text, find_material, review
from drillyard.records import Span
from drillyard.scopes.compiling import read_documents
from drillyard.scopes.documents import Document, place
from drillyard.yard.visit import Visit, page

__all__ = ["ShownPlace", "decide", "show"]


@dataclass(frozen=True, kw_only=True)
class ShownPlace:
    """A place that a claim names, as the policy has it today: what stands before it, there, and after it.

    `said` is empty where the policy says it no longer, or is gone.
    """

    place: str
    before: str
    said: str
    after: str


@page("designer")
def show(visit: Visit) -> Response:
    """Show a draft of the queue: the one that is asked for, or else the first that is open."""
    return _page(visit, visit.request.query_params.get("draft", ""))


@page("designer")
def decide(visit: Visit) -> Response:
    """Take over what was said of a draft, as `drillyard design review` does, and go on with the next open one."""
    name, what, reason = visit.field("draft"), visit.field("what"), visit.field("reason").strip()
    if what == "reject" and not reason:
        return _page(
            visit, name, 422, "Say in a few words why it is not to be used: whoever drafts the next one reads it."
        )
    folder = visit.yard.programme
    try:
        if what == "edit":
            with tempfile.TemporaryDirectory() as held:
                file = Path(held) / f"{name[:40] or 'draft'}.yaml".replace("/", "-")
                file.write_text(visit.field("text").replace("\r\n", "\n"), encoding="utf-8")
                review(folder, edits=[file])
            return visit.go(f"/designer/review?draft={name}")
        review(
            folder, accept=[name] if what == "accept" else (), reject=[name] if what == "reject" else (), reason=reason
        )
    except BadInput as error:
        return _page(visit, name, 422, str(error))
    return visit.go("/designer/review")


def _page(visit: Visit, name: str, status: int = 200, error: str = "") -> Response:
    folder = visit.yard.programme
    material = find_material(folder)
    drafts = material.drafts if material else ()
    waiting = [one for one in drafts if one.standing == "open"]
    draft = next((one for one in drafts if one.id == name), next(iter(waiting), None))
    documents = {one.name: one for one in read_documents(folder.policies)} if draft and folder.policies.is_dir() else {}
    return visit.render(
        "review.html",
        status,
        material=material,
        verdict=tell_queue(material) if material else "",
        waiting=len(waiting),
        draft=draft,
        claims=[(claim, _places(claim, documents)) for claim in draft.claims] if draft else [],
        rubric=[(line, place(line.span)) for line in draft.rubric] if draft else [],
        text=visit.field("text") or (as_text(draft) if draft else ""),
        reason=visit.field("reason"),
        editing=bool(visit.field("text")),
        error=error,
    )


def _places(claim: SourcedClaim, documents: dict[str, Document]) -> list[ShownPlace]:
    return [_place(span, documents.get(span.document)) for span in claim.spans]


def _place(span: Span, document: Document | None) -> ShownPlace:
    """Return a place with the blocks around it."""
    blocks = document.blocks if document else ()
    at = next((n for n, one in enumerate(blocks) if one.line == span.line and one.page == span.page), None)
    if document is None or at is None or span.text not in blocks[at].text:
        return ShownPlace(place=place(span), before="", said="", after="")
    before, after = (blocks[n].text if 0 <= n < len(blocks) else "" for n in (at - 1, at + 1))
    return ShownPlace(place=place(span), before=before, said=blocks[at].text, after=after)
