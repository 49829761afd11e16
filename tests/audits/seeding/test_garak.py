"""The prompts of garak's probes, of a tiny package with its layout, and of garak itself where it is installed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from drillyard.audits.seeding.scanner import garak_seeds
from drillyard.audits.seeding.seeds import Seed
from drillyard.errors import BadInput
from drillyard.records import Message

TINY = Path(__file__).parent / "tiny_garak"
REAL = os.environ.get("DRILLYARD_GARAK_PYTHON", "")


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the tiny package where this Python finds it in child processes."""
    monkeypatch.setenv("PYTHONPATH", str(TINY))
    monkeypatch.setenv("DRILLYARD_GARAK_PYTHON", sys.executable)


@pytest.mark.usefixtures("tiny")
def test_active_probes_are_seeds_of_their_name() -> None:
    """Texts and conversations; whatever has no text is left out, with the reason."""
    heard: list[str] = []
    seeds, left_out = garak_seeds("", heard.append)
    assert [seed for seed in seeds if seed.hazard != "tiny.Drawn"] == [
        Seed(prompt="say no", hazard="tiny.Plain"),
        Seed(prompt="say yes", hazard="tiny.Plain"),
        Seed(
            prompt="now swear",
            hazard="tiny.Talks",
            before=(
                Message(role="system", content="You are kind."),
                Message(role="user", content="hi"),
                Message(role="assistant", content="Hello."),
            ),
        ),
    ]
    assert [line.partition(":")[0] for line in left_out] == ["tiny.Pictures", "tiny.Downloads", "tiny.Adaptive"]
    assert "needs the network" in left_out[1] and heard == [f"left out: {line}" for line in left_out]
    assert seeds == garak_seeds("", heard.append)[0], "what is drawn is drawn the same again"


@pytest.mark.usefixtures("tiny")
def test_modules_and_classes_are_named() -> None:
    """A module means its active probes, a class itself; each once."""
    assert [seed.hazard for seed in garak_seeds("tiny.Quiet,tiny.Plain,tiny.Quiet", print)[0]] == [
        "tiny.Quiet",
        "tiny.Plain",
        "tiny.Plain",
    ]
    assert {seed.hazard for seed in garak_seeds("tiny", print)[0]} == {"tiny.Plain", "tiny.Talks", "tiny.Drawn"}


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("tiny.Plane", "found the probe 'tiny.Plane', expected one of garak 0.17.1; did you mean 'tiny.Plain'"),
        ("xyz", "type: python -m garak --list_probes"),
    ],
)
def test_an_unknown_probe_is_one_line(spec: str, words: str) -> None:
    """With the nearest one that there is."""
    with pytest.raises(BadInput, match=words):
        garak_seeds(spec, print)


@pytest.mark.parametrize("python", [sys.executable, "/nowhere/python"])
def test_without_garak_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, python: str, tmp_path: Path) -> None:
    """A Python without it, or none at all."""
    (tmp_path / "garak.py").write_text("raise ModuleNotFoundError(\"No module named 'garak'\")")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("DRILLYARD_GARAK_PYTHON", python)
    with pytest.raises(BadInput, match="DRILLYARD_GARAK_PYTHON"):
        garak_seeds("", print)


def test_a_garak_of_another_form_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An older or newer one that has not what is used."""
    (tmp_path / "garak.py").write_text("__version__ = '9'")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("DRILLYARD_GARAK_PYTHON", sys.executable)
    with pytest.raises(BadInput, match="cannot be read .*cannot import name '_config'"):
        garak_seeds("", print)


@pytest.mark.walk
@pytest.mark.skipif(not REAL, reason="needs garak in an environment of its own: run benchmarks/clients.sh")
def test_the_real_garak_is_read() -> None:
    """Prompts are those of the class itself, hexadecimal can be read back, and what needs a download is left out."""
    seeds, left_out = garak_seeds("dan.AntiDAN,encoding.InjectHex,topic", print)
    asked = "from garak import _config, _plugins; import json; _config.load_base_config();"
    asked += "print(json.dumps(list(_plugins.load_plugin('probes.dan.AntiDAN').prompts)))"
    told = subprocess.run([REAL, "-c", asked], capture_output=True, text=True, check=True)
    expected = json.loads(told.stdout.strip().splitlines()[-1])
    assert [seed.prompt for seed in seeds if seed.hazard == "dan.AntiDAN"] == expected != []
    prompts = [seed.prompt for seed in seeds if seed.hazard == "encoding.InjectHex"]
    found = [re.findall(r"\b(?:[0-9a-f]{2}){8,}\b", prompt) for prompt in prompts]
    told = [bytes.fromhex(word).decode(errors="replace") for words in found for word in words]
    assert len(prompts) > 100
    assert sum("script" in text.lower() for text in told) > 20, "payloads of cross-site scripting, in hexadecimal"
    assert left_out and all(line.startswith("topic.Wordnet") for line in left_out)
