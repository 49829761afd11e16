"""Serving: the address and the codes are printed, a taken port is one line, Ctrl+C ends it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import httpx2 as httpx
import pytest
from starlette.testclient import TestClient
from yard.small_programme import ANN, BOB, DESIGNER_CODE, grade_of, until
from yard.visitor import Visitor

from drillyard.errors import BadInput
from drillyard.organisms.listening import listen, run_in_background
from drillyard.programs.folder import ProgramFolder
from drillyard.registrar.located import open_store
from drillyard.yard.app import make_app
from drillyard.yard.serve import serve


def test_a_taken_port_is_said_in_one_line(programme: ProgramFolder) -> None:
    """Found, expected, and what to type next, before anything is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadInput, match=f"port {port} in use.*--port 0"):
            serve(programme.path, port=port)


def test_an_address_of_another_machine_is_said_in_one_line(programme: ProgramFolder) -> None:
    """192.0.2.1 is kept for documentation and belongs to nobody."""
    with pytest.raises(BadInput, match=r"found 192\.0\.2\.1:0 \(.+\), expected an address of this machine"):
        serve(programme.path, host="192.0.2.1", port=0)


def test_a_folder_without_a_programme_is_said_in_one_line(programme: ProgramFolder) -> None:
    """The message names the command that makes one, and no database is left in a folder that is none."""
    empty = programme.path / "empty"
    empty.mkdir()
    with pytest.raises(BadInput, match="expected a programme folder.*drillyard design"):
        serve(empty)
    assert list(empty.iterdir()) == []


def test_a_proxy_that_is_no_address_is_said_in_one_line(programme: ProgramFolder) -> None:
    """Before anything is started."""
    with pytest.raises(BadInput, match=r"found proxy 'proxy\.local', expected its address"):
        serve(programme.path, port=0, proxies=["proxy.local"])


@pytest.mark.parametrize("proxies", [(), ("127.0.0.1",)])
def test_who_a_proxy_speaks_for_is_believed_only_where_it_is_named(
    programme: ProgramFolder, proxies: tuple[str, ...]
) -> None:
    """Without a proxy, a header with another address at every try opens no new tries, not even from this machine."""
    app = make_app(programme.path, grader=grade_of)
    with listen("127.0.0.1", 0) as listener, run_in_background(app, listener, proxies):
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with httpx.Client(base_url=address) as browser:
            token = browser.get("/sign-in").text.partition('name="csrf" value="')[2].partition('"')[0]
            codes = [
                browser.post(
                    "/sign-in",
                    data={"csrf": token, "code": f"{number:04}-wrong"},
                    headers={"X-Forwarded-For": f"10.0.0.{number}"},
                ).status_code
                for number in range(21)
            ]
    assert codes == [403] * 20 + [403 if proxies else 429]


def test_a_programme_is_for_its_owner_only(programme: ProgramFolder) -> None:
    """What others could read of an earlier programme is closed when its yard opens; what it writes is closed too."""
    open_store(programme).close()
    for place in (programme.path, *programme.path.rglob("*")):
        place.chmod(0o755 if place.is_dir() else 0o644)
    open_to_all = os.umask(0)
    try:
        with TestClient(make_app(programme.path, grader=grade_of)) as client:
            Visitor(client).sign_in(ANN.code)
            programme.write_attempts([])
            programme.write_gates(programme.gates("hunt-1"))
            places = [programme.path, *programme.path.rglob("*")]
            modes = {place.name: place.stat().st_mode & 0o777 for place in places}
    finally:
        os.umask(open_to_all)
    assert {"yard.db", "yard.db-wal", "yard.db-shm", "gates.json", "truth.json", "attempts.jsonl"} <= set(modes)
    assert {name: mode for name, mode in modes.items() if mode not in {0o700, 0o600}} == {}
    assert modes["prog"] == 0o700


@pytest.mark.walk
def test_a_spoilt_database_ends_the_command(programme: ProgramFolder) -> None:
    """One line and exit code 2, before anybody is let in."""
    programme.database.write_bytes(b"no database " * 999)
    command = [sys.executable, "-m", "drillyard", "yard", "serve", str(programme.path), "--port", "0"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2 and "Traceback" not in ended.stderr
    assert "yard.db" in ended.stderr and "restore it from a copy" in " ".join(ended.stderr.split())


@pytest.mark.walk
def test_the_yard_is_served_from_the_command_line(programme: ProgramFolder) -> None:
    """`drillyard yard serve` prints where it is and who signs in how, answers, and ends well at Ctrl+C."""
    command = [sys.executable, "-m", "drillyard", "yard", "serve", str(programme.path), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        lines: list[str] = []
        try:
            assert process.stderr is not None
            while not any("Ctrl+C" in line for line in lines):
                lines.append(process.stderr.readline())
                assert lines[-1], "".join(lines)
            address = next(word for line in lines for word in line.split() if word.startswith("http://"))
            printed = "".join(lines)
            assert all(code in printed for code in (ANN.code, BOB.code, DESIGNER_CODE))
            until(lambda: httpx.get(f"{address}sign-in").is_success)
            process.send_signal(signal.SIGINT)
            process.wait(60)
            rest = process.stderr.read()
        finally:
            process.kill()
        assert "Traceback" not in rest, rest
        assert process.returncode == 0
