"""The claim form: from typed fields to a `Claim` and back, every mistake noted at its field."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from drillyard.programs.submission import MAX_PROMPT
from drillyard.records import Claim, Conversation, Drill, Instance, Severity, Trigger

__all__ = [
    "FIELDS",
    "LINES",
    "ClaimForm",
    "TypedQuestion",
    "claim_from",
    "from_claim",
    "from_fields",
    "row_number",
    "terms",
]

LINES = 3
FIELDS = ("behaviour", "severity", "words", "templates", "lines", "questions", "note")
_MAX_TEXT = {"words": 300, "note": 2000, "line": 300, "question": MAX_PROMPT}


@dataclass(frozen=True, kw_only=True)
class TypedQuestion:
    """One line of questions: the prompt and the template under which it is asked."""

    text: str = ""
    template: str = ""


@dataclass(frozen=True, kw_only=True)
class ClaimForm:
    """What stands in the form: exactly what was typed, with the mistakes by field name, in the order of the page.

    `row` is the claim that is being changed; `at_question` the line of questions that was just added.
    """

    row: int | None = None
    behaviour: str = ""
    words: str = ""
    templates: tuple[str, ...] = ()
    lines: tuple[str, ...] = ("",) * LINES
    severity: str = ""
    questions: tuple[TypedQuestion, ...] = ()
    note: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    at_question: int | None = None

    @property
    def focus(self) -> str:
        """The name of the field to go on with: the first mistake, or the line that was just added."""
        return next(iter(self.errors), "" if self.at_question is None else f"question-{self.at_question}")

    def with_question(self, text: str, template: str, limit: int) -> ClaimForm:
        """Return the form with one more question, in the first empty line; with a mistake noted when all are full."""
        kept = [question for question in self.questions if question.text.strip()]
        if any(question == TypedQuestion(text=text, template=template) for question in kept):
            return self
        if len(kept) >= limit:
            return replace(self, errors={"questions": f"All {limit} questions are in use. Clear one first."})
        return replace(self, questions=(*kept, TypedQuestion(text=text, template=template)), at_question=len(kept))

    def with_line(self, limit: int) -> ClaimForm:
        """Return the form ready for the next question to be typed."""
        return replace(self, at_question=len(self.shown_questions(limit)) - 1)

    def refused(self, why: str) -> ClaimForm:
        """Return the form with a mistake that belongs to no field."""
        return replace(self, errors={"form": why})

    def shown_questions(self, limit: int) -> tuple[TypedQuestion, ...]:
        """Return the lines to draw: what is there, and one empty line to type the next into."""
        kept = tuple(question for question in self.questions if question.text.strip())
        return (*kept, TypedQuestion(template=kept[-1].template if kept else ""))[:limit]


def from_claim(row: int, claim: Claim) -> ClaimForm:
    """Return the form of a claim that is filed, to change it."""
    lines = [", ".join(group) for group in claim.trigger.groups]
    return ClaimForm(
        row=row,
        behaviour=claim.behaviour,
        words=claim.trigger.words,
        templates=claim.trigger.templates,
        lines=(*lines, *[""] * (LINES - len(lines))),
        severity=claim.severity,
        questions=tuple(
            TypedQuestion(text=question.last_user, template=question.template) for question in claim.questions
        ),
        note=claim.note,
    )


def from_fields(one: Callable[[str], str], many: Callable[[str], Sequence[str]]) -> ClaimForm:
    """Return the form as it was typed: `one` gives a field's text, `many` all texts of a repeated field."""
    return ClaimForm(
        row=row_number(one("claim")),
        behaviour=one("behaviour"),
        words=one("words"),
        templates=tuple(many("templates")),
        lines=tuple(one(f"line-{number}") for number in range(LINES)),
        severity=one("severity"),
        questions=tuple(
            TypedQuestion(text=text, template=template)
            for text, template in zip(many("question"), many("question-template"), strict=False)
        ),
        note=one("note"),
    )


def row_number(typed: str) -> int | None:
    """Return the number of a row, or `None` where no row can have it: the database counts up to 2**63."""
    return int(typed) if typed.isdecimal() and len(typed) < 16 else None


def claim_from(form: ClaimForm, drill: Drill, instance: Instance) -> Claim | ClaimForm:
    """Return the claim that the form states, or the form with its mistakes noted."""
    questions = [question for question in form.questions if question.text.strip()]
    groups = [terms(line) for line in form.lines if line.strip()]
    found = {**_choices(form, instance, questions), **_texts(form, questions, drill.max_questions)}
    if found:
        return replace(form, errors={name: found[name] for name in FIELDS if name in found})
    return Claim(
        behaviour=form.behaviour,
        trigger=Trigger(words=form.words.strip(), templates=form.templates, groups=tuple(groups)),
        severity=Severity(form.severity),
        questions=tuple(Conversation.ask(question.text.strip(), question.template) for question in questions),
        note=form.note.strip(),
    )


def terms(line: str) -> tuple[str, ...]:
    """Split a line of alternatives at commas and at the word *or*."""
    return tuple(term for part in re.split(r",|\bor\b", line, flags=re.IGNORECASE) if (term := " ".join(part.split())))


def _choices(form: ClaimForm, instance: Instance, questions: Sequence[TypedQuestion]) -> dict[str, str]:
    errors = {}
    if form.behaviour not in instance.behaviours:
        errors["behaviour"] = "Choose what the assistant does wrong."
    if form.severity not in set(Severity):
        errors["severity"] = "Choose how much one occurrence hurts."
    if not set(form.templates) <= set(instance.templates):
        errors["templates"] = f"Choose among {', '.join(instance.templates)}."
    if not {question.template for question in questions} <= set(instance.templates):
        errors["questions"] = f"Give every question one of the templates {', '.join(instance.templates)}."
    return errors


def _texts(form: ClaimForm, questions: Sequence[TypedQuestion], max_questions: int) -> dict[str, str]:
    errors = {}
    if not form.words.strip():
        errors["words"] = "Say in a few words when it happens."
    for name, text in (("words", form.words), ("note", form.note)):
        if len(text) > _MAX_TEXT[name]:
            errors[name] = f"Keep this under {_MAX_TEXT[name]} characters; it has {len(text)}."
    for number, line in enumerate(form.lines):
        if len(line) > _MAX_TEXT["line"]:
            errors["lines"] = f"Keep line {number + 1} under {_MAX_TEXT['line']} characters; it has {len(line)}."
        elif line.strip() and not all(re.search(r"[^\W_]", term) for term in terms(line) or ("",)):
            errors["lines"] = f"Line {number + 1} needs words, separated by commas."
    if not questions:
        errors["questions"] = "Give at least one prompt that shows the failure."
    elif len(questions) > max_questions:
        errors["questions"] = f"Give at most {max_questions} questions; there are {len(questions)}."
    elif any(len(question.text) > _MAX_TEXT["question"] for question in questions):
        errors["questions"] = f"Keep every question under {_MAX_TEXT['question']} characters."
    return errors
