"""Run an audit with any search, adaptive or proposed in advance, and keep it in a folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from drillyard import registry
from drillyard.audits.audit import MIN_BUDGET, AuditReport, examine
from drillyard.audits.hunt.cost import quote
from drillyard.audits.hunt.hunting import HuntOptions
from drillyard.audits.hunt.report import hunt
from drillyard.audits.hunt.seeds import Seed, read_seeds
from drillyard.audits.reports.fail_on import FailOn, check
from drillyard.audits.reports.writing import FILES, make_folder, read_report
from drillyard.cli import show
from drillyard.cli.auditing.options import world_of
from drillyard.errors import bad_input
from drillyard.judges.measured import MeasuredJudge
from drillyard.judges.reference import open_measured
from drillyard.organisms.world import World
from drillyard.records import Record
from drillyard.records.files import write_atomically
from drillyard.targets import Target, open_target

__all__ = ["HUNT", "AuditOrder", "AuditSpec", "audited"]

HUNT = "hunt"
"""The name of the adaptive search."""


@dataclass(frozen=True, kw_only=True)
class AuditOrder:
    """What an audit was asked for on the command line."""

    target: str
    twin: str | None
    scope: str | None
    budget: int
    search: str
    seed: int
    reading: bool
    control: bool
    seeds: Path | None
    skip_bad: bool
    out: Path | None
    judge: str
    judge_quality: Path | None
    rubric: str
    fail_on: tuple[FailOn, ...]

    def opened(self) -> _Asked:
        """Open what is asked and judged, and refuse criteria that could never be met, before anything is asked."""
        target, twin = open_target(self.target), open_target(self.twin) if self.twin else None
        world = world_of(self.scope, target)
        check(self.fail_on, world.behaviours, twin=twin is not None)
        return _Asked(target, twin, world, open_measured(self.judge, world, self.judge_quality, self.rubric))


class _Asked(NamedTuple):
    """An order with everything open."""

    target: Target
    twin: Target | None
    world: World
    judge: MeasuredJudge


class AuditSpec(Record):
    """What a folder holds an audit of."""

    target: str
    twin: str | None
    world: str
    budget: int
    search: str
    seed: int
    reading: bool
    control: bool
    seeds: str
    judge: str


def audited(order: AuditOrder) -> AuditReport:
    """Run an audit, or print the stored report of a finished folder.

    Raises:
        BadInput: something that the user can put right.
    """
    if order.budget < MIN_BUDGET:
        found = f"a budget of {order.budget} queries"
        raise bad_input(found, f"at least {MIN_BUDGET}", f"use a budget of {MIN_BUDGET}")
    if order.out:
        make_folder(order.out)
    asked = order.opened()
    if order.search != HUNT:
        return _proposed(order, asked)
    seeds = _seeds(order, asked.world)
    if order.out and (stored := _stored(order, asked)):
        return stored
    show.say(quote(asked.world, order.budget))
    return hunt(
        asked.target,
        asked.twin,
        world=asked.world,
        budget=order.budget,
        seed=order.seed,
        judge=asked.judge,
        options=HuntOptions(seeds=seeds),
        reading=order.reading,
        control=order.control,
        journal=order.out / "journal.jsonl" if order.out else None,
        progress=show.say,
    )


def _proposed(order: AuditOrder, asked: _Asked) -> AuditReport:
    """Audit with a search whose prompts are proposed in advance."""
    only: Iterable[tuple[str, object]] = (("--seeds", order.seeds), ("--control", order.control))
    if wrong := [name for name, value in only if value]:
        raise bad_input(f"{wrong[0]} with --search {order.search}", "--search hunt", "leave one of them out")
    method = registry.create("searches", order.search)
    return examine(
        asked.target,
        asked.twin,
        world=asked.world,
        budget=order.budget,
        seed=order.seed,
        judge=asked.judge,
        search=method,
        progress=show.say,
    )


def _seeds(order: AuditOrder, world: World) -> tuple[Seed, ...]:
    if order.seeds is None:
        return ()
    return read_seeds(order.seeds, ("", *world.templates), skip_bad=order.skip_bad, tell=show.say)


def _stored(order: AuditOrder, asked: _Asked) -> AuditReport | None:
    """Return the report of a finished folder; refuse the folder of another audit."""
    assert order.out is not None
    spec = AuditSpec(
        target=order.target,
        twin=order.twin,
        world=asked.world.reference,
        budget=order.budget,
        search=order.search,
        seed=order.seed,
        reading=order.reading,
        control=order.control,
        seeds=str(order.seeds or ""),
        judge=asked.judge.quality.definition,
    )
    path = order.out / "spec.json"
    if path.is_file() and AuditSpec.from_json(path.read_bytes()) != spec:
        raise bad_input(f"another audit in {order.out}", "the same options, or a new folder", "choose another -o DIR")
    write_atomically(path, (spec.to_json(indent=2) + "\n").encode())
    return read_report(order.out) if (order.out / FILES["json"]).is_file() else None
