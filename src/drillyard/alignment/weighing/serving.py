"""What answering takes: one request at a time, as a single user meets it."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from drillyard.errors import bad_input
from drillyard.records import Conversation, Serving
from drillyard.targets import Target

__all__ = ["LEAST", "measure_serving"]

LEAST = 30
"""Requests that are timed at the least: a 95th percentile of fewer is little more than the largest."""

_WARM = 3
"""Requests before the clock starts, for caches and compilers: chosen, not measured."""


def measure_serving(target: Target, conversations: Sequence[Conversation], *, n: int = LEAST, seed: int = 1) -> Serving:
    """Time a target's replies, streamed, one after the other; the first few are thrown away.

    Request i is asked with seed `seed + i`, conversations are taken in turn. Tokens per reply are counted apart, so
    that counting is not timed.

    Args:
        target: the model as it is served, with all that a technique put around it.
        conversations: what people ask of it, ordinary requests rather than an exam.
        n: requests to time, 30 or more.
        seed: of the replies.

    Raises:
        BadInput: nothing to ask, fewer than 30 requests, or a conversation that the target cannot answer.
    """
    if not conversations:
        raise bad_input("no conversations", "some that people ask")
    if n < LEAST:
        raise bad_input(f"n = {n}", f"{LEAST} requests or more")
    asked = [(conversations[i % len(conversations)], seed + i) for i in range(n)]
    for conversation, own in asked[:_WARM]:
        _timed(target, conversation, own)
    times = np.array([_timed(target, conversation, own) for conversation, own in asked]) * 1000
    replies = target.generate([conversation for conversation, _ in asked], [own for _, own in asked])
    first, whole = np.quantile(times, [0.5, 0.95], axis=0).T
    return Serving(
        n=n,
        p50_ms=whole[0],
        p95_ms=whole[1],
        first_p50_ms=first[0],
        first_p95_ms=first[1],
        tokens=sum(reply.tokens for reply in replies) / n,
    )


def _timed(target: Target, conversation: Conversation, seed: int) -> tuple[float, float]:
    """Return the seconds to the first piece of a reply and to its end; an empty reply has both at its end."""
    begun, first = time.perf_counter(), 0.0
    for _ in target.stream(conversation, seed):
        first = first or time.perf_counter() - begun
    whole = time.perf_counter() - begun
    return first or whole, whole
