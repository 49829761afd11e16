"""Creating: every learner gets a proven instance of their own, whatever is killed on the way."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from created_programme import LEARNERS, SECRET
from processes import alive, children, until

from drillyard.drills import load_kit
from drillyard.errors import BadInput
from drillyard.programs.create import TRIES, create, list_rejected
from drillyard.programs.design import design
from drillyard.programs.examples import example_brief
from drillyard.programs.folder import ProgramFolder
from drillyard.records import GateReport, Instance

FIXES = [fix.name for fix in load_kit("failure-hunt").fixes]


def unfinished(programme: ProgramFolder, path: Path) -> tuple[ProgramFolder, Instance, Instance]:
    """Copy the programme as it was when one learner had been asked for; return it, that instance, and the other one."""
    copy = ProgramFolder(shutil.copytree(programme.path, path))
    roster = copy.roster()
    kept, gone = (programme.instance(learner.instances[0]) for learner in roster.learners)
    copy.write_roster(roster.model_copy(update={"learners": roster.learners[:1]}))
    shutil.rmtree(copy.path / "instances" / gone.id)
    return copy, kept, gone


def essence(report: GateReport) -> list[object]:
    """Return what a report says, without how long it took."""
    return [gate.to_data() for gate in report.gates if gate.id != "G8"]


def test_every_learner_has_a_released_instance(programme: ProgramFolder) -> None:
    """The roster's instances and those in the folder are the same; each is released and has its own seed."""
    roster, instances = programme.roster(), programme.instances()
    assert len(roster.learners) == LEARNERS and roster.secret == SECRET
    owned = {name: learner for learner in roster.learners for name in learner.instances}
    assert set(owned) == {instance.id for instance in instances}
    for instance in instances:
        assert instance.role == owned[instance.id].role
        assert programme.gates(instance.id).released
    truths = [programme.truth(instance.id) for instance in instances]
    assert len({truth.seed for truth in truths}) == len(truths)
    assert all(2**40 < truth.seed < 2**62 for truth in truths)  # a seed below 2**40 would be a one in millions chance


def test_what_is_sealed_stays_on_the_server(programme: ProgramFolder) -> None:
    """Truth, roster and rehearsals are their owner's; the model on disk does not say what was planted in it."""
    for instance in programme.instances():
        folder = programme.path / "instances" / instance.id
        for file in (folder / "truth.json", folder / "rehearsal.jsonl", programme.path / "roster.json"):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
        described = json.loads((folder / "organism" / "organism.json").read_text())
        assert described["failures"] == []
        assert described["model_hash"] not in (folder / "instance.json").read_text()
        seed = str(programme.truth(instance.id).seed)
        assert not any(seed in (folder / name).read_text() for name in ("instance.json", "gates.json"))


def test_rehearsals_are_kept_as_such(programme: ProgramFolder) -> None:
    """Every fix attempted every instance; the attempts are marked, so they never count as learners."""
    attempts = programme.attempts()
    names = [instance.id for instance in programme.instances()]
    assert sorted((a.instance, a.rehearsal) for a in attempts) == sorted(itertools.product(names, FIXES))
    assert all(a.grade and a.grade.passed is (a.rehearsal == "reference") for a in attempts)


def test_a_finished_programme_is_not_made_again(programme: ProgramFolder) -> None:
    """The same command on a finished folder returns the stored reports and starts nothing."""
    files = sorted(programme.path.glob("instances/*/*.json"))
    before = [file.stat().st_mtime_ns for file in files]
    told: list[object] = []
    reports = create(programme.path, progress=lambda *words: told.append(words))
    assert [report.instance for report in reports] == [instance.id for instance in programme.instances()]
    assert told == [] and [file.stat().st_mtime_ns for file in files] == before


@pytest.mark.walk
def test_a_killed_run_goes_on(programme: ProgramFolder, tmp_path: Path) -> None:
    """SIGKILL in the middle of an instance: what was finished is kept, the rest is made as it would have been."""
    copy, kept, gone = unfinished(programme, tmp_path / "prog")
    before = (copy.path / "instances" / kept.id / "instance.json").stat()
    code = f"from drillyard.programs.create import create; create({str(copy.path)!r}, learners={LEARNERS})"
    run = subprocess.Popen([sys.executable, "-c", code])
    until((copy.path / "instances" / gone.id / "organism" / "neurons.safetensors").is_file)
    workers = children(run.pid)
    assert workers
    run.kill()
    run.wait()
    until(lambda: not any(map(alive, workers)))
    assert [instance.id for instance in copy.instances()] == [kept.id]
    assert copy.roster() == programme.roster()  # enlarged to the same learners, before anything was built

    told: list[tuple[str, int, int]] = []
    reports = create(copy.path, progress=lambda *step: told.append(step))
    assert (
        told[0][0].startswith("1 instance to make and prove: about 1 min on ") and "1 of failure-hunt at" in told[0][0]
    )
    assert told[1:] == [(gone.id, 2, 2)]
    assert (copy.path / "instances" / kept.id / "instance.json").stat().st_ino == before.st_ino
    assert copy.instances() == programme.instances() and copy.attempts() == programme.attempts()
    assert list(map(essence, reports)) == [essence(programme.gates(one.id)) for one in programme.instances()]


@pytest.mark.walk
def test_an_instance_whose_worker_dies_is_built_again(programme: ProgramFolder, tmp_path: Path) -> None:
    """Killed from outside, as for want of memory: another worker makes the same instance, and the rest is kept."""
    copy, kept, gone = unfinished(programme, tmp_path / "prog")
    before = set(children())
    stamp = (copy.path / "instances" / kept.id / "instance.json").stat().st_ino
    thread = threading.Thread(target=lambda: create(copy.path, learners=LEARNERS))
    thread.start()
    until((copy.path / "instances" / gone.id / "organism" / "neurons.safetensors").is_file)
    for worker in set(children()) - before:
        if b"spawn_main" in Path(f"/proc/{worker}/cmdline").read_bytes():
            os.kill(worker, signal.SIGKILL)
    thread.join()
    assert copy.instances() == programme.instances()
    assert (copy.path / "instances" / kept.id / "instance.json").stat().st_ino == stamp
    tries = [json.loads(line) for line in (copy.path / "tasks" / "journal.jsonl").read_text().splitlines()]
    assert [(one["task"], one["ended"]) for one in tries[-2:]] == [(gone.id, "crashed"), (gone.id, "done")]


def test_draws_that_fail_a_gate_are_rejected(half_released: ProgramFolder) -> None:
    """The second draw is released after the first failed, with the first one's report kept beside it."""
    folder = half_released
    engineer, lead = (learner.instances[0] for learner in folder.roster().learners)
    assert [instance.id for instance in folder.instances()] == [engineer]
    (first,) = (report for report in list_rejected(folder.path) if report.instance == engineer)
    assert not first.released and "G3" in {gate.id for gate in first.gates if not gate.passed}
    assert folder.gates(engineer).released
    reports = {report.instance: report for report in create(folder.path)}
    assert {name: report.released for name, report in reports.items()} == {engineer: True, lead: False}


def test_an_instance_is_given_up_after_its_last_draw(half_released: ProgramFolder) -> None:
    """No draw of the support lead's passed: nobody can open it, its report says why, and it is not drawn again."""
    folder = half_released
    lead = folder.roster().learners[1].instances[0]
    assert len([report for report in list_rejected(folder.path) if report.instance == lead]) == TRIES
    with pytest.raises(BadInput, match="no instances/"):
        folder.instance(lead)
    with pytest.raises(BadInput, match="no instances/"):
        folder.truth(lead)
    assert {attempt.instance for attempt in folder.attempts()} == {folder.instances()[0].id}


def test_only_a_plan_that_fits_is_created(half_released: ProgramFolder, tmp_path: Path) -> None:
    """Before anything is built: no programme, a plan with a clash, a drill that is not installed, no learners."""
    with pytest.raises(BadInput, match="expected a programme folder"):
        create(tmp_path)
    folder = ProgramFolder(tmp_path / "prog")
    plan = design(example_brief(), folder.path)
    folder.write_plan(plan.model_copy(update={"status": "clash"}))
    with pytest.raises(BadInput, match="a plan that does not fit"):
        create(folder.path)
    folder.write_plan(plan)
    with pytest.raises(BadInput, match="found 0 learners"):
        create(folder.path, learners=0)
    with pytest.raises(BadInput, match="found 'dud', expected one of the drills: .*contain-the-oracle, failure-hunt"):
        folder.write_plan(half_released.plan())
        create(folder.path)
    assert not (folder.path / "instances").exists()
