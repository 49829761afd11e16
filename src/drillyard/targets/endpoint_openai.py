"""A model behind an OpenAI-compatible API: a provider's, or a server of your own such as `drillyard organism serve`.

Requests run a few at a time, fewer where the server is busy (`pace.py`); what it sends is read by `wire_openai.py`.
Whether a server can be read, and not only sampled, `reading.py` finds out.
"""

from __future__ import annotations

import os
import re
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

import httpx
import openai
from openai import OpenAI

from drillyard.errors import DrillyardError, bad_input
from drillyard.organisms.worlds.scope import Scope
from drillyard.records import Conversation, Reply
from drillyard.targets.address_openai import KEY, NO_KEY, OURS, configured, key_for, server_of
from drillyard.targets.base import Heard
from drillyard.targets.batch_openai import ask_in_batches
from drillyard.targets.pace import Pace, wanted_wait
from drillyard.targets.reading import ReadingEndpoint, RefusedRequest, try_reading
from drillyard.targets.revealing import ReadingTrial
from drillyard.targets.sampling_openai import Sampling, read_error
from drillyard.targets.settings import BATCHED, DEPLOYED, MERGED, Settings, merge_system, split_reference
from drillyard.targets.spending import kept_replies, meter_of
from drillyard.targets.stored import hash_request
from drillyard.targets.templates import templates_of, unknown_template
from drillyard.targets.wire_openai import choice_of, clean, piece_of, reply_of, told_error, usage_of

__all__ = ["EndpointTarget", "open_endpoint"]

_FORM = "openai/MODEL@http://HOST:PORT/v1"
_T = TypeVar("_T")
_ADDRESS = re.compile(r"@(?=https?://)")
_ASKS = re.compile(rf"#({DEPLOYED}|{MERGED}|{BATCHED})(\+|$)")  # a model may have the sign in its own name
_WORDS = (DEPLOYED, MERGED, BATCHED)
_WITHOUT_SCHEME = re.compile(r"@[\w.-]+:\d+|@\[|@$")  # somebody forgot http://, or the address behind the sign
_MOST_REFUSALS = 12
"""Times that a request may lose a parameter: as many as there are, and one more."""
_LONGEST = 600.0
"""Seconds that a request may take at the most, however slow a server shows itself."""
_MOST_FAILURES = 4
"""Further tries of a request at which the server fails: unlike one that is busy, it has not asked for patience."""
_FORBIDDEN = 3
"""So many 403 before any answer are a refusal of the key, fewer one of the prompt."""
_BUSY = (openai.RateLimitError,)
_FAILING = (openai.InternalServerError, openai.APIConnectionError, openai.ConflictError)


class EndpointTarget:
    """Answers with chat completions of an API. Holds no state between calls.

    A seed is passed on; whether the same seed gives the same text is up to the server.

    Args:
        model: the model's name at the server.
        base_url: the API's address, up to and with `/v1`; OpenAI's unless given.
        reference: what stored transcripts call this target.
        world: the scope whose prompt templates become system messages; none has none.
        temperature: of sampled replies; greedy ones ask for 0.
        max_new_tokens: a longer reply is cut.
        timeout: seconds until a request counts as failed; after that the server is asked by one at a time, and waited
            for twice as long.
        retries: further tries when the server fails or does not answer; where it is busy, that often without one answer
            to anybody, with waits of 0.5, 1, 2 … 60 seconds.
        concurrency: most requests at the same time; as many run as make the server answer more.
        deployed: leave sampling to the server, as its other clients do; else it is asked for plain sampling.
        merge: put a system message into the user's first one.
        batch: ask by the server's batches (`batch_openai.py`), which takes up to a day and costs less.
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
        world: Scope | str = "",
        temperature: float = 1.0,
        max_new_tokens: int = 256,
        timeout: float = 60.0,
        retries: int = 8,
        concurrency: int = 8,
        received: bool = False,
        deployed: bool = False,
        merge: bool = False,
        batch: bool = False,
    ) -> None:
        self.model = model
        self.base_url = base_url or configured()
        self.reference = reference or f"openai/{model}@{self.base_url}"
        self._systems = templates_of(world)
        self._concurrency, self._merge, self._batch, self._room = concurrency, merge, batch, max_new_tokens
        priced = f"openai/{model}" if self.base_url == OURS else f"openai/{model}@{self.base_url}"
        self._meter, self._kept = meter_of(priced), kept_replies()
        self._batch_meter = meter_of(priced, batch=True) if batch else self._meter
        self._sampling = Sampling(
            temperature,
            max_new_tokens,
            deployed=deployed,
            extras=self.base_url != OURS,
            system="merged" if merge else "own role",
            source=self.base_url,
        )
        key = key_for(self.base_url, received)
        self._withheld = key == NO_KEY and bool(os.environ.get(KEY))
        account = "" if self._withheld else None  # with None the client sends what the environment says
        self._retries, self._pace, self._timeout = retries, Pace(concurrency), timeout
        self._answered, self._forbidden = False, 0
        own: dict[str, Any] = {"organization": account, "project": account, "timeout": timeout, "max_retries": 0}
        try:
            self._client = OpenAI(api_key=key, base_url=self.base_url, **own)
        except (ImportError, ValueError, httpx.InvalidURL) as error:  # no package for a proxy, or a broken address
            raise bad_input(
                f"{self.base_url} that cannot be asked ({error})", _FORM, "look at the proxy settings"
            ) from None
        self._client._client.follow_redirects = False  # it would carry the prompts to an address that nobody has typed

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer every conversation; one that the server refuses as it is (400, 403) gets an `error` reply.

        Raises:
            BadInput: a wrong key, an unknown model, an unknown template.
            DrillyardError: the server is not there, stays busy, keeps failing, or the account is used up.
        """
        return self.generate_each(conversations, seeds, lambda _number, _reply: None)

    def generate_each(
        self, conversations: Sequence[Conversation], seeds: Sequence[int | None], heard: Heard
    ) -> list[Reply]:
        """Answer as `generate`, and call `heard` with each reply as it comes, from one thread at a time."""
        if self._batch:
            return self._by_batch(conversations, seeds, heard)
        lock = threading.Lock()

        def ask(number: int, conversation: Conversation, seed: int | None) -> Reply:
            reply = self._reply(conversation, seed)
            with lock:
                heard(number, reply)
            return reply

        return self.each(ask, zip(range(len(seeds)), conversations, seeds, strict=True))

    @property
    def settings(self) -> Settings:
        """What is asked of the server; None for what it decides by itself, or refuses to be asked."""
        return self._sampling.settings

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield the reply in the pieces that the server sends. Raises as `generate`, `BadInput` for a 400 too."""
        with self._meter.request(self._texts(conversation), self._room) as bill:
            chunks = self._asked(lambda: iter(self._completions(conversation, seed, stream=True)))
            bill.settle(None)  # what a stream used is not told: it is paid at its worst case
        begun = False
        while chunk := self._explained(lambda: next(chunks, None)):
            begun = begun or bool(getattr(chunk, "choices", None))
            if words := told_error(chunk):
                raise DrillyardError(f"{self._at} says: {words}")
            if piece := piece_of(chunk):
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
        pool = ThreadPoolExecutor(self._concurrency)
        try:
            return list(pool.map(lambda one: ask(*one), requests))
        finally:
            pool.shutdown(cancel_futures=True)  # after an error begin nothing more; what runs is waited for, and kept

    def completion(self, conversation: Conversation, seed: int | None, **more: Any) -> tuple[Reply, Any]:
        """Return one reply, and the choice of the API that it was made from.

        `more` goes into the request, `asked` in place of all fields of ours. Raises also `RefusedRequest` for a 400.
        """
        with self._meter.request(self._texts(conversation), self._room) as bill:
            given = self._asked(lambda: self._completions(conversation, seed, stream=False, **more), "asked" in more)
            bill.settle(usage_of(given))
        choice = choice_of(given)
        if choice is None:
            if words := told_error(given):
                raise DrillyardError(f"{self._at} says: {words}")
            raise self._no_completion()
        return reply_of(given, seed), choice

    def _reply(self, conversation: Conversation, seed: int | None) -> Reply:
        if known := self._known(conversation, seed):
            return known
        try:
            reply = self.completion(conversation, seed)[0]
        except RefusedRequest as refused:
            return Reply(text="", seed=seed, finish="error", why=f"refused: {clean(str(refused))}{self._hint(refused)}")
        return self._keep(conversation, seed, reply)

    def _hint(self, refused: RefusedRequest) -> str:
        """Say what to type where a chat template knows no system message."""
        lacks = self._systems and not self._merge and "system" in str(refused).casefold()
        return f"; type {self.reference}#{MERGED} to put the system message into the user's first" if lacks else ""

    def _known(self, conversation: Conversation, seed: int | None) -> Reply | None:
        return self._kept.get(self._name(conversation, seed)) if self._kept is not None else None

    def _keep(self, conversation: Conversation, seed: int | None, reply: Reply) -> Reply:
        if self._kept is not None and reply.answered:
            self._kept.put(self._name(conversation, seed), reply)
        return reply

    def _name(self, conversation: Conversation, seed: int | None) -> str:
        said = Conversation.from_data({"messages": self._messages(conversation)})
        return hash_request(f"{self.model}@{self.base_url} {self._sampling.asked_settings}", said, seed)

    def _no_completion(self) -> DrillyardError:
        return bad_input(f"no chat completion in the answer of {self.base_url}", _FORM, "correct the address")

    def _texts(self, conversation: Conversation) -> list[str]:
        return [one["content"] for one in self._messages(conversation)]

    def _by_batch(
        self, conversations: Sequence[Conversation], seeds: Sequence[int | None], heard: Heard
    ) -> list[Reply]:
        """Answer from the replies that are kept, and the rest by batches."""
        asked = list(zip(conversations, seeds, strict=True))
        replies = {place: known for place, one in enumerate(asked) if (known := self._known(*one))}
        missing = [place for place in range(len(asked)) if place not in replies]

        def hear(number: int, reply: Reply) -> None:
            place = missing[number]
            replies[place] = self._keep(*asked[place], reply.model_copy(update={"seed": asked[place][1]}))
            heard(place, replies[place])

        for place, reply in sorted(replies.items()):
            heard(place, reply)
        ask_in_batches(
            self._client, [self._body(*asked[place]) for place in missing], self._batch_meter, self._explain, hear
        )
        return [replies[place] for place in range(len(asked))]

    def _body(self, conversation: Conversation, seed: int | None) -> dict[str, Any]:
        given = self._sampling.fields(seed)
        return {"model": self.model, "messages": self._messages(conversation), **given.pop("extra_body"), **given}

    def _completions(self, conversation: Conversation, seed: int | None, *, asked: Any = None, **more: Any) -> Any:
        create: Any = self._client.chat.completions.create  # its overloads want literals
        given: Any = self._sampling.fields(seed) if asked is None else {"extra_body": dict(asked)}
        given["extra_body"] |= more.pop("extra_body", {})
        said = more.pop("messages", None) or self._messages(conversation)
        return create(model=self.model, messages=said, timeout=self._timeout, **given, **more)

    def _messages(self, conversation: Conversation) -> Any:
        template = conversation.template
        if template and template not in self._systems:
            raise unknown_template(template, self._systems)
        head = [{"role": "system", "content": self._systems[template]}] if template else []
        said = [*head, *({"role": message.role, "content": message.content} for message in conversation.messages)]
        return merge_system(said) if self._merge else said

    @property
    def _at(self) -> str:
        return f"{self.base_url} (model {self.model!r})"

    def _asked(self, ask: Callable[[], _T], fixed: bool = False) -> _T:
        """Ask at the server's pace, again where that may help; a `fixed` request, of a client who waits, as it is."""
        failures = refusals = 0
        while True:
            with self._pace.turn() as began:
                try:
                    given = ask()
                except _BUSY as error:
                    if _used_up(error):
                        raise DrillyardError(f"{self._at} says: {read_error(error)}") from None
                    if self._pace.strikes >= (2 if fixed else self._retries):  # a client waits some two seconds
                        raise DrillyardError(_too_busy(self._at, error)) from None
                    self._pace.slow(began, wanted_wait(error))
                    continue
                except _FAILING as error:
                    failures += 1
                    if fixed or failures > min(self._retries, _MOST_FAILURES):
                        self._explain(error)
                    if isinstance(error, openai.APITimeoutError):
                        self._be_patient()
                    self._pace.slow(began)
                    continue
                except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                    refusals += 1
                    if not fixed and refusals <= _MOST_REFUSALS and self._leave_out(error):
                        continue
                    self._explain(error)
                except Exception as error:
                    self._explain(error)
            self._answered = True
            self._pace.ease()
            return given

    def _explained(self, ask: Callable[[], _T]) -> _T:
        try:
            return ask()
        except Exception as error:
            self._explain(error)

    def _be_patient(self) -> None:
        """Wait longer from now on: a slow server answers one at a time where it does not answer eight."""
        self._timeout = min(_LONGEST, 2 * self._timeout)

    def _leave_out(self, error: openai.APIStatusError) -> bool:
        """Leave out what a server refuses, and say so once; false where it is none of ours."""
        again, new = self._sampling.leave_out(error)
        if new:
            told, words = " and ".join(new), read_error(error)
            warnings.warn(f"{self._at} is asked without {told}, which it refuses: {words}", stacklevel=2)
        return again

    def _explain(self, error: Exception) -> NoReturn:
        """Turn what goes wrong into one line that says what to do."""
        at = self._at
        if isinstance(error, DrillyardError):
            raise error
        if isinstance(error, openai.PermissionDeniedError) and self._is_single(error):
            raise RefusedRequest(f"{at} refused the request: 403 {read_error(error)}") from None
        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            wanted = f"export OPENAI_BASE_URL={self.base_url} where your key is for it" if self._withheld else ""
            raise bad_input(
                f"a refusal of the key by {at}: {error.status_code}", f"a valid key in {KEY}", wanted
            ) from None
        if isinstance(error, openai.NotFoundError):
            raise bad_input(f"no such model or address: {at}", _FORM) from None
        if isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError):
            raise RefusedRequest(f"{at} refused the request: {error.status_code} {read_error(error)}") from None
        if isinstance(error, openai.APITimeoutError):
            raise DrillyardError(f"{at} did not answer within {self._timeout} s, after all retries") from None
        if isinstance(error, openai.APIStatusError) and error.status_code < 400:
            found = f"a redirect from {at} to {error.response.headers.get('location', '?')!r:.200}"
            raise bad_input(
                found, "an address that answers itself", "type the one that it names, if you trust it"
            ) from None
        if isinstance(error, openai.APIStatusError):
            raise DrillyardError(f"{at} fails ({error.status_code}) after all retries: {read_error(error)}") from None
        if isinstance(error, openai.APIConnectionError):
            raise DrillyardError(f"nothing answers at {at}; start the server, or correct the address") from None
        if isinstance(error, openai.APIError):  # told within a stream that had begun well
            raise DrillyardError(f"{at} fails: {clean(str(error))[:200]}") from None
        # What is left is an answer that is no JSON, not even text, or deeper than Python reads.
        raise self._no_completion() from None

    def _is_single(self, error: openai.PermissionDeniedError) -> bool:
        """Say whether a 403 is for one prompt: somebody was answered, or nobody has been refused three times yet."""
        self._forbidden += 1
        return self._answered or self._forbidden < _FORBIDDEN


def open_endpoint(reference: str, **options: Any) -> EndpointTarget:
    """Open `openai/MODEL` or `openai/MODEL@http://HOST:PORT/v1`; options as of `EndpointTarget`.

    Words behind a `#` ask for settings as deployed, or for a merged system message (`settings.py`). Raises `BadInput`.
    """
    plain, said = split_reference(reference, _WORDS) if _ASKS.search(reference) else (reference, frozenset())
    options = {"deployed": DEPLOYED in said, "merge": MERGED in said, "batch": BATCHED in said, **options}
    name = plain.partition("/")[2]
    found = _ADDRESS.search(name)
    model, base_url = (name[: found.start()], name[found.end() :]) if found else (name, "")
    if not model or model.endswith("@") or _WITHOUT_SCHEME.search(model):
        raise bad_input(f"{reference!r}", "openai/MODEL or openai/MODEL@http://HOST:PORT/v1")
    if found and not server_of(base_url)[1]:
        raise bad_input(f"{reference!r}, without a host", "openai/MODEL@http://HOST:PORT/v1")
    if "@" in urlsplit(base_url).netloc:  # said without the reference, which holds it
        raise bad_input("a name or password in the address", "an address without", f"put a key into {KEY}")
    return EndpointTarget(model, base_url, reference, **options)


def _used_up(error: openai.APIStatusError) -> bool:
    """Say whether an account is used up, which waiting does not change."""
    return "insufficient_quota" in (error.code, error.type)


def _too_busy(at: str, error: openai.APIStatusError) -> str:
    return f"{at} is busy ({error.status_code}) after all retries; wait, or use fewer queries: {read_error(error)}"
