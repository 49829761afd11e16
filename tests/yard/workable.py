"""A real grading worker that a test may kill: `python -m yard.workable FOLDER WORKERS`, its database by DRILLYARD_DB.

Its grader writes the learner into `FOLDER/graders.log` when it begins. It takes as long as the file `FOLDER/seconds`
says, under a lease of `FOLDER/lease` seconds, and kills its process where the learner is named in `FOLDER/poison`.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from yard.small_programme import grade_of

from drillyard.records import Grade, Submission
from drillyard.yard.working import work


def main(folder: Path, workers: int) -> None:
    """Work until told to stop, or killed."""

    def grader(submission: Submission) -> Grade:
        with (folder / "graders.log").open("a") as log:
            log.write(f"{submission.learner}\n")
        time.sleep(float((folder / "seconds").read_text()))
        if (folder / "poison").is_file() and (folder / "poison").read_text() == submission.learner:
            os.kill(os.getpid(), signal.SIGKILL)
        return grade_of(submission)

    work(folder, workers, grader=grader, lease_seconds=float((folder / "lease").read_text()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
