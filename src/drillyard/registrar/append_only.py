"""What keeps events as they were written: triggers of the database itself, whoever writes to it."""

from __future__ import annotations

from sqlalchemy import Connection

__all__ = ["make_append_only"]


def make_append_only(_table: object, connection: Connection, **_options: object) -> None:
    """Let the database itself refuse to change or delete an event."""
    for statement in _GUARDS[connection.dialect.name]:
        connection.exec_driver_sql(statement)


_GUARDS = {
    "sqlite": [
        f"CREATE TRIGGER events_no_{verb.lower()} BEFORE {verb} ON events "
        "BEGIN SELECT RAISE(ABORT, 'events are append-only'); END"
        for verb in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE FUNCTION events_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'events are append-only' USING ERRCODE = '23000'; END $$",
        "CREATE TRIGGER events_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON events "
        "FOR EACH STATEMENT EXECUTE FUNCTION events_refuse()",
    ],
}
