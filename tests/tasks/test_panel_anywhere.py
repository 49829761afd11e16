"""A validation panel prints the same, to the byte, in one process, on Ray with a raylet killed, and in merged parts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import children, until

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]
PANEL = ["audit", "--validate", "--organisms", "6", "--budget", "200", "--scope", "helpdesk", "--json"]


def start(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    """Start a panel in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "drillyard", *PANEL, "-o", str(folder), *words], stdout=-1, stderr=-1
    )


def said(panel: subprocess.Popen[bytes]) -> bytes:
    """Return what a panel prints, which is none that could not be done."""
    out, errors = panel.communicate()
    assert panel.returncode in (0, 1), errors.decode()
    return out


def below(pid: int) -> Iterator[int]:
    """Yield all processes below one."""
    for child in children(pid):
        yield child
        yield from below(child)


def raylet(pid: int) -> int:
    """Return a raylet that works for a process: not the head's, which has the first socket."""
    for one in below(pid):
        words = Path(f"/proc/{one}/cmdline").read_bytes().split(b"\0")
        if words[0].endswith(b"/raylet") and any(word.endswith(b"raylet.1") for word in words):
            return one
    raise LookupError("no raylet")


def test_one_process_ray_and_parts_agree_to_the_byte(tmp_path: Path) -> None:
    """Whatever ran where, and whatever was killed."""
    one = said(start(tmp_path / "one", "--workers", "1"))
    pytest.importorskip("ray", reason="the extra cluster is not installed")
    panel = start(tmp_path / "ray", "--on", "ray", "--workers", "2")
    until(lambda: list(tmp_path.glob("ray/members/*.json")), 600)
    os.kill(raylet(panel.pid), signal.SIGKILL)
    assert said(panel) == one
    for part in ("2/3", "3/3", "1/3"):
        said(start(tmp_path / "parts", "--part", part))
    assert said(start(tmp_path / "parts", "--merge")) == one
