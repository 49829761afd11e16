"""Canaries among live questions: nobody can tell them, a missed one does what the policy says, none is ever let out."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest
from gateway_bench import DAY, KEYS, LEDGER, POLICY, SECRETS, START, Bench, account, question, says
from scipy.stats import binomtest

from drillyard.containment.gateway.canaries import KnownQuestion
from drillyard.containment.gateway.canary_schedule import CanarySet, LiveCanaries, read_canaries
from drillyard.containment.gateway.chain import GENESIS, Entry, link
from drillyard.containment.gateway.policy import CanaryRule
from drillyard.containment.gateway.tickets import TicketRefused
from drillyard.containment.gateway.verify import verify_entries, verify_folder
from drillyard.errors import BadInput

KNOWN = tuple(KnownQuestion(question=question(f"Is {n} less than {n + 1}?"), answer="yes") for n in range(200))
SET = CanarySet(accounts=("abe",), questions=KNOWN)


def rule(share: float = 0.5, allow: int = 0, act: str = "hold") -> dict:
    """Return the policy's rule."""
    return CanaryRule(share=share, allow=allow, act=act).model_dump()


def make(folder: Path, raw: str = "yes", known: CanarySet = SET, **fields) -> Bench:
    """Return a bench with canaries and a lease."""
    policy = POLICY.with_fields(**{"canaries": rule(), **fields})
    bench = Bench(folder, policy, says(raw), canaries=known, seed=1)
    bench.renew()
    return bench


def put_one(bench: Bench) -> str:
    """Ask live questions until a canary is put, run it, and return its id."""
    for n in range(200):
        bench.ask(f"Live {n}?")
        bench.at += 0.5
        for name in bench.gateway.tick():
            bench.gateway.run(name)
            return name
    raise AssertionError("no canary came")


def records(bench: Bench, kind: str = "canary") -> list[dict]:
    """Return the bodies of the ledger's records of a kind."""
    return [entry.data for entry in bench.gateway.store.entries() if entry.kind == kind]


@pytest.mark.walk
def test_a_share_of_all_questions_are_canaries_at_times_like_live_ones(tmp_path: Path) -> None:
    """At a share of .2, of 400 live questions about 100 are followed; each after a gap that stood between live ones."""
    canaries = LiveCanaries(SET, KEYS, (), random.Random(3))
    at, gaps, put = START, {0.0}, Counter()
    rng = random.Random(4)
    for _ in range(400):
        gap = rng.choice([0.5, 3.0, 7.0])
        gaps.add(gap)
        at += gap
        canaries.saw(at, 0.2)
        put.update(round(due - at, 6) for due in canaries._due if due >= at)
        canaries.due(at + 100, POLICY)
    assert set(put) <= gaps
    assert binomtest(sum(put.values()), 399, 0.25).pvalue > 0.001
    assert min(put[gap] for gap in (0.5, 3.0, 7.0)) > sum(put.values()) / 6


def test_neither_forecaster_nor_approver_can_tell_a_canary(tmp_path: Path) -> None:
    """Both see the same fields of both kinds; the row and the records until its verdict have one form."""
    seen: list[dict] = []
    bench = make(tmp_path)
    bench.gateway._make = lambda: lambda asked, _seed: (seen.append(asked.to_data()), "yes")[1]
    name = put_one(bench)
    waiting = bench.gateway.pending(account("bea"))
    assert name in {one["id"] for one in waiting}
    texts = {question["text"] for question in seen}
    assert any(text.startswith("Is ") for text in texts) and any(text.startswith("Live") for text in texts)
    assert len({(*one, *one["question"]) for one in waiting}) == 1 == len({tuple(one) for one in seen})
    live = next(one["id"] for one in waiting if one["id"] != name)
    rows = [bench.gateway.store.seen().questions[one] for one in (name, live)]
    assert len({(row.status, row.epoch, row.gateway, row.opens_at - row.admitted_at) for row in rows}) == 1
    kinds = [
        [(entry.kind, *entry.data) for entry in bench.gateway.store.entries() if entry.data.get("id") == one]
        for one in (name, live)
    ]
    assert kinds[0] == kinds[1] and records(bench) == []
    bench.close()


def test_a_right_canary_is_written_down_when_it_is_over_and_never_let_out(tmp_path: Path) -> None:
    """It waits for votes as others do; its asker's own key gets nothing, before or after."""
    bench = make(tmp_path)
    name = put_one(bench)
    for who in ("bea", "bob"):
        bench.vote(name, who)
    assert bench.fetch(name, "abe").answer == "" and records(bench) == []
    bench.at += 20
    assert bench.fetch(name, "abe").answer == "" and name in {
        one["id"] for one in bench.gateway.pending(account("ben"))
    }
    bench.gateway.tick()
    (told,) = records(bench)
    assert (told["id"], told["result"], told["act"]) == (name, "right", "")
    assert bench.fetch(name, "abe").answer == "" and records(bench, "released") == []
    with pytest.raises(TicketRefused):
        bench.vote(name, "ben")
    assert bench.gateway.canaries.open == []
    report = verify_folder(tmp_path, tmp_path / "anchors.jsonl", [KEYS])
    assert report.whole and report.canaries == 1 and report.missed.value == 0
    bench.close()


@pytest.mark.parametrize("end", ["veto", "time"])
def test_a_canary_that_is_vetoed_or_waits_too_long_is_over_too(tmp_path: Path, end: str) -> None:
    """Its verdict is kept all the same."""
    bench = make(tmp_path)
    name = put_one(bench)
    if end == "veto":
        bench.vote(name, "bea", approve=False)
    bench.at += 1 if end == "veto" else 101
    bench.gateway.tick()
    assert [one["result"] for one in records(bench)] == ["right"]
    bench.close()


@pytest.mark.parametrize(("raw", "result"), [("no", "wrong"), ("perhaps", "none"), ("yes" + "!" * 300, "none")])
def test_a_missed_canary_holds_the_gateway_at_once(tmp_path: Path, raw: str, result: str) -> None:
    """Wrong, without an answer, or stopped by a monitor: the lease ends, until an operator renews it."""
    bench = make(tmp_path, raw)
    put_one(bench)
    assert [(one["result"], one["act"]) for one in records(bench)] == [(result, "hold")]
    assert bench.ask().state == "refused"
    bench.renew()
    assert bench.ask().state == "received"
    assert verify_folder(tmp_path, None, [KEYS]).whole
    bench.close()


def test_a_missed_canary_kills_where_the_policy_says_so(tmp_path: Path) -> None:
    """Also at the other gateways, and what was released before is not told again."""
    bench = make(tmp_path, canaries=rule(act="kill"))
    name = bench.released()
    other = bench.another(name="other", canaries=None)
    bench.gateway._make = says("no")
    put_one(bench)
    bench.renew()
    assert bench.fetch(name).answer == "" == other.fetch(account("ann"), name).answer
    assert other.ask(account("ann"), question(), bench.nonce()).state == "refused"
    assert verify_folder(tmp_path, None, [KEYS]).whole
    other.store.close()
    bench.close()
    with pytest.raises(BadInput, match="a killed gateway"):
        bench.open()


def test_as_many_may_be_missed_as_the_policy_allows_across_restarts(tmp_path: Path) -> None:
    """Two of an epoch; the third holds, though the process that saw the first ones is gone; a new epoch forgives."""
    bench = make(tmp_path, "no", canaries=rule(allow=2))
    for _ in range(2):
        put_one(bench)
    assert bench.ask().state == "received"
    bench.close()
    bench.open()
    put_one(bench)
    assert [one["act"] for one in records(bench)] == ["", "", "hold"] and bench.ask().state == "refused"
    bench.epoch(bench.policy.with_fields(name="next"))
    bench.renew()
    put_one(bench)
    assert records(bench)[-1]["act"] == "" and verify_folder(tmp_path, None, [KEYS]).whole
    bench.close()


def test_an_erased_canary_is_judged_and_none_is_put_twice(tmp_path: Path) -> None:
    """The coin closes it as any other, and nobody can score it; a restart forgets none that was put."""
    small = CanarySet(accounts=("abe",), questions=KNOWN[:3])
    bench = make(tmp_path, known=small, erasure=1.0)
    names = [put_one(bench) for _ in range(2)]
    assert [one["result"] for one in records(bench)] == ["right"] * 2
    bench.at += 31 * 86400
    with pytest.raises(TicketRefused):
        bench.score(names[0], 1)
    bench.close()
    bench.open()
    assert bench.gateway.canaries.left == 1
    bench.close()


def test_canaries_cost_budget_and_stop_with_the_gateway(tmp_path: Path) -> None:
    """They are asked by their account alone, and wait for their turn while nothing is admitted."""
    bench = make(tmp_path)
    put_one(bench)
    assert bench.gateway.store.seen().spent["2027/asker/abe"][1] == 1
    left = bench.gateway.canaries.left
    bench.gateway.canaries._due.append(bench.at)
    bench.at += 2000
    assert bench.gateway.tick() == [] and bench.gateway.canaries.left == left
    bench.close()


def anew(entries: list[Entry], change) -> list[Entry]:
    """Write a ledger anew with the ledger's own key, its canary records changed."""
    made: list[Entry] = []
    for entry in entries:
        body = json.loads(entry.body)
        before = made[-1].digest if made else GENESIS
        made.append(link(entry.sequence, entry.at, entry.kind, change(entry.kind, body), before, LEDGER))
    return made


def test_a_verdict_that_was_bent_is_found(tmp_path: Path) -> None:
    """Wrong made right, another answer, no consequence, the canary let out: each is named at its record."""
    bench = make(tmp_path, "no")
    put_one(bench)
    bench.close()
    entries = bench.another(operator=SECRETS["cy"]).store.entries()
    assert verify_entries(entries, (), [KEYS]).whole

    def bent(**changed: object):
        return lambda kind, body: {**body, **changed} if kind == "canary" else body

    for change, words in (
        (bent(result="right"), "its verdict is not what its answer says"),
        (bent(answer="yes"), "it is not the answer that was sealed"),
        (bent(known="no", result="right"), "what followed is not what the policy says"),
        (bent(act=""), "what followed is not what the policy says"),
        (bent(answer="", result="none"), "it had an answer"),
    ):
        found = verify_entries(anew(entries, change), (), [KEYS]).faults
        assert [fault.what for fault in found] == ["bad canary"] and words in found[0].words, found


def test_a_set_that_cannot_work_is_refused(tmp_path: Path) -> None:
    """An account that is none, an answer of no type, a file that others can read."""
    with pytest.raises(BadInput, match="an asker of the keyring"):
        Bench(tmp_path / "", canaries=CanarySet(accounts=("bea",), questions=KNOWN[:1]))
    for kind, answer, words in (("binary", "perhaps", "an answer of its type"), ("grid", "0.5", "'0.5000'")):
        known = KnownQuestion(question=question(kind=kind), answer=answer)
        with pytest.raises(BadInput, match=words):
            Bench(tmp_path / "", canaries=CanarySet(accounts=("abe",), questions=(known,)))
    path = tmp_path / "known.yaml"
    path.write_text(SET.to_json())
    path.chmod(0o600)
    assert read_canaries(path) == SET and SET.questions[0].question.resolves > DAY
    path.chmod(0o644)
    with pytest.raises(BadInput, match="others can read"):
        read_canaries(path)
