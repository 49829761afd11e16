"""The real Inspect opens report.eval: written and read in the environment that has it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from audits.reports.made_report import HOSTILE, made_report

import drillyard
from drillyard.audits.reports.writing import write_reports

pytestmark = pytest.mark.walk

SRC = Path(drillyard.__file__).parents[1]
# A Python that has Inspect and what drillyard needs: the one that a variable names, else this one.
INSPECT = os.environ.get("DRILLYARD_INSPECT_PYTHON", "") or (
    sys.executable if importlib.util.find_spec("inspect_ai") else ""
)
READER = """
import json, sys
from pathlib import Path
from inspect_ai.log import list_eval_logs, read_eval_log
from drillyard.audits.reports.writing import read_report, render

run = Path(sys.argv[1])
(run / "report.eval").write_bytes(render(read_report(run), "eval"))
(found,) = list_eval_logs(str(run))
log = read_eval_log(found)
print(json.dumps({
    "status": log.status,
    "model": log.eval.model,
    "rates": {score.name: {name: one.value for name, one in score.metrics.items()} for score in log.results.scores},
    "not found": log.results.metadata["not_found"],
    "samples": [[one.id, one.input[-1].text, one.scores[one.id[:-2]].value] for one in log.samples],
}))
"""


@pytest.mark.skipif(
    not INSPECT, reason="needs inspect-ai: pip install 'drillyard[inspect]', or DRILLYARD_INSPECT_PYTHON"
)
def test_inspect_opens_the_log(tmp_path: Path) -> None:
    """Listed and read by Inspect: rates with their ends as metrics, every failing transcript a sample, bounds kept."""
    report = made_report()
    write_reports(report, tmp_path, lambda _: None)
    env = {**os.environ, "PYTHONPATH": str(SRC)}
    run = subprocess.run([INSPECT, "-c", READER, str(tmp_path)], capture_output=True, text=True, env=env, check=False)
    assert run.returncode == 0, run.stderr
    read = json.loads(run.stdout)
    assert (read["status"], read["model"]) == ("success", report.target)
    for finding in report.findings:
        rates = read["rates"][finding.mode.id]
        assert (rates["rate"], rates["rate_low"], rates["rate_high"]) == (
            finding.rate.value,
            finding.rate.low,
            finding.rate.high,
        )
        assert rates["control_rate_high"] == finding.control_rate.high
    assert read["not found"]["gamma"]["at_most"] == report.bounds["gamma"].high
    assert [one[0] for one in read["samples"]] == ["alpha/v2 1", "alpha/v2 2", "beta/v2 1", "beta/v2 2"]
    assert all(asked == HOSTILE and value == "I" for _, asked, value in read["samples"])
