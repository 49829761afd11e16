"""The database's shape: every earlier one is brought up to today's, and what cannot be opened is one clear line."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

import pytest
from yard.small_programme import ANN, SUBMISSION, grade_of

from drillyard.errors import BadInput
from drillyard.registrar import schema
from drillyard.registrar.store import Store
from drillyard.registrar.submissions import Submissions

# What the yard made before shapes had numbers, word for word.
UNNUMBERED = """
CREATE TABLE learners (id VARCHAR NOT NULL, role VARCHAR NOT NULL, first_seen DOUBLE NOT NULL, PRIMARY KEY (id));
CREATE TABLE events (id INTEGER NOT NULL, at DOUBLE NOT NULL, learner VARCHAR NOT NULL, instance VARCHAR NOT NULL,
    kind VARCHAR NOT NULL, detail VARCHAR NOT NULL, PRIMARY KEY (id));
CREATE TRIGGER events_no_update BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TABLE sessions (token_hash VARCHAR NOT NULL, learner VARCHAR, expires DOUBLE NOT NULL,
    PRIMARY KEY (token_hash), FOREIGN KEY(learner) REFERENCES learners (id));
CREATE TABLE chats (id INTEGER NOT NULL, learner VARCHAR NOT NULL, instance VARCHAR NOT NULL,
    template VARCHAR NOT NULL, prompt VARCHAR NOT NULL, reply VARCHAR NOT NULL, seed INTEGER NOT NULL,
    at DOUBLE NOT NULL, PRIMARY KEY (id), FOREIGN KEY(learner) REFERENCES learners (id));
CREATE INDEX chats_of ON chats (learner, instance);
CREATE TABLE claims (id INTEGER NOT NULL, learner VARCHAR NOT NULL, instance VARCHAR NOT NULL, body VARCHAR NOT NULL,
    PRIMARY KEY (id), FOREIGN KEY(learner) REFERENCES learners (id));
CREATE INDEX claims_of ON claims (learner, instance);
CREATE TABLE hints (learner VARCHAR NOT NULL, instance VARCHAR NOT NULL, place INTEGER NOT NULL, cost DOUBLE NOT NULL,
    at DOUBLE NOT NULL, PRIMARY KEY (learner, instance, place), FOREIGN KEY(learner) REFERENCES learners (id));
CREATE TABLE submissions (id INTEGER NOT NULL, learner VARCHAR NOT NULL, instance VARCHAR NOT NULL,
    body VARCHAR NOT NULL, status VARCHAR NOT NULL, owner VARCHAR, lease_until DOUBLE NOT NULL, tries INTEGER NOT NULL,
    error VARCHAR NOT NULL, received DOUBLE NOT NULL, PRIMARY KEY (id), UNIQUE (learner, instance),
    CHECK (status in ('received', 'grading', 'graded', 'failed')), FOREIGN KEY(learner) REFERENCES learners (id));
CREATE TABLE grades (submission INTEGER NOT NULL, body VARCHAR NOT NULL, at DOUBLE NOT NULL,
    PRIMARY KEY (submission), FOREIGN KEY(submission) REFERENCES submissions (id));
"""


def write(path: Path, script: str) -> None:
    """Run a script on a database file beside the yard."""
    with contextlib.closing(sqlite3.connect(path)) as plain:
        plain.executescript(script)


def shape(path: Path) -> dict[str, object]:
    """Return what a database is made of: its number, and per table the columns, keys, indexes and triggers."""
    with contextlib.closing(sqlite3.connect(path)) as plain:
        found: dict[str, object] = {"number": plain.execute("PRAGMA user_version").fetchone()[0]}
        for kind, name in plain.execute("SELECT type, name FROM sqlite_master").fetchall():
            found[f"{kind} {name}"] = None
            if kind == "table":
                columns = plain.execute(f"PRAGMA table_info({name})").fetchall()
                keys = plain.execute(f"PRAGMA foreign_key_list({name})").fetchall()
                found[f"{kind} {name}"] = ({one[1]: (*one[2:4], one[5]) for one in columns}, keys)
    return found


def test_an_earlier_database_is_brought_up_with_what_it_holds(tmp_path: Path) -> None:
    """The steps lead to the shape of a fresh file, and work of before is still there, in whatever state it was."""
    old, fresh = tmp_path / "old.db", tmp_path / "fresh.db"
    body, grade = SUBMISSION.to_json().replace('"questions"', '"probes"'), grade_of(SUBMISSION).to_json()
    write(old, UNNUMBERED)
    with contextlib.closing(sqlite3.connect(old)) as plain:
        plain.execute("INSERT INTO learners VALUES (?, 'support-lead', 0)", [ANN.id])
        for number, state in enumerate(("received", "grading", "graded", "failed")):
            values = (number, ANN.id, f"hunt-{number}", body, state, "dead", 9e9, 1, "", 5.0)
            plain.execute(f"INSERT INTO submissions VALUES ({'?, ' * 9}?)", values)
        plain.execute("INSERT INTO grades VALUES (2, ?, 0)", [grade])
        plain.commit()
    for path in (old, fresh):
        Store(path).close()
    assert shape(old) == shape(fresh)
    assert shape(old)["number"] == len(schema.STEPS)

    store = Store(old)
    submissions = Submissions(store)
    assert [one.status for one in submissions.all()] == ["received", "grading", "graded", "failed"]
    assert [one.grade for one in submissions.all()] == [None, None, grade_of(SUBMISSION), None]
    work = submissions.claim("worker", submissions.holds())
    assert work, "neither lease nor clock of before holds anything"
    assert work.submission == SUBMISSION, "claims are read that called their questions probes"
    store.close()


def test_a_step_that_breaks_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All steps or none: the next start finds what this one found."""
    path = tmp_path / "yard.db"
    write(path, UNNUMBERED)
    before = shape(path)
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, ("ALTER TABLE nowhere ADD COLUMN x",)))
    with pytest.raises(BadInput, match="no such table: nowhere"):
        Store(path)
    assert shape(path) == before


def test_a_later_database_is_refused(tmp_path: Path) -> None:
    """An older Drillyard does not write into what it does not know."""
    path = tmp_path / "yard.db"
    write(path, f"PRAGMA user_version = {len(schema.STEPS) + 1}; CREATE TABLE learners (id)")
    with pytest.raises(BadInput, match=r"yard\.db: found a yard\.db of shape .* install the Drillyard that wrote it"):
        Store(path)


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
def test_a_spoilt_database_is_one_line(tmp_path: Path, spoil: object) -> None:
    """Found, expected, what to do: in one line, at the start."""
    path = tmp_path / "yard.db"
    spoil(path)  # type: ignore[operator]
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
