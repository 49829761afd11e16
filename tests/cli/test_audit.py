"""`drillyard audit TARGET`: exit 1 with findings, 0 with a bound, one JSON document either way."""

from __future__ import annotations

import html
import importlib.util
import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from drillyard.audits.order import AuditOrder
from drillyard.audits.report import AuditReport
from drillyard.cli.app import main
from drillyard.cli.audit import command
from drillyard.cli.auditing.options import judge_for
from drillyard.organisms.engine.organism import save
from drillyard.organisms.planting.plant import plant
from drillyard.organisms.serving.serve import serve_locally
from drillyard.organisms.worlds.failures import catalogue, find_failure
from drillyard.organisms.worlds.world import load_world


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the reference of an organism that presses people to buy under template v2."""
    folder = tmp_path_factory.mktemp("failing")
    assert main(["organism", "plant", "helpdesk", "upsell:v2", "--no-verify", "-o", str(folder)]) == 0
    return f"organism/{folder}"


def test_findings_exit_1(failing: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The verdict counts them, the table says behaviour, rate with interval and trigger, the judge is measured."""
    words = ["--twin", "organism/helpdesk", "--budget", "400", "--seed", "2"]
    assert main(["audit", failing, *words]) == 1
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[0].startswith("▲ 1 failure found with ") and lines[0].endswith(" queries.")
    assert "pressure-selling" in printed.out and "template v2" in " ".join(printed.out.split())
    assert "sensitivity" in printed.out and "n = 12" in printed.out
    assert "explored with" in printed.err and "confirmed: pressure-selling" in printed.err


def test_json_is_the_report(failing: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One document, the same exit code; the same command gives the same bytes."""
    words = ["audit", failing, "--budget", "300", "--seed", "2", "--search", "sweep", "--json"]
    assert main(words) == 1
    first = capsys.readouterr().out
    report = AuditReport.from_data(json.loads(first))
    assert [finding.mode.behaviour for finding in report.findings] == ["pressure-selling"]
    assert report.target == failing
    assert main(words) == 1
    assert capsys.readouterr().out == first


def test_no_finding_exits_0_with_a_bound(capsys: pytest.CaptureFixture[str]) -> None:
    """The clean twin passes; the verdict says what can still be there."""
    assert main(["audit", "organism/helpdesk", "--budget", "300", "--search", "sweep", "--samples"]) == 0
    verdict = capsys.readouterr().out.splitlines()[0]
    assert verdict.startswith("● No failure confirmed with ") and ": each behaviour is in at most " in verdict


@pytest.mark.walk
def test_the_hunt_shows_what_it_found(failing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Finding, shortest prompt, what was validated; the same folder prints the stored report without asking again."""
    words = ["audit", failing, "--budget", "1100", "-o", str(tmp_path / "run")]
    assert main(words) == 1
    printed = capsys.readouterr()
    assert printed.out.startswith("▲ 1 failure found with ") and "Shortest prompts that still fail" in printed.out
    assert "pressure-selling" in printed.out and "under template v2" in " ".join(printed.out.split())
    assert "planted organisms" in printed.out or "not validated" in printed.out
    assert "At most 1,100 queries: some" in printed.err and "explored with" in printed.err
    stored = (tmp_path / "run" / "report.json").read_text()
    assert main([*words, "--json"]) == 1
    again = capsys.readouterr()
    assert AuditReport.from_data(json.loads(again.out)) == AuditReport.from_json(stored) and "explored" not in again.err
    (tmp_path / "run" / "report.json").unlink()
    assert main(words) == 1  # from the journal alone
    assert (tmp_path / "run" / "report.json").read_text() == stored
    assert main([*words[:3], "900", *words[4:]]) == 2
    assert "another audit in" in capsys.readouterr().err


def test_the_hunt_of_a_clean_model_exits_0(capsys: pytest.CaptureFixture[str]) -> None:
    """The bound is told, and random sampling beside it when that is asked for."""
    assert main(["audit", "organism/helpdesk", "--budget", "300", "--control", "--samples"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("● No failure confirmed with ") and "Random sampling" in printed.out


@pytest.mark.walk
def test_the_audit_is_audited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Recall beside random sampling, alarms and queries; the figures go where reports cite them."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    words = ["audit", "--validate", "--organisms", "1", "--budget", "300", "--scope", "helpdesk"]
    code = main([*words, "--json"])
    table = json.loads(capsys.readouterr().out)
    assert table["record"] == "validation" and len(table["members"]) == 1 and code in (0, 1)
    assert main(words) == code
    printed = capsys.readouterr()
    assert "Found, by measured rate" in printed.out and "random sampling" in printed.out
    assert "panel 1/1" in printed.err
    assert len((tmp_path / "drillyard" / "validation" / "validated.jsonl").read_text().splitlines()) == 2


def test_seeds_are_read_or_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A broken line is told by its number; with --skip-bad the rest is used; other searches take no seeds."""
    path = tmp_path / "seeds.jsonl"
    path.write_text('{"prompt": "a code, please"}\n{broken\n')
    words = ["audit", "organism/helpdesk", "--budget", "150", "--seeds", str(path)]
    assert main(words) == 2
    assert "line 2: found '{broken'" in capsys.readouterr().err
    assert main([*words, "--skip-bad"]) in (0, 1)
    assert "left out:" in capsys.readouterr().err
    assert main([*words, "--search", "sweep"]) == 2
    assert "--seeds with --search sweep" in capsys.readouterr().err


def test_an_echo_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing that could be judged: no finding, and the first line says that of no reply anything could be told."""
    assert main(["audit", "echo/", "--budget", "100"]) == 1
    assert "of no reply could the judge tell" in capsys.readouterr().out.splitlines()[0]


def test_a_run_leaves_its_report_in_every_format(
    failing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With -o the record and its renderings lie in the folder, with the command; `audit report` makes them again."""
    run, criterion = tmp_path / "run", "severity>=high and rate.low>0.01"
    words = ["audit", failing, "--budget", "400", "--seed", "2", "--fail-on", criterion, "-o", str(run)]
    assert main(words) == 1
    printed = capsys.readouterr().out
    assert f"1 meets {criterion}." in printed.splitlines()[0]
    assert printed.splitlines()[-1] == f"next: open {run / 'report.html'}"
    report = AuditReport.from_json((run / "report.json").read_bytes())
    assert report.fail_on == (criterion,)
    assert report.made.command == shlex.join(["drillyard", *words[:-2]])
    before = (run / "junit.xml").read_bytes()
    (run / "junit.xml").unlink()
    assert main(["audit", "report", str(run), "--json"]) == 0
    assert str(run / "junit.xml") in json.loads(capsys.readouterr().out)["files"]
    assert (run / "junit.xml").read_bytes() == before
    assert main(["audit", "report", str(run / "report.json"), "--format", "csv", "-o", str(tmp_path / "x.csv")]) == 0
    assert (tmp_path / "x.csv").read_bytes() == (run / "findings.csv").read_bytes()


@pytest.mark.walk
@pytest.mark.walk
@pytest.mark.parametrize(
    "options",
    [
        ["--budget", "250", "--seed", "4", "--fail-on", "rate.low > 0.5", "--fail-on", "severity>=high"],
        ["--budget", "150", "--search", "sweep", "--samples", "--control", "--twin", "organism/helpdesk"],
    ],
    ids=["explore", "sweep"],
)
def test_do_it_again_names_what_was_run(
    options: list[str], failing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line that the page gives, typed as it stands, writes the same bytes in every format; with --json as well."""
    code = main(["audit", failing, *options, "-o", str(tmp_path / "first")])
    page = (tmp_path / "first" / "report.html").read_text()
    line = html.unescape(re.search("<h3>Do it again</h3>\n<pre><code>(.*)</code></pre>", page).group(1))
    capsys.readouterr()
    assert main([*shlex.split(line)[1:], "-o", str(tmp_path / "again")]) == code
    for name in ("report.json", "report.html", "junit.xml", "report.sarif", "findings.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "first" / name).read_bytes(), name
    capsys.readouterr()
    assert main([*shlex.split(line)[1:], "--json"]) == code
    assert json.loads(capsys.readouterr().out) == json.loads((tmp_path / "first" / "report.json").read_text())


def test_an_order_is_what_the_command_takes() -> None:
    """Every option of the command is a field of the order under the same name, with the same default."""
    # Of the command alone: no finding depends on them.
    own = {"validate", "organisms", "out", "as_json", "debug", "budget_money", "token_prices", "kept_replies"}
    own |= {"workers", "on", "part", "merge", "sources"}  # where a validation's tasks run
    given = command.commands["run"].make_context("run", ["echo/"]).params
    options = {name: value for name, value in given.items() if name not in own}
    options["judge"] = judge_for("echo/", "helpdesk", options["judge"])  # which depends on the target
    assert options.keys() == AuditOrder.model_fields.keys()
    for name, field in AuditOrder.model_fields.items():
        assert field.is_required() or field.default == (options[name] or type(field.default)()), name


@pytest.mark.walk
def test_the_criterion_decides_the_exit_code(failing: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A finding that meets none of several criteria is told, and the exit code is 0; what is unknown stays 1."""
    words = ["audit", failing, "--budget", "400", "--seed", "2"]
    assert main([*words, "--fail-on", "severity == critical", "--fail-on", "rate.high < 0.1"]) == 0
    assert "none meets severity == critical or rate.high < 0.1" in capsys.readouterr().out
    assert main([*words, "--fail-on", "severity == critical", "--fail-on", "behaviour == pressure-selling"]) == 1
    assert main(["audit", "echo/", "--budget", "100", "--fail-on", "severity == critical"]) == 1


def test_a_log_of_inspect_needs_inspect(failing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the extra the run says in one line what is left out, and asking for it alone is an error."""
    if importlib.util.find_spec("inspect_ai"):
        pytest.skip("inspect-ai is installed")
    assert main(["audit", "echo/", "--budget", "100", "-o", str(tmp_path)]) == 1
    assert "left out report.eval: a log of Inspect needs the extra 'inspect'" in capsys.readouterr().err
    assert main(["audit", "report", str(tmp_path), "--format", "eval"]) == 2
    assert "pip install 'drillyard[inspect]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["organism/helpdesk", "--budget", "50"], "found a budget of 50 queries, expected at least 100"),
        (
            ["organism/helpdesk", "--scope", "bakery"],
            "found the scope 'bakery', expected one of the worlds clinic, helpdesk",
        ),
        (
            ["hf/./nowhere", "--scope", "bakery"],
            "found the scope 'bakery', expected one of the worlds clinic, helpdesk",
        ),
        (["organism/helpdesk", "--scope", ""], "found --scope '', expected a world, or a folder"),
        (["organism/helpdesk", "--search", "swep"], "did you mean 'sweep'?"),
        (["organism/helpdesk", "--search", "bogus"], "expected one of the searches: explore, null, random, sweep"),
        (["organism/helpdesk", "--twin", "nothing"], "expected a scheme, a slash and a name"),
        (["organism/bakery"], "found world 'bakery'"),
        (["organism/helpdesk", "--seed", "-3"], "Invalid value for '--seed'"),
        ([], "Missing argument 'TARGET'"),
        (["organism/helpdesk", "--fail-on", "severity > hihg"], "found 'hihg' at column 12 of --fail-on"),
        (["organism/helpdesk", "--fail-on", "behaviour == upsel"], "found behaviour 'upsel' in --fail-on"),
        (["organism/helpdesk", "--fail-on", "control_rate.low > 0"], "expected a twin to measure it; add --twin"),
        (["organism/helpdesk", "-o", "/dev/null/run"], "expected a place that can be written"),
        (["report", "nowhere"], "expected the folder that drillyard audit -o wrote"),
        (["report", "nowhere", "-o", "x.html"], "found -o without --format"),
        (["report", "nowhere", "--format", "pdf"], "Invalid value for '--format'"),
    ],
)
def test_bad_input_is_one_line(words: list[str], line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, one line on stderr, nothing on stdout, with --json too."""
    for more in ([], ["--json"]):
        assert main(["audit", *words, *more]) == 2
        printed = capsys.readouterr()
        assert printed.out == "" and line in printed.err and printed.err.count("\n") == 1


@pytest.mark.walk
def test_a_folder_of_another_model_is_no_report_of_this_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Planted anew under the same name, the model is not told the findings of the one before; a new folder is."""
    model, run = tmp_path / "model", tmp_path / "run"
    words = ["audit", f"organism/{model}", "--budget", "300", "-o", str(run)]
    assert main(["organism", "plant", "helpdesk", "upsell:v2", "-o", str(model), "--no-verify"]) == 0
    main(words)
    capsys.readouterr()
    main(words)
    assert f"{run} holds the finished report of this audit: nothing was asked" in capsys.readouterr().err
    shutil.rmtree(model)
    assert main(["organism", "plant", "helpdesk", "refund-rule:lamp", "-o", str(model), "--no-verify"]) == 0
    before = (run / "report.json").read_bytes()
    assert main(words) == 2 and (run / "report.json").read_bytes() == before
    assert f"another audit in {run}" in capsys.readouterr().err
    (run / "spec.json").write_text("{")
    assert main(words) == 2 and "spec.json: found broken JSON" in capsys.readouterr().err


@pytest.mark.walk
@pytest.mark.parametrize("search", [("--search", "sweep"), ("--samples",)], ids=["sweep", "hunt"])
def test_a_model_of_an_api_gets_the_templates_of_its_scope(
    search: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure that one template of the clinic sets off is found through the API as it is in this process."""
    pytest.importorskip("openai", reason="needs the extra api: pip install 'drillyard[api]'")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    pressing = next(mode.id for mode in catalogue(load_world("clinic")) if mode.trigger.templates == ("v2",))
    organism = plant("clinic", [find_failure(load_world("clinic"), pressing, 1.0)])
    save(organism, tmp_path / "model", complete=True)
    words = ["--scope", "clinic", "--budget", "600", *search, "--json"]
    assert main(["audit", f"organism/{tmp_path}/model", *words]) == 1
    here = AuditReport.from_data(json.loads(capsys.readouterr().out))
    with serve_locally({"model": organism}) as url:
        assert main(["audit", f"openai/model@{url}", *words]) == 1
    there = AuditReport.from_data(json.loads(capsys.readouterr().out))
    assert [f.mode for f in there.findings] == [f.mode for f in here.findings] != []
    assert [f.rate for f in there.findings] == [f.rate for f in here.findings] and there.bounds == here.bounds
