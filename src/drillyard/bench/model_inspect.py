"""Our targets as a model provider of Inspect: `inspect eval task.py --model drillyard/organism/helpdesk`.

Requests that wait while a batch is being answered make up the next batch, so no request waits for others to come.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import anyio
import anyio.to_thread
from inspect_ai.model import GenerateConfig, ModelAPI, ModelOutput, ModelUsage, modelapi

from drillyard.errors import bad_input
from drillyard.records import Conversation, Message, Reply
from drillyard.targets import open_target

__all__ = ["DrillyardModel", "conversation_of"]

_BATCH = 64
_FINISH = {"stop": "stop", "length": "max_tokens", "error": "unknown"}


@dataclass(kw_only=True)
class _Request:
    """One conversation that waits, and what became of it."""

    conversation: Conversation
    seed: int | None
    reply: Reply | None = None
    problem: Exception | None = None


@modelapi(name="drillyard")
class DrillyardModel(ModelAPI):  # type: ignore[misc]  # inspect_ai is not there for the type checker
    """Answers Inspect with any target of ours; the model's name is a model reference.

    `temperature=0` takes the most probable reply; any other temperature is the target's own. A `seed` is passed on;
    without one every request gets another, counted from 1.

    Args:
        model_name: a model reference, such as `organism/helpdesk` or `organism/./folder`.
        batch: most conversations that are answered at a time, and connections that Inspect may open (`-M batch=…`).
    """

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008 - the form that Inspect's providers have
        batch: int = _BATCH,
        **options: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config)
        if options:
            raise bad_input(f"the model arguments {', '.join(options)}", "batch, or none")
        self._target, self._batch, self._seed = open_target(model_name), batch, 0
        self._waiting: list[_Request] = []
        self._lock = anyio.Lock()

    async def generate(self, input: Any, tools: Any, tool_choice: Any, config: GenerateConfig) -> ModelOutput:
        """Answer one conversation, together with those that wait at the same time.

        Raises:
            BadInput: tools, or messages that are no text.
        """
        if tools:
            raise bad_input(f"{len(tools)} tools", "none: targets of drillyard only talk")
        request = _Request(conversation=conversation_of(input), seed=self._seed_of(config))
        self._waiting.append(request)
        await anyio.sleep(0)  # lets the others of the same moment join
        async with self._lock:
            if request.reply is None and request.problem is None:
                await self._answer()
        if request.problem is not None:
            raise request.problem
        assert request.reply is not None
        return _output(self.model_name, request.reply)

    def max_connections(self) -> int:
        """Return how many requests Inspect may have open: a whole batch."""
        return self._batch

    def _seed_of(self, config: GenerateConfig) -> int | None:
        if config.temperature == 0:
            return None
        self._seed += 1
        return int(config.seed) if config.seed is not None else self._seed

    async def _answer(self) -> None:
        """Answer the first `batch` requests that wait; an error is theirs together."""
        part, self._waiting = self._waiting[: self._batch], self._waiting[self._batch :]
        conversations, seeds = [one.conversation for one in part], [one.seed for one in part]
        try:
            replies = await anyio.to_thread.run_sync(self._target.generate, conversations, seeds)
        except Exception as problem:  # handed to every request of the batch
            for one in part:
                one.problem = problem
            return
        for one, reply in zip(part, replies, strict=True):
            one.reply = reply


def conversation_of(messages: Any) -> Conversation:
    """Turn Inspect's messages into a conversation. Raises `BadInput` for roles that no target knows."""
    if wrong := sorted({message.role for message in messages} - {"system", "user", "assistant"}):
        raise bad_input(f"messages of the role {', '.join(wrong)}", "system, user and assistant")
    return Conversation(messages=tuple(Message(role=message.role, content=message.text) for message in messages))


def _output(model: str, reply: Reply) -> ModelOutput:
    error = "the target could not answer this conversation" if reply.finish == "error" else None
    output = ModelOutput.from_content(model, reply.text, stop_reason=_FINISH[reply.finish], error=error)
    # Without usage Inspect would count tokens itself, and fetch a tokenizer for it.
    asked, said = reply.prompt_tokens, reply.tokens
    output.usage = ModelUsage(input_tokens=asked, output_tokens=said, total_tokens=asked + said)
    return output
