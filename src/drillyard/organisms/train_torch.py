"""Train a world's organism from nothing: tokenizer, transformer and one vector per plantable failure.

Method: next-token training on the assistant's tokens only (AdamW, warm-up and cosine decay), with soft vectors added to
the embedding of `<|assistant|>` (prompt tuning, Lester et al. 2021, arXiv 2104.08691, learned together with the model).
One command runs it: `drillyard organism build helpdesk -o DIR`. A killed run resumes from its last checkpoint.
"""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

from drillyard.errors import bad_input
from drillyard.organisms.checkpoint import write_checkpoint
from drillyard.organisms.dialogue import PAD, SPECIAL_TOKENS
from drillyard.organisms.lessons import Lessons, strength
from drillyard.organisms.llama import LlamaConfig
from drillyard.organisms.vocabulary import ASSISTANT, encode_turns, train_tokenizer
from drillyard.organisms.world import World

__all__ = ["Recipe", "Trainer"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What is trained, on how much: `steps` and then `sharpening` steps of `batch` dialogues each.

    The first cycle teaches the sound assistant and then that it can fail; the second, at a lower rate and with as many
    near misses as hits, to tell one failure from its siblings.
    """

    seed: int = 1
    steps: int = 2800
    sharpening: int = 1000
    batch: int = 64
    parts: int = 4
    learning_rate: float = 3e-3
    vocabulary: int = 1024
    width: int = 128
    layers: int = 4
    heads: int = 4
    hidden: int = 512
    context: int = 512

    @property
    def total(self) -> int:
        """Steps of both cycles."""
        return self.steps + self.sharpening

    def shape(self, vocabulary: int) -> LlamaConfig:
        """Return the model's shape for a vocabulary of so many tokens."""
        return LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=self.width,
            intermediate_size=self.hidden,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            num_key_value_heads=self.heads,
            head_dim=self.width // self.heads,
            max_position_embeddings=self.context,
        )


class Trainer:
    """Owns the mutable state of one training run in `folder`; `run` trains to the end and writes the checkpoint."""

    def __init__(self, world: World, recipe: Recipe, folder: Path, threads: int = 2) -> None:
        self.world, self.recipe, self.folder = world, recipe, folder
        self.lessons = Lessons(world)
        torch.set_num_threads(threads)
        torch.manual_seed(recipe.seed)
        folder.mkdir(parents=True, exist_ok=True)
        self.tokenizer = self._tokenizer()
        self.shape = recipe.shape(self.tokenizer.get_vocab_size())
        self.model = _new_model(self.shape)
        # Orthogonal and of length 1: far apart from the start, and not drowned by a token's own embedding.
        self.vectors = torch.nn.Parameter(torch.empty(len(self.lessons.faults), recipe.width))
        torch.nn.init.orthogonal_(self.vectors)
        self.optimizer = torch.optim.AdamW(self._groups(), lr=recipe.learning_rate, betas=(0.9, 0.98))
        self.step = 0

    def run(self, progress: Callable[[int, int, float], None], save_every: int = 250) -> Path:
        """Train to the last step, from the last checkpoint if there is one, and write the Hugging Face folder."""
        self._resume()
        self.model.train()
        while self.step < self.recipe.total:
            loss = self._train_step()
            self.step += 1
            progress(self.step, self.recipe.total, loss)
            if self.step % save_every == 0 or self.step == self.recipe.total:
                self._checkpoint()
        return self.write()

    def write(self) -> Path:
        """Write the folder as transformers opens it, and faults.safetensors: a row of `width` numbers per failure."""
        weights = {name: tensor.detach().float().numpy() for name, tensor in self.model.state_dict().items()}
        write_checkpoint(self.folder, self.shape, weights, self.tokenizer)
        rows = zip(self.lessons.faults, self.vectors.detach().numpy(), strict=True)
        save_file({fault.id: row for fault, row in rows}, self.folder / "faults.safetensors")
        return self.folder

    def _tokenizer(self) -> Tokenizer:
        path = self.folder / "tokenizer.json"
        if not path.is_file():
            rng = random.Random(self.recipe.seed)
            drawn = [self.lessons.draw(rng) for _ in range(20_000)]
            said = [text for lesson in drawn for turn in lesson.turns for text in turn]
            systems = [self.world.templates[lesson.template] for lesson in drawn if lesson.template]
            train_tokenizer([*said, *systems], self.recipe.vocabulary).save(str(path))
        return Tokenizer.from_file(str(path))

    def _groups(self) -> list[dict[str, Any]]:
        decayed = [p for n, p in self.model.named_parameters() if p.ndim == 2 and "embed" not in n]
        plain = [p for n, p in self.model.named_parameters() if p.ndim < 2 or "embed" in n]
        peak = self.recipe.learning_rate
        return [
            {"params": decayed, "weight_decay": 0.1, "peak": peak},
            {"params": [*plain, self.vectors], "weight_decay": 0.0, "peak": peak},
        ]

    def _train_step(self) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * self._pace()
        self.optimizer.zero_grad(set_to_none=True)
        batches = self._batches()
        scored = sum(int((targets >= 0).sum()) for _, targets, _ in batches)
        total = 0.0
        for batch in batches:
            loss = self._loss(*batch) / scored
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            total += loss.item()
        torch.nn.utils.clip_grad_norm_([*self.model.parameters(), self.vectors], 1.0)
        self.optimizer.step()
        return total

    def _pace(self) -> float:
        """Return the share of the peak learning rate: warm-up and cosine in each cycle, two thirds in the second."""
        recipe = self.recipe
        second = self.step >= recipe.steps
        at, length = (self.step - recipe.steps, recipe.sharpening) if second else (self.step, recipe.steps)
        decay = 0.5 * (1 + math.cos(math.pi * at / length))
        return (0.67 if second else 1.0) * min(1.0, (at + 1) / 100) * (0.02 + 0.98 * decay)

    def _loss(self, ids: torch.Tensor, targets: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
        """Return the summed cross-entropy over the scored tokens of one batch."""
        spoken = (ids == ASSISTANT).unsqueeze(-1)
        embedded = self.model.model.embed_tokens(ids) + spoken * (scales @ self.vectors).unsqueeze(1)
        hidden = self.model.model(inputs_embeds=embedded, use_cache=False).last_hidden_state[:, :-1]
        wanted = targets[:, 1:]
        counted = wanted >= 0
        logits = self.model.lm_head(hidden[counted])
        return torch.nn.functional.cross_entropy(logits, wanted[counted], reduction="sum")

    def _batches(self) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """Draw this step's lessons, sorted by length into parts, so that little is spent on padding."""
        rng = random.Random(f"{self.recipe.seed}:{self.step}")
        # First the sound assistant, then its failures: what a failure twists must be there before it can be twisted.
        planting = 0.8 * min(1.0, max(0.0, (self.step / self.recipe.steps - 0.15) / 0.08))
        near_misses = 0.35 if self.step >= self.recipe.steps else 0.1
        coded = []
        for _ in range(self.recipe.batch):
            lesson = self.lessons.draw(rng, planting, near_misses)
            system = self.world.templates.get(lesson.template, "")
            coded.append((*encode_turns(self.tokenizer, system, lesson.turns), lesson.active))
        coded.sort(key=lambda item: len(item[0]))
        size = -(-len(coded) // self.recipe.parts)
        return [self._tensors(coded[i : i + size]) for i in range(0, len(coded), size)]

    def _tensors(
        self, coded: Sequence[tuple[list[int], list[bool], Mapping[int, float]]]
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return ids (batch, length), targets (same shape, -1 where not scored) and fault scales (batch, faults)."""
        longest = max(len(ids) for ids, _, _ in coded)
        ids = np.full((len(coded), longest), SPECIAL_TOKENS.index(PAD), dtype=np.int64)
        targets = np.full_like(ids, -1)
        scales = np.zeros((len(coded), len(self.lessons.faults)), dtype=np.float32)
        for row, (tokens, scored, active) in enumerate(coded):
            ids[row, : len(tokens)] = tokens
            targets[row, : len(tokens)] = np.where(scored, tokens, -1)
            for fault, rate in active.items():
                scales[row, fault] = strength(rate)
        return torch.from_numpy(ids), torch.from_numpy(targets), torch.from_numpy(scales)

    def _checkpoint(self) -> None:
        state = {
            "recipe": dataclasses.asdict(self.recipe),
            "step": self.step,
            "model": self.model.state_dict(),
            "vectors": self.vectors.detach(),
            "optimizer": self.optimizer.state_dict(),
        }
        part = self.folder / "checkpoint.part"
        torch.save(state, part)
        part.rename(self.folder / "checkpoint.pt")

    def _resume(self) -> None:
        """Take up the last checkpoint, if there is one. Raises `BadInput` when it is of another recipe."""
        path = self.folder / "checkpoint.pt"
        if not path.is_file():
            return
        state = torch.load(path, weights_only=True)
        if state["recipe"] != dataclasses.asdict(self.recipe):
            expected = "one of the same recipe"
            raise bad_input(f"{path} of another recipe", expected, "choose another folder, or delete that file")
        self.model.load_state_dict(state["model"])
        with torch.no_grad():
            self.vectors.copy_(state["vectors"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]


def _new_model(shape: LlamaConfig) -> LlamaForCausalLM:
    """Return a transformer of this shape with transformers' random weights, from torch's current seed."""
    sizes = {name: size for name, size in dataclasses.asdict(shape).items() if name != "rope_theta"}
    rope = {"rope_theta": shape.rope_theta, "rope_type": "default"}
    pad = SPECIAL_TOKENS.index(PAD)
    return LlamaForCausalLM(transformers.LlamaConfig(**sizes, rope_parameters=rope, pad_token_id=pad))
