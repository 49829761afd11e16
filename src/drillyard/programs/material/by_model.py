"""Drafting by a model: it gets numbered passages of one document and answers in JSON, each claim with its numbers.

What it writes is a draft like any other: every claim is checked against the passages that it names, and nothing of it
is released before a person has read it. A claim without a number, or with one that it was not given, has no place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from drillyard.errors import BadInput
from drillyard.planning.questions import LessonOption, LessonQuestion
from drillyard.programs.material.draft import Draft, RubricLine, SourcedClaim
from drillyard.programs.material.knowledge import Knowledge
from drillyard.records import Conversation, Message, Span
from drillyard.records.base import first_problem
from drillyard.records.strict_json import parse_json
from drillyard.targets.base import Target

__all__ = ["PROMPT", "draft_by_model"]

PROMPT = """You write training material for the staff of a company, from its policies alone. Below are passages.
Answer with one JSON object and nothing else:
{"reading": [{"text": "a sentence for staff", "passages": [1]}],
 "items": [{"ask": "a question", "options": [{"text": "...", "right": true, "why": "...", "passages": [1]},
            {"text": "...", "right": false, "why": "which misconception leads there"}]}],
 "scenarios": [{"task": "a situation and what is to be decided", "criteria": [{"asks": "what is looked for",
                "best": "what a good answer says", "middle": "...", "weak": "...", "passages": [1]}]}]}
Write 3 to 8 sentences, 1 to 4 questions with 2 to 5 options, one of them right, and at most 2 scenarios with 1 to 5
criteria. Every sentence, every right option and every best answer names the numbers of the passages in which it stands.
Say nothing that does not stand there. Keep figures as they are.

Title: %s

%s"""

_MOST_PASSAGES = 40
"""Of one request: about two thousand words, which small models hold."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Sentence(_Part):
    text: str = Field(min_length=1, max_length=2000)
    passages: tuple[int, ...] = ()


class _Option(_Sentence):
    right: bool = False
    why: str = ""


class _Item(_Part):
    ask: str = Field(min_length=1, max_length=2000)
    options: tuple[_Option, ...] = Field(min_length=2, max_length=5)


class _Criterion(_Part):
    asks: str = Field(min_length=1, max_length=500)
    best: str = Field(min_length=1, max_length=2000)
    middle: str = "A part of it."
    weak: str = "Something else."
    passages: tuple[int, ...] = ()


class _Scenario(_Part):
    task: str = Field(min_length=1, max_length=4000)
    criteria: tuple[_Criterion, ...] = Field(min_length=1, max_length=5)


class _Answer(_Part):
    reading: tuple[_Sentence, ...] = ()
    items: tuple[_Item, ...] = ()
    scenarios: tuple[_Scenario, ...] = ()


def draft_by_model(knowledge: Knowledge, target: Target, seed: int = 1) -> tuple[list[Draft], list[str]]:
    """Return drafts of every document by a model, and what of its answers could not be used, in words."""
    parts = list(_parts(knowledge))
    asked = [
        Conversation(messages=(Message(role="user", content=PROMPT % (title, _listed(passages))),))
        for _, title, passages in parts
    ]
    drafts: list[Draft] = []
    troubles: list[str] = []
    for (name, title, passages), reply in zip(parts, target.generate(asked, [seed] * len(asked)), strict=True):
        try:
            drafts += _drafts(name, title, _read(reply.text), passages, target.reference)
        except BadInput as error:
            troubles.append(f"{name}: the model's answer was not used: {error}")
    return drafts, troubles


def _parts(knowledge: Knowledge) -> Iterator[tuple[str, str, list[Span]]]:
    for document in knowledge.documents:
        spans = [document.span(block) for block in document.blocks]
        for at in range(0, len(spans), _MOST_PASSAGES):
            part = "" if not at else f"-{at // _MOST_PASSAGES + 1}"
            stem = re.sub(r"[^a-z0-9]+", "-", document.name.rpartition(".")[0].lower()).strip("-")
            yield f"{stem or 'policy'}{part}", document.title, spans[at : at + _MOST_PASSAGES]


def _listed(passages: Sequence[Span]) -> str:
    return "\n".join(f"[{number}] {span.text}" for number, span in enumerate(passages, start=1))


def _read(text: str) -> _Answer:
    begin, end = text.find("{"), text.rfind("}")
    try:
        return _Answer.model_validate(parse_json(text[begin : end + 1]))
    except ValidationError as error:
        raise BadInput(first_problem(error, "answer")) from None
    except ValueError as error:
        raise BadInput(f"found no JSON object ({error}), expected one") from None


def _drafts(name: str, title: str, answer: _Answer, passages: Sequence[Span], author: str) -> Iterator[Draft]:
    numbered = dict(enumerate(passages, start=1))
    if answer.reading:
        claims = tuple(_claim(one.text, one.passages, numbered) for one in answer.reading)
        lines = [f"## {title}", "", *(f"- {one.text}" for one in answer.reading)]
        yield Draft(
            id=f"model-reading-{name}", kind="reading", title=title, text="\n".join(lines), claims=claims, author=author
        )
    for number, item in enumerate(answer.items, start=1):
        key = f"model-item-{name}-{number}"
        try:
            options = tuple(
                LessonOption(text=one.text, why=one.why or "Not explained.", right=one.right) for one in item.options
            )
            question = LessonQuestion(id=key, ask=item.ask, options=options)
        except ValidationError as error:
            raise BadInput(first_problem(error, f"item {number}")) from None
        right = next(one for one in item.options if one.right)
        told = [right.text, *filter(None, [right.why]), *([item.ask] if any(map(str.isdigit, item.ask)) else [])]
        claims = tuple(_claim(text, right.passages, numbered) for text in told)
        yield Draft(id=key, kind="item", title=item.ask[:80], question=question, claims=claims, author=author)
    for number, scenario in enumerate(answer.scenarios, start=1):
        key = f"model-scenario-{name}-{number}"
        yield _scenario(key, title, scenario, passages, author)


def _scenario(key: str, title: str, scenario: _Scenario, passages: Sequence[Span], author: str) -> Draft:
    """Return a scenario; a criterion that names no passage stands under the first one, and its claim has no place."""
    numbered = dict(enumerate(passages, start=1))
    claims = [_claim(one.best, one.passages, numbered) for one in scenario.criteria]
    if any(map(str.isdigit, scenario.task)):
        claims.append(_claim(scenario.task, [n for one in scenario.criteria for n in one.passages], numbered))
    rubric = tuple(
        RubricLine(
            asks=one.asks,
            best=one.best,
            middle=one.middle,
            weak=one.weak,
            span=next((numbered[n] for n in one.passages if n in numbered), passages[0]),
        )
        for one in scenario.criteria
    )
    return Draft(
        id=key, kind="scenario", title=title, text=scenario.task, rubric=rubric, claims=tuple(claims), author=author
    )


def _claim(text: str, passages: Sequence[int], numbered: Mapping[int, Span]) -> SourcedClaim:
    return SourcedClaim(text=text, spans=tuple(numbered[n] for n in passages if n in numbered))
