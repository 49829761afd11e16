"""An audit as it is asked for, by references and files: run, resumed from its folder, written down as a command."""

from __future__ import annotations

import hashlib
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from drillyard.audits.audit import audit, check_budget
from drillyard.audits.hunt.attack import AttackOptions
from drillyard.audits.hunt.cost import quote
from drillyard.audits.labelling.files import REPLIES
from drillyard.audits.options import EXPLORE, AuditOptions, method_of
from drillyard.audits.provenance import trace
from drillyard.audits.report import AuditReport
from drillyard.audits.reports.fail_on import FailOn, check
from drillyard.audits.reports.writing import FILES, write_reports
from drillyard.audits.seeding.seeds import Corpus
from drillyard.audits.seeding.source import MOST, read_corpus
from drillyard.errors import bad_input
from drillyard.judges.measured import MeasuredJudge
from drillyard.judges.reference import open_judge
from drillyard.organisms.worlds.scope import Scope
from drillyard.records import Provenance, Record
from drillyard.records.progress import Progress, silent
from drillyard.records.run_folder import RunFolder
from drillyard.targets import Target, open_in, open_target
from drillyard.targets.scoped import cut_after, open_scoped
from drillyard.targets.settings import Settings

__all__ = ["AuditOrder", "AuditSpec", "run_order"]

_JOURNAL = "journal.jsonl"
_NO_SEEDS = ("null", "random", "sweep")  # propose what the scope holds, and nothing else
_OFF = {"reading": "--samples"}  # what is on by default -> the option that turns it off


class AuditOrder(Record):
    """What `drillyard audit TARGET` was asked for; every field but the target is the option of its name.

    `max_tokens`, `max_new_tokens` and `traffic` are 0 for none, names and files empty.
    """

    target: str
    twin: str = ""
    scope: str = ""
    budget: int = 2000
    max_tokens: int = 0
    max_new_tokens: int = 0
    search: str = EXPLORE
    judge: str = "exact"
    judge_quality: str = ""
    rubric: str = ""
    seed: int = 1
    reading: bool = True
    attacker: str = ""
    attack: str = "4x1x4"
    control: bool = False
    traffic: int = 0
    seeds: str = ""
    skip_bad: bool = False
    fail_on: tuple[str, ...] = ()

    def command(self) -> str:
        """Return the command that asks for the same again: what is not the default, in a fixed order."""
        words = ["drillyard", "audit", self.target]
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if name == "target" or value == field.default:
                continue
            option = _OFF.get(name, f"--{name.replace('_', '-')}")
            for one in value if isinstance(value, tuple) else (value,):
                words += [option] if isinstance(one, bool) else [option, str(one)]
        return shlex.join(words)


class AuditSpec(Record):
    """What a folder holds an audit of: all that decides the report, files by their SHA-256 (weights in `made`)."""

    order: AuditOrder
    world: str
    seeds: str
    judge: str
    settings: Settings | None = None
    made: Provenance


@dataclass(frozen=True, kw_only=True)
class _Opened:
    """An order with everything open."""

    target: Target
    twin: Target | None
    world: Scope
    judge: MeasuredJudge
    options: AuditOptions


def run_order(order: AuditOrder, out: Path | None = None, tell: Progress = silent) -> AuditReport:
    """Run an audit; with a folder, resume it there or return its finished report, and write every format.

    Raises:
        BadInput: something that the user can put right, before anything is asked; or the folder of another audit.
    """
    check_budget(order.budget)
    if out is None:
        return _run(order, _open(order, tell), None, tell)
    with RunFolder(out, "audit", leaves=(_JOURNAL, FILES["json"])).held() as run:
        opened = _open(order, tell)
        run.claim(_spec(order, opened))
        report = run.read(FILES["json"], AuditReport)
        if report:
            tell(f"{out} holds the finished report of this audit: nothing was asked")
        report = _signed(report, order) if report else _run(order, opened, out / _JOURNAL, tell)
        write_reports(report, out, tell)
    return report


def _run(order: AuditOrder, opened: _Opened, journal: Path | None, tell: Progress) -> AuditReport:
    settings = getattr(opened.target, "settings", None)
    tell(quote(opened.world, order.budget, opened.options.cap, settings.max_new_tokens if settings else 0))
    report = audit(
        opened.target,
        opened.twin,
        world=opened.world,
        budget=order.budget,
        seed=order.seed,
        judge=opened.judge,
        options=opened.options,
        journal=journal,
        replies=journal.parent / REPLIES if journal else None,
        progress=tell,
    )
    return _signed(report, order)


def _open(order: AuditOrder, tell: Progress) -> _Opened:
    """Open what is asked and judged, and refuse what could never be met, before anything is asked."""
    method_of(order.search)
    if order.seeds and order.search in _NO_SEEDS:
        raise bad_input(f"--seeds with --search {order.search}", f"--search {EXPLORE}", "leave one of them out")
    attack = _attack(order)
    target, world = open_scoped(order.target, order.scope, order.max_new_tokens)
    room = cut_after(order.twin, order.max_new_tokens)
    twin = open_in(world.reference, order.twin, **room) if order.twin else None
    check([FailOn.parse(one) for one in order.fail_on], world.behaviours, twin=twin is not None)
    quality = Path(order.judge_quality) if order.judge_quality else None
    return _Opened(
        target=target,
        twin=twin,
        world=world,
        judge=open_judge(order.judge, world, quality, order.rubric),
        options=AuditOptions(
            search=order.search,
            reading=order.reading,
            corpus=_corpus(order, world, tell),
            attack=attack,
            control=order.control,
            traffic=order.traffic,
            cap=order.max_tokens or None,
        ),
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


def _corpus(order: AuditOrder, world: Scope, tell: Progress) -> Corpus:
    if not order.seeds:
        return Corpus()
    most, names = max(MOST, order.budget), ("", *world.templates)
    return read_corpus(order.seeds, names, skip_bad=order.skip_bad, most=most, seed=order.seed, tell=tell)


def _signed(report: AuditReport, order: AuditOrder) -> AuditReport:
    """Return a report that says how to ask for it again, and the criteria that it is held to."""
    made = report.made and report.made.model_copy(update={"command": order.command()})
    return report.model_copy(update={"made": made, "fail_on": order.fail_on})


def _spec(order: AuditOrder, opened: _Opened) -> AuditSpec:
    """Return what a folder is claimed by: files count by what is in them, criteria not at all."""
    corpus = opened.options.corpus
    by_content = {name: "" for name in ("judge_quality", "rubric", "seeds")}
    return AuditSpec(
        order=order.model_copy(update={**by_content, "skip_bad": False, "fail_on": ()}),
        world=opened.world.reference,
        seeds=_hash("\n".join(seed.to_json() for seed in corpus.seeds)) if corpus.seeds else "",
        judge=_hash(opened.judge.quality.to_json()),
        settings=getattr(opened.target, "settings", None),
        made=trace(opened.target, opened.twin, opened.world, order.seed),
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
