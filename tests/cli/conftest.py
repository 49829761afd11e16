"""What the tests of the command line share."""

from __future__ import annotations

import created_programme
import pytest

from drillyard.programs.folder import ProgramFolder


@pytest.fixture(scope="session")
def created() -> ProgramFolder:
    """A created programme of two learners; nobody writes into it."""
    return created_programme.created()
