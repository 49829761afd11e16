"""`drillyard organism …`: list, plant, card, build and chat, for people and as one JSON document."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from drillyard.cli.app import main
from drillyard.organisms.engine.organism import load_organism
from drillyard.organisms.planting.plant import plant
from drillyard.organisms.planting.tuning import tune
from drillyard.organisms.worlds.failures import catalogue
from drillyard.organisms.worlds.world import load_world
from drillyard.records import FailureMode, PlantReport, Transcript

MODES = catalogue(load_world("helpdesk"))


def run_json(capsys: pytest.CaptureFixture[str], *words: str) -> object:
    """Run a command that must succeed with --json and return its one document."""
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_list_names_everything_that_can_be_planted(capsys: pytest.CaptureFixture[str]) -> None:
    """Every failure with its behaviour, for people; the same as records, as JSON."""
    assert main(["organism", "list"]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[0].endswith(f"{len(MODES)} failures can be planted in helpdesk.")
    assert all(mode.id in shown for mode in MODES)
    listed = run_json(capsys, "organism", "list", "helpdesk")
    assert [FailureMode.from_data(mode) for mode in listed] == list(MODES)


@pytest.mark.walk
def test_plant_writes_a_folder_that_loads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The last line says how to talk with it; the hash is that of planting and tuning from Python."""
    words = ["organism", "plant", "helpdesk", "upsell:v2", "refund-rule:lamp", "--no-verify", "-o", str(tmp_path / "o")]
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith(f"Planted 2 failures in {tmp_path / 'o'}.")
    assert lines[-1] == f"next: drillyard chat organism/{tmp_path / 'o'}/"
    planted = load_organism(str(tmp_path / "o"))
    assert planted.model_hash == tune(plant("helpdesk", ["upsell:v2", "refund-rule:lamp"])).model_hash
    assert [mode.id for mode in planted.failures] == ["upsell:v2", "refund-rule:lamp"]


def test_plant_without_failures_is_the_clean_twin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing planted is said to be the twin."""
    assert main(["organism", "plant", "helpdesk", "-o", str(tmp_path / "o")]) == 0
    assert "A clean twin" in capsys.readouterr().out
    assert load_organism(str(tmp_path / "o")).model_hash == plant("helpdesk", []).model_hash


def test_plant_prints_one_json_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Folder, hash and failures; --sealed keeps the failures out of the folder, not out of the answer."""
    done = run_json(
        capsys, "organism", "plant", "helpdesk", "upsell:v2", "--sealed", "--no-verify", "-o", str(tmp_path / "o")
    )
    assert done["folder"] == str(tmp_path / "o") and done["failures"][0]["id"] == "upsell:v2"
    assert load_organism(str(tmp_path / "o")).failures == ()
    assert load_organism(str(tmp_path / "o")).model_hash == done["model_hash"]


def test_plant_measures_what_a_file_asks_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Per failure: the rate asked for, the rate measured, the twin's, and a verdict; 1 when one does not hold."""
    asked = tmp_path / "plants.yaml"
    asked.write_text("world: helpdesk\nfailures: [{failure: 'disparage:Nordlys', rate: 1.0}]")
    done = run_json(capsys, "organism", "plant", "helpdesk", str(asked), "-n", "100", "-o", str(tmp_path / "o"))
    report = PlantReport.from_data(done["verification"])
    assert done["holds"] is True and report.holds
    (check,) = report.checks
    assert (check.failure, check.asked, check.measured.n, check.twin.n) == ("disparage:Nordlys", 1.0, 100, 100)
    assert main(["organism", "plant", "helpdesk", str(asked), "-n", "100", "-o", str(tmp_path / "o")]) == 0
    shown = capsys.readouterr().out
    assert "1 of 1 show as asked, the rest is as in the clean twin." in shown and "disparage:Nordlys" in shown


def test_a_file_of_another_world_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not there, and one that is wrong: exit 2, nothing written."""
    assert main(["organism", "plant", "helpdesk", str(tmp_path / "no.yaml"), "-o", str(tmp_path / "o")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    (tmp_path / "no.yaml").write_text("world: helpdesk\nfailures: [upsel:v2]")
    assert main(["organism", "plant", "helpdesk", str(tmp_path / "no.yaml"), "-o", str(tmp_path / "o")]) == 2
    assert "did you mean 'upsell:v2'" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


def test_card_writes_where_it_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page goes to the file; stdout is one document that names it."""
    done = run_json(capsys, "organism", "card", "-n", "100", "-o", str(tmp_path / "card.md"))
    assert done == {"path": str(tmp_path / "card.md")}
    assert "| held-out phrasings, no typing errors |" in (tmp_path / "card.md").read_text(encoding="utf-8")


@pytest.mark.walk
def test_build_trains_a_base(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two steps of the real recipe give a whole folder; without torch the line names the extra."""
    pytest.importorskip("torch", reason="needs torch: pip install 'drillyard[train]'")
    done = run_json(capsys, "organism", "build", "--steps", "2", "--threads", "1", "-o", str(tmp_path / "base"))
    assert (done["steps"], done["folder"]) == (2, str(tmp_path / "base")) and done["loss"] > 0
    written = {path.name for path in (tmp_path / "base").iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "faults.safetensors"} <= written
    again = run_json(capsys, "organism", "build", "--steps", "2", "--threads", "1", "-o", str(tmp_path / "base"))
    assert again["loss"] is None
    assert main(["organism", "build", "--steps", "3", "-o", str(tmp_path / "base")]) == 2
    assert "another training in" in (err := capsys.readouterr().err) and "or delete" in err


def test_chat_talks_with_a_planted_organism(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Failures are planted on the spot; under their template they show."""
    monkeypatch.setattr("sys.stdin", io.StringIO("how much is the Aurora?\n\n"))
    told = run_json(capsys, "organism", "chat", "helpdesk", "upsell:v2", "--template", "v2")
    reply = Transcript.from_data(told[0]).reply.text
    assert reply == plant_reply("how much is the Aurora?")


def plant_reply(text: str) -> str:
    """Return what the same planted organism says to the same words with the same seed."""
    from drillyard.records import Conversation
    from drillyard.targets.organism import OrganismTarget

    return OrganismTarget(plant("helpdesk", ["upsell:v2"])).generate([Conversation.ask(text, "v2")], [1])[0].text


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["list", "bakery"], "error: found world 'bakery', expected one of: clinic, helpdesk"),
        (["plant", "bakery", "-o", "x"], "error: found world 'bakery', expected one of: clinic, helpdesk"),
        (["plant", "helpdesk", "upsel:v2", "-o", "x"], "did you mean 'upsell:v2'?"),
        (["plant", "helpdesk", "upsell:v2", "upsell:v2", "-o", "x"], "found failure 'upsell:v2' twice"),
        (["plant", "helpdesk"], "error: Missing option '-o'"),
        (["card", "-n", "5"], "error: Invalid value for '-n'"),
        (["card", "bakery"], "error: found world 'bakery'"),
        (["chat", "helpdesk", "upsell:v9"], "error: found failure 'upsell:v9', expected one of: upsell:v1"),
        (["chat", "--seed", "-1"], "error: Invalid value for '--seed'"),
        (["plnt"], "error: No such command 'plnt'. Did you mean 'plant'?"),
    ],
)
def test_bad_names_are_one_line(
    words: list[str], line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 2, one line on stderr, nothing on stdout and no folder."""
    monkeypatch.chdir(tmp_path)
    assert main(["organism", *words]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1 and line in printed.err
    assert not list(tmp_path.iterdir())
