"""Grading apart: the same grade as here, within limits, with no way out, and a clear line when it ends badly."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest
from processes import children, until

from drillyard.drills.grade import grade_hash
from drillyard.errors import BadInput, GradingFailed
from drillyard.organisms.engine.kernel.library import load_library
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.grading import grade_here, grade_isolated, open_exam, run_child
from drillyard.records import Budget, Conversation, Instance, Submission

ROOM = Budget(seconds=60, memory_mb=2048)


@pytest.fixture(scope="module")
def submission(handed_in: Mapping[str, Submission]) -> Submission:
    """A submission with a few right and wrong claims."""
    claims = (*handed_in["reference"].claims[:2], *handed_in["spray"].claims[:1])
    return handed_in["reference"].model_copy(update={"claims": claims})


@pytest.mark.walk
def test_a_process_of_its_own_gives_the_same_grade(programme: ProgramFolder, submission: Submission) -> None:
    """What is graded here and what is graded apart differ in time and memory only."""
    apart = grade_isolated(programme, submission)
    assert grade_hash(apart) == grade_hash(grade_here(programme, submission))
    assert apart.seconds > 0 and 50 < apart.peak_mb < 2048


def test_the_release_was_graded_the_same(programme: ProgramFolder, handed_in: Mapping[str, Submission]) -> None:
    """A grade of the rehearsal, made by another process at another time, is the grade of today."""
    now = grade_isolated(programme, handed_in["near-miss"])
    (then,) = (a.grade for a in programme.attempts() if (a.rehearsal, a.instance) == ("near-miss", now.instance))
    assert grade_hash(now.model_copy(update={"claims": ()})) == grade_hash(then)


def test_time_is_limited(programme: ProgramFolder, submission: Submission) -> None:
    """A grading that takes too long is ended and said so."""
    with pytest.raises(GradingFailed, match=r"longer than 0.2 s; hand in less"):
        grade_isolated(programme, submission, Budget(seconds=0.2, memory_mb=2048))


def test_memory_is_limited(programme: ProgramFolder, submission: Submission) -> None:
    """A grading that wants more memory than it may have is ended and said so."""
    with pytest.raises(GradingFailed, match=r"needed more than 100 MiB; hand in less"):
        grade_isolated(programme, submission, Budget(seconds=60, memory_mb=100))


def test_a_child_that_is_killed_is_said_so(programme: ProgramFolder, submission: Submission) -> None:
    """Killed from outside: no grade, one line, and the next grading works."""
    failures: list[GradingFailed] = []

    def run() -> None:
        try:
            grade_isolated(programme, submission, ROOM)
        except GradingFailed as error:
            failures.append(error)

    before = set(children())
    thread = threading.Thread(target=run)
    thread.start()
    os.kill(until(lambda: set(children()) - before).pop(), signal.SIGKILL)
    thread.join()
    assert [str(error) for error in failures] == ["the grading process ended with code -9: no message"]
    assert grade_isolated(programme, submission.model_copy(update={"claims": ()})).score == 0


WAYS_OUT = (
    "import socket; socket.create_connection(('127.0.0.1', 9))",
    "import socket; socket.getaddrinfo('localhost', 80)",
    "import socket; socket.socket()",
    "import subprocess; subprocess.run(['true'])",
    "import os; os.system('true')",
    "import os; os.posix_spawn('/bin/true', ['true'], {})",
    "import os; os.fork()",
    "import os; os.execv('/bin/true', ['true'])",  # last: it would end the child
)


def test_there_is_no_way_out() -> None:
    """Once the limits are set, a process can neither reach a network nor start another process."""
    code = (
        "from drillyard.programs.grading import limit_process\n"
        "from drillyard.records import Budget\n"
        "limit_process(Budget(seconds=60, memory_mb=4096))\n"
        f"for way_out in {WAYS_OUT!r}:\n"
        "    try:\n        exec(way_out)\n"
        "    except PermissionError as error:\n        print(error)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    refusals = run.stdout.splitlines()
    assert run.returncode == 0 and len(refusals) == len(WAYS_OUT), run.stderr
    assert all(line.startswith("grading may not use ") for line in refusals)


def test_the_current_folder_cannot_pass_for_code(
    programme: ProgramFolder, submission: Submission, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file named like a module, where somebody happens to stand, is not what the grader imports."""
    for name in ("json", "numpy", "drillyard"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported from the current folder')")
    monkeypatch.chdir(tmp_path)
    assert grade_isolated(programme, submission.model_copy(update={"claims": ()})).verdict


def test_the_environment_is_not_handed_on(
    programme: ProgramFolder, submission: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the server's environment holds, such as a key or a start-up file, does not reach the child."""
    monkeypatch.setenv("PYTHONSTARTUP", "/nowhere")
    monkeypatch.setenv("PYTHONINSPECT", "1")  # would keep the child waiting for more input
    assert grade_isolated(programme, submission.model_copy(update={"claims": ()})).verdict


@pytest.mark.skipif(load_library() is None, reason="no C compiler on this machine")
def test_grading_runs_on_the_compiled_kernel() -> None:
    """The child, which may build nothing, finds the kernel that its parent built."""
    code = (
        "import json, sys; from drillyard.programs.grading import limit_process; from drillyard.records import Budget\n"
        "limit_process(Budget.from_data(json.load(sys.stdin)['budget']))\n"
        "from drillyard.organisms.engine.kernel.library import load_library; print(load_library() is not None)"
    )
    assert run_child({"budget": ROOM.to_data()}, ROOM, code).answer == b"True\n"


def test_what_cannot_be_graded_is_told_in_its_own_words(programme: ProgramFolder, submission: Submission) -> None:
    """A template that the model does not have got past no parser here, so the child says it in one line."""
    claim = submission.claims[0].model_copy(update={"questions": (Conversation.ask("hello", "v99"),)})
    with pytest.raises(GradingFailed, match="template 'v99'"):
        grade_isolated(programme, submission.model_copy(update={"claims": (claim,)}))


def test_an_instance_that_is_not_there_is_bad_input(programme: ProgramFolder, submission: Submission) -> None:
    """No child is started for it."""
    with pytest.raises(BadInput, match=r"no instances/hunt-404/instance.json"):
        grade_isolated(programme, submission.model_copy(update={"instance": "hunt-404"}))


def test_a_truth_that_was_changed_is_refused(programme: ProgramFolder, instance: Instance, tmp_path: Path) -> None:
    """The instance seals its truth by a hash: an easier truth in its place is noticed before anything is graded."""
    copy = ProgramFolder(shutil.copytree(programme.path, tmp_path / "prog"))
    truth = copy.truth(instance.id)
    copy.write_truth(truth.model_copy(update={"failures": truth.failures[:1]}))
    with pytest.raises(BadInput, match="not the one sealed"):
        open_exam(copy, instance.id)
    with pytest.raises(BadInput, match="not the one sealed"):
        grade_isolated(copy, Submission(instance=instance.id, learner="ann", claims=()))


def test_another_model_is_refused(programme: ProgramFolder, instance: Instance, tmp_path: Path) -> None:
    """Planted neurons from another instance are not what this one's description names."""
    copy = ProgramFolder(shutil.copytree(programme.path, tmp_path / "prog"))
    other = copy.instances()[1]
    shutil.copy(copy.target(other) / "neurons.safetensors", copy.target(instance) / "neurons.safetensors")
    with pytest.raises(BadInput, match="plant it again"):
        open_exam(copy, instance.id)
