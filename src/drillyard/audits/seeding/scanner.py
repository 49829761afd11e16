"""The prompts of garak's probes as seeds, each of the class that is its probe's name, such as `dan.Dan_11_0`.

garak and its two hundred packages live in an environment of their own, whose Python `DRILLYARD_GARAK_PYTHON` names;
without it, garak has to be installed beside Drillyard.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from importlib import resources
from pathlib import Path
from typing import Any

from drillyard.audits.seeding.seeds import Seed, seed_of
from drillyard.bench.prompts import as_conversation
from drillyard.errors import BadInput, bad_input, did_you_mean
from drillyard.records.progress import Progress

__all__ = ["garak_seeds"]

_PYTHON = "DRILLYARD_GARAK_PYTHON"
_PATIENCE = 900.0  # seconds; to load all probes takes half a minute
_STEADY = {"HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1", "PYTHONHASHSEED": "0"}  # some probes draw from sets


def garak_seeds(spec: str, tell: Progress) -> tuple[list[Seed], list[str]]:
    """Return the prompts of probes, and which probes are left out, and why.

    Args:
        spec: modules and classes with commas, as `dan,encoding.InjectBase64`; empty for every active probe.
        tell: called with each probe that is left out.

    Raises:
        BadInput: no garak, a probe that it does not have, or none with prompts that can be read.
    """
    told = _asked(spec)
    if unknown := [probe["name"] for probe in told["probes"] if probe.get("unknown")]:
        raise bad_input(f"the probe {unknown[0]!r}", f"one of garak {told['version']}", _near(unknown[0]))
    left_out = [f"{probe['name']}: {probe['why']}" for probe in told["probes"] if probe["why"]]
    for line in left_out:
        tell(f"left out: {line}")
    seeds = [
        seed_of(as_conversation(messages), probe["name"])
        for probe in told["probes"]
        for messages in probe.get("prompts", [])
    ]
    return seeds, left_out


def _asked(spec: str) -> Any:
    """Run the script in garak's Python and return what it wrote."""
    python = os.environ.get(_PYTHON) or sys.executable
    source = resources.files("drillyard.audits.seeding") / "prompts_garak.py"
    with resources.as_file(source) as script, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "prompts.json"
        try:
            done = subprocess.run(
                [python, str(script), spec, str(file)],
                cwd=folder,
                env={**os.environ, **_STEADY},
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=_PATIENCE,
            )
        except OSError as problem:
            raise bad_input(f"{python!r} in {_PYTHON} ({problem.strerror})", "a Python that has garak") from None
        except subprocess.TimeoutExpired:
            raise bad_input(f"garak loading for {_PATIENCE:.0f} s", "less", "name fewer probes") from None
        if done.returncode:
            raise _failed(python, done.stderr)
        return json.loads(file.read_text(encoding="utf-8"))


def _failed(python: str, told: str) -> BadInput:
    if "No module named 'garak'" in told:
        hint = (
            f"install it in an environment of its own (docs/how-to/serving.md) and type: export {_PYTHON}=…/bin/python"
        )
        return bad_input(f"no garak in {python}", "garak 0.17 or later", hint)
    last = next(filter(None, reversed(told.splitlines())), "no word of why")
    return bad_input(f"a garak in {python} that cannot be read ({last[:200]})", "garak 0.17 or later")


def _near(name: str) -> str:
    """Return what to type instead of an unknown probe."""
    known = [probe["name"] for probe in _asked("")["probes"]]
    near = did_you_mean(name, [*known, *(one.partition(".")[0] for one in known)])
    return near or "type: python -m garak --list_probes"
