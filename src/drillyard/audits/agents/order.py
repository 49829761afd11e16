"""A trial of an agent as it is asked for, by reference and file; resumed from its folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

from drillyard.audits.agents.report import AgentReport, audit_agent
from drillyard.audits.agents.tasks import read_tasks
from drillyard.records import Record
from drillyard.records.progress import Progress, silent
from drillyard.records.run_folder import RunFolder
from drillyard.targets import open_target

__all__ = ["AgentOrder", "run_agent"]

_REPORT, _JOURNAL = "agent.json", "trials.jsonl"


class AgentOrder(Record):
    """What `drillyard audit agent` was asked for; in a folder, `tasks` is the SHA-256 of the file."""

    target: str
    tasks: str
    trials: int = 4
    seed: int = 1
    native: bool = False


def run_agent(order: AgentOrder, out: Path | None = None, tell: Progress = silent) -> AgentReport:
    """Run the trials; with a folder, go on with it or return its finished report.

    Raises:
        BadInput: the file, the target or the folder is not what it should be.
    """
    path = Path(order.tasks)
    file = read_tasks(path)
    target = open_target(order.target)
    if out is None:
        return audit_agent(target, file, order.trials, order.seed, native=order.native, progress=tell)
    with RunFolder(out, "agent audit").held() as run:
        run.claim(order.model_copy(update={"tasks": hashlib.sha256(path.read_bytes()).hexdigest()}))
        journal = out / _JOURNAL
        return run.once(
            _REPORT,
            AgentReport,
            lambda: audit_agent(
                target, file, order.trials, order.seed, native=order.native, journal=journal, progress=tell
            ),
        )
