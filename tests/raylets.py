"""A real cluster for tests, in a process of its own: a head and two nodes on loopback, which lines on stdin kill.

    kill raylet | kill worker | kill head | add NAME=VALUE … | remove | claim PYTHON | quit

Every line is answered by one on stdout. `add` gives the new node's processes an environment, by which tests give it
another clock, other code, or another disk; `remove` ends what was added.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["ENVIRONMENT", "TOKEN"]

TOKEN = "7e57" * 16
ENVIRONMENT = {
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": TOKEN,
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # else Ray listens on all interfaces
    "OMP_NUM_THREADS": "1",
}
_NODE: dict[str, Any] = {"include_dashboard": False, "object_store_memory": 80 << 20, "node_ip_address": "127.0.0.1"}


def main() -> None:
    """Start, answer lines, end."""
    os.environ.update(ENVIRONMENT)
    from ray.cluster_utils import Cluster

    folder = tempfile.mkdtemp(prefix="dy-test-", dir="/tmp")  # the path of a socket has at most 107 characters
    os.environ["RAY_TMPDIR"] = folder
    (home := Path(folder) / "ray").mkdir()
    cluster: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "temp_dir": str(home), **_NODE})
    for _ in range(2):
        cluster.add_node(num_cpus=1, **_NODE)
    print(cluster.address, flush=True)
    added: list[Any] = []
    try:
        for line in sys.stdin:
            verb, _, rest = line.strip().partition(" ")
            if verb == "quit":
                break
            print(_do(verb, rest, cluster, added), flush=True)
    finally:
        cluster.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


def _do(verb: str, rest: str, cluster: Any, added: list[Any]) -> str:
    if (verb, rest) == ("kill", "raylet"):
        node = next(iter(cluster.worker_nodes))
        node.all_processes["raylet"][0].process.send_signal(signal.SIGKILL)
        cluster.worker_nodes.discard(node)
    elif (verb, rest) == ("kill", "worker"):
        os.kill(_worker(), signal.SIGKILL)
    elif (verb, rest) == ("kill", "head"):
        cluster.head_node.all_processes["gcs_server"][0].process.send_signal(signal.SIGKILL)
    elif verb == "add":
        added.append(cluster.add_node(num_cpus=1, env_vars=dict(word.split("=", 1) for word in rest.split()), **_NODE))
    elif verb == "claim":
        _claim(cluster.address, rest)
    elif verb == "remove":
        cluster.remove_node(added.pop())
    return "done"


def _claim(address: str, python: str) -> None:
    """Have the head say that it runs another Python, empty for the true one."""
    from ray._raylet import GcsClient

    client, key = GcsClient(address=address), (b"CLUSTER_METADATA", b"cluster")
    about = json.loads(client.internal_kv_get(*key))
    about["python_version"] = python or platform.python_version()
    client.internal_kv_put(key[0], json.dumps(about).encode(), True, key[1])


def _worker() -> int:
    """Return a process that runs a task; Ray names it after the function."""
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if b"ray::perform" in (place / "cmdline").read_bytes():
                return int(place.name)
        except OSError:
            continue
    raise LookupError("no worker runs a task")


if __name__ == "__main__":
    main()
