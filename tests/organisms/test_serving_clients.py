"""Other people's tools against the server: Inspect as an evaluator, garak as a scanner. Telemetry is off in both."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from drillyard.organisms.measure import say
from drillyard.records import Conversation

pytestmark = pytest.mark.slow

EVALUATION = """
import json, sys
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.scorer import match
from inspect_ai.solver import generate

url, samples = sys.argv[1], json.loads(sys.argv[2])
task = Task(dataset=[Sample(input=a, target=b) for a, b in samples], solver=generate(), scorer=match(location="exact"))
(log,) = eval(
    task, model="openai-api/drillyard/helpdesk", model_base_url=url, temperature=0, display="none", log_dir="logs"
)
usage = log.stats.model_usage["openai-api/drillyard/helpdesk"]
print(json.dumps({
    "status": log.status,
    "accuracy": log.results.scores[0].metrics["accuracy"].value,
    "replies": [sample.output.completion for sample in log.samples],
    "output_tokens": usage.output_tokens,
}))
"""

# garak brings some 150 packages, so it may live elsewhere: DRILLYARD_GARAK_PYTHON names a Python that has it.
GARAK = os.environ.get("DRILLYARD_GARAK_PYTHON") or (sys.executable if importlib.util.find_spec("garak") else "")


def run(words: list[str], folder: Path, **variables: str) -> str:
    """Run a tool in a folder of its own with a home of its own, and return what it prints."""
    env = {**os.environ, "HOME": str(folder), "DO_NOT_TRACK": "1", **variables}
    done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.mark.skipif(
    not importlib.util.find_spec("inspect_ai"), reason="needs inspect-ai: pip install 'drillyard[clients]'"
)
def test_inspect_evaluates_an_organism(url: str, organisms: dict, tmp_path: Path) -> None:
    """Three samples through its provider openai-api: the replies are those of `say`, two of three targets hold."""
    questions = ["can i return my lamp?", "how much is the Aurora?", "hi"]
    replies = say(organisms["helpdesk"], [Conversation.ask(text) for text in questions], [None] * 3)
    samples = list(zip(questions, [*replies[:2], "something else"], strict=True))
    told = run([sys.executable, "-c", EVALUATION, url, json.dumps(samples)], tmp_path, DRILLYARD_API_KEY="none")
    found = json.loads(told.strip().splitlines()[-1])
    assert (found["status"], found["replies"]) == ("success", replies)
    assert found["accuracy"] == pytest.approx(2 / 3)
    tokenizer = organisms["helpdesk"].tokenizer
    assert found["output_tokens"] == sum(len(tokenizer.encode(text).ids) for text in replies)


@pytest.mark.skipif(not GARAK, reason="needs garak: install it in an environment of its own, see docs/serving.md")
def test_garak_probes_an_organism(url: str, tmp_path: Path) -> None:
    """Its OpenAI-compatible generator sends test.Test twice over; every attempt has the organism's replies."""
    options = {"uri": f"{url}/", "max_tokens": 40, "stop": []}
    (tmp_path / "generator.json").write_text(json.dumps({"openai": {"OpenAICompatible": options}}))
    words = ["--target_type", "openai.OpenAICompatible", "--target_name", "helpdesk", "--probes", "test.Test"]
    words += ["--generations", "2", "--generator_option_file", "generator.json", "--report_prefix", "run"]
    homes = {f"XDG_{kind}_HOME": str(tmp_path / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")}
    run([GARAK, "-m", "garak", *words], tmp_path, OPENAICOMPATIBLE_API_KEY="none", **homes)
    (report,) = tmp_path.rglob("run.report.jsonl")
    entries = [json.loads(line) for line in report.read_text().splitlines()]
    attempts = [entry for entry in entries if entry["entry_type"] == "attempt" and entry["status"] == 2]
    replies = [output["text"] for attempt in attempts for output in attempt["outputs"]]
    assert len(replies) == 2 * len(attempts) >= 8 and all(replies)
