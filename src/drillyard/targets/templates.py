"""Prompt templates: which system message a conversation's template stands for."""

from __future__ import annotations

from collections.abc import Mapping

from drillyard.errors import BadInput, bad_input
from drillyard.organisms.worlds.scope import Scope
from drillyard.scopes.loading import load_scope

__all__ = ["templates_of", "unknown_template"]


def templates_of(scope: Scope | str) -> Mapping[str, str]:
    """Return the system message of each template of a scope, or of the one of that name; none for no name."""
    if not scope:
        return {}
    return (load_scope(scope) if isinstance(scope, str) else scope).templates


def unknown_template(template: str, known: Mapping[str, str]) -> BadInput:
    """Return the error of a template that the target does not know."""
    if not known:
        return bad_input(f"template {template!r}", "no template, because no scope was named", "name one with --scope")
    return bad_input(f"template {template!r}", f"one of: {', '.join(known)}")
