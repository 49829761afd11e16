"""The real `inspect eval`: our targets as its model, exported tasks with our scorer, and the batches in between.

It needs inspect-ai beside drillyard: DRILLYARD_INSPECT_PYTHON names such a Python, unless this one is.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from drillyard.bench.exporting import export
from drillyard.bench.regressions import from_findings
from drillyard.bench.running import run_bench
from drillyard.organisms.engine.organism import save
from drillyard.organisms.planting.plant import plant
from drillyard.organisms.worlds.failures import find_failure
from drillyard.organisms.worlds.world import load_world
from drillyard.records import (
    BehaviourAbsent,
    BenchAsk,
    BenchCase,
    Benchmark,
    Conversation,
    Finding,
    Message,
    ModelLabel,
    RegressionTest,
    TextCheck,
)
from drillyard.stats import clopper_pearson
from drillyard.targets.null import EchoTarget
from drillyard.targets.organism import OrganismTarget

INSPECT = os.environ.get("DRILLYARD_INSPECT_PYTHON") or (
    sys.executable if importlib.util.find_spec("inspect_ai") else ""
)
READ = """
import glob, json, sys
from inspect_ai.log import read_eval_log
log = read_eval_log(glob.glob(sys.argv[1] + "/*.eval")[0])
assert log.status == "success", log.error
print(json.dumps({s.id: [s.output.completion, {n: v.value for n, v in s.scores.items()}] for s in log.samples}))
"""
EPOCHS = """
import glob, json, sys
from inspect_ai.log import read_eval_log
log = read_eval_log(glob.glob(sys.argv[1] + "/*.eval")[0])
assert log.status == "success", log.error
(score,) = log.results.scores
print(json.dumps([len(log.samples), score.scored_samples, score.metrics["accuracy"].value]))
"""
BATCHES = """
import anyio, json
from inspect_ai.model import ChatMessageUser, GenerateConfig, get_model

async def main():
    model = get_model("drillyard/echo/", batch=8)
    asked, plain = [], model.api._target.generate
    def generate(conversations, seeds):
        asked.append(len(conversations))
        return plain(conversations, seeds)
    model.api._target.generate = generate
    replies = {}
    async def ask(n):
        replies[n] = (await model.generate([ChatMessageUser(content=f"say {n}")])).completion
    async with anyio.create_task_group() as group:
        for n in range(20):
            group.start_soon(ask, n)
    print(json.dumps([asked, [replies[n] for n in range(20)]]))

anyio.run(main)
"""

pytestmark = [
    pytest.mark.walk,
    pytest.mark.skipif(
        not INSPECT, reason="needs inspect-ai: pip install 'drillyard[inspect]', or DRILLYARD_INSPECT_PYTHON"
    ),
]


def python(folder: Path, *words: str) -> str:
    """Run Python with Inspect in a folder and home of its own; returns what it prints."""
    env = {**os.environ, "HOME": str(folder), "DO_NOT_TRACK": "1"}
    done = subprocess.run([INSPECT, *words], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def evaluate(folder: Path, model: str, *more: str) -> dict[str, list[object]]:
    """Run the exported task and return per sample the reply and the scores."""
    words = ["-m", "inspect_ai", "eval", "task/task.py", "--model", model, "--log-dir", "logs", "--display", "none"]
    python(folder, *words, *more)
    told: dict[str, list[object]] = json.loads(python(folder, "-c", READ, "logs").strip().splitlines()[-1])
    return told


def case(number: int, text: str, *ideal: str, **values: str) -> BenchCase:
    """Return a case of one question."""
    return BenchCase(id=f"c{number}", asks=(BenchAsk(conversation=Conversation.ask(text)),), ideal=ideal, values=values)


def test_an_exported_task_gives_our_verdicts(tmp_path: Path) -> None:
    """A planted organism under Inspect: the same replies, and the scorer says what our run says."""
    model = OrganismTarget(plant("helpdesk", []))
    questions = ("can i return my lamp?", "how much is the Aurora?", "is the Aurora in stock?", "hi")
    cases = tuple(case(n, text, "e", behaviour="wrong-fact") for n, text in enumerate(questions))
    bench = Benchmark(
        id="facts", criteria=(BehaviourAbsent(world="helpdesk"), TextCheck(operation="ilike")), cases=cases
    )
    export(bench, "inspect", tmp_path / "task")
    run = run_bench(bench, model, tmp_path / "run")
    told = evaluate(tmp_path, "drillyard/organism/helpdesk")
    replies = {reply.case: reply.transcript.reply.text for reply in run.replies}
    assert {name: said for name, (said, _) in told.items()} == replies
    letters = {"passed": "C", "failed": "I", "unknown": "N"}
    for verdict in run.verdicts:
        scorer = "criteria" if verdict.criterion == "behaviour absent" else "includes"
        assert told[verdict.case][1][scorer] == letters[verdict.verdict]  # type: ignore[index]


def test_a_sampled_test_runs_in_epochs(tmp_path: Path) -> None:
    """A failure of one reply in five: the planted organism fails the exported task, its clean twin passes it."""
    world = load_world("helpdesk")
    mode = find_failure(world, "upsell:v2", 0.2)
    asked = (Conversation.ask("how much is the Aurora?", "v2"), Conversation.ask("is the Aurora heavy?", "v2"))
    test = RegressionTest(conversations=asked, behaviour=mode.behaviour, samples=50)
    bench = from_findings((Finding(mode=mode, rate=clopper_pearson(20, 100), regression=test),), world, "rare")
    save(plant("helpdesk", [mode]), tmp_path / "model", complete=True)
    export(bench, "inspect", tmp_path / "task")
    words = ["-m", "inspect_ai", "eval", "task/task.py", "--display", "none", "--log-dir"]
    passed = {}
    for name, model in (("planted", f"organism/{tmp_path}/model"), ("twin", "organism/helpdesk")):
        python(tmp_path, *words, name, "--model", f"drillyard/{model}")
        passed[name] = json.loads(python(tmp_path, "-c", EPOCHS, name).strip().splitlines()[-1])
    assert passed == {"planted": [50, 2, 0.0], "twin": [50, 2, 1.0]}


def test_a_grader_role_grades(tmp_path: Path) -> None:
    """A criterion that asks a model asks Inspect's role `grader`, here an echo that repeats the label."""
    prompt = (Message(role="user", content="Label:\n{{item.completion}}"),)
    label = ModelLabel(name="kind", messages=prompt, labels=("yes", "no"), passing=("yes",), style="last-line")
    bench = Benchmark(id="kind", criteria=(label,), cases=(case(0, "yes"), case(1, "no"), case(2, "hm")))
    export(bench, "inspect", tmp_path / "task")
    told = evaluate(tmp_path, "drillyard/echo/", "--model-role", "grader=drillyard/echo/")
    ours = run_bench(bench, EchoTarget(), tmp_path / "run", grader=EchoTarget())
    assert [one.verdict for one in ours.verdicts] == ["passed", "failed", "unknown"]
    assert [told[f"c{n}"][1]["criteria"] for n in range(3)] == ["C", "I", "N"]  # type: ignore[index]


def test_requests_of_the_same_moment_are_one_batch(tmp_path: Path) -> None:
    """Twenty requests at once reach the target in batches of at most eight, each answered by its own reply."""
    asked, replies = json.loads(python(tmp_path, "-c", BATCHES).strip().splitlines()[-1])
    assert sum(asked) == 20 and max(asked) == 8 and len(asked) <= 4
    assert replies == [f"say {n}" for n in range(20)]
