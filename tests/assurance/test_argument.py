"""The safety case: leaves are run again, a failing model turns it red, exports hold, nothing says certified."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from assurance.test_case import EXAMPLES, TODAY

from drillyard.assurance.argument.check import check_case_argument
from drillyard.assurance.argument.elements import Argument, check_argument, parse_criterion, read_argument
from drillyard.assurance.argument.report import write_argument
from drillyard.assurance.evidence import pin_runs
from drillyard.errors import BadInput


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the example."""
    shutil.copytree(EXAMPLES / "helpdesk", tmp_path / "case")
    return tmp_path / "case"


def test_the_example_holds(folder: Path) -> None:
    """Every leaf holds on its stored run; the chance of all is bounded by the weakest leaf."""
    argument = read_argument(folder)
    found = check_case_argument(argument, folder, TODAY)
    assert found.state == "holds" and not any(one.changed for one in found.elements)
    assert found.verdict.endswith("leaves: 4 hold")
    leaves = [found.of(one.id) for one in argument.leaves]
    top = found.of("G1")
    assert top.high == min(one.high for one in leaves) and top.low <= top.high
    assert top.low == pytest.approx(1 - sum(1 - one.low for one in leaves))


def test_a_run_made_again_with_a_failing_model_turns_it_red(folder: Path) -> None:
    """The report of a model that fails more takes the place of the run: the case fails and names the leaf."""
    path = folder / "runs" / "align" / "align.json"
    run = json.loads(path.read_text())
    failing = next(one for one in run["points"] if one["technique"] == "identity")
    rails = next(one for one in run["points"] if one["technique"] == "rails")
    rails["figures"]["harmful-compliance"] = failing["figures"]["harmful-compliance"]
    path.write_text(json.dumps(run))
    found = check_case_argument(read_argument(folder), folder, TODAY)
    assert (
        found.state == "fails"
        and "Sn1 fails: high < 0.02: 0.88" in found.verdict
        and "the run changed" in found.verdict
    )
    assert found.of("G2").state == "fails" and found.of("G3").state == "holds" and found.of("Sn1").low < 1e-6


def test_states_of_leaves(folder: Path) -> None:
    """Gone is undeveloped, old is stale, an open defeater is not shown, an assumption lapses."""
    argument = read_argument(folder)
    late = check_case_argument(argument, folder, date(2027, 7, 1))
    assert late.of("Sn1").state == "undeveloped", "the answer to its defeater has lapsed"
    assert late.of("Sn2").state == "stale" and late.of("A1").state == "stale" and late.state == "undeveloped"
    (folder / "runs" / "audit" / "report.json").unlink()
    gone = check_case_argument(argument, folder, TODAY)
    assert gone.of("Sn3").state == "undeveloped" and "no run at" in gone.of("Sn3").words


def test_a_case_without_pins_is_refused_and_a_run_without_a_day_is_stale(folder: Path) -> None:
    """Deleting the pins refreshes nothing: neither leaving them away nor pinning again."""
    argument, files = read_argument(folder), ["runs/align/align.json", "runs/audit/report.json"]
    (folder / "pins.json").unlink()
    with pytest.raises(BadInput, match=r"no pins in .* drillyard case pin"):
        check_case_argument(argument, folder, TODAY)
    pin_runs(folder, files, TODAY, {})
    found = check_case_argument(argument, folder, TODAY)
    assert found.of("Sn2").state == "stale" and "of unknown age" in found.of("Sn2").words


def test_exports_hold_the_argument(folder: Path, tmp_path: Path) -> None:
    """Page, drawing, GSN, SACM, OSCAL and a pack per standard: the same elements, the same bytes twice."""
    argument = read_argument(folder)
    found = check_case_argument(argument, folder, TODAY)
    for out in ("one", "two"):
        write_argument(argument, found, tmp_path / out, "drillyard case argue")
    names = {path.name for path in (tmp_path / "one").iterdir()}
    packs = {"pack-eu-ai-act.json", "pack-iso-42001.json", "pack-nist-ai-rmf.json"}
    assert names >= {"argument.html", "argument.svg", "argument.gsn.yaml", "argument.sacm.xml", "oscal.json", *packs}
    assert all((tmp_path / "one" / n).read_bytes() == (tmp_path / "two" / n).read_bytes() for n in names)
    gsn = yaml.safe_load((tmp_path / "one" / "argument.gsn.yaml").read_text())
    assert gsn["G1"]["supportedBy"] == ["S1"] and gsn["G1"]["inContextOf"] == ["C1", "A1"]
    root = ElementTree.parse(tmp_path / "one" / "argument.sacm.xml").getroot()
    gids = {one.get("gid") for one in root}
    assert gids >= {one.id for one in argument.elements}
    ElementTree.parse(tmp_path / "one" / "argument.svg")
    for name in names:
        assert not re.search(r"\bcertif(ied|y)\b", (tmp_path / "one" / name).read_text(), re.IGNORECASE)
    gaps = json.loads((tmp_path / "one" / "pack-iso-42001.json").read_text())["gaps"]
    assert gaps == ["iso-42001-8.2"]


def test_trestle_takes_the_oscal_results(folder: Path, tmp_path: Path) -> None:
    """compliance-trestle reads what we write."""
    pytest.importorskip("trestle", reason="needs the extra oscal")
    argument = read_argument(folder)
    assert write_argument(argument, check_case_argument(argument, folder, TODAY), tmp_path / "out")


def element(name: str, kind: str, **fields: object) -> dict[str, object]:
    """Return an element as data."""
    return {"id": name, "kind": kind, "text": "said", **fields}


RUN = {"file": "r.json", "at": "rate"}
BAD = {
    "no goal": ([element("Sn1", "solution")], "no goal"),
    "twice": ([element("G1", "goal"), element("G1", "goal")], "the element 'G1' twice"),
    "unknown": ([element("G1", "goal", supported_by=["G2"])], "G1 with 'G2', expected one of: G1"),
    "ring": (
        [element("G1", "goal", supported_by=["G2"]), element("G2", "goal", supported_by=["G1"])],
        "a ring: G1 → G2 → G1",
    ),
    "upside down": (
        [element("G1", "goal"), element("Sn1", "solution", supported_by=["G1"])],
        "a solution Sn1 supported by the goal G1",
    ),
    "criterion": ([element("G1", "goal"), element("Sn1", "solution", run=RUN, criterion="small")], "'small' in Sn1"),
    "run at a goal": ([element("G1", "goal", run=RUN)], "a run at the goal G1"),
    "certified": ([{**element("G1", "goal"), "text": "It is certified"}], "'certified' in G1, expected other words"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_with_an_argument_is_one_line(name: str) -> None:
    """Found, expected, and where."""
    elements, words = BAD[name]
    with pytest.raises(BadInput, match=re.escape(words)):
        check_argument(Argument.from_data({"title": "t", "owner": "o", "elements": elements}))


def test_criteria_compare_one_end_with_a_limit() -> None:
    """Four signs, four fields; nothing else is read."""
    assert parse_criterion("high < 0.02").holds(0.01) and not parse_criterion("high<0.02").holds(0.02)
    assert parse_criterion("n >= 100").holds(100)
    with pytest.raises(BadInput, match="value, low, high or n"):
        parse_criterion("rate < 1")
