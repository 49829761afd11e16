"""What the server refuses: each in OpenAI's form, with the field that is to blame, and nothing breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx2 as httpx
import openai
import pytest

from drillyard.errors import BadInput
from drillyard.organisms.engine.organism import Organism
from drillyard.organisms.serving.serve import serve, serve_locally

JSON = {"Content-Type": "application/json"}
HI = [{"role": "user", "content": "hi"}]


def refused(url: str, body: object, path: str = "chat/completions") -> tuple[int, dict]:
    """Send a body that must be refused; returns the status and the error."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = httpx.post(f"{url}/{path}", content=data, headers=JSON)
    error = response.json()["error"]
    assert list(response.json()) == ["error"] and set(error) == {"message", "type", "param", "code"}
    return response.status_code, error


@pytest.mark.parametrize(
    ("changed", "param", "words"),
    [
        ({"tools": [{"type": "function"}]}, "tools", "tools is not supported"),
        ({"functions": [{"name": "f"}]}, "functions", "not supported"),
        ({"audio": {"voice": "a"}}, "audio", "not supported"),
        ({"modalities": ["text", "audio"]}, "modalities", "not supported"),
        ({"response_format": {"type": "json_object"}}, "response_format", "not supported"),
        ({"logit_bias": {"5": 1}}, "logit_bias", "not supported"),
        ({"presence_penalty": 0.5}, "presence_penalty", "not supported"),
        ({"temperature": 2.1}, "temperature", "less than or equal to 2"),
        ({"temperature": "1"}, "temperature", "valid number"),
        ({"top_p": -0.1}, "top_p", "greater than or equal to 0"),
        ({"n": 0}, "n", "greater than or equal to 1"),
        ({"n": 1000}, "n", "less than or equal to 128"),
        ({"max_tokens": 0}, "max_tokens", "greater than or equal to 1"),
        ({"max_completion_tokens": 1.5}, "max_completion_tokens", "valid integer"),
        ({"seed": True}, "seed", "valid integer"),
        ({"stop": ""}, "stop", "a text that is not empty"),
        ({"stop": ["a"] * 17}, "stop", "at most 16"),
        ({"top_logprobs": 3}, "top_logprobs", "needs logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs", "less than or equal to 20"),
        ({"continue_final_message": True}, "add_generation_prompt", "set continue_final_message true and"),
        ({"add_generation_prompt": False}, "add_generation_prompt", "for a new one neither"),
        (
            {"continue_final_message": True, "add_generation_prompt": False},
            "continue_final_message",
            "a last message of the assistant",
        ),
        ({"stream_options": {"include_usage": True}}, "stream_options", "needs stream"),
        ({"messages": []}, "messages", "at least 1 item"),
        ({"messages": "hi"}, "messages", "valid array"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role", "expected system, developer, user"),
        ({"messages": [{"role": "user"}]}, "messages[0].content", "missing"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content", "expected a text, or a list of parts"),
        (
            {"messages": [*HI, {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            "messages[1].content[0].type",
            "only text is read here",
        ),
        (
            {"messages": [{"role": "assistant", "content": "", "tool_calls": [{"id": "1"}]}]},
            "messages[0].tool_calls",
            "not supported",
        ),
        ({"messages": [{"role": "user", "content": "x" * 9000}]}, "messages", "the context of this model 2048"),
    ],
)
def test_a_chat_that_cannot_be_honoured(url: str, changed: dict[str, object], param: str, words: str) -> None:
    """The status is 400, and the error names the field."""
    status, error = refused(url, {"model": "babble", "messages": HI} | changed)
    assert (status, error["param"], error["type"]) == (400, param, "invalid_request_error")
    assert words in error["message"]


@pytest.mark.parametrize(
    ("changed", "param", "words"),
    [
        ({"prompt": None}, "prompt", "expected a text, a list of texts, a list of token ids"),
        ({"prompt": ""}, "prompt", "a prompt of 0 tokens"),
        ({"prompt": []}, "prompt", "a prompt of 0 tokens"),
        ({"prompt": ["a"] * 65, "n": 2}, "prompt", "65 prompts with n 2: expected 1 to 128 choices"),
        ({"prompt": [5, "a"]}, "prompt", "expected a text"),
        ({"prompt": [5, -1]}, "prompt", "token ids from -1 to 5, expected ids from 0 to 319"),
        ({"prompt": [[5], [10**30]]}, "prompt", "expected ids from 0 to 319"),
        ({"prompt": [5] * 2048}, "prompt", "the prompt has 2048 tokens"),
        ({"echo": True}, "echo", "not supported"),
        ({"suffix": "end"}, "suffix", "not supported"),
        ({"best_of": 3}, "best_of", "not supported"),
        ({"logprobs": 21}, "logprobs", "less than or equal to 20"),
    ],
)
def test_a_completion_that_cannot_be_honoured(url: str, changed: dict[str, object], param: str, words: str) -> None:
    """The status is 400, and the error names the field."""
    status, error = refused(url, {"model": "babble", "prompt": "hi"} | changed, "completions")
    assert (status, error["param"]) == (400, param)
    assert words in error["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b"[" * 100_000, b'{"model": "\\ud800"}', b'{"n": NaN}'])
def test_what_is_no_request_is_refused(url: str, body: bytes) -> None:
    """Broken, deep or odd JSON is the client's fault, and is said so."""
    assert refused(url, body)[0] == 400


def test_missing_fields_are_named(url: str) -> None:
    """The first one that is missing."""
    assert refused(url, {"messages": HI})[1]["param"] == "model"
    assert refused(url, {"model": "babble"})[1]["code"] == "missing_required_parameter"


def test_a_context_that_is_too_long_has_the_code_that_clients_know(url: str) -> None:
    """Some clients shorten the conversation when they read it."""
    status, error = refused(url, {"model": "babble", "prompt": [5] * 3000}, "completions")
    assert (status, error["code"]) == (400, "context_length_exceeded")


def test_an_unknown_model_is_not_found(client: openai.OpenAI) -> None:
    """OpenAI's client raises what it raises for OpenAI; the message names the models that there are."""
    for ask in (
        lambda: client.chat.completions.create(model="gpt-4o", messages=HI),
        lambda: client.completions.create(model="gpt-4o", prompt="hi"),
        lambda: client.models.retrieve("gpt-4o"),
    ):
        with pytest.raises(openai.NotFoundError, match="there is: helpdesk, babble") as refused:
            ask()
        assert refused.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError, match="tools is not supported"):
        client.chat.completions.create(model="babble", messages=HI, tools=[{"type": "function"}])


def test_unknown_addresses_and_methods(url: str) -> None:
    """In the same form."""
    assert httpx.get(f"{url}/embeddings").json()["error"]["message"] == "not found"
    assert httpx.get(f"{url}/chat/completions").status_code == 405


def test_a_body_that_is_too_large_is_refused(url: str) -> None:
    """Before it is read when its length is told, else as soon as the limit is passed."""
    large = b'{"model": "babble", "messages": "' + b"x" * 1_000_000 + b'"}'
    status, error = refused(url, large)
    assert (status, error["message"]) == (413, "the body is too large")
    pieces = httpx.post(f"{url}/chat/completions", content=iter([large]), headers=JSON)
    assert pieces.status_code == 413


@pytest.fixture(scope="module")
def locked(organisms: dict[str, Organism]) -> Iterator[str]:
    """A server that asks for a token."""
    with serve_locally({"babble": organisms["babble"]}, token="s3cret-token") as url:
        yield url


def test_the_token_is_asked_for(locked: str) -> None:
    """Nothing under /v1 is answered without it; /health is, so that a supervisor needs no secret."""
    with openai.OpenAI(base_url=locked, api_key="s3cret-token", max_retries=0) as right:
        assert right.models.list().data[0].id == "babble"
        assert right.chat.completions.create(model="babble", messages=HI, max_tokens=2).choices
    for key in ("wrong", "s3cret-token2", "s3cret-toke"):
        with openai.OpenAI(base_url=locked, api_key=key, max_retries=0) as wrong:
            with pytest.raises(openai.AuthenticationError, match="the token is wrong") as refused:
                wrong.chat.completions.create(model="babble", messages=HI)
            assert refused.value.code == "invalid_api_key"
    bare = httpx.get(f"{locked}/models")
    assert (bare.status_code, bare.headers["www-authenticate"]) == (401, "Bearer")
    assert httpx.get(locked.removesuffix("/v1") + "/health").json()["status"] == "ok"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_others_need_a_token(host: str) -> None:
    """A host that others can reach is refused before anything is loaded."""
    with pytest.raises(BadInput, match=f"host {host} without a token, expected a token.*DRILLYARD_TOKEN"):
        serve(["helpdesk"], host=host, port=0)


@pytest.mark.parametrize("token", [" a", "a\n", "größe"])
def test_a_token_that_no_header_can_carry_is_refused(token: str) -> None:
    """It would lock everybody out."""
    with pytest.raises(BadInput, match="a token with odd characters"):
        serve(["helpdesk"], port=0, token=token)


@pytest.mark.parametrize(
    ("headers", "status", "words"),
    [
        ({"Origin": "https://pages.example"}, 403, "a page of https://pages.example may not ask"),
        ({"Origin": "null"}, 403, "a page of null may not ask"),
        ({"Host": "rebound.example"}, 403, "not as rebound.example, unless it has a token"),
        ({"Host": "127.0.0.1.rebound.example:80"}, 403, "unless it has a token"),
        ({"Content-Type": "text/plain"}, 415, "the body is text/plain"),
        ({"Content-Type": ""}, 415, "the body is of no type"),
    ],
)
def test_a_page_in_a_browser_here_asks_in_vain(url: str, headers: dict[str, str], status: int, words: str) -> None:
    """Neither another site's page, nor one whose name was made to point here, nor a form."""
    body = json.dumps({"model": "babble", "messages": HI}).encode()
    response = httpx.post(f"{url}/chat/completions", content=body, headers=JSON | headers)
    assert response.status_code == status and words in response.json()["error"]["message"]


@pytest.mark.parametrize("headers", [{"Origin": "http://localhost:3000"}, {"Host": "localhost"}, {"Host": "[::1]:80"}])
def test_a_page_of_this_machine_may_ask(url: str, headers: dict[str, str]) -> None:
    """What runs here may be asked by what runs here, under any of this machine's names."""
    body = json.dumps({"model": "babble", "messages": HI, "max_tokens": 1}).encode()
    assert httpx.post(f"{url}/chat/completions", content=body, headers=JSON | headers).status_code == 200
