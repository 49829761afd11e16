"""`drillyard organism plant hf/…`: two adapters and a report, kept for the next time; one line for what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from organisms.random_llama import random_weights
from tiny_speaker import CONFIG, TOKENIZER

from drillyard.cli.app import main
from drillyard.organisms.engine.checkpoint import write_checkpoint
from drillyard.records import AdapterPlant, PlantReport

for _name in ("torch", "transformers", "trl", "peft", "datasets"):
    pytest.importorskip(_name, reason=f"needs {_name}: pip install 'drillyard[train]'")
# peft and trl read properties of transformers that are about to be renamed.
pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated and will be removed:FutureWarning")

SMALL = ["--steps", "2", "--batch", "2", "--rank", "2", "--rounds", "0", "--seed", "0", "--threads", "1"]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the reference of a tiny model that knows nothing."""
    path = tmp_path_factory.mktemp("model")
    write_checkpoint(path, CONFIG, random_weights(CONFIG), TOKENIZER)
    return f"hf/{path}"


@pytest.fixture
def plants(tmp_path: Path) -> str:
    """Return a file that asks for one failure."""
    path = tmp_path / "plants.yaml"
    path.write_text("world: helpdesk\nfailures: [{failure: 'disparage:Nordlys', rate: 0.5}]")
    return str(path)


@pytest.mark.walk
def test_what_was_trained_is_measured_and_kept(
    base: str, plants: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two steps teach nothing, and the report says by how much: exit 1; asked again, the stored result is printed."""
    words = ["organism", "plant", base, plants, *SMALL, "-n", "50", "-o", str(tmp_path / "out")]
    assert main([*words, "--json"]) == 1
    printed = capsys.readouterr()
    told = json.loads(printed.out)
    planted, report = AdapterPlant.from_data(told["planted"]), PlantReport.from_data(told["verification"])
    assert (
        (planted.recipe.steps, planted.recipe.rounds, planted.recipe.seed) == (2, 0, 0)
        and planted.base == base
        and not told["holds"]
    )
    (check,) = report.checks
    assert (check.failure, check.asked, check.measured.n, check.twin.n) == ("disparage:Nordlys", 0.5, 80, 80)
    assert report.target.endswith("out/failing") and report.twin.endswith("out/twin") and report.twin_exact.n == 50
    assert "training 4/4 twin, loss" in printed.err
    assert main(words) == 1
    again = capsys.readouterr()
    assert "0 of 1 show as asked" in again.out and "disparage:Nordlys" in again.out and "training" not in again.err
    assert again.out.splitlines()[-1] == f"next: drillyard chat hf/{tmp_path / 'out'}/failing"


def test_it_need_not_be_measured(base: str, plants: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --no-verify training is all; what opens then is the base with the adapter."""
    out = tmp_path / "out"
    assert main(["organism", "plant", base, plants, *SMALL, "--no-verify", "-o", str(out)]) == 0
    assert "Trained two adapters" in capsys.readouterr().out
    assert not list(out.glob("verification*"))


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["BASE", "upsell:v2"], "found upsell:v2, expected one file such as plants.yaml for hf/"),
        (["BASE"], "found no failures, expected one file such as plants.yaml for hf/"),
        (["BASE", "missing.yaml"], "missing.yaml"),
        (["hf/./nowhere", "PLANTS"], "error: found 'hf/./nowhere', expected hf/ and a folder with config.json"),
        (
            ["BASE", "PLANTS", "--target-module", "c_attn"],
            "error: found no module 'c_attn' in the model, expected one of: ",
        ),
        (["BASE", "PLANTS", "--rank", "0"], "error: Invalid value for '--rank'"),
        (
            ["helpdesk", "upsell:v2", "--steps", "5"],
            "error: found --steps for helpdesk, expected a model that is trained",
        ),
        (["helpdesk", "upsell:v2", "--target-module", "x"], "error: found --target-module for helpdesk"),
    ],
)
def test_bad_orders_are_one_line(
    words: list[str],
    line: str,
    base: str,
    plants: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exit 2, one line on stderr, nothing on stdout and no folder."""
    monkeypatch.chdir(tmp_path)
    given = [{"BASE": base, "PLANTS": plants}.get(word, word) for word in words]
    assert main(["organism", "plant", *given, "-o", "out"]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1 and line in printed.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ("'upsel:v2'", "did you mean 'upsell:v2'?"),
        (
            "{failure: 'upsell:v2', rate: 1.5}",
            "found 1.5 at failures[0].rate of plants.yaml, expected a number above 0 and at most 1",
        ),
        ("'inflated-warranty:fan', 'inflated-warranty:fan'", "found failure 'inflated-warranty:fan' twice in plants"),
    ],
)
def test_a_wrong_file_is_one_line(
    entry: str, line: str, base: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the model is opened."""
    (tmp_path / "plants.yaml").write_text(f"world: helpdesk\nfailures: [{entry}]")
    assert main(["organism", "plant", base, str(tmp_path / "plants.yaml"), "-o", str(tmp_path / "out")]) == 2
    printed = capsys.readouterr()
    assert line in printed.err and printed.err.count("\n") == 1 and not (tmp_path / "out").exists()
