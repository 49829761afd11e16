"""`drillyard bench …`: import, run, judge, rescue and export, with their exit codes and one-line errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drillyard.audits.audit import audit
from drillyard.cli.app import main
from drillyard.organisms.planting.plant import plant
from drillyard.records import BenchReport
from drillyard.targets.organism import OrganismTarget

REGISTRY = str(Path(__file__).parents[1] / "bench" / "registry")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a small dataset and its prepared replies."""
    monkeypatch.chdir(tmp_path)
    samples = [{"id": f"s{n}", "input": f"question {n}", "target": "yes"} for n in range(4)]
    (tmp_path / "samples.json").write_text(json.dumps(samples))
    replies = [{"user": f"question {n}", "reply": "Yes!" if n else "no"} for n in range(4)]
    (tmp_path / "replies.jsonl").write_text("".join(f"{json.dumps(reply)}\n" for reply in replies))
    return tmp_path


def test_import_and_run(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three of four pass: the verdict says so with its interval, and --fail-under decides the exit code."""
    assert main(["bench", "import", "samples.json", "-o", "in"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "● 1 of 1 evals were imported, 1 of them whole."
    words = ["bench", "run", "in/samples.jsonl", "scripted/replies.jsonl", "-o", "run"]
    assert main(words) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("● scripted/replies.jsonl on samples: 0.75 [0.19, 0.99] n = 4.\n")
    assert "running 4/4 asking" in printed.err
    assert main([*words, "--fail-under", "0.75"]) == 0
    assert main([*words, "--fail-under", "0.76"]) == 1
    assert capsys.readouterr().out.startswith("● ")


def test_json_is_the_report_and_repeats(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One document; a finished folder gives the same bytes again, and so does judging it anew."""
    main(["bench", "import", "samples.json", "-o", "in"])
    words = ["bench", "run", "in/samples.jsonl", "scripted/replies.jsonl", "-o", "run", "--json"]
    capsys.readouterr()
    assert main(words) == 0
    first = capsys.readouterr().out
    report = BenchReport.from_data(json.loads(first))
    assert report.cases == report.queries == 4 and report.accuracy is not None and report.accuracy.value == 0.75
    assert main(words) == 0
    assert capsys.readouterr().out == first
    assert main(["bench", "judge", "run", "--json"]) == 0
    assert capsys.readouterr().out == first


def test_a_registry_reports_what_stays_behind(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --keep-going the eval with code of its own is listed first, with the reason, and the exit code is 1."""
    assert main(["bench", "import", REGISTRY, "--keep-going", "--json", "-o", "in"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert len(told) == 10 and [one["name"] for one in told if one["path"] is None] == ["shop-code.dev.v0"]
    assert main(["bench", "import", REGISTRY, "--eval", "shop-judge.dev.v0", "-o", "one"]) == 0


def test_a_grader_is_any_target(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An echo as grader repeats the prompt, whose last line is no choice: all is unknown, which is no success."""
    main(["bench", "import", REGISTRY, "--eval", "shop-judge.dev.v0", "-o", "in"])
    words = ["bench", "run", "in/shop-judge.dev.v0.jsonl", "echo/", "-o", "run"]
    assert main([*words, "--grader", "echo/"]) == 1
    assert "4" in capsys.readouterr().out
    assert main(words) == 2
    assert "no grader for shop-kind" in capsys.readouterr().err


def test_rescue_says_what_was_lost(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A python grader stays behind: the rest comes over, the page says why, and the exit code is 1."""
    check = {"type": "string_check", "name": "a", "input": "{{sample.output_text}}", "operation": "eq"}
    graders = [{**check, "reference": "{{item.x}}"}, {"type": "python", "name": "code", "source": ""}]
    messages = [{"role": "user", "content": "{{item.x}}"}]
    hosted = {"id": "e1", "testing_criteria": graders, "items": [{"x": "1"}], "input_messages": messages}
    (here / "export.json").write_text(json.dumps(hosted))
    assert main(["bench", "rescue", "export.json", "-o", "out"]) == 1
    assert "1 of 1 evals were imported, 0 of them whole" in capsys.readouterr().out
    assert "runs Python code" in (here / "out" / "rescue.md").read_text()
    assert main(["bench", "run", "out/e1.jsonl", "echo/", "--fail-under", "1", "-o", "run"]) == 0


def test_findings_become_tests_for_other_tools(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The report of an audit is exported for each tool, with the command that runs it."""
    report = audit(OrganismTarget(plant("helpdesk", ["upsell:v2"])), budget=400, seed=2)
    (here / "audit.json").write_text(report.to_json())
    for kind, file in (
        ("openai-evals", "evals/regressions-audit.yaml"),
        ("inspect", "task.py"),
        ("jsonl", "bench.jsonl"),
    ):
        assert main(["bench", "export", "audit.json", "--format", kind, "-o", kind]) == 0
        printed = capsys.readouterr().out
        assert f"cases for {kind}" in printed and printed.splitlines()[-1].startswith("next: ")
        assert (here / kind / file).is_file()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["import", "nothing", "-o", "x"], "found nothing at 'nothing'"),
        (["import", "samples.json", "--scorer", "vibes", "-o", "x"], "found scorer 'vibes', expected one of: includes"),
        (["import", "samples.json", "--field", "input", "-o", "x"], "expected NAME=COLUMN"),
        (
            ["import", "samples.json", "--field", "input=nope", "-o", "x"],
            "samples.json sample 1: found a sample without input",
        ),
        (["import", REGISTRY, "--eval", "shop-mach", "-o", "x"], "did you mean 'shop-match'?"),
        (["run", "samples.json", "echo/", "-o", "x"], "drillyard bench import samples.json"),
        (["run", "nothing.jsonl", "echo/", "-o", "x"], "No such file or directory"),
        (["run", "replies.jsonl", "echo/", "-o", "x"], "without a benchmark record"),
        (["judge", "nothing"], "No such file or directory"),
        (["rescue", "samples.json", "-o", "x"], "found no eval in 'samples.json'"),
        (["export", "nothing", "--format", "jsonl", "-o", "x"], "found nothing at 'nothing'"),
        (["export", "samples.json", "--format", "xml", "-o", "x"], "Invalid value for '--format'"),
    ],
)
def test_bad_input_is_one_line(here: Path, words: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, one line on stderr, nothing on stdout, with --json too."""
    for more in ([], ["--json"]):
        assert main(["bench", *words, *more]) == 2
        printed = capsys.readouterr()
        assert printed.out == "" and line in printed.err and printed.err.count("\n") == 1
