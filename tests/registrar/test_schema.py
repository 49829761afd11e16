"""The database's shape: every earlier one is brought up to today's, and what cannot be opened is one clear line.

`old/shape-N.sql` are real stores, written out by sqlite3's `iterdump`: each was made by the code of its time, before
shapes had numbers (0), of the 0.1 that the change log describes (5), of the release of 0.2 (7), of a day after (9).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, insert, select
from yard.small_programme import ANN, BOB, SUBMISSION, grade_of, rows

from drillyard.cli.app import main
from drillyard.errors import BadInput
from drillyard.programs.folder import ProgramFolder
from drillyard.records.databases import is_postgres, open_engine
from drillyard.registrar import schema
from drillyard.registrar.located import SETTING, kept_store
from drillyard.registrar.moving import count_on
from drillyard.registrar.schema import TODAY, migrate
from drillyard.registrar.store import Store
from drillyard.registrar.submissions import Submissions
from drillyard.registrar.tables import YardTable

if TYPE_CHECKING:
    from postgres_cluster import Cluster

LATER = ("programme", "led")
"""Tables that came after the shapes in `old`."""
OLD = sorted(Path(__file__).with_name("old").glob("*.sql"))


def write(path: Path, script: str) -> None:
    """Run a script on a database file beside the yard."""
    with contextlib.closing(sqlite3.connect(path)) as plain:
        plain.executescript(script)


def carry_to_server(file: Path, url: str, number: int) -> None:
    """Put an old store's rows into a server's tables of the same shape."""
    source, target = open_engine(f"sqlite:///{file}"), open_engine(url)
    with source.connect() as here, target.begin() as there:
        migrate(there, None, f"{number:04}")
        tables = MetaData()
        tables.reflect(there)
        for table in tables.sorted_tables:
            if found := [dict(row._mapping) for row in here.execute(select(table))]:
                there.execute(insert(table), found)
                count_on(there, YardTable.metadata.tables[table.name])
        there.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
        there.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{number:04}')")
    source.dispose()
    target.dispose()


def differences(database: Path | str) -> list[object]:
    """Return what Alembic itself finds to differ between a database and today's tables, its triggers among it."""
    engine = open_engine(database if isinstance(database, str) else f"sqlite:///{database}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found: list[object] = [
            one for one in compare_metadata(context, YardTable.metadata) if "alembic" not in str(one)
        ]
        guards = "SELECT tgname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid AND NOT tgisinternal "
        guards += "WHERE c.relnamespace = current_schema()::regnamespace"
        if not is_postgres(connection):
            guards = "SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name"
        names = [row[0] for row in connection.exec_driver_sql(guards)]
        expected = ["events_no_change"] if is_postgres(connection) else ["events_no_delete", "events_no_update"]
        found += [] if names == expected else names
    engine.dispose()
    return found


@pytest.mark.parametrize("old", OLD, ids=lambda path: path.stem)
def test_an_earlier_database_is_brought_up_with_what_it_holds(old: Path, database: Path | str, tmp_path: Path) -> None:
    """A real old store comes to the shape of a fresh one, in each database, and its work is still there."""
    number = int(old.stem.removeprefix("shape-"))
    file = tmp_path / "yard.db"
    write(file, old.read_text(encoding="utf-8"))
    before = rows(file, "select id, status, received from submissions order by id")
    if isinstance(database, str):
        carry_to_server(file, database, number)
        with pytest.raises(BadInput, match=f"shape {number:04}, expected today's, {TODAY}; stop .* yard upgrade"):
            Store(database)
    store = Store(database, upgrade=tmp_path)
    assert store.found == f"{number:04}" and differences(database) == []
    assert rows(database, "select version_num from alembic_version") == [(TODAY,)]
    assert rows(database, "select id, status, received from submissions order by id") == before

    submissions = Submissions(store)
    first, second = submissions.all()
    assert first.submission == SUBMISSION, "claims are read that called their questions probes"
    assert first.grade and first.grade.final == 0.5 and second.status == "grading"
    assert [list(store.claims(one.id, name).values()) for one, name in ((ANN, "hunt-1"), (BOB, "hunt-2"))] == [
        list(SUBMISSION.claims)
    ] * 2
    assert [chat.prompt for chat in store.chats(BOB.id, "hunt-2")] == ["Grüße 🦆"]
    work = submissions.claim("worker", submissions.holds())
    assert work and submissions.finish(work, "worker", grade_of(second.submission)), "no lease of before holds it"
    store.close()

    copy = tmp_path / f"yard.db.before-{TODAY}"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert rows(copy, "select id, status, received from submissions order by id") == before


def test_a_fresh_database_is_of_todays_shape(database: Path | str) -> None:
    """And so a second opening finds nothing to do, and loads no Alembic for it."""
    Store(database).close()
    assert differences(database) == []
    store = Store(database)
    assert store.found == TODAY
    store.close()


def test_all_revisions_from_nothing_lead_to_the_same(database: Path | str) -> None:
    """The first tables and each revision after them are what `tables.py` says, in each database."""
    engine = open_engine(database if isinstance(database, str) else f"sqlite:///{database}")
    with engine.begin() as connection:
        migrate(connection, None)
    engine.dispose()
    assert differences(database) == []


def test_a_revision_that_breaks_leaves_the_database_as_it_was(
    database: Path | str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All revisions or none: the next start finds what this one found."""
    file = tmp_path / "yard.db"
    write(file, OLD[0].read_text(encoding="utf-8"))
    if isinstance(database, str):
        carry_to_server(file, database, 0)

    def break_after(*args: object) -> None:
        migrate(*args)  # type: ignore[arg-type]
        raise BadInput("found a power cut, expected none")

    monkeypatch.setattr(schema, "migrate", break_after)
    with pytest.raises(BadInput, match="power cut"):
        Store(database, upgrade=tmp_path)
    monkeypatch.undo()
    columns = "select * from submissions"
    assert len(rows(database, columns)[0]) == len(rows(file, columns)[0]) == 10
    store = Store(database, upgrade=tmp_path)
    assert store.found == "0000"
    store.close()


def test_the_command_brings_a_server_up(
    programme: ProgramFolder, postgres: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Until then no yard opens there; the copy that it keeps is a file that an earlier Drillyard opens."""
    file, url = tmp_path / "old.db", postgres.schema()
    write(file, OLD[-1].read_text(encoding="utf-8"))
    carry_to_server(file, url, 9)
    monkeypatch.setenv(SETTING, url)
    assert main(["yard", "people", str(programme.path)]) == 0
    assert main(["yard", "reissue", str(programme.path), ANN.id]) == 2
    assert "yard upgrade" in capsys.readouterr().err
    for words in ("brought up from 0009", "already"):
        assert main(["yard", "upgrade", str(programme.path)]) == 0
        assert words in capsys.readouterr().out
    with kept_store(programme) as store:
        assert store and len(Submissions(store).all()) == 2
    copy = programme.path / f"yard.db.before-{TODAY}"
    tables = [table.name for table in YardTable.metadata.sorted_tables if table.name not in LATER]
    for table in tables:
        assert sorted(rows(copy, f"table {table}"), key=repr) == sorted(rows(file, f"table {table}"), key=repr)


def test_two_programmes_do_not_share_a_database(database: Path | str) -> None:
    """A setting that was meant for another programme is told, whatever is in both."""
    for _ in range(2):
        Store(database, mark="spring").close()
    with pytest.raises(BadInput, match="another programme's yard"):
        Store(database, mark="autumn")
    Store(database).close()


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("PRAGMA user_version = 10; CREATE TABLE learners (id)", "shape 0010"),
        ("CREATE TABLE learners (id); CREATE TABLE alembic_version (version_num); "
         "INSERT INTO alembic_version VALUES ('0999')", "shape 0999"),
        ("CREATE TABLE invoices (id)", "something else .invoices."),
    ],
)  # fmt: skip
def test_a_database_that_is_not_known_is_refused(tmp_path: Path, script: str, found: str) -> None:
    """An older Drillyard does not write into what it does not know."""
    path = tmp_path / "yard.db"
    write(path, script)
    with pytest.raises(BadInput, match=rf"yard\.db: found .*{found}.*expected"):
        Store(path)


def test_an_earlier_drillyard_refuses_what_was_brought_up(tmp_path: Path) -> None:
    """It looks at the number of the file alone, which is above the nine that it knows."""
    path = tmp_path / "yard.db"
    write(path, OLD[-1].read_text(encoding="utf-8"))
    Store(path).close()
    assert rows(path, "PRAGMA user_version") == [(int(TODAY),)] and int(TODAY) > 9


def not_a_database(path: Path) -> None:
    """Write something else."""
    path.write_bytes(b"no database at all\n" * 100)


def torn(path: Path) -> None:
    """Write a database whose middle is lost."""
    Store(path).close()
    held = bytearray(path.read_bytes())
    held[4096 : 3 * 4096] = b"\xff" * (2 * 4096)
    path.write_bytes(held)


@pytest.mark.parametrize("spoil", [not_a_database, torn, Path.mkdir])
def test_a_spoilt_database_is_one_line(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    """Found, expected, what to do: in one line, at the start."""
    path = tmp_path / "yard.db"
    spoil(path)
    with pytest.raises(BadInput, match=r"yard\.db.*found.*expected.*restore it|found.*yard\.db.*expected") as told:
        Store(path)
    assert "\n" not in str(told.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_database_that_may_not_be_written_is_one_line(tmp_path: Path) -> None:
    """The yard says so at the start, and not at the first message of a learner."""
    path = tmp_path / "yard.db"
    Store(path).close()
    path.chmod(0o400)
    with pytest.raises(BadInput, match="readonly"):
        Store(path)
