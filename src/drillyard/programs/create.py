"""Creating a programme's drills, `drillyard create DIR`: one proven instance per learner and drill.

Every instance is planted from its own sealed seed and goes through the gates, with the rehearsal that they take. A draw
that fails a gate is not released: its report is kept under `rejected/`, and the next seed is drawn. Seeds follow from
the roster's secret, so a run that was killed goes on where it was, and a finished one is not drawn again.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from drillyard.drills import load_drill, load_kit
from drillyard.drills.levels import at_level
from drillyard.drills.prove import ProofRehearsal, prove
from drillyard.errors import bad_input
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.grading import grade_apart
from drillyard.programs.people import name_learners, read_people
from drillyard.programs.roster import Roster, drill_of, enlarge, make_roster
from drillyard.records import Attempt, GateReport, Plan
from drillyard.records.files import as_lines, read_record, split_lines, write_atomically, write_record
from drillyard.records.progress import Progress, silent
from drillyard.stats.shown import tell_count
from drillyard.tasks.placement import Placement
from drillyard.tasks.run import run_tasks
from drillyard.tasks.task import Task
from drillyard.tasks.workers import count_processors

__all__ = ["TRIES", "build", "create", "foretell", "is_finished", "list_rejected", "open_roster"]

TRIES = 4
"""Seeds that are drawn for an instance before it is given up."""
_HANGS_SECONDS = 4 * 3600.0
"""Of all draws of an instance: rehearsing has limits of its own, so this is for what hangs outside of them."""


@dataclass(frozen=True, kw_only=True)
class _Job:
    folder: Path
    instance: str
    drill: str
    world: str
    role: str
    level: str
    seeds: tuple[int, ...]


def create(
    path: str | Path,
    *,
    learners: int | None = None,
    people: Path | None = None,
    progress: Progress = silent,
    placement: Placement | None = None,
    secret: str = "",
) -> list[GateReport]:
    """Materialise the drills of a designed programme and return the gate report of every instance, sorted by id.

    Args:
        path: a folder that `design` wrote.
        learners: most learners to make instances for; by default as many as an earlier run was limited to, or all. A
            later run can add learners, not take them away.
        people: a CSV with the columns name and role, whose people take the places of their roles.
        progress: told each instance that is done, those of an earlier run left out.
        placement: where instances are built; in as many processes as there are processors by default. What travels to
            other machines holds seeds, from which the answers follow.
        secret: 64 hexadecimal digits that all ids, codes and seeds of a new roster follow from, for a programme that
            can be made again; random by default. Whoever knows it knows the answers.

    Finished instances are kept. An instance whose every draw failed a gate has a report that is not `released`, and no
    learner gets it.

    Raises:
        BadInput: no programme folder, a plan that does not fit, or a drill that is not installed.
        TasksFailed: instances that could not be built; what was finished is kept.
    """
    folder = ProgramFolder(path)
    plan = _planned(folder)
    named = read_people(people, plan) if people else []
    jobs = list(_jobs(folder, _roster(folder, plan, learners, secret)))
    if named:
        name_learners(folder, named)
    new = {job.instance: job.drill for job in jobs if not is_finished(folder, job.instance)}
    for drill in set(new.values()):
        load_kit(drill)  # one that is not installed is said now, not by a worker later
    placement = placement or Placement(workers=count_processors())
    if new:
        progress(foretell(folder, new.values(), placement.workers), 0, 0)
    tasks, reports = [_task(folder, job) for job in jobs], []
    for task in run_tasks(tasks, folder.path, placement, spec=folder.roster(), seconds=_HANGS_SECONDS):
        reports.append(folder.gates(task.name))
        if task.name in new:
            progress(task.name, len(reports), len(placement.share(tasks)))
    _collect_attempts(folder, jobs)
    return sorted(reports, key=lambda report: report.instance)


def foretell(folder: ProgramFolder, drills: Iterable[str], workers: int) -> str:
    """Say what instances of these drills will take: by what instances took before in this folder, or when measured."""
    known: dict[str, list[float]] = {}
    for instance in folder.instances():
        known.setdefault(instance.drill, []).append(folder.gates(instance.id).seconds)
    asked = Counter(drills)
    each = {drill: fmean(known[drill]) if drill in known else load_drill(drill).proof_seconds for drill in asked}
    minutes = max(1, round(sum(each[drill] * many for drill, many in asked.items()) / max(1, workers) / 60))
    told = ", ".join(
        f"{many} of {drill} at {each[drill]:.0f} s" for drill, many in sorted(asked.items()) if each[drill]
    )
    more = "" if all(each.values()) else " and what drills take that nobody measured"
    made = f"{tell_count(asked.total(), 'instance')} to make and prove"
    return f"{made}: about {minutes} min on {tell_count(max(1, workers), 'processor')}{more} ({told})"


def open_roster(path: str | Path, learners: int | None = None) -> tuple[int, int]:
    """Give everybody their place and build nothing: the running yard builds each drill when its turn comes.

    Returns how many instances are finished, of an earlier run, and how many there are. Raises `BadInput` as `create`.
    """
    folder = ProgramFolder(path)
    plan = _planned(folder)
    roster = _roster(folder, plan, learners, "")
    with folder.changing_roster():
        folder.write_roster(folder.roster().model_copy(update={"served_at_once": True}))
    names = [name for learner in roster.learners for name in learner.instances]
    return sum(is_finished(folder, name) for name in names), len(names)


def list_rejected(path: str | Path) -> list[GateReport]:
    """Return the reports of the draws that failed a gate, sorted by instance and draw."""
    return [read_record(file, GateReport) for file in sorted(Path(path).glob("rejected/*.json"))]


def _planned(folder: ProgramFolder) -> Plan:
    """Return the plan of a programme, which must fit, and keep its folder private."""
    plan = folder.plan()
    folder.keep_private()
    if plan.status != "fits":
        raise bad_input("a plan that does not fit", "one that does", "change the brief and run drillyard design again")
    return plan


def _roster(folder: ProgramFolder, plan: Plan, limit: int | None, secret: str) -> Roster:
    """Return the stored roster, made or enlarged as asked for; it names the instances before they are built."""
    heads = sum(role.head_count for role in plan.roles)
    if limit is not None and limit > heads:
        found = f"--learners {limit} in a programme for {heads} people"
        how = f"raise head_count in the brief, then: drillyard design BRIEF.yaml -o {folder.path}"
        raise bad_input(found, f"at most {heads}", how)
    with folder.changing_roster():
        stored = folder.roster() if (folder.path / "roster.json").is_file() else None
        kept = stored and (stored.note if limit is None else limit <= len(stored.learners))
        if stored and (kept or len(stored.learners) == heads):
            return stored
        made = make_roster(plan, folder.brief().seed, limit, stored.secret if stored else secret)
        roster = enlarge(stored, made) if stored else made
        folder.write_roster(roster)
    return roster


def _jobs(folder: ProgramFolder, roster: Roster) -> Iterator[_Job]:
    plan = folder.plan()
    worlds, levels = plan.worlds, {role.role: role.level for role in plan.roles}
    for learner in roster.learners:
        for name in learner.instances:
            drill = drill_of(name, learner.id)
            yield _Job(
                folder=folder.path,
                instance=name,
                drill=drill,
                world=folder.world(worlds.get(drill, "")),
                role=learner.role,
                level=levels.get(learner.role, ""),
                seeds=tuple(_seed(roster.secret, f"{name}:{draw}") for draw in range(TRIES)),
            )


def _seed(secret: str, name: str) -> int:
    """Return a 62-bit seed that nobody without the roster's secret can tell."""
    return int.from_bytes(hmac.digest(bytes.fromhex(secret), name.encode(), hashlib.sha256)[:8]) >> 2


def is_finished(folder: ProgramFolder, instance: str) -> bool:
    """Say whether an instance is released or given up; both are written last."""
    return any(file.is_file() for file in _endings(folder.path, instance))


def _endings(path: Path, instance: str) -> tuple[Path, Path]:
    return path / "instances" / instance / "instance.json", _rejection(path, instance, TRIES - 1)


def _task(folder: ProgramFolder, job: _Job) -> Task:
    return Task(name=job.instance, call=_build, args=(job,), files=_endings(folder.path, job.instance))


def _rejection(path: Path, instance: str, draw: int) -> Path:
    return path / "rejected" / f"{instance}-{draw + 1}.json"


def build(path: str | Path, instance: str) -> GateReport:
    """Build one instance that the roster names, unless it is there: whoever else asks for it meanwhile waits for it.

    Raises:
        BadInput: the roster names no such instance.
    """
    folder = ProgramFolder(path)
    jobs = list(_jobs(folder, folder.roster()))
    job = next((job for job in jobs if job.instance == instance), None)
    if job is None:
        raise bad_input(f"instance {instance[:100]!r}", "one that the roster names")
    report = _build(job)
    if all(is_finished(folder, one.instance) for one in jobs):
        _collect_attempts(folder, jobs)
    return report


def _build(job: _Job) -> GateReport:
    """Build one instance from the first seed that passes every gate, unless it is built. Runs in a worker."""
    folder = ProgramFolder(job.folder)
    with folder.building(job.instance):
        if is_finished(folder, job.instance):
            return folder.gates(job.instance)
        for draw in range(TRIES):
            if not _rejection(job.folder, job.instance, draw).is_file():  # else a run that was cut off has drawn it
                report = _draw(job, draw)
                if report.released:
                    break
    return report


def _draw(job: _Job, draw: int) -> GateReport:
    """Prove the instance of one seed; release it, or keep why not. What says that it is done is written last."""
    folder, kit = ProgramFolder(job.folder), at_level(load_kit(job.drill, job.world), job.level)
    exam = kit.materialise(job.instance, job.role, job.seeds[draw])
    target = folder.target(exam.instance)
    kit.save(exam, target)
    report, rehearsal = prove(
        kit, exam, lambda submission: grade_apart(exam.instance, exam.truth, target, submission, kit.drill.budget)
    )
    folder.write_gates(report)
    if report.released:
        _write_attempts(job, rehearsal)
        folder.write_truth(exam.truth)
        folder.write_instance(exam.instance)
    else:
        write_record(_rejection(job.folder, job.instance, draw), report, 0o600)
    return report


def _write_attempts(job: _Job, rehearsal: ProofRehearsal) -> None:
    attempts = [
        Attempt(
            drill=job.drill,
            instance=job.instance,
            learner=submission.learner,
            role=job.role,
            rehearsal=name,
            grade=rehearsal.grades[name].model_copy(update={"claims": ()}),
        )
        for name, submission in rehearsal.submissions.items()
    ]
    write_atomically(_rehearsal(job), as_lines(attempts), 0o600)


def _rehearsal(job: _Job) -> Path:
    return job.folder / "instances" / job.instance / "rehearsal.jsonl"


def _collect_attempts(folder: ProgramFolder, jobs: list[_Job]) -> None:
    """Put the rehearsals of all instances into attempts.jsonl."""
    files = [file for file in map(_rehearsal, jobs) if file.is_file()]
    lines = [line for file in files for line in split_lines(file.read_text(encoding="utf-8"))]
    folder.write_attempts(Attempt.from_json(line) for line in lines)
