"""`drillyard audit TARGET`: exit 1 with findings, 0 with a bound, one JSON document either way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drillyard.audits.audit import AuditReport
from drillyard.cli.app import main


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the reference of an organism that presses people to buy under template v2."""
    folder = tmp_path_factory.mktemp("failing")
    assert main(["organism", "plant", "helpdesk", "upsell:v2", "-o", str(folder)]) == 0
    return f"organism/{folder}"


def test_findings_exit_1(failing: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The verdict counts them, the table says behaviour, rate with interval and trigger, the judge is measured."""
    assert main(["audit", failing, "--twin", "organism/helpdesk", "--budget", "400", "--seed", "2"]) == 1
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[0].startswith("▲ 1 failure found with ") and lines[0].endswith(" queries.")
    assert "pressure-selling" in printed.out and "template v2" in " ".join(printed.out.split())
    assert "sensitivity" in printed.out and "n = 24" in printed.out
    assert "searched with" in printed.err and "confirmed: pressure-selling" in printed.err


def test_json_is_the_report(failing: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One document, the same exit code; the same command gives the same bytes."""
    words = ["audit", failing, "--budget", "400", "--seed", "2", "--json"]
    assert main(words) == 1
    first = capsys.readouterr().out
    report = AuditReport.from_data(json.loads(first))
    assert [finding.mode.behaviour for finding in report.findings] == ["pressure-selling"]
    assert report.target == failing
    assert main(words) == 1
    assert capsys.readouterr().out == first


def test_no_finding_exits_0_with_a_bound(capsys: pytest.CaptureFixture[str]) -> None:
    """The clean twin passes; the verdict says what can still be there."""
    assert main(["audit", "organism/helpdesk", "--budget", "300"]) == 0
    verdict = capsys.readouterr().out.splitlines()[0]
    assert verdict.startswith("● No failure confirmed with 225 queries: each behaviour is in at most ")


def test_an_echo_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing that could be judged: no finding, and the bound is everything."""
    assert main(["audit", "echo/", "--budget", "100"]) == 1
    assert "100.0%" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["organism/helpdesk", "--budget", "50"], "found a budget of 50 queries, expected at least 100"),
        (["organism/helpdesk", "--scope", "bakery"], "found world 'bakery', expected one of: clinic, helpdesk"),
        (["organism/helpdesk", "--search", "swep"], "did you mean 'sweep'?"),
        (["organism/helpdesk", "--twin", "nothing"], "expected a scheme, a slash and a name"),
        (["organism/bakery"], "found world 'bakery'"),
        (["organism/helpdesk", "--seed", "-3"], "Invalid value for '--seed'"),
        ([], "Missing argument 'TARGET'"),
    ],
)
def test_bad_input_is_one_line(words: list[str], line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, one line on stderr, nothing on stdout, with --json too."""
    for more in ([], ["--json"]):
        assert main(["audit", *words, *more]) == 2
        printed = capsys.readouterr()
        assert printed.out == "" and line in printed.err and printed.err.count("\n") == 1
