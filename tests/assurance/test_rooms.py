"""What other rooms write is evidence: each file as its command really writes it, with path, hash and command."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from assurance.test_case import EXAMPLES, TODAY, assumed, small

from drillyard.assurance.case import read_case_spec, run_files
from drillyard.assurance.drawn import open_case
from drillyard.assurance.evidence import pin_runs
from drillyard.assurance.value.invest import invest
from drillyard.cli.app import main
from drillyard.errors import BadInput

pytestmark = pytest.mark.walk


def measured(file: str, at: str, **more: Any) -> dict[str, Any]:
    """Return a measured input."""
    return {"kind": "measured", "file": file, "at": at, **more}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a case folder whose runs the commands of four rooms wrote."""
    made = tmp_path_factory.mktemp("rooms")
    model, runs = f"organism/{made / 'model'}", made / "runs"
    planted = ["upsell:v2", "refund-rule:lamp", "--no-verify", "-o", str(made / "model")]
    assert main(["organism", "plant", "helpdesk", *planted]) == 0
    for words in (
        ["audit", model, "--budget", "300", "--traffic", "200", "-o", str(runs / "audit")],
        ["oversee", "serve", model, "--measure", "--requests", "40", "-o", str(runs / "overseer")],
        ["guard", "train", "--scope", "helpdesk", "-o", str(runs / "guard")],
        ["contain", "plan", "--draws", "500", "-o", str(runs / "plan")],
    ):
        assert main(words) in (0, 1), words
    (runs / "align").mkdir()
    shutil.copy(EXAMPLES / "helpdesk" / "runs" / "align" / "align.json", runs / "align")
    (made / "case.yaml").write_text(yaml.safe_dump(json.loads(json.dumps(case(), default=str))))
    spec = read_case_spec(made, TODAY)
    pin_runs(made, run_files(spec), TODAY, spec.measured_on)
    return made


def case() -> dict[str, Any]:
    """Return a case on those runs."""
    last = {"audit": "report", "overseer": "overseer-quality", "guard": "quality", "plan": "strategy"}
    files = {name: f"runs/{name}/{file}.json" for name, file in last.items()}
    made = small()
    scenario = made["scenarios"][0]
    scenario["rate"] = measured(files["audit"], "traffic.pressure-selling")
    risk = measured(files["plan"], "horizon.risk.at[year=1].risk")
    made["scenarios"].append({**scenario, "id": "lost", "uses": assumed(value=1), "rate": risk})
    made["controls"] = [
        {
            "id": "overseer",
            "title": "An overseer",
            "effects": {"harm": {"passes": measured(files["overseer"], "caught", complement=True)}},
            "ledger": {"file": files["overseer"]},
        },
        {
            "id": "guard",
            "title": "A guard",
            "effects": {"harm": {"passes": measured(files["guard"], "by_behaviour.pressure-selling", complement=True)}},
            "taxes": {"refusable": assumed(value=0.5)},
            "ledger": {"file": files["guard"]},
        },
        {
            "id": "layers",
            "title": "Layers",
            "yearly": measured(files["plan"], "cost.hours"),
            "effects": {"lost": {"passes": assumed(low=0.1, high=0.3)}},
        },
    ]
    made["prices"] = {
        "uses": assumed(value=10_000),
        "use": assumed(value=2),
        "latency": [[0, 0], [1000, 0.5]],
    }
    made["measured_on"] = dict.fromkeys(files.values(), "2026-11-29")
    return made


def test_runs_of_four_rooms_are_certificates(folder: Path) -> None:
    """Audit, guard, overseer and plan of containment: the figure, its place, the hash of the file, the command."""
    opened = open_case(folder, TODAY, draws=400)
    words = {"audit": "drillyard audit", "overseer": "drillyard oversee serve", "guard": "drillyard guard train"}
    for name, command in {**words, "plan": "drillyard contain plan"}.items():
        found = [one for one in opened.certificates if one.origin.startswith(f"runs/{name}/")]
        assert found and all(one.kind == "MEASURED" and one.command.startswith(command) for one in found)
        file = folder / found[0].origin.partition(":")[0]
        assert found[0].sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    plan = json.loads((folder / "runs/plan/strategy.json").read_text())
    risk = next(one["risk"] for one in plan["horizon"]["risk"]["at"] if one["year"] == 1)
    told = opened.certificate("lost.rate")
    assert np.allclose([told.low, told.high], [risk["low"], risk["high"]], rtol=1e-3)  # 90 % of its draws are its band


def test_guards_and_overseers_have_rows_in_the_ledger(folder: Path) -> None:
    """False alarms and waiting in money, by the case's prices and its own curve; tokens stay in their unit."""
    found = invest(open_case(folder, TODAY, draws=800))
    rows = {(one.control, one.item): one for one in found.taxes}
    quality = json.loads((folder / "runs/overseer/overseer-quality.json").read_text())
    waited = rows["overseer", "waiting"]
    assert math.isclose(waited.change.value, 1000 * quality["p50"]) and waited.yearly
    assert math.isclose(waited.yearly.value, 20_000 * 0.5 * quality["p50"], rel_tol=1e-9)
    held = rows["overseer", "legitimate uses refused"]
    false = quality["false_holds"]
    expected = (false["value"] * false["n"] + 0.5) / (false["n"] + 1)
    assert held.yearly and math.isclose(held.yearly.value, 20_000 * expected, rel_tol=0.02)
    blocked = rows["guard", "legitimate uses refused"]
    assert blocked.yearly and math.isclose(blocked.yearly.value, 0.5 * 20_000 * blocked.change.value, rel_tol=1e-6)
    assert rows["overseer", "tokens of the critic"].yearly is None


def test_a_ledger_that_is_none_is_said(folder: Path, tmp_path: Path) -> None:
    """A report of an audit is no ledger; a guard has no techniques; a technique that nobody measured is named."""
    audit = "runs/audit/report.json"
    for ledger, words in (
        ({"file": audit}, "audit-report in runs/audit/report.json as a ledger, expected the report of align, guard"),
        ({"file": "runs/guard/quality.json", "technique": "rails"}, "a technique for the guard-check"),
        ({"file": "runs/align/align.json", "technique": "wish"}, "0 ledgers of wish .* expected one of: .*rails at"),
    ):
        made = case()
        made["controls"][1]["ledger"] = ledger
        shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
        (tmp_path / "case.yaml").write_text(yaml.safe_dump(json.loads(json.dumps(made, default=str))))
        with pytest.raises(BadInput, match=words):
            open_case(tmp_path, TODAY)
