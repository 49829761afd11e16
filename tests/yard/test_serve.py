"""Serving: the address and the codes are printed, a taken port is one line, Ctrl+C ends it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys

import httpx2 as httpx
import pytest
from yard.small_programme import ANN, BOB, DESIGNER_CODE, until

from drillyard.errors import BadInput
from drillyard.programs.folder import ProgramFolder
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
