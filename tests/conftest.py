"""What holds for every test: a home of its own, no network but loopback, one thread, no telemetry.

Set here, before anything is collected, because libraries read these variables when they are imported.
"""

from __future__ import annotations

import gc
import ipaddress
import os
import random
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from costs import Costs, tier
from hypothesis import settings

if TYPE_CHECKING:
    from postgres_cluster import Cluster


def _sweep(place: Path) -> None:
    """Remove what runs have left that were killed: the folder's name holds the process that made it."""
    for left in place.glob("drillyard-tests-*-*"):
        if not Path("/proc", left.name.split("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)


_sweep(Path(tempfile.gettempdir()))
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())  # pytest keeps the folders of its last runs
# Not in the folder of the process that started this one: the path of a database's socket may have 107 characters.
HOME = tempfile.mkdtemp(prefix=f"drillyard-tests-{os.getpid()}-", dir=os.environ["PYTEST_DEBUG_TEMPROOT"])
os.chmod(HOME, 0o711)  # a database's server, which may not be root, passes through
os.mkdir(f"{HOME}/tmp")
tempfile.tempdir = f"{HOME}/tmp"
os.environ.setdefault("DRILLYARD_TESTS", HOME)  # workers share the folder of the process that started them
os.environ.update(
    HOME=HOME,
    TMPDIR=f"{HOME}/tmp",  # whatever tests and their children leave there goes with it
    XDG_CACHE_HOME=f"{HOME}/cache",
    XDG_CONFIG_HOME=f"{HOME}/config",
    XDG_DATA_HOME=f"{HOME}/data",
    XDG_STATE_HOME=f"{HOME}/state",
    DO_NOT_TRACK="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    HF_HUB_OFFLINE="1",
    OMP_NUM_THREADS="1",
    OMP_WAIT_POLICY="PASSIVE",  # two threads that wait actively crawl where another process wants a core
    TOKENIZERS_PARALLELISM="false",
)

# Two busy cores make single examples slow now and then; a deadline would test the machine, not the code.
settings.register_profile("drillyard", deadline=None, max_examples=50)
# CI draws the same examples each time: a red run is then the commit's. `--hypothesis-profile=ci` does so anywhere.
settings.register_profile("ci", settings.get_profile("drillyard"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "drillyard")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options."""
    parser.addoption("--costs", metavar="FILE", help="keep what each test took, in processor seconds, as JSON")
    parser.addoption("--shuffle", metavar="SEED", help="run files, and the tests of each file, in a random order")


def pytest_configure(config: pytest.Config) -> None:
    """Measure what tests cost."""
    config.pluginmanager.register(Costs(config), "costs")


def pytest_collection_finish() -> None:
    """Collect garbage seldom, and never what was imported: torch and others are millions of objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_unconfigure() -> None:
    """Remove the temporary home."""
    shutil.rmtree(HOME, ignore_errors=True)


WALK_TIMEOUT = 900
"""Seconds that a walk may take unless it says otherwise: twice what the slowest needs beside another one."""


def shuffle(items: list[pytest.Item], seed: str) -> None:
    """Put files, and the tests of each, into an order that the seed decides."""
    files = sorted({item.path for item in items})
    places = {path: random.Random(f"{seed} {path.name} {path.parent.name}").random() for path in files}
    random.Random(seed).shuffle(items)
    items.sort(key=lambda item: places[item.path])


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give walks time. Skip browser tests, with a visible reason, where there is no Chromium; in CI they run."""
    if seed := config.getoption("--shuffle"):
        shuffle(items, seed)
    for item in items:
        if tier(item) != "unit" and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(WALK_TIMEOUT))
    if shutil.which("chromium") or os.environ.get("CI") == "true":
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason="no chromium on this machine: ./yard test installs it"))


def _is_local(address: object) -> bool:
    """Say whether a socket address stays on this machine: a Unix socket, or a loopback host."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Refuse every connection that would leave this machine."""
    plain = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex")}

    def guarded(name: str):
        def connect(self: socket.socket, address: object) -> object:
            if not _is_local(address):
                raise RuntimeError(f"a test may not reach {address!r}: loopback only")
            return plain[name](self, address)

        return connect

    with pytest.MonkeyPatch.context() as patch:
        for name in plain:
            patch.setattr(socket.socket, name, guarded(name))
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """Give a server of the tests' own; skipped, with the reason, where PostgreSQL is missing, but not in CI."""
    try:
        from postgres_cluster import binaries, cluster
    except ModuleNotFoundError as error:
        missing = f"no {error.name} here"
    else:
        missing = "" if binaries() else "no PostgreSQL on this machine"
    if missing:
        end = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        end(f"{missing}: ./yard test installs it")
    with cluster() as made:
        yield made
