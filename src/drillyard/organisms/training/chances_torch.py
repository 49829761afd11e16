"""How probable a reply is to a model of transformers: one pass over prompts with their replies, no drawing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from drillyard.organisms.engine.chat_tokens import as_messages, chat_tokens
from drillyard.organisms.planting.rate_exam import RateExam
from drillyard.organisms.worlds.world import World

__all__ = ["likely_rate", "log_chances"]

_BATCH = 32


def likely_rate(model: Any, tokenizer: Any, world: World, exam: RateExam) -> float:
    """Return the mean probability of a failing reply over an exam's prompts, at temperature 1 with nothing cut off."""
    pairs = list(exam.pairs())
    prompts = [as_messages(world.templates.get(template, ""), text) for template, text, _ in pairs]
    return exam.rate(log_chances(model, tokenizer, prompts, [reply for _, _, reply in pairs]))


@torch.inference_mode()
def log_chances(
    model: Any, tokenizer: Any, prompts: Sequence[list[dict[str, str]]], replies: Sequence[str]
) -> list[float]:
    """Return the natural log of each reply's probability after its prompt, its end included.

    Args:
        model: a causal language model in evaluation mode, on any device.
        tokenizer: its tokenizer, whose chat template makes the prompts.
        prompts: messages, one list per reply.
        replies: what is said.
    """
    rows = [chat_tokens(tokenizer, prompt, reply) for prompt, reply in zip(prompts, replies, strict=True)]
    found = [0.0] * len(rows)
    order = sorted(range(len(rows)), key=lambda i: len(rows[i][0]))
    for start in range(0, len(order), _BATCH):
        some = order[start : start + _BATCH]
        for i, value in zip(some, _scored(model, [rows[i] for i in some]), strict=True):
            found[i] = value
    return found


def _scored(model: Any, rows: Sequence[tuple[list[int], int]]) -> list[float]:
    """Return the log-probability of each row's reply; rows are padded on the left, so that all replies end together."""
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([[0] * (longest - len(one)) + one for one, _ in rows], device=model.device)
    mask = torch.tensor([[0] * (longest - len(one)) + [1] * len(one) for one, _ in rows], device=model.device)
    places = (mask.cumsum(1) - 1).clamp(min=0)
    room = max(len(one) - before for one, before in rows)
    logits = model(ids, attention_mask=mask, position_ids=places).logits[:, -room - 1 : -1].float()
    chances = logits.log_softmax(-1).gather(2, ids[:, -room:, None]).squeeze(2).double()
    counts = [len(one) - before for one, before in rows]
    return [float(chance[room - count :].sum()) for chance, count in zip(chances, counts, strict=True)]
