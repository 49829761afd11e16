"""A yard that is killed time and again: `python -m yard.lives FOLDER` waits for orders and forks a process for each.

All imports are made once, so that a life begins within a tenth of a second; servers share a listener. The words
`server`, `web` (one that does not grade) and `worker` on standard input begin one, its process id is the answer. The
database is the folder's, or where DRILLYARD_DB says. The model echoes, and a grading takes up to 50 ms and always gives
the same: what is under test is what is kept.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from processes import alive, until
from yard.small_programme import EchoingModel, build_programme, grade_of

from drillyard.organisms.listening import listen, run
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.roster import Learner, Roster
from drillyard.records import Grade, Submission
from drillyard.registrar.located import SETTING
from drillyard.yard.app import make_app
from drillyard.yard.working import work

__all__ = ["Lives", "build_crowd"]

LEASE = 0.3
"""Seconds until a dead worker's submission is taken up: shorter than most lives."""


def build_crowd(path: Path, learners: int, each: int) -> ProgramFolder:
    """Write a programme of so many learners with so many drills each."""
    folder = build_programme(path)
    pattern = {file: (path / "instances/hunt-1" / file).read_text() for file in ("instance.json", "truth.json")}
    gates = (path / "instances/hunt-1/gates.json").read_text()
    everybody = []
    for person in range(learners):
        names = tuple(f"hunt-{person}-{place}" for place in range(each))
        for name in names:
            (path / "instances" / name).mkdir()
            for file, text in {**pattern, "gates.json": gates}.items():
                (path / "instances" / name / file).write_text(text.replace("hunt-1", name))
        code = f"{person:04}-code-code-code"
        everybody.append(Learner(id=f"learner-{person}", role="support-lead", code=code, instances=names))
    folder.write_roster(Roster(learners=tuple(everybody), designer_code="wxyz-wxyz-wxyz-wxyz", secret="0" * 64))
    return folder


class Lives:
    """A server, and workers if there are to be any, that can be killed and begun again, always at the same address."""

    def __init__(self, folder: Path, url: str = "") -> None:
        self._folder, self._url = folder, url
        self._pids: dict[str, int] = {}
        self.ended = 0

    def __enter__(self) -> Self:
        tests = str(Path(__file__).resolve().parents[1])
        path = os.pathsep.join(filter(None, [tests, os.environ.get("PYTHONPATH")]))
        self._nursery = subprocess.Popen(
            [sys.executable, "-m", "yard.lives", str(self._folder)],
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", SETTING: self._url},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.address = self._answer()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for who in [*self._pids]:
            self.kill(who)
        self._nursery.communicate("")

    def begin(self, who: str = "server") -> None:
        """Begin a life."""
        assert self._nursery.stdin
        self._nursery.stdin.write(f"{who}\n")
        self._nursery.stdin.flush()
        self._pids[who] = int(self._answer())

    def kill(self, who: str = "server") -> None:
        """End a life by SIGKILL, wherever it is, and wait until it is gone."""
        pid = self._pids.pop(who)
        if alive(pid):
            os.kill(pid, signal.SIGKILL)
            until(lambda: not alive(pid))
        else:
            self.ended += 1

    def replace(self, who: str) -> None:
        """End a life and begin the next."""
        self.kill(who)
        self.begin(who)

    def keep(self) -> None:
        """Begin anew what has ended by itself, as where no database was there at its start."""
        for who, pid in [*self._pids.items()]:
            if not alive(pid):
                self.replace(who)

    def _answer(self) -> str:
        assert self._nursery.stdout
        line = self._nursery.stdout.readline()
        assert line, "the nursery ended"
        return line.strip()


def _grade_soon(submission: Submission) -> Grade:
    time.sleep(random.Random().uniform(0, 0.05))
    return grade_of(submission)


def _serve(folder: Path, listener: socket.socket, grading: bool) -> None:
    app = make_app(folder, targets=lambda _: EchoingModel(), grader=_grade_soon, lease_seconds=LEASE, grading=grading)
    run(app, listener)


def main(folder: Path) -> None:
    """Fork a life for each order, until the orders end."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
    listener = listen("127.0.0.1", 0)
    kinds: dict[str, Callable[[], None]] = {
        "server": lambda: _serve(folder, listener, grading=True),
        "web": lambda: _serve(folder, listener, grading=False),
        "worker": lambda: work(folder, grader=_grade_soon, lease_seconds=LEASE),
    }
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    for line in sys.stdin:
        if pid := os.fork():
            print(pid, flush=True)
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        kinds[line.strip()]()
        os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
