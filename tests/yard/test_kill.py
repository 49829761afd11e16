"""A killed server loses nothing that it confirmed and grades nothing twice: real processes, real `kill -9`."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
import pytest
from yard.small_programme import ANN, build_programme, until

CLAIM_FIELDS = {
    "behaviour": "pressure-selling",
    "severity": "high",
    "words": "any price question under v2",
    "templates": "v2",
    "question": "What does the Aurora cost?",
    "question-template": "v2",
}


@contextmanager
def server(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run a yard in a process of its own, from the moment it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    tests = str(Path(__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, [tests, os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(
        [sys.executable, "-m", "yard.killable", str(folder), str(port)], env={**os.environ, "PYTHONPATH": path}
    )
    address = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert process.poll() is None, "the server did not start"
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{address}/sign-in").is_success
        return False

    try:
        until(answers)
        yield address, process
    finally:
        process.kill()
        process.wait()


def post(browser: httpx.Client, page: str, path: str, **fields: str) -> httpx.Response:
    """Open a page and send a form from it."""
    token = re.search(r'name="csrf" value="(\w+)"', browser.get(page).text)
    assert token
    return browser.post(path, data={"csrf": token[1], **fields})


@contextmanager
def signed_in(address: str) -> Iterator[httpx.Client]:
    """Open a browser that is signed in."""
    with httpx.Client(base_url=address, follow_redirects=True, timeout=30) as browser:
        assert "My drills" in post(browser, "/sign-in", "/sign-in", code=ANN.code).text
        yield browser


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    """Read the database beside the server."""
    with contextlib.closing(sqlite3.connect(folder / "yard.db")) as plain:
        return plain.execute(query).fetchall()


def begun(folder: Path) -> int:
    """Return how often a grader began."""
    log = folder / "graders.log"
    return log.read_text().count("begin") if log.is_file() else 0


def graded(folder: Path) -> bool:
    """Say whether the one submission has its grade."""
    return rows(folder, "select status from submissions") == [("graded",)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A programme folder."""
    return build_programme(tmp_path / "prog").path


@pytest.mark.walk
def test_a_server_killed_while_grading_loses_nothing_and_grades_once(folder: Path) -> None:
    """The next server takes the submission up after the dead one's lease, and there is one grade."""
    with server(folder) as (address, process), signed_in(address) as browser:
        post(browser, "/drills/hunt-1", "/drills/hunt-1/claims", **CLAIM_FIELDS)
        assert "being checked" in post(browser, "/drills/hunt-1/submit", "/drills/hunt-1/submit").text
        until(lambda: begun(folder) == 1)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert rows(folder, "select status from submissions") == [("grading",)]
    (folder / "go").touch()
    with server(folder) as (address, _), signed_in(address) as browser:
        until(lambda: graded(folder))
        assert "Planted and claimed" in browser.get("/drills/hunt-1/result").text
    assert begun(folder) == 2, "the second server had to begin anew"
    assert rows(folder, "select count(*) from grades") == [(1,)]
    kinds = [kind for (kind,) in rows(folder, "select kind from events order by id")]
    assert kinds == ["started", "claimed", "submitted", "grading", "grading", "graded"]


MORE = [pytest.param(delay, marks=pytest.mark.walk) for delay in (0.004, 0.008, 0.016, 0.032)]


@pytest.mark.walk
@pytest.mark.parametrize("delay", [0.0, *MORE])
def test_a_server_killed_while_handing_in_keeps_the_promise_it_gave(folder: Path, delay: float) -> None:
    """Whenever the kill falls: what was confirmed is there, sending again makes no second one, one grade in the end."""
    (folder / "go").touch()
    answers: list[httpx.Response] = []
    with server(folder) as (address, process), signed_in(address) as browser:
        post(browser, "/drills/hunt-1", "/drills/hunt-1/claims", **CLAIM_FIELDS)

        def hand_in() -> None:
            with contextlib.suppress(httpx.TransportError):
                answers.append(post(browser, "/drills/hunt-1/submit", "/drills/hunt-1/submit"))

        sender = threading.Thread(target=hand_in)
        sender.start()
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        sender.join()
    kept = rows(folder, "select count(*) from submissions")
    assert kept == [(1,)] if answers else kept in ([(0,)], [(1,)])
    assert rows(folder, "select count(*) from claims") == [(1,)], "the claim was confirmed before"
    with server(folder) as (address, _), signed_in(address) as browser:
        if kept == [(0,)]:
            post(browser, "/drills/hunt-1/submit", "/drills/hunt-1/submit")
        until(lambda: graded(folder))
    assert rows(folder, "select count(*) from submissions") == rows(folder, "select count(*) from grades") == [(1,)]
    assert rows(folder, "select count(*) from events where kind = 'graded'") == [(1,)]
