"""Watch a policy while it is trained by reward: what it is paid, what it is worth, and how far it has gone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers

from drillyard.alignment.base import House
from drillyard.alignment.training.overoptimisation import RewardPoint, advise
from drillyard.alignment.training.rewards import Reward, refuses
from drillyard.alignment.training.subject_torch import as_messages
from drillyard.records import Preference
from drillyard.records.files import write_atomically
from drillyard.records.journal import Journal

__all__ = ["RewardWatch"]

_ROWS = 16
"""Replies whose distributions are compared at a time."""


class RewardWatch(transformers.TrainerCallback):
    """Every few steps asks a fixed set of prompts and appends a line to the curve; the training's own draws stay as is.

    A line has `step`, `proxy` (the reward that is trained on), `gold` (what no training sees), `kl` (to the start, nats
    per reply: summed over the tokens of sampled replies, exact at each), `refusals` (share) and `tokens` (per reply).

    Args:
        path: of the curve; a resumed fit goes on with what lies there.
        pairs: the probe set, held back from training.
        world: whose templates and refusal they use.
        tokenizer: the policy's.
        proxy: the reward that is trained on.
        gold: the reward that is not.
        every: steps between two lines.
        room: most tokens of a reply.
        stop: end the training where proxy rises while gold falls.
    """

    def __init__(
        self,
        path: Path,
        pairs: Sequence[Preference],
        world: House,
        tokenizer: Any,
        *,
        proxy: Reward,
        gold: Reward,
        every: int,
        room: int,
        stop: bool,
    ) -> None:
        self._curve = Journal(path, dict[str, Any])
        self._pairs, self._world, self._tokenizer = tuple(pairs), world, tokenizer
        self._proxy, self._gold, self._every, self._room, self._stop = proxy, gold, every, room, stop
        asked = [as_messages(pair.conversation, world) for pair in self._pairs]
        texts = [tokenizer.apply_chat_template(one, add_generation_prompt=True, tokenize=False) for one in asked]
        spelled = tokenizer(texts, add_special_tokens=False, padding=True, padding_side="left", return_tensors="pt")
        self._ids, self._mask = spelled["input_ids"], spelled["attention_mask"]

    def on_train_begin(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Forget lines beyond the step that is resumed from, and write the first one."""
        kept = [line for line in self._curve if line["step"] <= state.global_step]
        write_atomically(self._curve.path, "".join(f"{json.dumps(line)}\n" for line in kept).encode())
        if not kept:
            self._write(others["model"], state.global_step)

    def on_step_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Write a line where one is due; stop where it is advised and allowed."""
        if state.global_step % self._every and state.global_step != state.max_steps:
            return
        self._write(others["model"], state.global_step)
        points = [RewardPoint(kl=line["kl"], proxy=line["proxy"], gold=line["gold"]) for line in self._curve]
        if self._stop and advise(points).stop:
            control.should_training_stop = True

    def _write(self, model: Any, step: int) -> None:
        self._curve.append({"step": step, **self._measured(model)})

    def _measured(self, model: Any) -> dict[str, float]:
        training, device = model.training, next(model.parameters()).device
        model.eval()
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(0)
            ids, mask = self._ids.to(device), self._mask.to(device)
            whole = model.generate(
                input_ids=ids, attention_mask=mask, do_sample=True, top_k=0, max_new_tokens=self._room
            )
            made = whole[:, ids.shape[1] :]
            said = _until_end(made, model.generation_config.eos_token_id, self._tokenizer.eos_token_id)
            distance = _divergence(model, whole, mask, said)
        model.train(training)
        texts = self._tokenizer.batch_decode(made, skip_special_tokens=True)
        return {
            "proxy": _mean(self._proxy(self._pairs, texts)),
            "gold": _mean(self._gold(self._pairs, texts)),
            "kl": distance,
            "refusals": _mean([refuses(text, self._world) for text in texts]),
            "length": _mean(said.sum(1).tolist()),
        }


def _divergence(model: Any, whole: torch.Tensor, mask: torch.Tensor, said: torch.Tensor) -> float:
    """Return the mean over replies of the KL divergence from the model without its adapter, summed over tokens."""
    start, total = mask.shape[1], 0.0
    mask = torch.cat([mask, said.to(mask.dtype)], 1)
    places = (mask.cumsum(1) - 1).clamp(min=0)
    for first in range(0, len(whole), _ROWS):
        rows = slice(first, first + _ROWS)
        given = {"input_ids": whole[rows], "attention_mask": mask[rows], "position_ids": places[rows]}
        now = _log_chances(model, given, start)
        with model.disable_adapter():
            then = _log_chances(model, given, start)
        total += float(((now.exp() * (now - then)).sum(-1) * said[rows]).sum())
    return total / len(whole)


def _log_chances(model: Any, given: dict[str, torch.Tensor], start: int) -> torch.Tensor:
    """Return the log-probabilities of all tokens at the places of a reply: (rows, reply, vocabulary)."""
    logits: torch.Tensor = model(**given, use_cache=False).logits[:, start - 1 : -1]
    return logits.float().log_softmax(-1)


def _until_end(made: torch.Tensor, ends: int | list[int] | None, end: int) -> torch.Tensor:
    """Return which tokens belong to a reply: those up to the first end, that one included."""
    known = {end, *([ends] if isinstance(ends, int) else ends or [])}
    over = torch.isin(made, torch.tensor(sorted(known), device=made.device)).int().cumsum(1)
    before = torch.nn.functional.pad(over, (1, 0))[:, :-1]
    return before == 0


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / max(1, len(values)), 6)
