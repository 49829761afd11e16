"""Run an audit with any search, adaptive or proposed in advance, and keep it in a folder."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from drillyard import registry
from drillyard.audits.audit import AuditReport, check_budget, examine
from drillyard.audits.hunt.attack import AttackOptions
from drillyard.audits.hunt.cost import quote
from drillyard.audits.hunt.hunting import HuntOptions
from drillyard.audits.hunt.report import hunt
from drillyard.audits.provenance import Provenance, provenance
from drillyard.audits.reports.fail_on import FailOn, check
from drillyard.audits.reports.writing import FILES, make_folder, read_report
from drillyard.audits.seeding.source import MOST, Corpus, read_corpus
from drillyard.cli import show
from drillyard.cli.auditing.options import open_scoped
from drillyard.errors import BadInput, bad_input
from drillyard.judges.measured import MeasuredJudge
from drillyard.judges.reference import open_measured
from drillyard.organisms.worlds.world import World
from drillyard.records import Record
from drillyard.records.files import write_atomically
from drillyard.targets import Target, open_in, open_target

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
    max_tokens: int | None
    search: str
    seed: int
    reading: bool
    attacker: str | None
    attack: str
    control: bool
    traffic: int | None
    seeds: str | None
    skip_bad: bool
    out: Path | None
    judge: str
    judge_quality: Path | None
    rubric: str
    fail_on: tuple[FailOn, ...]

    def opened(self) -> _Asked:
        """Open what is asked and judged, and refuse criteria that could never be met, before anything is asked."""
        target, world = open_scoped(self.target, self.scope)
        twin = open_in(world.reference, self.twin) if self.twin else None
        check(self.fail_on, world.behaviours, twin=twin is not None)
        return _Asked(target, twin, world, open_measured(self.judge, world, self.judge_quality, self.rubric))


class _Asked(NamedTuple):
    """An order with everything open."""

    target: Target
    twin: Target | None
    world: World
    judge: MeasuredJudge


class AuditSpec(Record):
    """What a folder holds an audit of; all that decides the report, bytes by their SHA-256 (weights in `made`)."""

    target: str
    world: str
    search: str
    reading: bool
    control: bool
    attacker: str = ""
    traffic: int = 0
    seeds: str
    judge: str
    made: Provenance


def audited(order: AuditOrder) -> AuditReport:
    """Run an audit, or print the stored report of a finished folder.

    Raises:
        BadInput: something that the user can put right.
    """
    check_budget(order.budget)
    if order.out:
        make_folder(order.out)
    asked = order.opened()
    if order.search != HUNT:
        return _proposed(order, asked)
    corpus, attack = _corpus(order, asked.world), _attack(order)
    if order.out and (stored := _stored(order, asked, corpus)):
        show.say(f"{order.out} holds the finished report of this audit: nothing was asked")
        return stored
    show.say(quote(asked.world, order.budget, order.max_tokens))
    return hunt(
        asked.target,
        asked.twin,
        world=asked.world,
        budget=order.budget,
        seed=order.seed,
        judge=asked.judge,
        options=HuntOptions(seeds=corpus.seeds, left_out=corpus.left_out, unread=corpus.unread, attack=attack),
        reading=order.reading,
        control=order.control,
        traffic=order.traffic or 0,
        cap=order.max_tokens,
        journal=order.out / "journal.jsonl" if order.out else None,
        progress=show.say,
    )


def _proposed(order: AuditOrder, asked: _Asked) -> AuditReport:
    """Audit with a search whose prompts are proposed in advance."""
    only: Iterable[tuple[str, object]] = (
        ("--seeds", order.seeds),
        ("--control", order.control),
        ("--max-tokens", order.max_tokens),
        ("--traffic", order.traffic),
        ("--attacker", order.attacker),
    )
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


def _attack(order: AuditOrder) -> AttackOptions | None:
    """Return who attacks and how. Raises `BadInput` for numbers that are none."""
    numbers = re.fullmatch(r"([1-9]\d?)x([1-9]\d?)x([1-9]\d?)", order.attack)
    if numbers is None:
        raise bad_input(f"--attack {order.attack!r}", "streams x branches x rounds, each from 1 to 99", "type 4x1x4")
    if not order.attacker:
        return None
    streams, branches, depth = map(int, numbers.groups())
    return AttackOptions(attacker=open_target(order.attacker), streams=streams, branches=branches, depth=depth)


def _corpus(order: AuditOrder, world: World) -> Corpus:
    if order.seeds is None:
        return Corpus(())
    most, names = max(MOST, order.budget), ("", *world.templates)
    return read_corpus(order.seeds, names, skip_bad=order.skip_bad, most=most, seed=order.seed, tell=show.say)


def _stored(order: AuditOrder, asked: _Asked, corpus: Corpus) -> AuditReport | None:
    """Return the report of a finished folder; refuse the folder of another audit."""
    assert order.out is not None
    spec = AuditSpec(
        target=order.target,
        world=asked.world.reference,
        search=order.search,
        reading=order.reading,
        control=order.control,
        attacker=f"{order.attacker} {order.attack}" if order.attacker else "",
        traffic=order.traffic or 0,
        seeds=_hash("\n".join(seed.to_json() for seed in corpus.seeds).encode()) if corpus.seeds else "",
        judge=_hash(asked.judge.quality.to_json().encode()),
        made=provenance(asked.target, asked.twin, asked.world, order.budget, order.seed, order.max_tokens or 0),
    )
    path = order.out / "spec.json"
    if path.is_file() and _read_spec(path) != spec:
        expected = "the same options, models and files, or a new folder"
        raise bad_input(f"another audit in {order.out}", expected, "choose another -o DIR")
    write_atomically(path, (spec.to_json(indent=2) + "\n").encode())
    return read_report(order.out) if (order.out / FILES["json"]).is_file() else None


def _read_spec(path: Path) -> AuditSpec:
    try:
        return AuditSpec.from_json(path.read_bytes())
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
