"""From a model reference, such as `organism/helpdesk`, to the target that it names."""

from __future__ import annotations

from typing import Any

from drillyard.errors import bad_input
from drillyard.registry import cards, create
from drillyard.targets.base import Target

__all__ = ["open_in", "open_received", "open_target"]


def open_target(reference: str, **options: Any) -> Target:
    """Open the target that a reference names: `organism/helpdesk`, `scripted/file.jsonl`, `echo/`.

    The part before the first slash is the scheme, a card of the family `targets`; its implementation is called with
    `reference=`, the card's options, and those given here over them.

    Raises:
        BadInput: no scheme, an unknown one, or what the scheme's own target says about the rest.
    """
    scheme, slash, _ = reference.partition("/")
    if not slash or reference.startswith(("/", ".")):
        known = ", ".join(f"{name}/…" for name in cards("targets"))
        hint = f"did you mean 'organism/{reference}'?" if reference else ""
        raise bad_input(f"target {reference!r}", f"a scheme, a slash and a name: {known}", hint)
    target: Target = create("targets", scheme, reference=reference, **options)
    return target


def open_received(reference: str, world: str = "", **options: Any) -> Target:
    """Open a target that a file names, and that nobody has typed: it gets no key of another address, and runs no code.

    Args:
        reference: as of `open_target`.
        world: whose prompt templates it gets, where it has none of its own.
        options: as of `open_target`.

    Raises:
        BadInput: as `open_target`, or an unknown world.
    """
    card = cards("targets").get(reference.partition("/")[0])
    known = card.options if card else {}
    given = {name: value for name, value in (("world", world), ("received", True)) if name in known and value}
    return open_target(reference, **{**given, **options})


def open_in(world: str, reference: str) -> Target:
    """Open a target whose prompt templates are those of a world; an organism keeps its own.

    Raises:
        BadInput: as `open_target`, or an unknown world.
    """
    card = cards("targets").get(reference.partition("/")[0])
    return open_target(reference, **({"world": world} if card and "world" in card.options else {}))
