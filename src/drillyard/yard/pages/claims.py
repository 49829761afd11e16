"""Filing claims: what the learner says the model does wrong."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import Response

from drillyard.errors import BadInput
from drillyard.yard.claim_form import ClaimForm, claim_from, from_fields, row_number
from drillyard.yard.pages.drill import path_of, render_drill
from drillyard.yard.pages.submit import as_submitted
from drillyard.yard.visit import Visit, page

__all__ = ["change", "remove"]


@page("learner")
def change(visit: Visit) -> Response:
    """File a claim or change one; the form's other buttons add a question and keep what was typed."""
    one = visit.assignment()
    me, name = visit.me().id, one.instance.id
    form = from_fields(visit.field, visit.fields)
    if visit.field("clear"):
        visit.yard.drafts.drop(me, name, "claim")
        return visit.go(f"{path_of(one)}#claims")
    visit.yard.drafts.save(me, name, "claim", visit.texts())  # what is typed survives whatever is wrong with it
    if visit.field("add"):
        return render_drill(visit, one, form=form.with_line(one.drill.max_questions))
    if used := visit.field("use"):
        for row in visit.yard.store.chats(me, name):
            if str(row.id) == used:
                form = form.with_question(row.prompt, row.template, one.drill.max_questions)
        return render_drill(visit, one, form=form)
    claim = claim_from(form, one.drill, one.instance)
    if isinstance(claim, ClaimForm):
        return render_drill(visit, one, status=422, form=claim)
    try:
        as_submitted(me, one, (claim,))
        visit.yard.store.save_claim(me, name, claim, one.drill.max_claims, form.row)
    except BadInput as error:
        return render_drill(visit, one, status=422, form=form.refused(str(error)))
    visit.yard.drafts.drop(me, name, "claim")
    return visit.go(f"{path_of(one)}?done={'changed' if form.row else 'filed'}#claims")


@page("learner")
def remove(visit: Visit) -> Response:
    """Take a claim back."""
    one = visit.assignment()
    claim = row_number(visit.request.path_params["claim"])
    if claim is None:
        raise HTTPException(404)
    visit.yard.store.remove_claim(visit.me().id, one.instance.id, claim)
    return visit.go(f"{path_of(one)}?done=removed#claims")
