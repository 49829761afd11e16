"""Nothing that a file or a server does ends in a bug of ours: generated files and replies, real commands, real HTTP."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import click
import pytest
import yaml
from cli.hostile_files import mutated

from drillyard.alignment.policy import policy_of, read_policy, write_policy
from drillyard.alignment.preference_file import read_preferences
from drillyard.alignment.weighing.prices import read_prices
from drillyard.audits.seeding.source import read_corpus
from drillyard.bench.bench_file import bench_text
from drillyard.cli import show
from drillyard.cli.app import app, main
from drillyard.containment.adversaries.case import read_case
from drillyard.containment.adversaries.years import example_year
from drillyard.containment.channels.spec import ChannelSpec
from drillyard.containment.forecasting.spec import read_forecast
from drillyard.containment.games.report import GameSpec
from drillyard.containment.gateway.policy import read_gateway_policy
from drillyard.containment.horizon.report import read_horizon
from drillyard.containment.incentives.report import read_diagrams
from drillyard.containment.strategy.system import read_system
from drillyard.errors import DrillyardError
from drillyard.judges.examples import read_labels
from drillyard.judges.reference import open_unmeasured
from drillyard.organisms.worlds.plants_file import load_plants
from drillyard.organisms.worlds.world import load_world
from drillyard.planning.brief import load_brief
from drillyard.records import (
    BenchAsk,
    BenchCase,
    Benchmark,
    Conversation,
    LabelledTranscript,
    Record,
    Reply,
    TextCheck,
    Transcript,
)
from drillyard.records.yaml_file import read_yaml_record
from drillyard.targets import open_target
from drillyard.targets.endpoint_openai import open_endpoint

EXAMPLES = Path(__file__).parents[2] / "examples"
HELLO = Conversation.ask("hello")
HI = [{"role": "user", "content": "Hi"}]
PART = [{"role": "user", "content": [{"type": "text", "text": "x"}]}]
SAMPLES = [{"id": "1", "input": "How much?", "target": "49"}, {"id": 2, "input": HI, "target": ["hi"]}]
CHOICES = [{"input": "Which?", "target": "B", "choices": ["red", "blue"]}]
SEEDS = [{"prompt": "how?", "class": "harm"}, {"prompt": "why?"}]
PAIRS = [
    {"prompt": "may i", "chosen": "No.", "rejected": "Yes."},
    {"prompt": PART, "completion": "y", "label": True},
    {"prompt": PART, "completion": "z", "label": False},
]
SOURCE = {"type": "file_content", "content": [{"item": {"q": "Hi", "a": "hi"}}]}
TEMPLATE = {"type": "template", "template": [{"role": "user", "content": "{{item.q}}"}]}
SAMPLE = {
    **{"model": "m", "input": HI, "finish_reason": "stop", "error": None},
    "output": [{"role": "assistant", "content": [{"type": "text", "text": "hi"}]}],
}
ITEM = {"object": "eval.run.output_item", "id": "i1", "run_id": "r1", "eval_id": "e1", "sample": SAMPLE}
CHECK = {"type": "string_check", "name": "says", "input": "{{sample.output_text}}", "reference": "{{item.a}}"}
HOSTED = [
    {"object": "eval", "id": "e1", "name": "Shop", "testing_criteria": [{**CHECK, "operation": "ilike"}]},
    {
        **{"object": "eval.run", "id": "r1", "eval_id": "e1", "result_counts": {"total": 1}},
        "data_source": {"type": "completions", "input_messages": TEMPLATE, "source": SOURCE},
    },
    {**ITEM, "datasource_item": {"q": "Hi", "a": "hi"}, "results": [{"name": "says-1", "passed": True}]},
]
BENCH = Benchmark(
    id="b",
    criteria=(TextCheck(operation="ilike"), TextCheck(name="l", operation="letter", reference="{{item.a}}")),
    cases=(BenchCase(id="1", asks=(BenchAsk(conversation=HELLO),), ideal=("A",), values={"a": "B"}),),
)
RULES = {"pressure-selling": {"shown": [r"only \w+ left"], "unless": ["as asked"], "asked": ["price|cost"]}}
LABEL = LabelledTranscript(
    transcript=Transcript(conversation=HELLO, reply=Reply(text="Hi."), target="x"), absent=("upsell",)
)


def lines(*entries: object) -> bytes:
    """Return JSON lines."""
    return "".join(f"{json.dumps(one)}\n" for one in entries).encode()


def opened(reader: Callable[[Path], object]) -> Callable[[Path], list[str] | click.Command]:
    """Wrap a reader as a command: whatever it raises goes the way of every command's errors."""

    def command(path: Path) -> click.Command:
        @click.command()
        @show.handler
        def read() -> None:
            reader(path)

        return read

    return command


def recorded(kind: type[Record]) -> Callable[[Path], list[str] | click.Command]:
    """Wrap the reader of a kind of record as a command."""
    return opened(lambda path: read_yaml_record(path, kind))


def asked(path: Path) -> None:
    """Open a scripted target and ask it."""
    target = open_target(f"scripted/{path}")
    target.generate([HELLO], [None])
    list(target.stream(HELLO, None))


Door = tuple[str, bytes, Callable[[Path], list[str] | click.Command]]


def doors(folder: Path) -> list[Door]:
    """Return name of file, valid content, and what reads it: a command line, or the reader behind one."""
    world = load_world("helpdesk")
    write_policy(policy_of(world), folder / "policy.yaml")
    brief = yaml.safe_load((EXAMPLES / "helpdesk" / "brief.yaml").read_bytes()) | {"policies": []}
    oracle, out, number = EXAMPLES / "oracle", folder / "out", itertools.count()

    def line(*words: str) -> Callable[[Path], list[str] | click.Command]:
        return lambda path: [
            "bench",
            *(str(path) if word == "FILE" else word for word in words),
            "-o",
            f"{out}/{next(number)}",
        ]

    hosted = line("import", "FILE", "--format", "hosted", "--keep-going")
    seeds, rules = opened(lambda path: read_corpus(str(path), ("",), skip_bad=True)), {"behaviours": RULES}
    return [
        ("s.json", json.dumps(SAMPLES).encode(), line("import", "FILE")),
        ("s.jsonl", lines(*SAMPLES), line("import", "FILE", "--skip-bad")),
        ("c.json", json.dumps(CHOICES).encode(), line("import", "FILE")),
        ("s.csv", b'id,input,target\n1,"How much, please?",49\n2,Hi,hi\n', line("import", "FILE")),
        ("e.jsonl", lines(*HOSTED), line("rescue", "FILE")),
        ("e.json", json.dumps({"object": "list", "data": HOSTED}).encode(), hosted),
        ("b.jsonl", bench_text(BENCH).encode(), line("run", "FILE", "echo/")),
        ("b.jsonl", bench_text(BENCH).encode(), line("export", "FILE", "--format", "openai-evals")),
        ("seeds.jsonl", lines(*SEEDS), opened(lambda path: read_corpus(str(path), ("", "v1")))),
        ("seeds.csv", b"prompt,class\nhow?,harm\nwhy?,\n", seeds),
        ("p.jsonl", lines(*PAIRS), opened(read_preferences)),
        ("policy.yaml", (folder / "policy.yaml").read_bytes(), opened(read_policy)),
        ("prices.yaml", (EXAMPLES / "prices.yaml").read_bytes(), opened(read_prices)),
        ("rules.yaml", json.dumps(rules).encode(), opened(lambda path: open_unmeasured(f"rules/{path}", world))),
        ("labels.jsonl", (LABEL.to_json() + "\n").encode(), opened(read_labels)),
        ("r.jsonl", lines({"user": "hello", "reply": "a"}), opened(asked)),
        ("brief.yaml", yaml.safe_dump(brief).encode(), opened(load_brief)),
        ("plants.yaml", (EXAMPLES / "plants" / "all-kinds.yaml").read_bytes(), opened(load_plants)),
        ("case.json", example_year().to_json().encode(), opened(read_case)),
        ("channel.yaml", (oracle / "channel.yaml").read_bytes(), recorded(ChannelSpec)),
        ("forecast.yaml", (oracle / "forecast.yaml").read_bytes(), opened(read_forecast)),
        ("game.yaml", (oracle / "game.yaml").read_bytes(), recorded(GameSpec)),
        ("gateway.yaml", (oracle / "gateway.yaml").read_bytes(), opened(read_gateway_policy)),
        ("horizon.yaml", (oracle / "horizon.yaml").read_bytes(), opened(read_horizon)),
        ("diagrams.yaml", (oracle / "incentives.yaml").read_bytes(), opened(read_diagrams)),
        ("system.yaml", (oracle / "system.yaml").read_bytes(), opened(read_system)),
    ]  # fmt: skip


def told(job: list[str] | click.Command) -> tuple[int, str]:
    """Run a command and return its exit code and what it said on stderr."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
        code = main([], job) if isinstance(job, click.Command) else main(job, app)
    return code, said.getvalue()


def file_cases(folder: Path, numbers: range, ways: Sequence[Door] = ()) -> Iterator[str]:
    """Hand each door hostile files, and yield what went wrong, with the number that does it again."""
    ways = ways or doors(folder)
    for number in numbers:
        draw = random.Random(number)
        name, valid, door = ways[number % len(ways)]
        place = folder / f"{number}" / name
        place.parent.mkdir()
        content = mutated(valid, draw)
        if content is None:
            place.mkdir()
        else:
            place.write_bytes(content)
        code, said = told(door(place))
        lasts = [one for one in said.splitlines() if one.startswith("error: ")]
        if code not in (0, 1, 2) or (code == 2 and len(lasts) != 1):
            yield f"case {number} ({name}): exit {code}: {said[-300:]}"
        shutil.rmtree(place.parent)


CHUNK = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m"}


def completion(streamed: bool) -> dict[str, Any]:
    """Return a valid answer, or one chunk of a streamed one."""
    said = {"role": "assistant", "content": [{"type": "text", "text": "hello"}], "refusal": None}
    if streamed:
        return {**CHUNK, "choices": [{"index": 0, "delta": {**said, "content": "hello"}, "finish_reason": None}]}
    usage = {
        "prompt_tokens": 3,
        "completion_tokens": 2,
        "total_tokens": 5,
        "completion_tokens_details": {"reasoning_tokens": 0},
    }
    choice = {"index": 0, "finish_reason": "stop", "message": said}
    return {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}


class Hostile(BaseHTTPRequestHandler):
    """Answers a chat completion as the number of its path's case says."""

    def do_POST(self) -> None:  # noqa: D102
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        draw = random.Random(int(self.path.split("/")[1]))
        streamed = bool(body.get("stream"))
        whole = json.dumps(completion(streamed)).encode()
        parts = [mutated(whole, draw) or b"" for _ in range(3 if streamed else 1)]
        sent = b"".join(b"data: " + part + b"\n\n" for part in parts) + b"data: [DONE]\n\n" if streamed else parts[0]
        self.send_response(draw.choice([200] * 12 + [204, 400, 403, 404, 422]))
        kinds = ["text/event-stream" if streamed else "application/json"] * 8 + [
            "text/html",
            "",
            "application/json; charset=latin-1",
        ]
        self.send_header("Content-Type", draw.choice(kinds))
        self.send_header("Content-Length", str(len(sent) + draw.choice([0] * 9 + [50])))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(sent)
        self.close_connection = True

    def log_message(self, *_: object) -> None:  # noqa: D102
        pass


@contextlib.contextmanager
def hostile_server() -> Iterator[str]:
    """Run the server while the block runs."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    thread = Thread(target=http.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.server_port}"
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def server_cases(address: str, numbers: range) -> Iterator[str]:
    """Ask for answers, whole and streamed, and yield what came out that is neither a reply nor a line for the user."""
    for number in numbers:
        target = open_endpoint(f"openai/m@{address}/{number}", timeout=5.0, retries=0)
        try:
            if number % 2:
                ended: object = [piece.encode() for piece in target.stream(HELLO, None)]
            else:
                (ended,) = target.generate([HELLO], [None])
                assert isinstance(ended, Reply) and ended.to_json().encode()
        except DrillyardError as problem:
            if "\n" in str(problem):
                yield f"case {number}: several lines: {problem}"
        except Exception as problem:  # whatever else comes out is what is looked for
            yield f"case {number}: {type(problem).__name__}: {str(problem)[:200]}"


def test_every_door_takes_its_valid_file(tmp_path: Path) -> None:
    """The other side: what is mutated below is read as it stands, so that no door is closed to everything."""
    (tmp_path / "valid").mkdir()
    for name, valid, door in doors(tmp_path):
        (tmp_path / "valid" / name).write_bytes(valid)
        assert told(door(tmp_path / "valid" / name))[0] == 0, name


def test_a_few_hostile_files_are_told_in_one_line(tmp_path: Path) -> None:
    """The first 52 of the cases below, two for each door."""
    assert list(file_cases(tmp_path, range(52))) == []


def test_a_few_hostile_replies_are_told_in_one_line() -> None:
    """The first 20 of the cases below."""
    with hostile_server() as address:
        assert list(server_cases(address, range(20))) == []


@pytest.mark.walk
def test_hostile_files_never_end_in_a_bug(tmp_path: Path) -> None:
    """1,400 files: cut, deep, endless, of other types, not Unicode, Git LFS's stand-ins, folders."""
    assert list(file_cases(tmp_path, range(52, 1452))) == []


@pytest.mark.walk
def test_hostile_servers_never_end_in_a_bug() -> None:
    """600 replies over HTTP, whole and streamed, mutated as the files are, under odd codes and types, or cut."""
    with hostile_server() as address:
        assert list(server_cases(address, range(20, 620))) == []
