"""The drill page: the task on the left, the model on the right."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from starlette.responses import Response

from drillyard.programs.submission import MAX_PROMPT, most_bytes
from drillyard.records import Severity
from drillyard.yard.claim_form import LINES, ClaimForm, from_claim, from_fields
from drillyard.yard.pages.again import show_preparing
from drillyard.yard.pages.desk import render_desk
from drillyard.yard.pages.hints import tell_hints
from drillyard.yard.pages.paper import render_paper
from drillyard.yard.visit import Assignment, Visit, page, path_of

__all__ = ["path_of", "render_drill", "show"]

_DONE = {
    "filed": "Filed. You can change it until you hand in.",
    "changed": "The change is saved.",
    "removed": "Removed.",
}


@page("learner")
def show(visit: Visit) -> Response:
    """Show the drill, or its result once the work is handed in and grading it has not failed."""
    if waiting := show_preparing(visit):
        return waiting
    one = visit.assignment()
    if visit.request.query_params.get("seen") == "preparing":  # the page that waited for this copy asks
        return visit.leave(path_of(one))
    me, name = visit.me().id, one.instance.id
    if visit.yard.submissions.closed(me, name):
        return visit.go(f"{path_of(one)}/result")
    visit.yard.store.started(me, name)
    edit = visit.request.query_params.get("edit", "")
    filed = visit.yard.store.claims(me, name)
    form = next((from_claim(row, claim) for row, claim in filed.items() if str(row) == edit), None)
    return render_drill(visit, one, form=_typed(visit, name, form, filed), prompt=_said(visit, name))


def _typed(visit: Visit, name: str, form: ClaimForm | None, filed: Collection[int]) -> ClaimForm | None:
    """Return the claim form as it was left: of the claim that is to be changed, or else whichever was left."""
    draft = visit.yard.drafts.of(visit.me().id, name, "claim")
    if draft is None:
        return form
    left = from_fields(draft.one, draft.many)
    if form is not None:
        return left if left.row == form.row else form
    return left if left.row in filed else replace(left, row=None)


def _said(visit: Visit, name: str) -> str:
    draft = visit.yard.drafts.of(visit.me().id, name, "say")
    return draft.one("prompt") if draft else ""


def render_drill(
    visit: Visit,
    one: Assignment,
    *,
    status: int = 200,
    form: ClaimForm | None = None,
    prompt: str = "",
    template: str = "",
    chat_error: str = "",
    upload_error: str = "",
) -> Response:
    """Render the drill page with what was typed and what was wrong with it."""
    store, me, name = visit.yard.store, visit.me().id, one.instance.id
    if one.drill.hands_in == "policy":
        return render_desk(visit, one, status, upload_error)
    if one.drill.hands_in == "answers":
        return render_paper(visit, one, status, upload_error)
    chats = store.chats(me, name)
    done = visit.request.query_params.get("done", "")
    assert one.world is not None  # only desks and papers have none
    last = chats[-1].template if chats else one.instance.templates[0]
    return visit.render(
        "drill.html",
        status,
        one=one,
        here=path_of(one),
        behaviours=[(code, one.world.behaviours[code]) for code in one.instance.behaviours],
        severities=list(Severity),
        line_count=LINES,
        chats=chats,
        waiting=visit.yard.chat.waiting(me, name),
        under_way=visit.yard.chat.under_way(me),
        claims=store.claims(me, name),
        **tell_hints(visit, one),
        form=form or ClaimForm(),
        done=_DONE.get(done, ""),
        prompt=prompt,
        template=template or last,
        chat_error=chat_error,
        upload_error=upload_error,
        waits=visit.yard.held.waiting(me, name) is not None,
        max_kb=most_bytes(one.drill) // 1024,
        repair=one.drill.hands_in == "artefacts",
        fits_left=visit.yard.fits.left(me, name),
        max_prompt=MAX_PROMPT,
    )
