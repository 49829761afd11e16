"""Does `drillyard bench run` give the same verdict per sample as the real `oaieval`, on the same completions?

    python benchmarks/oaieval_parity.py                       a table over 29 evals of the registry that evals ships
    python benchmarks/oaieval_parity.py --json                the same as data
    python benchmarks/oaieval_parity.py born-first joke-fruits

The first run makes an environment of its own for evals 3.0.1.post1 in the user's cache folder (about 1.5 GB, of which
722 MB are the registry's data); DRILLYARD_OAIEVAL_PYTHON names a Python that has evals instead.

Both tools get their completions from one prepared table: right answers, right answers with something before or after
them, other case, other questions' answers, the question itself, nothing. Grader prompts are answered by a function of
the prompt's text, so a grader prompt that differs in one character gives other grades. Rows for hellaswag are our own:
its data set is not part of evals. Exits 1 when one verdict differs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from drillyard.bench.bench_file import load_bench
from drillyard.bench.importing import import_benchmarks
from drillyard.bench.running import BenchRun, run_bench
from drillyard.records import Benchmark, Conversation, ModelLabel, Reply

EVALS = "evals==3.0.1.post1"
NEEDS = "fire mock lz4 blobfile backoff pyyaml tqdm openai tiktoken pydantic numpy pandas zstandard datasets setuptools"
NAMES = (
    "born-first", "belarusian-proverbs", "crontab", "base64-decode-simple.dev.v0", "emotional-intelligence",  # Match
    "us-tort-law", "anagrams", "cissp-study-questions",  # Match with examples
    "2d_movement", "finance_calc", "simple-block-puzzles", "japanese-decimal-units",  # Includes
    "bias_detection", "game-theory",  # Includes, case ignored
    "ambiguous-sentences", "emoji-riddle", "ph-calculation", "largest_country",  # FuzzyMatch
    "icelandic-inflection-easy", "icelandic-inflection-hard",  # JsonMatch
    "coqa-fact", "coqa-fact-expl", "coqa-closedqa-correct", "joke-fruits", "diversity", "rap-people-vs-fruits",
    "iambic-pentameter", "co-sql",  # ModelBasedClassify: five specs, three ways to answer, several replies, two asks
    "hellaswag",  # MultipleChoice
)  # fmt: skip

COMPLETIONS = '''"""Answers prompts from a prepared table, and grader prompts by a function of their text."""
import hashlib, json, os
from evals.record import record_sampling

NAMES = {"example_user": "user", "example_assistant": "assistant"}

def key(prompt):
    said = [["user", prompt]] if isinstance(prompt, str) else [
        [NAMES.get(m.get("name"), m["role"]), m["content"]] for m in prompt]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()

class Result:
    def __init__(self, text): self.text = text
    def get_completions(self): return [self.text]

class Prepared:
    def __init__(self, **_):
        with open(os.environ["PREPARED_TABLE"]) as file: self.table = json.load(file)
    def __call__(self, prompt, **_):
        name = key(prompt)
        text = self.table["replies"].get(name)
        if text is None:
            text = self.table["grades"][int(name, 16) % len(self.table["grades"])]
        record_sampling(prompt=prompt, sampled=[text])
        return Result(text)
'''


@dataclass(frozen=True, kw_only=True)
class Row:
    """One eval: samples, how many passed and stayed unknown here, how many verdicts differ, seconds of each tool."""

    name: str
    kind: str
    samples: int
    passed: int
    unknown: int
    differ: int
    seconds: float
    seconds_oaieval: float


def environment() -> Path:
    """Return a Python that has evals; made in the cache folder the first time."""
    if named := os.environ.get("DRILLYARD_OAIEVAL_PYTHON"):
        return Path(named)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "drillyard" / "oaieval-3.0.1.post1"
    python = folder / "bin" / "python"
    if not (folder / "ready").is_file():
        print(f"making {folder} …", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--no-compile"]
        subprocess.run([*pip, "--no-deps", EVALS], check=True)
        subprocess.run([*pip, *NEEDS.split()], check=True)
        (folder / "ready").touch()
    return python


def registry_of(python: Path) -> Path:
    """Return the registry that comes with evals."""
    code = "import importlib.util as u; print(u.find_spec('evals').submodule_search_locations[0])"
    found = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True)
    return Path(found.stdout.strip()) / "registry"


def key(conversation: Conversation) -> str:
    """Return what stands for a prompt in the table."""
    said = [[message.role, message.content] for message in conversation.messages]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def prepare(bench: Benchmark) -> dict[str, object]:
    """Return the table of one eval: a reply for every prompt, and what graders may say."""
    answers = [answer for case in bench.cases for answer in case.ideal] or ["yes", "no"]
    replies: dict[str, str] = {}
    asked = [(case, ask) for case in bench.cases for ask in case.asks]
    for number, (case, ask) in enumerate(asked):
        right = case.ideal[0] if case.ideal else answers[number % len(answers)]
        other, question = answers[(7 * number + 3) % len(answers)], ask.conversation.messages[-1].content
        kinds = (
            right,
            f"{right} {{and}} more.",
            f"The answer is {right}",
            right.upper(),
            other,
            question,
            "",
            right[:1],
        )
        replies[key(ask.conversation)] = kinds[int(key(ask.conversation), 16) % len(kinds)]
    (criterion,) = bench.criteria
    labels = criterion.labels if isinstance(criterion, ModelLabel) else ("Y",)
    forms = ("{}", "({})", "Step by step.\n{}", "{}\nbecause it is so", "  **{}**.\n\n", "I choose {}\nThat is all")
    return {"replies": replies, "grades": [form.format(one) for one in labels for form in forms] + ["no idea", ""]}


class Prepared:
    """Answers from the same table as the completion function of `oaieval`."""

    reference = "prepared/"

    def __init__(self, table: dict) -> None:
        self._table = table

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Look every prompt up."""
        return [Reply(text=self._say(key(conversation))) for conversation in conversations]

    def stream(self, conversation: Conversation, seed: int | None):
        """Yield the reply in one piece."""
        yield self._say(key(conversation))

    def _say(self, name: str) -> str:
        grades = self._table["grades"]
        return self._table["replies"].get(name, grades[int(name, 16) % len(grades)])


def by_oaieval(python: Path, name: str, folder: Path) -> tuple[dict[str, str], float]:
    """Run the real tool; returns its verdict per sample and the seconds that it took."""
    words = [str(python), "-m", "evals.cli.oaieval", "drillyard/prepared", name]
    record = folder / f"{name}.record.jsonl"
    words += ["--registry_path", str(folder / "registry"), "--record_path", str(record)]
    # A key that is none, and an address that refuses at once: it asks for the list of models before it looks us up.
    env = {**os.environ, "OPENAI_API_KEY": "none", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "HF_HUB_OFFLINE": "1"}
    env |= {"PYTHONPATH": str(folder), "PREPARED_TABLE": str(folder / f"{name}.table.json"), "HOME": str(folder)}
    begun = time.perf_counter()
    done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, check=False)
    took = time.perf_counter() - begun
    if done.returncode:
        raise SystemExit(f"oaieval failed on {name}:\n{done.stderr[-2000:]}")
    return read_record(record), took


def read_record(path: Path) -> dict[str, str]:
    """Return the verdict per sample of a record of `oaieval`: correct or not, or the choice of the grader."""
    verdicts: dict[str, str] = {}
    for line in path.read_text().splitlines():
        event = json.loads(line)
        if event.get("type") == "match":
            verdicts[event["sample_id"]] = "passed" if event["data"]["correct"] else "failed"
        elif event.get("type") == "metrics" and "choice" in event["data"]:
            verdicts[event["sample_id"]] = event["data"]["choice"].replace("__invalid__", "unknown")
    return verdicts


def ours(run: BenchRun) -> dict[str, str]:
    """Return our verdict per sample in the same words."""
    return {one.case: one.label or one.verdict for one in run.verdicts}


def compare(python: Path, registry: Path, name: str, folder: Path) -> Row:
    """Run one eval with both tools."""
    (imported,) = import_benchmarks(registry, folder / "benches", kind="openai-evals", evals=[name])
    assert imported.path is not None
    bench = load_bench(imported.path)
    table = prepare(bench)
    (folder / f"{name}.table.json").write_text(json.dumps(table))
    begun = time.perf_counter()
    run = run_bench(bench, Prepared(table), folder / "runs" / name, grader=Prepared(table), batch=10_000)
    took, mine = time.perf_counter() - begun, ours(run)
    theirs, seconds = by_oaieval(python, name, folder)
    return Row(
        name=bench.id,
        kind=bench.origin.rpartition(" ")[2],
        samples=len(bench.cases),
        passed=sum(one.verdict == "passed" for one in run.verdicts),
        unknown=sum(one.verdict == "unknown" for one in run.verdicts),
        differ=sum(mine.get(case) != theirs.get(case) for case in {*mine, *theirs}),
        seconds=took,
        seconds_oaieval=seconds,
    )


def make_registry(folder: Path) -> None:
    """Write what `oaieval` needs to ask us, and rows of our own where a data set would be downloaded."""
    (folder / "registry" / "completion_fns").mkdir(parents=True)
    entry = "drillyard/prepared:\n  class: prepared_completions:Prepared\n"
    (folder / "registry" / "completion_fns" / "drillyard.yaml").write_text(entry)
    (folder / "prepared_completions.py").write_text(COMPLETIONS)
    rows = [
        {"ctx": f"Number {n}: the next one is", "endings": [str(n + k) for k in (3, 1, 2, 9)], "label": "1"}
        for n in range(40)
    ]
    (folder / "hellaswag").mkdir()
    (folder / "hellaswag" / "validation.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def main() -> int:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=NAMES, help="evals of the registry, default the list above")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    options = parser.parse_args()
    python = environment()
    registry, rows = registry_of(python), []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        make_registry(folder)
        os.chdir(folder)  # where both tools look for hellaswag/
        for name in options.names:
            rows.append(compare(python, registry, name, folder))
            print(f"{rows[-1].name}: {rows[-1].differ} of {rows[-1].samples} differ", file=sys.stderr)
    differ = sum(row.differ for row in rows)
    about = {"command": " ".join(["python", *sys.argv]), "evals": EVALS, "evals compared": len(rows)}
    about |= {"samples": sum(row.samples for row in rows), "verdicts that differ": differ}
    if options.json:
        print(json.dumps({**about, "rows": [asdict(row) for row in rows]}, indent=2))
        return int(differ > 0)
    table = Table("eval", "class", "samples", "passed", "unknown", "verdicts that differ", "s", "s of oaieval")
    for row in rows:
        numbers = (row.samples, row.passed, row.unknown, row.differ)
        table.add_row(row.name, row.kind, *map(str, numbers), f"{row.seconds:.2f}", f"{row.seconds_oaieval:.1f}")
    console = Console(width=120)
    console.print(table)
    for name, value in about.items():
        console.print(f"{name}: {value}", highlight=False)
    return int(differ > 0)


if __name__ == "__main__":
    sys.exit(main())
