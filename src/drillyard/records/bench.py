"""Benchmarks: cases with what a good reply is, and what became of them when a target was asked."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from drillyard.records.base import Record
from drillyard.records.conversation import Conversation, Message, Transcript
from drillyard.records.estimate import Estimate

__all__ = [
    "BehaviourAbsent",
    "BenchAsk",
    "BenchCase",
    "BenchReply",
    "BenchReport",
    "BenchVerdict",
    "Benchmark",
    "Criterion",
    "CriterionReport",
    "ModelLabel",
    "ModelScore",
    "Similarity",
    "TextCheck",
]

OUTPUT = "{{sample.output_text}}"


class BenchAsk(Record):
    """One question of a case. `name` is what grader prompts call the reply.

    With `times` above 1 it is asked so often, and the replies become one text by `join`, a pattern with `{i}` (1, 2 …),
    `{i_abc}`, `{i_ABC}`, `{n}` and `{output}`.
    """

    name: str = "completion"
    conversation: Conversation
    times: int = Field(default=1, ge=1)
    join: str = ""


class BenchCase(Record):
    """One case: what is asked, right answers, and the values that criteria may quote as `{{item.name}}`.

    Without `most` the replies to an ask become one text. With it the case is sampled: every ask is sampled `times`
    times, every reply is judged by itself, and the case fails when more than `most` of all of them fail.
    """

    id: str
    asks: tuple[BenchAsk, ...]
    ideal: tuple[str, ...] = ()
    values: dict[str, str] = {}
    most: int | None = None


class TextCheck(Record):
    """The reply, as text, against the reference; an empty `reference` means any of the case's right answers.

    `starts-with`, `includes`, `fuzzy` and `json` compare as OpenAI Evals' Match, Includes, FuzzyMatch and JsonMatch do;
    `eq`, `ne`, `like` and `ilike` as the string check of the hosted Evals; `letter` reads `ANSWER: B`,
    `letters` an answer that has to name several, which the reference parts by commas. `excludes` is met where the
    reference is empty or not in the reply, whatever its case.
    """

    kind: Literal["text"] = "text"
    name: str = "text"
    operation: Literal[
        "starts-with", "includes", "excludes", "fuzzy", "json", "eq", "ne", "like", "ilike", "letter", "letters"
    ]
    ignore_case: bool = False
    input: str = OUTPUT
    reference: str = ""


class Similarity(Record):
    """How close the reply is to the reference, from 0 to 1; it passes at `pass_threshold` or above."""

    kind: Literal["similarity"] = "similarity"
    name: str = "similarity"
    metric: Literal["fuzzy_match", "bleu", "gleu", "rouge_1", "rouge_2", "rouge_3", "rouge_4", "rouge_5", "rouge_l"]
    input: str = OUTPUT
    reference: str
    pass_threshold: float


class ModelLabel(Record):
    """A grader model is shown `messages` and chooses one of `labels`.

    `scores` gives labels a number, `passing` says which ones pass; without both, labels are only counted. `style` is
    how the label is read: `first-line` and `last-line` as OpenAI Evals do, by `match`; `whole-line` wants the label
    alone on a line.
    """

    kind: Literal["label"] = "label"
    name: str = "label"
    messages: tuple[Message, ...]
    labels: tuple[str, ...]
    passing: tuple[str, ...] = ()
    scores: dict[str, float] = {}
    style: Literal["first-line", "last-line", "whole-line"] = "whole-line"
    match: Literal["include", "exact", "endswith", "starts_or_endswith"] = "starts_or_endswith"


class ModelScore(Record):
    """A grader model is shown `messages` and gives a number between `low` and `high`; passes from `pass_threshold`."""

    kind: Literal["score"] = "score"
    name: str = "score"
    messages: tuple[Message, ...]
    low: float = 0.0
    high: float = 1.0
    pass_threshold: float | None = None


class BehaviourAbsent(Record):
    """The reply must not show a behaviour of a world; `behaviour` is its code or a placeholder such as `{{item.x}}`."""

    kind: Literal["behaviour"] = "behaviour"
    name: str = "behaviour absent"
    behaviour: str = "{{item.behaviour}}"
    world: str


Criterion = TextCheck | Similarity | ModelLabel | ModelScore | BehaviourAbsent


class Benchmark(Record):
    """A set of cases and the criteria that every reply has to meet.

    `origin` names the format that it came from, `notes` say what did not come over.
    """

    id: str
    title: str = ""
    origin: str = "drillyard"
    criteria: tuple[Criterion, ...]
    notes: tuple[str, ...] = ()
    cases: tuple[BenchCase, ...] = ()


class BenchReply(Record):
    """What a target answered to an ask of a case, the `turn`-th time from 0."""

    case: str
    ask: str
    turn: int = 0
    transcript: Transcript


class BenchVerdict(Record):
    """One criterion on one case. `counted` is a label of which nobody has said whether it passes."""

    case: str
    criterion: str
    verdict: Literal["passed", "failed", "unknown", "counted"]
    score: float | None = None
    label: str = ""
    reason: str = ""


class CriterionReport(Record):
    """One criterion over all cases: shares with exact intervals; unknown ones are bounded both ways.

    `passed` is None where labels are only counted, `score` (the mean) where there is none.
    """

    criterion: str
    kind: str
    passed: Estimate | None = None
    score: Estimate | None = None
    labels: dict[str, Estimate] = {}
    unknown: int = 0


class BenchReport(Record):
    """What a target reached in a benchmark. `accuracy` is the share of cases that meet every criterion."""

    benchmark: str
    target: str
    grader: str = ""
    cases: int
    queries: int
    grader_queries: int = 0
    accuracy: Estimate | None = None
    criteria: tuple[CriterionReport, ...]
    notes: tuple[str, ...] = ()
