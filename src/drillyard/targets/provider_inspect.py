"""Any model that Inspect reaches, as a target: `inspect/anthropic/claude-…`, `inspect/openai-api/…`, `inspect/hf/…`.

Inspect's providers are asynchronous; they run in an event loop of the target's own, in a thread beside the caller's, so
that a provider's connections outlive a batch and that a caller may have a loop of its own.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from inspect_ai.model import (
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
    ModelOutput,
    ModelUsage,
    get_model,
)

from drillyard.errors import DrillyardError, bad_input
from drillyard.organisms.worlds.scope import Scope
from drillyard.records import Conversation, Reply
from drillyard.targets.spending import Meter, Usage, meter_of
from drillyard.targets.templates import templates_of, unknown_template
from drillyard.targets.wire_openai import clean

__all__ = ["InspectTarget", "open_inspect"]

_FORM = "inspect/PROVIDER/MODEL, such as inspect/openai/gpt-4o-mini"
_CLASSES = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}
_CUT = ("max_tokens", "model_length")
_KEY_REFUSED, _UNKNOWN, _REFUSED = (401, 403), (404,), (400, 413, 422)


class InspectTarget:
    """Answers with a model provider of Inspect. Holds no state between calls.

    A seed is passed on; a provider that knows no seeds leaves it out, and samples anew each time.

    Args:
        model: a model as Inspect names it, `PROVIDER/MODEL`.
        reference: what stored transcripts call this target.
        world: the scope whose prompt templates become system messages; none has none.
        temperature: of sampled replies; greedy ones ask for 0.
        max_new_tokens: a longer reply is cut.
        timeout: seconds for a request, further tries included.
        retries: further tries when the provider is busy, fails or does not answer.
        concurrency: requests at the same time.

    Raises:
        BadInput: an unknown provider, one whose package or key is missing, or an unknown world.
    """

    def __init__(
        self,
        model: str,
        reference: str = "",
        *,
        world: Scope | str = "",
        temperature: float = 1.0,
        max_new_tokens: int = 256,
        timeout: float = 120.0,
        retries: int = 4,
        concurrency: int = 16,
    ) -> None:
        self.reference = reference or f"inspect/{model}"
        self._systems = templates_of(world)
        self._temperature, self._room, self._concurrency = temperature, max_new_tokens, concurrency
        own = model.startswith("drillyard/")  # a target of ours, which has a meter of its own
        self._meter = Meter() if own else meter_of(f"inspect/{model}")
        config = GenerateConfig(max_retries=retries, timeout=int(timeout), max_connections=concurrency)
        self._model = _opened(model, config)
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name=self.reference, daemon=True).start()

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer every conversation; one that the provider refuses as it is (400) gets an `error` reply.

        Raises:
            BadInput: a wrong key, an unknown model, an unknown template.
            DrillyardError: the provider does not answer, stays busy, or keeps failing.
        """
        pairs = list(zip(map(self._messages, conversations), seeds, strict=True))
        answers = asyncio.run_coroutine_threadsafe(self._all(pairs), self._loop)
        try:
            return answers.result()
        finally:
            answers.cancel()  # where the caller was interrupted; else without effect

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield the reply in one piece. Raises as `generate`, `BadInput` for a refused request too."""
        (reply,) = self.generate([conversation], [seed])
        if reply.finish == "error":
            raise bad_input(f"no reply of {self.reference} to this conversation", "one that it can answer")
        yield reply.text

    async def _all(self, asked: Sequence[tuple[Any, int | None]]) -> list[Reply]:
        """Answer all; when one raises, those not yet answered are given up."""
        room = asyncio.Semaphore(self._concurrency)
        tasks = [asyncio.ensure_future(self._reply(room, *one)) for one in asked]
        try:
            return list(await asyncio.gather(*tasks))
        finally:
            for task in tasks:
                task.cancel()

    async def _reply(self, room: asyncio.Semaphore, messages: Any, seed: int | None) -> Reply:
        temperature = 0.0 if seed is None else self._temperature
        config = GenerateConfig(temperature=temperature, max_tokens=self._room, seed=seed)
        async with room:
            try:
                with self._meter.request([message.text for message in messages], self._room, wait=False) as bill:
                    output = await self._model.generate(messages, config=config)
                    bill.settle(_used(output.usage))
            except DrillyardError:
                raise
            except Exception as problem:  # what providers raise has no common class
                self._explain(problem)
                return Reply(text="", seed=seed, finish="error")
        if output.empty or output.error or not output.completion.strip():
            why = output.error or ("empty" if output.empty else str(output.stop_reason))
            return Reply(text="", seed=seed, finish="error", why=clean(why))
        used = output.usage or ModelUsage()
        return Reply(
            text=clean(output.completion),
            seed=seed,
            tokens=used.output_tokens or 0,
            prompt_tokens=used.input_tokens
            + (used.input_tokens_cache_read or 0)
            + (used.input_tokens_cache_write or 0),
            finish="length" if output.stop_reason in _CUT else "stop",
        )

    def _explain(self, problem: Exception) -> None:
        """Turn what went wrong into one line that says what to do; return where only this one request is refused."""
        last = getattr(problem, "last_attempt", None)  # of tenacity, after all tries
        cause: BaseException = last.exception() if last is not None else problem
        status = getattr(cause, "status_code", None)
        if status in _REFUSED:
            return
        if isinstance(cause, DrillyardError):
            raise cause
        if status in _KEY_REFUSED:
            raise bad_input(f"a refusal of the key by {self.reference}: {status}", "a valid key of the provider's")
        if status in _UNKNOWN:
            raise bad_input(f"no such model or address: {self.reference}", _FORM)
        tried = " after all retries" if last is not None else ""
        raise DrillyardError(f"{self.reference} fails{tried}: {type(cause).__name__}: {_line(cause)}") from None

    def _messages(self, conversation: Conversation) -> Any:
        template = conversation.template
        if template and template not in self._systems:
            raise unknown_template(template, self._systems)
        head = [ChatMessageSystem(content=self._systems[template])] if template else []
        return [*head, *(_CLASSES[message.role](content=message.content) for message in conversation.messages)]


def _used(told: ModelUsage | None) -> Usage | None:
    """Return the tokens that a request was paid for by; None where the provider does not say."""
    if told is None or not (told.input_tokens or told.output_tokens):
        return None
    cached = told.input_tokens_cache_read or 0
    prompt = told.input_tokens + cached + (told.input_tokens_cache_write or 0)
    return Usage(prompt=prompt, reply=told.output_tokens, cached=cached)


def open_inspect(reference: str, *, received: bool = False, **options: Any) -> InspectTarget:
    """Open `inspect/PROVIDER/MODEL`; options as of `InspectTarget`.

    Raises:
        BadInput: as `InspectTarget`; or it was `received`: a file names it, and it would ask a provider at the user's
            cost, or have one fetched.
    """
    if received:
        found = f"{reference!r}, which a file names and which asks a provider at your cost"
        raise bad_input(found, "it typed by you", f"if you want that, type it behind the folder: FOLDER#{reference}")
    model = reference.partition("/")[2]
    provider, slash, name = model.partition("/")
    if not (provider and slash and name):
        raise bad_input(f"{reference!r}", _FORM)
    return InspectTarget(model, reference, **options)


def _opened(model: str, config: GenerateConfig) -> Any:
    """Return Inspect's model. Raises `BadInput` with what it says of a provider, a package or a key."""
    # The mock model would count tokens by itself, and fetch a tokenizer from the network for it.
    arguments = {"custom_outputs": _mocked()} if model.startswith("mockllm/") else {}
    try:
        return get_model(model, config=config, memoize=False, **arguments)
    except DrillyardError:
        raise
    except Exception as problem:  # an unknown provider is a ValueError, a missing package or key one of Inspect's own
        _not_opened(model, problem)


def _not_opened(model: str, problem: Exception) -> NoReturn:
    raise bad_input(f"inspect/{model}, of which Inspect says: {_line(problem)}", _FORM) from None


def _mocked() -> Iterator[ModelOutput]:
    while True:
        output = ModelOutput.from_content("mockllm", "Default output from mockllm/model")
        output.usage = ModelUsage()
        yield output


def _line(problem: BaseException) -> str:
    """Return what an error says, on one line, without Inspect's marks for bold and colours."""
    said = getattr(problem, "provider_message", None) or str(problem)
    for mark in ("bold", "/bold", "blue", "/blue", "red", "/red"):
        said = said.replace(f"[{mark}]", "")
    return " ".join(said.removeprefix("ERROR: ").split())[:300].rstrip(".")
