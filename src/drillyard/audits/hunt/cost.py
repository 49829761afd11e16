"""What a hunt costs, said before it begins."""

from __future__ import annotations

import random

from drillyard.audits.hunt.space import Space
from drillyard.organisms.worlds.scope import Scope

__all__ = ["quote"]

_SAMPLE = 200
_CHARACTERS_PER_TOKEN = 4


def quote(scope: Scope, budget: int, cap: int | None = None, room: int = 0) -> str:
    """Return in a sentence what a hunt asks at the most, from a sample of the scope's prompts and sound replies.

    With `room`, the most tokens of a reply, it says that in their place: no model of its own words is that short.
    """
    space, rng = Space(scope), random.Random("quote")
    asked = said = 0
    for _ in range(_SAMPLE):
        one = space.at_random(rng)
        asked += len(one.conversation.last_user) + len(scope.templates.get(one.conversation.template, ""))
        answer = scope.answer(one.ask, one.conversation.template) if one.ask else None
        said += len(answer or scope.fallback)
    per = budget / _SAMPLE / _CHARACTERS_PER_TOKEN
    capped = f" It ends at {cap:,} tokens." if cap is not None else ""
    replies = f"at most {room * budget:,}" if room else f"{said * per:,.0f}"
    tokens = f"{asked * per:,.0f} tokens of prompts and {replies} of replies"
    return f"At most {budget:,} queries: some {tokens}.{capped}"
