"""Check, try and grade in a separate process with limits on time and memory, without a network.

The child gets one job as JSON on its standard input and answers with a submission, a trial or a grade as JSON on its
standard output; a learner's data can reach neither channel, because replies are made and read inside the child. The
child sets its own limits before it reads any of that data, because code between fork and exec is not safe in a server
with threads.
"""

from __future__ import annotations

import base64
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from drillyard.drills import AnyExam
from drillyard.drills.levels import kit_of
from drillyard.drills.materialise import truth_hash
from drillyard.errors import BadInput, DrillyardError, GradingFailed, bad_input
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.submission import most_bytes, read_submission
from drillyard.records import AnySubmission, Budget, Drill, Grade, Instance, OracleTrial, Record, Truth, read_any
from drillyard.tasks.workers import ONE_THREAD

__all__ = [
    "BROKEN",
    "CHECK_SECONDS",
    "OUT_OF_TIME",
    "REFUSED",
    "Ended",
    "check_upload",
    "grade_apart",
    "grade_here",
    "grade_isolated",
    "limit_process",
    "open_exam",
    "or_exit",
    "run_child",
    "serve_one",
    "try_last_year",
]

CHECK_SECONDS = 30.0
"""Most seconds that the check of an upload, or a trial, may take; on two busy cores one takes 3 to 5, mostly to start
Python."""

T = TypeVar("T")

_CHILD = "from drillyard.programs.grading import serve_one; serve_one()"
# What the child may need to find Python, the package, and the compiled kernel, which it cannot build itself.
_KEPT = ("PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "PATH", "CC", "HOME", "XDG_CACHE_HOME", "DRILLYARD_KERNEL")
# Exit codes of a child that says in one line why: what was handed in is wrong, for the learner; or the instance could
# not be opened, which names files and is for the designer.
REFUSED, BROKEN = 2, 3
OUT_OF_TIME = 1000  # no exit code: what a child is given that was ended
# Audit events (docs.python.org/3/library/audit_events.html) of whatever leads out of the process.
_OUTWARD = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.spawn")


def check_upload(folder: ProgramFolder, instance: Instance, data: bytes) -> AnySubmission:
    """Return what was uploaded for an instance as a submission that grading gives a grade for.

    Claims and answers are read here: 64 kB of words at most, of which nothing is compiled, opened or run. Anything else
    is read in a child process, which then does with it what grading does up to the first replies.

    Raises:
        BadInput: whatever its learner can put right, a check out of time or memory among it.
        GradingFailed: the child ended in another way, by no fault of theirs.
    """
    drill = kit_of(instance).drill
    if drill.hands_in == "claims":
        return read_submission(data, drill, instance)
    if drill.hands_in == "answers":  # numbers and choices, held to the form
        submission = read_submission(data, drill, instance)
        kit_of(instance).check(open_exam(folder, instance.id), submission)
        return submission
    if len(data) > most_bytes(drill):
        raise bad_input(f"a submission of {len(data):,} bytes", f"at most {most_bytes(drill):,}", "shorten it")
    job = _job(instance, folder.truth(instance.id), folder.target(instance), _quick(drill))
    return read_any(_checked(job | {"upload": base64.b64encode(data).decode()}, _quick(drill)))


def try_last_year(folder: ProgramFolder, instance: Instance, policy: str) -> OracleTrial:
    """Put the year that a desk's learner knows through a policy, in a child process that is given nothing else.

    Raises:
        BadInput, GradingFailed: as `check_upload`.
    """
    from drillyard.containment.adversaries.case import CASE

    budget = _quick(kit_of(instance).drill)
    job = {"case": str((folder.target(instance) / CASE).resolve()), "policy": policy, "budget": budget.to_data()}
    return OracleTrial.from_json(_checked(job, budget))


def _quick(drill: Drill) -> Budget:
    return Budget(seconds=min(CHECK_SECONDS, drill.budget.seconds), memory_mb=drill.budget.memory_mb)


def _checked(job: Mapping[str, Any], budget: Budget) -> bytes:
    """Return what a child answers to a learner's file. Raises `BadInput` and `GradingFailed` as `check_upload`."""
    ended = run_child(job, budget)
    if ended.code == OUT_OF_TIME:
        raise bad_input(f"a file whose check takes longer than {budget.seconds:g} s", "less", "hand in less, or again")
    if ended.code == REFUSED:
        raise BadInput(ended.last)
    if ended.out_of_memory:
        raise bad_input(f"a file whose check needs more than {budget.memory_mb} MiB", "less", "hand in less")
    if ended.code:
        raise GradingFailed(f"the check ended with code {ended.code}: {ended.last[:200]}")
    return ended.answer


def grade_isolated(folder: ProgramFolder, submission: AnySubmission, budget: Budget | None = None) -> Grade:
    """Grade a submission in a child process, within the drill's budget unless another is given.

    Raises:
        GradingFailed: out of time or memory, or the child died; the submission is as it was.
        BadInput: the instance does not exist, or is not what was sealed.
    """
    instance = folder.instance(submission.instance)
    budget = budget or kit_of(instance).drill.budget
    return grade_apart(instance, folder.truth(instance.id), folder.target(instance), submission, budget)


def grade_apart(instance: Instance, truth: Truth, folder: Path, submission: AnySubmission, budget: Budget) -> Grade:
    """Grade in a child process an instance whose truth is at hand; `folder` holds what was saved of it.

    Raises:
        GradingFailed, BadInput: as `grade_isolated`.
    """
    began = time.monotonic()
    ended = run_child(_job(instance, truth, folder, budget) | {"submission": submission.to_data()}, budget)
    if ended.code == BROKEN:
        raise BadInput(ended.last)
    if ended.code == OUT_OF_TIME:
        raise GradingFailed(f"grading took longer than {budget.seconds:g} s; hand in less")
    if ended.code == REFUSED:
        raise GradingFailed(ended.last)
    if ended.out_of_memory:
        raise GradingFailed(f"grading needed more than {budget.memory_mb} MiB; hand in less")
    if ended.code:
        raise GradingFailed(f"the grading process ended with code {ended.code}: {ended.last[:200]}")
    return Grade.from_json(ended.answer).model_copy(update={"seconds": round(time.monotonic() - began, 2)})


def grade_here(folder: ProgramFolder, submission: AnySubmission) -> Grade:
    """Grade in this process, without limits. Raises `BadInput`."""
    exam = open_exam(folder, submission.instance)
    grade: Grade = kit_of(exam.instance).grade(exam, submission)
    return grade


def open_exam(folder: ProgramFolder, instance_id: str) -> AnyExam:
    """Open an instance for grading. Raises `BadInput` when it is missing or not what was sealed."""
    instance = folder.instance(instance_id)
    return _open(instance, folder.truth(instance_id), folder.target(instance))


def serve_one() -> None:
    """Read one job from standard input, do it, write the result to standard output. In the child only."""
    job: dict[str, Any] = json.load(sys.stdin.buffer)
    limit_process(Budget.from_data(job["budget"]))
    answer = _try(job) if "case" in job else _on_exam(job)
    sys.stdout.buffer.write(answer.to_json().encode())


def _try(job: Mapping[str, Any]) -> Record:
    """Put a case through a policy; what that takes is loaded here, as every other child starts faster without it."""
    from drillyard.containment.adversaries.case import read_case
    from drillyard.containment.adversaries.trial import try_policy
    from drillyard.containment.gateway.policy import policy_of

    case = or_exit(BROKEN, lambda: read_case(Path(job["case"])))
    return or_exit(REFUSED, lambda: try_policy(policy_of(job["policy"]), case))


def _on_exam(job: Mapping[str, Any]) -> Record:
    exam = or_exit(
        BROKEN,
        lambda: _open(Instance.from_data(job["instance"]), Truth.from_data(job["truth"]), Path(job["folder"])),
    )
    return or_exit(REFUSED, lambda: _check(exam, job) if "upload" in job else _grade(exam, job))


def _check(exam: AnyExam, job: Mapping[str, Any]) -> Record:
    submission = read_submission(base64.b64decode(job["upload"]), exam.drill, exam.instance)
    kit_of(exam.instance).check(exam, submission)
    return submission


def _grade(exam: AnyExam, job: Mapping[str, Any]) -> Record:
    grade: Grade = kit_of(exam.instance).grade(exam, read_any(json.dumps(job["submission"])))
    return grade.model_copy(update={"peak_mb": round(_peak_mb(), 1)})


def or_exit(code: int, work: Callable[[], T]) -> T:
    """Return what some work gives; where it says in one line that it cannot, pass that on and end the child."""
    try:
        return work()
    except DrillyardError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(code)


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
    exam: AnyExam = kit_of(instance).open(instance, truth, folder)
    return exam


def _stay_inside(event: str, _: object) -> None:
    if event.startswith(_OUTWARD):
        raise PermissionError(f"grading may not use {event}")


class Ended(NamedTuple):
    """How a child ended: with what code, what it wrote, and its last line of words."""

    code: int
    answer: bytes
    last: str

    @property
    def out_of_memory(self) -> bool:
        """Whether it says so; the word is in the last line of Python, of numpy and of the tokenizer."""
        return self.code not in (0, REFUSED, BROKEN) and "memory" in self.last.lower()


def _job(instance: Instance, truth: Truth, folder: Path, budget: Budget) -> dict[str, Any]:
    parts = {"instance": instance, "truth": truth, "budget": budget}
    return {name: part.to_data() for name, part in parts.items()} | {"folder": str(folder.resolve())}


def run_child(job: Mapping[str, Any], budget: Budget, code: str = _CHILD) -> Ended:
    """Give a child one job and wait for its end, for as long as the budget says; `code` is what it runs."""
    try:
        child = subprocess.run(
            [sys.executable, "-P", "-c", code],  # -P: a file in the current folder must not pass for a module
            input=json.dumps(job).encode(),
            capture_output=True,
            timeout=budget.seconds,
            env={name: os.environ[name] for name in _KEPT if name in os.environ} | ONE_THREAD,
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Ended(OUT_OF_TIME, b"", "")
    lines = child.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
    return Ended(child.returncode, child.stdout, lines[-1])
