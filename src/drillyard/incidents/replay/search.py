"""Searches that ask an oracle, written once for every way of asking: a search yields trials and is sent outcomes.

    outcome = answer(certify(16), lambda trials: [draw(kept) for kept in trials])      # a simulation, in one line

A trial is the set of segments that stay in the prompt. Its outcome says whether the reply was bad, or None where that
is unknown. A search is a generator, so a live driver asks trials of one batch at once; nothing in here waits, draws
replies or knows a target.

Delta debugging (Zeller and Hildebrandt 2002, ddmin) is one such search, noise-free: from segments that fail to some of
which none can be left out. The order is theirs: subsets first, then complements; two chunks at first, complements not
at two chunks, where they are the subsets. Chunks end at s + (len − s) // (chunks left). The result is 1-minimal, not
the smallest of all.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

__all__ = ["Kept", "Outcomes", "Search", "answer", "ddmin"]

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


def _chunks(kept: Sequence[int], chunks: int) -> list[tuple[int, ...]]:
    """Return so many chunks of segments, in order, as equal as can be."""
    made, start = [], 0
    for left in range(chunks, 0, -1):
        end = start + (len(kept) - start) // left
        made.append(tuple(kept[start:end]))
        start = end
    return made


def ddmin(segments: int | Sequence[int], *, cached: bool = True) -> Generator[Kept, bool, Kept]:
    """Yield sets of segments, take in whether each fails, and return a 1-minimal set that fails.

    Args:
        segments: which ones, or how many; all of them together must fail, which is not asked.
        cached: ask for no set twice.
    """
    known: dict[Kept, bool] = {}
    now = tuple(range(segments)) if isinstance(segments, int) else tuple(segments)
    chunks = 2
    while len(now) >= 2:
        parts = _chunks(now, chunks)
        tries = [(part, 2) for part in parts]
        if chunks > 2:
            tries += [(tuple(one for one in now if one not in part), max(chunks - 1, 2)) for part in parts]
        for smaller, after in tries:
            key = frozenset(smaller)
            if not cached or key not in known:
                known[key] = yield key
            if known[key]:
                now, chunks = smaller, after
                break
        else:
            if chunks >= len(now):
                break
            chunks = min(len(now), 2 * chunks)
    return frozenset(now)
