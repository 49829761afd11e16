"""From a model reference, such as `organism/helpdesk`, to the target that it names."""

from __future__ import annotations

import re
from typing import Any

from drillyard.errors import bad_input
from drillyard.registry import cards, create
from drillyard.targets.base import Target

__all__ = ["open_in", "open_received", "open_target", "split_typed"]

_BEHIND = re.compile(r"#([a-z]+/.+)$")


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


def split_typed(name: str) -> tuple[str, str]:
    """Split `FOLDER#SCHEME/NAME` into the folder and the target that was typed behind it, which may be empty."""
    found = _BEHIND.search(name)
    return (name[: found.start()], found[1]) if found else (name, "")


def open_received(reference: str, world: str = "", typed: str = "", **options: Any) -> Target:
    """Open a target that a file names: it gets no key of another address, runs no code, fetches and costs nothing.

    Args:
        reference: as of `open_target`.
        world: whose prompt templates it gets, where it has none of its own.
        typed: the same reference, where the user has typed it as well; then it is opened as any other.
        options: as of `open_target`.

    Raises:
        BadInput: as `open_target`, an unknown world, or another reference than was typed.
    """
    if typed and typed != reference:
        raise bad_input(f"a file that names {reference!r}", f"{typed!r}, which you typed", "name the one you want")
    card = cards("targets").get(reference.partition("/")[0])
    known = card.options if card else {}
    asked = (("world", world), ("received", not typed))
    given = {name: value for name, value in asked if name in known and value}
    return open_target(reference, **{**given, **options})


def open_in(world: str, reference: str, **options: Any) -> Target:
    """Open a target whose prompt templates are those of a world; an organism keeps its own.

    Options that a target does not have are left out.

    Raises:
        BadInput: as `open_target`, or an unknown world.
    """
    card = cards("targets").get(reference.partition("/")[0])
    known = card.options if card else {}
    given = {name: value for name, value in {"world": world, **options}.items() if name in known}
    return open_target(reference, **given)
