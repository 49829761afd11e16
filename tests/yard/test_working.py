"""Grading workers beside the web, as processes that are killed: each submission gets one grade, on both databases."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient
from yard.small_programme import ANN, BOB, SUBMISSION, EchoingModel, build_programme, grade_of, rows, until

from drillyard.cli.app import main
from drillyard.programs.folder import ProgramFolder
from drillyard.registrar.located import SETTING, open_store
from drillyard.registrar.store import Store
from drillyard.registrar.submissions import Submissions
from drillyard.yard.app import make_app

if TYPE_CHECKING:
    from postgres_cluster import Cluster

pytestmark = pytest.mark.walk


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path | str:
    """The database of the programme in `prog`, as the setting names it."""
    if request.param == "sqlite":
        return tmp_path / "prog" / "yard.db"
    url = request.getfixturevalue("postgres").schema()
    monkeypatch.setenv(SETTING, url)
    return url


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A programme folder whose graders take a moment."""
    path = build_programme(tmp_path / "prog").path
    (path / "seconds").write_text("0.1")
    (path / "lease").write_text("1.5")
    return path


@contextmanager
def worker(folder: Path, workers: int = 2) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker in a process of its own."""
    tests = str(Path(__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, [tests, os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(
        [sys.executable, "-m", "yard.workable", str(folder), str(workers)], env={**os.environ, "PYTHONPATH": path}
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def hand_in(database: Path | str, learners: list[str]) -> None:
    """Hand in one piece of work of each learner."""
    store = Store(database)
    for learner in learners:
        store.sign_in(learner, "engineer")
        Submissions(store).hand_in(SUBMISSION.model_copy(update={"learner": learner, "instance": "hunt-1"}))
    store.close()


def count(database: Path | str, status: str) -> int:
    """Return how many submissions stand so."""
    return int(str(rows(database, f"select count(*) from submissions where status = '{status}'")[0][0]))


def begun(folder: Path) -> list[str]:
    """Return whose submissions graders have begun with."""
    return (folder / "graders.log").read_text().split() if (folder / "graders.log").is_file() else []


def test_workers_share_a_database_and_one_is_killed(folder: Path, database: Path | str) -> None:
    """Two processes of two workers grade forty submissions; one dies in the middle, another takes its place."""
    learners = [f"learner-{number:02}" for number in range(40)]
    hand_in(database, learners)
    with ExitStack() as stack:
        first, _ = (stack.enter_context(worker(folder)) for _ in range(2))
        until(lambda: count(database, "graded") >= 6)
        os.kill(first.pid, signal.SIGKILL)
        stack.enter_context(worker(folder))
        until(lambda: count(database, "graded") == 40)
    assert rows(database, "select count(*) from grades") == [(40,)]
    assert rows(database, "select count(*) from events where kind = 'graded'") == [(40,)]
    assert sorted(set(begun(folder))) == learners and len(begun(folder)) <= 42, "what was whole is not begun again"


ON_SERVER = pytest.mark.parametrize("database", ["postgres"], indirect=True)
"""What hangs on the worker and not on the database; the other one is the first test's."""


@ON_SERVER
def test_a_submission_that_kills_its_workers_is_given_up(folder: Path, database: Path | str) -> None:
    """Its learner reads why; the work of the others is graded meanwhile."""
    (folder / "poison").write_text(ANN.id)
    hand_in(database, [ANN.id, "learner-1", "learner-2", "learner-3"])
    for _ in range(8):  # as systemd does
        with worker(folder, 1) as process:
            until(lambda: process.poll() is not None or count(database, "failed") == 1)
            if process.poll() is None:
                until(lambda: count(database, "graded") == 3)
                break
    assert begun(folder).count(ANN.id) == 3
    told = rows(database, "select learner, error from submissions where status = 'failed'")
    assert told == [(ANN.id, "Grading was cut off 3 times, so it was given up.")]


@ON_SERVER
def test_a_worker_that_is_told_to_stop_ends_what_it_grades(folder: Path, database: Path | str) -> None:
    """SIGTERM waits for the grading; a second one gives it back, and the next worker begins at once."""
    (folder / "seconds").write_text("1.0")
    hand_in(database, [ANN.id])
    with worker(folder) as process:
        until(lambda: begun(folder))
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert count(database, "graded") == 1
    (folder / "seconds").write_text("30")
    hand_in(database, [BOB.id])
    with worker(folder) as process:
        until(lambda: len(begun(folder)) == 2)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert rows(database, "select status, tries from submissions order by id") == [("graded", 1), ("received", 1)]


def test_a_server_that_goes_away_while_it_is_graded_costs_no_grade(
    folder: Path, postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer than the lease, in the middle of gradings: they end, are kept once it is back, and none began twice."""
    monkeypatch.setenv(SETTING, url := postgres.schema())
    (folder / "seconds").write_text("1.0")
    (folder / "lease").write_text("4")
    hand_in(url, [f"learner-{number}" for number in range(8)])
    with worker(folder), worker(folder):
        until(lambda: len(begun(folder)) >= 4)
        postgres.control("stop", "-m", "immediate", "-w")
        time.sleep(6)
        postgres.start()
        until(lambda: count(url, "graded") == 8)
    assert rows(url, "select count(*) from grades") == [(8,)]
    assert rows(url, "select max(tries) from submissions") == [(1,)] and len(begun(folder)) == 8


@ON_SERVER
def test_a_yard_without_grading_leaves_it_to_workers(folder: Path, database: Path | str) -> None:
    """The page answers, the submission waits, and a worker on the same database grades it."""
    hand_in(database, [ANN.id])
    with TestClient(make_app(folder, targets=lambda _: EchoingModel(), grader=grade_of, grading=False)) as client:
        assert client.get("/health").status_code == 200
        time.sleep(1.5)
        assert count(database, "received") == 1
        with worker(folder):
            until(lambda: count(database, "graded") == 1)


def test_the_command_refuses_a_folder_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, and no database is made."""
    assert main(["yard", "work", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1 and not list(tmp_path.iterdir())


def test_a_worker_of_another_programme_is_refused(
    folder: Path, database: Path | str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would look for instances that are not in its folder."""
    other = ProgramFolder(build_programme(tmp_path / "other").path)
    other.write_roster(other.roster().model_copy(update={"secret": "1" * 64}))
    open_store(ProgramFolder(folder)).close()
    if isinstance(database, Path):
        (other.path / "yard.db").write_bytes(database.read_bytes())
    assert main(["yard", "work", str(other.path)]) == 2
    assert "another programme's yard" in capsys.readouterr().err
