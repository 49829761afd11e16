"""What the verbs of `drillyard incident` share that ask a target: its opening, and the case's folder."""

from __future__ import annotations

from pathlib import Path

import click

from drillyard.errors import BadInput, DrillyardError, MissingExtra
from drillyard.organisms.worlds.scope import Scope
from drillyard.registry import card
from drillyard.targets import Target, open_target
from drillyard.targets.scoped import scope_of

__all__ = ["case_argument", "opened"]

_SERVED = ("inspect", "openai")
"""Schemes of models that others serve, and may have stopped serving; any other that cannot be opened is a slip."""
_WAITS = (2.0, 5.0)
"""Seconds that somebody at an address has for a connection, at the first and the second try."""

case_argument = click.argument("case", type=click.Path(file_okay=False, path_type=Path))


def opened(reference: str) -> tuple[Target | None, Scope | None, str]:
    """Return a target with its scope, or, where it cannot be opened any more, None and why.

    Raises:
        BadInput: a reference that is a slip of the pen, and no model that is gone.
        MissingExtra: what asks such targets is not installed.
    """
    scheme, slash, _ = reference.partition("/")
    if not slash:
        open_target(reference)
    card("targets", scheme)
    try:
        target = open_target(reference)
    except DrillyardError as error:
        if scheme not in _SERVED or isinstance(error, MissingExtra):
            raise
        return None, None, str(error).splitlines()[0]
    if isinstance(address := getattr(target, "base_url", ""), str) and address and not _answers(address):
        return None, None, f"nothing answers at {address}; start the server, or correct the address"
    try:
        return target, scope_of(target), ""
    except BadInput:
        return target, None, ""


def _answers(address: str) -> bool:
    """Say whether anybody is at an address; a target itself asks for long, since a server may be busy."""
    import httpx  # comes with the extra of such targets

    for seconds in _WAITS:
        try:
            httpx.head(address, timeout=seconds)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            continue
        except httpx.HTTPError:
            pass
        return True
    return False
