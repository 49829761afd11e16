"""The shape of the yard's database, numbered, and the way from every earlier shape to today's.

How a file is brought up says `records/schema.py`. To change a table: change it in `tables.py` and append a step here;
`tests/yard/test_schema.py` compares the two ways.
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect

from drillyard.errors import BadInput
from drillyard.records.schema import Schema
from drillyard.registrar.tables import YardTable

__all__ = ["STEPS", "bring_up", "check_sound"]

STEPS: tuple[tuple[str, ...], ...] = (
    # 1: a lease is held by beats, not by a time that a clock set back would stretch; turns and retries order the queue.
    (
        "ALTER TABLE submissions DROP COLUMN lease_until",
        "ALTER TABLE submissions ADD COLUMN beats INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE submissions ADD COLUMN turn INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE submissions ADD COLUMN retries INTEGER NOT NULL DEFAULT 0",
    ),
    # 2: what is typed and not sent yet is kept.
    (
        "CREATE TABLE drafts (learner VARCHAR NOT NULL, instance VARCHAR NOT NULL, form VARCHAR NOT NULL, "
        "body VARCHAR NOT NULL, at DOUBLE NOT NULL, PRIMARY KEY (learner, instance, form), "
        "FOREIGN KEY(learner) REFERENCES learners (id))",
    ),
    # 3: techniques that are fitted here.
    (
        "CREATE TABLE fits (id INTEGER NOT NULL, learner VARCHAR NOT NULL, instance VARCHAR NOT NULL, "
        "body VARCHAR NOT NULL, status VARCHAR NOT NULL, error VARCHAR NOT NULL, artefact VARCHAR NOT NULL, "
        "points VARCHAR NOT NULL, at DOUBLE NOT NULL, PRIMARY KEY (id), "
        "CHECK (status in ('waiting', 'fitting', 'fitted', 'failed', 'cut')), "
        "FOREIGN KEY(learner) REFERENCES learners (id))",
        "CREATE INDEX fits_of ON fits (learner, instance)",
    ),
    # 4: an upload waits for its learner's word, and the last trial is there again after a reload.
    (
        "CREATE TABLE held (learner VARCHAR NOT NULL, instance VARCHAR NOT NULL, what VARCHAR NOT NULL, "
        "body VARCHAR NOT NULL, at DOUBLE NOT NULL, PRIMARY KEY (learner, instance, what), "
        "FOREIGN KEY(learner) REFERENCES learners (id))",
    ),
    # 5: what a claim asks are questions; a probe looks inside a model.
    (
        *(
            f"UPDATE {table} SET body = replace(body, '\"probes\":', '\"questions\":')"
            for table in ("claims", "submissions", "held")
        ),
        """UPDATE drafts SET body = replace(replace(body, '["probe",', '["question",'),
            '["probe-template",', '["question-template",')""",
    ),
    # 6: staff beside the designer, what a facilitator does in a session, invitations, the score board.
    (
        "ALTER TABLE sessions ADD COLUMN staff VARCHAR NOT NULL DEFAULT ''",
        "CREATE TABLE switches (name VARCHAR NOT NULL, words VARCHAR NOT NULL, by VARCHAR NOT NULL, "
        "at DOUBLE NOT NULL, PRIMARY KEY (name))",
        "CREATE TABLE tips (id INTEGER NOT NULL, learner VARCHAR NOT NULL, instance VARCHAR NOT NULL, "
        "words VARCHAR NOT NULL, by VARCHAR NOT NULL, at DOUBLE NOT NULL, PRIMARY KEY (id))",
        "CREATE INDEX tips_of ON tips (learner, instance)",
        "CREATE TABLE invites (token_hash VARCHAR NOT NULL, role VARCHAR NOT NULL, team VARCHAR NOT NULL, "
        "places INTEGER NOT NULL, by VARCHAR NOT NULL, expires DOUBLE NOT NULL, PRIMARY KEY (token_hash))",
        "CREATE TABLE joins (browser VARCHAR NOT NULL, learner VARCHAR NOT NULL, PRIMARY KEY (browser))",
        "CREATE TABLE board (learner VARCHAR NOT NULL, shown_as VARCHAR NOT NULL, at DOUBLE NOT NULL, "
        "PRIMARY KEY (learner), UNIQUE (shown_as), FOREIGN KEY(learner) REFERENCES learners (id))",
    ),
    # 7: windows of course platforms.
    (
        "CREATE TABLE tickets (ticket_hash VARCHAR NOT NULL, learner VARCHAR NOT NULL, drill VARCHAR NOT NULL, "
        "at DOUBLE NOT NULL, PRIMARY KEY (ticket_hash))",
    ),
    # 8: facts that are recalled.
    (
        "CREATE TABLE recalls (learner VARCHAR NOT NULL, card VARCHAR NOT NULL, body VARCHAR NOT NULL, "
        "times INTEGER NOT NULL, PRIMARY KEY (learner, card), FOREIGN KEY(learner) REFERENCES learners (id))",
    ),
    # 9: launches by course platforms, and the scores that they wait for.
    (
        "CREATE TABLE launches (key VARCHAR NOT NULL, body VARCHAR NOT NULL, until DOUBLE NOT NULL, PRIMARY KEY (key))",
        "CREATE TABLE platform_users (subject_hash VARCHAR NOT NULL, learner VARCHAR NOT NULL, "
        "PRIMARY KEY (subject_hash))",
        "CREATE TABLE scores (learner VARCHAR NOT NULL, drill VARCHAR NOT NULL, body VARCHAR NOT NULL, "
        "sent VARCHAR NOT NULL, seen INTEGER NOT NULL, tries INTEGER NOT NULL, next_at DOUBLE NOT NULL, "
        "PRIMARY KEY (learner, drill))",
    ),
)
"""What makes shape n of shape n - 1; the first made the files of before shapes had numbers into shape 1."""


def bring_up(connection: Connection) -> None:
    """Make the tables, or bring those of an earlier shape up to today's, within the caller's transaction.

    Raises:
        BadInput: the file is of a later Drillyard.
    """
    schema, new = Schema(what="a yard.db", table="learners", steps=STEPS), not inspect(connection).get_table_names()
    schema.bring_up(connection, new, lambda: YardTable.metadata.create_all(connection))


def check_sound(connection: Connection) -> None:
    """Look through the whole file for damage. Raises `BadInput` with what was found first."""
    found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if found != "ok":
        raise BadInput(
            f"found damage ({str(found).splitlines()[-1]}), expected a sound database; restore it from a copy"
        )
