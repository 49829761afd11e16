"""The three planes over real HTTP on loopback: keys, padding, order of steps, kill."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from gateway_bench import KEYS, LEDGER, POLICY, SECRETS, account, question, says
from processes import until

from drillyard.containment.gateway.canaries import KnownQuestion
from drillyard.containment.gateway.canary_schedule import CanarySet
from drillyard.containment.gateway.client import Caller, make_headers
from drillyard.containment.gateway.clock import GuardedClock
from drillyard.containment.gateway.databases import sqlite_url
from drillyard.containment.gateway.gateway import Gateway
from drillyard.containment.gateway.keys import Keyring, make_key, read_key, write_key
from drillyard.containment.gateway.questions import Question
from drillyard.containment.gateway.requests import sign_request
from drillyard.containment.gateway.serve import serve_in_background
from drillyard.containment.gateway.signing import Key
from drillyard.containment.gateway.store import LedgerStore
from drillyard.errors import BadInput

QUICK = POLICY.with_fields(hold_seconds=0.5, cooling_seconds=0.2, slot_seconds=0.25, close_seconds=30)


@pytest.fixture
def planes(tmp_path: Path):
    """Serve a quick gateway; gives its URLs."""
    with ExitStack() as stack:
        store = LedgerStore(sqlite_url(tmp_path), LEDGER)
        stack.callback(store.close)
        gateway = Gateway(QUICK, KEYS, says("yes"), store, GuardedClock(1.0), operator=SECRETS["cy"])
        yield serve_in_background(gateway, stack)


def asked() -> dict:
    """Return a question as it is sent today."""
    day = datetime.now(UTC).date() + timedelta(days=9)
    return question().model_copy(update={"resolves": day}).to_data()


def signed_headers(who: str, method: str, path: str, body: bytes, at: float | None = None) -> dict[str, str]:
    """Return the headers of a request that somebody signed."""
    return make_headers(sign_request(SECRETS[who], method, path, body.decode(), at))


def wait_for(caller: Caller, name: str, seconds: float = 5.0) -> dict:
    """Look until an answer is there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = caller.call("GET", f"/questions/{name}")
        if found["answer"]:
            return found
        time.sleep(0.05)
    raise AssertionError(found)


def test_a_question_goes_all_the_way_and_a_kill_ends_it(planes: dict[str, str]) -> None:
    """Lease, question, two votes, answer; after the kill the same request has none."""
    ann, kim = Caller(planes["asker"], SECRETS["ann"]), Caller(planes["operator"], SECRETS["kim"])
    bea, bob = (Caller(planes["approver"], SECRETS[who]) for who in ("bea", "bob"))
    assert ann.call("POST", "/questions", asked())["state"] == "refused"
    Caller(planes["operator"], SECRETS["cy"]).call("POST", "/lease")
    name = ann.call("POST", "/questions", asked())["id"]
    (waiting,) = until(lambda: bea.call("GET", "/questions")["questions"])  # once the forecaster ran
    assert waiting["id"] == name and set(waiting) == {"id", "question"}
    for one in (bea, bob):
        assert one.vote(name, True).text == "Will it rain?"
    assert wait_for(ann, name)["answer"] == "yes"
    assert ann.call("GET", "/head")["sequence"] > 5
    assert kim.call("POST", "/kill") == {"state": "killed"}
    assert ann.call("GET", f"/questions/{name}")["answer"] == ""


def test_a_key_opens_its_own_plane_alone(planes: dict[str, str]) -> None:
    """Every other key, no key, a changed body, an old time and a replay get the same 403."""
    doors = {"asker": "/head", "approver": "/questions"}
    for plane, path in doors.items():
        for who in ("ann", "bea", "cy", "kim"):
            if account(who).plane != plane:
                with pytest.raises(BadInput, match="403"):
                    Caller(planes[plane], SECRETS[who]).call("GET", path)
    for who in ("ann", "bea", "kim"):
        for path in ("/lease", "/epoch"):
            with pytest.raises(BadInput, match="403|503"):
                Caller(planes["operator"], SECRETS[who]).call("POST", path, QUICK.to_data())
    body = json.dumps(asked()).encode()
    url = planes["asker"] + "/questions"
    good = signed_headers("ann", "POST", "/questions", body)
    old = signed_headers("ann", "POST", "/questions", body, time.time() - 120)
    texts = set()
    with httpx.Client() as client:
        assert client.post(url, content=body, headers=good).status_code == 200
        for headers, sent in ((good, body), (old, body), ({}, body), ({**good, "x-nonce": "n" * 32}, body)):
            reply = client.post(url, content=sent, headers=headers)
            assert reply.status_code == 403
            texts.add(reply.text)
        other = signed_headers("ann", "POST", "/questions", body)
        reply = client.post(url, content=body.replace(b"rain", b"hail"), headers=other)
        texts.add(reply.text)
        assert reply.status_code == 403 and len(texts) == 1


def test_all_replies_to_an_asker_have_one_size(planes: dict[str, str]) -> None:
    """Received, refused, malformed, waiting, released."""
    Caller(planes["operator"], SECRETS["cy"]).call("POST", "/lease")
    sizes, ann = set(), "ann"
    bodies = [asked(), {**asked(), "text": "Who are you?"}, {"kind": "riddle"}]
    with httpx.Client(base_url=planes["asker"]) as client:
        for data in bodies:
            body = json.dumps(data).encode()
            reply = client.post("/questions", content=body, headers=signed_headers(ann, "POST", "/questions", body))
            sizes.add((reply.status_code, len(reply.content)))
        name = Caller(planes["asker"], SECRETS["ann"]).call("POST", "/questions", asked())["id"]
        for who in ("bea", "bob"):
            Caller(planes["approver"], SECRETS[who]).vote(name, True)
        path = f"/questions/{name}"
        for pause in (0.0, 1.5):
            time.sleep(pause)
            reply = client.get(path, headers=signed_headers(ann, "GET", path, b""))
            sizes.add((reply.status_code, len(reply.content)))
    assert reply.json()["answer"] == "yes"
    assert sizes == {(200, QUICK.reply_bytes)}


def test_canaries_come_by_themselves_and_a_wrong_one_holds_everything(tmp_path: Path) -> None:
    """Among live questions over HTTP; the operator sees how many are left, nobody else does."""
    day = datetime.now(UTC).date() + timedelta(days=9)
    known = [question(f"Is {n} less than {n + 1}?").model_copy(update={"resolves": day}) for n in range(9)]
    canaries = CanarySet(accounts=("abe",), questions=[KnownQuestion(question=one, answer="yes") for one in known])
    policy = QUICK.with_fields(canaries={"share": 0.5})
    with ExitStack() as stack:
        store = LedgerStore(sqlite_url(tmp_path), LEDGER)
        stack.callback(store.close)
        gateway = Gateway(policy, KEYS, says("no"), store, GuardedClock(1.0), operator=SECRETS["cy"], canaries=canaries)
        urls = serve_in_background(gateway, stack)
        operator, ann = Caller(urls["operator"], SECRETS["cy"]), Caller(urls["asker"], SECRETS["ann"])
        operator.call("POST", "/lease")
        assert operator.call("GET", "/canaries") == {"left": 9, "open": 0}
        with pytest.raises(BadInput, match="403"):
            Caller(urls["operator"], SECRETS["kim"]).call("GET", "/canaries")
        end = time.monotonic() + 30
        while ann.call("POST", "/questions", asked())["state"] == "received":
            assert time.monotonic() < end, "no canary came"
            time.sleep(0.05)
        assert operator.call("GET", "/canaries")["left"] < 9
        told = [entry.data for entry in store.entries() if entry.kind == "canary"]
        assert told and {(one["result"], one["act"]) for one in told} == {("wrong", "hold")}


def post(url: str, who: str, path: str, body: bytes, **headers: str) -> httpx.Response:
    """Send what a client of ours would never send, signed."""
    signed = signed_headers(who, "POST", path, body)
    return httpx.post(url + path, content=body, headers={**signed, **headers}, timeout=30)


def test_no_address_answers_with_a_redirect_or_the_host_header(planes: dict[str, str]) -> None:
    """Every route with and without a slash at its end, unknown addresses and methods: padded, and never a 3xx."""
    paths = {
        "asker": ("/questions", "/questions/x", "/head", "/nothing"),
        "approver": ("/questions", "/questions/x/votes", "/"),
        "operator": ("/lease", "/kill", "/epoch", "/questions/x/outcome", "/canaries", "//evil.example/"),
    }
    with httpx.Client(headers={"host": "evil.example"}) as client:
        for plane, tails in paths.items():
            for tail in tails:
                for path in (tail, f"{tail}/"):
                    for method in ("GET", "POST", "HEAD", "PUT"):
                        reply = client.request(method, planes[plane] + path)
                        assert reply.status_code in (403, 404, 405), (method, path)
                        assert "evil" not in f"{reply.headers}{reply.text}" and "location" not in reply.headers
                        assert method == "HEAD" or len(reply.content) == QUICK.reply_bytes


BODIES = (
    b"[" * 30_000, b'{"a":' * 5_000, b"\xff", b'{"outcome": 1, "outcome": 0}', b"9" * 5_000, b'"\\ud800"',
    b"x" * 40_000, b"",
)  # fmt: skip


def test_whatever_body_comes_the_reply_is_a_paced_refusal(tmp_path: Path) -> None:
    """On every POST of every plane: no 500, no traceback, one size, not before the pace is over."""
    with ExitStack() as stack:
        store = LedgerStore(sqlite_url(tmp_path), LEDGER)
        stack.callback(store.close)
        slow = QUICK.with_fields(reply_milliseconds=20)
        gateway = Gateway(slow, KEYS, says("yes"), store, GuardedClock(1.0), operator=SECRETS["cy"])
        planes, client = serve_in_background(gateway, stack), stack.enter_context(httpx.Client(timeout=30))
        doors = [("asker", "ann", "/questions"), ("approver", "bea", "/questions/x/votes")]
        doors += [("operator", "cy", "/epoch"), ("operator", "cy", "/questions/x/outcome")]
        for body in BODIES:
            for plane, who, path in doors:
                # A body that is no text is signed as what it would be without its wrong bytes.
                signed = signed_headers(who, "POST", path, body.decode(errors="ignore").encode())
                began = time.monotonic()
                reply = client.post(planes[plane] + path, content=body, headers=signed)
                assert time.monotonic() - began > 0.019, path
                assert reply.status_code in (200, 403, 413, 503) and reply.json()["state"] == "refused", (path, body)
                assert len(reply.content) == slow.reply_bytes


def test_a_vote_that_says_both_is_none(planes: dict[str, str]) -> None:
    """`approve` twice in one body counts as neither, whichever stands last; a second vote says so to its voter."""
    Caller(planes["operator"], SECRETS["cy"]).call("POST", "/lease")
    name = Caller(planes["asker"], SECRETS["ann"]).call("POST", "/questions", asked())["id"]
    bea = Caller(planes["approver"], SECRETS["bea"])
    (waiting,) = until(lambda: bea.call("GET", "/questions")["questions"])
    digest, path = Question.from_data(waiting["question"]).digest(), f"/questions/{name}/votes"
    for said in ('"approve":false,"approve":true', '"approve":true,"approve":false', '"approve":true,"approve":true'):
        assert post(planes["approver"], "bea", path, f'{{{said},"question":"{digest}"}}'.encode()).status_code == 403
    assert (
        post(planes["approver"], "bea", path, f'{{"approve":true,"question":"{digest}"}}'.encode()).status_code == 200
    )
    with pytest.raises(BadInput, match="second vote of yours"):
        bea.vote(name, False)
    stranger = Caller(planes["approver"], Key(id="bea", secret=SECRETS["ben"].secret))
    with pytest.raises(BadInput, match="403"):
        stranger.call("POST", path, {"approve": True, "question": digest})
    twice = json.dumps(asked()).replace('"text"', '"topic": "energy", "text"', 1).encode()
    assert post(planes["asker"], "ann", "/questions", twice).json()["state"] == "refused"


PEOPLE = ("李", "Zoë", "Дмитрий", "محمد", "Ann Lee", "O'Brien", "x" * 50, "山田 太郎", "김민수", "İpek")


def test_everybody_who_enrols_can_sign_in(tmp_path: Path) -> None:
    """Names are not ASCII, headers are."""
    keyring, keys = Keyring(ledger=LEDGER.public), {}
    people = [*(("asker", one) for one in PEOPLE), ("approver", "bea"), ("approver", "bob"), ("operator", "cy")]
    for plane, name in people:
        made, keys[name] = make_key(name, plane)
        keyring = keyring.enrol(made)
    keyring = Keyring.from_json(keyring.to_json())
    with ExitStack() as stack:
        store = LedgerStore(sqlite_url(tmp_path), LEDGER)
        stack.callback(store.close)
        gateway = Gateway(QUICK, keyring, says("yes"), store, GuardedClock(1.0), operator=keys["cy"])
        url = serve_in_background(gateway, stack)["asker"]
        for number, name in enumerate(PEOPLE):
            write_key(tmp_path / f"{number}.json", keys[name])
            key = read_key(tmp_path / f"{number}.json")
            assert Caller(url, key).call("GET", "/head")["sequence"] >= 1, name


def test_a_name_too_long_for_a_key_is_one_line() -> None:
    """An account's id holds its plane and its person."""
    with pytest.raises(BadInput, match="1 to 50"):
        make_key("x" * 51, "approver")
