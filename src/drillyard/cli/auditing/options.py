"""What the verbs of `drillyard audit` share: whose questions are asked, who judges, and what was typed."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
from click.core import ParameterSource

from drillyard.organisms.worlds.world import World, load_world
from drillyard.targets import Target, open_in, open_target
from drillyard.targets.organism import OrganismTarget

__all__ = ["judge_options", "open_scoped", "scope_option", "typed"]

F = TypeVar("F", bound=Callable[..., object])

_OPTIONS = (
    click.option("--judge", default="exact", show_default=True, help="exact, rules/FILE, classifier/FILE, llm/TARGET."),
    click.option(
        "--judge-quality",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The judge's error, as audit judge measure wrote it; needed unless exact.",
    ),
    click.option("--rubric", default="", help="For llm: YAML of behaviours and what each means."),
)

scope_option = click.option(
    "--scope", help="World whose questions and facts are used; an organism's or a report's own, else helpdesk."
)
"""Adds `scope`, None where it is left to `open_scoped`."""


def judge_options(command: F) -> F:
    """Add `judge`, `judge_quality` and `rubric`: what `open_measured` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def open_scoped(reference: str, scope: str | None, report: str = "") -> tuple[Target, World]:
    """Open a target, and the world that it is asked about and whose templates it is sent.

    That is the world asked for, else the one that a report names, else an organism's own, else helpdesk.
    """
    if name := scope or report:
        return open_in(name, reference), load_world(name)
    target = open_target(reference)
    return target, target.organism.world if isinstance(target, OrganismTarget) else load_world("helpdesk")


def typed() -> str:
    """Return the running command as it was typed, for the foot of a page: options in their own order, no --json."""
    context = click.get_current_context()
    words = context.command_path.split()
    for option in context.command.params:
        name = option.name or ""
        if name not in context.params.keys() - {"as_json"}:
            continue
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value = context.params[name]
        if isinstance(option, click.Option) and option.is_flag:
            words.append(max(option.opts if value else option.secondary_opts, key=len))
            continue
        for one in value if isinstance(value, tuple) else (value,):
            words += [str(one)] if isinstance(option, click.Argument) else [max(option.opts, key=len), str(one)]
    return shlex.join(words)
