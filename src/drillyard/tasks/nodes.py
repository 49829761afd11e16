"""What is asked of a node before it may work: the same code, the same folder, the right time.

A node that fails costs minutes later, and more when its results are merely different; so it is told before work starts.
"""

from __future__ import annotations

import functools
import hashlib
import platform
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from drillyard.errors import bad_input
from drillyard.records.files import write_atomically

__all__ = ["CLOCK_SECONDS", "NodeFacts", "check_nodes", "describe_node", "hash_code"]

CLOCK_SECONDS = 30.0
"""How wrong a clock may be: results do not depend on it, but the dates on them and the age of certificates do. Chosen:
far above what a synchronised clock is off, far below what an unset one is."""


@dataclass(frozen=True, kw_only=True)
class NodeFacts:
    """What a node says of itself; `saw` is what it read in the run's folder, empty for nothing."""

    host: str
    python: str
    code: str
    clock: float
    saw: str


@functools.cache
def hash_code() -> str:
    """Return the hash of this package's source: equal hashes give equal bytes, which equal versions need not."""
    root, digest = Path(__file__).parents[1], hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        digest.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def describe_node(folder: Path, name: str) -> NodeFacts:
    """Say what a node is, and leave an answer beside the file `name`. Runs on the node."""
    try:
        saw = (folder / name).read_text(encoding="ascii")
        write_atomically(folder / f"{name}-{saw}-{socket.gethostname()}", saw.encode())
    except Exception:  # not there, not readable or not writable is one answer: nothing was shared
        saw = ""
    return NodeFacts(
        host=socket.gethostname(), python=platform.python_version(), code=hash_code(), clock=time.time(), saw=saw
    )


def check_nodes(folder: Path, ask: Callable[[str], Mapping[str, NodeFacts]]) -> None:
    """Refuse nodes that run other code, do not share the folder, or have a wrong clock.

    Args:
        folder: of the run; a file is left there while the nodes are asked.
        ask: has `describe_node(folder, name)` run on every node, and returns what each one says, by its name.

    Raises:
        BadInput: the first node that will not do, and what to change.
    """
    name, word = f".shared-{secrets.token_hex(4)}", secrets.token_hex(8)
    write_atomically(folder / name, word.encode())
    try:
        before = time.time()
        facts = ask(name)
        after = time.time()
        for node, one in facts.items():
            _check(f"node {node} ({one.host})", one, folder, word, before, after)
        answers = {answer.name.rpartition("-")[2] for answer in folder.glob(f"{name}-{word}-*")}
        for node, one in facts.items():
            if one.host.rpartition("-")[2] not in answers:
                raise _not_shared(f"node {node} ({one.host})", folder)
    finally:
        for left in folder.glob(f"{name}*"):
            left.unlink(missing_ok=True)


def _check(node: str, one: NodeFacts, folder: Path, word: str, before: float, after: float) -> None:
    here = platform.python_version()
    if one.python.rpartition(".")[0] != here.rpartition(".")[0]:
        raise bad_input(f"Python {one.python} on {node}", f"{here} as here", "run one image or environment everywhere")
    if one.code != hash_code():
        found = f"other code of drillyard on {node} ({one.code})"
        raise bad_input(found, f"that of this process ({hash_code()})", "install the same release on every node")
    if one.saw != word:
        raise _not_shared(node, folder)
    off = max(one.clock - after, before - one.clock)
    if off > CLOCK_SECONDS:
        way = "ahead" if one.clock > after else "behind"
        found = f"a clock {off:,.0f} s {way} on {node}"
        raise bad_input(
            found, f"one within {CLOCK_SECONDS:.0f} s of this machine's", "type there: timedatectl set-ntp on"
        )


def _not_shared(node: str, folder: Path) -> Exception:
    found = f"{str(folder)!r} that {node} does not share"
    return bad_input(found, "a folder that every node reads and writes", "choose -o on a shared disk, or use --part")
