"""Grade in a separate process with limits on time and memory, without a network.

The child gets one job as JSON on its standard input and answers with a grade as JSON on its standard output; a
learner's data can reach neither channel, because replies are made and read inside the child. The child sets its own
limits before it reads any of that data, because code between fork and exec is not safe in a server with threads.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from drillyard.alignment.workers import ONE_THREAD
from drillyard.errors import BadInput, DrillyardError, GradingFailed
from drillyard.programs.drills import AnyExam, load_drill, load_kit
from drillyard.programs.drills.materialise import truth_hash
from drillyard.programs.folder import ProgramFolder
from drillyard.records import AnySubmission, Budget, Grade, Instance, Truth, read_any

__all__ = ["grade_apart", "grade_here", "grade_isolated", "limit_process", "open_exam", "serve_one"]

_CHILD = "from drillyard.programs.grading import serve_one; serve_one()"
_KEPT = ("PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH")  # what the child may need to find Python and the package
_REFUSED = 2  # exit code of a child that says in one line what the learner can put right
_BROKEN = 3  # exit code of a child that could not open the instance: its line names files, and is for the designer
# Audit events (docs.python.org/3/library/audit_events.html) of whatever leads out of the process.
_OUTWARD = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.spawn")


def grade_isolated(folder: ProgramFolder, submission: AnySubmission, budget: Budget | None = None) -> Grade:
    """Grade a submission in a child process, within the drill's budget unless another is given.

    Raises:
        GradingFailed: out of time or memory, or the child died; the submission is as it was.
        BadInput: the instance does not exist, or is not what was sealed.
    """
    instance = folder.instance(submission.instance)
    budget = budget or load_drill(instance.drill, instance.world).budget
    return grade_apart(instance, folder.truth(instance.id), folder.target(instance), submission, budget)


def grade_apart(instance: Instance, truth: Truth, folder: Path, submission: AnySubmission, budget: Budget) -> Grade:
    """Grade in a child process an instance whose truth is at hand; `folder` holds what was saved of it.

    Raises:
        GradingFailed, BadInput: as `grade_isolated`.
    """
    parts = {"instance": instance, "truth": truth, "submission": submission, "budget": budget}
    job = {name: part.to_data() for name, part in parts.items()} | {"folder": str(folder.resolve())}
    began = time.monotonic()
    try:
        child = subprocess.run(
            [sys.executable, "-P", "-c", _CHILD],  # -P: a file in the current folder must not pass for a module
            input=json.dumps(job).encode(),
            capture_output=True,
            timeout=budget.seconds,
            env={name: os.environ[name] for name in _KEPT if name in os.environ} | ONE_THREAD,
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise GradingFailed(f"grading took longer than {budget.seconds:g} s; hand in less") from None
    if child.returncode:
        if child.returncode == _BROKEN:
            raise BadInput(child.stderr.decode(errors="replace").strip())
        raise _failure(child.returncode, child.stderr.decode(errors="replace"), budget)
    return Grade.from_json(child.stdout).model_copy(update={"seconds": round(time.monotonic() - began, 2)})


def grade_here(folder: ProgramFolder, submission: AnySubmission) -> Grade:
    """Grade in this process, without limits. Raises `BadInput`."""
    exam = open_exam(folder, submission.instance)
    return load_kit(exam.drill.id, exam.instance.world).grade(exam, submission)


def open_exam(folder: ProgramFolder, instance_id: str) -> AnyExam:
    """Open an instance for grading. Raises `BadInput` when it is missing or not what was sealed."""
    instance = folder.instance(instance_id)
    return _open(instance, folder.truth(instance_id), folder.target(instance))


def serve_one() -> None:
    """Read one job from standard input, grade it, write the grade to standard output. Runs in the child only."""
    job: dict[str, Any] = json.load(sys.stdin.buffer)
    limit_process(Budget.from_data(job["budget"]))
    opened = False
    try:
        exam = _open(Instance.from_data(job["instance"]), Truth.from_data(job["truth"]), Path(job["folder"]))
        opened = True
        result = load_kit(exam.drill.id, exam.instance.world).grade(exam, read_any(json.dumps(job["submission"])))
    except DrillyardError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(_REFUSED if opened else _BROKEN)
    sys.stdout.buffer.write(result.model_copy(update={"peak_mb": round(_peak_mb(), 1)}).to_json().encode())


def limit_process(budget: Budget) -> None:
    """Take away from this process, for good, what grading does not need: more memory, more time, ways out."""
    memory = budget.memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    # The parent's own clock ends a slow child; this one ends a child whose parent was killed.
    seconds = int(budget.seconds) + 5
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.addaudithook(_stay_inside)


def _peak_mb() -> float:
    """Return the most memory that this program held. `ru_maxrss` would count the parent's before the start as well."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024  # Linux counts KiB


def _open(instance: Instance, truth: Truth, folder: Path) -> AnyExam:
    if truth_hash(truth) != instance.truth_hash:
        raise BadInput(f"found a truth of {instance.id!r} that is not the one sealed; create the programme again")
    exam: AnyExam = load_kit(instance.drill, instance.world).open(instance, truth, folder)
    return exam


def _stay_inside(event: str, _: object) -> None:
    if event.startswith(_OUTWARD):
        raise PermissionError(f"grading may not use {event}")


def _failure(code: int, stderr: str, budget: Budget) -> GradingFailed:
    """Return what to tell of a child that gave no grade."""
    last = (stderr.strip().splitlines() or ["no message"])[-1]
    if code == _REFUSED:
        return GradingFailed(last)
    if "memory" in last.lower():  # the word in the last line of Python, of numpy and of the tokenizer
        return GradingFailed(f"grading needed more than {budget.memory_mb} MiB; hand in less")
    return GradingFailed(f"the grading process ended with code {code}: {last[:200]}")
