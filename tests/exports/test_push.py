"""Statements go to a record store: each once, whatever dies in between, and nothing that is sealed or unknown."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from exports.record_store import LOGIN, RecordStore, open_record_store
from processes import until
from yard.course import URL, build_course

from drillyard.cli.app import main
from drillyard.errors import BadInput
from drillyard.exports import push as pushing
from drillyard.exports.push import KEY, SECRET, Pushed, push
from drillyard.exports.writing import make_files
from drillyard.programs.folder import ProgramFolder

ENVIRONMENT = dict(zip((KEY, SECRET), LOGIN, strict=True))


@pytest.fixture
def store() -> Iterator[RecordStore]:
    """A record store."""
    with open_record_store() as found:
        yield found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> ProgramFolder:
    """A programme with work in it."""
    return build_course(tmp_path_factory.mktemp("push") / "prog")


@pytest.fixture
def folder(whole: ProgramFolder, tmp_path: Path) -> Path:
    """A copy of it that nothing was sent of."""
    return Path(shutil.copytree(whole.path, tmp_path / "prog"))


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two statements a request, so that a few are several batches."""
    monkeypatch.setattr(pushing, "_BATCH", 2)


def statements_of(folder: Path) -> list[dict[str, Any]]:
    """Return what is to be sent."""
    found: list[dict[str, Any]] = json.loads(make_files(folder, "xapi", URL)["statements.json"])
    return found


def send(folder: Path, store: RecordStore, waits: list[float] | None = None) -> Pushed:
    """Send, and note what is waited for instead of waiting."""
    return push(folder, store.url, URL, ENVIRONMENT, sleep=(waits if waits is not None else []).append)


def test_everything_is_sent_once(folder: Path, store: RecordStore) -> None:
    """All of it the first time, nothing the second; another store gets all of it again."""
    wanted = {one["id"]: one for one in statements_of(folder)}
    assert send(folder, store) == Pushed(sent=len(wanted)) and store.held == wanted
    requests = len(store.asked)
    assert send(folder, store) == Pushed(known=len(wanted)) and len(store.asked) == requests
    with open_record_store() as other:
        assert send(folder, other).sent == len(wanted)


@pytest.mark.parametrize("strict", [False, True])
def test_a_lost_answer_doubles_nothing(folder: Path, store: RecordStore, strict: bool) -> None:
    """The store kept a batch and died before it said so: it is sent again, and counts as one, however it answers."""
    store.strict, store.faults = strict, ["lost"]
    done = send(folder, store)
    assert done.sent + done.known == len(store.held) == len(statements_of(folder)) and not done.stopped
    assert (done.known == 2) == strict


def test_a_killed_push_goes_on(folder: Path, store: RecordStore) -> None:
    """It dies at any request, the last line of its notes cut off: what follows sends the rest, each once."""
    count = len(statements_of(folder))
    for _ in range(count):
        store.faults = [0, *[503] * 9]
        done = send(folder, store)
        notes = folder / "lrs-sent.jsonl"
        notes.write_bytes(notes.read_bytes()[:-30])
        if not done.left:
            break
        assert "does not answer: 503" in done.stopped
    store.faults = []
    assert not send(folder, store).left and len(store.held) == count
    assert send(folder, store).known == count


def test_a_busy_store_is_given_the_time_that_it_asks_for(folder: Path, store: RecordStore) -> None:
    """Seven seconds, as it says, and then it goes on."""
    waits: list[float] = []
    store.faults = [429, 503]
    assert send(folder, store, waits).sent == len(store.held) and waits == [7, 7]


def test_what_a_store_refuses_stops_nothing_else(folder: Path, store: RecordStore) -> None:
    """One statement that it has otherwise is refused with its reason; the rest of its batch is taken."""
    mine = statements_of(folder)
    store.held[mine[0]["id"]] = {**mine[0], "verb": mine[-1]["verb"], "timestamp": "2020-01-01T00:00:00Z"}
    done = send(folder, store)
    assert done.refused == ((mine[0]["id"], '409: "status 409"'),) and done.sent == len(mine) - 1
    assert [one for one, _ in send(folder, store).refused] == [mine[0]["id"]], "it is tried again each time"


def test_what_cannot_be_sent_is_one_line(folder: Path, store: RecordStore) -> None:
    """No key, a key that the store knows not, no store there, an address in the open, a redirect: nothing is sent."""
    wrong = {KEY: "yard", SECRET: "guessed"}
    for environment, url, line in (
        ({}, store.url, f"{KEY} and {SECRET} in the environment"),
        (wrong, store.url, "answers 401"),
        (ENVIRONMENT, "http://lrs.example.org/xapi", "everybody on the way reads"),
        (ENVIRONMENT, "lrs.example.org", "the address of a record store"),
        (ENVIRONMENT, "https://a:b@lrs.example.org", "the address of a record store"),
    ):
        with pytest.raises(BadInput, match=line):
            push(folder, url, URL, environment, sleep=lambda _: None)
    for status in (302, 404):
        store.faults = [status]
        with pytest.raises(BadInput, match="the address of its xAPI"):
            send(folder, store)
    assert not store.held
    gone = push(folder, "http://127.0.0.1:9/xapi", URL, ENVIRONMENT, sleep=lambda _: None)
    assert gone.left == len(statements_of(folder)) and "refused" in gone.stopped


def test_the_command_tells_how_far_it_came(
    folder: Path, store: RecordStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1 and the same command again while some are left, exit 0 at the end, 2 without a key."""
    words = ["yard", "push", str(folder), "--lrs", store.url, "--url", URL, "--json"]
    assert main(words) == 2 and KEY in capsys.readouterr().err
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(pushing, "_pauses", lambda: iter([0.0] * 5))
    monkeypatch.setattr(pushing, "_LONGEST", 0.0)
    store.faults = [0, *[500] * 5]
    assert main(words) == 1
    assert json.loads(capsys.readouterr().out)["stopped"].endswith('500: "status 500"')
    assert main(words) == 0 and json.loads(capsys.readouterr().out)["left"] == 0


RALPH = "ralph-malph[lrs,cli]==5.1.0"
SERVE = """
import bcrypt, json, os, uvicorn
from ralph.backends.data.fs import BaseOperationType, FSDataBackend
FSDataBackend.default_operation_type = BaseOperationType.APPEND
name, secret = os.environ["LOGIN"].split(":")
known = {"username": name, "hash": bcrypt.hashpw(secret.encode(), bcrypt.gensalt(4)).decode(), "scopes": ["all"],
         "agent": {"mbox": "mailto:yard@example.org", "objectType": "Agent"}}
with open(os.environ["RALPH_AUTH_FILE"], "w") as file:
    json.dump([known], file)
uvicorn.run("ralph.api:app", port=0)
"""
"""Its store in files creates its file with each request, and so takes one alone: here it appends."""


@pytest.fixture(scope="module")
def ralph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordStore]:
    """The open record store Ralph, which needs a web framework older than ours: from a place of its own."""
    home = tmp_path_factory.mktemp("ralph")
    subprocess.run([sys.executable, "-m", "venv", home / "venv"], check=True)
    install = [home / "venv" / "bin" / "pip", "install", "--quiet", RALPH, "requests"]
    done = subprocess.run(install, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode and os.environ.get("CI") != "true":
        pytest.skip(f"pip cannot fetch {RALPH}: {done.stderr.strip().splitlines()[-1:]}")
    assert done.returncode == 0, done.stderr
    settings = {
        "LOGIN": ":".join(LOGIN),
        "RALPH_APP_DIR": str(home),
        "RALPH_AUTH_FILE": str(home / "auth.json"),
        "RALPH_RUNSERVER_BACKEND": "fs",
        "RALPH_BACKENDS__LRS__FS__DEFAULT_DIRECTORY_PATH": str(home / "held"),
        "RALPH_BACKENDS__LRS__FS__DEFAULT_LRS_FILE": "statements.jsonl",
    }
    command = [home / "venv" / "bin" / "python", "-c", SERVE]
    with subprocess.Popen(command, env={**os.environ, **settings}, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        line = ""
        while "running on" not in line:
            line = server.stderr.readline()
            assert line, "the store did not start"
        found = RecordStore()
        found.url = next(word for word in line.split() if word.startswith("http://")) + "/xAPI"
        until(lambda: httpx.get(f"{found.url}/statements").status_code == 401)
        yield found
        server.terminate()


@pytest.mark.long
def test_a_real_store_takes_every_statement_once(folder: Path, ralph: RecordStore) -> None:
    """Ralph validates and keeps them; without our notes it is asked what it has, and nothing is there twice."""
    wanted = {one["id"] for one in statements_of(folder)}
    assert send(folder, ralph) == Pushed(sent=len(wanted))
    (folder / "lrs-sent.jsonl").unlink()
    again = send(folder, ralph)
    assert again.sent + again.known == len(wanted) and not again.refused
    held = httpx.get(f"{ralph.url}/statements", auth=LOGIN, headers={"x-experience-api-version": "1.0.3"}).json()
    assert sorted(one["id"] for one in held["statements"]) == sorted(wanted)
