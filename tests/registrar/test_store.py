"""The store: sessions, chats, claims and hints in hand, events."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from yard.small_programme import ANN, CLAIM, SUBMISSION, Clock

from drillyard.errors import BadInput
from drillyard.registrar.store import SESSION_SECONDS, Store
from drillyard.registrar.submissions import Submissions
from drillyard.registrar.tables import ChatRow


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


def test_the_database_holds_neither_tokens_nor_codes(store: Store, tmp_path: Path) -> None:
    """Somebody who steals the file can open no session with it."""
    token = store.sign_in(ANN.id, ANN.role)
    store.close()
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert ANN.id.encode() in stored, "the check must be able to find what is there"
    assert token.encode() not in stored and ANN.code.encode() not in stored


def test_sessions_that_ran_out_are_removed_at_the_next_sign_in(store: Store, clock: Clock, tmp_path: Path) -> None:
    """Sessions are kept no longer than they are of use."""
    clock.now += SESSION_SECONDS
    store.sign_in(ANN.id, ANN.role)
    with closing(sqlite3.connect(tmp_path / "yard.db")) as plain:
        assert plain.execute("select count(*) from sessions").fetchone() == (1,)


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
    with pytest.raises(IntegrityError, match="FOREIGN KEY"), store.writing() as session:
        session.add(ChatRow(learner="nobody", instance="hunt-1", template="", prompt="", reply="", seed=1, at=0.0))


def test_the_database_runs_as_promised(store: Store) -> None:
    """Readers do not wait for the writer (WAL), a commit is on disk when it returns (FULL = 2)."""
    with store.reading() as session:
        pragmas = [session.execute(text(f"pragma {name}")).scalar() for name in ("journal_mode", "synchronous")]
    assert pragmas == ["wal", 2]


def test_a_write_holds_its_lock_from_its_first_statement(store: Store, tmp_path: Path) -> None:
    """What a writer reads first is still true when it writes: nobody else can begin to write meanwhile."""
    with closing(sqlite3.connect(tmp_path / "yard.db", timeout=0, isolation_level=None)) as other:
        with store.reading() as session:
            session.execute(text("select * from learners"))
            other.execute("begin immediate")
            other.execute("rollback")
        with store.writing() as session:
            session.execute(text("select * from learners"))
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("begin immediate")
