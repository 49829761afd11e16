"""`drillyard contain horizon`: our ranges fail, the example holds, a page when asked, exits 0, 1 and 2."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from drillyard.cli.app import main
from drillyard.containment.horizon.page import render_horizon
from drillyard.containment.horizon.report import HorizonReport, HorizonSpec, judge_horizon

EXAMPLE = Path(__file__).parents[2] / "examples" / "oracle" / "horizon.yaml"


def test_the_example_holds_and_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The ceiling opens the first line, limits close the words; the page names its command; JSON is the report."""
    folder = tmp_path / "page"
    assert main(["contain", "horizon", str(EXAMPLE), "-o", str(folder)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("● Void above ") and "times the monitor's skill: risk over 10 years" in out
    assert "ranges are ours and unverified" in out and "This does not show" in out
    assert f"next: open {folder}/horizon.html" in out
    page = (folder / "horizon.html").read_text()
    assert page.count("<svg") == 3 and not re.search(r"(?:src|href)=", page)
    assert "drillyard contain horizon" in page and "does not show" in page and "A17" in page
    assert main(["contain", "horizon", str(EXAMPLE), "--json"]) == 0
    report = HorizonReport.from_data(json.loads(capsys.readouterr().out))
    assert report == HorizonReport.from_json((folder / "horizon.json").read_text())


def test_our_ranges_fail_and_options_count(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a file the case is void over the whole ranges, exit 1; years and limit come from the line."""
    assert main(["contain", "horizon", "--years", "30", "--draws", "2000"]) == 1
    assert capsys.readouterr().out.startswith("▲ Void at any skill")
    assert main(["contain", "horizon", "--years", "1", "--limit", "0.5", "--draws", "2000"]) == 0
    assert "limit 50.00%" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("layers: [moat]\n", "moat"),
        ("assumptions: [{id: A5, parameters: [{name: growth, distribution: uniform, values: [2, 1]}]}]\n", "A5 growth"),
        ("own_layers: [{name: hold, multiplies: decisive, factor: 0.5}]\n", "hold twice"),
        ("own_layers: [{name: wall, multiplies: decisive}]\n", "wall: one of factor (above 0, up to 1), monitor"),
        ("years: 0\n", "years"),
        ("tree: {top: a, gates: [{name: a, kind: or, of: [a]}], events: [{name: x, low: 0, high: 1}]}\n", "a -> a"),
    ],
)
def test_bad_specs_are_one_line(text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong is named, exit 2."""
    path = tmp_path / "h.yaml"
    path.write_text(text)
    assert main(["contain", "horizon", str(path)]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_names_are_escaped_and_no_layers_are_legal() -> None:
    """A layer's name is never markup, and a spec without any layer is judged and drawn."""
    evil = {"name": "<b>wall", "multiplies": "decisive", "factor": 0.5}
    spec = HorizonSpec.from_data({"layers": [], "own_layers": [evil], "years": 2})
    page = render_horizon(judge_horizon(spec, draws=200, power=3)).decode()
    assert "<b>" not in page and "&lt;b&gt;wall" in page
    bare = judge_horizon(HorizonSpec(layers=(), years=2), draws=200, power=3)
    assert not bare.holds and not bare.stress.rows and b"<svg" in render_horizon(bare)
