"""A real yard server that a test may kill: `python -m yard.killable FOLDER PORT`.

Its grader writes a line to `FOLDER/graders.log` when it begins, and ends only once the file `FOLDER/go` exists.
"""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn
from yard.small_programme import EchoingModel, grade_of, until

from drillyard.records import Grade, Submission
from drillyard.yard.app import make_app


def main(folder: Path, port: int) -> None:
    """Serve until killed."""

    def grader(submission: Submission) -> Grade:
        with (folder / "graders.log").open("a") as log:
            log.write("begin\n")
        until((folder / "go").exists, seconds=600)
        return grade_of(submission)

    app = make_app(folder, targets=lambda _: EchoingModel(), grader=grader, lease_seconds=0.6)
    uvicorn.run(app, port=port, log_level="warning")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
