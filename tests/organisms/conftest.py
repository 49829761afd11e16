"""The engine on both of its kernels; a real server with two organisms, and the real client of OpenAI."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest
from organisms.babbler import babbler
from organisms.random_llama import random_engine

from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.engine.kernel.library import load_library
from drillyard.organisms.engine.organism import Organism, load_base
from drillyard.organisms.serving.serve import serve_locally


@pytest.fixture(scope="module", params=["numpy", "compiled"])
def kernel(request: pytest.FixtureRequest) -> str:
    """Each kernel that the engine may run on; the compiled one where there is a C compiler."""
    if request.param == "compiled" and load_library() is None:
        pytest.skip("no C compiler on this machine")
    return str(request.param)


@pytest.fixture(scope="module")
def engine(kernel: str) -> Engine:
    """An engine on random weights, on each kernel."""
    return random_engine(kernel=kernel)


@pytest.fixture(scope="session")
def organisms() -> dict[str, Organism]:
    """The organisms that are served, by model id."""
    return {"helpdesk": load_base("helpdesk"), "babble": babbler(), "drone": babbler(5000, endless=True)}


@pytest.fixture(scope="module")
def url(organisms: dict[str, Organism]) -> Iterator[str]:
    """The base address of a server that runs for this module's tests."""
    with serve_locally(organisms) as address:
        yield address


@pytest.fixture
def client(url: str) -> Iterator[openai.OpenAI]:
    """OpenAI's client of that server, which never tries twice."""
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client:
        yield client
