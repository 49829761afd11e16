"""What the verbs of `drillyard audit` share: whose questions are asked, who judges, and what was typed."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import click
from click.core import ParameterSource

from drillyard.errors import bad_input
from drillyard.judges.measured import MeasuredJudge
from drillyard.judges.reference import default_judge, open_judge
from drillyard.organisms.worlds.scope import Scope
from drillyard.records import Provenance
from drillyard.scopes.loading import load_scope

__all__ = ["judge_for", "judge_of", "judge_options", "made_by", "room_option", "scope_for", "scope_option", "typed"]

F = TypeVar("F", bound=Callable[..., object])

_OPTIONS = (
    click.option(
        "--judge",
        default="",
        show_default="exact; claims for hf/…",
        help="exact, claims, staged/JUDGE, rules/FILE, classifier/FILE, llm/TARGET.",
    ),
    click.option(
        "--judge-quality",
        default="",
        type=click.Path(dir_okay=False),
        help="The judge's error, as audit judge measure wrote it; needed unless exact, claims or staged.",
    ),
    click.option("--rubric", default="", help="For llm: YAML of behaviours and what each means."),
)


def _named(context: click.Context, option: click.Parameter, scope: str | None) -> str | None:
    if scope is not None and not scope.strip():
        raise bad_input(
            f"--scope {scope!r}", "a world, or a folder of compiled documents", "leave it out for the target's own"
        )
    return scope


scope_option = click.option(
    "--scope",
    callback=_named,
    help="World, or folder of compiled documents; an organism's or a report's own, else helpdesk.",
)
"""Adds `scope`; `scope_for` says what it is where nothing was typed."""

room_option = click.option(
    "--max-new-tokens",
    type=click.IntRange(min=1),
    help="Cut replies after so many tokens; a target's own unless given.",
)
"""Adds `max_new_tokens`, None where nothing was typed."""

_OWN = ("organism", "prompted")  # targets that have a scope of their own
_ELSE = "helpdesk"


def scope_for(target: str, scope: str | None) -> str:
    """Return the scope that was typed; else none for a target that has its own, and helpdesk for any other."""
    return scope or ("" if target.partition("/")[0] in _OWN else _ELSE)


def judge_options(command: F) -> F:
    """Add `judge`, `judge_quality` and `rubric`: what `judge_of` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def judge_for(target: str, scope: str, judge: str) -> str:
    """Return the judge that was typed, else that of a target and a scope; no scope is the target's own."""
    return judge or (default_judge(target, load_scope(scope)) if scope else "exact")


def judge_of(world: Scope, judge: str, judge_quality: str, rubric: str, target: str = "") -> MeasuredJudge:
    """Open what `judge_options` has named, or the judge of a target where none is."""
    quality = Path(judge_quality) if judge_quality else None
    return open_judge(judge or default_judge(target, world), world, quality, rubric)


def made_by(seed: int = 1) -> Provenance:
    """Return the running command as the provenance of what it writes."""
    return Provenance(drillyard=version("drillyard"), command=typed(), seed=seed)


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
