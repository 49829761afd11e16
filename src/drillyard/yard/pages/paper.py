"""A paper: read on the left, answered in a form on the right; where it has a bench, looks are taken there."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.responses import Response

from drillyard.drills.answers.drill import SHEET, AnswerDrill
from drillyard.drills.answers.scoring import as_answers, put_in_words
from drillyard.errors import BadInput
from drillyard.records import AnswerSheet, AnswerSubmission, PaperTable
from drillyard.records.files import read_record
from drillyard.registrar.store import Refused
from drillyard.yard.pages.checking import AT_A_TIME, Unchecked
from drillyard.yard.pages.hints import tell_hints
from drillyard.yard.visit import Assignment, Visit, kit_at, page, path_of

__all__ = ["read_answers", "render_paper", "sheet_of", "take_look", "tell_answers", "try_answers"]

_FORM = "answers"


def render_paper(
    visit: Visit,
    one: Assignment,
    status: int = 200,
    error: str = "",
    *,
    look_error: str = "",
    preview_error: str = "",
    tried: PaperTable | None = None,
) -> Response:
    """Render a drill on a paper, with what was typed into its form, and what came of trying it."""
    me, name = visit.me().id, one.instance.id
    sheet = sheet_of(visit, one)
    typed = _typed(visit, one, sheet)
    return visit.render(
        "paper.html",
        status,
        one=one,
        here=path_of(one),
        **tell_hints(visit, one),
        sheet=sheet,
        typed=typed,
        looks=visit.yard.held.looks(me, name),
        waits=_waits(visit, one, typed),
        error=error,
        look_error=look_error,
        preview_error=preview_error,
        tried=tried,
    )


@page("learner", limiter=AT_A_TIME)
def take_look(visit: Visit) -> Response:
    """Take a look at the bench: measured now, kept, and counted; what stands in the form is kept with it."""
    one, me = visit.assignment(), visit.me().id
    sheet = sheet_of(visit, one) if one.drill.hands_in == "answers" else None
    kit = kit_at(one.instance)
    if sheet is None or sheet.bench is None or not isinstance(kit, AnswerDrill):
        raise HTTPException(404)
    if visit.yard.submissions.closed(me, one.instance.id):
        return visit.go(f"{path_of(one)}/result")
    _keep(visit, one, sheet)
    model, kind, *_ = chosen = [visit.field(name)[:40] for name in _at_bench(sheet)]
    key = sheet.bench.key(model, kind, {axis.id: said for axis, said in zip(sheet.bench.axes, chosen[2:], strict=True)})
    if not key:
        told = "Choose a model and what is to be read of it; not everything can be read of every model."
        return render_paper(visit, one, 422, look_error=told)
    try:
        if len(visit.yard.held.looks(me, one.instance.id)) < sheet.bench.budget:  # else nothing is measured
            found = kit.look(visit.yard.programme.truth(one.instance.id).seed, key)
            visit.yard.held.keep_look(me, one.instance.id, found, sheet.bench.budget)
    except Refused as error:
        return render_paper(visit, one, 422, look_error=str(error))
    return visit.go(f"{path_of(one)}#bench")


@page("learner", limiter=AT_A_TIME)
def try_answers(visit: Visit) -> Response:
    """Try what stands in the form on what the learner may see; nothing is handed in, and the form is kept."""
    one = visit.assignment()
    kit, sheet = kit_at(one.instance), sheet_of(visit, one) if one.drill.hands_in == "answers" else None
    if sheet is None or not sheet.preview or not isinstance(kit, AnswerDrill):
        raise HTTPException(404)
    if visit.yard.submissions.closed(visit.me().id, one.instance.id):
        return visit.go(f"{path_of(one)}/result")
    answers, seed = _keep(visit, one, sheet), visit.yard.programme.truth(one.instance.id).seed
    try:
        found = kit.preview(seed, as_answers(answers))
    except BadInput as error:
        return render_paper(visit, one, 422, preview_error=str(error))
    visit.yard.store.happened(visit.me().id, one.instance.id, "tried")
    return render_paper(visit, one, tried=found)


def read_answers(visit: Visit, one: Assignment) -> bytes:
    """Return what stands in the form as a submission, and keep it in the form. Raises `Unchecked`."""
    sheet, me = sheet_of(visit, one), visit.me().id
    try:
        answers = _keep(visit, one, sheet)
    except BadInput as error:
        raise Unchecked(422, str(error)) from None
    if not any(answers[field.id].strip() not in ("", field.start.strip()) for field in sheet.fields):
        raise Unchecked(422, "The form is empty. Answer at least one question; what you leave out counts as wrong.")
    taken = {look.key for look in visit.yard.held.looks(me, one.instance.id)}
    for field in sheet.fields:
        if field.kind == "look" and answers[field.id] and answers[field.id] not in taken:
            raise Unchecked(422, f"“{field.label}” names a look that you did not take. Take it, or choose another.")
    return AnswerSubmission(instance=one.instance.id, learner=me, answers=answers).to_json().encode()


def tell_answers(visit: Visit, one: Assignment, handed: AnswerSubmission) -> list[tuple[str, str]]:
    """Return the answers in the words of the form, for a look back."""
    return put_in_words(sheet_of(visit, one), handed.answers)


def _keep(visit: Visit, one: Assignment, sheet: AnswerSheet) -> dict[str, str]:
    """Keep what stands in the form, the choices at the bench too, and return its answers. Raises `Refused`."""
    answers = {field.id: visit.field(field.id).replace("\r\n", "\n")[: field.most] for field in sheet.fields}
    bench = [(name, visit.field(name)[:40]) for name in _at_bench(sheet)]
    visit.yard.drafts.save(visit.me().id, one.instance.id, _FORM, [*answers.items(), *bench])
    return answers


def _typed(visit: Visit, one: Assignment, sheet: AnswerSheet) -> dict[str, str]:
    """Return what stands in the form: as it was left, or as it was handed in without a grade."""
    me, name = visit.me().id, one.instance.id
    names = (*(field.id for field in sheet.fields), *_at_bench(sheet))
    if draft := visit.yard.drafts.of(me, name, _FORM):
        return {name: draft.one(name) for name in names}
    progress = visit.yard.submissions.of(me, name)
    if progress and isinstance(progress.submission, AnswerSubmission):
        return {name: progress.submission.answers.get(name, "") for name in names}
    return {**dict.fromkeys(names, ""), **{field.id: field.start for field in sheet.fields}}


def _at_bench(sheet: AnswerSheet) -> list[str]:
    """Return what is chosen at the bench of a paper, in the order of a look's name; nothing where it has none."""
    return (
        [f"look-{name}" for name in ("model", "kind", *(axis.id for axis in sheet.bench.axes))] if sheet.bench else []
    )


def _waits(visit: Visit, one: Assignment, typed: Mapping[str, str]) -> bool:
    """Say whether what was looked back at is still what stands in the form."""
    waiting = visit.yard.held.waiting(visit.me().id, one.instance.id)
    if waiting is None or not isinstance(waiting.submission, AnswerSubmission):
        return False
    return all(typed.get(name, "").strip() == text.strip() for name, text in waiting.submission.answers.items())


def sheet_of(visit: Visit, one: Assignment) -> AnswerSheet:
    """Return the paper of an instance with its form."""
    return read_record(visit.yard.programme.target(one.instance) / SHEET, AnswerSheet)
