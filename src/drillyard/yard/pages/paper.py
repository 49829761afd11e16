"""A paper: read on the left, answered in a form on the right."""

from __future__ import annotations

from starlette.responses import Response

from drillyard.errors import BadInput
from drillyard.programs.drills.answers.drill import SHEET
from drillyard.records import AnswerSheet, AnswerSubmission
from drillyard.records.files import read_record
from drillyard.yard.pages.checking import Unchecked
from drillyard.yard.visit import Assignment, Visit, path_of

__all__ = ["read_answers", "render_paper", "tell_answers"]

_FORM = "answers"


def render_paper(visit: Visit, one: Assignment, status: int = 200, error: str = "") -> Response:
    """Render a drill on a paper, with what was typed into its form."""
    store, me, name = visit.yard.store, visit.me().id, one.instance.id
    opened = store.hints(me, name)
    sheet = _sheet(visit, one)
    return visit.render(
        "paper.html",
        status,
        one=one,
        here=path_of(one),
        hints=visit.yard.programme.truth(name).hints[: one.instance.hints],
        opened=len(opened),
        cost=sum(hint.cost for hint in opened),
        new_hint=len(opened) if visit.request.query_params.get("done", "") == "hint" else 0,
        sheet=sheet,
        typed=_typed(visit, one, sheet),
        waits=visit.yard.held.waiting(me, name) is not None,
        error=error,
    )


def read_answers(visit: Visit, one: Assignment) -> bytes:
    """Return what stands in the form as a submission, and keep it in the form. Raises `Unchecked`."""
    sheet, me = _sheet(visit, one), visit.me().id
    answers = {field.id: visit.field(field.id)[:60] for field in sheet.fields}
    try:
        visit.yard.drafts.save(me, one.instance.id, _FORM, list(answers.items()))
    except BadInput as error:
        raise Unchecked(422, str(error)) from None
    if not any(text.strip() for text in answers.values()):
        raise Unchecked(422, "The form is empty. Answer at least one question; what you leave out counts as wrong.")
    return AnswerSubmission(instance=one.instance.id, learner=me, answers=answers).to_json().encode()


def tell_answers(visit: Visit, one: Assignment, handed: AnswerSubmission) -> list[tuple[str, str]]:
    """Return the answers in the words of the form, for a look back."""
    told = []
    for field in _sheet(visit, one).fields:
        text = handed.answers.get(field.id, "").strip()
        words = dict(field.choices).get(text, f"{text} {field.unit}".strip()) if text else "no answer"
        told.append((field.label, words))
    return told


def _typed(visit: Visit, one: Assignment, sheet: AnswerSheet) -> dict[str, str]:
    """Return what stands in the form: as it was left, or as it was handed in without a grade."""
    me, name = visit.me().id, one.instance.id
    if draft := visit.yard.drafts.of(me, name, _FORM):
        return {field.id: draft.one(field.id) for field in sheet.fields}
    progress = visit.yard.submissions.of(me, name)
    kept = progress.submission.answers if progress and isinstance(progress.submission, AnswerSubmission) else {}
    return {field.id: kept.get(field.id, "") for field in sheet.fields}


def _sheet(visit: Visit, one: Assignment) -> AnswerSheet:
    return read_record(visit.yard.programme.target(one.instance) / SHEET, AnswerSheet)
