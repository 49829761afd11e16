"""Serving a programme folder on this machine."""

from __future__ import annotations

import errno
import socket
import sys
import threading
import webbrowser
from contextlib import suppress
from pathlib import Path

import uvicorn
from rich.console import Console
from rich.table import Table

from drillyard.errors import bad_input
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.roster import Roster
from drillyard.yard.app import make_app

__all__ = ["DEFAULT_PORT", "serve"]

DEFAULT_PORT = 8425


def serve(folder: Path, host: str = "127.0.0.1", port: int = DEFAULT_PORT, open_browser: bool = False) -> None:
    """Serve a programme until interrupted; print the address and the sign-in codes first. Port 0 takes a free one.

    Raises:
        BadInput: the folder is no programme folder, or the port is taken.
    """
    roster = ProgramFolder(folder).roster()
    with _listen(host, port) as listener:
        app = make_app(folder)
        address = f"http://{_reachable(host)}:{listener.getsockname()[1]}/"
        _greet(roster, address)
        if open_browser:
            threading.Timer(0.5, webbrowser.open, [address]).start()
        config = uvicorn.Config(app, log_level="warning", server_header=False, timeout_graceful_shutdown=5)
        with suppress(KeyboardInterrupt):  # Ctrl+C is how a yard ends, not a fault
            uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    """Take the port now, so that a taken one is said in one line."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise bad_input(f"port {port} in use", "a free port", "type --port 0 to take any free one") from None
        raise bad_input(f"{host}:{port} ({error.strerror})", "an address of this machine") from None


def _reachable(host: str) -> str:
    """Return the host as it is typed into a browser on this machine."""
    if host in {"0.0.0.0", "::"}:
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _greet(roster: Roster, address: str) -> None:
    table = Table("who", "role", "drills", "sign-in code", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for learner in roster.learners:
        table.add_row(learner.id, learner.role, str(len(learner.instances)), learner.code)
    table.add_row("designer", "designer", "", roster.designer_code)
    console = Console(file=sys.stderr, width=100, markup=False, highlight=False)
    console.print(f"The yard is open at {address}", style="bold")
    console.print("Sign-in codes, each for one person only:")
    console.print(table)
    console.print("Stop it with Ctrl+C. Work is kept.")
