"""A model behind an OpenAI-compatible API: a provider's, or a server of your own such as `drillyard organism serve`.

Requests run a few at a time; the `openai` client waits and tries again where the server is busy or failing. Whether a
server can be read, and not only sampled, `reading.py` finds out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import urlsplit

import openai
from openai import OpenAI

from drillyard.errors import DrillyardError, bad_input
from drillyard.organisms.world import load_world
from drillyard.records import Conversation, Reply
from drillyard.targets.reading import ReadingEndpoint, RefusedRequest, try_reading
from drillyard.targets.revealing import ReadingTrial

__all__ = ["EndpointTarget", "open_endpoint"]

_KEY = "OPENAI_API_KEY"
_NO_KEY = "none"
_OURS = "https://api.openai.com/v1"
_FORM = "openai/MODEL@http://HOST:PORT/v1"
_T = TypeVar("_T")


class EndpointTarget:
    """Answers with chat completions of an API. Holds no state between calls.

    A seed is passed on; whether the same seed gives the same text is up to the server.

    Args:
        model: the model's name at the server.
        base_url: the API's address, up to and with `/v1`; OpenAI's unless given.
        reference: what stored transcripts call this target.
        world: whose prompt templates become system messages.
        temperature: of sampled replies; greedy ones ask for 0.
        max_new_tokens: a longer reply is cut.
        timeout: seconds until a request counts as failed.
        retries: further tries when the server is busy, fails or does not answer.
        concurrency: requests at the same time.
        received: a file names the address, and nobody has typed it: the key goes there only where it was set up for it,
            that is at OpenAI, or at what `OPENAI_BASE_URL` names instead.

    Raises:
        BadInput: no key for an address that is not on this machine, or an unknown world.
    """

    def __init__(
        self,
        model: str,
        base_url: str = "",
        reference: str = "",
        *,
        world: str = "helpdesk",
        temperature: float = 1.0,
        max_new_tokens: int = 256,
        timeout: float = 60.0,
        retries: int = 4,
        concurrency: int = 8,
        received: bool = False,
    ) -> None:
        self.model = model
        self.base_url = base_url or _configured()
        self.reference = reference or f"openai/{model}@{self.base_url}"
        self._systems = load_world(world).templates
        self._temperature, self._room, self._concurrency = temperature, max_new_tokens, concurrency
        key = _key(self.base_url, received)
        self._withheld = key == _NO_KEY and bool(os.environ.get(_KEY))
        self._client = OpenAI(api_key=key, base_url=self.base_url, timeout=timeout, max_retries=retries)

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer every conversation; one that the server refuses as it is (400) gets an `error` reply.

        Raises:
            BadInput: a wrong key, an unknown model, an unknown template.
            DrillyardError: the server is not there, stays busy, or keeps failing.
        """
        return self.each(self._reply, zip(conversations, seeds, strict=True))

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield the reply in the pieces that the server sends. Raises as `generate`, `BadInput` for a 400 too."""
        chunks = self._tried(lambda: iter(self._completions(conversation, seed, stream=True)))
        begun = False
        while chunk := self._tried(lambda: next(chunks, None)):
            begun = True
            if chunk.choices and (piece := chunk.choices[0].delta.content):
                yield piece
        if not begun:
            raise self._no_completion()

    def try_reading(self) -> ReadingTrial:
        """Say after two greedy requests whether the server gives what reading takes."""
        return try_reading(self)

    def reader(self, trial: ReadingTrial) -> ReadingEndpoint:
        """Return the same endpoint as a target that reveals, after a trial that reads."""
        return ReadingEndpoint(self, trial)

    def each(self, ask: Callable[..., _T], requests: Iterable[tuple[Any, ...]]) -> list[_T]:
        """Return what a call gives for every request, some of them running at the same time."""
        with ThreadPoolExecutor(self._concurrency) as pool:
            return list(pool.map(lambda one: ask(*one), requests))

    def completion(self, conversation: Conversation, seed: int | None, **more: Any) -> tuple[Reply, Any]:
        """Return one reply, and the choice of the API that it was made from.

        `more` goes into the request. Raises as `generate`, and `RefusedRequest` for a 400.
        """
        given = self._tried(lambda: self._completions(conversation, seed, stream=False, **more))
        choice = self._choice(given)
        reply = Reply(
            text=choice.message.content or "",
            seed=seed,
            tokens=given.usage.completion_tokens if given.usage else 0,
            prompt_tokens=given.usage.prompt_tokens if given.usage else 0,
            finish="length" if choice.finish_reason == "length" else "stop",
        )
        return reply, choice

    def _reply(self, conversation: Conversation, seed: int | None) -> Reply:
        try:
            return self.completion(conversation, seed)[0]
        except RefusedRequest:
            return Reply(text="", seed=seed, finish="error")

    def _choice(self, given: Any) -> Any:
        """Return the answer's choice; a page of a web server, or JSON of another form, has none."""
        choices = getattr(given, "choices", None)
        if not choices or getattr(choices[0], "message", None) is None:
            raise self._no_completion()
        return choices[0]

    def _no_completion(self) -> DrillyardError:
        return bad_input(f"no chat completion in the answer of {self.base_url}", _FORM, "correct the address")

    def _completions(self, conversation: Conversation, seed: int | None, *, stream: bool, **more: Any) -> Any:
        create: Any = self._client.chat.completions.create  # its overloads want literals
        return create(
            model=self.model,
            messages=self._messages(conversation),
            temperature=0.0 if seed is None else self._temperature,
            max_completion_tokens=self._room,
            stream=stream,
            **({} if seed is None else {"seed": seed}),
            **more,
        )

    def _messages(self, conversation: Conversation) -> Any:
        template = conversation.template
        if template and template not in self._systems:
            raise bad_input(f"template {template!r}", f"one of: {', '.join(self._systems)}")
        head = [{"role": "system", "content": self._systems[template]}] if template else []
        return [*head, *({"role": message.role, "content": message.content} for message in conversation.messages)]

    def _tried(self, ask: Callable[[], _T]) -> _T:
        """Call the server and turn what goes wrong into one line that says what to do."""
        at = f"{self.base_url} (model {self.model!r})"
        try:
            return ask()
        except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
            wanted = f"export OPENAI_BASE_URL={self.base_url} where your key is for it" if self._withheld else ""
            raise bad_input(
                f"a refusal of the key by {at}: {error.status_code}", f"a valid key in {_KEY}", wanted
            ) from None
        except openai.NotFoundError:
            raise bad_input(f"no such model or address: {at}", _FORM) from None
        except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
            raise RefusedRequest(f"{at} refused the request: {error.status_code} {_first_line(error)}") from None
        except openai.RateLimitError:
            raise DrillyardError(f"{at} is busy (429) after all retries; wait, or use fewer queries") from None
        except openai.APITimeoutError:
            raise DrillyardError(f"{at} did not answer within {self._client.timeout} s, after all retries") from None
        except openai.APIStatusError as error:
            raise DrillyardError(f"{at} fails ({error.status_code}) after all retries: {_first_line(error)}") from None
        except openai.APIConnectionError:
            raise DrillyardError(f"nothing answers at {at}; start the server, or correct the address") from None
        except openai.APIError as error:  # told within a stream that had begun well
            raise DrillyardError(f"{at} fails: {str(error)[:200]}") from None
        except ValueError:  # the answer is no JSON, or not even text
            raise self._no_completion() from None


def open_endpoint(reference: str, **options: Any) -> EndpointTarget:
    """Open `openai/MODEL` or `openai/MODEL@http://HOST:PORT/v1`; options as of `EndpointTarget`. Raises `BadInput`."""
    model, _, base_url = reference.partition("/")[2].partition("@")
    if not model or (base_url and not base_url.startswith(("http://", "https://"))):
        raise bad_input(f"{reference!r}", "openai/MODEL or openai/MODEL@http://HOST:PORT/v1")
    return EndpointTarget(model, base_url, reference, **options)


def _configured() -> str:
    """Return the address that the key is for."""
    return os.environ.get("OPENAI_BASE_URL", "") or _OURS


def _key(base_url: str, received: bool) -> str:
    key = os.environ.get(_KEY, "")
    if key and received and _server(base_url) != _server(_configured()):
        return _NO_KEY
    if key:
        return key
    if base_url.startswith(_OURS):
        raise bad_input(f"no key for {base_url}", f"one in the environment variable {_KEY}", f"type: export {_KEY}=…")
    return _NO_KEY


def _server(url: str) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port: what a key is given to."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _first_line(error: openai.APIStatusError) -> str:
    return str(error).partition("\n")[0][:200]
