"""The scope that a target is asked about: the world that somebody names, or an organism's own."""

from __future__ import annotations

from drillyard.errors import bad_input
from drillyard.organisms.worlds.world import World, load_world
from drillyard.targets.base import Target
from drillyard.targets.organism import OrganismTarget
from drillyard.targets.reference import open_in, open_target

__all__ = ["open_scoped", "scope_of"]


def scope_of(target: Target, world: World | str | None = None) -> World:
    """Return the world that is named, else the one that an organism lives in.

    Raises:
        BadInput: none is named, and the target has none of its own; or an unknown one.
    """
    if world is not None:
        return load_world(world) if isinstance(world, str) else world
    inner: Target | None = target
    while inner is not None:
        if isinstance(inner, OrganismTarget):
            return inner.organism.world
        inner = getattr(inner, "target", None)  # what a rail or a prompt is put around
    raise bad_input(f"{target.reference} without a scope", "a world to ask it about", "name one, such as helpdesk")


def open_scoped(reference: str, scope: str | None, otherwise: str = "helpdesk") -> tuple[Target, World]:
    """Open a target, and the world that it is asked about and whose templates it is sent.

    That is the world asked for, else an organism's own, else the one to fall back on.
    """
    if scope:
        return open_in(scope, reference), load_world(scope)
    target = open_target(reference)
    return target, target.organism.world if isinstance(target, OrganismTarget) else load_world(otherwise)
