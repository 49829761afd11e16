"""The failure drills on a real Ray cluster of two nodes: whatever is killed, the bytes are those of one process."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pieces import SPEC, make_tasks, results, starts
from processes import until
from raylets import ENVIRONMENT

from drillyard.tasks.run import run_tasks

pytest.importorskip("ray", reason="the extra cluster is not installed")
pytestmark = [pytest.mark.walk, pytest.mark.timeout(600)]

TESTS = Path(__file__).resolve().parents[1]
PATH = {"PYTHONPATH": os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])}


class Raylets:
    """A cluster in a process of its own."""

    def __init__(self) -> None:
        command = [sys.executable, str(TESTS / "raylets.py")]
        self._process = subprocess.Popen(
            command, stdin=-1, stdout=-1, stderr=subprocess.DEVNULL, text=True, env={**os.environ, **PATH}
        )
        self.lost = False
        self.address = self._answer()
        assert self.address, "no cluster came up"

    def do(self, words: str) -> None:
        """Kill or add something."""
        self.lost |= words == "kill head"
        assert self._process.stdin is not None
        print(words, file=self._process.stdin, flush=True)
        assert self._answer() == "done"

    def close(self) -> None:
        """End the cluster."""
        self._process.communicate("quit\n", timeout=60)

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@pytest.fixture(scope="module")
def clusters() -> Iterator[list[Raylets]]:
    """Hold the clusters that the tests of this file share; the last one is whole."""
    made: list[Raylets] = []
    yield made
    for one in made:
        one.close()


@pytest.fixture
def cluster(clusters: list[Raylets]) -> Raylets:
    """Return a cluster that has its head."""
    return whole(clusters)


def whole(clusters: list[Raylets]) -> Raylets:
    """Return the last cluster, or a new one where that has lost its head."""
    if not clusters or clusters[-1].lost:
        clusters.append(Raylets())
    return clusters[-1]


def drive(address: str, folder: Path, *words: object, **environment: str) -> subprocess.Popen[str]:
    """Start a driver of the tasks of `pieces`."""
    command = [sys.executable, str(TESTS / "ray_driver.py"), address, str(folder), *map(str, words)]
    env = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    return subprocess.Popen(command, stdout=-1, stderr=-1, text=True, env={**env, **PATH, **ENVIRONMENT, **environment})


def refused(address: str, folder: Path, **environment: str) -> str:
    """Return the one line with which a driver ends before any task."""
    driver = drive(address, folder, 2, 0, **environment)
    out, said = driver.communicate(timeout=120)
    assert driver.returncode == 2 and out == "" and not starts(folder), said
    assert len(said.splitlines()) == 1, said
    return said


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return what sixteen tasks leave, one after the other in one process."""
    folder = tmp_path_factory.mktemp("one")
    list(run_tasks(make_tasks(folder, 16), folder, spec=SPEC, seconds=60))
    return results(folder)


def test_a_worker_and_a_raylet_that_are_killed_cost_a_repeat_each(
    cluster: Raylets, tmp_path: Path, one: dict[str, bytes]
) -> None:
    """Kill a worker, then a node: all is done, with the bytes of one process; then a new node takes the place."""
    driver = drive(cluster.address, tmp_path, 16, 0.7)
    until(lambda: len(starts(tmp_path)) > 2)
    cluster.do("kill worker")
    until(lambda: len(starts(tmp_path)) > 5)
    cluster.do("kill raylet")
    out, said = driver.communicate(timeout=120)
    assert driver.returncode == 0 and said == "" and len(out.splitlines()) == 16, said
    assert results(tmp_path) == one and len(starts(tmp_path)) <= 16 + 2
    cluster.do("add A=1")


def test_what_cannot_be_done_is_named_and_all_others_are_done(cluster: Raylets, tmp_path: Path) -> None:
    """One crashes, one hangs, one wants more than its share of memory: three tries each."""
    driver = drive(cluster.address, tmp_path, 6, 0, "crash=1", "hang=3", "eat=4", "took=4", "workers=40")
    said = driver.communicate(timeout=200)[1]
    assert driver.returncode == 2 and len(said.splitlines()) == 1, said
    assert "task-1 lost its worker or node (WorkerCrashedError) (3 tries)" in said
    assert "task-3 took over 4 s (File " in said and "in hang" in said
    assert "task-4 needs more memory than its" in said
    assert sorted(results(tmp_path)) == ["0", "2", "5"] and len(starts(tmp_path)) == 3 + 9


def test_a_driver_that_is_killed_goes_on(cluster: Raylets, tmp_path: Path, one: dict[str, bytes]) -> None:
    """Its tasks stop with it; the next one starts only what is not done."""
    driver = drive(cluster.address, tmp_path, 16, 0.4)
    until(lambda: len(list(tmp_path.glob("results/*"))) >= 4)
    driver.kill()
    driver.communicate()
    again = drive(cluster.address, tmp_path, 16, 0)
    said = again.communicate(timeout=120)[1]
    assert again.returncode == 0, said
    assert results(tmp_path) == one and len(starts(tmp_path)) <= 16 + 2 + 1


def test_a_cluster_is_not_joined_without_its_token(cluster: Raylets, tmp_path: Path) -> None:
    """None, and a wrong one: one line each, before any task."""
    said = refused(cluster.address, tmp_path, RAY_AUTH_TOKEN="", HOME=str(tmp_path))
    assert said.startswith(
        f"found no token for the cluster at {cluster.address}: Ray runs whatever it is sent, expected"
    )
    said = refused(cluster.address, tmp_path, RAY_AUTH_TOKEN="0bad" * 16)
    assert said.startswith(
        f"found a cluster at {cluster.address} that cannot be joined (it refuses the token), expected"
    )


def test_a_cluster_of_another_python_is_refused(cluster: Raylets, tmp_path: Path) -> None:
    """Both versions are told."""
    cluster.do("claim 3.9.1")
    said = refused(cluster.address, tmp_path)
    cluster.do("claim")
    assert said.startswith(f"found a cluster at {cluster.address} of other versions (Ray: ") and "Python: 3.9.1" in said


class _Other(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_an_address_without_a_cluster_is_one_line(tmp_path: Path) -> None:
    """Nothing there, another server, no address."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert f"found nothing that listens at 127.0.0.1:{port}, expected the head of" in refused(
        f"127.0.0.1:{port}", tmp_path
    )
    server = HTTPServer(("127.0.0.1", 0), _Other)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    said = refused(f"127.0.0.1:{server.server_port}", tmp_path)
    server.shutdown()
    server.server_close()
    assert said.startswith(
        f"found a server at 127.0.0.1:{server.server_port} that is no Ray cluster, expected the head"
    )
    assert "found --on 'nowhere', expected ray, or HOST:PORT" in refused("nowhere", tmp_path)


def clock(place: Path) -> dict[str, str]:
    """Give Python a clock that is an hour slow."""
    (place / "sitecustomize.py").write_text("import time\n_now = time.time\ntime.time = lambda: _now() - 3600\n")
    return {"PYTHONPATH": str(place)}


def code(place: Path) -> dict[str, str]:
    """Give a node another release's code."""
    import drillyard

    shutil.copytree(Path(drillyard.__file__).parent, place / "drillyard", ignore=shutil.ignore_patterns("__pycache__"))
    with (place / "drillyard" / "errors.py").open("a") as file:
        file.write("# the next release\n")
    return {"PYTHONPATH": str(place)}


def disk(place: Path) -> dict[str, str]:
    """Give a node a disk of its own where the run's folder is."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        pytest.skip("a node with a disk of its own takes a user who may mount one")
    (folder := place.parent / "run").mkdir()
    (place / "sitecustomize.py").write_text(
        "import ctypes\n"
        "system = ctypes.CDLL(None)\n"
        "system.unshare(0x00020000)\n"  # CLONE_NEWNS
        "system.mount(b'none', b'/', None, 0x44000, None)\n"  # MS_REC | MS_PRIVATE
        f"system.mount(b'tmpfs', {bytes(folder)!r}, b'tmpfs', 0, None)\n"
    )
    return {"PYTHONPATH": str(place)}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            clock,
            r"found a clock 3,(600|59\d) s behind on node \w+ \(.*\), expected one within 30 s of this",
        ),
        (code, r"found other code of drillyard on node \w+ \(.*\), expected that of this process \(\w+\); install the"),
        (
            disk,
            r"found '.*run' that node \w+ \(.*\) does not share, expected a folder that every node reads",
        ),
    ],
    ids=["wrong clock", "other code", "own disk"],
)
def test_a_node_that_will_not_do_is_refused_before_work(
    cluster: Raylets, tmp_path: Path, make: Callable[[Path], dict[str, str]], said: str
) -> None:
    """It is named, with what to change."""
    (tmp_path / "node").mkdir()
    cluster.do("add " + " ".join(f"{name}={value}" for name, value in make(tmp_path / "node").items()))
    found = refused(cluster.address, tmp_path / "run")
    cluster.do("remove")
    assert re.match(said, found), found


def test_a_head_that_is_lost_is_one_line_and_another_cluster_goes_on(
    cluster: Raylets, clusters: list[Raylets], tmp_path: Path, one: dict[str, bytes]
) -> None:
    """What is done stays, and is not run again."""
    driver = drive(cluster.address, tmp_path, 16, 4)
    until(lambda: len(list(tmp_path.glob("results/*"))) >= 2)
    cluster.do("kill head")
    said = driver.communicate(timeout=120)[1]
    assert driver.returncode == 2 and len(said.splitlines()) == 1, said
    assert said.startswith(f"found the head of the cluster at {cluster.address} gone, expected it to answer; what is")
    finished = results(tmp_path)
    driver = drive(whole(clusters).address, tmp_path, 16, 0)
    said = driver.communicate(timeout=120)[1]
    assert driver.returncode == 0, said
    begun = starts(tmp_path)
    assert results(tmp_path) == one and all(begun.count(int(name)) == 1 for name in finished) and len(begun) <= 16 + 2
