"""Delta debugging (Zeller and Hildebrandt 2002, ddmin): from segments that fail to some of which none can be left out.

The order is theirs: subsets first, then complements; two chunks at first, complements not at two chunks, where they are
the subsets. Chunks end at s + (len − s) // (chunks left). The result is 1-minimal, not the smallest of all.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from drillyard.incidents.replay.search import Kept

__all__ = ["ddmin", "split"]


def split(kept: Sequence[int], chunks: int) -> list[tuple[int, ...]]:
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
        parts = split(now, chunks)
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
