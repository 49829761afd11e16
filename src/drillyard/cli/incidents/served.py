"""What the verbs of `drillyard incident` share that ask a target: its opening, and the case's folder."""

from __future__ import annotations

from pathlib import Path

import click

from drillyard.errors import BadInput, DrillyardError
from drillyard.organisms.worlds.scope import Scope
from drillyard.registry import card
from drillyard.targets import Target, open_target
from drillyard.targets.scoped import scope_of

__all__ = ["case_argument", "opened"]

_SERVED = ("inspect", "openai")
"""Schemes of models that others serve, and may have stopped serving; any other that cannot be opened is a slip."""

case_argument = click.argument("case", type=click.Path(file_okay=False, path_type=Path))


def opened(reference: str) -> tuple[Target | None, Scope | None, str]:
    """Return a target with its scope, or, where it cannot be opened any more, None and why.

    Raises:
        BadInput: a reference that is a slip of the pen, and no model that is gone.
    """
    scheme, slash, _ = reference.partition("/")
    if not slash:
        open_target(reference)
    card("targets", scheme)
    try:
        target = open_target(reference)
    except DrillyardError as error:
        if scheme not in _SERVED:
            raise
        return None, None, str(error).splitlines()[0]
    try:
        return target, scope_of(target), ""
    except BadInput:
        return target, None, ""
