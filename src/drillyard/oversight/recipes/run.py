"""Running a recipe: every call recorded, bounded, paid for once.

    @recipe
    async def amplify(question: str, depth: int) -> str:
        parts = await ask(helper, f"Name two sub-questions of: {question}")
        ...

    with RecipeRun(Path("out"), budget=RecipeBudget(queries=100)) as run:
        answer = run.run(amplify, "Is the reply true?", 2)

The journal (`answers.jsonl`) holds each answer as it comes: a run that was killed goes on from there and asks nothing
of that again. The tree (`trace.json`, `trace.html`) is written when a run ends, however it ends.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import ExitStack
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, Self, TypeVar

from drillyard.errors import BadInput, DrillyardError, bad_input
from drillyard.oversight.recipes.agents import Agent, Answer
from drillyard.oversight.recipes.calls import Call, Kept, Trace
from drillyard.oversight.recipes.page import write_trace_page
from drillyard.records.files import write_atomically
from drillyard.records.run_folder import RunFolder

__all__ = ["NoAnswer", "RecipeBudget", "RecipeRun", "ask", "recipe", "together"]

P = ParamSpec("P")
R = TypeVar("R")

ANSWERS, TRACE, PAGE = "answers.jsonl", "trace.json", "trace.html"
_SHOWN = 4000
"""Most characters of an argument or a result that a recipe's node keeps; prompts and answers are kept whole."""
_WAIT = 0.2
"""Seconds before an agent that gave no answer is asked again, doubled each time: chosen, not measured."""


class NoAnswer(DrillyardError):
    """An agent gave no answer to one question, after all tries: what depends on it is unknown."""


@dataclass(frozen=True, kw_only=True)
class RecipeBudget:
    """The most that a run may ask. `depth` is of recipes within recipes, `tries` per question."""

    queries: int = 1_000_000
    tokens: int = 1_000_000_000
    depth: int = 50
    tries: int = 3


class RecipeRun:
    """One run of one or more recipes; its folder, if it has one, is held while the block runs.

    Args:
        folder: for journal and trace; None keeps nothing.
        budget: what it may ask.
        seed: decides every seed that agents get.
    """

    def __init__(self, folder: Path | None = None, *, budget: RecipeBudget | None = None, seed: int = 1) -> None:
        self.budget, self.seed, self.folder = budget or RecipeBudget(), seed, folder
        self.calls: list[Call | None] = []
        self.queries = self.tokens = 0
        self._stack = ExitStack()
        self._kept: dict[str, Kept] = {}
        self._asked: Counter[str] = Counter()
        self._gates: dict[int, asyncio.Semaphore] = {}
        self._began = time.perf_counter()
        self._journal = RunFolder(folder, "recipe").journal(ANSWERS, Kept) if folder else None

    def __enter__(self) -> Self:
        if self.folder and self._journal:
            self._stack.enter_context(RunFolder(self.folder, "recipe").held())
            self._kept = {entry.key: entry for entry in self._journal}
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if self.folder and self.calls:
                trace = self.trace()
                write_atomically(self.folder / TRACE, trace.to_json().encode())
                write_trace_page(trace, self.folder / PAGE)
        finally:
            self._stack.close()

    def run(self, function: Callable[P, Coroutine[Any, Any, R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a recipe to its end and return what it returns.

        Raises:
            BadInput: the budget is spent, recipes are nested too deeply, or an agent can no longer be asked.
            NoAnswer: an agent gave no answer and the recipe did not expect that.
        """

        async def begin() -> R:
            self._gates = {}  # a semaphore belongs to the loop that waits at it
            token = _here.set(_Place(self, -1, 0))
            try:
                return await function(*args, **kwargs)
            finally:
                _here.reset(token)

        return asyncio.run(begin())

    def trace(self) -> Trace:
        """Return the tree as far as it is."""
        return Trace(calls=tuple(call or _lost(number) for number, call in enumerate(self.calls)))

    def open_node(self) -> int:
        """Return the number of a call that begins."""
        self.calls.append(None)
        return len(self.calls) - 1

    @property
    def clock(self) -> float:
        """Seconds since the run began."""
        return time.perf_counter() - self._began

    async def put(self, agent: Agent, prompt: str, place: _Place, name: str) -> str:
        """Ask an agent, or take its answer from the journal."""
        number, began = self.open_node(), self.clock
        same = hashlib.sha256(f"{agent.definition}\0{agent.name}\0{prompt}".encode()).hexdigest()
        self._asked[same] += 1
        key = f"{same[:32]}-{self._asked[same]}"
        kept, error = self._kept.get(key), ""
        fresh = kept is None
        try:
            if kept is None:
                gate = self._gates.setdefault(id(agent), asyncio.Semaphore(agent.concurrency))
                async with gate:
                    kept = await self._pay(agent, prompt, key)
            self.queries, self.tokens = self.queries + 1, self.tokens + kept.tokens + kept.prompt_tokens
            return kept.text
        except BaseException as problem:
            error = str(problem) or type(problem).__name__
            raise
        finally:
            said = kept or Kept(key=key, agent=agent.name, text="", tries=self.budget.tries)
            self.calls[number] = Call(
                id=number,
                parent=place.number,
                kind="ask",
                name=name or agent.name,
                agent=agent.name,
                asked=prompt,
                answered=said.text,
                tokens=said.tokens,
                prompt_tokens=said.prompt_tokens,
                cost=said.cost,
                began=began,
                seconds=said.seconds if kept and not fresh else self.clock - began,
                tries=said.tries,
                kept=not fresh,
                error=error,
            )

    async def _pay(self, agent: Agent, prompt: str, key: str) -> Kept:
        """Ask until there is an answer; it is in the journal before anybody uses it."""
        self._check()
        began, why = time.perf_counter(), ""
        for one in range(self.budget.tries):
            answer = await agent.answer(prompt, _seed(self.seed, key, one))
            if not answer.error and answer.text.strip():
                kept = _entry(key, agent, answer, time.perf_counter() - began, one + 1)
                if self._journal:
                    self._journal.append(kept)
                    self._kept[key] = kept
                return kept
            why = answer.error or "it returned nothing"
            if one + 1 < self.budget.tries:
                await asyncio.sleep(_WAIT * 2**one if answer.error else 0)
        raise NoAnswer(f"found no answer of {agent.name} in {self.budget.tries} tries ({why}), expected some text")

    def _check(self) -> None:
        again = "raise it and type the same command again: what was answered is kept"
        if self.queries >= self.budget.queries:
            raise bad_input(f"the budget of {self.budget.queries} queries spent", "a recipe that needs no more", again)
        if self.tokens >= self.budget.tokens:
            raise bad_input(f"the budget of {self.budget.tokens} tokens spent", "a recipe that needs no more", again)


@dataclass(frozen=True)
class _Place:
    run: RecipeRun
    number: int
    depth: int


_here: ContextVar[_Place] = ContextVar("drillyard_recipe")


def recipe(function: Callable[P, Awaitable[R]]) -> Callable[P, Coroutine[Any, Any, R]]:
    """Make an async function a recipe: a node in the trace, with its arguments, its result and what it asked."""

    @functools.wraps(function)
    async def traced(*args: P.args, **kwargs: P.kwargs) -> R:
        place = _running()
        run = place.run
        if place.depth >= run.budget.depth:
            found = f"{function.__name__!r} within {place.depth} other recipes"
            raise bad_input(found, f"at most {run.budget.depth}", "end the recursion, or allow a greater depth")
        number, began, result, error = run.open_node(), run.clock, "", ""
        token = _here.set(_Place(run, number, place.depth + 1))
        try:
            said = await function(*args, **kwargs)
            result = _short(said)
            return said
        except BaseException as problem:
            error = str(problem) or type(problem).__name__
            raise
        finally:
            _here.reset(token)
            run.calls[number] = Call(
                id=number,
                parent=place.number,
                kind="recipe",
                name=" ".join([function.__name__.strip("_"), *_labels(args)]),
                asked=", ".join([*map(_short, args), *(f"{k}={_short(v)}" for k, v in kwargs.items())])[:_SHOWN],
                answered=result,
                began=began,
                seconds=run.clock - began,
                error=error,
            )

    return traced


async def ask(agent: Agent, prompt: str, name: str = "") -> str:
    """Ask an agent from within a recipe; `name` is what the trace calls it.

    Raises:
        NoAnswer: it gave none, after all tries.
        BadInput: the budget is spent, or the agent cannot be asked any more.
    """
    place = _running()
    return await place.run.put(agent, prompt, place, name)


async def together(parts: Iterable[Coroutine[Any, Any, R]]) -> list[R]:
    """Run coroutines side by side and return their results in order; the first error ends the others and is raised."""
    tasks: Sequence[asyncio.Task[R]] = ()
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(part) for part in parts]
    except BaseExceptionGroup as errors:
        first = next((one for one in errors.exceptions if not isinstance(one, NoAnswer)), errors.exceptions[0])
        raise first from None
    return [task.result() for task in tasks]


def _running() -> _Place:
    try:
        return _here.get()
    except LookupError:
        raise BadInput("found a recipe called by itself, expected one within a run; use RecipeRun(…).run") from None


def _seed(seed: int, key: str, tried: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{key}:{tried}".encode()).digest()[:4], "big") >> 1


def _entry(key: str, agent: Agent, answer: Answer, seconds: float, tries: int) -> Kept:
    return Kept(
        key=key,
        agent=agent.name,
        text=answer.text,
        tokens=answer.tokens,
        prompt_tokens=answer.prompt_tokens,
        cost=answer.cost,
        seconds=seconds,
        tries=tries,
    )


def _labels(values: Iterable[object]) -> list[str]:
    """Return what the first two arguments that have a name or an id are called."""
    found = (getattr(value, "name", None) or getattr(value, "id", None) for value in values)
    return [label for label in found if isinstance(label, str)][:2]


def _short(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _lost(number: int) -> Call:
    return Call(id=number, parent=-1, kind="recipe", name="unfinished", error="the run ended before this call did")
