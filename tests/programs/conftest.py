"""What the tests of programmes share."""

from __future__ import annotations

import created_programme
import pytest

from drillyard.drills.exam import Exam
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.grading import open_exam
from drillyard.records import Instance, Submission


@pytest.fixture(scope="session")
def programme() -> ProgramFolder:
    """A created programme of two learners; nobody writes into it."""
    return created_programme.created()


@pytest.fixture(scope="session")
def half_released() -> ProgramFolder:
    """A programme of which one instance of two was released; nobody writes into it."""
    return created_programme.half_released()


@pytest.fixture(scope="session")
def instance(programme: ProgramFolder) -> Instance:
    """The first instance of the programme."""
    return programme.instances()[0]


@pytest.fixture(scope="session")
def exam(programme: ProgramFolder, instance: Instance) -> Exam:
    """The first instance, opened for grading. It keeps replies, so what one test asked is there for the next."""
    return open_exam(programme, instance.id)


@pytest.fixture(scope="session")
def handed_in(exam: Exam) -> dict[str, Submission]:
    """What every fix of the drill hands in on that instance."""
    from drillyard.drills import load_kit

    return load_kit(exam.drill.id).submissions(exam)
