"""One question's way through the gateway, and everything that must stop it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from gateway_bench import DAY, KEYS, POLICY, SECRETS, START, Bench, account, question, says

from drillyard.containment.gateway.clock import ClockFault, GuardedClock
from drillyard.containment.gateway.keys import Account, Keyring, make_key
from drillyard.containment.gateway.requests import sign_request, vote_path
from drillyard.containment.gateway.signing import Key
from drillyard.containment.gateway.store import Replayed
from drillyard.containment.gateway.tickets import TicketRefused, Voted
from drillyard.containment.gateway.verify import verify_folder
from drillyard.errors import BadInput


@pytest.fixture
def bench(tmp_path: Path):
    """Give a gateway with a lease."""
    made = Bench(tmp_path)
    made.renew()
    yield made
    made.close()


def test_an_answer_leaves_after_hold_votes_and_cooling_off_at_a_slot(bench: Bench) -> None:
    """Nothing is seen one moment before; then the canonical answer is, again and again, and the ledger is whole."""
    name = bench.ask().id
    bench.vote(name, "bea")
    bench.at += 9
    bench.vote(name, "bob")
    for _ in range(6):
        assert bench.fetch(name).answer == ""
        bench.at += 1
    ready = START + 9 + 5
    while bench.at % 4 and bench.at < ready + 4:
        assert bench.fetch(name).answer == ""
        bench.at += 1
    assert bench.fetch(name).answer == bench.fetch(name).answer == "yes"
    report = verify_folder(bench.folder, bench.folder / "anchors.jsonl", [KEYS])
    assert report.whole and report.released == 1, report.faults


@pytest.mark.parametrize("votes", [(), ("bea",), ("bea", "bob", "-ben"), ("-bea",)])
def test_too_few_votes_or_a_veto_release_nothing(bench: Bench, votes: tuple[str, ...]) -> None:
    """One person is not two, and one no is enough."""
    name = bench.ask().id
    for vote in votes:
        bench.vote(name, vote.strip("-"), not vote.startswith("-"))
    bench.at += 50
    assert bench.fetch(name).state == "waiting"
    bench.at += 60
    assert bench.fetch(name).state == "closed"


def test_one_person_votes_once_and_never_on_an_own_question(bench: Bench) -> None:
    """A second vote, an asker's vote and a vote signed with a made-up key are refused."""
    name = bench.ask().id
    bench.vote(name, "bea")
    for approve in (True, False):
        with pytest.raises(Voted):
            bench.vote(name, "bea", approve)
    with pytest.raises(TicketRefused) as refused:
        bench.vote(name, "ann")
    assert not isinstance(refused.value, Voted)
    forged = sign_request(Key.new("bob"), "POST", vote_path(name), bench.ballot(name, "bob").body, bench.at)
    with pytest.raises(TicketRefused):
        bench.gateway.vote(name, forged)


@pytest.mark.parametrize("again", ["bea", " BEA ", "Ｂｅａ"])
def test_a_person_with_two_accounts_is_refused_at_enrolment(again: str) -> None:
    """Whatever the spelling, the plane or the account's name; and by hand in the file as well."""
    for plane in ("approver", "asker", "operator"):
        with pytest.raises(BadInput, match="one person, one account"):
            KEYS.enrol(make_key(again, plane, "another")[0])
    second = {"id": "eve", "person": again, "plane": "approver", "public": "1" * 64}
    with pytest.raises(BadInput, match="a person has one account|expected the spelling"):
        Keyring.from_data({"accounts": [*KEYS.to_data()["accounts"], second], "ledger": "2" * 64})


@pytest.mark.parametrize(
    "again", ["bea\u200b", "b\u0435a", "be\u0251", "\u202ebea", "be\ufe0fa", "be\u034fa", "bea\u3164", "b\u212fa"]
)
def test_a_name_that_is_read_as_another_is_not_enrolled(again: str) -> None:
    """Unseen letters, Cyrillic and IPA look-alikes, turned direction: by enrolment and by hand, as person and as id."""
    with pytest.raises(BadInput):
        KEYS.enrol(make_key(again, "asker", "eve")[0])
    for name, person in (("eve", again), (again, "eve")):
        row = {"id": name, "person": person, "plane": "asker", "public": "1" * 64}
        with pytest.raises(BadInput):
            Keyring.from_data({"accounts": [*KEYS.to_data()["accounts"], row], "ledger": "2" * 64})
        with pytest.raises(BadInput):
            KEYS.enrol(Account(**row))


@pytest.mark.parametrize(
    ("name", "again"),
    [("bob", "вов"), ("bea", "веа"), ("Bob", "ВОВ"), ("tom", "том"), ("kate", "ΚΑΤΕ"), ("Bov", "Βον")],
)
def test_a_name_that_looks_like_another_in_capitals_alone_is_not_enrolled(name: str, again: str) -> None:
    """Of one script throughout, Cyrillic or Greek, so that no mixture gives it away."""
    row = make_key(name, "approver", "one")[0]
    keyring = Keyring(accounts=(row,), ledger=KEYS.ledger)
    with pytest.raises(BadInput, match="looks like"):
        keyring.enrol(make_key(again, "asker", "eve")[0])
    assert len(keyring.enrol(make_key("Влад", "asker", "eve")[0]).accounts) == 2


def test_one_key_under_two_names_is_refused() -> None:
    """Who enrols as two persons with one key is one person; in the command and by hand in the file."""
    twin = Account(id="eve", person="eve", plane="approver", public=account("bea").public)
    with pytest.raises(BadInput, match="enrolled already"):
        KEYS.enrol(twin)
    with pytest.raises(BadInput, match="a key belongs to one account"):
        Keyring.from_data({"accounts": [*KEYS.to_data()["accounts"], twin.model_dump()], "ledger": "2" * 64})


@pytest.mark.parametrize("plane", ["ann", "bea", "kim"])
def test_no_other_plane_does_an_operators_work(bench: Bench, plane: str) -> None:
    """Askers, approvers and kill keys renew no lease and swap no policy; nobody but a kill key kills."""
    with pytest.raises(TicketRefused):
        bench.renew(plane)
    with pytest.raises(TicketRefused):
        bench.epoch(POLICY, plane)
    for other in ("ann", "bea", "cy"):
        with pytest.raises(TicketRefused):
            bench.kill(other)


def test_refused_and_stopped_questions_look_like_waiting_ones(bench: Bench) -> None:
    """What the forecaster did cannot be told from how a question waits."""
    bench.make = says("yes " + "x" * 500)
    bench.gateway._make = bench.make
    stopped = bench.ask()
    bench.gateway._make = says("perhaps")
    apart = bench.ask()
    for ticket in (stopped, apart):
        assert ticket.state == "received" and bench.fetch(ticket.id).state == "waiting"
    assert bench.ask("What are you?").state == "refused"
    assert bench.ask("Will there be a bank run?").state == "refused"


def test_another_askers_question_is_nobodys(bench: Bench) -> None:
    """An id alone opens nothing."""
    name = bench.released()
    with pytest.raises(TicketRefused):
        bench.fetch(name, "abe")


def test_a_replayed_request_is_refused(bench: Bench) -> None:
    """The same nonce never works twice, also after a restart."""
    bench.gateway.ask(account("ann"), question(), "once")
    with pytest.raises(Replayed):
        bench.gateway.ask(account("ann"), question(), "once")
    bench.close()
    bench.open()
    with pytest.raises(Replayed):
        bench.gateway.ask(account("ann"), question(), "once")


def test_no_lease_or_a_kill_stops_questions_and_answers(bench: Bench) -> None:
    """The lease runs out, or somebody kills: zero outputs, released ones included, until a new epoch."""
    name = bench.released()
    bench.at += 2000
    assert bench.fetch(name).answer == "" and bench.ask().state == "refused"
    bench.renew()
    assert bench.fetch(name).answer == "yes"
    bench.kill()
    bench.renew()
    assert bench.fetch(name).answer == "" and bench.ask().state == "refused"
    bench.close()
    with pytest.raises(BadInput, match="operator's key"):
        bench.open()
    bench.open(SECRETS["cy"])
    bench.renew()
    assert bench.fetch(name).answer == "yes"


def test_a_changed_policy_needs_an_operators_new_epoch(bench: Bench) -> None:
    """A start with other rules is refused; a new epoch is recorded, and closes what was open under the old one."""
    name = bench.ask().id
    bench.vote(name, "bea")
    bench.vote(name, "bob")
    looser = POLICY.with_fields(hold_seconds=0)
    bench.policy = looser
    with pytest.raises(BadInput, match="operator's key"):
        bench.open()
    bench.policy = POLICY
    bench.open()
    assert bench.epoch(looser) == 2
    bench.renew()
    bench.at += 30
    assert bench.fetch(name).answer == ""


@pytest.mark.parametrize("jump", [-5.0, 3600.0])
def test_a_clock_that_jumps_stops_everything_for_good(tmp_path: Path, jump: float) -> None:
    """Back or forward, and also when it is set right again."""
    times = {"wall": START, "steady": 0.0}
    clock = GuardedClock(1.0, lambda: times["wall"], lambda: times["steady"])
    times.update(wall=START + 10, steady=10.0)
    assert clock.now() == START + 10
    times["wall"] += jump
    with pytest.raises(ClockFault):
        clock.now()
    times["wall"] -= jump
    with pytest.raises(ClockFault):
        clock.now()


def test_a_clock_behind_the_ledger_does_not_start(bench: Bench) -> None:
    """What a restart forgets, the ledger knows."""
    bench.close()
    bench.at -= 3600
    with pytest.raises(ClockFault):
        bench.open()


def test_an_erased_answer_is_scored_and_never_read(tmp_path: Path) -> None:
    """With erasure 1 nothing is released; after its day the operator gets the quadratic score, once."""
    bench = Bench(tmp_path, POLICY.with_fields(erasure=1.0, lease_seconds=1e8, close_seconds=1e8), says("0.3"))
    bench.renew()
    name = bench.ask(kind="grid").id
    bench.at += 30
    with pytest.raises(TicketRefused):
        bench.vote(name, "bea")
    assert bench.fetch(name).answer == ""
    with pytest.raises(TicketRefused):
        bench.score(name, 1)
    bench.at += 31 * 86400
    assert bench.score(name, 1) == pytest.approx(0.49)
    with pytest.raises(TicketRefused):
        bench.score(name, 1)
    assert verify_folder(tmp_path).whole
    bench.close()


def test_no_answer_is_on_the_disk_before_its_release(tmp_path: Path) -> None:
    """The only day that the forecaster names is in no file until it is released, not even with its hash unsalted."""
    bench = Bench(tmp_path, make=says("On 2028-03-07."))
    bench.renew()
    name = bench.ask(kind="date").id
    bench.vote(name, "bea")
    bench.vote(name, "bob")

    def disk() -> bytes:
        return b"".join(path.read_bytes() for path in sorted(tmp_path.rglob("*")) if path.is_file())

    assert b"2028-03-07" not in disk() and hashlib.sha256(b"2028-03-07").hexdigest().encode() not in disk()
    assert "2028-03-07" not in repr(vars(bench.gateway))
    bench.at += 20
    assert bench.fetch(name).answer == "2028-03-07" and b"2028-03-07" in disk()
    assert question().resolves > DAY
    bench.close()
