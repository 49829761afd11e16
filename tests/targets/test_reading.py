"""Reading an endpoint: which servers can be read, and what is read of a model whose every probability is known."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from targets.fake_endpoint import Server, running, said

from drillyard.audits.hunt.readable import readable
from drillyard.records import Conversation
from drillyard.targets.journal import KeptAnswers, keep_journal
from drillyard.targets.revealing import Branch, RevealingTarget

pytest.importorskip("openai", reason="needs the extra api: pip install 'drillyard[api]'")

END = b"<|im_end|>"
NEXT: dict[bytes, dict[bytes, float]] = {
    b"": {b"Red": 0.90, b"Bl": 0.06, b"\xc3": 0.03, END: 0.01},
    b"Red": {b", gr": 0.98, b".": 0.02},
    b"Red, gr": {b"\xc3": 0.6, b"ay": 0.4},
    b"Red, gr\xc3": {b"\xbc": 1.0},
    b"Red, gr\xc3\xbc": {b"n.": 0.995, b"n!": 0.005},
    b"Red, gr\xc3\xbcn.": {END: 0.97, b" Buy": 0.03},
}
"""What may follow each beginning; whatever is not listed is followed by an exclamation mark and the end."""
REPLY = "Red, grün."


def chances(so_far: bytes) -> dict[bytes, float]:
    """Return the probabilities of the next token."""
    return NEXT.get(so_far, {END: 1.0} if so_far.endswith(b"!") else {b"!": 1.0})


def spoken(so_far: bytes) -> list[tuple[bytes, dict[bytes, float]]]:
    """Return the greedy tokens from a beginning on, the end among them, each with all that could have come."""
    made = []
    while True:
        could = chances(so_far)
        token = max(could, key=could.__getitem__)
        made.append((token, could))
        if token == END:
            return made
        so_far += token


class Parrot:
    """A server of that model, in the manner of vLLM unless a fault is named."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault

    def __call__(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer a request."""
        if self.fault == "no top" and "top_logprobs" in asked:
            return 400, {"error": {"message": "top_logprobs is not supported"}}
        last, going_on = asked["messages"][-1], asked.get("continue_final_message", False)
        if self.fault == "no beginning" and going_on:
            return 400, {"error": {"message": "Unrecognized request argument: continue_final_message"}}
        if "refuse" in asked["messages"][0]["content"]:
            return 400, {}
        begun = last["content"].encode() if last["role"] == "assistant" and self.fault != "anew" else b""
        made = spoken(begun)
        answer = said(b"".join(token for token, _ in made if token != END).decode())
        if asked.get("logprobs") and self.fault != "no log-probabilities":
            answer["choices"][0]["logprobs"] = {"content": self._entries(made, bool(begun))}
        return 200, answer

    def _entries(self, made: list[tuple[bytes, dict[bytes, float]]], begun: bool) -> list[dict[str, Any]]:
        if self.fault == "no end":
            made = made[:-1]
        if self.fault == "warm" and begun:
            made = [(token, {one: p**0.2 / 3 for one, p in could.items()}) for token, could in made]
        return [
            {**self._entry(token, could[token]), "top_logprobs": [self._entry(one, could[one]) for one in could]}
            for token, could in made
        ]

    def _entry(self, token: bytes, p: float) -> dict[str, Any]:
        low = -9999.0 if self.fault == "cut off" and p < 0.5 else math.log(p)
        word = "wrong" if self.fault == "misspelt" else token.decode(errors="replace")
        return {"token": word, "logprob": low, "bytes": None if self.fault == "misspelt" else list(token)}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Return a running server of the model; no key of the machine's owner is used."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with running() as started:
        started.answer = Parrot()
        yield started


def test_what_is_read_is_what_the_model_gives(server: Server) -> None:
    """Reply and branches have the products of the written probabilities, and lead where the model goes from there."""
    target, trial = readable(server.target())
    assert isinstance(target, RevealingTarget) and trial.reads and (trial.queries, len(server.asked)) == (2, 2)
    (shown,) = target.reveal([Conversation.ask("hi")], 0.004)
    assert shown.reply.text == REPLY and shown.reply.finish == "stop"
    reply = 0.9 * 0.98 * 0.6
    assert shown.chance == pytest.approx(reply * 0.995 * 0.97)
    found = {(branch.start, branch.ends): branch.chance for branch in shown.branches}
    assert found == pytest.approx(
        {
            ("Red, gray", False): 0.9 * 0.98 * 0.4,
            ("Bl", False): 0.06,
            ("Red.", False): 0.9 * 0.02,
            ("Red, grün. Buy", False): reply * 0.995 * 0.03,
            ("", True): 0.01,
        }
    ), "half a letter cannot be gone on from, and n! is below the floor"
    assert [branch.chance for branch in shown.branches] == sorted(found.values(), reverse=True)
    begun = [branch for branch in shown.branches if not branch.ends]
    replies = target.complete([Conversation.ask("hi")] * len(begun), begun)
    assert [one.text for one in replies] == [f"{branch.start}!" for branch in begun]
    assert server.asked[-1]["add_generation_prompt"] is False and server.asked[-1]["temperature"] == 0


@pytest.mark.parametrize(
    ("fault", "queries", "why"),
    [
        ("no top", 1, "20 alternatives per token is refused .* 400 .*top_logprobs is not supported"),
        ("no log-probabilities", 1, "no log-probabilities are given"),
        ("no end", 1, "leave out the end of a reply"),
        ("misspelt", 1, "the tokens do not spell the reply"),
        ("cut off", 1, "alternatives have no probability"),
        ("no beginning", 2, "cannot be gone on with from a beginning .*Unrecognized request argument"),
        ("anew", 2, "'Red, grün.' begun again at 'Red, gr.*' goes on with 'Red, grün.'"),
        ("warm", 2, "the same token has another probability"),
    ],
)
def test_a_server_that_cannot_be_read_is_sampled(server: Server, fault: str, queries: int, why: str) -> None:
    """The reason is told, with as few requests as show it; sampling works as before."""
    server.answer = Parrot(fault)
    heard: list[str] = []
    target, trial = readable(server.target(), tell=heard.append)
    assert not isinstance(target, RevealingTarget) and not trial.reads
    assert (trial.queries, len(server.asked)) == (queries, queries)
    assert len(heard) == 1
    assert re.search(f"sampled: .*{why}", heard[0]), heard
    assert target.generate([Conversation.ask("hi")], [1])[0].text == REPLY


def test_what_is_refused_is_an_error_reply(server: Server) -> None:
    """The others are read."""
    target, _ = readable(server.target())
    bad, good = target.reveal([Conversation.ask("refuse this"), Conversation.ask("hi")], 0.01)
    assert (bad.reply.finish, bad.branches, good.reply.text) == ("error", (), REPLY)
    one = Branch(start="Bl", ids=(), chance=0.06)
    replies = target.complete([Conversation.ask("refuse this"), Conversation.ask("hi")], [one, one])
    assert [reply.finish for reply in replies] == ["error", "stop"]


def test_a_journal_keeps_the_trial(server: Server, tmp_path: Path) -> None:
    """A run that goes on asks nothing again."""
    talk = [Conversation.ask("hi")]
    shown = []
    for _ in range(2):
        journal = KeptAnswers(tmp_path / "journal.jsonl")
        target, _ = readable(server.target(), journal)
        shown.append(keep_journal(target, journal).reveal(talk, 0.01))
    assert shown[0] == shown[1] and len(server.asked) == 3


def test_other_targets_are_not_tried() -> None:
    """Only what may reveal is."""
    from drillyard.targets import open_target

    echo = open_target("echo/")
    assert readable(echo) == (echo, None)
