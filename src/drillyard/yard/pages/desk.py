"""A desk: its notes and questions, the policy in a field, and a trial of it on last year."""

from __future__ import annotations

from collections import Counter

from starlette.exceptions import HTTPException
from starlette.responses import Response

from drillyard.containment.adversaries.case import CASE, AskedQuestion, OracleCase, read_case
from drillyard.errors import BadInput
from drillyard.exercises.contain_the_oracle.exam import NOTES, POLICY
from drillyard.records import PolicySubmission
from drillyard.records.submission import MAX_POLICY
from drillyard.registrar.held import Tried
from drillyard.yard.pages.checking import AT_A_TIME, Unchecked, check_file
from drillyard.yard.pages.hints import tell_hints
from drillyard.yard.visit import Assignment, Visit, page, path_of

__all__ = ["begin_anew", "read_policy", "render_desk", "show_questions", "try_it"]

_FORM = "policy"
_SHOWN = 100
"""Questions on a page; the rest after a click, so that a phone loads 40 kB and not 300."""
_ORDERS = {"influence": "how far readers move it", "asker": "who asked", "worth": "worth", "": "date of asking"}


def render_desk(visit: Visit, one: Assignment, status: int = 200, error: str = "") -> Response:
    """Render a drill without a model: files to work on, a policy to try and to hand in."""
    me, name = visit.me().id, one.instance.id
    text, tried = _text(visit, one), visit.yard.held.tried(me, name)
    return visit.render(
        "desk.html",
        status,
        one=one,
        here=path_of(one),
        **tell_hints(visit, one),
        case=read_case(visit.yard.programme.target(one.instance) / CASE),
        notes=_file(visit, one, NOTES),
        policy=text,
        tried=tried,
        changed=tried is not None and tried.policy != text,
        waits=visit.yard.held.waiting(me, name) is not None,
        error=error,
        most=MAX_POLICY,
    )


def read_policy(visit: Visit, one: Assignment) -> str:
    """Return the policy that was sent, the file's where one was chosen, and keep it in the field.

    Raises:
        Unchecked: more than a policy may have, or bytes that are no text.
    """
    data = visit.upload("file")
    try:
        text = (data.decode() if data else visit.field(_FORM)).replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise Unchecked(422, "This file is no text in UTF-8. Choose the YAML file of a policy.") from None
    if len(text) > MAX_POLICY:
        raise Unchecked(422, f"found a policy of {len(text):,} characters, expected at most {MAX_POLICY:,}; shorten it")
    try:
        visit.yard.drafts.save(visit.me().id, one.instance.id, _FORM, [(_FORM, text)])
    except BadInput as error:
        raise Unchecked(422, str(error)) from None
    return text


@page("learner", limiter=AT_A_TIME)
def try_it(visit: Visit) -> Response:
    """Try a policy on the year that the learner knows, in a process of its own, and keep what came of it."""
    one = _at_a_desk(visit)
    me, name = visit.me().id, one.instance.id
    if visit.yard.submissions.closed(me, name):
        return visit.go(f"{path_of(one)}/result")
    try:
        text = read_policy(visit, one)
        trial = check_file(visit, lambda: visit.yard.try_last_year(one.instance, text))
    except Unchecked as error:
        return render_desk(visit, one, error.status, str(error))
    visit.yard.held.keep_trial(me, name, Tried(policy=text, trial=trial))
    held = sum(check.passed for check in trial.checks)
    visit.yard.store.happened(me, name, "tried", f"{held} of {len(trial.checks)} limits of last year held")
    return visit.go(f"{path_of(one)}#trial")


@page("learner")
def begin_anew(visit: Visit) -> Response:
    """Put the policy that the desk runs today back into the field."""
    one = _at_a_desk(visit)
    visit.yard.drafts.save(visit.me().id, one.instance.id, _FORM, [(_FORM, _file(visit, one, POLICY))])
    return visit.go(f"{path_of(one)}#policy")


@page("learner")
def show_questions(visit: Visit) -> Response:
    """Show last year's questions as a table, in an order and by words of one's choice."""
    one, asks = _at_a_desk(visit), visit.request.query_params
    case = read_case(visit.yard.programme.target(one.instance) / CASE)
    words, order = asks.get("words", "")[:100], asks.get("order", "influence")
    found = _sorted([ask for ask in case.questions if words.lower() in ask.question.text.lower()], order)
    return visit.render(
        "questions.html",
        one=one,
        here=path_of(one),
        words=words,
        order=order,
        orders=_ORDERS,
        asks=found if "all" in asks else found[:_SHOWN],
        found=len(found),
        askers=_askers(case),
    )


def _askers(case: OracleCase) -> list[tuple[str, int]]:
    return Counter(ask.asker for ask in case.questions).most_common()


def _sorted(asks: list[AskedQuestion], order: str) -> list[AskedQuestion]:
    keys = {
        "influence": lambda ask: (-ask.influence, ask.question.text),
        "asker": lambda ask: (ask.asker, ask.question.text),
        "worth": lambda ask: (-ask.weight, ask.question.text),
    }
    return sorted(asks, key=keys[order]) if order in keys else asks


def _at_a_desk(visit: Visit) -> Assignment:
    one = visit.assignment()
    if one.drill.hands_in != "policy":
        raise HTTPException(404)
    return one


def _text(visit: Visit, one: Assignment) -> str:
    """Return what stands in the field: as it was left, as it was handed in without a grade, or the policy of today."""
    me, name = visit.me().id, one.instance.id
    if draft := visit.yard.drafts.of(me, name, _FORM):
        return draft.one(_FORM).replace("\r\n", "\n")
    progress = visit.yard.submissions.of(me, name)
    if progress and isinstance(progress.submission, PolicySubmission):
        return progress.submission.policy
    return _file(visit, one, POLICY)


def _file(visit: Visit, one: Assignment, name: str) -> str:
    path = visit.yard.programme.target(one.instance) / name
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
