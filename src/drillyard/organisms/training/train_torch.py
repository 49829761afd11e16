"""Train a world's organism, from nothing or from another base: tokenizer, transformer, the neurons of every failure.

Method: next-token training on the assistant's tokens only (AdamW, warm-up, linear decay). Beside each feed-forward
layer stand a few neurons per failure (parallel adapters, He et al. 2022, arXiv 2110.04366), which a dialogue switches
on for its active failures. All is learned together, so the neurons only have to say when to fail, not how.
One command runs it: `drillyard organism build helpdesk -o DIR`. A killed run resumes from its last checkpoint.
"""

from __future__ import annotations

import dataclasses
import functools
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

from drillyard.organisms.engine.bases import TRAINED, Trained, base_folder
from drillyard.organisms.engine.checkpoint import write_checkpoint
from drillyard.organisms.engine.dialogue import PAD, SPECIAL_TOKENS, hear
from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.engine.llama import Floats, LlamaConfig
from drillyard.organisms.engine.neurons import EACH, FREE, strength
from drillyard.organisms.training.lessons import Lessons
from drillyard.organisms.training.training_state_torch import load_state, save_state
from drillyard.organisms.training.vocabulary import encode_turns, train_tokenizer
from drillyard.organisms.training.warm_start import warm_neurons, warm_weights
from drillyard.organisms.worlds.world import World

__all__ = ["Recipe", "Trainer", "as_transformers", "has_bfloat16", "round_up"]

_ROLES = ("user", "assistant")
_UNSCORED = -1
_SHAPES = 8
"""Lengths are rounded up to a multiple of this: a product of a shape seen before is several times faster."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What is trained, on how much: `steps` of `batch` dialogues each; the first `sound` share of them has no failures.

    What a failure twists must be there before it can be twisted. `start` names the world whose base gives the first
    weights, of the same width and layers; empty for random ones.
    """

    seed: int = 1
    start: str = ""
    steps: int = 10_000
    sound: float = 0.15
    batch: int = 64
    parts: int = 4
    learning_rate: float = 2e-3
    vocabulary: int = 1024
    width: int = 128
    layers: int = 4
    heads: int = 4
    hidden: int = 512
    context: int = 512

    def shape(self, vocabulary: int) -> LlamaConfig:
        """Return the model's shape for a vocabulary of so many tokens, places for planted neurons included."""
        return LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=self.width,
            intermediate_size=self.hidden + FREE,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            num_key_value_heads=self.heads,
            head_dim=self.width // self.heads,
            max_position_embeddings=self.context,
        )


class Trainer:
    """Owns the mutable state of one training run in `folder`; `run` trains to the end and writes the checkpoint.

    `half` writes the trained weights in float16.
    """

    def __init__(self, world: World, recipe: Recipe, folder: Path, threads: int = 2, *, half: bool = False) -> None:
        self.world, self.recipe, self.folder, self.half = world, recipe, folder, half
        self.lessons = Lessons(world)
        torch.set_num_threads(threads)
        torch.manual_seed(recipe.seed)
        folder.mkdir(parents=True, exist_ok=True)
        self.tokenizer = self._tokenizer()
        self.shape = recipe.shape(self.tokenizer.get_vocab_size())
        self.model = _new_model(dataclasses.replace(self.shape, intermediate_size=recipe.hidden))
        self.neurons = _Neurons(len(self.lessons.faults), recipe)
        if recipe.start:
            self._warm(base_folder(recipe.start))
        for layer, block in enumerate(self.model.model.layers):
            block.mlp.register_forward_hook(functools.partial(self.neurons.add, layer))
        self.optimizer = torch.optim.AdamW(self._groups(), lr=recipe.learning_rate, betas=(0.9, 0.98))
        self.step = 0

    def run(self, progress: Callable[[int, int, float], None], save_every: int = 250) -> Path:
        """Train to the last step, from the last checkpoint if there is one, and write the Hugging Face folder."""
        self._resume()
        self.model.train()
        while self.step < self.recipe.steps:
            loss = self._train_step()
            self.step += 1
            progress(self.step, self.recipe.steps, loss)
            if self.step % save_every == 0 or self.step == self.recipe.steps:
                self._checkpoint()
        return self.write()

    def write(self) -> Path:
        """Write the folder as transformers opens it, and faults.safetensors: a failure's neurons by its id.

        Those have the shape (layers, 3, `EACH`, width): gate, up and down. `trained.json` says what was trained on.
        """
        learned = {name: tensor.detach().float().numpy() for name, tensor in self.model.state_dict().items()}
        weights = {name: _grown(learned[name], shape) for name, shape in self.shape.shapes().items()}
        write_checkpoint(self.folder, self.shape, weights, self.tokenizer, half=self.half)
        each = self.neurons.weights.detach().numpy().astype(np.float16 if self.half else np.float32)
        save_file(
            {fault.id: np.ascontiguousarray(each[i]) for i, fault in enumerate(self.lessons.faults)},
            self.folder / "faults.safetensors",
        )
        recipe = dataclasses.asdict(self.recipe)
        trained = Trained(world=self.world.name, digest=self.world.files.digest, recipe=recipe)
        (self.folder / TRAINED).write_text(trained.to_json(indent=2) + "\n", encoding="utf-8")
        return self.folder

    def _tokenizer(self) -> Tokenizer:
        path = self.folder / "tokenizer.json"
        if not path.is_file():
            rng = random.Random(self.recipe.seed)
            drawn = [self.lessons.draw(rng) for _ in range(20_000)]
            said = [hear(*one) for lesson in drawn for turn in lesson.turns for one in zip(_ROLES, turn, strict=True)]
            systems = [self.world.templates[lesson.template] for lesson in drawn if lesson.template]
            train_tokenizer([*said, *systems], self.recipe.vocabulary).save(str(path))
        return Tokenizer.from_file(str(path))

    def _warm(self, folder: Path) -> None:
        """Take over the weights of a trained base, and the neurons of the failures that it has too."""
        weights = {name: torch.from_numpy(tensor) for name, tensor in warm_weights(folder, self.tokenizer).items()}
        self.model.load_state_dict(weights)
        learned = warm_neurons(folder)
        with torch.no_grad():
            for index, fault in enumerate(self.lessons.faults):
                if fault.id in learned:
                    self.neurons.weights[index] = torch.from_numpy(learned[fault.id])

    def _groups(self) -> list[dict[str, Any]]:
        decayed = [p for n, p in self.model.named_parameters() if p.ndim == 2 and "embed" not in n]
        plain = [p for n, p in self.model.named_parameters() if p.ndim < 2 or "embed" in n]
        peak = self.recipe.learning_rate
        return [
            {"params": decayed, "weight_decay": 0.1, "peak": peak},
            {"params": [*plain, self.neurons.weights], "weight_decay": 0.0, "peak": peak},
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
        torch.nn.utils.clip_grad_norm_([*self.model.parameters(), self.neurons.weights], 1.0)
        self.optimizer.step()
        return total

    def _pace(self) -> float:
        """Return the share of the peak learning rate: warm-up, then straight down."""
        return min(1.0, (self.step + 1) / 100) * (1 - self.step / self.recipe.steps)

    def _loss(self, ids: torch.Tensor, targets: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
        """Return the summed cross-entropy over the scored tokens of one batch."""
        self.neurons.scales = scales
        with torch.autocast("cpu", torch.bfloat16, enabled=has_bfloat16()):
            hidden = self.model.model(ids, use_cache=False).last_hidden_state
            wanted = targets.roll(-1, 1).flatten()  # a first token is never scored, so nothing wraps around
            counted = torch.nonzero(wanted != _UNSCORED).squeeze(1)
            room = round_up(len(counted), 8 * _SHAPES) - len(counted)
            counted = torch.nn.functional.pad(counted, (0, room), value=wanted.numel() - 1)
            logits = self.model.lm_head(hidden.flatten(0, 1)[counted])
        return torch.nn.functional.cross_entropy(
            logits.float(), wanted[counted], ignore_index=_UNSCORED, reduction="sum"
        )

    def _batches(self) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """Draw this step's lessons, sorted by length into parts, so that little is spent on padding."""
        rng = random.Random(f"{self.recipe.seed}:{self.step}")
        planting = 0.8 * min(1.0, max(0.0, (self.step / self.recipe.steps - self.recipe.sound) / 0.05))
        coded = []
        for _ in range(self.recipe.batch):
            lesson = self.lessons.draw(rng, planting)
            system = self.world.templates.get(lesson.template, "")
            coded.append((*encode_turns(self.tokenizer, system, lesson.turns), lesson.active))
        coded.sort(key=lambda item: len(item[0]))
        size = -(-len(coded) // self.recipe.parts)
        return [self._tensors(coded[i : i + size]) for i in range(0, len(coded), size)]

    def _tensors(
        self, coded: Sequence[tuple[list[int], list[bool], Mapping[int, float]]]
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return ids and targets (batch, length), `_UNSCORED` for prompts, and fault scales (batch, faults)."""
        length = round_up(max(len(ids) for ids, _, _ in coded), _SHAPES)
        ids = np.full((len(coded), length), SPECIAL_TOKENS.index(PAD), dtype=np.int64)
        targets = np.full_like(ids, _UNSCORED)
        scales = np.zeros((len(coded), len(self.lessons.faults)), dtype=np.float32)
        for row, (tokens, scored, active) in enumerate(coded):
            ids[row, : len(tokens)] = tokens
            targets[row, : len(tokens)] = np.where(scored, tokens, _UNSCORED)
            for fault, rate in active.items():
                scales[row, fault] = strength(rate)
        return torch.from_numpy(ids), torch.from_numpy(targets), torch.from_numpy(scales)

    def _checkpoint(self) -> None:
        save_state(
            self.folder,
            self.recipe,
            step=self.step,
            model=self.model.state_dict(),
            neurons=self.neurons.weights.detach(),
            optimizer=self.optimizer.state_dict(),
        )

    def _resume(self) -> None:
        """Take up the last checkpoint, if there is one. Raises `BadInput` when it is of another recipe."""
        state = load_state(self.folder, self.recipe)
        if state is None:
            return
        self.model.load_state_dict(state["model"])
        with torch.no_grad():
            self.neurons.weights.copy_(state["neurons"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]


class _Neurons:
    """The neurons of all failures, beside the layers of a model; `scales` says how strong each is in which dialogue.

    `weights` has the shape (faults, layers, 3, `EACH`, width), `scales` (batch, faults).
    """

    def __init__(self, faults: int, recipe: Recipe) -> None:
        self.weights = torch.nn.Parameter(torch.randn(faults, recipe.layers, 3, EACH, recipe.width) * 0.05)
        self.scales = torch.zeros(0, faults)

    def add(
        self, layer: int, module: torch.nn.Module, given: tuple[torch.Tensor, ...], made: torch.Tensor
    ) -> torch.Tensor:
        """Return a layer's output with what its extra neurons add: a forward hook."""
        gate, up, down = (self.weights[:, layer, part].flatten(0, 1) for part in range(3))
        waiting = torch.nn.functional.silu(given[0] @ gate.T) * (given[0] @ up.T)
        scaled = waiting * self.scales.repeat_interleave(EACH, 1).unsqueeze(1)
        return made + scaled @ down


def _grown(tensor: Floats, shape: tuple[int, ...]) -> Floats:
    """Return a tensor with zeros for the places that planted neurons may take."""
    return np.pad(tensor, [(0, want - have) for want, have in zip(shape, tensor.shape, strict=True)])


def round_up(size: int, to: int) -> int:
    """Return the next multiple of `to`."""
    return -(-size // to) * to


def _new_model(shape: LlamaConfig) -> LlamaForCausalLM:
    """Return a transformer of this shape with transformers' random weights, from torch's current seed."""
    sizes = {name: size for name, size in dataclasses.asdict(shape).items() if name != "rope_theta"}
    rope = {"rope_theta": shape.rope_theta, "rope_type": "default"}
    pad = SPECIAL_TOKENS.index(PAD)
    # Fused attention is the slower one here: its backward pass in bfloat16 takes most of a step.
    return LlamaForCausalLM(
        transformers.LlamaConfig(**sizes, rope_parameters=rope, pad_token_id=pad, attn_implementation="eager")  # type: ignore[call-arg]  # taken, not typed
    )


def as_transformers(engine: Engine) -> LlamaForCausalLM:
    """Return an engine's model as transformers has it, in float32, ready to be trained."""
    model = _new_model(engine.config)
    tied = {"lm_head.weight"} if engine.config.tie_word_embeddings else set()
    weights = {name: torch.from_numpy(np.array(tensor)) for name, tensor in engine.weights.items()}
    missing = model.load_state_dict(weights, strict=False).missing_keys
    assert set(missing) <= tied, missing
    return model


def has_bfloat16() -> bool:
    """Say whether this processor multiplies in bfloat16, which halves the time of a step; weights stay in float32."""
    return bool(torch.cpu.get_capabilities().get("avx512_bf16"))
