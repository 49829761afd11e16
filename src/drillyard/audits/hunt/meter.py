"""What a hunt has spent, in queries and in tokens, and how many more queries both allow."""

from __future__ import annotations

import math
from collections.abc import Sequence

from drillyard.organisms.worlds.scope import Scope
from drillyard.records import Conversation, Reply

__all__ = ["Meter"]

_CHARACTERS_PER_TOKEN = 4


class Meter:
    """Counts queries and tokens, prompts and replies together. Mutable.

    A target that does not tell its tokens is counted at four characters a token, its template's text included.

    Args:
        scope: whose templates are sent.
        budget: most queries.
        cap: most tokens; None is no cap. A query is asked only where the dearest one so far would still fit, so the
            cap is passed by no more than what a query costs above that one.
    """

    def __init__(self, scope: Scope, budget: int, cap: int | None = None) -> None:
        self.budget, self.cap = budget, cap
        self.queries = self.tokens = self._dearest = 0
        self._templates = scope.templates

    @property
    def left(self) -> int:
        """Queries that are left; with a cap one until it is known what a query costs."""
        queries = self.budget - self.queries
        if self.cap is None:
            return queries
        if not self.queries:
            return min(1, queries)
        return min(queries, max(0, (self.cap - self.tokens) // max(1, self._dearest)))

    @property
    def capped(self) -> bool:
        """Whether the tokens end the hunt, and not the queries."""
        return self.queries + self.left < self.budget

    def count(self, conversations: Sequence[Conversation], replies: Sequence[Reply]) -> None:
        """Take in what was asked and answered."""
        costs = [self._cost(*one) for one in zip(conversations, replies, strict=True)]
        self.queries += len(costs)
        self.tokens += sum(costs)
        self._dearest = max([self._dearest, *costs])

    def _cost(self, talk: Conversation, reply: Reply) -> int:
        sent = [self._templates.get(talk.template, ""), *(message.content for message in talk.messages)]
        return (reply.prompt_tokens or _about(sent)) + (reply.tokens or _about([reply.text]))


def _about(texts: Sequence[str]) -> int:
    return math.ceil(sum(map(len, texts)) / _CHARACTERS_PER_TOKEN)
