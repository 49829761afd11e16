"""Run the tasks of `pieces` on Ray in a process of its own: ADDRESS FOLDER COUNT SECONDS [NAME=NUMBER …] [took=S]."""

from __future__ import annotations

import sys
from pathlib import Path

from pieces import SPEC, make_tasks

from drillyard.errors import DrillyardError
from drillyard.tasks.placement import Placement
from drillyard.tasks.run import run_tasks

__all__: list[str] = []


def main(address: str, folder: str, count: str, seconds: str, *bad: str) -> int:
    """Run, and return the code that the command line would end with."""
    named = dict(one.split("=") for one in bad)
    took, workers = float(named.pop("took", 60)), int(named.pop("workers", 0))
    tasks = make_tasks(Path(folder), int(count), float(seconds), **{name: int(at) for name, at in named.items()})
    placement = Placement(on=address, workers=workers)
    try:
        for task in run_tasks(tasks, Path(folder), placement, spec=SPEC, seconds=took):
            print(task.name, flush=True)
    except DrillyardError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
