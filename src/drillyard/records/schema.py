"""The shape of a database, numbered, and the way from every earlier shape to today's.

A fresh database is made in today's shape, whose number is that of the steps. One of a lower number is brought up by the
steps that it lacks, in the caller's transaction: it has all of them or none, whatever is killed when. SQLite keeps the
number as its `user_version`, PostgreSQL in a table's comment, which only the table's owner can change.

To change a table: change it where it is described **and** append a step that does the same to a database of today, in
plain SQL. Never change or remove a step: databases in the field have taken it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drillyard.errors import bad_input

if TYPE_CHECKING:  # a database is an extra
    from sqlalchemy import Connection

__all__ = ["Schema"]

_COMMENT = "shape "


@dataclass(frozen=True, kw_only=True)
class Schema:
    """A database's shapes.

    Args:
        what: the database in words, such as `a yard.db`.
        table: one that every shape has; PostgreSQL keeps the number with it.
        steps: what makes shape n of shape n - 1, statement by statement.
    """

    what: str
    table: str
    steps: tuple[tuple[str, ...], ...]

    def bring_up(self, connection: Connection, new: bool, make: Callable[[], object]) -> None:
        """Make the tables of a new database, or bring those of an earlier shape up to today's.

        Raises:
            BadInput: the database is of a later Drillyard.
        """
        found = len(self.steps) if new else self.number(connection)
        if new:
            make()
        for step in self.steps[found:]:
            for statement in step:
                connection.exec_driver_sql(statement)
        if new or found < len(self.steps):
            connection.exec_driver_sql(self._numbering(connection, len(self.steps)))

    def number(self, connection: Connection) -> int:
        """Return the number of a database's shape; 0 where it has none. Raises `BadInput` for one later than ours."""
        if connection.dialect.name == "postgresql":
            asked = f"SELECT obj_description(to_regclass('{self.table}'), 'pg_class')"
            words = str(connection.exec_driver_sql(asked).scalar_one() or "")
            found = int(words.removeprefix(_COMMENT)) if words.startswith(_COMMENT) else 0
        else:
            found = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
        if found > len(self.steps):
            expected = f"at most {len(self.steps)}"
            how = "install the Drillyard that wrote it, or a later one"
            raise bad_input(f"{self.what} of shape {found}", expected, how)
        return found

    def _numbering(self, connection: Connection, number: int) -> str:
        if connection.dialect.name == "postgresql":
            return f"COMMENT ON TABLE {self.table} IS '{_COMMENT}{number}'"
        return f"PRAGMA user_version = {number}"
