"""xAPI statements of what learners did, for any record store: begun, passed or failed, answered, completed.

Source: IEEE 9274.1.1 (xAPI 2.0) as far as 1.0.3 has it too; verbs of the cmi5 profile, and `answered` of ADL's. An
actor is an opaque account of the yard. A drill's seed would tell its answer, so the hashes of the sealed truth
and of the grader stand for it. What a learner wrote stays in the yard,
but for the numbers that questions ask for.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from drillyard.exports.course import Course
from drillyard.exports.leaks import keyed_hash
from drillyard.planning.forms import pairs_of
from drillyard.planning.lessons import find_lesson
from drillyard.planning.questions import AnyQuestion, MatchQuestion, NumberQuestion, OrderQuestion
from drillyard.programs.folder import ProgramFolder
from drillyard.records import Instance
from drillyard.registrar.led import Led
from drillyard.registrar.lessons import ANSWERED, answer_of
from drillyard.registrar.store import Store
from drillyard.registrar.submissions import Submissions

__all__ = ["VERBS", "Statement", "check_statements", "tell_actors", "write_statements"]

Statement = dict[str, Any]

_ADL = "http://adlnet.gov/expapi/verbs/"
VERBS = tuple(f"{_ADL}{name}" for name in ("initialized", "completed", "passed", "failed", "answered", "terminated"))
_TYPES = "http://adlnet.gov/expapi/activities/"
_LED_TYPES = {"discussion": "meeting", "work-sample": "performance", "interview": "performance"}
_DURATION = r"P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d{1,2})?S)?)?"
_MOST_TEXT = 1000
_FIELDS = {
    "": {"id", "actor", "verb", "object", "result", "context", "timestamp", "version"},
    "actor": {"objectType", "account"},
    "verb": {"id", "display"},
    "object": {"objectType", "id", "definition"},
    "result": {"score", "success", "completion", "duration", "response"},
    "context": {"registration", "contextActivities", "extensions", "platform", "language", "statement", "instructor"},
}


def write_statements(programme: ProgramFolder, store: Store, course: Course) -> list[Statement]:
    """Return every statement, oldest first; the same work gives the same ids, so that sending it twice adds nothing."""
    statements = [*_drills(programme, store, course), *_answers(programme, store, course)]
    statements += _led(programme, store, course)
    return sorted(statements, key=lambda one: (one["timestamp"], one["id"]))


def check_statements(statements: Sequence[object]) -> Iterator[str]:
    """Yield what is wrong with statements: each by itself, then all of a registration in their order."""
    over: dict[str, bool] = {}
    seen: set[str] = set()
    for number, one in enumerate(statements, 1):
        if not isinstance(one, dict) or not all(isinstance(one.get(key), dict) for key in ("actor", "verb", "object")):
            yield f"statement {number}: no actor, verb or object"
            continue
        yield from (f"statement {number}: {found}" for found in _check(one))
        if (name := str(one.get("id"))) in seen:
            yield f"statement {number}: the id {name} stands twice"
        seen.add(name)
        registration = str(_in(one, "context", "registration"))
        if over.get(registration):
            yield f"statement {number}: after the end of its registration"
        over[registration] = one["verb"].get("id") == f"{_ADL}terminated"


def tell_actors(statements: Sequence[Statement]) -> Iterator[tuple[str, str]]:
    """Yield whom statements are about, with the place."""
    for number, one in enumerate(statements, 1):
        for part, held in (("actor", one.get("actor")), ("instructor", _in(one, "context", "instructor"))):
            yield from ((f"statement {number}, {part}", text) for text in _texts(held))


def _check(one: Statement) -> Iterator[str]:
    for part, known in _FIELDS.items():
        held = one if not part else one.get(part, {})
        yield from (f"{part or 'statement'} has a field {key!r:.60}" for key in sorted(set(held) - known))
    for name in (one.get("id"), _in(one, "context", "registration")):
        if not _is_uuid(name):
            yield f"{name!r:.80} is no UUID"
    account = _in(one, "actor", "account")
    if not isinstance(account, dict) or set(account) != {"homePage", "name"} or not _is_iri(account["homePage"]):
        yield "the actor is no account of a home page and a name"
    if _in(one, "verb", "id") not in VERBS:
        yield f"the verb {_in(one, 'verb', 'id')!r:.80}"
    activities = [one["object"], *_context_activities(one)]
    yield from (
        f"the activity {each.get('id')!r:.80} is no absolute IRI" for each in activities if not _is_iri(each.get("id"))
    )
    extensions = _in(one, "context", "extensions") or {}
    yield from (f"the extension {key!r:.80} is no absolute IRI" for key in extensions if not _is_iri(key))
    if _in(one, "object", "definition", "correctResponsesPattern") is not None:
        yield "an interaction tells its answer"
    yield from _check_result(one.get("result", {}))
    if not _is_time(one.get("timestamp")):
        yield f"the time {one.get('timestamp')!r:.80}, without its zone or none"
    if "@" in json.dumps(one) or "mbox" in json.dumps(one):
        yield "a mail address"
    longest = max((len(text) for text in _texts(one)), default=0)
    if longest > _MOST_TEXT:
        yield f"a text of {longest} characters, more than {_MOST_TEXT}"


def _check_result(result: Mapping[str, Any]) -> Iterator[str]:
    score = result.get("score", {})
    if set(score) - {"scaled"}:
        yield "a score beyond `scaled`"
    scaled = score.get("scaled", 0)
    if isinstance(scaled, bool) or not isinstance(scaled, int | float) or not -1 <= scaled <= 1:
        yield f"the scaled score {scaled!r:.40}, outside −1…1"
    if "duration" in result and not re.fullmatch(_DURATION, str(result["duration"])):
        yield f"the duration {result['duration']!r:.40}"
    yield from (
        f"{key} is no truth value" for key in ("success", "completion") if not isinstance(result.get(key, True), bool)
    )


def _drills(programme: ProgramFolder, store: Store, course: Course) -> Iterator[Statement]:
    done = {(one.submission.learner, one.submission.instance): one for one in Submissions(store).all()}
    ended = {(one.learner, one.instance): one.at for one in store.events("graded")}
    known = {one.id: one for one in programme.instances()}
    for began in store.events("started"):
        key = began.learner, began.instance
        instance = known.get(began.instance)
        if instance is None:
            continue
        frame = _frame(course, instance, began.learner)
        yield _say(frame, "initialized", began.at)
        progress = done.get(key)
        if progress and progress.grade and key in ended:
            grade = progress.grade
            hashes = {
                course.iri("terms", "grader"): grade.grader_hash,
                course.iri("terms", "submission"): keyed_hash(programme, grade.submission_hash),
                course.iri("terms", "hints"): len(store.hints(*key)),
            }
            frame = {
                **frame,
                "context": {**frame["context"], "extensions": {**frame["context"]["extensions"], **hashes}},
            }
            took = _span(progress.received - began.at)
            result = {
                "score": {"scaled": round(grade.final, 4)},
                "success": grade.passed,
                "completion": True,
                "duration": took,
            }
            yield _say(frame, "passed" if grade.passed else "failed", ended[key], result)
            yield _say(frame, "terminated", ended[key] + 0.001, {"duration": took})


def _answers(programme: ProgramFolder, store: Store, course: Course) -> Iterator[Statement]:
    questions = _questions(programme)
    for row in store.events(ANSWERED):
        asked, answer = answer_of(row)
        question = questions.get((row.instance, asked))
        if question is None or not question.knows(answer):
            continue
        at = course.iri("lessons", row.instance)
        interaction, response = _interaction(question, answer)
        yield {
            "id": _name(course, "answered", str(row.id), row.learner),
            "actor": _actor(course, row.learner),
            "verb": {"id": f"{_ADL}answered", "display": {"en": "answered"}},
            "object": {
                "objectType": "Activity",
                "id": f"{at}/{question.id}",
                "definition": {
                    "type": f"{_TYPES}cmi.interaction",
                    "description": {"en": question.ask},
                    **interaction,
                },
            },
            "result": {"response": response, "success": question.earned(answer) == question.points},
            "context": {
                "registration": _name(course, "lesson", row.instance, row.learner),
                "contextActivities": {
                    "parent": [{"objectType": "Activity", "id": at}],
                    "grouping": [{"objectType": "Activity", "id": course.iri("programmes", course.key)}],
                },
            },
            "timestamp": _time(row.at),
        }


def _led(programme: ProgramFolder, store: Store, course: Course) -> Iterator[Statement]:
    """Yield what a facilitator recorded; the note, and who recorded it, stay in the yard."""
    steps = {step.activity.id: step.activity for role in programme.plan().roles for step in role.activities}
    for row in Led(store).all():
        if (activity := steps.get(row.activity)) is None:
            continue
        shown = {} if row.outcome == "took-part" else {"success": row.outcome == "shown"}
        yield {
            "id": _name(course, "led", row.activity, row.learner, row.outcome, _time(row.at)),
            "actor": _actor(course, row.learner),
            "verb": {"id": f"{_ADL}completed", "display": {"en": "completed"}},
            "object": {
                "objectType": "Activity",
                "id": course.iri("activities", row.activity),
                "definition": {
                    "type": f"{_TYPES}{_LED_TYPES.get(activity.kind, 'lesson')}",
                    "name": {"en": activity.title},
                },
            },
            "result": {"completion": True, **shown},
            "context": {
                "registration": _name(course, "led", row.activity, row.learner),
                "contextActivities": {
                    "grouping": [{"objectType": "Activity", "id": course.iri("programmes", course.key)}]
                },
            },
            "timestamp": _time(row.at),
        }


def _interaction(question: AnyQuestion, answer: str) -> tuple[Statement, str]:
    """Return how a question is described, and an answer to it, as the specification writes them."""
    places = answer.split(" ")
    match question:
        case OrderQuestion(steps=steps, shown=shown):  # in the order in which they are shown, which tells nothing
            described = {"interactionType": "sequencing", "choices": _listed("s", (steps[one].text for one in shown))}
            return described, "[,]".join(f"s{shown.index(int(place))}" for place in places)
        case MatchQuestion(rows=rows, targets=targets):
            described = {
                "interactionType": "matching",
                "source": _listed("r", (one.text for one in rows)),
                "target": _listed("t", targets),
            }
            return described, "[,]".join(f"r{row}[.]t{place}" for row, place in enumerate(places))
        case NumberQuestion():
            return {"interactionType": "numeric"}, answer
    return {"interactionType": "choice", "choices": _listed("o", (one.text for one in question.options))}, f"o{answer}"


def _listed(letter: str, texts: Iterable[str]) -> list[Statement]:
    return [{"id": f"{letter}{place}", "description": {"en": text}} for place, text in enumerate(texts)]


def _questions(programme: ProgramFolder) -> dict[tuple[str, str], AnyQuestion]:
    """Return the questions by the activity that they are asked in and their id; either form of a test may be."""
    planned = {step.activity.id: step.activity for role in programme.plan().roles for step in role.activities}
    lessons = {name: lesson for name, one in planned.items() if (lesson := find_lesson(one, programme.path))}
    asked = {(name, one.id): one for name, lesson in lessons.items() for one in lesson.questions}
    for first, then in pairs_of(planned.values()):
        asked |= {(then, one.id): one for one in lessons[first].questions}
        asked |= {(first, one.id): one for one in lessons[then].questions}
    return asked


def _frame(course: Course, instance: Instance, learner: str) -> Statement:
    """Return what all statements of a try at a drill share."""
    unit = course.unit(instance.drill)
    return {
        "actor": _actor(course, learner),
        "object": {
            "objectType": "Activity",
            "id": course.iri("drills", instance.drill),
            "definition": {
                "type": f"{_TYPES}simulation",
                "name": {"en": unit.title if unit else instance.drill},
            },
        },
        "context": {
            "registration": _name(course, "try", instance.id, learner),
            "contextActivities": {"grouping": [{"objectType": "Activity", "id": course.iri("programmes", course.key)}]},
            "extensions": {
                course.iri("terms", "instance"): instance.id,
                course.iri("terms", "truth"): instance.truth_hash,
            },
        },
    }


def _say(frame: Statement, verb: str, at: float, result: Mapping[str, Any] | None = None) -> Statement:
    said = {
        "id": str(uuid.uuid5(uuid.UUID(frame["context"]["registration"]), verb)),
        **frame,
        "verb": {"id": f"{_ADL}{verb}", "display": {"en": verb}},
        "timestamp": _time(at),
    }
    return {**said, "result": dict(result)} if result else said


def _actor(course: Course, learner: str) -> Statement:
    return {"objectType": "Agent", "account": {"homePage": course.url, "name": learner}}


def _name(course: Course, *parts: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, course.iri(*parts)))


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _span(seconds: float) -> str:
    return f"PT{max(0.0, seconds):.2f}S"


def _context_activities(one: Statement) -> list[dict[str, Any]]:
    held = _in(one, "context", "contextActivities") or {}
    return [each for several in held.values() for each in several if isinstance(each, dict)]


def _in(held: object, *keys: str) -> Any:
    for key in keys:
        held = held.get(key) if isinstance(held, dict) else None
    return held


def _texts(held: object) -> Iterable[str]:
    if isinstance(held, str):
        yield held
    elif isinstance(held, Mapping):
        for value in held.values():
            yield from _texts(value)
    elif isinstance(held, list):
        for value in held:
            yield from _texts(value)


def _is_uuid(text: object) -> bool:
    return bool(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", str(text)))


def _is_iri(text: object) -> bool:
    return bool(re.fullmatch(r"https?://[^\s\"<>@]+", str(text)))


def _is_time(text: object) -> bool:
    try:
        return datetime.fromisoformat(str(text)).tzinfo is not None
    except ValueError:
        return False
