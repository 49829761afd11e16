"""Programmes that several tests look at; each is made once, by whichever worker needs it first: that takes a while."""

from __future__ import annotations

import fcntl
import functools
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import dud_drill
import pytest

from drillyard.planning.brief import load_brief
from drillyard.programs.create import TRIES, create
from drillyard.programs.design import design
from drillyard.programs.examples import example_brief
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.roster import make_roster
from drillyard.records import Activity, Gate, GateReport, Plan, RolePlan, Scheduled

__all__ = ["LEARNERS", "SECRET", "created", "half_released"]

SECRET = "5eed" * 16
"""Decides every id, code and seed, so each session makes the same programmes."""
LEARNERS = 2

HERE = Path(__file__).parent
ENTRY_POINTS = f"[drillyard.drills]\n{dud_drill.CARD.name} = dud_drill:CARD\n"


def once(make: Callable[[Path], None]) -> Callable[[], ProgramFolder]:
    """Return a function that makes a programme in the folder that all workers share, and gives each worker a copy."""

    @functools.cache
    def made() -> ProgramFolder:
        path = Path(os.environ["DRILLYARD_TESTS"]) / make.__name__
        with path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                draft = path.with_suffix(".draft")
                shutil.rmtree(draft, ignore_errors=True)
                make(draft)
                draft.rename(path)
        return ProgramFolder(Path(shutil.copytree(path, Path(os.environ["HOME"]) / "programmes" / make.__name__)))

    return functools.wraps(make)(made)


@once
def created(path: Path) -> None:
    """Make a programme of two learners. Nobody writes into it."""
    design(example_brief(), path)
    reports = create(path, learners=LEARNERS, secret=SECRET)
    failed = [(report.instance, gate) for report in reports for gate in report.gates if not gate.passed]
    assert not failed, f"the shipped organism no longer passes the gates: {failed}"


@once
def half_released(path: Path) -> None:
    """Make a programme of the dud drill: the engineer's second draw was released, the support lead's none.

    The support lead's first draws were rejected by a run that was cut off, so that only the last one is left to make.
    """
    folder = ProgramFolder(path)
    folder.write_brief(load_brief(example_brief()))
    plan = Plan(title="Half", status="fits", roles=tuple(map(_role, ("engineer", "support-lead"))))
    folder.write_plan(plan)
    lead = make_roster(plan, folder.brief().seed, secret=SECRET).learners[1]
    name = f"{dud_drill.CARD.name}-{lead.id}"
    cut = GateReport(instance=name, gates=(Gate(id="G3", title="t", passed=False, detail="d"),), seconds=1, peak_mb=1)
    (folder.path / "rejected").mkdir(exist_ok=True)
    for draw in range(1, TRIES):
        (folder.path / "rejected" / f"{name}-{draw}.json").write_text(cut.to_json())
    with pytest.MonkeyPatch.context() as patch:
        install(patch, Path(os.environ["HOME"]) / "plugins")
        patch.setenv(dud_drill.FOLDER, str(folder.path))
        create(folder.path, secret=SECRET)


def install(patch: pytest.MonkeyPatch, site: Path) -> None:
    """Install the dud drill as a stranger's package is: an entry point on the path, here and in child processes."""
    info = site / "dud_drill-1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: dud-drill\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    patch.syspath_prepend(str(site))
    patch.setenv("PYTHONPATH", os.pathsep.join((str(site), str(HERE), os.environ.get("PYTHONPATH", ""))))


def _role(role: str) -> RolePlan:
    hunt = Activity(id="hunt", title="Hunt", kind="drill", minutes=60, objectives=(), drill=dud_drill.CARD.name)
    return RolePlan(
        role=role,
        title=role,
        head_count=1,
        hours=1,
        competencies=(),
        objectives=(),
        activities=(Scheduled(activity=hunt, start=0),),
    )
