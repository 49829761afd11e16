"""Where a yard's database is: one setting, remembered without its password, and never two databases by mistake."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient
from yard.small_programme import ANN, BOB, SUBMISSION, EchoingModel, grade_of, rows

from drillyard.cli.app import main
from drillyard.errors import BadInput
from drillyard.programs.folder import ProgramFolder
from drillyard.registrar.backup import back_up, restore
from drillyard.registrar.located import SETTING, find_database, kept_store, open_store, remember_database
from drillyard.registrar.moving import move
from drillyard.registrar.store import Store
from drillyard.registrar.submissions import Submissions
from drillyard.yard.app import make_app

if TYPE_CHECKING:
    from postgres_cluster import Cluster


@pytest.fixture(autouse=True)
def _no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SETTING, raising=False)


def test_without_a_setting_it_is_a_file_of_the_folder(programme: ProgramFolder) -> None:
    """SQLite is the default, and nothing is made before a yard opens."""
    assert find_database(programme) == programme.path / "yard.db"
    with kept_store(programme) as store:
        assert store is None
    remember_database(programme)
    assert not list(programme.path.glob("database*"))


def test_a_served_programme_remembers_its_server_without_the_password(
    programme: ProgramFolder, postgres: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Later commands act on the same database, once PostgreSQL's own means open it."""
    url = postgres.schema()
    monkeypatch.setenv(SETTING, url)
    with TestClient(make_app(programme.path, targets=lambda _: EchoingModel(), grader=grade_of)):
        remember_database(programme)
    kept = programme.path / "database.url"
    assert "secret" not in kept.read_text() and stat.S_IMODE(kept.stat().st_mode) == 0o600
    with kept_store(programme) as store:
        assert store is not None
        token = store.sign_in(ANN.id, ANN.role)
    monkeypatch.delenv(SETTING)

    assert main(["yard", "reissue", str(programme.path), ANN.id]) == 2
    told = capsys.readouterr().err
    assert "no password supplied" in told and told.count("\n") == 1
    monkeypatch.setenv("PGPASSWORD", "secret")
    assert main(["yard", "reissue", str(programme.path), ANN.id]) == 0
    store = open_store(programme)
    assert store.session(token) is None and rows(url, "table learners")[0][0] == ANN.id
    store.close()
    assert not programme.database.exists()


def test_work_in_a_file_is_not_left_behind(
    programme: ProgramFolder, postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setting that is meant for another programme, or came too late, is told, and neither database is touched."""
    open_store(programme).close()
    monkeypatch.setenv(SETTING, url := postgres.schema())
    with pytest.raises(BadInput, match="found work in .*expected one of the two.*yard move") as told:
        make_app(programme.path)
    assert "secret" not in str(told.value)
    assert rows(url, "select count(*) from pg_tables where schemaname = current_schema()") == [(0,)]


@pytest.mark.parametrize("wrong", ["sqlite:///x.db", "mysql://a:hidden@b/c", "a:hidden@b"])
def test_another_kind_of_database_is_one_line(programme: ProgramFolder, wrong: str) -> None:
    """Found, expected, what to type."""
    with pytest.raises(BadInput, match="found .*expected .*leave --db") as told:
        find_database(programme, wrong)
    assert "hidden" not in str(told.value)


def test_work_moves_to_a_server_and_back_by_a_backup(
    programme: ProgramFolder, postgres: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every row is there, new ones take new numbers, and an archive of either database brings all of it back."""
    store = open_store(programme)
    store.sign_in(ANN.id, ANN.role)
    store.ask(ANN.id, "hunt-1", "v1", "a\0b", seed=2**31 - 1)
    submissions = Submissions(store)
    submissions.hand_in(SUBMISSION)
    work = submissions.claim("worker")
    assert work and submissions.finish(work, "worker", grade_of(SUBMISSION))
    url = postgres.schema()
    with pytest.raises(BadInput, match="in use.*stop its server"):
        move(programme, url)
    store.close()

    assert main(["yard", "move", str(programme.path), "--db", url]) == 0
    assert not programme.database.exists() and (programme.path / "yard.db.moved").is_file()
    monkeypatch.setenv(SETTING, url)
    with kept_store(programme) as moved:
        assert moved
        assert [one.grade for one in Submissions(moved).all()] == [grade_of(SUBMISSION)]
        assert moved.ask(ANN.id, "hunt-1", "v1", "next", seed=1) == 2
        events = [(one.id, one.kind) for one in moved.events()]
    assert back_up(programme, tmp_path / "saved.tgz")
    monkeypatch.delenv(SETTING)
    restore(tmp_path / "saved.tgz", tmp_path / "again")
    with kept_store(ProgramFolder(tmp_path / "again")) as again:
        assert again and [(one.id, one.kind) for one in again.events()] == events
        assert [one.prompt for one in again.chats(ANN.id, "hunt-1")] == ["a\ufffdb", "next"]


def test_a_move_over_other_work_changes_nothing(programme: ProgramFolder, postgres: Cluster) -> None:
    """A move that was cut off after its commit is done again; onto another yard's work it is refused."""
    url = postgres.schema()
    store = open_store(programme)
    store.sign_in(ANN.id, ANN.role)
    store.close()
    aside = programme.path / "yard.db.moved"
    assert move(programme, url) == 3
    aside.rename(programme.database)
    with pytest.raises(BadInput, match="expected one of the two"):
        open_store(programme)
    assert move(programme, url) == 3, "all is there already"
    aside.rename(programme.database)
    other = Store(programme.database)
    other.sign_in(BOB.id, BOB.role)
    other.close()
    with pytest.raises(BadInput, match="other work in its table"):
        move(programme, url)
    assert programme.database.is_file()
