"""The package as it is published: reproducible, typed, licensed, within its size, and what stands beside it is true."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MOST_WEIGHTS = 15 << 20


def build(folder: Path) -> Path:
    """Build the wheel in a folder."""
    env = {**os.environ, "SOURCE_DATE_EPOCH": "1795910400"}
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.mark.walk
def test_the_wheel_is_reproducible_typed_licensed_and_small(tmp_path: Path) -> None:
    """Two builds are equal; the types, licences and weights are in it, tests and caches are not."""
    wheel, again = build(tmp_path / "a"), build(tmp_path / "b")
    assert hashlib.sha256(wheel.read_bytes()).digest() == hashlib.sha256(again.read_bytes()).digest()
    with zipfile.ZipFile(wheel) as archive:
        names = {info.filename: info.file_size for info in archive.infolist()}
    about = f"drillyard-{PROJECT['version']}.dist-info"
    assert "drillyard/py.typed" in names
    held = {name.rpartition("/")[2] for name in names if name.startswith(f"{about}/licenses/")}
    assert held == {"LICENSE", "NOTICE", "htmx.LICENSE.txt"}
    weights = sum(size for name, size in names.items() if name.endswith((".safetensors", ".npz", ".onnx")))
    assert 1 << 20 < weights <= MOST_WEIGHTS and wheel.stat().st_size <= 18 << 20
    assert not [name for name in names if name.split("/")[0] not in ("drillyard", about) or "__pycache__" in name]


def test_what_stands_beside_the_package_is_of_this_version() -> None:
    """Citation, changelog, container and examples name the version that is built."""
    version = PROJECT["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (citation["version"], citation["license"]) == (version, PROJECT["license"])
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[{re.escape(version)}\]", changes, re.MULTILINE)
    for name in ("Containerfile", "examples/cluster/job.yaml", "examples/cluster/kuberay.yaml"):
        assert f"drillyard:{version}" in (ROOT / name).read_text(encoding="utf-8"), name


def test_the_examples_for_clusters_hold_together(tmp_path: Path) -> None:
    """The shell reads what Slurm is given; the manifests are YAML of the kinds that they say, with a token for Ray."""
    folder = ROOT / "examples" / "cluster"
    subprocess.run(["bash", "-n", str(folder / "panel.slurm")], check=True)
    job = yaml.safe_load((folder / "job.yaml").read_text(encoding="utf-8"))["spec"]
    (container,) = job["template"]["spec"]["containers"]
    assert job["completionMode"] == "Indexed" and f"/{job['completions']}" in container["args"][0]
    subprocess.run(["bash", "-nc", container["args"][0]], check=True)
    cluster = yaml.safe_load((folder / "kuberay.yaml").read_text(encoding="utf-8"))["spec"]
    pods = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    for pod in pods:
        (container,) = pod["template"]["spec"]["containers"]
        named = {one["name"]: one for one in container["env"]}
        assert named["RAY_AUTH_MODE"]["value"] == "token" and "secretKeyRef" in named["RAY_AUTH_TOKEN"]["valueFrom"]
        assert container["volumeMounts"] == [{"name": "runs", "mountPath": "/runs"}]


def test_the_slurm_script_runs_its_part(tmp_path: Path) -> None:
    """By hand, with the variables that Slurm sets: the command it would run, counted from 1."""
    (tmp_path / "drillyard").write_text('#!/bin/sh\necho "$@"\n', encoding="utf-8")
    (tmp_path / "drillyard").chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "RUN": "/shared/panel"}
    script = str(ROOT / "examples" / "cluster" / "panel.slurm")

    def said(**more: str) -> str:
        return subprocess.run(["bash", script], env=env | more, capture_output=True, text=True, check=False).stdout

    assert said(SLURM_ARRAY_TASK_ID="3", SLURM_CPUS_PER_TASK="2").endswith("-o /shared/panel --part 3/8 --workers 2\n")
    assert said(MERGE="1").endswith("-o /shared/panel --merge --json\n") and said() == ""
