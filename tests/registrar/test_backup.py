"""Backup and restore: a served programme comes back whole, or nothing does."""

from __future__ import annotations

import io
import tarfile
import threading
from pathlib import Path

import pytest
from yard.course import build_course
from yard.small_programme import ANN

from drillyard.errors import BadInput
from drillyard.programs.folder import ProgramFolder
from drillyard.registrar.attempts import attempts
from drillyard.registrar.backup import back_up, restore
from drillyard.registrar.store import Store


@pytest.fixture
def course(tmp_path: Path) -> ProgramFolder:
    """A programme with work in it."""
    return build_course(tmp_path / "prog")


def test_what_comes_back_is_what_was(course: ProgramFolder, tmp_path: Path) -> None:
    """Roster, people, instances and every grade; only its owner may read archive and folder."""
    count = back_up(course, tmp_path / "a.tgz")
    assert restore(tmp_path / "a.tgz", tmp_path / "back") == count > 10
    back = ProgramFolder(tmp_path / "back")
    assert back.roster() == course.roster() and back.people() == course.people()
    assert attempts(back.path) == attempts(course.path)
    assert (tmp_path / "a.tgz").stat().st_mode & 0o077 == 0 and back.path.stat().st_mode & 0o077 == 0


def test_a_backup_is_of_one_moment(course: ProgramFolder, tmp_path: Path) -> None:
    """While messages are written, each copy holds all that were committed before it began, and is sound."""
    store, stop, kept = Store(course.database), threading.Event(), list[int]()

    def write() -> None:
        while not stop.is_set():
            kept.append(store.ask(ANN.id, "hunt-1", "v1", "x" * 500, 1))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            before = list(kept)
            back_up(course, tmp_path / f"{number}.tgz")
            restore(tmp_path / f"{number}.tgz", tmp_path / f"back-{number}")
            copy = Store(tmp_path / f"back-{number}" / "yard.db")
            assert set(before) <= {row.id for row in copy.chats(ANN.id, "hunt-1")}
            copy.close()
    finally:
        stop.set()
        writer.join()
        store.close()


def test_a_damaged_archive_brings_nothing_back(course: ProgramFolder, tmp_path: Path) -> None:
    """Cut short, a file changed, a path that leaves, no archive at all: one line, and no folder."""
    back_up(course, tmp_path / "a.tgz")
    whole = (tmp_path / "a.tgz").read_bytes()
    with tarfile.open(tmp_path / "a.tgz") as archive:
        files = {entry.name: archive.extractfile(entry).read() for entry in archive}  # type: ignore[union-attr]
    for what, data in {
        "cut": whole[: len(whole) // 2],
        "none": b"no archive",
        "changed": packed(files | {"roster.json": b"{}"}),
        "lacking": packed({name: data for name, data in files.items() if name != "plan.json"}),
        "leaving": packed(files | {"../evil": b"x"}),
    }.items():
        (tmp_path / "b.tgz").write_bytes(data)
        with pytest.raises(BadInput):
            restore(tmp_path / "b.tgz", tmp_path / "back")
        assert not (tmp_path / "back").exists() and not (tmp_path / "evil").exists(), what
    assert not list(tmp_path.glob(".restore-*"))


def packed(files: dict[str, bytes]) -> bytes:
    """Return an archive of files."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return held.getvalue()


def test_nothing_is_written_over(course: ProgramFolder, tmp_path: Path) -> None:
    """Neither an archive nor a folder that is there, nor an archive into the programme itself."""
    back_up(course, tmp_path / "a.tgz")
    for out in (tmp_path / "a.tgz", course.path / "b.tgz"):
        with pytest.raises(BadInput, match="choose another name"):
            back_up(course, out)
    with pytest.raises(BadInput, match="choose another name"):
        restore(tmp_path / "a.tgz", course.path)
