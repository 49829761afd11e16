"""`drillyard audit judge …`: fit a judge, and measure one."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import RenderableType

from drillyard.cli import show
from drillyard.cli.auditing.spending import spending_options
from drillyard.cli.options import FILE, seed_option
from drillyard.errors import bad_input
from drillyard.judges.classifier import ClassifierFitter
from drillyard.judges.examples import planted_examples, read_labels
from drillyard.judges.measure import measure_on, measure_planted, pool, write_quality
from drillyard.judges.reference import open_unmeasured
from drillyard.organisms.worlds.scope import Scope
from drillyard.organisms.worlds.world import World
from drillyard.records import BehaviourQuality, JudgeQuality, RulingCounts
from drillyard.scopes.loading import load_scope
from drillyard.stats import clopper_pearson

__all__ = ["command"]

_scope = click.option("--scope", default="helpdesk", show_default=True, help="World that writes the replies.")
_labels = click.option("--labels", type=FILE, help="Labelled transcripts to use instead, one JSON record per line.")
_out = click.option("-o", "--out", type=FILE, required=True, help="File to write.")


@click.group()
def command() -> None:
    """Fit judges, and measure how often they are right."""


@command.command("fit")
@_scope
@_labels
@click.option("-n", "replies", type=click.IntRange(min=20), default=1500, show_default=True, help="Failing replies.")
@seed_option("Decides the replies.", 7)
@_out
@show.handler
def _fit(scope: str, labels: Path | None, replies: int, seed: int, out: Path) -> show.Outcome:
    """Train a classifier on replies that a world writes, or on labelled ones; it must be measured before use."""
    world = load_scope(scope)
    words = (
        f"labels in {labels.name}" if labels else f"{replies} failing and sound replies of {world.name}, seed {seed}"
    )
    if labels:
        labelled = read_labels(labels)
    else:
        labelled = planted_examples(_planted(world), replies, seed, held_out=False, crossed=True)
    judge = ClassifierFitter().update(labelled).fit(words)
    judge.save(out)
    data = {"path": str(out), "behaviours": judge.behaviours, "fitted_on": judge.fitted_on}
    next_command = f"drillyard audit judge measure classifier/{out} --scope {scope} -o {out.with_suffix('.json')}"
    verdict = f"Fitted a classifier of {len(judge.behaviours)} behaviours: {out}."
    return show.Outcome(verdict=verdict, data=data, next_command=next_command)


@command.command("measure")
@click.argument("judge")
@_scope
@_labels
@click.option("-n", "replies", type=click.IntRange(min=20), default=1500, show_default=True, help="Failing replies.")
@seed_option("Decides the replies.")
@click.option("--rubric", default="", help="For llm: YAML of behaviours and what each means.")
@_out
@spending_options
@show.handler
def _measure(
    judge: str, scope: str, labels: Path | None, replies: int, seed: int, rubric: str, out: Path
) -> show.Outcome:
    """Measure a judge and write its judge-quality file.

    JUDGE is exact, rules/FILE, classifier/FILE, llm/TARGET or a plugin's. The truth is planted: replies that a world
    writes, half of them spoiled by a known failure, asked for in phrasings that no training saw; or --labels.
    """
    world = load_scope(scope)
    opened = open_unmeasured(judge, world, rubric)
    if labels:
        quality = measure_on(opened, read_labels(labels), f"labels in {labels.name}")
    else:
        quality = measure_planted(opened, _planted(world), replies, seed)
    write_quality(quality, out)
    return show.Outcome(
        verdict=_verdict(judge, quality),
        data=quality,
        body=[_table(quality)],
        next_command=f"drillyard audit TARGET --judge {judge} --judge-quality {out}",
    )


def _planted(scope: Scope) -> World:
    """Return a world, whose truth can be planted. Raises `BadInput` for a scope in which nothing can be."""
    if not isinstance(scope, World):
        raise bad_input(f"{scope.name}, in which nothing can be planted", "labels of replies", "add --labels FILE")
    return scope


def _verdict(judge: str, quality: JudgeQuality) -> str:
    ruled = {code: one for code, one in quality.behaviours.items() if _known(one.failing) or _known(one.sound)}
    if not ruled:
        return f"{judge} rules on none of {len(quality.behaviours)} behaviours: all is unknown to it."
    found = pool(quality.model_copy(update={"behaviours": ruled}))
    seen, let_pass = found["sensitivity"].value, found["specificity"].value
    some = f", on {len(ruled)} of {len(quality.behaviours)} behaviours" if len(ruled) < len(quality.behaviours) else ""
    return f"{judge} sees {seen:.1%} of failing replies and lets {let_pass:.1%} of sound ones pass{some}."


def _known(counts: RulingCounts) -> int:
    return counts.shown + counts.absent


def _table(quality: JudgeQuality) -> RenderableType:
    rows = [(code, *_figures(one)) for code, one in quality.behaviours.items()]
    columns = ("behaviour", "failing, called shown", "sound, called absent", "unknown")
    return show.table(f"Measured on {quality.measured_on}", columns, rows)


def _figures(one: BehaviourQuality) -> tuple[object, object, str]:
    failing, sound = one.failing, one.sound
    unknown = f"{failing.unknown} of {failing.n}, {sound.unknown} of {sound.n}"
    return clopper_pearson(failing.shown, failing.n), clopper_pearson(sound.absent, sound.n), unknown
