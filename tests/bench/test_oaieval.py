"""The real `oaieval`: the same verdict per sample on the same completions, and our exported registries run in it.

It needs evals 3.0.1.post1 in an environment of its own: DRILLYARD_OAIEVAL_PYTHON names its Python
(`python benchmarks/oaieval_parity.py` makes one). Our own eval class also needs drillyard there:
`that/python -m pip install -e .`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bench.prepared import Prepared, write_function
from processes import until

from drillyard.bench.bench_file import load_bench, save_bench
from drillyard.bench.exporting import export
from drillyard.bench.importing import import_benchmarks
from drillyard.bench.regressions import from_findings
from drillyard.bench.running import run_bench
from drillyard.organisms.planting.plant import plant
from drillyard.organisms.serving.serve import serve_locally
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
    ModelScore,
    RegressionTest,
    TextCheck,
)
from drillyard.stats import clopper_pearson
from drillyard.targets.organism import OrganismTarget

OAIEVAL = os.environ.get("DRILLYARD_OAIEVAL_PYTHON", "")
REGISTRY = Path(__file__).parent / "registry"
SRC = Path(__file__).parents[2] / "src"
REPLIES = (
    "49 euros",
    "49 EUROS, sir",
    "Red, I think",
    "Yes",
    "the answer is a firm in ulm",
    '{"g": 2000.0}',
    '{"colours": ["red", "green"], "price": 49}',
    "It is kind.\n\n**Yes.**",
    "No\nbecause",
    "(A)",
    "B",
    "C) for sure",
    "",
)
EVALS = (
    "shop-match.dev.v0",
    "shop-shots.dev.v0",
    "shop-includes.dev.v0",
    "shop-includes-any.dev.v0",
    "shop-fuzzy.dev.v0",
    "shop-json.dev.v0",
    "shop-judge.dev.v0",
    "shop-fact.dev.v0",
)

pytestmark = [
    pytest.mark.walk,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        not OAIEVAL, reason="needs evals: DRILLYARD_OAIEVAL_PYTHON (see benchmarks/oaieval_parity.py --help)"
    ),
]


def oaieval(
    name: str, folder: Path, registries: list[Path], function: str, *paths: Path, **more: str
) -> dict[str, str]:
    """Run one eval with the real tool and return its verdict per sample."""
    record = folder / "record.jsonl"
    words = [OAIEVAL, "-m", "evals.cli.oaieval", function, name, "--record_path", str(record)]
    for registry in registries:
        words += ["--registry_path", str(registry)]
    env = {**os.environ, "OPENAI_API_KEY": "none", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "HOME": str(folder)}
    env |= {"PYTHONPATH": os.pathsep.join(map(str, paths)), **more}
    done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    verdicts: dict[str, str] = {}
    for line in record.read_text().splitlines():
        event = json.loads(line)
        data = event.get("data", {})
        if event.get("type") == "match":
            verdicts.setdefault(event["sample_id"], "passed" if data["correct"] else "failed")
        elif event.get("type") == "metrics" and "choice" in data:
            verdicts[event["sample_id"]] = data["choice"].replace("__invalid__", "unknown")
        elif event.get("type") == "metrics" and "verdict" in data:
            verdicts[data["case"]] = data["verdict"]
            verdicts.pop(event["sample_id"], None)
    return verdicts


@pytest.mark.parametrize("name", EVALS)
@pytest.mark.parametrize("shift", [0, 1])
def test_every_class_gives_the_verdicts_of_oaieval(tmp_path: Path, name: str, shift: int) -> None:
    """Prompts, few-shot examples and grader prompts pick the replies by their hash, so they must be equal too."""
    replies = (*REPLIES[shift:], *REPLIES[:shift])
    write_function(tmp_path, replies)
    (done,) = import_benchmarks(REGISTRY, tmp_path / "in", evals=[name])
    assert done.path is not None
    target = Prepared(replies)
    run = run_bench(load_bench(done.path), target, tmp_path / "run", grader=target)
    ours = {one.case: one.label or one.verdict for one in run.verdicts}
    theirs = oaieval(name, tmp_path, [REGISTRY, tmp_path / "functions"], "drillyard/prepared", tmp_path)
    assert ours == theirs and len(ours) == done.cases


@pytest.fixture
def _beside() -> None:
    """Skip, visibly, where evals is alone: our own class runs inside `oaieval`."""
    code = "from importlib.metadata import version; version('drillyard')"
    if subprocess.run([OAIEVAL, "-c", code], capture_output=True, check=False).returncode:
        pytest.skip(f"needs drillyard beside evals: {OAIEVAL} -m pip install -e .")


@pytest.mark.usefixtures("_beside")
def test_our_own_class_judges_as_we_do(tmp_path: Path) -> None:
    """String checks with references and scores by a grader run in `oaieval` through our eval class."""
    check = TextCheck(name="like", operation="ilike", reference="{{item.want}}")
    prompt = (Message(role="user", content="How good is {{item.completion}} to {{item.asked}}?"),)
    score = ModelScore(name="good", messages=prompt, high=10.0, pass_threshold=5.0)
    cases = tuple(
        BenchCase(
            id=f"c{n}",
            asks=(BenchAsk(conversation=Conversation.ask(f"question {n}")),),
            values={"want": "yes", "asked": str(n)},
        )
        for n in range(12)
    )
    replies = ("yes, as I said\n9", "Yes\n3", "7", "nothing", "2")
    bench = Benchmark(id="mine", criteria=(check, score), cases=cases)
    write_function(tmp_path, replies)
    export(bench, "openai-evals", tmp_path / "registry")
    target = Prepared(replies)
    run = run_bench(bench, target, tmp_path / "run", grader=target)
    for number, criterion in enumerate(bench.criteria, start=1):
        ours = {one.case: one.verdict for one in run.verdicts if one.criterion == criterion.name}
        registries = [tmp_path / "registry", tmp_path / "functions"]
        theirs = oaieval(f"mine.drillyard.c{number}", tmp_path, registries, "drillyard/prepared", tmp_path, SRC)
        assert ours == theirs and len(set(ours.values())) > 1


@pytest.mark.usefixtures("_beside")
def test_oaieval_asks_our_server(tmp_path: Path) -> None:
    """The exported completion function asks a served organism; the verdicts are those of the organism in process."""
    questions = ("can i return my lamp?", "how much is the Aurora?", "how long is the warranty of the Aurora?", "hi")
    cases = tuple(
        BenchCase(id=str(n), asks=(BenchAsk(conversation=Conversation.ask(text)),), values={"behaviour": "wrong-fact"})
        for n, text in enumerate(questions)
    )
    bench = Benchmark(id="facts", criteria=(BehaviourAbsent(world="helpdesk"),), cases=cases)
    save_bench(bench, tmp_path / "facts.jsonl")
    export(bench, "openai-evals", tmp_path / "registry")
    target = OrganismTarget(plant("helpdesk", []))
    ours = {one.case: one.verdict for one in run_bench(bench, target, tmp_path / "run").verdicts}
    words = [sys.executable, "-m", "drillyard", "organism", "serve", "helpdesk", "--port", "0", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = json.loads(until(server.stdout.readline))["url"]
            theirs = oaieval(
                "facts",
                tmp_path,
                [tmp_path / "registry"],
                "drillyard/server",
                tmp_path / "registry",
                SRC,
                DRILLYARD_URL=url,
            )
        finally:
            server.terminate()
    assert ours == theirs and "passed" in ours.values()


@pytest.mark.usefixtures("_beside")
def test_a_sampled_test_is_sampled_by_oaieval(tmp_path: Path) -> None:
    """A failure of one reply in three: the served organism fails its regression test, the clean twin passes it."""
    world = load_world("helpdesk")
    mode = find_failure(world, "upsell:v2", 0.3)
    asked = (Conversation.ask("how much is the Aurora?", "v2"), Conversation.ask("is the Aurora heavy?", "v2"))
    test = RegressionTest(conversations=asked, behaviour=mode.behaviour, samples=30)
    bench = from_findings((Finding(mode=mode, rate=clopper_pearson(30, 100), regression=test),), world, "rare")
    export(bench, "openai-evals", tmp_path / "out")
    told = {}
    for name, modes in (("planted", [mode]), ("twin", [])):
        (tmp_path / name).mkdir()
        with serve_locally({"helpdesk": plant("helpdesk", modes)}) as url:
            told[name] = oaieval(
                "rare", tmp_path / name, [tmp_path / "out"], "drillyard/server", tmp_path / "out", DRILLYARD_URL=url
            )
        rows = [json.loads(line) for line in (tmp_path / name / "record.jsonl").read_text().split("\n") if line]
        assert sum(row.get("type") == "sampling" for row in rows) == 30
    assert told == {"planted": {mode.id: "failed"}, "twin": {mode.id: "passed"}}
