"""Node with pinned packages of npm, for what only JavaScript can check; fetched once per run of the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

__all__ = ["PACKAGES", "install", "require_node"]

PACKAGES = {"scorm-again": "3.4.3", "axe-core": "4.14.1"}


def require_node() -> None:
    """Skip where there is no Node, but in CI, where there must be."""
    if not (shutil.which("npm") and shutil.which("node")) and os.environ.get("CI") != "true":
        pytest.skip("no node and npm on this machine")


def install(folder: Path, name: str) -> Path:
    """Return the folder of a package; skips, with the reason, where there is no npm or no registry but in CI."""
    require_node()
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", f"{name}@{PACKAGES[name]}"]
    (folder / "package.json").write_text("{}")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode and os.environ.get("CI") != "true":
        pytest.skip(f"npm cannot fetch {name}: {done.stderr.strip().splitlines()[-1:]}")
    assert done.returncode == 0, done.stderr
    return folder / "node_modules" / name
