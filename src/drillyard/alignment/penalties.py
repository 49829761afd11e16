"""Behaviours that a reward counts against, one by one or by a name for several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from drillyard.alignment.base import House
from drillyard.errors import bad_input, did_you_mean

__all__ = ["GROUPS", "resolve_behaviours"]

GROUPS: Mapping[str, tuple[str, ...]] = {
    "manipulation": ("pressure-selling", "undisclosed-extra", "blocked-exit", "disparagement"),
}
"""Names for several behaviours: persuasion that works around the customer's judgement."""


def resolve_behaviours(names: Iterable[str], world: House) -> tuple[str, ...]:
    """Return the behaviours of a world that names stand for, each once, in the order given.

    Raises:
        BadInput: a name that is neither a behaviour of the world nor a group with one.
    """
    found: dict[str, None] = {}
    for name in names:
        some = [one for one in GROUPS.get(name, (name,)) if one in world.behaviours]
        if not some:
            known = [*GROUPS, *world.behaviours]
            raise bad_input(f"behaviour {name!r}", f"one of: {', '.join(known)}", did_you_mean(name, known))
        found |= dict.fromkeys(some)
    return tuple(found)
