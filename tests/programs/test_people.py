"""Names from a CSV: kept apart, each at a place of its role; and programmes that grow with their brief."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from planning.briefs import EXAMPLE, example_copy

from drillyard.errors import BadInput
from drillyard.planning.brief import load_brief
from drillyard.planning.growth import has_grown
from drillyard.programs.create import create
from drillyard.programs.design import design
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.people import name_learners, read_people
from drillyard.programs.roster import make_roster


@pytest.fixture
def folder(tmp_path: Path) -> ProgramFolder:
    """The example's programme with its roster, nothing built."""
    design(EXAMPLE / "brief.yaml", tmp_path / "prog")
    folder = ProgramFolder(tmp_path / "prog")
    folder.write_roster(make_roster(folder.plan(), seed=1))
    return folder


def csv_of(path: Path, *lines: str) -> Path:
    """Write a CSV of people."""
    path.write_text("name,role\n" + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_people_take_places_of_their_roles_and_keep_them(folder: ProgramFolder, tmp_path: Path) -> None:
    """The file is its owner's alone; the same CSV again changes nothing; who comes later takes the next free place."""
    first = csv_of(tmp_path / "a.csv", "Ada Quill,engineer", "Bo Ek,executive")
    names = name_learners(folder, read_people(first, folder.plan()))
    roles = {learner.id: learner.role for learner in folder.roster().learners}
    assert {(name, roles[place]) for place, name in names.items()} == {
        ("Ada Quill", "engineer"),
        ("Bo Ek", "executive"),
    }
    assert stat.S_IMODE((folder.path / "people.json").stat().st_mode) == 0o600
    assert name_learners(folder, read_people(first, folder.plan())) == names == folder.people()
    later = name_learners(folder, read_people(csv_of(first, "Cy Lund,engineer", "ada quill,engineer"), folder.plan()))
    assert len(later) == 3 and names.items() < later.items()
    assert not any("Ada" in file.read_text() for file in folder.path.glob("*.json") if file.name != "people.json")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["Ada,chef"], "line 2: role 'chef', expected one of: engineer"),
        (["A\u202eda,engineer"], "line 2: found U+202E"),
        ([",engineer"], "line 2: found 0 letters"),
        (["Ada,engineer", "ADA,engineer"], "'ada' 2 times"),
        (["Ada,engineer,now"], "more than two values"),
        (["A,executive", "B,executive", "C,executive"], "3 people of the role executive in .*, expected at most 2"),
    ],
)
def test_a_wrong_row_is_one_line(folder: ProgramFolder, tmp_path: Path, lines: list[str], words: str) -> None:
    """What was found, in which line, and what was expected."""
    with pytest.raises(BadInput, match=words.replace("+", "[+]")):
        read_people(csv_of(tmp_path / "a.csv", *lines), folder.plan())


def test_other_files_are_one_line(folder: ProgramFolder, tmp_path: Path) -> None:
    """No file, other columns, no text."""
    wrong = tmp_path / "wrong.csv"
    with pytest.raises(BadInput, match="no file"):
        read_people(wrong, folder.plan())
    for data, words in ((b"who,role\n", "the columns"), (b"", "the columns"), (b"name,role\n\xff,engineer\n", "UTF-8")):
        wrong.write_bytes(data)
        with pytest.raises(BadInput, match=words):
            read_people(wrong, folder.plan())


def test_more_heads_than_the_brief_has_are_refused(folder: ProgramFolder) -> None:
    """Before anything is built, one line says where people come from."""
    with pytest.raises(BadInput, match="found --learners 40 in a programme for 11 people.*raise head_count"):
        create(folder.path, learners=40)


@pytest.mark.walk
def test_a_programme_grows_with_its_brief(tmp_path: Path) -> None:
    """More heads and another policy of retries are the same programme; whatever else changes is told, and refused."""
    brief = example_copy(tmp_path / "brief")
    plan = design(brief, tmp_path / "prog")
    text = brief.read_text()
    brief.write_text(text.replace("head_count: 4", "head_count: 6") + "retries: 2\n")
    more = design(brief, tmp_path / "prog")
    folder = ProgramFolder(tmp_path / "prog")
    assert [role.head_count for role in more.roles] == [6, 3, 2, 2] and folder.plan() == more
    assert folder.brief() == load_brief(brief) and folder.brief().retries == 2
    assert more.roles[0].activities == plan.roles[0].activities
    for old, new, words in (
        ("head_count: 4", "head_count: 3", "fewer people than before .engineer 6 to 3"),
        ("hours: 6", "hours: 7", "other roles .which there are, their hours"),
        ("organisation: Brightwell", "organisation: Elsewhere", "other organisation, expected"),
    ):
        brief.write_text(text.replace(old, new))
        with pytest.raises(BadInput, match=words):
            design(brief, tmp_path / "prog")
    assert not has_grown(folder.brief(), folder.brief(), "here")


@pytest.mark.parametrize("retries", ["never", "-1", "1.5", "yes"])
def test_a_policy_of_retries_is_one_of_three(tmp_path: Path, retries: str) -> None:
    """Unlimited, by the facilitator, or a number."""
    brief = example_copy(tmp_path / "brief")
    brief.write_text(brief.read_text() + f"retries: {retries}\n")
    with pytest.raises(BadInput, match="retries, expected unlimited, facilitator, or a whole number"):
        load_brief(brief)
