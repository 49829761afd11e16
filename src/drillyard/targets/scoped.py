"""The scope that a target is asked about: the one that somebody names, or the target's own."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from drillyard.errors import bad_input
from drillyard.organisms.worlds.scope import Scope
from drillyard.organisms.worlds.world import World
from drillyard.scopes.loading import load_scope
from drillyard.targets.base import Target
from drillyard.targets.reference import open_in, open_target

__all__ = ["open_scoped", "scope_of", "world_of"]


@runtime_checkable
class _Scoped(Protocol):
    """A target that has a scope of its own, as organisms have their world."""

    @property
    def scope(self) -> World: ...


def scope_of(target: Target, scope: Scope | str | None = None) -> Scope:
    """Return the scope that is given or named, else the target's own.

    Raises:
        BadInput: none is named, and the target has none of its own; or an unknown one.
    """
    if scope:
        return load_scope(scope) if isinstance(scope, str) else scope
    inner: Target | None = target
    while inner is not None:
        if isinstance(inner, _Scoped):
            return inner.scope
        inner = getattr(inner, "target", None)  # what a rail or a prompt is put around
    raise bad_input(f"{target.reference} without a scope", "a scope to ask it about", "name one, such as helpdesk")


def world_of(target: Target, world: Scope | str | None = None) -> World:
    """Return the scope as `scope_of`, where it must be a world. Raises `BadInput` for a scope without planted truth."""
    scope = scope_of(target, world)
    if not isinstance(scope, World):
        raise bad_input(f"the scope {scope.name}, in which nothing can be planted", "a world", "name one")
    return scope


def open_scoped(reference: str, scope: str | None) -> tuple[Target, Scope]:
    """Open a target, and the scope that it is asked about and whose templates it is sent: that named, or its own.

    Raises:
        BadInput: as `open_target` and `scope_of`.
    """
    if scope:
        known = load_scope(scope)  # an unknown one is told before a model is opened
        return open_in(scope, reference), known
    target = open_target(reference)
    return target, scope_of(target)
