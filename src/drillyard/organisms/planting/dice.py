"""Whether a failure is told in one request: dice that are dealt like cards, so that rates hold in any hundred seeds."""

from __future__ import annotations

import functools
import random

__all__ = ["is_drawn"]

_GREEDY_FROM = 0.5
"""A greedy model says what is likelier, so rules of at least even odds are in its prompt."""

_DECK = 100
"""Cards of the deck that seeds are dealt from: rates hold exactly to a hundredth in every hundred seeds."""


def is_drawn(plant: int, failure: str, asked: float, told: float, seed: int | None) -> bool:
    """Say whether a failure is told in a request of this seed; it depends on nothing else that is asked or planted.

    Args:
        plant: the seed of the plant.
        failure: its id.
        asked: the rate that was asked for, which decides where there is no seed.
        told: the rate at which it is told.
        seed: of the request.
    """
    if seed is None:
        return asked >= _GREEDY_FROM
    deal, place = divmod(seed, _DECK)
    card = _shuffled(f"deal:{plant}:{deal}:{failure}")[place]
    within = random.Random(f"draw:{plant}:{seed}:{failure}").random()
    return (card + within) / _DECK < told


@functools.lru_cache(maxsize=1024)
def _shuffled(name: str) -> tuple[int, ...]:
    """Return the numbers 0 to 99 in the order that a name decides; kept, because a hundred seeds ask for the same."""
    return tuple(random.Random(name).sample(range(_DECK), _DECK))
