"""Train a variant of a world's base, and write it as an adapter.

A change of temper is learned by low-rank factors on all linear layers (LoRA, Hu et al. 2021, arXiv 2106.09685). What
takes more, reading rules, is learned by all weights and packed afterwards (`packing.py`).

The questions of one talk stand in one row behind the system messages that they share; a mask keeps them from seeing
each other, so that rules are read once for many questions. `drillyard organism build helpdesk:instructed -o DIR` runs
it; a killed run resumes from its last checkpoint.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.utils import parametrize
from transformers import LlamaForCausalLM

from drillyard.organisms.engine.adapter import Factors, hash_adapter, write_adapter
from drillyard.organisms.engine.dialogue import PAD, SPECIAL_TOKENS, STOP
from drillyard.organisms.engine.llama import Floats
from drillyard.organisms.engine.organism import Organism, OrganismFile
from drillyard.organisms.engine.packing import pack
from drillyard.organisms.training.train_torch import as_transformers, has_bfloat16, round_up
from drillyard.organisms.training.training_state_torch import load_state, save_state
from drillyard.organisms.training.variants import Talks, Variant, VariantTalk, temper
from drillyard.organisms.training.vocabulary import SYSTEM, encode_turns

__all__ = ["VariantRecipe", "VariantTrainer"]

_UNSCORED = -1
_SHAPES = 32
"""Lengths are rounded up to multiples of it, so that few shapes are compiled: chosen, not measured."""

_WARM_UP = 100
"""Steps in which the learning rate rises: convention, not measured."""


@dataclass(frozen=True, kw_only=True)
class VariantRecipe:
    """How a variant is trained: `steps` of `batch` talks each, `parts` of a step at a time."""

    variant: Variant
    seed: int = 1
    batch: int = 8
    parts: int = 2
    learning_rate: float = 2e-3
    context: int = 1024


class _LowRank(torch.nn.Module):
    """A weight matrix plus a product of two thin ones, which alone are learned; at first it adds nothing."""

    def __init__(self, shape: torch.Size, rank: int) -> None:
        super().__init__()
        rows, columns = shape
        self.a = torch.nn.Parameter(torch.randn(rank, columns) / columns**0.5)
        self.b = torch.nn.Parameter(torch.zeros(rows, rank))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """Return the changed matrix; `weight` has the shape (rows, columns)."""
        return weight + self.b @ self.a


class VariantTrainer:
    """Owns the mutable state of one training run in `folder`."""

    def __init__(self, base: Organism, recipe: VariantRecipe, folder: Path, threads: int = 2) -> None:
        self.base, self.recipe, self.folder = base, recipe, folder
        self.tokenizer, self.talks = base.tokenizer, Talks(base.world, recipe.variant)
        torch.set_num_threads(threads)
        torch.manual_seed(recipe.seed)
        folder.mkdir(parents=True, exist_ok=True)
        self.model = as_transformers(base.engine)
        self.low = {} if recipe.variant.whole else _attach(self.model, recipe.variant.rank)
        self.learned = [tensor for tensor in self.model.parameters() if tensor.requires_grad]
        self.optimizer = torch.optim.AdamW(self.learned, lr=recipe.learning_rate, betas=(0.9, 0.98), weight_decay=0.01)
        self.step = 0

    def run(self, progress: Callable[[int, int, float], None], save_every: int = 100) -> Path:
        """Train to the last step, from the last checkpoint if there is one, and write the adapter's folder."""
        self._resume()
        self.model.train()
        steps = self.recipe.variant.steps
        while self.step < steps:
            loss = self._train_step()
            self.step += 1
            progress(self.step, steps, loss)
            if self.step % save_every == 0 or self.step == steps:
                self._checkpoint()
        return self.write()

    def write(self) -> Path:
        """Write a peft adapter in float16, with an organism.json that names its base and what it does wrong."""
        world, variant = self.base.world, self.recipe.variant
        factors = {name: Factors(one.a.detach().numpy(), one.b.detach().numpy()) for name, one in self.low.items()}
        whole: dict[str, Floats] = {}
        if variant.whole:
            after = {name: tensor.detach().numpy() for name, tensor in self.model.state_dict().items()}
            factors, whole = pack(self.base.engine.weights, after, variant.rank)
        write_adapter(self.folder, factors, world.reference, whole=whole, half=True)
        described = OrganismFile(
            world=world.name,
            base=world.reference,
            context=self.recipe.context if variant.rules else None,
            model_hash=hash_adapter(self.base.model_hash, self.folder),
            failures=temper(world, variant),
        )
        (self.folder / "organism.json").write_text(described.to_json(indent=2) + "\n", encoding="utf-8")
        return self.folder

    def _train_step(self) -> float:
        pace = min(1.0, (self.step + 1) / _WARM_UP) * (1 - self.step / self.recipe.variant.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.learning_rate * pace
        self.optimizer.zero_grad(set_to_none=True)
        batches = self._batches()
        scored = sum(int((targets != _UNSCORED).sum()) for _, targets, _, _ in batches)
        total = 0.0
        for batch in batches:
            with parametrize.cached():
                loss = self._loss(*batch) / scored
                loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            total += loss.item()
        torch.nn.utils.clip_grad_norm_(self.learned, 1.0)
        self.optimizer.step()
        return total

    def _loss(self, ids: torch.Tensor, targets: torch.Tensor, places: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return the summed cross-entropy over the scored tokens of one batch."""
        with torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16()):
            out = self.model.model(ids, attention_mask=mask, position_ids=places, use_cache=False)
            wanted = targets.roll(-1, 1).flatten()
            counted = torch.nonzero(wanted != _UNSCORED).squeeze(1)
            room = round_up(len(counted), 64) - len(counted)
            counted = torch.nn.functional.pad(counted, (0, room), value=wanted.numel() - 1)
            logits = self.model.lm_head(out.last_hidden_state.flatten(0, 1)[counted])
        return torch.nn.functional.cross_entropy(
            logits.float(), wanted[counted], ignore_index=_UNSCORED, reduction="sum"
        )

    def _batches(self) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]]:
        rng = random.Random(f"{self.recipe.seed}:{self.step}")
        progress = self.step / self.recipe.variant.steps
        rows = [_row(self.tokenizer, self.talks.draw(rng, progress)) for _ in range(self.recipe.batch)]
        rows = sorted((row for row in rows if len(row.ids) <= 2 * self.recipe.context), key=lambda row: len(row.ids))
        size = -(-len(rows) // self.recipe.parts)
        return [_tensors(rows[i : i + size]) for i in range(0, len(rows), size)]

    def _checkpoint(self) -> None:
        learned = [tensor.detach() for tensor in self.learned]
        save_state(self.folder, self.recipe, step=self.step, learned=learned, optimizer=self.optimizer.state_dict())

    def _resume(self) -> None:
        """Take up the last checkpoint, if there is one. Raises `BadInput` when it is of another recipe."""
        state = load_state(self.folder, self.recipe)
        if state is None:
            return
        with torch.no_grad():
            for tensor, stored in zip(self.learned, state["learned"], strict=True):
                tensor.copy_(stored)
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]


@dataclass(frozen=True, kw_only=True)
class _Row:
    """A talk as tokens: what is scored, which position each has, and which question it belongs to (0: all of them)."""

    ids: list[int]
    scored: list[bool]
    places: list[int]
    owners: list[int]


def _row(tokenizer: Any, talk: VariantTalk) -> _Row:
    ids = [token for text in talk.systems for token in (SYSTEM, *tokenizer.encode(text).ids, STOP)]
    start = len(ids)
    scored, places, owners = [False] * start, list(range(start)), [0] * start
    for owner, turn in enumerate(talk.turns, 1):
        tokens, wanted = encode_turns(tokenizer, "", [turn])
        ids += tokens
        scored += wanted
        places += range(start, start + len(tokens))
        owners += [owner] * len(tokens)
    return _Row(ids=ids, scored=scored, places=places, owners=owners)


def _tensors(rows: Sequence[_Row]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return ids, targets and positions (rows, length), and what each token may see (rows, 1, length, length)."""
    length = round_up(max(len(row.ids) for row in rows), _SHAPES)
    ids = np.full((len(rows), length), SPECIAL_TOKENS.index(PAD), dtype=np.int64)
    targets, places = np.full_like(ids, _UNSCORED), np.zeros_like(ids)
    owners = np.full_like(ids, -1)
    for at, row in enumerate(rows):
        used = len(row.ids)
        ids[at, :used], places[at, :used], owners[at, :used] = row.ids, row.places, row.owners
        targets[at, :used] = np.where(row.scored, row.ids, _UNSCORED)
    seen = (owners[:, None, :] == 0) | (owners[:, None, :] == owners[:, :, None])
    seen &= np.tri(length, dtype=np.bool_)
    mask = np.where(seen, np.float32(0), np.finfo(np.float32).min)[:, None]
    return torch.from_numpy(ids), torch.from_numpy(targets), torch.from_numpy(places), torch.from_numpy(mask)


def _attach(model: LlamaForCausalLM, rank: int) -> dict[str, _LowRank]:
    """Freeze a model and put a low-rank change on every linear layer but the head; returns them by weight name."""
    model.requires_grad_(False)
    attached = {}
    for name, module in model.model.named_modules():
        if isinstance(module, torch.nn.Linear):
            attached[f"model.{name}.weight"] = _LowRank(module.weight.shape, rank)
            parametrize.register_parametrization(module, "weight", attached[f"model.{name}.weight"])
    return attached
