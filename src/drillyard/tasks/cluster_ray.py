"""Ray Core: the same tasks on the nodes of a cluster. Plain tasks only, always behind a token.

A task that is lost is tried again by `run.py`, not by Ray, so that a try means the same everywhere; and what Ray says
of a task that is done is not needed: its file is looked for as well (Ray has lost small results, ray#59339).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from drillyard.errors import BadInput, DrillyardError, bad_input
from drillyard.registry import require
from drillyard.tasks.nodes import NodeFacts, check_nodes, describe_node
from drillyard.tasks.task import Ending, Limits, Task, perform

__all__ = ["LOCAL", "RayCluster"]

LOCAL = "ray"
"""The address that stands for a cluster of this machine, which ends with the run."""
_MOST = 1000
"""Tasks that wait in Ray at a time: enough for an autoscaler to see the need, few enough to look at each."""
_ANSWER_SECONDS, _GONE_SECONDS = 60.0, 15.0
"""Until a node that is asked must have answered (a worker's start takes some seconds), and until a head that refuses
connections counts as gone: before Ray, which ends this process after 60 s without a word."""
_QUIET = {
    "RAY_AUTH_MODE": "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_BACKEND_LOG_LEVEL": "error",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # what it says of a lost node goes to stdout, where our one JSON document belongs
}
_LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""Else Ray puts the machine's address in place of 127.0.0.1, and listens on all of them; the name is Ray's."""
_STORE = 80 << 20  # what Ray takes at least; nothing of ours is stored there


class RayCluster:
    """Tasks on Ray, at an address, or on a cluster of this machine with so many workers.

    Args:
        address: host and port of the head of a cluster that this machine is a node of, or `LOCAL`.
        workers: tasks at a time; 0 for as many as the cluster takes.
        folder: of the run, which every node must share.
        limits: of each task.
    """

    def __init__(self, address: str, workers: int, folder: Path, limits: Limits) -> None:
        self.room = workers or _MOST
        self._address, self._folder, self._limits = address, folder.absolute(), limits
        self._running: dict[Any, Task] = {}
        self._silent: set[Any] = set()
        self._answered = time.monotonic()
        self._closing = contextlib.ExitStack()

    def __enter__(self) -> Self:
        """Connect, or start; then have every node checked. Raises `BadInput`."""
        local = self._address == LOCAL
        os.environ.update(_QUIET | _token(self._address) | (_LOOPBACK if local else {}))  # read when Ray is imported
        if not local:
            _listens(self._address)
        self._ray: Any = require("ray", "cluster", f"--on {self._address}")
        with contextlib.ExitStack() as stack:
            with _hushed():
                if local:
                    self._address = stack.enter_context(_started(self.room))
                self._connect()
            stack.callback(self._ray.shutdown)
            self._perform = self._ray.remote(num_cpus=1, max_retries=0)(perform)
            check_nodes(self._folder, self._ask)
            self._answered = time.monotonic()
            self._closing = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Let go of the cluster, or end it where it is ours; tasks that run are ended."""
        self._closing.close()

    def submit(self, task: Task) -> None:
        """Hand a task to Ray."""
        self._running[self._perform.remote(task, self._limits)] = task

    def ended(self, seconds: float) -> Iterator[tuple[Task, Ending]]:
        """Wait until a task ends, at most so long, and yield those that have. Raises `DrillyardError` without head."""
        ready, rest = self._ray.wait(list(self._running), num_returns=1, timeout=seconds)
        for ref in ready:
            yield self._running.pop(ref), self._ending(ref)
        if time.monotonic() - self._answered > seconds:
            self._require_head()
        if ready:
            return
        for ref in rest:
            if self._running[ref].finished:
                if ref in self._silent:  # seen twice, a look apart: Ray has had the time to say so
                    yield self._running.pop(ref), Ending(how="done")
                self._silent.add(ref)

    def _ending(self, ref: Any) -> Ending:
        errors = self._ray.exceptions
        try:
            ending: Ending = self._ray.get(ref)
            return ending
        except errors.OutOfMemoryError:
            return Ending(how="memory", words="was ended because its node had no memory left")
        except errors.RayTaskError as error:  # it did not begin: its function or arguments are unknown there
            return Ending(how="failed", words=f"could not begin on its node: {_first(error)}", trace=str(error))
        except errors.RayError as error:
            return Ending(how="crashed", words=f"lost its worker or node ({type(error).__name__})")

    def _connect(self) -> None:
        try:
            self._ray.init(address=self._address, log_to_driver=False, logging_level="CRITICAL")
        except self._ray.exceptions.AuthenticationError as error:
            raise _refused(self._address, _first(error)) from None
        except ConnectionError:
            raise _refused(self._address, "it refuses the token") from None
        except (RuntimeError, ValueError, OSError) as error:
            if "ersion" in str(error):
                found = f"a cluster at {self._address} of other versions ({_versions(str(error))})"
                raise bad_input(found, "the same Python and Ray on every node", "run one image everywhere") from None
            raise _refused(self._address, _first(error)) from None

    def _ask(self, name: str) -> Mapping[str, NodeFacts]:
        """Have every node that takes tasks describe itself."""
        strategy = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        ask = self._ray.remote(num_cpus=1, max_retries=0)(describe_node)
        nodes = [node for node in self._ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]
        if not nodes:
            raise bad_input(f"no node with a processor at {self._address}", "at least one", "add a worker node")
        refs = {
            node["NodeID"][:8]: ask.options(scheduling_strategy=strategy(node["NodeID"], soft=False)).remote(
                self._folder, name
            )
            for node in nodes
        }
        answers = {name: self._answer(name, ref) for name, ref in refs.items()}
        return {name: facts for name, facts in answers.items() if facts}

    def _answer(self, node: str, ref: Any) -> NodeFacts | None:
        """Return what a node says; None when it was lost meanwhile, or before Ray had noticed."""
        try:
            facts: NodeFacts = self._ray.get(ref, timeout=_ANSWER_SECONDS)
            return facts
        except self._ray.exceptions.GetTimeoutError:
            found = f"no answer of node {node} in {_ANSWER_SECONDS:.0f} s"
            raise bad_input(found, "a node with a free processor", "wait for other work on it, or remove it") from None
        except self._ray.exceptions.RayTaskError as error:
            found = f"node {node} without this drillyard ({_first(error)})"
            raise bad_input(found, "the same release on every node", "run one image everywhere") from None
        except self._ray.exceptions.RayError:
            return None

    def _require_head(self) -> None:
        """Raise when the head has refused connections for a while."""
        if _reaches(self._address):
            self._answered = time.monotonic()
        elif time.monotonic() - self._answered > _GONE_SECONDS:
            found = f"the head of the cluster at {self._address} gone"
            raise DrillyardError(
                f"found {found}, expected it to answer; what is finished is kept: type the same command again, "
                "on this cluster or another one"
            )


def _token(address: str) -> dict[str, str]:
    """Return the environment that holds the token: for a cluster of this machine a new one, unless one is set.

    Ray keeps the first token that a process has; a second run in it takes the same one.
    """
    if address == LOCAL:
        return {"RAY_AUTH_TOKEN": os.environ.get("RAY_AUTH_TOKEN") or secrets.token_hex(32)}
    path = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")
    if not os.environ.get("RAY_AUTH_TOKEN") and not path.is_file():
        found = f"no token for the cluster at {address}: Ray runs whatever it is sent"
        hint = "start every node with RAY_AUTH_MODE=token and the same token, and set it here"
        raise bad_input(found, "RAY_AUTH_TOKEN, or RAY_AUTH_TOKEN_PATH with a file", hint)
    return {}


def _listens(address: str) -> None:
    """Raise `BadInput` for what is no address, or where nothing listens; Ray would try for 20 s and more."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise bad_input(f"--on {address!r:.80}", "ray, or HOST:PORT of a cluster's head, such as 10.0.0.5:6379")
    if not _reaches(address):
        hint = "start one: RAY_AUTH_MODE=token ray start --head --port 6379 (docs/how-to/many-machines.md)"
        raise bad_input(f"nothing that listens at {address}", "the head of a Ray cluster", hint)
    if not _speaks_http2(address):
        raise bad_input(f"a server at {address} that is no Ray cluster", "the head of one", "look at the port")


def _reaches(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=3):
            return True
    except (OSError, OverflowError):
        return False


def _speaks_http2(address: str) -> bool:
    """Say whether gRPC may be spoken there: a server begins with its settings, frame type 4 (RFC 9113, 3.4 and 6.5)."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=3) as link:
            link.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
            return link.recv(9)[3:4] == b"\4"
    except OSError:
        return False


@contextlib.contextmanager
def _started(workers: int) -> Iterator[str]:
    """Run a cluster of this machine on loopback: a head that does no work, and two nodes, so that one may be lost."""
    from ray.cluster_utils import Cluster

    # Not where temporary files are: the path of a socket in it may have 107 characters.
    folder = tempfile.mkdtemp(prefix="dy-ray-", dir="/tmp")
    os.environ["RAY_TMPDIR"] = folder  # it also notes there which cluster is the last
    (home := Path(folder) / "ray").mkdir()
    about: dict[str, Any] = {"include_dashboard": False, "object_store_memory": _STORE, "node_ip_address": "127.0.0.1"}
    try:
        try:
            cluster: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "temp_dir": str(home), **about})
        except RuntimeError as error:
            found = f"that Ray does not start here ({_first(error)})"
            raise bad_input(found, "a cluster of this machine", "leave --on out: processes do the same work") from None
        try:
            for count in ((workers + 1) // 2, workers // 2):
                if count:
                    cluster.add_node(num_cpus=count, **about)
            cluster.wait_for_nodes()
            yield cluster.address
        finally:
            cluster.shutdown()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _hushed() -> Iterator[None]:
    """Keep what Ray's core writes straight to the file of stderr to itself, such as one line per look at a token."""
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _refused(address: str, why: str) -> BadInput:
    found = f"a cluster at {address} that cannot be joined ({why})"
    expected = "a Ray cluster with this machine as a node, and its own token in RAY_AUTH_TOKEN"
    return bad_input(found, expected, f"type on this machine: ray start --address {address}")


def _first(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:160]


def _versions(text: str) -> str:
    return ", ".join(" ".join(line.split()) for line in text.splitlines() if "Python:" in line or "Ray:" in line)[:160]
