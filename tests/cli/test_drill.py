"""`drillyard drill`: the drill in a terminal, from the list of instances to the grade."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from drills.small_exam import claim_for

from drillyard.cli.app import main
from drillyard.drills import load_drill
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.submission import MAX_BYTES, read_submission
from drillyard.records import Grade, Submission


@pytest.fixture
def programme(created: ProgramFolder) -> ProgramFolder:
    """A created programme; nobody writes into it."""
    return created


@pytest.fixture
def instance(programme: ProgramFolder) -> str:
    """The name of its first instance."""
    return programme.instances()[0].id


def test_list_names_the_released_instances(programme: ProgramFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """A row each, and how to try the first."""
    assert main(["drill", "list", str(programme.path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "● 2 instances are released."
    for one in programme.instances():
        assert any(line.split() == [one.id, one.drill, one.level, one.role] for line in lines)
    assert lines[-1] == f"next: drillyard drill try {programme.path} {programme.instances()[0].id}"


def test_list_prints_one_json_document(programme: ProgramFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json, the instances as a learner may see them."""
    assert main(["drill", "list", str(programme.path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [one.to_data() for one in programme.instances()]


def test_try_shows_the_task_and_talks(
    programme: ProgramFolder, instance: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task goes to stderr, the model's replies to stdout; a template can be chosen and changed."""
    monkeypatch.setattr("sys.stdin", io.StringIO("when do you open\n/template v2\nwhen do you open\n"))
    assert main(["drill", "try", str(programme.path), instance, "--template", "v1"]) == 0
    shown = capsys.readouterr()
    assert load_drill("failure-hunt").task.splitlines()[0] in shown.err
    assert len(shown.out.splitlines()) == 2 and "from 8 to 20" in shown.out


@pytest.mark.walk
def test_an_example_can_be_handed_in(
    programme: ProgramFolder, instance: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `example` prints is a submission; `submit` grades it, exits 1 below the pass mark and tells the result."""
    assert main(["drill", "example", str(programme.path), instance]) == 0
    text = capsys.readouterr().out
    assert read_submission(text.encode(), load_drill("failure-hunt"), programme.instance(instance)).claims
    (tmp_path / "claims.json").write_text(text)
    arguments = ["drill", "submit", str(programme.path), instance, str(tmp_path / "claims.json")]
    assert main(arguments) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("▲ ") and "Planted failures" in shown and "Your claims" in shown
    assert main([*arguments, "--json"]) == 1
    assert not Grade.from_data(json.loads(capsys.readouterr().out)).passed


@pytest.mark.walk
def test_a_right_submission_exits_0(
    programme: ProgramFolder, instance: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Claims made from the truth pass, and the failures are told as found."""
    claims = tuple(claim_for(mode.id) for mode in programme.truth(instance).failures)
    (tmp_path / "claims.json").write_text(Submission(instance=instance, learner="me", claims=claims).to_json())
    assert main(["drill", "submit", str(programme.path), instance, str(tmp_path / "claims.json")]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"● {len(claims)} of {len(claims)} planted failures found. Score ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "drillyard drill example PROGRAMME"),
        ("{", "broken JSON"),
        ("[]", "expected a submission record"),
        (" " * (MAX_BYTES + 1), "expected at most 65,536"),
        ('{"instance": "../../etc", "learner": "x", "claims": []}', "a submission for '../../etc'"),
    ],
)
def test_submit_refuses_what_is_no_submission(
    programme: ProgramFolder,
    instance: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: str | None,
    message: str,
) -> None:
    """One line on stderr, nothing on stdout, exit 2."""
    if content is not None:
        (tmp_path / "claims.json").write_text(content)
    assert main(["drill", "submit", str(programme.path), instance, str(tmp_path / "claims.json")]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and len(shown.err.splitlines()) == 1 and message in shown.err


@pytest.mark.parametrize("verb", ["try", "example"])
@pytest.mark.parametrize("name", ["hunt-404", "../created", "a/b"])
def test_an_instance_that_is_not_there_is_refused(
    programme: ProgramFolder, capsys: pytest.CaptureFixture[str], verb: str, name: str
) -> None:
    """A wrong name, and one that is a path: one line, exit 2."""
    assert main(["drill", verb, str(programme.path), name]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
