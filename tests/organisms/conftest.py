"""A real server on a free port, with a trained and a babbling organism, and the real client of OpenAI."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest
from organisms.babbler import babbler

from drillyard.organisms.organism import Organism, base
from drillyard.organisms.serving.serve import served


@pytest.fixture(scope="session")
def organisms() -> dict[str, Organism]:
    """The organisms that are served, by model id."""
    return {"helpdesk": base("helpdesk"), "babble": babbler()}


@pytest.fixture(scope="module")
def url(organisms: dict[str, Organism]) -> Iterator[str]:
    """The base address of a server that runs for this module's tests."""
    with served(organisms) as address:
        yield address


@pytest.fixture
def client(url: str) -> Iterator[openai.OpenAI]:
    """OpenAI's client of that server, which never tries twice."""
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client:
        yield client
