"""What people say of a model's replies: replies that a judge has ruled on, labels, and what follows from them."""

from __future__ import annotations

import functools
import hashlib
from typing import Literal

from pydantic import Field

from drillyard.records.base import Record
from drillyard.records.conversation import Transcript
from drillyard.records.estimate import Estimate
from drillyard.records.failure import Ruling

__all__ = ["Agreement", "Cluster", "JudgedReply", "Label", "LabelledRates", "TopicRate", "Word"]

Word = Literal["shown", "absent", "unsure"]
"""What a person says of one behaviour in one reply."""


class Cluster(Record):
    """Failing replies that say alike: how many, the one in their middle, words that others do not use, and by what."""

    size: int
    example: Transcript
    words: tuple[str, ...]
    by: str


class JudgedReply(Record):
    """A reply of a run with what the run's judge said of it.

    `part` is `even` for the round that asks everything once, `traffic` for ordinary questions, `search` for what was
    asked because of earlier replies, which is no sample of anything, and `lead` for fresh prompts of a lead; `lead` is
    then its id. `topic` is what is asked about, or the kind of question
    where that names nothing.
    """

    transcript: Transcript
    rulings: tuple[Ruling, ...]
    part: Literal["even", "traffic", "search", "lead"]
    topic: str = ""
    lead: str = ""

    @functools.cached_property
    def id(self) -> str:
        """Names the reply: decided by what was asked and said, and by its seed."""
        return hashlib.sha256(f"{self.lead}\n{self.transcript.to_json()}".encode()).hexdigest()[:16]

    def verdict(self, behaviour: str) -> str:
        """Return the judge's verdict on a behaviour, unknown where it gave none."""
        return next((one.verdict for one in self.rulings if one.behaviour == behaviour), "unknown")

    def reason(self, behaviour: str) -> str:
        """Return the judge's reason."""
        return next((one.reason for one in self.rulings if one.behaviour == behaviour), "")


class Label(Record):
    """One person's word on one reply and one behaviour; `settles` says that it ends a disagreement of others."""

    reply: str
    behaviour: str
    rater: str
    word: Word
    settles: bool = False


class TopicRate(Record):
    """How often a behaviour shows in the replies on one topic, by labels, with a reply that shows it."""

    topic: str
    rate: Estimate
    example: Transcript | None = None


class Agreement(Record):
    """Two raters on the replies that both have labelled: the share in agreement, and Cohen's kappa.

    `kappa` is None where it is not defined, as where both gave one word throughout. `open` are replies on which they
    differ and that nobody has settled: they count as unsure.
    """

    raters: tuple[str, str]
    both: int = Field(ge=0)
    agreed: Estimate
    kappa: float | None = None
    open: int = Field(default=0, ge=0)


class LabelledRates(Record):
    """What labels say of one behaviour: over all replies of the sample, by topic, and of each lead.

    `sample` says in words of which replies; `labels` counts those behind `rate`, `unsure` those of them that decide
    nothing. `leads` holds, by id, the rate on a lead's fresh prompts.
    """

    behaviour: str
    sample: str
    rate: Estimate
    labels: int = Field(ge=0)
    unsure: int = Field(default=0, ge=0)
    topics: tuple[TopicRate, ...] = ()
    leads: dict[str, Estimate] = {}
    raters: tuple[str, ...] = ()
    agreements: tuple[Agreement, ...] = ()
