"""The store: sessions, chats, claims and hints in hand, events."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError
from yard.small_programme import ANN, CLAIM, SUBMISSION, Clock, rows

from drillyard.errors import BadInput
from drillyard.registrar.store import SESSION_SECONDS, Store, explain_unkept
from drillyard.registrar.submissions import Submissions
from drillyard.registrar.tables import ChatRow, SwitchRow, YardTable

if TYPE_CHECKING:
    from postgres_cluster import Cluster


def test_a_session_ends_when_its_time_is_over(store: Store, clock: Clock) -> None:
    """A token opens its session until the last second, and nothing after it."""
    token = store.sign_in(ANN.id, ANN.role)
    clock.now += SESSION_SECONDS - 1
    found = store.session(token)
    assert found is not None and found.learner == ANN.id
    clock.now += 1
    assert store.session(token) is None


def test_signing_out_ends_the_session(store: Store) -> None:
    """A token that was signed out is worth nothing."""
    token = store.sign_in(None, "designer")
    store.sign_out(token)
    assert store.session(token) is None


def test_the_database_holds_neither_tokens_nor_codes(store: Store, database: Path | str) -> None:
    """Somebody who steals the database can open no session with it."""
    token = store.sign_in(ANN.id, ANN.role)
    store.close()
    stored = "\n".join(str(row) for table in YardTable.metadata.tables for row in rows(database, f"table {table}"))
    if isinstance(database, Path):
        stored += "\n".join(file.read_bytes().decode("latin-1") for file in database.parent.iterdir())
    assert ANN.id in stored, "the check must be able to find what is there"
    assert token not in stored and ANN.code not in stored


def test_sessions_that_ran_out_are_removed_at_the_next_sign_in(
    store: Store, clock: Clock, database: Path | str
) -> None:
    """Sessions are kept no longer than they are of use."""
    clock.now += SESSION_SECONDS
    store.sign_in(ANN.id, ANN.role)
    assert rows(database, "select count(*) from sessions") == [(1,)]


def test_what_is_said_is_kept_before_it_is_answered(store: Store) -> None:
    """A message survives a model that never answers; an answer is added to its message."""
    row = store.ask(ANN.id, "hunt-1", "v1", "Hello?", seed=5)
    assert [(chat.prompt, chat.reply) for chat in store.chats(ANN.id, "hunt-1")] == [("Hello?", "")]
    store.answer(row, "Hi.")
    (chat,) = store.chats(ANN.id, "hunt-1")
    assert (chat.reply, chat.seed, chat.template) == ("Hi.", 5, "v1")
    assert store.chats(ANN.id, "hunt-2") == [] and store.chats("someone-else", "hunt-1") == []


def test_claims_are_changed_and_removed_by_their_owner_only(store: Store) -> None:
    """Row ids are guessable, so an id alone must give no power over another learner's claim."""
    store.save_claim(ANN.id, "hunt-1", CLAIM, limit=8)
    ((row, filed),) = store.claims(ANN.id, "hunt-1").items()
    assert filed == CLAIM
    store.remove_claim("someone-else", "hunt-1", row)
    with pytest.raises(BadInput, match="one of your claims"):
        store.save_claim("someone-else", "hunt-1", CLAIM, limit=8, row_id=row)
    changed = CLAIM.model_copy(update={"note": "seen twice"})
    store.save_claim(ANN.id, "hunt-1", changed, limit=8, row_id=row)
    assert store.claims(ANN.id, "hunt-1") == {row: changed}
    store.remove_claim(ANN.id, "hunt-1", row)
    assert store.claims(ANN.id, "hunt-1") == {}


def test_claims_have_a_limit(store: Store) -> None:
    """One claim too many is refused in one line that says what to do."""
    for _ in range(2):
        store.save_claim(ANN.id, "hunt-1", CLAIM, limit=2)
    with pytest.raises(BadInput, match="at most 2; remove one first"):
        store.save_claim(ANN.id, "hunt-1", CLAIM, limit=2)


def test_a_hint_costs_once(store: Store) -> None:
    """A double click opens one hint and notes one event."""
    for _ in range(2):
        store.open_hint(ANN.id, "hunt-1", 0, 0.05)
    assert [(hint.place, hint.cost) for hint in store.hints(ANN.id, "hunt-1")] == [(0, 0.05)]
    assert [event.detail for event in store.events("hint")] == ["1"]


def test_work_that_was_handed_in_does_not_change(store: Store) -> None:
    """After handing in, claims and hints are closed."""
    store.save_claim(ANN.id, "hunt-1", CLAIM, limit=8)
    ((row, _),) = store.claims(ANN.id, "hunt-1").items()
    Submissions(store).hand_in(SUBMISSION)
    for change in (
        lambda: store.save_claim(ANN.id, "hunt-1", CLAIM, limit=8),
        lambda: store.remove_claim(ANN.id, "hunt-1", row),
        lambda: store.open_hint(ANN.id, "hunt-1", 0, 0.05),
    ):
        with pytest.raises(BadInput, match="was handed in"):
            change()
    assert list(store.claims(ANN.id, "hunt-1")) == [row] and store.hints(ANN.id, "hunt-1") == []


def test_the_first_opening_is_the_start(store: Store, clock: Clock) -> None:
    """Coming back does not start the clock again."""
    began = store.started(ANN.id, "hunt-1")
    clock.now += 60
    assert store.started(ANN.id, "hunt-1") == began == clock.now - 60
    assert len(store.events("started")) == 1


@pytest.mark.parametrize("statement", ["update events set kind = 'other'", "delete from events"])
def test_events_are_append_only(store: Store, statement: str) -> None:
    """The database itself refuses to change or remove an event."""
    store.started(ANN.id, "hunt-1")
    with pytest.raises(IntegrityError, match="append-only"), store.writing() as session:
        session.execute(text(statement))
    assert len(store.events()) == 1


def test_the_database_holds_its_references(store: Store) -> None:
    """A row about somebody who never signed in is a bug, and refused."""
    with pytest.raises(IntegrityError, match="(?i)foreign key"), store.writing() as session:
        session.add(ChatRow(learner="nobody", instance="hunt-1", template="", prompt="", reply="", seed=1, at=0.0))


def test_the_database_runs_as_promised(store: Store, database: Path | str) -> None:
    """Readers do not wait for the writer, a commit is on the disk when it returns (FULL = 2), a reader cannot write.

    Only a commit that need not last over a power cut does not wait for the disk, and the next one does again.
    """
    file = isinstance(database, Path)
    verb, disk = ("pragma", "synchronous") if file else ("show", "synchronous_commit")
    asked = (
        {"journal_mode": "wal"} if file else {"transaction_isolation": "repeatable read", "transaction_read_only": "on"}
    )
    with store.reading() as session:
        assert {name: session.execute(text(f"{verb} {name}")).scalar() for name in asked} == asked
    for lasting, expected in ((True, (2, "on")), (False, (1, "off")), (True, (2, "on"))):
        with store.writing(lasting=lasting) as session:
            assert session.execute(text(f"{verb} {disk}")).scalar() in expected


def test_a_write_holds_its_lock_from_its_first_statement(database: Path | str) -> None:
    """What a writer reads first is still true when it writes: of those who count and then add one, none is lost."""
    stores = [Store(database), Store(database)]

    def add(number: int) -> None:
        with stores[number % 2].writing() as session:
            row = session.get(SwitchRow, "count") or SwitchRow(name="count", words="0", by="", at=0.0)
            time.sleep(0.002)
            session.merge(SwitchRow(name="count", words=str(int(row.words) + 1), by="", at=0.0))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(40)))
    assert rows(database, "select words from switches") == [("40",)]
    for store in stores:
        store.close()


def test_learners_do_not_wait_for_each_other_on_postgres(postgres: Cluster) -> None:
    """A writer under a key keeps out who writes under the same one, or under none, and nobody else."""
    one, other = (Store(url) for url in [postgres.schema()] * 2)
    waited: list[str] = []

    def write(key: str) -> None:
        with other.writing(key):
            waited.append(key)

    threads = [threading.Thread(target=write, args=(key,)) for key in ("ann", "", "bob")]
    with one.writing("ann"):
        for thread in threads[:2]:
            thread.start()
        time.sleep(0.3)
        assert waited == []
    for thread in threads[:2]:
        thread.join()
    with one.writing("ann"):
        threads[2].start()
        threads[2].join()
    assert sorted(waited) == ["", "ann", "bob"]
    for store in (one, other):
        store.close()


def test_a_text_with_a_nul_is_kept_on_both(store: Store) -> None:
    """What PostgreSQL cannot hold does not break a page."""
    store.ask(ANN.id, "hunt-1", "v1", "a\0b", seed=5)
    assert [chat.prompt for chat in store.chats(ANN.id, "hunt-1")] == ["a\ufffdb"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda url: url.replace("secret", "hidden"), "password authentication failed"),
        (lambda url: url.replace(":secret@", ":hidden@no.host.invalid:1/x?y="), "no.host.invalid"),
        (lambda url: "owner:hidden@somewhere", "a database's URL"),
        (lambda url: "oracle://owner:hidden@somewhere/x", "sqlite or postgresql"),
        (lambda url: url.replace("postgres?", "nowhere?password=hidden&"), "expected"),
    ],
)
def test_a_server_that_cannot_be_used_is_one_line_without_its_password(
    postgres: Cluster, change: Callable[[str], str], words: str
) -> None:
    """Found, expected, what to type: never what opens the database."""
    with pytest.raises(BadInput, match=words) as told:
        Store(change(postgres.schema()))
    assert "\n" not in str(told.value) and "hidden" not in str(told.value)


def test_a_server_that_holds_something_else_is_left_alone(postgres: Cluster) -> None:
    """A wrong URL makes no tables among those of others."""
    url = postgres.schema()
    postgres.run("CREATE TABLE invoices (id integer)", url)
    with pytest.raises(BadInput, match="tables of something else .invoices."):
        Store(url)
    assert postgres.run("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()", url) == [(1,)]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_file_that_may_not_grow_keeps_what_it_confirmed(store: Store, database: Path) -> None:
    """As on a full disk: one line for what could not be kept, nothing of it half kept, and on it goes with room."""
    store.ask(ANN.id, "hunt-1", "v1", "before", seed=5)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    most = max(one.stat().st_size for one in database.parent.iterdir()) + 8192
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        with pytest.raises(OperationalError) as told:
            for _ in range(50):
                store.ask(ANN.id, "hunt-1", "v1", "x" * 5000, seed=5)
        kept = store.chats(ANN.id, "hunt-1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "disk is full" in explain_unkept(told.value)
    store.ask(ANN.id, "hunt-1", "v1", "after", seed=5)
    said = [chat.prompt for chat in store.chats(ANN.id, "hunt-1")]
    assert said == [*(chat.prompt for chat in kept), "after"] and said[0] == "before"


def test_a_store_that_is_closed_leaves_no_connection(store: Store) -> None:
    """What a thread still has in hand when the store is closed is closed when that thread ends, and not kept."""
    with store.reading() as session:
        held = session.connection().connection.dbapi_connection
        store.close()
        assert session.scalar(text("select 1")) == 1
    with pytest.raises(Exception, match="closed"):
        held.cursor().execute("select 1")
