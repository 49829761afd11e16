"""Whoever a recipe may ask: a target, a person, a script, a recording. Text in, text out."""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from drillyard.errors import BadInput, bad_input
from drillyard.oversight.recipes.calls import Call
from drillyard.records import Conversation, Reply
from drillyard.targets import Target

__all__ = ["Agent", "Answer", "Person", "Recorded", "Scripted", "TargetAgent"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an agent said. `cost` is money, in the unit of the agent's prices; `error` says why there is no answer."""

    text: str
    tokens: int = 0
    prompt_tokens: int = 0
    cost: float = 0.0
    error: str = ""


class Agent(Protocol):
    """Answers a prompt. `definition` names all that decides its answers; at most `concurrency` are asked at a time."""

    name: str
    definition: str
    concurrency: int

    async def answer(self, prompt: str, seed: int) -> Answer:
        """Answer. Raises `BadInput` where nobody can be asked any more; one missing answer is an `error`."""
        ...


class TargetAgent:
    """A model. Prompts that wait at the same moment go to the target as one batch, which local models answer faster.

    Args:
        target: any target.
        name: what traces call it; the target's reference unless given.
        prices: money per million tokens of prompt and of answer.
        batch: most prompts of one batch.
        greedy: ask for the most probable answer, whatever the seed.
    """

    def __init__(
        self,
        target: Target,
        name: str = "",
        *,
        prices: tuple[float, float] = (0.0, 0.0),
        batch: int = 32,
        greedy: bool = False,
    ) -> None:
        self.name, self.definition = name or target.reference, target.reference
        self.concurrency = 4 * batch
        self._target, self._prices, self._batch, self._greedy = target, prices, batch, greedy
        self._waiting: deque[tuple[str, int, asyncio.Future[Reply]]] = deque()
        self._working: asyncio.Task[None] | None = None

    async def answer(self, prompt: str, seed: int) -> Answer:
        """Wait for the batch. Raises what the target raises."""
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting.append((prompt, seed, future))
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        reply = await future
        cost = (reply.prompt_tokens * self._prices[0] + reply.tokens * self._prices[1]) / 1e6
        error = (reply.why or "no reply") if reply.finish == "error" else ""
        return Answer(text=reply.text, tokens=reply.tokens, prompt_tokens=reply.prompt_tokens, cost=cost, error=error)

    async def _work(self) -> None:
        await asyncio.sleep(0)  # whoever asks at the same moment comes into the same batch
        while self._waiting:
            taken = [self._waiting.popleft() for _ in range(min(self._batch, len(self._waiting)))]
            talks = [Conversation.ask(prompt) for prompt, _, _ in taken]
            seeds = [None if self._greedy else seed for _, seed, _ in taken]
            try:
                replies = await asyncio.to_thread(self._target.generate, talks, seeds)
            except Exception as error:  # handed to everybody who waits for this batch
                for _, _, future in taken:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, _, future), reply in zip(taken, replies, strict=True):
                if not future.done():
                    future.set_result(reply)


class Scripted:
    """A function of prompt and seed; `version` is part of what decides its answers. Words are counted as tokens."""

    def __init__(self, name: str, say: Callable[[str, int], str], version: str = "1", concurrency: int = 1000) -> None:
        self.name, self.definition, self.concurrency = name, f"scripted {name} {version}", concurrency
        self._say = say

    async def answer(self, prompt: str, seed: int) -> Answer:
        """Call the function."""
        text = self._say(prompt, seed)
        return Answer(text=text, tokens=len(text.split()), prompt_tokens=len(prompt.split()))


class Recorded:
    """Replays what an agent said in a trace, and calls nobody. The same prompt gets its answers in turn.

    Raises:
        BadInput: the trace has no call of that agent.
    """

    def __init__(self, name: str, calls: Sequence[Call], concurrency: int = 1000) -> None:
        self.name, self.concurrency = name, concurrency
        self._answers: dict[str, deque[Call]] = defaultdict(deque)
        for call in calls:
            if call.agent == name and not call.error:
                self._answers[call.asked].append(call)
        if not self._answers:
            known = ", ".join(sorted({call.agent for call in calls if call.agent})) or "none"
            raise bad_input(f"no answer of {name!r} in the trace", f"one of its agents: {known}")
        said = "".join(call.answered for call in calls if call.agent == name)
        self.definition = f"recorded {name} {hashlib.sha256(said.encode()).hexdigest()[:16]}"

    async def answer(self, prompt: str, seed: int) -> Answer:
        """Say what was said then. Raises `BadInput` for a prompt that the trace does not have, or not so often."""
        if not (left := self._answers.get(prompt)):
            raise bad_input(f"{self.name} asked {prompt[:80]!r}", "a prompt of the trace", "record the recipe again")
        call = left.popleft()
        return Answer(text=call.answered, tokens=call.tokens, prompt_tokens=call.prompt_tokens, cost=call.cost)


class Person:
    """Somebody at a desk: `ask` shows a prompt and waits for the answer, None or the end of input when they have left.

    One question at a time. What a person has answered is in the journal; whoever comes back goes on from there.
    """

    concurrency = 1

    def __init__(self, name: str, ask: Callable[[str], str | None]) -> None:
        self.name, self.definition, self._ask = name, f"person {name}", ask

    async def answer(self, prompt: str, seed: int) -> Answer:
        """Wait for the person. Raises `BadInput` when they have left."""
        try:
            text = await asyncio.to_thread(self._ask, prompt)
        except (EOFError, KeyboardInterrupt):
            text = None
        if text is None:
            raise BadInput(
                f"found that {self.name} has left, expected an answer; what was answered is kept: "
                "type the same command again to go on"
            )
        return Answer(text=text)
