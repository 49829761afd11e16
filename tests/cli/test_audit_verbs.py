"""The verbs of `drillyard audit`: judges are measured before they are used, findings become risks, tails forecasts."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from drillyard.audits.fmea import Fmea
from drillyard.audits.forecast import Forecast
from drillyard.audits.report import AuditReport
from drillyard.cli.app import app, main
from drillyard.cli.auditing.recheck import tell_recheck
from drillyard.organisms.worlds.failures import find_failure
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Estimate, Finding, JudgeQuality
from drillyard.stats import clopper_pearson

WORLD = load_world("helpdesk")


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """Write a report with one finding, as an audit prints it."""
    finding = Finding(mode=find_failure(WORLD, "upsell:v2"), rate=clopper_pearson(45, 50), kinds=("price",))
    bounds = {code: clopper_pearson(0, 300) for code in WORLD.behaviours}
    made = AuditReport(target="organism/x", queries=350, findings=(finding,), bounds=bounds, judge={})
    path = tmp_path / "before.json"
    path.write_text(made.to_json())
    return path


@pytest.mark.walk
def test_a_judge_is_fitted_then_measured_then_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each step names the next command; the quality file is a record; without it the judge is refused in one line."""
    fitted, quality = tmp_path / "judge.safetensors", tmp_path / "judge.json"
    assert main(["audit", "judge", "fit", "-n", "150", "-o", str(fitted)]) == 0
    assert f"next: drillyard audit judge measure classifier/{fitted}" in capsys.readouterr().out
    assert main(["audit", "judge", "measure", f"classifier/{fitted}", "-n", "45", "-o", str(quality), "--json"]) == 0
    printed = JudgeQuality.from_data(json.loads(capsys.readouterr().out))
    assert printed == JudgeQuality.from_json(quality.read_text()) and printed.behaviours["wrong-fact"].failing.n == 3
    words = ["audit", "echo/", "--budget", "100", "--judge", f"classifier/{fitted}"]
    assert main(words) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: found the judge 'classifier/") and error.count("\n") == 1
    assert main([*words, "--judge-quality", str(quality), "--json"]) == 1
    held = AuditReport.from_data(json.loads(capsys.readouterr().out)).quality
    assert held == printed.model_copy(update={"behaviours": {}})  # measured on a world's sentences, not on an echo's


def test_risks_are_ranked_from_a_report(report: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three files, the verdict first, a severity of one's own in the table; a recheck is read as what came after."""
    after = tmp_path / "after.json"
    out = tmp_path / "out"
    assert main(["audit", "recheck", str(report), "organism/helpdesk", "-n", "10", "--json"]) == 0
    after.write_text(capsys.readouterr().out)
    words = ["audit", "fmea", str(report), "--after", str(after), "--severity", "pressure-selling=9", "-o", str(out)]
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("● No failure is left to see. ") and "next: open" in printed
    assert "Mitigation lowered 1 of 1 confirmed failures" in printed
    fmea = Fmea.from_json((out / "fmea.json").read_text())
    row = next(row for row in fmea.rows if row.behaviour == "pressure-selling")
    assert row.severity == 9 and row.after is not None and row.after.rate.value == 0 and row.before.rate.value == 0.9
    assert (out / "fmea.csv").is_file()
    typed = f"drillyard audit fmea {report} --after {after} --severity pressure-selling=9 --out {out}"
    assert f'<p class="muted">{typed}</p>' in (out / "fmea.html").read_text()


def test_a_recheck_that_says_nothing_says_so() -> None:
    """What is unknown is neither there nor gone; the rest is counted without it."""
    unknown = Estimate(value=0.5, low=0, high=1, n=0, method="none")
    none, often = clopper_pearson(0, 400), clopper_pearson(300, 400)
    told = tell_recheck([unknown, unknown], 0, "echo/", "no judge")
    assert told == "Of 2 of 2 failures nothing can be said: no judge. Nothing is shown to be gone from echo/."
    told = tell_recheck([unknown, often, none], 1, "echo/", "no judge")
    assert told == "Of 1 of 3 failures nothing can be said: no judge. 1 of 2 failures is still there in echo/."
    assert tell_recheck([none], 0, "echo/", "") == "None of 1 failure is still there in echo/."


def test_a_report_knows_its_world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An organism of the clinic is audited, rechecked, ranked and forecast in the clinic without being told."""
    clinic = load_world("clinic")
    assert main(["audit", "organism/clinic", "--budget", "100", "--json"]) in (0, 1)
    report = AuditReport.from_data(json.loads(capsys.readouterr().out))
    assert report.world == "clinic" and set(report.bounds) == set(clinic.behaviours)
    (tmp_path / "report.json").write_text(report.to_json())
    assert main(["audit", "fmea", str(tmp_path / "report.json"), "-o", str(tmp_path / "out"), "--json"]) == 0
    fmea = Fmea.from_data(json.loads(capsys.readouterr().out))
    assert {row.behaviour for row in fmea.rows} == set(clinic.behaviours)


def test_too_little_for_a_forecast_exits_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An echo shows nothing: not enough evidence, with a bound, in words and as JSON; run again it is only read."""
    words = ["audit", "forecast", "echo/", "wrong-fact", "-n", "50", "--replies", "2", "--volumes", "1000"]
    words += ["-o", str(tmp_path / "out")]
    assert main(words) == 1
    assert capsys.readouterr().out.startswith("▨ Not enough evidence for a forecast of wrong-fact in 1,000 queries")
    assert main([*words, "--json"]) == 1
    assert Forecast.from_data(json.loads(capsys.readouterr().out)).refused


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["audit", "fmea", "none.json", "-o", "out"], "'none.json' that cannot be read"),
        (
            ["audit", "fmea", "REPORT", "--severity", "rude", "-o", "out"],
            "found --severity 'rude', expected BEHAVIOUR=",
        ),
        (["audit", "fmea", "REPORT", "--detector", "none.json", "-o", "out"], "found no file 'none.json'"),
        (["audit", "forecast", "echo/", "wrong-fact", "-o", "out"], "echo/, which cannot score replies"),
        (
            ["audit", "forecast", "echo/", "wrong-fact", "--judge", "never-shows", "-o", "out"],
            "and no replies to judge, expected sampled replies; add --replies 20",
        ),
        (["audit", "forecast", "echo/", "wrong-fact", "--volumes", "x", "-o", "out"], "found --volumes 'x'"),
        (["audit", "judge", "measure", "exakt", "-o", "q.json"], "did you mean 'exact'"),
        (["audit", "judge", "measure", "rules/none.yaml", "-o", "q.json"], "No such file or directory"),
        (["audit", "judge", "fit", "--labels", "none.jsonl", "-o", "j"], "'none.jsonl' that cannot be read"),
        (["audit", "--judge", "exact"], "Missing argument 'TARGET'"),
    ],
)
def test_bad_input_is_one_line(
    words: list[str], line: str, report: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, one line that says what was found, nothing on stdout."""
    monkeypatch.chdir(report.parent)
    assert main([str(report) if word == "REPORT" else word for word in words]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and line in printed.err and printed.err.count("\n") == 1


def test_help_names_the_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    """Searching needs no verb; the others are listed."""
    assert main(["audit", "--help"]) == 0
    printed = capsys.readouterr().out
    assert all(f"  {verb} " in printed for verb in ("fmea", "forecast", "judge", "recheck", "run"))


@pytest.mark.parametrize(
    "words",
    [
        ["audit", "echo/", "--budget", "100"],
        ["audit", "forecast", "echo/", "wrong-fact", "-n", "50", "--replies", "2", "-o", "out"],
        ["audit", "recheck", "REPORT", "echo/"],
        ["align", "organism/helpdesk:over-permissive", "--technique", "identity", "-o", "out"],
        ["audit", "tally", "REPORT", "-o", "out"],
    ],
    ids=["run", "forecast", "recheck", "align", "tally"],
)
def test_a_judge_without_its_error_is_refused_everywhere(
    words: list[str], report: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In every command that takes --judge, by the same line; a file of another judge is no measurement of this one."""
    monkeypatch.chdir(report.parent)
    words = [*(str(report) if word == "REPORT" else word for word in words), "--judge", "never-shows"]
    assert main(words) == 2
    expected = "a judge-quality file, for a judge may be wrong; type: drillyard audit judge measure JUDGE -o FILE"
    line = f"error: found the judge 'never-shows' without its measured error, expected {expected}\n"
    assert capsys.readouterr().err == line
    assert main(["audit", "judge", "measure", "always-shows", "-n", "20", "-o", "other.json"]) == 0
    capsys.readouterr()
    assert main([*words, "--judge-quality", "other.json"]) == 2
    assert "found a judge-quality file of 'always-shows'" in capsys.readouterr().err


def test_every_command_that_takes_a_judge_is_tried_above() -> None:
    """A new one that is not refused fails here."""

    def taking(command: click.Command, path: tuple[str, ...]) -> set[tuple[str, ...]]:
        inside = isinstance(command, click.Group) and command.list_commands(context)
        found = [taking(command.get_command(context, name), (*path, name)) for name in inside or ()]
        own = {path} if any("--judge" in one.opts for one in command.params) else set()
        return own.union(*found)

    context = click.Context(app)
    measured = {("oversee", "run"), ("oversee", "check")}  # whose judge is an agent, and what the command measures
    measured |= {
        ("incident", verb) for verb in ("replay", "reward", "remedy", "run")
    }  # on the labels of the case, first
    tried = {("align",), *(("audit", verb) for verb in ("run", "forecast", "recheck", "tally"))}
    assert taking(app, ()) - measured == tried
