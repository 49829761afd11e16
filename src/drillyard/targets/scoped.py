"""The scope that a target is asked about: the one that somebody names, or the target's own."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from drillyard.errors import bad_input
from drillyard.organisms.worlds.scope import Scope
from drillyard.organisms.worlds.world import World
from drillyard.registry import cards
from drillyard.scopes.loading import load_scope
from drillyard.targets.base import Target
from drillyard.targets.reference import open_in, open_target

__all__ = ["cut_after", "open_scoped", "scope_of", "world_of"]

_ROOM = "max_new_tokens"


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


def open_scoped(reference: str, scope: str | None, room: int = 0) -> tuple[Target, Scope]:
    """Open a target, and the scope that it is asked about and whose templates it is sent: that named, or its own.

    Replies are cut after `room` tokens; 0 is the target's own.

    Raises:
        BadInput: as `open_target` and `scope_of`, or room for a target whose replies cannot be cut.
    """
    options = cut_after(reference, room)
    if scope:
        known = load_scope(scope)  # an unknown one is told before a model is opened
        return open_in(scope, reference, **options), known
    target = open_target(reference, **options)
    return target, scope_of(target)


def cut_after(reference: str, room: int) -> dict[str, Any]:
    """Return the options that cut a target's replies after so many tokens; none for 0. Raises `BadInput` as above."""
    card = cards("targets").get(reference.partition("/")[0])
    if room and card and _ROOM not in card.options:
        raise bad_input(f"a length for the replies of {reference}", "a target that draws them itself", "leave it out")
    return {_ROOM: room} if room else {}
