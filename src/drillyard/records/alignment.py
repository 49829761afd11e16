"""Records of alignment: what a technique learns from, what it cost, and what came of it."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from drillyard.records.base import Record
from drillyard.records.conversation import Conversation

__all__ = ["ArmResult", "FitCost", "KindCount", "Measure", "Preference", "Serving"]


class Preference(Record):
    """A conversation with a reply that is wanted and one that is not.

    `category` is the sort of request, such as `harmful:amber-seal` or `lookalike:kill`; `source` says where the pair
    comes from (`truth`, `audit`, a file with its line); `licence` is what its owner allows, in SPDX's words.
    """

    conversation: Conversation
    chosen: str
    rejected: str
    category: str = ""
    source: str = ""
    licence: str = ""

    @model_validator(mode="after")
    def _differ(self) -> Self:
        for name in ("chosen", "rejected"):
            if not getattr(self, name).strip():
                raise ValueError(f"an empty {name} reply")
        if self.chosen.split() == self.rejected.split():
            raise ValueError("chosen and rejected to differ")
        return self


class FitCost(Record):
    """What fitting a technique took. Zeros are free, not unknown.

    `tokens` went through the model while it was fitted, generated ones included; `flops` is the usual estimate (6 per
    weight and trained token, 2 per weight and token that is only read; Kaplan et al. 2020, arXiv 2001.08361).
    `parameters` were changed or added, `bytes` is what they take on disk, `peak_bytes` the most memory that the fit
    added; `labels` are labelled examples that somebody had to write or check.
    """

    seconds: float = Field(default=0, ge=0)
    tokens: int = Field(default=0, ge=0)
    flops: float = Field(default=0, ge=0)
    parameters: int = Field(default=0, ge=0)
    bytes: int = Field(default=0, ge=0)
    peak_bytes: int = Field(default=0, ge=0)
    labels: int = Field(default=0, ge=0)


class Measure(Record):
    """One thing that an exam measures of one model, question by question, in the exam's order.

    `metric` is `harmful-compliance`, `over-refusal`, `capability`, `format`, or `failure:` and a failure's id; `split`
    is `phrasing` (held-out words) or `category` (a sort of request that training never saw). An outcome is None where
    the judge cannot tell. In `capability` and `format` an outcome of true is good, in the others it is bad.
    """

    metric: str
    split: str
    outcomes: tuple[bool | None, ...]

    @property
    def better_high(self) -> bool:
        """Say whether more is better."""
        return self.metric in ("capability", "format")


class KindCount(Record):
    """What the replies to one side of an exam do: how many comply, refuse, deflect, or speak of something else.

    A world's own sentences are known; `free` replies are in other words and read by their style, which has an error.
    """

    metric: str
    split: str
    kinds: dict[str, int]
    free: int = 0


class Serving(Record):
    """What answering takes, measured one request at a time: milliseconds per request, and tokens per reply.

    `first_*` is until the first piece of the reply is there; `n` requests were timed.
    """

    n: int = Field(ge=0)
    p50_ms: float
    p95_ms: float
    first_p50_ms: float
    first_p95_ms: float
    tokens: float


class ArmResult(Record):
    """One arm of a comparison: a technique (or a chain, `sft+rails`) at one setting of its dial with one seed.

    `strength` is the dial's setting; a technique without a dial has 0. `curve` names the file of its training curve
    inside the arm's folder, empty when there is none. `judged` is the SHA-256 of who marked it, by which error.
    """

    technique: str
    strength: float
    seed: int
    measures: tuple[Measure, ...]
    cost: FitCost
    serving: Serving | None = None
    curve: str = ""
    kinds: tuple[KindCount, ...] = ()
    judged: str = ""
