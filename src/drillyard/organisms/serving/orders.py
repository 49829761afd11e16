"""What a request asks for, read from its body and checked against the organism that answers."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from drillyard.errors import BadInput
from drillyard.organisms.engine.batching import Request, check
from drillyard.organisms.engine.dialogue import STOP, encode
from drillyard.organisms.engine.organism import Organism
from drillyard.organisms.engine.sampling import MIN_P
from drillyard.organisms.serving.bodies import MAX_CHOICES, ChatBody, CompletionBody, SharedBody
from drillyard.organisms.serving.refusal import Refusal
from drillyard.records import Conversation, Message

__all__ = ["GREEDY_BELOW", "Order", "chat_order", "completion_order"]

GREEDY_BELOW = 0.01
"""A lower temperature is greedy: what it would draw differs only where two tokens tie."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """The choices that a request gets, in their order, and what each of them is to come with.

    `top` is the number of alternatives per token, None for no log-probabilities.
    """

    requests: tuple[Request, ...]
    stops: tuple[str, ...]
    top: int | None
    stream: bool
    usage: bool
    prompt_tokens: int


def chat_order(body: ChatBody, organism: Organism) -> Order:
    """Read a chat; a system message is passed on as it is, a last message to go on with is opened. Raises `Refusal`."""
    messages = tuple(message.message(f"messages[{place}]") for place, message in enumerate(body.messages))
    if body.top_logprobs is not None and not body.logprobs:
        raise Refusal("top_logprobs needs logprobs to be true", param="top_logprobs", code="invalid_value")
    begun = _begun(body, messages)
    prompt = encode(organism.tokenizer, Conversation(messages=messages[:-1] if begun else messages), "")
    if begun:
        prompt += _ids(organism, begun)
    limit = body.max_completion_tokens or body.max_tokens
    return _order(body, organism, [prompt], "messages", limit, (body.top_logprobs or 0) if body.logprobs else None)


def completion_order(body: CompletionBody, organism: Organism) -> Order:
    """Read one or several prompts; a text is continued as it is, without any marker. Raises `Refusal`."""
    prompts = [_ids(organism, prompt) if isinstance(prompt, str) else list(prompt) for prompt in body.prompts]
    return _order(body, organism, prompts, "prompt", body.max_tokens or 16, body.logprobs)


def _begun(body: ChatBody, messages: Sequence[Message]) -> str:
    """Return what the reply goes on from: the last message, where the request asks for that as vLLM's do.

    Raises:
        Refusal: there is nothing to go on from, or the two fields say different things.
    """
    opened = True if body.add_generation_prompt is None else body.add_generation_prompt
    if opened == bool(body.continue_final_message):
        words = "to go on with the last message set continue_final_message true and add_generation_prompt false"
        raise Refusal(f"{words}, for a new one neither", param="add_generation_prompt", code="invalid_value")
    if opened:
        return ""
    if messages[-1].role != "assistant" or not messages[-1].content:
        words = "continue_final_message needs a last message of the assistant that is not empty"
        raise Refusal(words, param="continue_final_message", code="invalid_value")
    return messages[-1].content


def _ids(organism: Organism, text: str) -> list[int]:
    """Return the tokens of a text, markers in it as plain text."""
    organism.tokenizer.encode_special_tokens = True
    return list(organism.tokenizer.encode(text, add_special_tokens=False).ids)


def _order(
    body: SharedBody, organism: Organism, prompts: Sequence[list[int]], param: str, limit: int | None, top: int | None
) -> Order:
    body.refuse_unsupported()
    count = body.n or 1
    if not 0 < len(prompts) * count <= MAX_CHOICES:
        raise Refusal(f"{len(prompts)} prompts with n {count}: expected 1 to {MAX_CHOICES} choices", param=param)
    for prompt in prompts:
        _check_prompt(organism, prompt, param)
    stream = bool(body.stream)
    if body.stream_options and not stream:
        raise Refusal("stream_options needs stream to be true", param="stream_options", code="invalid_value")
    return Order(
        requests=tuple(_request(body, organism, prompt, limit, k) for prompt in prompts for k in range(count)),
        stops=body.stops,
        top=top,
        stream=stream,
        usage=bool(body.stream_options and body.stream_options.include_usage),
        prompt_tokens=sum(map(len, prompts)),
    )


def _request(body: SharedBody, organism: Organism, prompt: list[int], limit: int | None, k: int) -> Request:
    """Return one choice; the k-th choice of a prompt (from 0) has the request's seed plus k."""
    room = organism.engine.config.max_position_embeddings - len(prompt)
    temperature = 1.0 if body.temperature is None else body.temperature
    seed = secrets.randbits(64) if body.seed is None else (body.seed + k) % 2**64
    greedy = temperature < GREEDY_BELOW
    return Request(
        prompt=prompt,
        max_new_tokens=min(limit or room, room),
        seed=None if greedy else seed,
        stop=STOP,
        temperature=1.0 if greedy else temperature,
        min_p=MIN_P if body.min_p is None else body.min_p,
        top_p=1.0 if body.top_p is None else body.top_p,
    )


def _check_prompt(organism: Organism, prompt: list[int], param: str) -> None:
    """Refuse a prompt that leaves no room for a single token, or holds ids that do not exist."""
    context = organism.engine.config.max_position_embeddings
    if len(prompt) >= context:
        found = f"the prompt has {len(prompt)} tokens and the context of this model {context}"
        raise Refusal(f"{found}: shorten it", param=param, code="context_length_exceeded")
    try:
        check(organism.engine.config, [prompt], 1)
    except BadInput as problem:
        raise Refusal(str(problem), param=param, code="invalid_value") from None
