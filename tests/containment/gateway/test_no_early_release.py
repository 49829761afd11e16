"""No road leads an answer out unless every predicate holds: random roads, and a crash at every write."""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path

import pytest
from gateway_bench import KEYS, POLICY, Bench, account, question, says
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule

from drillyard.containment.gateway.gateway import Refused
from drillyard.containment.gateway.verify import verify_folder

KEY = bytes.fromhex(KEYS.ledger_key)
RAW = {"yes": "yes", "no": "No.", "nothing": "perhaps", "long": "yes" + "!" * 300}


class Roads(RuleBasedStateMachine):
    """Anybody does anything at any time; a model of its own says what may have left."""

    names = Bundle("names")

    @initialize()
    def start(self) -> None:
        """Open a gateway; the model knows only what was done, not what the gateway stored."""
        self.folder = tempfile.TemporaryDirectory()
        self.raw = "yes"
        self.bench = Bench(Path(self.folder.name), make=lambda: lambda _q, _s: self.raw)
        self.lease, self.killed, self.asked, self.epoch = 0.0, False, {}, 1

    def teardown(self) -> None:
        """Close the files."""
        if hasattr(self, "bench"):
            self.bench.close()
            assert verify_folder(Path(self.folder.name), Path(self.folder.name) / "anchors.jsonl", KEY).whole
            self.folder.cleanup()

    @rule(target=names, who=st.sampled_from(["ann", "abe"]), raw=st.sampled_from(sorted(RAW)))
    def ask(self, who: str, raw: str) -> str:
        """Put a question."""
        self.raw = RAW[raw]
        ticket = self.bench.ask(who=who)
        assert (ticket.state == "received") == self.alive()
        self.asked[ticket.id] = {
            "who": who, "at": self.bench.at, "good": raw in ("yes", "no") and ticket.state == "received",
            "answer": raw, "votes": {}, "epoch": self.epoch,
        }  # fmt: skip
        return ticket.id

    @rule(
        name=names,
        who=st.sampled_from(["bea", "bob", "ben", "ann", "cy"]),
        approve=st.sampled_from([True] * 5 + [False]),
    )
    def vote(self, name: str, who: str, approve: bool) -> None:
        """Vote, whoever one is."""
        try:
            self.bench.vote(name, who, approve)
        except Refused:
            return
        assert who in ("bea", "bob", "ben") and who not in self.asked[name]["votes"]
        self.asked[name]["votes"][who] = (approve, self.bench.at)

    @rule(seconds=st.sampled_from([1, 3, 5, 11, 40, 400]))
    def wait(self, seconds: int) -> None:
        """Let time go by."""
        self.bench.at += seconds

    @rule()
    def renew(self) -> None:
        """Renew the lease."""
        self.bench.renew()
        self.lease = self.bench.at + POLICY.lease_seconds

    @rule(sure=st.integers(0, 5))
    def kill(self, sure: int) -> None:
        """Kill, now and then."""
        if not sure:
            self.bench.gateway.kill(account("kim"), self.bench.nonce())
            self.killed = True

    @rule()
    def restart(self) -> None:
        """End the process; what was sealed in it is gone, after a kill an operator must open a new epoch."""
        self.bench.close()
        self.bench.open(account("cy"))
        for one in self.asked.values():
            one["good"] = one["good"] and one.get("left", False)
        if self.killed:
            self.killed, self.lease, self.epoch = False, 0.0, self.epoch + 1

    @rule(name=names, who=st.sampled_from(["ann", "abe"]))
    def look(self, name: str, who: str) -> None:
        """Look at any question: its answer is there exactly where the model says so."""
        asked, now = self.asked[name], self.bench.at
        try:
            found = self.bench.fetch(name, who)
        except Refused:
            assert who != asked["who"] or not asked["good"]
            return
        assert who == asked["who"]
        expected = self.alive() and (asked.get("left", False) or self.due(asked, now))
        assert (found.answer == asked["answer"]) if expected else found.answer == ""
        if expected:
            asked["left"] = True

    def alive(self) -> bool:
        """Say whether anything may happen at all."""
        return not self.killed and self.bench.at < self.lease

    def due(self, asked: dict, now: float) -> bool:
        """Say in other words than the gateway whether a question's answer may leave."""
        times = [at for _, at in asked["votes"].values()]
        ready = max([asked["at"] + 10, *(at + 5 for at in times)])
        slot = int(ready) if int(ready) % 4 == 0 else int(ready) + 4 - int(ready) % 4
        yes = sum(approve for approve, _ in asked["votes"].values())
        inside = slot <= now < asked["at"] + 100
        return asked["good"] and inside and yes >= 2 and yes == len(times) and asked["epoch"] == self.epoch


Roads.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
TestRoads = Roads.TestCase


class Crash(BaseException):
    """The process ends here."""


class Crashing:
    """Ends the process at the n-th write from now; `n` of 0 never does."""

    def __init__(self) -> None:
        self.left, self.steps = 0, 0

    def __call__(self, step: str) -> None:
        """Count a write."""
        self.steps += 1
        if self.left == 1:
            self.left = 0
            raise Crash(step)
        self.left = max(0, self.left - 1)


def walk(bench: Bench, done: list[str]) -> None:
    """Take one question from its asking to its release, noting each step that came back."""
    bench.renew()
    name = bench.gateway.ask(account("ann"), _QUESTION, bench.nonce()).id
    done.append("ask")
    bench.gateway.run(name)
    bench.vote(name, "bea")
    done.append("one vote")
    assert bench.fetch(name).answer == ""
    bench.vote(name, "bob")
    bench.at += 20
    assert bench.fetch(name).answer == "yes"
    done.append("release")


def crash_at(folder: Path, crashing: Crashing, bench: Bench, place: int) -> None:
    """Crash a walk at its n-th write, start again, and see that nothing kept is lost and nothing left early."""
    done: list[str] = []
    before = _counts(bench)
    crashing.left = place
    try:
        walk(bench, done)
    except Crash:
        pass
    finally:
        crashing.left = 0
    bench.close()
    bench.at += 1
    bench.open()
    after = _counts(bench)
    new = {kind: after.get(kind, 0) - before.get(kind, 0) for kind in ("admitted", "run", "vote", "released")}
    assert new["admitted"] >= ("ask" in done) and new["vote"] >= ("one vote" in done)
    assert new["released"] >= ("release" in done) and new["released"] <= (new["vote"] == 2)
    spent = bench.gateway.store.spent().get("2027/asker/ann", (0, 0))[1]
    assert spent == after.get("admitted", 0), "a budget is spent with its record or not at all"
    assert not bench.gateway.store.questions("sealed", "admitted")


def _counts(bench: Bench) -> dict[str, int]:
    kinds = [entry.kind for entry in bench.gateway.store.entries()]
    return {kind: kinds.count(kind) for kind in set(kinds)}


def run_crashes(count: int, per_folder: int = 40, seed: int = 1) -> int:
    """Crash `count` walks at random writes; verifies each folder's ledger whole at its end. Returns the crashes."""
    rng, crashes = random.Random(seed), 0
    while crashes < count:
        with tempfile.TemporaryDirectory() as name:
            folder, crashing = Path(name), Crashing()
            bench = Bench(folder, fault=crashing, make=says("yes"))
            for _ in range(min(per_folder, count - crashes)):
                crash_at(folder, crashing, bench, rng.randint(1, _WRITES))
                crashes += 1
            bench.close()
            report = verify_folder(folder, folder / "anchors.jsonl", KEY)
            assert report.whole, report.faults
    return crashes


_QUESTION = question()
_WRITES = 0


@pytest.fixture(scope="module", autouse=True)
def writes(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Count the writes of a whole walk, so that every one of them can be the last."""
    count_writes(tmp_path_factory.mktemp("walk"))


def count_writes(folder: Path) -> int:
    """Take one walk without a crash and return how many writes it has."""
    global _WRITES
    crashing = Crashing()
    bench = Bench(folder, fault=crashing)
    crashing.steps = 0
    walk(bench, [])
    bench.close()
    _WRITES = crashing.steps
    return _WRITES


def test_a_crash_at_every_write_loses_nothing_and_releases_nothing(tmp_path: Path) -> None:
    """Each write of the way, before it and after it; the ledger is whole at the end."""
    crashing = Crashing()
    bench = Bench(tmp_path, fault=crashing)
    for place in range(1, _WRITES + 1):
        crash_at(tmp_path, crashing, bench, place)
    bench.close()
    report = verify_folder(tmp_path, tmp_path / "anchors.jsonl", KEY)
    assert report.whole, report.faults
    assert _WRITES > 40 and json.loads(report.to_json())["does_not_show"]


@pytest.mark.slow
def test_thousands_of_crashes(tmp_path: Path) -> None:
    """At random writes: no loss, no early release, every ledger whole."""
    assert run_crashes(2_000) == 2_000
