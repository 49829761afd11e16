"""The seal says what was changed beneath it; the law's deadlines are counted from its data."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from incidents.traffic import turns

from drillyard.incidents.case import Case
from drillyard.incidents.deadlines import deadlines
from drillyard.incidents.generate.writing import write_logs
from drillyard.incidents.opening import open_incident
from drillyard.incidents.seal import Seal, verify


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A small sealed case with the state of a guard in it."""
    write_logs(turns(sessions=20)[0], "plain", tmp_path / "logs")
    (tmp_path / "guard.json").write_text('{"threshold": 0.5}')
    return open_incident([tmp_path / "logs"], tmp_path / "case", attach=[tmp_path / "guard.json"])


def test_a_case_that_nobody_touched_is_sealed(case: Case) -> None:
    """Rows, prompts, spec, coverage, rejects and the attachment are in the chain."""
    found = verify(case.folder)
    assert found.verdict == "sealed" and found.files == 6
    assert verify(case.folder, found.head[:12]).verdict == "sealed"


@pytest.mark.parametrize(
    ("harm", "field", "named"),
    [
        (lambda c: (c / "templates.jsonl").write_text("{}"), "changed", "templates.jsonl"),
        (lambda c: (c / "attached/guard.json").write_text("{}"), "changed", "attached/guard.json"),
        (lambda c: (c / "rows/part-00000.parquet").unlink(), "missing", "rows/part-00000.parquet"),
        (lambda c: (c / "rows/part-00001.parquet").write_bytes(b"x"), "added", "rows/part-00001.parquet"),
    ],
)
def test_what_was_changed_is_named(case: Case, harm: Callable[[Path], object], field: str, named: str) -> None:
    """Changed, gone, or put in."""
    harm(case.folder)
    found = verify(case.folder)
    assert found.verdict == "broken" and getattr(found, field) == (named,)


def test_a_seal_that_was_written_anew_is_shown_by_a_head_kept_elsewhere(case: Case) -> None:
    """Whoever can write the folder can mend the chain, but not an e-mail of last week."""
    head = verify(case.folder).head
    seal = json.loads((case.folder / "seal.json").read_text())
    seal["links"][1]["sha256"] = "0" * 64
    (case.folder / "seal.json").write_text(json.dumps(seal))
    assert "does not follow" in verify(case.folder).chain
    cut = Seal.from_data({**seal, "links": seal["links"][:1]})
    (case.folder / "seal.json").write_text(cut.to_json())
    assert "the chain was written anew" in verify(case.folder, head).chain


def test_the_deadlines_are_those_of_article_73() -> None:
    """2, 10 and 15 days from awareness, with the source and the day on which it was read."""
    found = deadlines(date(2026, 2, 20), date(2026, 3, 1))
    assert [(one.id, one.due, one.left) for one in found.deadlines] == [
        ("widespread", date(2026, 2, 22), -7), ("death", date(2026, 3, 2), 1), ("serious", date(2026, 3, 7), 6),
    ]  # fmt: skip
    assert found.source.startswith("https://") and found.read == date(2026, 11, 29)
