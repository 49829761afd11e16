"""How replies are drawn: what is asked for, what is stored, and what a server refuses."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from targets.fake_endpoint import Server, running, said

from drillyard.errors import BadInput
from drillyard.records import Conversation
from drillyard.targets.pace import Pace
from drillyard.targets.settings import merge_system, split_reference

pytest.importorskip("openai", reason="needs the extra api: pip install 'drillyard[api]'")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Return a server that is stopped afterwards."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with running() as started:
        yield started


def opened(server: Server, words: str = "") -> Any:
    """Return a target with words behind its reference."""
    from drillyard.targets import open_target

    return open_target(f"openai/m@{server.url}{words}", retries=0)


def test_words_at_the_end_of_a_reference() -> None:
    """Each is known or refused, and a reference without a sign is as it is."""
    assert split_reference("hf/x#deployed+merge-system") == ("hf/x", {"deployed", "merge-system"})
    assert split_reference("hf/x") == ("hf/x", set())
    with pytest.raises(BadInput, match="found 'fast' at the end of .*, expected one of: deployed, merge-system"):
        split_reference("hf/x#fast")


def test_a_merged_system_message_begins_the_users_first() -> None:
    """Order and later turns stay."""
    system, asked, reply = ({"role": r, "content": r} for r in ("system", "user", "assistant"))
    assert merge_system([system, asked, reply, asked]) == [{"role": "user", "content": "system\n\nuser"}, reply, asked]
    assert merge_system([asked]) == [asked]


def test_every_field_is_sent_in_plain_settings_and_none_as_deployed(server: Server) -> None:
    """Servers fill what is left out from files of their own."""
    sent, deployed = (
        json.loads(opened(server, words).generate([Conversation.ask("hi")], [1])[0].text) for words in ("", "#deployed")
    )
    fields = ("temperature", "top_p", "top_k", "repetition_penalty", "presence_penalty", "frequency_penalty")
    assert [sent[name] for name in fields] == [1, 1, 0, 1, 0, 0] and 0 < sent["min_p"] < 0.001
    assert not deployed.keys() & {*fields, "min_p"} and deployed["seed"] == 1
    assert opened(server, "#deployed").settings.temperature is None


def test_a_server_that_knows_no_such_fields_is_asked_without_them(server: Server) -> None:
    """The words of transformers' own server; one refusal names them all, and the settings say what is not known."""

    def answer(asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        unknown = asked.keys() & {"top_k", "min_p", "repetition_penalty"}
        return (422, {"detail": f"Unexpected fields in the request: {unknown}"}) if unknown else (200, said("yes"))

    server.answer = answer
    target = opened(server)
    with pytest.warns(UserWarning, match="is asked without top_k and min_p and repetition_penalty, which it refuses"):
        replies = target.generate([Conversation.ask(str(i)) for i in range(6)], range(6))
    assert [reply.text for reply in replies] == ["yes"] * 6 and len(server.asked) == 7
    assert target.settings.top_k is None and target.settings.top_p == 1


def test_what_a_model_thought_is_kept_apart(server: Server) -> None:
    """Under either name; silence after a cut thought is told as such, and an ordinary reply is stored as before."""
    for name in ("reasoning", "reasoning_content"):
        choice = {"index": 0, "finish_reason": "length", "message": {"content": None, name: "Let me think"}}
        server.answer = lambda asked, choice=choice: (200, {"choices": [choice]})
        (reply,) = opened(server).generate([Conversation.ask("hi")], [1])
        assert (reply.text, reply.finish, reply.why, reply.reasoning) == ("", "error", "reasoning", "Let me think")
    server.answer = lambda asked: (200, said("yes"))
    assert "reasoning" not in opened(server).generate([Conversation.ask("hi")], [1])[0].model_dump(mode="json")


def paced(pace: Pace, serve: Callable[[], None], n: int) -> int:
    """Ask a server n times by twelve threads; return the most that it was asked at once."""
    at_once = [0]
    lock, now = threading.Lock(), [0]

    def ask(_: int) -> None:
        with pace.turn():
            with lock:
                now[0] += 1
                at_once[0] = max(at_once[0], now[0])
            serve()
            with lock:
                now[0] -= 1
        pace.ease()

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(ask, range(n)))
    return at_once[0]


def test_a_server_that_answers_one_at_a_time_is_asked_by_few() -> None:
    """Two or four are tried, bring nothing, and are given up."""
    one = threading.Lock()

    def serve() -> None:
        with one:
            time.sleep(0.08)

    pace = Pace(8)
    assert paced(pace, serve, 14) <= 4 and pace.room <= 2


def test_a_server_that_answers_many_is_asked_by_many() -> None:
    """As long as twice as many bring more, twice as many run."""
    pace = Pace(8)
    assert paced(pace, lambda: time.sleep(0.08), 40) > 2


def test_a_request_that_takes_too_long_is_waited_for(server: Server) -> None:
    """Eight at once would time out; nobody dies of it, and every reply is kept."""
    one = threading.Lock()

    def answer(asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        with one:
            time.sleep(0.3)
        return 200, said("slow")

    server.answer = answer
    target = server.target(timeout=0.2, retries=4)
    assert [reply.text for reply in target.generate([Conversation.ask(str(i)) for i in range(3)], range(3))] == [
        "slow"
    ] * 3
