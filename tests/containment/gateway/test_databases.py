"""Several gateways on one ledger, on SQLite and on a real PostgreSQL server: races, kills, crashes, edits, rights."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from gateway_bench import KEYS, LEDGER, POLICY, SECRETS, START, Bench, account, question
from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError

from drillyard.cli.app import main
from drillyard.containment.gateway.books import LedgerChanged
from drillyard.containment.gateway.chain import link
from drillyard.containment.gateway.clock import ClockFault, GuardedClock, require_same_time
from drillyard.containment.gateway.databases import RIGHTS, prepare_database, read_stored
from drillyard.containment.gateway.keys import write_key
from drillyard.containment.gateway.policy import GatewayPolicy, QuestionBudget
from drillyard.containment.gateway.signing import Key
from drillyard.containment.gateway.store import LedgerStore, Replayed, Writer
from drillyard.containment.gateway.tickets import TicketRefused
from drillyard.containment.gateway.verify import verify_database
from drillyard.errors import BadInput, MissingExtra

Fresh = Callable[..., str]
RACER = Path(__file__).resolve().parents[2] / "gateway_racer.py"
SEVEN = POLICY.with_fields(per_asker=QuestionBudget(bits=7 * 1.585 + 0.01, questions=100).model_dump())


@pytest.fixture
def pair(fresh: Fresh, tmp_path: Path):
    """Give a bench with a lease, and a second gateway over the same database."""
    bench = Bench(tmp_path, url=fresh())
    bench.renew()
    other = bench.another(name="other")
    yield bench, other
    other.store.close()
    bench.close()


def test_a_budget_is_never_spent_twice(fresh: Fresh, tmp_path: Path) -> None:
    """Forty threads over two gateways on one database get the seven questions that there are, and no more."""
    bench = Bench(tmp_path, SEVEN, url=fresh())
    bench.renew()
    other = bench.another(name="other")
    gate = threading.Barrier(20)

    def ask(number: int) -> str:
        gate.wait()
        one = bench.gateway if number % 2 else other
        return one.ask(account("ann"), question(f"Number {number}?"), f"nonce {number}").state

    with ThreadPoolExecutor(20) as pool:
        states = list(pool.map(ask, range(40)))
    assert states.count("received") == 7 and states.count("refused") == 33
    assert bench.gateway.store.seen().spent["2027/asker/ann"] == (7 * 1585, 7)
    assert verify_database(bench.url, None, [KEYS]).whole
    bench.close()
    other.store.close()


def race(folder: Path, url: str, policy: GatewayPolicy, stack: ExitStack, count: int) -> list[subprocess.Popen]:
    """Start two gateways in processes of their own, both about to ask as much as they can."""
    write_key(folder / "ledger.json", LEDGER)
    (folder / "keyring.json").write_text(KEYS.to_json())
    (folder / "keyring.json").chmod(0o644)
    (folder / "policy").write_text(policy.to_json())
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    words = [sys.executable, str(RACER), str(folder), url]
    racers = [
        stack.enter_context(subprocess.Popen([*words, name, str(START), str(count)], **pipes)) for name in ("a", "b")
    ]
    for one in racers:
        stack.callback(one.kill)
        assert one.stdout.readline() == "ready\n"
    return racers


def test_a_ledger_is_verified_while_it_grows(fresh: Fresh, tmp_path: Path) -> None:
    """Records, head and words are read as they were at one moment: what comes meanwhile is no fault."""
    bench = Bench(tmp_path, url=fresh())
    bench.renew()
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            bench.ask()

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        try:
            reports = [verify_database(bench.url, None, [KEYS])]
            while not asking.done() and (len(reports) < 12 or reports[-1].admitted < reports[0].admitted + 5):
                reports.append(verify_database(bench.url, None, [KEYS]))
        finally:
            over.set()
        asking.result()
    assert all(report.whole for report in reports), [report.faults for report in reports]
    assert reports[-1].admitted == reports[-1].words
    bench.close()


def test_a_row_that_the_database_refuses_undoes_its_own_question_alone(fresh: Fresh, tmp_path: Path) -> None:
    """Of four questions in one transaction one has an id that is there, and one is refused before it is written."""
    bench = Bench(tmp_path, url=fresh())
    bench.renew()
    store, gate = bench.gateway.store, threading.Event()
    there, before = bench.ask().id, store.count()

    def add(name: str) -> Callable[[Writer], None]:
        def job(writer: Writer) -> None:
            writer.append(bench.at, "note", {"name": name})
            writer.add_words(name, "")
            if name == "no":
                raise TicketRefused(name)

        return job

    with ThreadPoolExecutor(5) as pool:
        holder = pool.submit(store.together, lambda _writer: gate.wait(60))
        while not holder.running() or store._jobs:
            time.sleep(0.01)
        jobs = {name: pool.submit(store.together, add(name)) for name in ("one", there, "no", "two")}
        while len(store._jobs) < len(jobs):
            time.sleep(0.01)
        gate.set()
        errors = {name: type(job.exception()) for name, job in jobs.items()}
    assert errors == {"one": type(None), there: IntegrityError, "no": TicketRefused, "two": type(None)}
    kept = store.entries()[before:]
    assert sorted(entry.data["name"] for entry in kept) == ["one", "two"] and store.words("no", "one") == {"one": ""}
    assert bench.ask().state == "received" and store.seen().head.sequence == store.count()
    bench.close()


@pytest.mark.walk
def test_two_processes_never_spend_the_last_bits_twice(fresh: Fresh, tmp_path: Path) -> None:
    """Two gateways that share nothing but the database race for seven questions, with twenty each."""
    bench = Bench(tmp_path, SEVEN, url=fresh())
    bench.renew()
    with ExitStack() as stack:
        racers = race(tmp_path, bench.url, bench.policy, stack, 20)
        for one in racers:
            one.stdin.write("go\n")
            one.stdin.flush()
        states = Counter(json.loads(line)["state"] for one in racers for line in one.communicate()[0].splitlines())
    assert states == {"received": 7, "refused": 33}
    assert bench.gateway.store.seen().spent["2027/asker/ann"] == (7 * 1585, 7)
    assert verify_database(bench.url, None, [KEYS]).whole
    bench.close()


@pytest.mark.walk
def test_a_process_killed_amid_its_writes_takes_nothing_with_it(fresh: Fresh, tmp_path: Path) -> None:
    """One of two gateways dies by SIGKILL: what it told is there, the other goes on, and all is whole."""
    bench = Bench(tmp_path, url=fresh())
    bench.renew()
    with ExitStack() as stack:
        racers = race(tmp_path, bench.url, bench.policy, stack, 120)
        for one in racers:
            one.stdin.write("go\n")
            one.stdin.flush()
        told = [racers[0].stdout.readline() for _ in range(10)]
        racers[0].kill()
        told += [line for one in racers for line in one.stdout]  # communicate() loses what readline() has read ahead
    ids = {json.loads(line)["id"] for line in told if line.endswith("\n")}
    kept = {entry.data["id"] for entry in bench.gateway.store.entries() if entry.kind == "admitted"}
    assert ids <= kept and 130 <= len(ids) < 240
    assert bench.gateway.store.seen().spent["2027/asker/ann"][1] == len(kept) <= len(ids) + 1
    assert verify_database(bench.url, None, [KEYS]).whole
    bench.close()


def test_a_request_replayed_at_the_other_gateway_is_refused(pair) -> None:
    """A question, a vote and a lease work once, wherever they are sent again."""
    bench, other = pair
    bench.gateway.ask(account("ann"), question(), "once")
    with pytest.raises(Replayed):
        other.ask(account("ann"), question(), "once")
    lease = bench.sign("cy", "/lease")
    bench.gateway.renew(lease)
    with pytest.raises(Replayed):
        other.renew(lease)
    vote = bench.ballot(name := bench.ask().id, "bea")
    bench.gateway.vote(name, vote)
    with pytest.raises((Replayed, TicketRefused)):
        other.vote(name, vote)


def test_a_kill_at_one_gateway_stops_the_other(pair) -> None:
    """Nothing is asked there, and what is due there does not leave, not even with a new lease."""
    bench, other = pair
    ticket = other.ask(account("ann"), question(), bench.nonce())
    other.run(ticket.id)
    for who in ("bea", "bob"):
        other.vote(ticket.id, bench.ballot(ticket.id, who))
    bench.at += 20
    bench.kill()
    bench.renew()
    assert other.fetch(account("ann"), ticket.id).answer == ""
    assert other.ask(account("ann"), question(), bench.nonce()).state == "refused"


def test_each_gateway_lets_out_what_it_sealed_and_votes_count_everywhere(pair) -> None:
    """A vote cast at one gateway counts at the other; the answer leaves only where it is sealed."""
    bench, other = pair
    ticket = other.ask(account("ann"), question(), bench.nonce())
    other.run(ticket.id)
    bench.vote(ticket.id, "bea")
    other.vote(ticket.id, bench.ballot(ticket.id, "bob"))
    bench.at += 20
    assert bench.fetch(ticket.id).answer == ""
    assert other.fetch(account("ann"), ticket.id).answer == "yes"
    assert bench.fetch(ticket.id).answer == "yes"  # from the ledger, once it was let out
    assert verify_database(bench.url, None, [KEYS]).whole


def test_a_gateway_whose_clock_is_behind_writes_nothing(pair) -> None:
    """By more than the skew that the policy allows; the other one goes on."""
    bench, other = pair
    other.clock = GuardedClock(1.0, lambda: bench.at - 30, lambda: bench.at - 30)
    before = bench.gateway.store.count()
    with pytest.raises(ClockFault):
        other.ask(account("ann"), question(), bench.nonce())
    assert bench.gateway.store.count() == before and bench.ask().state == "received"


def test_an_edited_and_a_cut_ledger_are_found_and_no_gateway_starts(fresh: Fresh, tmp_path: Path) -> None:
    """By somebody with all rights on the database: the edit at its record, the cut through the anchors."""
    bench = Bench(tmp_path, url=fresh())
    bench.released()
    bench.close()
    anchors = tmp_path / "anchors.jsonl"
    assert verify_database(bench.url, anchors, [KEYS]).whole
    last = len(read_stored(bench.url).entries)
    change(bench.url, f"DELETE FROM ledger WHERE sequence = {last}")
    before = read_stored(bench.url).entries[-1].digest
    change(bench.url, f"UPDATE control SET sequence = {last - 1}, digest = '{before}'")
    report = verify_database(bench.url, anchors, [KEYS])
    assert [(fault.sequence, fault.what) for fault in report.faults] == [(last, "truncated")]
    change(bench.url, "UPDATE ledger SET body = replace(body, 'bob', 'ben') WHERE kind = 'vote'")
    votes = [entry.sequence for entry in read_stored(bench.url).entries if entry.kind == "vote"]
    report = verify_database(bench.url, None, [KEYS])
    assert [(fault.sequence, fault.what) for fault in report.faults] == [(votes[-1], "edited")]
    with pytest.raises(BadInput, match="not whole"):
        bench.open(SECRETS["cy"])


def test_an_earlier_shape_is_brought_up_and_a_later_one_refused(fresh: Fresh, tmp_path: Path) -> None:
    """Without a number, and without a table that came later: the ledger stays whole. A later number is one line."""
    bench = Bench(tmp_path, url=fresh())
    bench.released()
    bench.close()
    number = "COMMENT ON TABLE control IS {}" if bench.url.startswith("postgresql") else "PRAGMA user_version = {}"
    postgres = bench.url.startswith("postgresql")
    change(bench.url, number.format("NULL" if postgres else 0))
    change(bench.url, "ALTER TABLE words RENAME TO kept")
    bench.open(SECRETS["cy"])
    bench.close()
    change(bench.url, "INSERT INTO words SELECT * FROM kept")
    assert verify_database(bench.url, tmp_path / "anchors.jsonl", [KEYS]).whole
    change(bench.url, number.format("'shape 9'" if postgres else 9))
    for look in (lambda: bench.open(SECRETS["cy"]), lambda: verify_database(bench.url, None, [KEYS])):
        with pytest.raises(BadInput, match=r"found a gateway's database of shape 9, expected at most 1; install the"):
            look()


def change(url: str, statement: str) -> int:
    """Change a database behind the gateway's back; returns the rows."""
    made = make_url(url)
    engine = create_engine(made.set(drivername="postgresql+psycopg") if made.drivername == "postgresql" else made)
    try:
        with engine.begin() as connection:
            return connection.exec_driver_sql(statement).rowcount
    finally:
        engine.dispose()


def test_votes_that_somebody_writes_into_the_database_let_nothing_out(pair) -> None:
    """Records that the ledger's key did not sign stop everything; approvals that no person signed count for nothing."""
    bench, _ = pair
    name, elsewhere = bench.ask().id, bench.ask("Will it snow?").id
    with bench.gateway.store.writing() as writer:  # by whoever holds the ledger's key
        for who in ("bea", "bob"):
            signed = bench.ballot(elsewhere, who).to_data()
            writer.append(bench.at, "vote", {"id": name, "person": who, "approve": True, "signed": signed})
    bench.at += 40
    assert bench.fetch(name).answer == ""
    head = bench.gateway.store.seen().head
    body = json.dumps({"id": name, "person": "ben", "approve": True, "signed": bench.ballot(name, "ben").to_data()})
    forged = link(head.sequence + 1, bench.at, "vote", json.loads(body), head.digest, Key.new("ledger"))
    columns = (forged.sequence, forged.at, forged.kind, forged.body, forged.previous, forged.digest, forged.signature)
    change(bench.url, f"INSERT INTO ledger VALUES {columns}")
    change(bench.url, f"UPDATE control SET sequence = {forged.sequence}, digest = '{forged.digest}'")
    for gateway in pair[0].gateway, pair[1]:
        with pytest.raises(LedgerChanged, match="does not go on after record"):
            gateway.fetch(account("ann"), name)


# PostgreSQL alone.


class Cut:
    """Ends all of a database's connections but its own at the n-th write, and goes on."""

    def __init__(self, server, url: str) -> None:
        self.server, self.url, self.left = server, url, 0

    def __call__(self, step: str) -> None:
        """Count a write."""
        self.left -= 1
        if self.left == 0:
            query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            self.server.run(query + "AND pid <> pg_backend_pid()", self.url)


def test_a_connection_cut_at_every_write_neither_doubles_nor_leaks(postgres, tmp_path: Path) -> None:
    """The same process goes on: what failed may be tried again, each vote counts once, and all stays whole."""
    url = postgres.fresh()
    cut = Cut(postgres, url)
    bench = Bench(tmp_path, url=url, fault=cut)
    bench.renew()
    failures = 0
    for place in range(1, 40):
        bench.renew()
        cut.left, signed, name = place, {}, ""
        for step in ("ask", "bea", "bob"):
            for _ in range(2):  # a client that got an error tries again, with the very same request
                try:
                    if step == "ask":
                        name = bench.ask().id
                    else:
                        signed.setdefault(step, bench.ballot(name, step))
                        bench.gateway.vote(name, signed[step])
                    break
                except DBAPIError:
                    failures += 1
                except (Replayed, TicketRefused):  # its first try was kept, though nobody said so
                    break
        bench.at += 20
        answer = fetched(bench, name)
        assert answer in ("yes", "")
        cut.left = 0
        entries = [entry for entry in bench.gateway.store.entries() if entry.data.get("id") == name]
        kinds = Counter(entry.kind for entry in entries)
        assert kinds["vote"] <= 2 and kinds["released"] <= 1 and bool(answer) <= kinds["released"]
    spent = bench.gateway.store.seen().spent["2027/asker/ann"][1]
    report = verify_database(url, tmp_path / "anchors.jsonl", [KEYS])
    assert report.whole and report.admitted == spent and failures > 10, report.faults
    bench.close()


def fetched(bench: Bench, name: str) -> str:
    """Look until the connection holds."""
    for _ in range(2):
        try:
            return bench.fetch(name).answer
        except DBAPIError:
            continue
    return bench.fetch(name).answer


@pytest.mark.walk
def test_what_was_told_survives_the_end_of_the_server(postgres, tmp_path: Path) -> None:
    """The server is stopped without a checkpoint amid writes: each question that was told is there when it is back."""
    bench = Bench(tmp_path, url=postgres.fresh())
    bench.renew()
    told: list[str] = []
    down = threading.Event()

    def ask() -> None:
        while not down.is_set():
            try:
                told.append(bench.gateway.ask(account("ann"), question(), bench.nonce()).id)
            except DBAPIError:
                continue

    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(ask) for _ in range(2)]
        while len(told) < 40:
            assert not [run.exception() for run in runs if run.done()]
        postgres.crash()
        more = len(told)
        while len(told) < more + 5:  # the gateway finds its way back by itself
            assert not [run.exception() for run in runs if run.done()]
        down.set()
        [run.result() for run in runs]
    kept = {entry.data["id"] for entry in bench.gateway.store.entries() if entry.kind == "admitted"}
    assert set(told) <= kept and verify_database(bench.url, tmp_path / "anchors.jsonl", [KEYS]).whole
    bench.close()


@pytest.fixture
def roles(postgres, tmp_path: Path):
    """Give a database that its owner prepared for the roles `gate` and `auditor`."""
    url = postgres.fresh()
    for role in ("gate", "auditor"):
        if not postgres.run(f"SELECT 1 FROM pg_roles WHERE rolname = '{role}'"):
            postgres.run(f"CREATE ROLE {role} LOGIN PASSWORD 'secret'")
    prepare_database(url, "gate", "auditor")
    name = make_url(url).database
    return url, postgres.url(name, "gate"), postgres.url(name, "auditor")


def test_a_gateway_runs_with_the_rights_of_its_role_and_cannot_rewrite(roles, tmp_path: Path) -> None:
    """All of a question's way works; to change, delete, empty or drop the ledger is refused by the server."""
    _, gate, auditor = roles
    bench = Bench(tmp_path, url=gate)
    bench.released()
    bench.gateway.store.close()
    bench.open()
    for statement in (
        "UPDATE ledger SET body = ''", "DELETE FROM ledger", "TRUNCATE ledger", "DROP TABLE ledger",
        "ALTER TABLE ledger DROP COLUMN body", "UPDATE words SET body = ''", "DELETE FROM words",
        "DELETE FROM control", "INSERT INTO control VALUES (2)", "CREATE TABLE mine (id int)",
    ):  # fmt: skip
        with pytest.raises(DBAPIError, match="permission denied|must be owner"):
            change(gate, statement)
    report = verify_database(auditor, tmp_path / "anchors.jsonl", [KEYS])
    assert report.whole and report.released == 1
    for statement in ("INSERT INTO ledger SELECT * FROM ledger", "SELECT * FROM words"):
        with pytest.raises(DBAPIError, match="permission denied"):
            change(auditor, statement)
    bench.close()


@pytest.mark.parametrize("table", sorted(RIGHTS))
def test_no_right_is_granted_in_vain(roles, tmp_path: Path, table: str) -> None:
    """Without the rights on any one table the gateway's way from a question to its release does not work."""
    owner, gate, _ = roles
    change(owner, f"REVOKE {RIGHTS[table].replace('SELECT, ', '')} ON {table} FROM gate")
    with ExitStack() as stack, pytest.raises((DBAPIError, BadInput), match="permission denied"):
        bench = Bench(tmp_path, url=gate)
        stack.callback(bench.close)
        bench.released()


def test_a_role_that_may_not_make_tables_is_told_so(postgres, roles, tmp_path: Path) -> None:
    """On an empty database it gets one line."""
    empty = postgres.url(make_url(postgres.fresh()).database, "gate")
    with pytest.raises(BadInput, match="permission denied"):
        LedgerStore(empty)
    with pytest.raises(BadInput, match="gateway's tables"):
        verify_database(empty)


def test_a_clock_apart_from_the_databases_does_not_start(postgres) -> None:
    """Ahead, holds would end too soon; behind, nothing could be written."""
    store = LedgerStore(postgres.fresh())
    for apart in (0.0, 10.0, -10.0):
        now = lambda apart=apart: store.time() + apart  # noqa: E731 - three clocks, one line each
        clock = GuardedClock(5.0, now, now)
        if apart:
            with pytest.raises(ClockFault, match=r"[+-](9|10)\.\d s from the database's"):
                require_same_time(clock, store.time(), 2.0)
        else:
            require_same_time(clock, store.time(), 2.0)
    store.close()


def test_a_database_that_cannot_be_reached_is_one_line(
    postgres, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong host, port, password, role or name exits 2 with what the server said and never with the password."""
    good = postgres.url("postgres")
    wrong = {
        postgres.url("nowhere"): 'database "nowhere" does not exist',
        postgres.url("postgres", password="hidden"): 'password authentication failed for user "owner"',
        postgres.url("postgres", role="nobody", password="hidden"): "authentication failed",
        good.replace(str(postgres.port), "1"): "refused",
        "postgresql://owner:hidden@no.host.invalid/x": "no.host.invalid",
        good: "gateway's tables",
        "oracle://x/y": "expected",
        "not a url": "expected a database's URL",
    }
    for url, words in wrong.items():
        assert main(["contain", "gateway", "verify", "--database", url]) == 2
        told = capsys.readouterr().err
        assert told.startswith("error: found ") and words in told and told.count("\n") == 1, told
        assert "hidden" not in told and ":secret@" not in told


def test_the_command_prepares_a_database(postgres, roles, capsys: pytest.CaptureFixture[str]) -> None:
    """Twice does no harm; an unknown role and SQLite are refused in one line."""
    url = postgres.fresh()
    for _ in range(2):
        assert main(["contain", "gateway", "database", url, "--role", "gate", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["rights"]["ledger"] == "SELECT, INSERT"
    for words in ([url, "--role", "nobody"], ["sqlite:///x.db", "--role", "gate"]):
        assert main(["contain", "gateway", "database", *words]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_a_missing_driver_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without psycopg one line says what to install."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra, match=r"drillyard\[postgres\]"):
        LedgerStore("postgresql://x/y")


def test_random_places_of_two_gateways_stay_whole(fresh: Fresh, tmp_path: Path) -> None:
    """Two gateways take turns at random on one ledger; every answer that leaves is one that may."""
    rng = random.Random(1)
    bench = Bench(tmp_path, url=fresh())
    both = [bench.gateway, bench.another(name="other")]
    bench.renew()
    names: list[tuple[str, int]] = []
    for _ in range(60):
        pick = rng.randrange(2)
        if rng.random() < 0.3 or not names:
            ticket = both[pick].ask(account("ann"), question(), bench.nonce())
            both[pick].run(ticket.id)
            names.append((ticket.id, pick))
        name, home = rng.choice(names)
        with suppress(TicketRefused):
            both[pick].vote(name, bench.ballot(name, rng.choice(["bea", "bob", "ben"]), rng.random() < 0.9))
        bench.at += rng.choice([0, 1, 5])
        both[home].fetch(account("ann"), name)
    report = verify_database(bench.url, tmp_path / "anchors.jsonl", [KEYS])
    assert report.whole and report.released > 0
    both[1].store.close()
    bench.close()
