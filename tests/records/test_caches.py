"""The user's cache: one folder for each thing and each shape of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from drillyard.records.caches import cache_folder


def test_shapes_lie_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later shape is not taken for an earlier one; what was kept before shapes had numbers is of the first."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder("bases", 1) == tmp_path / "drillyard" / "bases"
    assert cache_folder("bases", 2) == tmp_path / "drillyard" / "bases-2"


@pytest.mark.parametrize("root", ["", "relative/cache"])
def test_only_an_absolute_root_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: str) -> None:
    """As the XDG Base Directory Specification has it: a relative path is invalid and ignored."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", root)
    assert cache_folder("kernel", 1) == tmp_path / ".cache" / "drillyard" / "kernel"
