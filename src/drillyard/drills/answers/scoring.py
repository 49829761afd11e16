"""Reading answers strictly, and scoring numbers and decisions."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from drillyard.errors import bad_input
from drillyard.records import AnswerField, AnswerSheet, AnswerSubmission, AnySubmission, GradeCheck, Instance

__all__ = [
    "NO_ANSWER",
    "answered",
    "as_answers",
    "as_words",
    "choice_check",
    "empty_answers",
    "number_check",
    "number_in",
    "put_in_words",
    "regret_of",
]

_NUMBER = re.compile(r"[+-]?(?:(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?", re.A | re.I)
"""Digits, in threes where commas part them: neither 1,000,0 nor 1_0."""

_BLANK = re.compile(r"(?<=\d)[ \u00a0\u202f](?=\d{3}(?!\d))")
"""A blank that parts thousands."""

_DECIMAL_COMMA = re.compile(r"[+-]?(?:0,\d+|\d*,(?:\d{1,2}|\d{4,}))")
"""One comma that parts no thousands: 12,5 and 0,125, but not 1,250."""

NO_ANSWER = "no answer"
"""What is said of a field that was left out."""

_OF_A_HUNDRED, _OF_A_SCORE = ("%", "of 100"), "points"
"""Units of what is a share, and of what may be negative."""


def answered(sheet: AnswerSheet, submission: AnySubmission) -> Mapping[str, str]:
    """Return the answers of a submission by field; one that was left out is empty.

    Raises:
        BadInput: another kind of submission, a field that the form does not have, no number where one is asked, a
            choice that is not offered.
    """
    if not isinstance(submission, AnswerSubmission):
        raise bad_input(submission.record_name(), "answers to the form", "use the form on the drill's page")
    known = {field.id: field for field in sheet.fields}
    for name, text in submission.answers.items():
        if name not in known:
            raise bad_input(f"an answer to {name[:40]!r}", f"one of: {', '.join(known)}")
        field = known[name]
        if not text.strip():
            continue
        if field.kind == "number":
            _check_number(field, text)
        if field.kind == "choice" and text not in {value for value, _ in field.choices}:
            raise bad_input(f"{text[:40]!r} at “{field.label}”", "one of the choices")
        if field.kind == "words" and len(text) > field.most:
            raise bad_input(f"{len(text)} characters at “{field.label}”", f"at most {field.most}", "shorten it")
        if field.kind == "look" and not (sheet.bench and sheet.bench.knows(text)):
            raise bad_input(f"{text[:40]!r} at “{field.label}”", "a look that the bench offers")
    return as_answers({name: submission.answers.get(name, "") for name in known})


def _check_number(field: AnswerField, text: str) -> None:
    value = number_in(text)
    if value is None:
        raise bad_input(f"{text[:40]!r} at “{field.label}”", "a number", "such as 12.5")
    most = 100 if field.unit in _OF_A_HUNDRED else math.inf
    least = -math.inf if field.unit == _OF_A_SCORE else 0  # a guard's points may lie below 0
    if not least <= value <= most:
        expected = "a number from 0 to 100" if most == 100 else "a number that is not negative"
        raise bad_input(f"{text[:40]!r} at “{field.label}”", expected)


def as_answers(answers: Mapping[str, str]) -> Mapping[str, str]:
    """Return answers without blanks around them."""
    return {name: text.strip() for name, text in answers.items()}


def number_in(text: str) -> float | None:
    """Return the number that was typed; a percent sign, a decimal comma, blanks or commas at thousands are forgiven."""
    plain = _BLANK.sub("", text.strip().rstrip("%").strip())
    decimal = _DECIMAL_COMMA.fullmatch(plain)
    if decimal:
        plain = plain.replace(",", ".")
    if not _NUMBER.fullmatch(plain):
        return None
    plain = plain.replace(",", "")
    try:
        value = float(plain)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def number_check(name: str, text: str, right: float, off: float, words: str, why: str = "") -> GradeCheck:
    """Return whether a number is within a factor of 1 + `off` of the right one, with what would be right, and why."""
    value = number_in(text)
    close = value is not None and value > 0 and max(value / right, right / value) <= 1 + off
    said = "no answer" if value is None else f"you said {value:,.10g}"
    told = f"{words}: {said}, {right:.3g} is right (within {off:.0%})"
    key = _with_reason(f"{right:.3g}", False, why)
    return GradeCheck(id=name, passed=close, words=_with_reason(told, close, why), asked=words, right=key)


def choice_check(name: str, text: str, right: str, words: str, choices: Mapping[str, str], why: str = "") -> GradeCheck:
    """Return whether a choice is the right one, with the right one in words, and why."""
    said, passed = choices.get(text, "no answer"), text == right
    told = f"{words}: you said “{said}”, right is “{choices[right]}”"
    key = _with_reason(choices[right], False, why)
    return GradeCheck(id=name, passed=passed, words=_with_reason(told, passed, why), asked=words, right=key)


def _with_reason(words: str, passed: bool, why: str) -> str:
    return words if passed or not why else f"{words}: {why}"


def regret_of(values: Mapping[str, float], chosen: str) -> float:
    """Return how far a decision is from the best, as a share of what lies between the best and the worst option."""
    if chosen not in values:
        return 1.0
    best, worst = max(values.values()), min(values.values())
    return (best - values[chosen]) / (best - worst) if best > worst else 0.0


def empty_answers(instance: Instance, sheet: AnswerSheet) -> AnswerSubmission:
    """Return a submission to start from: every field of the form as it begins, mostly empty."""
    return AnswerSubmission(
        instance=instance.id, learner="me", answers={field.id: field.start for field in sheet.fields}
    )


def put_in_words(sheet: AnswerSheet, answers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return each question of a paper with its answer, in the words of the form."""
    told = []
    for field in sheet.fields:
        text = answers.get(field.id, "").strip()
        words = dict(field.choices).get(text, f"{text} {field.unit}".strip()) if text else NO_ANSWER
        if text and field.kind == "look" and sheet.bench and sheet.bench.knows(text):
            words = sheet.bench.words(text, model=not field.of)
        told.append((field.label, words))
    return told


def as_words(sheet: AnswerSheet) -> str:
    """Return a paper and its form as plain text, for a terminal."""
    lines = [sheet.title]
    for part in sheet.parts:
        lines += ["", part.title, part.words]
        lines += ["  ".join(row) for row in (part.heads, *part.rows) if row]
    for field in sheet.fields:
        choices = ", ".join(f"{value}: {words}" for value, words in field.choices)
        told = {
            "number": f"a number ({field.unit})",
            "look": "a look that you took",
            "words": f"words, at most {field.most} characters",
        }.get(field.kind, choices)
        lines += ["", f"{field.id}: {field.label} {field.help}".rstrip(), f"  {told}"]
    return "\n".join(lines)
