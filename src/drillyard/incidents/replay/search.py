"""Searches that ask an oracle, written once for every way of asking: a search yields trials and is sent outcomes.

    outcome = answer(certify(16), lambda trials: [draw(kept) for kept in trials])      # a simulation, in one line

A trial is the set of segments that stay in the prompt. Its outcome says whether the reply was bad, or None where that
is unknown. A search is a generator, so a live driver asks trials of one batch at once and several searches side by
side; nothing in here waits, draws replies or knows a target.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import TypeVar

__all__ = ["Kept", "Outcomes", "Search", "answer", "answer_async"]

Kept = frozenset[int]
Outcomes = Sequence[bool | None]
_R = TypeVar("_R")
Search = Generator[Sequence[Kept], Outcomes, _R]


def answer(search: Search[_R], oracle: Callable[[Sequence[Kept]], Outcomes]) -> _R:
    """Run a search on an oracle and return what it found. What the oracle raises ends it."""
    try:
        trials = next(search)
        while True:
            trials = search.send(oracle(trials))
    except StopIteration as end:
        found: _R = end.value
        return found


async def answer_async(search: Search[_R], oracle: Callable[[Sequence[Kept]], Awaitable[Outcomes]]) -> _R:
    """Do the same with an oracle that is waited for, so that others may ask in between."""
    try:
        trials = next(search)
        while True:
            trials = search.send(await oracle(trials))
    except StopIteration as end:
        found: _R = end.value
        return found
