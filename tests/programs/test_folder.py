"""The programme folder: typed, atomic, and clear about what is missing."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drillyard.errors import BadInput
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.roster import Roster
from drillyard.records import AISystem, Attempt, Brief, Gate, GateReport, Instance, Plan, RoleNeed, Truth

BRIEF = Brief(
    title="T",
    organisation="O",
    roles=(RoleNeed(id="engineer", head_count=1, hours=1),),
    systems=(AISystem(id="chat", name="Chat", purpose="Answers", world="helpdesk"),),
)
INSTANCE = Instance(
    id="hunt-1",
    drill="failure-hunt",
    role="engineer",
    target="instances/hunt-1/organism",
    templates=("v1",),
    behaviours=("wrong-fact",),
    hints=0,
    model_hash="",
    twin_hash="",
    truth_hash="",
)
GATES = GateReport(instance="hunt-1", gates=(Gate(id="G1", title="t", passed=True, detail="d"),), seconds=1, peak_mb=1)


@pytest.fixture
def folder(tmp_path: Path) -> ProgramFolder:
    """A folder that belongs to a brief."""
    made = ProgramFolder(tmp_path / "prog")
    made.write_brief(BRIEF)
    return made


def test_an_attempt_may_hold_any_sign(folder: ProgramFolder) -> None:
    """A line separator inside a name, which JSON leaves as it is, does not cut the attempt in two."""
    attempts = tuple(
        Attempt(drill="failure-hunt", instance="hunt-1", learner=name, role="") for name in ("a\u2028b", "c")
    )
    folder.write_attempts(attempts)
    assert folder.attempts() == attempts


def test_everything_comes_back_as_it_was_written(folder: ProgramFolder) -> None:
    """Each record has its place, and what is read equals what was written."""
    plan = Plan(title="T", status="fits", roles=())
    roster = Roster(learners=(), designer_code="abcd")
    truth = Truth(instance="hunt-1", seed=1, failures=(), hints=())
    attempts = (Attempt(drill="failure-hunt", instance="hunt-1", learner="reference", role="", rehearsal="reference"),)
    folder.write_plan(plan)
    folder.write_roster(roster)
    folder.write_truth(truth)
    folder.write_gates(GATES)
    folder.write_instance(INSTANCE)
    folder.write_attempts(attempts)
    assert (folder.brief(), folder.plan(), folder.roster()) == (BRIEF, plan, roster)
    assert (folder.instance("hunt-1"), folder.truth("hunt-1"), folder.gates("hunt-1")) == (INSTANCE, truth, GATES)
    assert folder.instances() == (INSTANCE,)
    assert folder.attempts() == attempts
    assert folder.target(INSTANCE) == folder.path / "instances" / "hunt-1" / "organism"
    assert (folder.policies, folder.database) == (folder.path / "policies", folder.path / "yard.db")


def test_an_unfinished_instance_does_not_count(folder: ProgramFolder) -> None:
    """An instance is there once its instance.json is, which is written last."""
    folder.write_gates(GATES)
    assert folder.instances() == ()
    assert folder.attempts() == ()


def test_secrets_are_readable_by_their_owner_only(folder: ProgramFolder) -> None:
    """The roster and the truth keep their mode, also when they are written again."""
    for _ in range(2):
        folder.write_roster(Roster(learners=(), designer_code="abcd"))
        folder.write_truth(Truth(instance="hunt-1", seed=1, failures=(), hints=()))
    for name in ("roster.json", "instances/hunt-1/truth.json"):
        assert stat.S_IMODE((folder.path / name).stat().st_mode) == 0o600


def test_a_folder_that_is_no_programme_is_told_so(tmp_path: Path) -> None:
    """Every reader names the command that makes a programme."""
    with pytest.raises(BadInput, match=r"expected a programme folder .*; drillyard design BRIEF.yaml -o "):
        ProgramFolder(tmp_path).plan()


def test_a_missing_stage_names_its_command(folder: ProgramFolder) -> None:
    """Before create there is no roster and no instance; the line says what to type."""
    path = folder.path
    with pytest.raises(BadInput, match=rf"found no plan.json in '{path}', expected it there; drillyard design"):
        folder.plan()
    for read in (folder.roster, lambda: folder.instance("x"), lambda: folder.truth("x"), lambda: folder.gates("x")):
        with pytest.raises(BadInput, match=rf"expected it there; drillyard create {path}$"):
            read()


def test_a_damaged_file_is_named(folder: ProgramFolder) -> None:
    """A file that was edited into something else is refused with its path, not half read."""
    (folder.path / "plan.json").write_text('{"record": "brief"}')
    with pytest.raises(BadInput, match=r"plan.json: found record 'brief' version 1, expected 'plan' 1"):
        folder.plan()


@pytest.mark.parametrize("name", ["..", "../x", "a/b", "", ".hidden", "a\0", "a" * 101, "ä", "a\n"])
def test_only_plain_names_become_paths(folder: ProgramFolder, name: str) -> None:
    """Instance ids come from web addresses and submissions; none of them can leave the folder."""
    for read in (folder.instance, folder.truth, folder.gates):
        with pytest.raises(BadInput, match="expected a name of letters, digits"):
            read(name)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(), target=st.text() | st.sampled_from(["x/..", "..", "/", "a/desk"]))
def test_no_name_leaves_the_folder(folder: ProgramFolder, name: str, target: str) -> None:
    """Whatever the id and the target, the target's folder lies right under `instances`, or there is none."""
    try:
        path = folder.target(INSTANCE.model_copy(update={"id": name, "target": target}))
    except BadInput:
        return
    assert path.resolve().parent.parent == (folder.path / "instances").resolve()
