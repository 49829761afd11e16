"""`drillyard scope`: from a folder of documents to what a model is held to, as a person types it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import answer_key
import pytest

from drillyard.cli.app import main


def typed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Return the exit code and all that was said."""
    code = main(["scope", *words])
    said = capsys.readouterr()
    return code, said.out + said.err


def test_from_documents_to_confirmed_facts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Build, show, mark one, refuse one, confirm the rest; a rebuild keeps all of it."""
    documents, scope = str(answer_key.SHOP), str(tmp_path / "scope")
    code, said = typed(capsys, "build", documents, "--title", "Lumen & Co", "-o", scope)
    assert code == 0 and "nothing was left out" in said and "confirm.md" in said
    code, said = typed(capsys, "confirm", scope)
    assert code == 1 and "0 of 49 facts" in said
    page = Path(scope) / "confirm.md"
    lines = page.read_text(encoding="utf-8").splitlines()
    marked = [line.replace("[ ]", "[-]") if "Ember**, price" in line else line for line in lines]
    page.write_text("\n".join(marked))
    code, said = typed(capsys, "build", documents, "-o", scope)  # what was marked is not lost
    assert code == 0
    code, said = typed(capsys, "confirm", scope, "--rest", "--json")
    told = json.loads(said)
    assert code == 0 and told["coverage"]["refused"] == 1 and told["coverage"]["confirmed"] == 48
    code, said = typed(capsys, "show", scope)
    assert code == 0 and "100% of the confirmed facts can be asked in three wordings" in said


def test_trouble_is_told_in_one_line_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1 where something was left out, 2 where nothing could be done."""
    documents = tmp_path / "d"
    shutil.copytree(answer_key.SHOP, documents)
    (documents / "faq.md").write_text("")
    code, said = typed(capsys, "build", str(documents), "-o", str(tmp_path / "s"))
    assert code == 1 and "1 things not read" not in said and "an empty FAQ" in said
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("Dear all")
    assert typed(capsys, "build", str(documents), "-o", str(tmp_path / "other"))[0] == 2
    code, said = typed(capsys, "show", str(tmp_path / "other"))
    assert code == 2 and "scope.json" in said and len(said.strip().splitlines()) == 1
    page = tmp_path / "s" / "confirm.md"
    page.write_text(page.read_text(encoding="utf-8").replace("- [ ]", "- [?]", 1))
    code, said = typed(capsys, "confirm", str(tmp_path / "s"))
    assert code == 2 and "[?] in line" in said
    assert typed(capsys, "confirm", str(tmp_path / "s"), "--refuse", "none")[0] == 2


def test_a_target_is_audited_by_documents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What repeats the user repeats wrong values: typed claims see it, and say that nobody has measured them here."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "lamps.csv").write_text("name,price (EUR)\nComet,85\nHalo,49\n")
    scope = str(tmp_path / "scope")
    assert typed(capsys, "build", str(tmp_path / "d"), "-o", scope)[0] == 0
    assert main(["audit", "echo/", "--scope", scope, "--budget", "100"]) == 2  # nobody has confirmed anything
    assert "none is confirmed" in capsys.readouterr().err
    assert typed(capsys, "confirm", scope, "--rest")[0] == 0
    assert main(["audit", "echo/", "--scope", scope, "--budget", "100", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["findings"] == [] and {lead["mode"]["behaviour"] for lead in report["leads"]} == {"wrong-fact"}
    assert report["world"] == str(Path(scope).resolve())
