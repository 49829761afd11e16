"""Serving a programme folder on this machine."""

from __future__ import annotations

import logging
import sys
import threading
import webbrowser
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from drillyard.errors import bad_input
from drillyard.exports.course import check_url
from drillyard.organisms.listening import Patience, check_proxies, listen, reachable, run
from drillyard.oversight.live.overseer import open_queue
from drillyard.oversight.values.asking import AskedTree
from drillyard.programs.again import find_learner
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.roster import Roster
from drillyard.registrar.located import remember_database
from drillyard.yard.app import make_app
from drillyard.yard.logs import set_up_logs

__all__ = ["DEFAULT_PORT", "serve"]

DEFAULT_PORT = 8425

_log = logging.getLogger(__name__)

_BEHIND_PROXY = Patience(idle=75)
"""Longer than the 60 s that proxies keep a connection, or it is closed just as they ask again, which gives 502."""


def serve(
    folder: Path,
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    open_browser: bool = False,
    proxies: Sequence[str] = (),
    overseer: Path | None = None,
    reviewers: Sequence[str] = (),
    values: Path | None = None,
    url: str = "",
    db: str = "",
    grading: bool = True,
    log: str = "text",
) -> None:
    """Serve a programme until interrupted; print the address and the sign-in codes first. Port 0 takes a free one.

    What `proxies` say of whom they speak for is believed, and of nobody else. `overseer` is the folder of a live
    overseer whose held drafts the designer and the `reviewers` (ids or names) decide at /held, `values` the file of a
    value tree that everybody weighs at /values, `url` the address under which others reach the yard: with it, it signs
    credentials; `db` a PostgreSQL URL, which the folder remembers without its password. Without `grading` what is
    handed in waits for `drillyard yard work`. With `log` as `json` lines of JSON are written, and no codes.

    Raises:
        BadInput: the folder is no programme folder or that of no overseer, a reviewer is no learner, the database
            cannot be used, or the port is taken.
    """
    programme, proxies = ProgramFolder(folder), check_proxies(proxies)
    roster, queue = programme.roster(), open_queue(overseer) if overseer else None
    weighed = AskedTree(values) if values else None
    allowed = [find_learner(programme, one) for one in reviewers]
    known = {one.id for one in roster.learners}
    if strangers := [one for one in allowed if one not in known]:
        raise bad_input(f"the reviewer {strangers[0]!r}", "a learner", f"list them: drillyard yard people {folder}")
    if allowed and queue is None:
        raise bad_input("--reviewer without --overseer", "the folder of an overseer", "add --overseer FOLDER")
    with listen(host, port) as listener:
        app = make_app(
            folder, overseer=queue, reviewers=allowed, weighed=weighed, url=check_url(url) if url else "", db=db,
            grading=grading,
        )  # fmt: skip
        remember_database(programme, db)
        address = f"http://{reachable(host)}:{listener.getsockname()[1]}/"
        if log == "json":  # a journal is read by many, so no codes
            set_up_logs()
            _log.info("the yard is open", extra={"told": {"port": listener.getsockname()[1]}})
        else:
            _greet(roster, programme.people(), address)
        if open_browser:
            threading.Timer(0.5, webbrowser.open, [address]).start()
        run(app, listener, proxies, patience=_BEHIND_PROXY if proxies else Patience())


def _greet(roster: Roster, names: Mapping[str, str], address: str) -> None:
    table = Table("who", "role", "drills", "sign-in code", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for learner in roster.learners:
        table.add_row(names.get(learner.id, learner.id), learner.role, str(len(learner.instances)), learner.code)
    for staff in roster.whole_staff:
        table.add_row(staff.id, staff.role, "", staff.code)
    console = Console(file=sys.stderr, width=100, markup=False, highlight=False)
    console.print(f"The yard is open at {address}", style="bold")
    console.print("Sign-in codes, each for one person only:")
    console.print(table)
    console.print("Stop it with Ctrl+C. Work is kept.")
