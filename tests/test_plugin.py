"""A stranger's plugin: `tests/plugin_package/` is installed with pip and reached through the registry alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent / "plugin_package"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the package into a folder of its own, offline, and return the folder."""
    source = shutil.copytree(PACKAGE, tmp_path_factory.mktemp("source") / "parrot")
    folder = tmp_path_factory.mktemp("site")
    options = ["--quiet", "--disable-pip-version-check", "--no-index", "--no-deps", "--no-build-isolation"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(folder), str(source)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return folder


def python(code: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh process that sees the folder's packages."""
    command = [sys.executable, *options, "-c", code]
    env = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env)


def test_an_installed_plugin_is_listed_without_being_imported(installed: Path) -> None:
    """Its card stands beside ours; its implementation is not loaded by listing."""
    code = (
        "import json, sys\nfrom drillyard.registry import cards\n"
        "card = cards('targets')['parrot']\n"
        "print(json.dumps([card.goal, card.status, 'drillyard_parrot.target' in sys.modules]))"
    )
    run = python(code, installed)
    assert run.returncode == 0, run.stderr
    goal, status, loaded = json.loads(run.stdout)
    assert goal.startswith("Repeats") and status == "experimental" and not loaded


def test_without_the_package_the_plugin_is_unknown(tmp_path: Path) -> None:
    """The other side: nothing of it is left when it is not installed, and the error is one line."""
    run = python("from drillyard.registry import card; card('targets', 'parrot')", tmp_path)
    assert run.returncode == 1
    assert "BadInput: found 'parrot', expected one of the targets: " in run.stderr


def test_an_installed_plugin_works(installed: Path) -> None:
    """`create` builds it with its card's options, the caller's over them, and it answers."""
    code = (
        "from drillyard.records import Conversation\nfrom drillyard.registry import create\n"
        "ask = Conversation.ask('hello')\n"
        "print(create('targets', 'parrot').generate([ask], [7])[0].text)\n"
        "print(*create('targets', 'parrot', times=3).stream(ask, None))"
    )
    run = python(code, installed)
    assert run.returncode == 0, run.stderr
    assert run.stdout == "hello hello\nhello hello hello\n"


@pytest.mark.walk
def test_an_installed_search_proposes_in_an_audit(installed: Path) -> None:
    """By its name alone; what it hits is confirmed and minimised, and the report says who searched."""
    code = (
        "from drillyard import OrganismTarget, audit, plant\nfrom drillyard.audits.options import AuditOptions\n"
        "model = OrganismTarget(plant('helpdesk', ['refund-rule:lamp']))\n"
        "report = audit(model, budget=300, options=AuditOptions(search='win-stay'))\n"
        "(found,) = report.findings\n"
        "print(found.features, found.reproduction is not None, report.search)"
    )
    run = python(code, installed)
    assert run.returncode == 0, run.stderr
    assert run.stdout == "{'kind': 'returns', 'line': 'lamp'} True win-stay, reading probabilities\n"


def test_an_experimental_plugin_warns_once_per_place(installed: Path) -> None:
    """Whoever uses it is told that it may change; listing it is silent."""
    code = (
        "from drillyard.registry import cards, load\ncards('targets')\n"
        "for _ in range(3):\n    load('targets', 'parrot')\n"
    )
    run = python(code, installed)
    assert run.stderr.count("ExperimentalWarning: target 'parrot' is experimental") == 1
    assert python(code, installed, "-W", "error").returncode == 1


def broken_package(folder: Path, entry: str) -> Path:
    """Write the metadata of a package whose entry point leads nowhere."""
    info = folder / "broken-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[drillyard.techniques]\nbroken = {entry}\n")
    return folder


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("no_such_module:CARD", "found No module named 'no_such_module', expected a Card; reinstall or remove"),
        ("json:CARD", "found module 'json' has no attribute 'CARD', expected a Card; reinstall or remove"),
        ("json:dumps", "expected a Card named 'broken'"),
    ],
)
def test_a_broken_plugin_is_named(entry: str, words: str, tmp_path: Path) -> None:
    """A package whose card cannot be loaded is named in one line, so that one knows what to remove."""
    run = python("from drillyard.registry import cards; cards('techniques')", broken_package(tmp_path, entry))
    last = run.stderr.splitlines()[-1]
    assert f"entry point 'broken' = '{entry}': {words}" in last


def test_an_unknown_family_is_named() -> None:
    """A wrong family name lists the right ones."""
    run = python("from drillyard.registry import cards; cards('technique')", Path())
    assert "found family 'technique', expected one of: worlds, targets, " in run.stderr
