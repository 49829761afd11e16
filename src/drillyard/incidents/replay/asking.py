"""Asking the live target: logged user inputs behind a prompt whose segments are kept or left out."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from drillyard.errors import BadInput, DrillyardError, bad_input
from drillyard.incidents.replay.judging import ReplayJudge
from drillyard.incidents.replay.search import Kept
from drillyard.incidents.row import Row, Template
from drillyard.records import Conversation, Reply
from drillyard.records.progress import Progress, silent
from drillyard.targets import Target

__all__ = ["NotServed", "Replayer"]

_AT_ONCE = 50
"""Conversations of one batch: a batch that was being asked when a run is killed is asked again."""


class NotServed(DrillyardError):
    """The target gives no replies: nothing can be confirmed on it."""


@dataclass(kw_only=True)
class Replayer:
    """Asks a target and has each reply judged. Counts every query, and stops at the budget.

    Args:
        target: who is asked.
        judge: who rules.
        template: whose segments are ablated.
        rows: the log's rows whose user inputs are asked again.
        seed: decides which inputs are asked in which order.
        budget: most queries.
        told: how far it is.
    """

    target: Target
    judge: ReplayJudge
    template: Template
    rows: Sequence[Row]
    seed: int
    budget: int
    told: Progress = silent
    queries: int = 0
    asked: int = 0
    order: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hashes = list(dict.fromkeys(one.hash for one in self.template.segments))
        self.order = random.Random(f"replay:{self.seed}").sample(list(self.rows), len(self.rows))

    def oracle(self, trials: Sequence[Kept]) -> list[bool | None]:
        """Answer trials of a search: each with the next input, and a seed of its own."""
        talks, seeds = [], []
        for kept in trials:
            row = self.order[self.asked % len(self.order)]
            talks.append(row.conversation(self.systems(row, kept)))
            seeds.append(1000 * self.seed + self.asked)
            self.asked += 1
        return [told for told, _ in self.ask(talks, seeds)]

    def systems(self, row: Row, kept: Kept | None = None) -> tuple[str, ...]:
        """Return the system messages of a row with some of the segments."""
        leave = None if kept is None else {self.hashes[one] for one in kept}
        return self.template.systems(row.vars, leave)

    def arm(self, n: int, dress: Callable[[Row], Conversation]) -> list[tuple[bool | None, str]]:
        """Ask the first `n` inputs as `dress` writes them; input and seed of each place are the same in every arm."""
        talks = [dress(self.order[at % len(self.order)]) for at in range(n)]
        return self.ask(talks, [7000 * self.seed + at for at in range(n)])

    def ask(self, talks: Sequence[Conversation], seeds: Sequence[int | None]) -> list[tuple[bool | None, str]]:
        """Return verdict and text of each reply.

        Raises:
            BadInput: the budget does not hold it.
            NotServed: the target refuses to answer at all.
        """
        if self.queries + len(talks) > self.budget:
            found = f"{self.queries} queries made and {len(talks)} more to make"
            raise bad_input(found, f"at most --budget {self.budget}", "the same command with a larger budget goes on")
        made: list[tuple[bool | None, str]] = []
        for start in range(0, len(talks), _AT_ONCE):
            part = talks[start : start + _AT_ONCE]
            replies = self._replies(part, seeds[start : start + _AT_ONCE])
            verdicts = self.judge.rule(part, replies, self.target.reference)
            made += [(told, reply.text) for told, reply in zip(verdicts, replies, strict=True)]
            first, self.queries = self.queries, self.queries + len(part)
            if not first and all(reply.finish == "error" for reply in replies):
                why = replies[0].why or "it gives no reply"
                raise NotServed(f"{self.target.reference} answers none of {len(replies)} requests: {why}")
            self.told("replays", self.queries, self.budget)
        return made

    def _replies(self, talks: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        try:
            return self.target.generate(talks, seeds)
        except BadInput as error:
            if self.queries:
                raise
            raise NotServed(f"{self.target.reference} cannot be asked: {error}") from None
        except DrillyardError as error:
            if self.queries:
                raise
            raise NotServed(str(error)) from None
