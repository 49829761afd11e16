"""My progress: each skill of my role with what shows it, and facts to bring back before they are forgotten."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.responses import Response

from drillyard.errors import BadInput
from drillyard.exports.course import course_of
from drillyard.planning.forms import TESTS
from drillyard.planning.graph import EVIDENCE
from drillyard.records import Activity, Attempt, Objective, RolePlan
from drillyard.registrar.attempts import attempts_of
from drillyard.registrar.led import OUTCOMES
from drillyard.registrar.recalls import RecallCard, cards_of
from drillyard.registrar.tables import LedRow
from drillyard.yard.pages.lesson import LessonCard, lessons_answered, lessons_of
from drillyard.yard.pages.steps import steps_of
from drillyard.yard.visit import Visit, page

__all__ = ["ShownAim", "recall", "review_card", "show"]

_WORDS = {1: "Again", 2: "Hard", 3: "Good", 4: "Easy"}


@dataclass(frozen=True, kw_only=True)
class ShownAim:
    """An objective with what shows it: `state` is found, missed or unknown, `words` say by which activity."""

    objective: Objective
    state: str
    words: str


@page("learner")
def show(visit: Visit) -> Response:
    """Show every skill of the learner's role."""
    role = next((one for one in visit.yard.programme.plan().roles if one.role == visit.me().role), None)
    attempts = attempts_of(visit.yard.programme, visit.yard.store, visit.me().id)
    cards, facts, led = lessons_of(visit), _cards(visit), visit.yard.led.of(visit.me().id)
    aims = [_shown(aim, role, attempts, cards, led) for aim in role.objectives] if role else []
    skills = (
        [(one, [aim for aim in aims if aim.objective.competency == one.id]) for one in role.competencies]
        if role
        else []
    )
    return visit.render(
        "progress.html",
        skills=[(one, found) for one, found in skills if found],
        shown=sum(aim.state == "found" for aim in aims),
        total=len(aims),
        due=len(visit.yard.recalls.due(visit.me().id, facts)),
        cards=len(facts),
        earned=_earned(visit, attempts),
        passed=any(one.grade and one.grade.passed for one in attempts),
        signs=bool(visit.yard.url),
        steps=steps_of(visit, role, cards),
    )


@page("learner")
def recall(visit: Visit) -> Response:
    """Ask the card that is due."""
    cards, me = _cards(visit), visit.me().id
    due = visit.yard.recalls.due(me, cards)
    card = due[0] if due else None
    return visit.render(
        "recall.html",
        card=card,
        left=len(due),
        total=len(cards),
        times=visit.yard.recalls.times(me, card) if card else 0,
        grades=_WORDS,
        next_due=min((one.due for one in visit.yard.recalls.reviews(me).values()), default=None),
    )


@page("learner")
def review_card(visit: Visit) -> Response:
    """Keep how well a card came back, and ask the next one."""
    key, typed = visit.field("card"), visit.field("recalled")
    card = next((one for one in _cards(visit) if one.key == key), None)
    if card is None:
        raise HTTPException(404, "This card is not among yours. Open “Recall” again.")
    try:
        visit.yard.recalls.recall(
            visit.me().id, card, int(typed) if typed.isascii() and typed.isdigit() else 0, visit.field("seen")
        )
    except BadInput as error:
        raise HTTPException(400, str(error)) from None
    return visit.go("/recall")


def _earned(visit: Visit, attempts: list[Attempt]) -> list[tuple[str, str]]:
    """Return the drills that a credential can be had of, with their titles."""
    if not visit.yard.url:
        return []
    passed = {one.drill for one in attempts if one.grade and one.grade.passed}
    return [
        (one.drill, one.title) for one in course_of(visit.yard.programme, visit.yard.url).units if one.drill in passed
    ]


def _cards(visit: Visit) -> list[RecallCard]:
    taught = [one for one in lessons_answered(visit) if one[0].kind not in TESTS]
    return cards_of([(activity.title, lesson, answers) for activity, lesson, answers in taught])


def _shown(
    aim: Objective,
    role: RolePlan,
    attempts: list[Attempt],
    cards: dict[str, LessonCard],
    led: dict[str, LedRow],
) -> ShownAim:
    """Return what of the learner's work shows an objective: only evidence of the kind that it asks for counts."""
    gives = [
        step.activity
        for step in role.activities
        if aim.id in step.activity.objectives and EVIDENCE.get(step.activity.kind) == aim.evidence
    ]
    told = [_state(one, attempts, cards, led.get(one.id)) for one in gives]
    for state in ("found", "missed"):
        for one, (found, words) in zip(gives, told, strict=True):
            if found == state:
                return ShownAim(objective=aim, state=state, words=f"{one.title}: {words}")
    words = f"not shown yet: {', '.join(one.title for one in gives)}" if gives else "shown with your facilitator"
    return ShownAim(objective=aim, state="unknown", words=words)


def _state(
    activity: Activity, attempts: list[Attempt], cards: dict[str, LessonCard], led: LedRow | None
) -> tuple[str, str]:
    if activity.drill:
        graded = [one.grade for one in attempts if one.drill == activity.drill and one.grade]
        if any(one.passed for one in graded):
            return "found", "passed"
        return ("missed", "not passed") if graded else ("unknown", "")
    if led:
        return "found" if led.outcome == "shown" else "missed", _seen(led)
    card = cards.get(activity.id)
    if card is None or not (card.done and card.told):
        return "unknown", ""
    return ("found" if card.earned >= card.needed else "missed", f"{card.earned:.3g} of {card.questions} right")


def _seen(led: LedRow) -> str:
    """Return what was recorded by a facilitator, with the note."""
    told = f"{OUTCOMES[led.outcome]}, recorded by {led.by}"  # type: ignore[index]
    return f"{told}: {led.note}" if led.note else told
