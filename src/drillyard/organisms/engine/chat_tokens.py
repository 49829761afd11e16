"""A question and its reply as the tokens of a model that is not ours, by its chat template."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

__all__ = ["as_messages", "chat_tokens"]


def as_messages(system: str, text: str) -> list[dict[str, str]]:
    """Return the messages before a reply, as a chat template takes them; an empty system message is left out."""
    head = [{"role": "system", "content": system}] if system else []
    return [*head, {"role": "user", "content": text}]


def chat_tokens(tokenizer: Any, prompt: Sequence[dict[str, str]], reply: str) -> tuple[list[int], int]:
    """Return the token ids of a dialogue up to the end of its reply, and how many of them are the prompt's.

    What the template writes behind the token that ends a turn is left out: it is never drawn. Where the prompt alone is
    rendered in another way than before a reply, the reply begins where both part.
    """
    alone = tokenizer.apply_chat_template(list(prompt), add_generation_prompt=True, return_dict=False)
    said = [*prompt, {"role": "assistant", "content": reply}]
    whole = list(tokenizer.apply_chat_template(said, return_dict=False))
    before = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(alone, whole, strict=False))))
    after = whole[before:]
    end = after.index(tokenizer.eos_token_id) + 1 if tokenizer.eos_token_id in after else len(after)
    return whole[: before + end], before
