"""Running tasks in processes: the same bytes as one after the other, whatever is killed; what fails is named."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from pieces import SPEC, make_tasks, results, starts
from processes import children, until

from drillyard.errors import BadInput
from drillyard.tasks import run
from drillyard.tasks.placement import HERE, Placement
from drillyard.tasks.run import TasksFailed, run_tasks
from drillyard.tasks.task import Limits, perform
from drillyard.tasks.workers import memory_of_machine

TWO = Placement(workers=2)


def done(folder: Path, count: int, placement: Placement = HERE, took: float = 60.0, **more: float) -> list[str]:
    """Run tasks and return the names of those that are done."""
    tasks = make_tasks(folder, count, **more)  # type: ignore[arg-type]  # numbers of bad ones, or seconds
    return [task.name for task in run_tasks(tasks, folder, placement, spec=SPEC, seconds=took)]


def ended(folder: Path) -> list[str]:
    """Return how every try ended, by the journal."""
    lines = (folder / "tasks" / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["ended"] for line in lines]


def test_a_killed_worker_costs_one_repeat_and_no_byte(tmp_path: Path) -> None:
    """SIGKILL amid a task: it runs again in another process, no other does, and all leave what one process leaves."""
    done(tmp_path / "one", 8)
    before = set(children())
    thread = threading.Thread(target=lambda: done(tmp_path / "two", 8, TWO, seconds=0.2))
    thread.start()
    until(lambda: len(starts(tmp_path / "two")) > 3)
    pools = [pid for pid in set(children()) - before if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(pools[0], signal.SIGKILL)
    thread.join()
    assert results(tmp_path / "two") == results(tmp_path / "one")
    assert len(starts(tmp_path / "two")) <= 9 and ended(tmp_path / "two").count("crashed") == 1


@pytest.mark.walk
def test_what_cannot_be_done_is_named_after_its_tries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One crashes, one hangs, one eats memory, one forgets its file: three tries each; all others are done."""
    monkeypatch.setattr(run, "memory_of_machine", lambda: 600 << 20)
    with pytest.raises(TasksFailed) as failed:
        done(tmp_path, 8, TWO, took=3.0, crash=1, hang=3, eat=5, forget=6)
    said = str(failed.value)
    assert said.startswith("found 4 tasks that cannot be done: ") and "\n" not in said
    assert "task-1 its process was killed (3 tries)" in said
    assert "task-3 took over 3 s (File " in said and "pieces.py, line " in said and "in hang" in said
    assert "task-5 needs more memory than its 0.3 GiB: fewer workers leave each one more (3 tries)" in said
    assert "task-6 was done where this machine does not see it (3 tries)" in said
    assert sorted(results(tmp_path)) == ["0", "2", "4", "7"] and len(starts(tmp_path)) == 4 + 12
    assert "time.sleep" not in said and (tmp_path / "tasks" / "task-3.stack").read_text().count("pieces.py") >= 1
    assert not (tmp_path / "tasks" / "task-1.stack").exists()


def test_bad_input_stops_and_a_mistake_of_ours_does_not(tmp_path: Path) -> None:
    """The first needs the user and costs no more tries; the second is told with its traceback when the rest is done."""
    with pytest.raises(BadInput, match="found a cat, expected a dog; look again"):
        done(tmp_path / "a", 6, TWO, refuse=0)
    with pytest.raises(TasksFailed, match=r"task-0 ZeroDivisionError: by nought \(1 try\)") as failed:
        done(tmp_path / "b", 4, TWO, err=0)
    assert "in err" in "".join(failed.value.__notes__) and sorted(results(tmp_path / "b")) == ["1", "2", "3"]
    with pytest.raises(ZeroDivisionError):
        done(tmp_path / "c", 2, err=0)


def test_a_killed_driver_goes_on(tmp_path: Path) -> None:
    """Its processes end with it; the next run starts what was not done, and nothing else."""
    code = (
        "import sys; from pathlib import Path; from pieces import *; from drillyard.tasks.run import run_tasks;"
        "from drillyard.tasks.placement import Placement\n"
        f"if __name__ == '__main__': list(run_tasks(make_tasks(Path({str(tmp_path)!r}), 8, 0.3), "
        f"Path({str(tmp_path)!r}), Placement(workers=2), spec=SPEC, seconds=60))"
    )
    script = tmp_path / "driver.py"
    script.write_text(code, encoding="utf-8")
    path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
    driver = subprocess.Popen([sys.executable, str(script)], env={**os.environ, "PYTHONPATH": path})
    until(lambda: len(list(tmp_path.glob("results/*"))) >= 3)
    workers = children(driver.pid)
    driver.kill()
    driver.wait()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
    time.sleep(0.1)
    finished, begun = set(results(tmp_path)), len(starts(tmp_path))
    assert len(done(tmp_path, 8)) == 8
    assert len(starts(tmp_path)) - begun == 8 - len(finished) and len(starts(tmp_path)) <= 8 + 2


def test_a_task_that_is_done_is_not_run_again_anywhere(tmp_path: Path) -> None:
    """Two drivers on one folder: whoever comes later finds the file."""
    done(tmp_path, 1)
    (task,) = make_tasks(tmp_path, 1)
    assert perform(task, Limits(seconds=9, memory=None, evidence=tmp_path)).how == "done" and starts(tmp_path) == [0]
    other = Limits(seconds=9, memory=None, evidence=tmp_path, code="other")
    told = perform(make_tasks(tmp_path / "b", 1)[0], other)
    assert told.how == "refused" and told.words.startswith("found other code of drillyard on ")


def test_the_machines_memory_is_known() -> None:
    """At most what the kernel says there is."""
    total = int(Path("/proc/meminfo").read_text().split()[1]) * 1024
    assert 256 << 20 < memory_of_machine() <= total
