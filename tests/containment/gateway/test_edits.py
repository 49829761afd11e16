"""Rows edited beneath a running gateway: it does what its ledger says or nothing, and `verify` names the edit."""

from __future__ import annotations

import functools
import random
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from gateway_bench import KEYS, POLICY, Bench, account
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Float, Integer, create_engine, delete, insert, make_url, select, update
from sqlalchemy.exc import SQLAlchemyError

from drillyard.containment.gateway.anchors import read_anchors
from drillyard.containment.gateway.books import LedgerChanged
from drillyard.containment.gateway.policy import QuestionBudget
from drillyard.containment.gateway.store import Replayed
from drillyard.containment.gateway.tables import METADATA
from drillyard.containment.gateway.tickets import TicketRefused
from drillyard.containment.gateway.verify import verify_database
from drillyard.errors import BadInput, DrillyardError

Fresh = Callable[..., str]
# Of five questions three are asked before the edit.
FIVE = POLICY.with_fields(per_asker=QuestionBudget(bits=100, questions=5).model_dump())
NOTHING = "nothing"
TABLES = ("control", "ledger", "words")


@contextmanager
def beneath(url: str) -> Iterator[Connection]:
    """Open a connection of somebody with all rights, committed at the end."""
    made = make_url(url)
    engine = create_engine(made.set(drivername="postgresql+psycopg") if made.drivername == "postgresql" else made)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def opened(folder: Path, url: str) -> tuple[Bench, list[str]]:
    """Bring one question to its release, one to two approvals within its hold, one to its seal."""
    bench = Bench(folder, FIVE, url=url, seed=7)
    names = [bench.released(), bench.ask("Will it snow?").id, bench.ask("Will it hail?").id]
    for who in ("bea", "bob"):
        bench.vote(names[1], who)
    return bench, names


def did(act: Callable[[], object]) -> object:
    """Return what an act gave; nothing where it was refused or stopped."""
    try:
        return act()
    except (DrillyardError, SQLAlchemyError, TicketRefused, Replayed):
        return NOTHING


def steps(bench: Bench, names: list[str]) -> list[Callable[[], object]]:
    """Return what is done after the edit: each gives what people see of it."""

    def later(seconds: float, act: Callable[[], object]) -> object:
        bench.at += seconds
        return act()

    def look(name: str) -> str:
        return bench.fetch(name).answer or NOTHING

    def ask(number: int) -> str:
        return NOTHING if bench.ask(f"Will it thaw in {number}?").state == "refused" else "admitted"

    def shown() -> list[tuple[str, str]]:
        return sorted((one["id"], one["question"]["text"]) for one in bench.gateway.pending(account("ben")))

    return [
        lambda: look(names[1]),  # within its hold
        shown,
        *(lambda number=number: ask(number) for number in range(3)),  # the third is over the budget
        lambda: later(20, lambda: look(names[1])),
        lambda: look(names[2]),  # nobody approved it
        lambda: look(names[0]),  # once more
        lambda: bench.vote(names[2], "bea"),
        lambda: bench.vote(names[2], "bea"),  # twice
        lambda: later(20, lambda: look(names[2])),  # one of two
        bench.kill,
        lambda: look(names[0]),
        lambda: ask(9),
        lambda: reopened(bench).epoch,  # without an operator's key
        lambda: look(names[0]),
    ]


def reopened(bench: Bench):
    """Start the gateway again; the one that ran is gone even where none starts."""
    bench.close()
    return bench.open()


def played(bench: Bench, names: list[str], place: int = 0, edit: Callable[[], None] | None = None) -> list[object]:
    """Do all steps, with an edit before one of them."""
    found = []
    for number, act in enumerate(steps(bench, names)):
        if edit and number == place:
            edit()
        found.append(did(act))
    bench.close()
    return found


def test_without_an_edit_all_is_as_the_ledger_says(fresh: Fresh, tmp_path: Path) -> None:
    """The control of every other test here: who gets what, and a ledger that is whole."""
    bench, names = opened(tmp_path, fresh())
    found = played(bench, names)
    shown = [(names[1], "Will it snow?"), (names[2], "Will it hail?")]
    assert found[:2] == [NOTHING, sorted(shown)] and found[2:5] == ["admitted", "admitted", NOTHING]
    assert found[5:8] == ["yes", NOTHING, "yes"] and found[8:11] == [None, NOTHING, NOTHING]
    assert found[11:] == [None, NOTHING, NOTHING, NOTHING, NOTHING]
    report = verify_database(bench.url, tmp_path / "anchors.jsonl", [KEYS])
    assert report.whole and report.words == report.admitted == 5


@functools.cache
def unedited() -> tuple[list[object], list[str]]:
    """Return what all steps give where nobody edits anything."""
    with tempfile.TemporaryDirectory() as folder:
        bench, names = opened(Path(folder), f"sqlite:///{folder}/twin.db")
        return played(bench, names), names


def edited(connection: Connection, draw: random.Random) -> str:
    """Change, drop or copy one row of one table, or drop many; returns what was done, nothing where nothing changed."""
    table = METADATA.tables[draw.choice(TABLES)]
    rows = connection.execute(select(table)).all()
    if not rows:
        return ""
    key, row = next(iter(table.primary_key)), draw.choice(rows)
    here = key == getattr(row, key.name)
    how = draw.choice(["change", "change", "change", "drop", "copy", "cut"])
    if how == "drop":
        connection.execute(delete(table).where(here))
    elif how == "cut":
        connection.execute(delete(table).where(key >= getattr(row, key.name)))
    elif how == "copy":
        other = _other(draw, key, getattr(row, key.name))
        if other in {getattr(one, key.name) for one in rows}:
            return ""
        connection.execute(insert(table).values({**row._mapping, key.name: other}))
    else:
        column = draw.choice(list(table.columns))
        before = getattr(row, column.name)
        after = _other(draw, column, before)
        if after == before or (column.primary_key and after in {getattr(one, key.name) for one in rows}):
            return ""
        connection.execute(update(table).where(here).values({column.name: after}))
        how = f"change {column.name} from {before!r:.60} to {after!r:.60}"
    return f"{how} at {table.name} {getattr(row, key.name)}"


def _other(draw: random.Random, column, value):
    """Return another value that the column takes on both databases."""
    if isinstance(column.type, Integer):
        return draw.choice([0, 1, value - 1, value + 1, value + 7, 10**6])
    if isinstance(column.type, Float):
        return draw.choice([0.0, value - 3600, value + 0.5, 1e300])
    swaps = [
        ("yes", "no"),
        ("ann", "abe"),
        ("bea", "ben"),
        ("true", "false"),
        ("1585", "1"),
        ("snow", "rain"),
        ("1", "2"),
    ]
    texts = [value.replace(*swap) for swap in swaps] + ["", "{}", "lease", "killed", "0" * 64, value[:-1]]
    return draw.choice(texts)[: column.type.length]


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32), st.sampled_from([0, 0, 5, 12, 14]))
def test_an_edited_row_decides_nothing_and_is_named(fresh: Fresh, tmp_path: Path, seed: int, place: int) -> None:
    """Whatever row is changed, dropped or copied, at whatever step: as without the edit, or nothing at all."""
    _edit_once(fresh, tmp_path, seed, place)


@pytest.mark.walk
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32), st.integers(0, 15))
def test_many_edited_rows_decide_nothing_and_are_named(fresh: Fresh, tmp_path: Path, seed: int, place: int) -> None:
    """The same for many more."""
    _edit_once(fresh, tmp_path, seed, place)


def _edit_once(fresh: Fresh, folder: Path, seed: int, place: int) -> None:
    draw, told = random.Random(seed), []
    (folder / "anchors.jsonl").unlink(missing_ok=True)
    bench, names = opened(folder, fresh())

    def edit() -> None:
        with beneath(bench.url) as connection:
            told.append(edited(connection, draw))
        assume(told[-1])
        report = verify_database(bench.url, folder / "anchors.jsonl", [KEYS])
        told.append("; ".join(f"{one.sequence} {one.what}" for one in report.faults))

    try:
        found = played(bench, names, place, edit)
    finally:
        bench.close()
    expected, same = unedited()
    assert names == same  # both gateways drew the same numbers
    for number, (mine, theirs) in enumerate(zip(found, expected, strict=True)):
        assert mine in (theirs, NOTHING), f"step {number} gave {mine!r}, the ledger says {theirs!r}, after: {told}"
    assert told[1], f"verify found nothing after: {told[0]}"


def test_a_database_put_back_stops_the_gateway_and_is_found_by_anchors(tmp_path: Path) -> None:
    """A whole older copy under the running gateway, and after a restart: budgets and kills do not come back."""
    bench, names = opened(tmp_path, f"sqlite:///{tmp_path / 'now.db'}")
    with beneath(bench.url) as connection:
        rows = {table: connection.execute(select(METADATA.tables[table])).all() for table in TABLES}
    assert bench.ask("Will it thaw?").state == "received"
    bench.kill()
    with beneath(bench.url) as connection:
        for table in TABLES:
            connection.execute(delete(METADATA.tables[table]))
            connection.execute(insert(METADATA.tables[table]), [dict(row._mapping) for row in rows[table]])
    for act in (bench.renew, lambda: bench.fetch(names[0])):
        with pytest.raises(LedgerChanged, match="head of the ledger"):
            act()
    report = verify_database(bench.url, tmp_path / "anchors.jsonl", [KEYS])
    assert "truncated" in {fault.what for fault in report.faults}
    bench.close()
    with pytest.raises(BadInput, match="not whole"):
        bench.open(anchors=read_anchors(tmp_path / "anchors.jsonl"))


def test_once_changed_a_database_is_not_believed_again(tmp_path: Path) -> None:
    """Putting the row back does not start what was stopped; a new start over a whole ledger does."""
    bench, names = opened(tmp_path, f"sqlite:///{tmp_path / 'now.db'}")
    with beneath(bench.url) as connection:
        connection.exec_driver_sql("UPDATE control SET sequence = sequence + 1")
    assert did(lambda: bench.ask("Will it thaw?")) == NOTHING
    with beneath(bench.url) as connection:
        connection.exec_driver_sql("UPDATE control SET sequence = sequence - 1")
    assert did(lambda: bench.ask("Will it thaw?")) == NOTHING and did(lambda: bench.fetch(names[0])) == NOTHING
    bench.close()
    bench.open()
    assert bench.fetch(names[0]).answer == "yes"
    bench.close()


def test_tables_of_an_earlier_gateway_are_refused_in_one_line(tmp_path: Path) -> None:
    """Its budgets stood beside the ledger; what they say is not believed."""
    url = f"sqlite:///{tmp_path / 'old.db'}"
    with beneath(url) as connection:
        connection.exec_driver_sql("CREATE TABLE spent (scope TEXT)")
    with pytest.raises(BadInput, match="tables of an earlier gateway"):
        Bench(tmp_path, url=url)


def test_values_that_no_gateway_writes_are_named_and_never_a_traceback(tmp_path: Path) -> None:
    """SQLite keeps text in numbers, infinity, blobs: each is an edit like any other."""
    bench, _ = opened(tmp_path, f"sqlite:///{tmp_path / 'gateway.db'}")
    for change in (
        "UPDATE ledger SET at = 9e999 WHERE sequence = 3", "UPDATE ledger SET body = x'ff' WHERE sequence = 3",
        "UPDATE ledger SET kind = 7 WHERE sequence = 3", "UPDATE ledger SET signature = 'zz' WHERE sequence = 3",
        "UPDATE ledger SET body = '[[' WHERE sequence = 3", "UPDATE control SET sequence = 'many'",
        "UPDATE control SET digest = x'00'", "DELETE FROM control", "INSERT INTO control VALUES (2, 0, '')",
        "UPDATE words SET body = x'00'", "UPDATE words SET id = 'q' WHERE body LIKE '%snow%'",
        "UPDATE words SET body = '[]'",
    ):  # fmt: skip
        copy = tmp_path / "copy.db"
        with closing(sqlite3.connect(tmp_path / "gateway.db")) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
            target.execute(change)
            target.commit()
        report = verify_database(f"sqlite:///{copy}", None, [KEYS])
        assert not report.whole, change
    bench.close()
