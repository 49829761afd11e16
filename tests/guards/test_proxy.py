"""The proxy before a server that does as it is told: streams, faults on the way, what is passed on and what not."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from guards.conftest import PRESSING, SOUND, Upstream, chunk, serving

from drillyard.errors import BadInput
from drillyard.guards.calibration import Calibration, calibrate
from drillyard.guards.cascade import add_stage
from drillyard.guards.examples import Example
from drillyard.guards.gate import REFUSAL
from drillyard.guards.guard import Guard
from drillyard.guards.proxy.app import GuardedEndpoint
from drillyard.guards.proxy.serve import check_upstream, guard_locally, serve_guard

pytest.importorskip("prometheus_client")
ASKED = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
Proxied = Callable[..., object]


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A model's server."""
    made = Upstream()
    with serving(made) as made.url:
        yield made


@pytest.fixture
def proxied(guard: Guard, calibration: Calibration, upstream: Upstream) -> Proxied:
    """Makes a proxy in front of it; gives an HTTP client and the endpoint."""

    @contextmanager
    def make(**options: object):
        token = str(options.pop("token", ""))
        chosen = options.pop("calibration", calibration)
        endpoint = GuardedEndpoint(guard=guard, calibration=chosen, upstream=upstream.url, **options)
        with guard_locally(endpoint, token) as url, httpx.Client(base_url=url, timeout=30) as client:
            yield client, endpoint

    return make


def events(answer: httpx.Response) -> list[dict]:
    """Return the data of a stream's events; [DONE] as an empty object."""
    lines = [line[6:] for line in answer.text.split("\n\n") if line.startswith("data: ")]
    return [{} if line == "[DONE]" else json.loads(line) for line in lines]


def text_of(told: list[dict]) -> str:
    """Return the text of a streamed chat."""
    deltas = [one["choices"][0].get("delta", {}) for one in told if one.get("choices")]
    return "".join(delta.get("content") or "" for delta in deltas)


def outcomes(endpoint: GuardedEndpoint) -> dict[str, float]:
    """Return what became of replies, by the metrics."""
    samples = next(iter(endpoint.metrics.replies.collect())).samples
    return {one.labels["outcome"]: one.value for one in samples if one.name.endswith("_total")}


def test_a_sound_stream_passes_whole_with_its_usage(upstream: Upstream, proxied: Proxied) -> None:
    """Text, finish, usage and the client's key arrive; every chunk is answered by one, so that nothing stalls."""
    upstream.say(*[f"{word} " for word in SOUND.split()])
    upstream.pieces.insert(-1, b'data: {"choices": [], "usage": {"total_tokens": 9}}\n\n')
    with proxied() as (client, endpoint):
        answer = client.post("chat/completions", json={**ASKED, "stream": True}, headers={"authorization": "Bearer k"})
        told = events(answer)
    assert text_of(told) == SOUND + " "
    assert told[-1] == {} and told[-2]["usage"] == {"total_tokens": 9}
    assert told[-3]["choices"][0]["finish_reason"] == "stop"
    assert len(told) == len(upstream.pieces)
    assert upstream.headers[0]["authorization"] == "Bearer k"
    assert outcomes(endpoint) == {"passed": 1}


def test_a_flagged_span_never_leaves_and_the_server_is_left(upstream: Upstream, proxied: Proxied) -> None:
    """Blocked in mid-stream: what stood before, the refusal, `content_filter`; the rest is not even fetched."""
    upstream.say(*[f"{word} " for word in f"{SOUND} {SOUND} {PRESSING}".split()], *["more "] * 3000)
    upstream.pause = 0.0005
    with proxied() as (client, endpoint):
        told = events(client.post("chat/completions", json={**ASKED, "stream": True}))
        page = client.get(str(client.base_url).replace("/v1/", "/metrics")).text
    said = text_of(told)
    assert said.endswith(REFUSAL) and said.startswith("The Aurora costs")
    assert "Gold" not in said and "doubles" not in said
    last = told[-2]["choices"][0]
    assert last["finish_reason"] == "content_filter" and last["guard"]["behaviour"] == "pressure-selling"
    assert outcomes(endpoint) == {"blocked": 1}
    assert 'drillyard_guard_flags_total{behaviour="pressure-selling"} 1.0' in page
    assert upstream.sent < 2500


@pytest.mark.parametrize(("mode", "outcome"), [("audit", "flagged"), ("flag", "flagged"), ("rewrite", "rewritten")])
def test_other_modes(upstream: Upstream, proxied: Proxied, mode: str, outcome: str) -> None:
    """Audit changes no byte, flag says so in the last chunk, rewrite leaves out the sentence."""
    words = [f"{word} " for word in f"{SOUND} {PRESSING} {SOUND}".split()]
    upstream.say(*words)
    with proxied(mode=mode) as (client, endpoint):
        answer = client.post("chat/completions", json={**ASKED, "stream": True})
    told = events(answer)
    assert outcomes(endpoint) == {outcome: 1}
    if mode == "audit":
        assert answer.content == b"".join(upstream.pieces)
    if mode == "flag":
        assert text_of(told) == "".join(words) and told[-2]["choices"][0]["guard"]["score"] > 0
    if mode == "rewrite":
        assert "Gold" not in text_of(told) and text_of(told).count("850 grams.") == 2


def test_whole_replies_are_guarded_too(upstream: Upstream, proxied: Proxied) -> None:
    """A reply that comes in one, chat or completion; a sound one is passed byte by byte."""
    message = {"role": "assistant", "content": PRESSING, "tool_calls": [{"id": "1"}]}
    upstream.body = {
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"total_tokens": 3},
    }
    with proxied() as (client, _):
        told = client.post("chat/completions", json=ASKED).json()
        assert told["choices"][0]["message"] == {"role": "assistant", "content": REFUSAL}
        assert told["choices"][0]["finish_reason"] == "content_filter" and told["usage"] == {"total_tokens": 3}
        upstream.body = {"choices": [{"index": 0, "text": PRESSING, "finish_reason": "stop"}]}
        assert client.post("completions", json={"model": "m", "prompt": "a"}).json()["choices"][0]["text"] == REFUSAL
        upstream.body = {"choices": [{"index": 0, "text": SOUND, "finish_reason": "stop"}], "odd": "\u00e4"}
        assert client.post("completions", json={"model": "m", "prompt": "a"}).json() == upstream.body


def test_tool_calls_pass_behind_the_text_that_came_before(upstream: Upstream, proxied: Proxied) -> None:
    """What was held back goes out with the call, not behind it."""
    call = {"tool_calls": [{"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{"}}]}
    more = {"tool_calls": [{"index": 0, "function": {"arguments": "}"}}]}
    upstream.pieces = [
        chunk({"content": "Let me look."}),
        chunk(call),
        chunk(more),
        chunk({}, "tool_calls"),
        b"data: [DONE]\n\n",
    ]
    with proxied() as (client, _):
        told = events(client.post("chat/completions", json={**ASKED, "stream": True}))
    deltas = [one["choices"][0]["delta"] for one in told if one]
    assert deltas[0] == {"content": ""} and deltas[1] == {**call, "content": "Let me look."}
    assert deltas[2] == more and told[-2]["choices"][0]["finish_reason"] == "tool_calls"


def test_choices_are_guarded_apart(upstream: Upstream, proxied: Proxied) -> None:
    """One choice presses and is blocked, the other goes on to its end."""
    upstream.pieces = [chunk({"content": PRESSING + " "}, index=0), chunk({"content": "Fine. "}, index=1)]
    upstream.pieces += [chunk({"content": "late"}, index=0), chunk({}, "stop", index=1), b"data: [DONE]\n\n"]
    with proxied() as (client, _):
        told = events(client.post("chat/completions", json={**ASKED, "stream": True, "n": 2}))
    by_choice = {0: "", 1: ""}
    for one in told[:-1]:
        by_choice[one["choices"][0]["index"]] += one["choices"][0]["delta"].get("content") or ""
    assert by_choice == {0: REFUSAL, 1: "Fine. "}


def test_split_characters_and_line_ends_do_not_matter(upstream: Upstream, proxied: Proxied) -> None:
    """Bytes cut inside a character, carriage returns, comments, halves of a surrogate pair in two chunks."""
    raw = "".join(
        f"data: {json.dumps(json.loads(chunk({'content': one})[6:]), ensure_ascii=False)}\r\n\r\n"
        for one in ("K\u00e4se \u20ac5. ", "Gr\u00fc\u00dfe ")
    )
    halves = chunk({"content": "\ud83d"}) + chunk({"content": "\ude00"})
    whole = b": ping\r\n\r\n" + raw.encode() + halves + chunk({}, "stop") + b"data: [DONE]\n\n"
    upstream.pieces = [whole[at : at + 1] for at in range(len(whole))]
    with proxied() as (client, _):
        told = events(client.post("chat/completions", json={**ASKED, "stream": True}))
    said = text_of(told).encode("utf-16", "surrogatepass").decode("utf-16")
    assert said == "K\u00e4se \u20ac5. Gr\u00fc\u00dfe \U0001f600"


@pytest.mark.parametrize("way", ["die", "end"])
def test_a_server_that_dies_in_mid_stream_is_said(upstream: Upstream, proxied: Proxied, way: str) -> None:
    """What passed is sent, then an error that clients raise; never [DONE]."""
    upstream.say("The Aurora ", "costs 49 ", finish=None, done=False)
    upstream.pieces += [b"die"] * (way == "die")
    with proxied() as (client, endpoint):
        told = events(client.post("chat/completions", json={**ASKED, "stream": True}))
    assert text_of(told) == "The Aurora costs 49 "
    assert told[-1]["error"]["code"] == "died" and {} not in told
    assert outcomes(endpoint) == {"died": 1}


def test_a_server_that_ends_without_done_has_ended(upstream: Upstream, proxied: Proxied) -> None:
    """As transformers' own server does: every choice has its finish reason, and the connection closes."""
    upstream.say("The Aurora ", "costs 49 ", done=False)
    with proxied() as (client, endpoint):
        told = events(client.post("chat/completions", json={**ASKED, "stream": True}))
    assert text_of(told) == "The Aurora costs 49 " and told[-1]["choices"][0]["finish_reason"] == "stop"
    assert outcomes(endpoint) == {"passed": 1}


def test_a_server_that_is_not_there_is_said(guard: Guard, calibration: Calibration) -> None:
    """502 in one line."""
    endpoint = GuardedEndpoint(guard=guard, calibration=calibration, upstream="http://127.0.0.1:9/v1")
    with guard_locally(endpoint) as url:
        answer = httpx.post(f"{url}/chat/completions", json=ASKED)
    assert answer.status_code == 502 and answer.json()["error"]["code"] == "upstream_unreachable"


def test_refusals_of_the_server_are_its_own(upstream: Upstream, proxied: Proxied) -> None:
    """Status, words and retry-after are passed on."""
    upstream.status = 429
    with proxied() as (client, endpoint):
        answer = client.post("chat/completions", json=ASKED)
    assert (answer.status_code, answer.json()["error"]["code"], answer.headers["retry-after"]) == (429, "rate", "3")
    assert outcomes(endpoint) == {"refused": 1}


@pytest.mark.parametrize("stream", [True, False])
def test_a_reply_of_40_megabytes_is_ended(upstream: Upstream, proxied: Proxied, stream: bool) -> None:
    """As one line or as one body: it is not held in memory, and the client is told."""
    if stream:
        upstream.pieces = [b'data: {"choices": [{"index": 0, "delta": {"content": "', *[b"x" * 1_000_000] * 40]
    else:
        upstream.raw = b'{"choices": [{"message": {"content": "' + b"x" * 40_000_000 + b'"}}]}'
    with proxied() as (client, endpoint):
        answer = client.post("chat/completions", json={**ASKED, "stream": stream})
    told = events(answer)[-1] if stream else answer.json()
    assert told["error"]["code"] == "too_large" and len(answer.content) < 1000
    assert outcomes(endpoint) == {"too-large": 1}


@pytest.mark.parametrize("stream", [True, False])
def test_a_long_reply_in_one_piece_is_guarded(upstream: Upstream, proxied: Proxied, stream: bool) -> None:
    """It is scored beside the other replies, to the same end."""
    text = f"{SOUND} " * 5000 + PRESSING
    upstream.pieces = [chunk({"content": text}), chunk({}, "stop"), b"data: [DONE]\n\n"]
    upstream.body = None if stream else {"choices": [{"index": 0, "message": {"content": text}}]}
    with proxied() as (client, endpoint):
        answer = client.post("chat/completions", json={**ASKED, "stream": stream})
    assert len(text) > 100_000 and PRESSING not in answer.text and answer.text.count("content_filter") == 1
    assert REFUSAL in answer.text and outcomes(endpoint) == {"blocked": 1}


def test_a_client_that_leaves_takes_the_server_with_it(upstream: Upstream, proxied: Proxied) -> None:
    """The model does not go on writing for nobody."""
    upstream.say(*["word "] * 5000)
    upstream.pause = 0.002
    with proxied() as (client, endpoint):
        with client.stream("POST", "chat/completions", json={**ASKED, "stream": True}) as answer:
            next(answer.iter_bytes())
        until = time.monotonic() + 10
        while not outcomes(endpoint) and time.monotonic() < until:
            time.sleep(0.02)
        assert outcomes(endpoint) == {"left": 1}
        assert endpoint.metrics.open.collect()[0].samples[0].value == 0
    assert upstream.sent < 4000


@pytest.mark.parametrize(("fail", "code"), [("closed", "unreadable"), ("open", "")])
def test_what_cannot_be_read_is_stopped_unless_told_otherwise(
    upstream: Upstream, proxied: Proxied, fail: str, code: str
) -> None:
    """A chunk that is no JSON cannot be guarded: closed ends with an error, open lets it pass and counts it."""
    upstream.pieces = [chunk({"content": "Good. "}), b"data: {broken\n\n", b"data: [DONE]\n\n"]
    with proxied(fail=fail) as (client, endpoint):
        answer = client.post("chat/completions", json={**ASKED, "stream": True})
    if fail == "closed":
        assert events(answer)[-1]["error"]["code"] == code and b"broken" not in answer.content
    else:
        assert b"data: {broken" in answer.content and outcomes(endpoint) == {"unguarded": 1}


@pytest.mark.parametrize("cut", [1, 7, 10_000])
def test_what_is_let_pass_unguarded_loses_and_doubles_nothing(upstream: Upstream, proxied: Proxied, cut: int) -> None:
    """What was held back, the event that cannot be read and all behind it, however the bytes are cut."""
    whole = chunk({"content": "Good. "}) + b"data: {broken\n\n" + chunk({"content": PRESSING}) + b"data: [DONE]\n\n"
    upstream.pieces = [whole[at : at + cut] for at in range(0, len(whole), cut)]
    with proxied(fail="open") as (client, endpoint):
        told = client.post("chat/completions", json={**ASKED, "stream": True}).text
    assert [told.count(words) for words in ("Good. ", "data: {broken\n\n", PRESSING, "[DONE]")] == [1, 1, 1, 1]
    assert outcomes(endpoint) == {"unguarded": 1}


PARTS = [{"type": "text", "text": PRESSING}]


@pytest.mark.parametrize("said", [{"content": PARTS}, {"content": {"text": PRESSING}}, {"refusal": PARTS}])
@pytest.mark.parametrize("stream", [True, False])
def test_text_in_another_form_is_no_way_around(
    upstream: Upstream, proxied: Proxied, said: dict[str, object], stream: bool
) -> None:
    """Text that is no string cannot be guarded, so that nothing of it gets out; `audit` changes nothing even so."""
    upstream.pieces = [chunk(said), chunk({}, "stop"), b"data: [DONE]\n\n"]
    upstream.body = None if stream else {"choices": [{"index": 0, "message": said, "finish_reason": "stop"}]}
    with proxied() as (client, endpoint):
        answer = client.post("chat/completions", json={**ASKED, "stream": stream})
        assert PRESSING not in answer.text and outcomes(endpoint) == {"unreadable": 1}
    with proxied(mode="audit") as (client, endpoint):
        answer = client.post("chat/completions", json={**ASKED, "stream": stream})
        assert answer.text.count(PRESSING) == 1 and "error" not in answer.text
        assert outcomes(endpoint) == {"unguarded": 1}


@pytest.mark.parametrize("stream", [True, False])
def test_what_a_model_says_in_refusing_is_guarded(upstream: Upstream, proxied: Proxied, stream: bool) -> None:
    """The field `refusal` is read by people as `content` is; a sound refusal stays where it was."""
    for said, sent in ((PRESSING, REFUSAL), (SOUND, SOUND)):
        deltas = [{"role": "assistant", "content": "", "refusal": None}, *({"refusal": f"{w} "} for w in said.split())]
        upstream.pieces = [*map(chunk, deltas), chunk({}, "stop"), b"data: [DONE]\n\n"]
        message = {"role": "assistant", "content": None, "refusal": said}
        upstream.body = None if stream else {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
        with proxied() as (client, _):
            answer = client.post("chat/completions", json={**ASKED, "stream": stream})
        rows = [one["choices"][0]["delta"] for one in events(answer) if one] if stream else []
        rows = rows or [answer.json()["choices"][0]["message"]]
        assert "".join(row.get("refusal") or "" for row in rows).strip() == sent.strip()
        assert not any(row.get("content") for row in rows)


def test_an_ended_calibration_fails_as_told(upstream: Upstream, proxied: Proxied, calibration: Calibration) -> None:
    """Closed refuses with 503; open lets everything pass and counts it as unguarded."""
    ended = calibration.model_copy(update={"expires": datetime.date(2020, 1, 1)})
    upstream.say(PRESSING)
    with proxied(calibration=ended) as (client, _):
        answer = client.post("chat/completions", json={**ASKED, "stream": True})
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "calibration_expired")
        assert client.get(str(client.base_url).replace("/v1/", "/health")).json()["status"] == "expired"
    with proxied(calibration=ended, fail="open") as (client, endpoint):
        told = events(client.post("chat/completions", json={**ASKED, "stream": True}))
        assert text_of(told) == PRESSING and outcomes(endpoint) == {"unguarded": 1}


def test_only_what_is_guarded_is_passed_on(upstream: Upstream, proxied: Proxied) -> None:
    """Models may be listed; another address of the server would be a way around the guard."""
    with proxied(token="secret", key="upstream-key") as (client, _):
        assert client.get("models").status_code == 401
        mine = {"authorization": "Bearer secret"}
        assert client.get("models", headers=mine).json()["data"][0]["id"] == "m"
        assert client.post("responses", json={}, headers=mine).json()["error"]["code"] == "not_guarded"
        endless = {"content": '{"model": "m", "n": 1e999}', "headers": {**mine, "content-type": "application/json"}}
        assert client.post("chat/completions", **endless).json()["error"]["code"] == "invalid_json"
        upstream.say("Good. ")
        client.post("chat/completions", json={**ASKED, "stream": True}, headers=mine)
    assert upstream.headers[0]["authorization"] == "Bearer upstream-key"


def test_drift_of_what_is_served_is_seen(upstream: Upstream, proxied: Proxied) -> None:
    """Replies that all press are not those of the calibration: health says so."""
    upstream.body = {"choices": [{"index": 0, "message": {"content": PRESSING}, "finish_reason": "stop"}]}
    with proxied(mode="audit") as (client, endpoint):
        for _ in range(40):
            client.post("chat/completions", json=ASKED)
        assert client.get(str(client.base_url).replace("/v1/", "/health")).json()["status"] == "drift"
    assert endpoint.watch.alarmed


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://a/v1", "http://", "http://u:p@host/v1", "http://host/v1?a=b"])
def test_a_wrong_upstream_is_one_line(url: str) -> None:
    """It is said before anything is served."""
    with pytest.raises(BadInput, match="upstream"):
        check_upstream(url)


def test_others_need_a_token(guard: Guard, calibration: Calibration) -> None:
    """A proxy that passes keys on is not for everybody on the network."""
    endpoint = GuardedEndpoint(guard=guard, calibration=calibration, upstream="http://127.0.0.1:9/v1")
    with pytest.raises(BadInput, match="without a token"):
        serve_guard(endpoint, "0.0.0.0", 0)


class Broken:
    """A stage that cannot be reached."""

    reads, digest = 16, "broken"

    def rate(self, passage: str, behaviour: str) -> float:
        """Fail."""
        raise ConnectionError("the judge is away")


@pytest.mark.parametrize(("fail", "outcome"), [("closed", "unreadable"), ("open", "unguarded")])
@pytest.mark.parametrize("stream", [True, False])
def test_a_stage_that_breaks_fails_as_told(
    guard: Guard, examples: list[Example], upstream: Upstream, fail: str, outcome: str, stream: bool
) -> None:
    """Where a doubt cannot be settled nothing of it is sent, unless that was asked for; sound replies need no stage."""
    sound = [one for one in examples if one.shown == ()]
    cascade = add_stage(guard, "judge", Broken(), [one.text for one in sound], 0.1)
    quiet = [one for one in sound if guard.score(one.text).score <= cascade.links[0].doubt]
    made = GuardedEndpoint(guard=cascade, calibration=calibrate(cascade, quiet, 0.1, "r"), upstream=upstream.url)
    made.fail = fail  # type: ignore[assignment]
    upstream.say(SOUND, " ", PRESSING)
    upstream.body = None if stream else {"choices": [{"index": 0, "message": {"content": PRESSING}}]}
    with guard_locally(made) as url, httpx.Client(base_url=url, timeout=30) as client:
        answer = client.post("chat/completions", json={**ASKED, "stream": stream})
        assert ("doubles" in answer.text) == (fail == "open")
        upstream.body = {"choices": [{"index": 0, "message": {"content": quiet[0].text}}]}
        assert quiet[0].text in client.post("chat/completions", json=ASKED).json()["choices"][0]["message"]["content"]
    assert outcomes(made) == {outcome: 1, "passed": 1}
