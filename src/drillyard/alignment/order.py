"""From what somebody asks for to the spec of a comparison, checked and written into its folder before anything runs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import yaml

from drillyard.alignment.arms import arms_of
from drillyard.alignment.chain import JOINT
from drillyard.alignment.course import (
    FINDINGS,
    POLICY,
    PREFERENCES,
    QUALITY,
    REWARD,
    RUBRIC,
    Course,
    alignable,
    open_course,
)
from drillyard.alignment.documents import rules_held_back
from drillyard.alignment.exam import hold_back
from drillyard.alignment.penalties import resolve_behaviours
from drillyard.alignment.policy import read_policy
from drillyard.alignment.preference_file import read_preferences
from drillyard.alignment.spec import AlignSpec, OptionValue
from drillyard.audits.reports.writing import read_report
from drillyard.errors import bad_input
from drillyard.judges.llm import read_rubric
from drillyard.judges.measured import read_quality
from drillyard.organisms.worlds.failures import faults
from drillyard.organisms.worlds.world import World
from drillyard.records import ValueReward
from drillyard.records.files import read_record
from drillyard.records.run_folder import RunFolder
from drillyard.scopes.scope import DocumentScope
from drillyard.targets import Target
from drillyard.targets.organism import OrganismTarget
from drillyard.targets.scoped import open_scoped

__all__ = ["AlignOrder", "begin", "begin_course"]


@dataclass(frozen=True, kw_only=True)
class AlignOrder:
    """What is asked for; see `AlignSpec` for what the fields decide.

    `options` are in words, such as `dpo.rank=32`. `scope` None is the target's own world; `seeds` is
    how many training seeds.
    """

    target: str
    techniques: Sequence[str]
    options: Sequence[str] = ()
    scope: str | None = None
    sweep: bool = False
    seeds: int = 3
    exam_seed: int = 1
    questions: int = 200
    pairs: int = 1200
    preferences: Path | None = None
    findings: Path | None = None
    policy: Path | None = None
    reward: Path | None = None
    penalise: Sequence[str] = ()
    favour: Sequence[str] = ()
    judge: str = "exact"
    judge_quality: str = ""
    rubric: str = ""
    max_new_tokens: int | None = None


def begin(order: AlignOrder, folder: Path) -> AlignSpec:
    """Return the spec of a comparison, begun as by `begin_course`."""
    return begin_course(order, folder).spec


def begin_course(order: AlignOrder, folder: Path) -> Course:
    """Write the spec of a comparison and its files into a folder, or take up the one that lies there.

    The course that is returned holds the target, which is opened once: a model of some size takes a while.

    Raises:
        BadInput: something cannot be opened or does not fit, or the folder holds another comparison. Nothing has been
            trained then.
    """
    target, scope = open_scoped(order.target, order.scope, order.max_new_tokens or 0)
    world = alignable(scope)
    files = _files(order, world)
    spec = AlignSpec(
        target=order.target,
        target_hash=target.organism.model_hash if isinstance(target, OrganismTarget) else "",
        scope=world.reference,
        scope_hash=world.digest,
        techniques=tuple(order.techniques),
        options=_options(order),
        sweep=order.sweep,
        seeds=tuple(range(1, order.seeds + 1)),
        exam_seed=order.exam_seed,
        questions=order.questions,
        pairs=order.pairs,
        back=() if order.preferences else tuple(sorted(_held_back(world))),
        failures=_failures(target, order, world),
        preferences=_digest(files, PREFERENCES),
        findings=_digest(files, FINDINGS),
        policy=_digest(files, POLICY),
        reward=_digest(files, REWARD),
        penalise=resolve_behaviours(order.penalise, world),
        favour=resolve_behaviours(order.favour, world),
        judge=order.judge,
        judge_quality=_digest(files, QUALITY),
        rubric=_digest(files, RUBRIC),
        room=order.max_new_tokens or 0,
        drillyard=version("drillyard"),
    )
    arms_of(spec)  # an unknown technique is told now
    run = RunFolder(folder, "comparison", leaves=("arms",))
    run.require(spec, lambda one: one.training)
    for name, data in files.items():
        run.write(name, data)
    course = open_course(spec, folder, target)
    run.claim(spec, lambda one: one.training)
    return course


def _held_back(scope: World | DocumentScope) -> frozenset[str]:
    return hold_back(scope) if isinstance(scope, World) else rules_held_back(scope)


def _options(order: AlignOrder) -> dict[str, dict[str, OptionValue]]:
    """Read options such as `dpo.rank=32` or `sft.target_modules=[q_proj, v_proj]`. Raises `BadInput`."""
    links = {link for name in order.techniques for link in name.split(JOINT)}
    found: dict[str, dict[str, OptionValue]] = {}
    for words in order.options:
        place, equals, value = words.partition("=")
        technique, dot, option = place.strip().partition(".")
        if not equals or not dot or not option.isidentifier():
            raise bad_input(f"option {words!r}", "TECHNIQUE.OPTION=VALUE", "such as dpo.rank=32")
        if technique not in links:
            raise bad_input(f"an option of {technique!r}", f"one of: {', '.join(sorted(links))}")
        found.setdefault(technique, {})[option] = _value(words, value)
    return found


def _value(words: str, text: str) -> OptionValue:
    try:
        value: object = yaml.safe_load(text)
    except yaml.YAMLError:
        value = None
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return value
    raise bad_input(f"option {words!r}", "a number, a word or a list such as [q_proj, v_proj]")


def _failures(target: Target, order: AlignOrder, world: World | DocumentScope) -> tuple[str, ...]:
    """Return the failure modes of the world that the target has, by what was planted and what an audit found."""
    if not isinstance(world, World):
        return ()
    modes = list(target.organism.failures) if isinstance(target, OrganismTarget) else []
    if order.findings:
        modes += [finding.mode for finding in read_report(order.findings).findings]
    known = {fault.id for fault in faults(world)}
    return tuple(dict.fromkeys(mode.id for mode in modes if mode.id in known))


def _files(order: AlignOrder, world: World | DocumentScope) -> dict[str, bytes]:
    """Return the user's files by the names that they get in the folder, read once so that a broken one is told."""
    files = {}
    if order.preferences:
        read_preferences(order.preferences, ("", *world.templates))
        files[PREFERENCES] = order.preferences.read_bytes()
    if order.findings:
        files[FINDINGS] = (read_report(order.findings).to_json(indent=2) + "\n").encode()
    if order.policy:
        read_policy(order.policy)
        files[POLICY] = order.policy.read_bytes()
    if order.reward:
        files[REWARD] = (_reward(order.reward, world).to_json(indent=2) + "\n").encode()
    if order.judge_quality:
        files[QUALITY] = (read_quality(Path(order.judge_quality)).to_json(indent=2) + "\n").encode()
    if order.rubric:
        read_rubric(Path(order.rubric))
        files[RUBRIC] = Path(order.rubric).read_bytes()
    return files


def _reward(path: Path, world: World | DocumentScope) -> ValueReward:
    reward = read_record(path, ValueReward, "what drillyard oversee values writes")
    resolve_behaviours([leaf.behaviour for leaf in reward.leaves if leaf.behaviour], world)
    return reward


def _digest(files: dict[str, bytes], name: str) -> str:
    return hashlib.sha256(files[name]).hexdigest() if name in files else ""
