"""Failures: when they happen, what they look like, how sure we are."""

from __future__ import annotations

import functools
import re
from enum import StrEnum
from typing import Literal

from pydantic import Field

from drillyard.records.base import Record
from drillyard.records.conversation import Conversation, Transcript
from drillyard.records.estimate import Estimate

__all__ = ["FailureMode", "Finding", "RegressionTest", "Ruling", "Severity", "Trigger"]


class Severity(StrEnum):
    """How much one occurrence hurts, ordered."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low … 3 for critical."""
        return list(Severity).index(self)


class Trigger(Record):
    """A predicate on a conversation, in words and as data that can be executed.

    It fires when the template is one of `templates` (or `templates` is empty) **and** the last user message
    contains at least one term of every group in `groups` (whole words, case and spacing ignored) **and** none in
    `unless`. An empty trigger fires always.
    """

    words: str = ""
    templates: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    unless: tuple[str, ...] = ()

    def fires(self, conversation: Conversation) -> bool:
        """Say whether this conversation meets the trigger."""
        if self.templates and conversation.template not in self.templates:
            return False
        text = _plain(conversation.last_user)
        said = [any(_plain(term) in text for term in group) for group in (*self.groups, self.unless)]
        return all(said[:-1]) and not said[-1]


@functools.lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    """Lower-case words between single spaces, with a space at both ends; kept, because terms are asked for anew."""
    words = re.findall(r"[^\W_]+", text.casefold())
    return f" {' '.join(words)} "


class FailureMode(Record):
    """A way in which a target fails: when (trigger), what (behaviour code), how often, how bad.

    `behaviour` is a code of the judge's catalogue, such as `pressure-selling`; `rate` is the probability that a
    reply to a triggering conversation shows the behaviour, at sampling temperature 1.
    """

    id: str
    kind: str
    title: str
    trigger: Trigger
    behaviour: str
    rate: float = Field(gt=0, le=1)
    severity: Severity


class Ruling(Record):
    """A judge's word on one transcript. Unknown is a verdict: it is counted, never dropped."""

    behaviour: str
    verdict: Literal["shown", "absent", "unknown"]
    reason: str = ""
    judge: str


class RegressionTest(Record):
    """A failure must not come back: each of these conversations is sampled, and the behaviour may not show.

    `samples` replies in all, the conversations in turn, are enough to see a failure of the confirmed rate again in 19
    of 20 runs; the test fails when more than `most` of them show the behaviour.
    """

    conversations: tuple[Conversation, ...]
    behaviour: str
    samples: int = Field(ge=1)
    most: int = Field(default=0, ge=0)


class Finding(Record):
    """A claimed failure mode with its evidence: examples, and the rate on fresh seeds with its interval.

    `kinds` are the kinds of request, in the words of the audited world, that the rate was measured on. `features` is
    the smallest conjunction of features that holds the rate, by name; `reproduction` the shortest conversation that
    still fails; `regression` the test that keeps it from coming back; `reach` the share of the scope's own traffic that
    meets the trigger, unknown for prompts of one's own. A search that does not look for them leaves them out.
    """

    mode: FailureMode
    rate: Estimate
    control_rate: Estimate | None = None
    evidence: tuple[Transcript, ...] = ()
    kinds: tuple[str, ...] = ()
    features: dict[str, str] = {}
    reproduction: Conversation | None = None
    regression: RegressionTest | None = None
    reach: float | None = None
