"""Continuous batching as clients see it: company changes no reply, and whoever leaves frees the place."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx2 as httpx
import openai
import pytest
from openai.types import CompletionUsage
from organisms.babbler import babbler
from processes import until

from drillyard.organisms.engine.batching import Request
from drillyard.organisms.engine.dialogue import STOP
from drillyard.organisms.engine.organism import Organism
from drillyard.organisms.serving.orders import Order
from drillyard.organisms.serving.refusal import Refusal
from drillyard.organisms.serving.worker import MAX_WAITING, Worker

CLIENTS = 32
ENDLESS = {
    "messages": [{"role": "user", "content": "hi"}],
    "max_tokens": 4900,
    "seed": 1,
    "stream": True,
    "extra_body": {"min_p": 0.02},  # what is less probable is never drawn, such as the end of this reply
}


def busy(url: str, model: str) -> dict[str, int]:
    """Return how many choices of a model run and wait."""
    return httpx.get(url.removesuffix("/v1") + "/health").json()["models"][model]


def test_a_seed_gives_the_same_text_alone_and_among_many(client: openai.OpenAI) -> None:
    """32 clients at once, with different questions, lengths, temperatures and systems, some streaming, some greedy.

    Usage is that of the request alone as well: whoever is shorter than the company is not padded.
    """

    def ask(k: int) -> tuple[str, str, CompletionUsage]:
        system = [{"role": "system", "content": "You are short."}] if k % 3 else []
        messages = [*system, {"role": "user", "content": "lamp " * (k % 5) + f"question {k}"}]
        options = {
            "model": "babble",
            "messages": messages,
            "seed": k,
            "max_tokens": 10 + 3 * k,
            "temperature": k % 4 / 2,
        }
        if k % 2 == 0:
            reply = client.chat.completions.create(**options)
            return reply.choices[0].message.content, reply.choices[0].finish_reason, reply.usage
        *parts, last = client.chat.completions.create(**options, stream=True, stream_options={"include_usage": True})
        text = "".join(part.choices[0].delta.content or "" for part in parts)
        return text, parts[-1].choices[0].finish_reason, last.usage

    alone = [ask(k) for k in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        together = list(pool.map(ask, range(CLIENTS)))
    assert together == alone
    assert len({usage.prompt_tokens for _, _, usage in together}) > 5


def test_requests_share_steps(client: openai.OpenAI, url: str) -> None:
    """A request that comes while another one is being answered is answered before that one ends."""
    with client.chat.completions.create(model="drone", **ENDLESS) as long:
        first = next(iter(long))
        assert first.choices[0].finish_reason is None
        short = client.chat.completions.create(model="drone", messages=ENDLESS["messages"], max_tokens=5, seed=2)
        assert short.choices[0].finish_reason is not None
        assert busy(url, "drone")["running"] == 1


def test_who_leaves_a_stream_frees_the_place(client: openai.OpenAI, url: str) -> None:
    """A stream of three replies that is closed after its first words runs no further."""
    with client.chat.completions.create(model="drone", n=3, **ENDLESS) as stream:
        for _ in zip(range(9), stream, strict=False):
            pass
        assert busy(url, "drone") == {"running": 3, "waiting": 0}
    until(lambda: busy(url, "drone") == {"running": 0, "waiting": 0})


def test_who_leaves_before_the_reply_frees_the_place(url: str) -> None:
    """A client that hangs up while its whole reply is made runs no further, and nobody else notices."""

    async def hang_up() -> None:
        async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
            asking = asyncio.create_task(client.chat.completions.create(model="drone", **ENDLESS | {"stream": False}))
            while busy(url, "drone")["running"] == 0:
                await asyncio.sleep(0.005)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking

    asyncio.run(hang_up())
    until(lambda: busy(url, "drone") == {"running": 0, "waiting": 0})


def test_models_are_busy_by_themselves(client: openai.OpenAI, url: str) -> None:
    """Each organism has a batch of its own."""
    with client.chat.completions.create(model="drone", **ENDLESS) as stream:
        next(iter(stream))
        assert busy(url, "helpdesk") == {"running": 0, "waiting": 0}
        client.chat.completions.create(model="helpdesk", messages=ENDLESS["messages"], max_tokens=3)


def test_more_than_fit_wait_their_turn(client: openai.OpenAI, url: str) -> None:
    """128 choices of one request, of which the batch holds a half at most, are all answered."""
    reply = client.chat.completions.create(
        model="babble", messages=ENDLESS["messages"], n=128, seed=0, max_tokens=6, temperature=1
    )
    assert [choice.index for choice in reply.choices] == list(range(128))
    alone = client.chat.completions.create(model="babble", messages=ENDLESS["messages"], seed=127, max_tokens=6)
    assert reply.choices[127].message.content == alone.choices[0].message.content


def order(requests: int) -> Order:
    """Return an order of so many short replies."""
    request = Request(prompt=[3, 9, 1, 4], max_new_tokens=4, seed=1, stop=STOP)
    return Order(requests=(request,) * requests, stops=(), top=None, stream=False, usage=False, prompt_tokens=4)


@pytest.fixture(scope="module")
def organism() -> Organism:
    """Return an organism with a short context."""
    return babbler(64)


def test_a_line_that_is_too_long_is_refused(organism: Organism) -> None:
    """Who would wait behind a thousand others is told so at once, and may try again."""
    worker = Worker(organism)
    worker.submit(order(MAX_WAITING))
    with pytest.raises(Refusal, match="too many requests are waiting: try again later") as refused:
        worker.submit(order(1))
    assert refused.value.status == 503 and worker.waiting == MAX_WAITING


def test_who_leaves_the_line_is_never_begun(organism: Organism) -> None:
    """Choices that were given up while they waited get no pieces; those behind them do."""

    async def wait() -> None:
        worker = Worker(organism)
        left, silent = worker.submit(order(5))
        _, pieces = worker.submit(order(1))
        worker.cancel(left)
        async with worker.at_work():
            index, piece = await pieces.get()
        assert (index, piece.finish is not None, silent.empty(), worker.running) == (0, True, True, 0)

    asyncio.run(wait())


def test_a_step_that_breaks_is_told_and_forgotten(organism: Organism, caplog: pytest.LogCaptureFixture) -> None:
    """Those who wait hear of the fault, the log has its reason, and the next request is answered."""

    async def wait() -> None:
        worker = Worker(organism)
        broken = Request(prompt=[10**6], max_new_tokens=4, seed=1, stop=STOP)
        _, pieces = worker.submit(
            Order(requests=(broken,), stops=(), top=None, stream=False, usage=False, prompt_tokens=1)
        )
        async with worker.at_work():
            fault = await pieces.get()
            assert isinstance(fault, Refusal) and fault.status == 500
            _, pieces = worker.submit(order(1))
            assert not isinstance(await pieces.get(), Refusal)

    asyncio.run(wait())
    assert "a step of the batch failed" in caplog.text
