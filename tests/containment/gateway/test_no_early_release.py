"""No road leads an answer out unless every predicate holds: random roads, and a crash at every write."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from gateway_bench import KEYS, POLICY, SECRETS, Bench
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from drillyard.containment.gateway.crashes import CrashRehearsal, count_writes, rehearse_crashes
from drillyard.containment.gateway.gateway import Gateway
from drillyard.containment.gateway.tickets import TicketRefused
from drillyard.containment.gateway.verify import verify_database

BENCHMARK = Path(__file__).resolve().parents[3] / "benchmarks" / "gateway.py"
RAW = {"yes": "yes", "no": "No.", "nothing": "perhaps", "long": "yes" + "!" * 300}


class Roads(RuleBasedStateMachine):
    """Anybody does anything at any time; a model of its own says what may have left."""

    names = Bundle("names")
    fresh: Callable[[int], str]

    @initialize()
    def start(self) -> None:
        """Open a gateway; the model knows only what was done, not what the gateway stored."""
        self.folder = tempfile.TemporaryDirectory()
        self.raw = "yes"
        self.url = self.fresh(0)
        self.bench = Bench(Path(self.folder.name), make=lambda: lambda _q, _s: self.raw, url=self.url)
        self.lease, self.killed, self.asked, self.epoch = 0.0, False, {}, 1

    def teardown(self) -> None:
        """Close the files."""
        if hasattr(self, "bench"):
            self.bench.close()
            assert verify_database(self.url, Path(self.folder.name) / "anchors.jsonl", [KEYS]).whole
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
        except TicketRefused:
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
            self.bench.kill()
            self.killed = True

    @rule()
    def restart(self) -> None:
        """End the process; what was sealed in it is gone, after a kill an operator must open a new epoch."""
        self.bench.close()
        self.bench.open(SECRETS["cy"])
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
        except TicketRefused:
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


@pytest.mark.walk
def test_no_road_leads_an_answer_out_early(fresh: Callable[[int], str]) -> None:
    """Whatever anybody does, on either database, an answer is seen exactly where the model says so."""
    examples = 10 if "postgres" in fresh(0) else 25
    roads = type("Roads", (Roads,), {"fresh": staticmethod(fresh)})
    run_state_machine_as_test(roads, settings=settings(max_examples=examples, stateful_step_count=30, deadline=None))


class Hasty(Gateway):
    """A gateway that forgets what must hold: it lets out what is sealed."""

    def _unmet(self, *_all: object) -> tuple[str, ...]:
        return ()


class Forgetful(Gateway):
    """A gateway that says that a vote was cast, and keeps none."""

    def vote(self, *_all: object) -> None:
        """Keep nothing."""


@pytest.mark.walk
def test_a_crash_at_every_write_loses_nothing_and_releases_nothing(fresh: Callable[[int], str]) -> None:
    """Each write of the way, before it and after it; the ledger is whole at the end."""
    writes, rehearsal = count_writes(fresh(0)), CrashRehearsal(fresh(1))
    for place in range(1, writes + 1):
        rehearsal.walk(place)
    rehearsal.check()
    assert writes > 40 and rehearsal.tally["crashes"] == writes
    assert not any(rehearsal.tally[fault] for fault in ("losses", "early", "broken")), rehearsal.tally


@pytest.mark.walk
@pytest.mark.parametrize(("broken", "fault"), [(Hasty, "early"), (Forgetful, "losses")])
def test_a_rehearsal_sees_a_broken_gateway(fresh: Callable[[int], str], broken: type[Gateway], fault: str) -> None:
    """One that lets answers out early, and one that loses what it told, are each counted as what they are."""
    report = rehearse_crashes(20, fresh, make=broken)
    assert getattr(report, fault) > 0 and not report.held


@pytest.mark.walk
def test_processes_that_are_killed_lose_nothing() -> None:
    """The benchmark's own count, by SIGKILL of forked processes, which needs a process without other threads."""
    words = [sys.executable, str(BENCHMARK), "--crashes", "12", "--json"]
    found = json.loads(subprocess.run(words, capture_output=True, text=True, check=True, timeout=200).stdout)
    assert found["crashes"] == 12
    assert not any(found[figure] for figure in ("losses", "early releases", "ledgers not whole"))


@pytest.mark.walk
def test_thousands_of_crashes(fresh: Callable[[int], str]) -> None:
    """At random writes: no loss, no early release, every ledger whole."""
    report = rehearse_crashes(2_000, fresh)
    assert report.crashes == 2_000 and report.held, report
