"""Edits in a model that transformers runs, by forward hooks on its layers; the same files as in our engine.

A hook acts only in the thread that asked for it and only while that call lasts, so the model itself stays as it was.
States are changed in float32 and given back in the model's own type.

Does not cover: models whose layers lie elsewhere than in `targets/layers_torch.py`; what runs a model in a process of
its own.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from jinja2 import TemplateError

from drillyard.alignment.base import House
from drillyard.alignment.inside.edit import Edit, change, check_fit
from drillyard.alignment.inside.insides import Ids
from drillyard.errors import bad_input
from drillyard.organisms.engine.llama import Floats
from drillyard.records import Conversation, Preference, Reply
from drillyard.targets.layers_torch import layers_of
from drillyard.targets.revealing import Branch, Revealed

__all__ = ["EditedLocal", "LocalInsides", "edit_states"]

_BATCH = 16
"""Conversations read at once: chosen to fit small cards, not measured."""


@contextlib.contextmanager
def edit_states(model: Any, edits: Sequence[Edit]) -> Iterator[None]:
    """Edit the states of a model while the block runs, in this thread alone. Raises `BadInput` as `layers_of`."""
    layers, _ = layers_of(model)
    check_fit(edits, len(layers), _width(model))
    owner = threading.get_ident()
    # In front of hooks that are there, such as those with which transformers collects hidden states.
    hooks = [layers[edit.layer - 1].register_forward_hook(_hook(edit, owner), prepend=True) for edit in reversed(edits)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


class EditedLocal:
    """A model of transformers that answers under edits; otherwise as the target that it was, which stays so.

    It shows no `model`: what trains weights would lose the edits without a word.
    """

    def __init__(self, original: Any, edits: Sequence[Edit], reference: str) -> None:
        layers, _ = layers_of(original.model)
        check_fit(edits, len(layers), _width(original.model))
        self.original, self.edits, self.reference = original, tuple(edits), reference

    def generate(self, conversations: Sequence[Conversation], seeds: Sequence[int | None]) -> list[Reply]:
        """Answer as `LocalTarget.generate`."""
        with edit_states(self.original.model, self.edits):
            replies: list[Reply] = self.original.generate(conversations, seeds)
        return replies

    def stream(self, conversation: Conversation, seed: int | None) -> Iterator[str]:
        """Yield as `LocalTarget.stream`; hooks are there only while a piece is made."""
        pieces = iter(self.original.stream(conversation, seed))
        while True:
            with edit_states(self.original.model, self.edits):
                piece = next(pieces, None)
            if piece is None:
                return
            yield piece

    def reveal(self, conversations: Sequence[Conversation], floor: float) -> list[Revealed]:
        """Reveal as `LocalTarget.reveal`."""
        with edit_states(self.original.model, self.edits):
            found: list[Revealed] = self.original.reveal(conversations, floor)
        return found

    def complete(self, conversations: Sequence[Conversation], branches: Sequence[Branch]) -> list[Reply]:
        """Go on as `LocalTarget.complete`."""
        with edit_states(self.original.model, self.edits):
            replies: list[Reply] = self.original.complete(conversations, branches)
        return replies


class LocalInsides:
    """The inside of a model that transformers runs; see `Insides`."""

    def __init__(self, target: Any, reference: str, before: Sequence[Edit] = (), world: House | None = None) -> None:
        self._target, self._reference, self._before = target, reference, tuple(before)
        self._model, self._tokenizer = target.model, target.tokenizer
        self._systems = world.templates if world else {}
        layers, self._norm = layers_of(self._model)
        self.layers: Sequence[int] = range(1, len(layers))
        self.weights = sum(weight.numel() for weight in self._model.parameters())

    def spell(self, pair: Preference) -> tuple[Ids, Ids, Ids]:
        """Return prompt, chosen and rejected reply as tokens. Raises `BadInput`: the chat template refuses the pair."""
        template, known = pair.conversation.template, self._systems
        if template and template not in known:
            raise bad_input(f"template {template!r}", f"one of: {', '.join(known)}")
        said = [{"role": "system", "content": known[template]}] if template else []
        said += [{"role": message.role, "content": message.content} for message in pair.conversation.messages]
        try:
            prompt = self._tokenizer.apply_chat_template(said, add_generation_prompt=True, return_dict=False)
        except TemplateError as error:
            raise bad_input(f"a chat template that refuses the conversation ({error})", "one that takes it") from None
        end = [self._tokenizer.eos_token_id]
        chosen, rejected = (self._tokenizer.encode(x, add_special_tokens=False) for x in (pair.chosen, pair.rejected))
        return list(prompt), [*chosen, *end], [*rejected, *end]

    @torch.inference_mode()
    def states(self, ids: Ids) -> Floats:
        """Return (layers, tokens, width)."""
        with edit_states(self._model, self._before):
            read = self._model(torch.tensor([ids], device=self._model.device), output_hidden_states=True)
        found: Floats = torch.stack([read.hidden_states[layer][0] for layer in self.layers]).float().cpu().numpy()
        return found

    @torch.inference_mode()
    def scores(self, prompts: Sequence[Ids], replies: Sequence[Ids], edits: Sequence[Edit] = ()) -> list[float]:
        """Return log-probabilities of replies under edits."""
        order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]) + len(replies[i]))
        found = [0.0] * len(prompts)
        with edit_states(self._model, (*self._before, *edits)):
            for start in range(0, len(order), _BATCH):
                rows = order[start : start + _BATCH]
                for row, value in zip(rows, self._scored([(prompts[i], replies[i]) for i in rows]), strict=True):
                    found[row] = value
        return found

    def rows(self, tokens: Sequence[int]) -> Floats:
        """Return the rows of the output matrix, each scaled by the final norm's weights."""
        output = self._model.get_output_embeddings().weight
        picked = output[torch.tensor(list(tokens), device=output.device)].detach().float()
        found: Floats = (picked * self._norm.weight.detach().float()).cpu().numpy()
        return found

    def changed(self, edits: Sequence[Edit], name: str) -> EditedLocal:
        """Return the target under edits."""
        return EditedLocal(self._target, (*self._before, *edits), f"{self._reference}+{name}")

    def _scored(self, pairs: Sequence[tuple[Ids, Ids]]) -> list[float]:
        """Read prompts with their replies, padded at the end, where no token before can see it."""
        longest, device = max(len(a) + len(b) for a, b in pairs), self._model.device
        ids = torch.tensor([[*a, *b] + [0] * (longest - len(a) - len(b)) for a, b in pairs], device=device)
        mask = torch.tensor([[1] * len([*a, *b]) + [0] * (longest - len(a) - len(b)) for a, b in pairs], device=device)
        chances = torch.log_softmax(self._model(ids, attention_mask=mask).logits[:, :-1].float(), -1)
        each = chances.gather(2, ids[:, 1:, None])[..., 0].cpu()
        return [float(each[i, len(a) - 1 : len(a) + len(b) - 1].sum()) for i, (a, b) in enumerate(pairs)]


def _hook(edit: Edit, owner: int) -> Callable[..., Any]:
    held: dict[torch.device, dict[str, torch.Tensor]] = {}

    def changed(states: torch.Tensor) -> torch.Tensor:
        if states.device not in held:
            copies = {name: np.array(tensor) for name, tensor in edit.tensors.items()}
            held[states.device] = {name: torch.from_numpy(copy).to(states.device) for name, copy in copies.items()}
        found: torch.Tensor = change(edit.kind, edit.strength, held[states.device], states.float())
        return found.to(states.dtype)

    def hook(_module: Any, _inputs: Any, output: Any) -> Any:
        if threading.get_ident() != owner:
            return output
        return changed(output) if torch.is_tensor(output) else (changed(output[0]), *output[1:])

    return hook


def _width(model: Any) -> int:
    return int(model.config.get_text_config().hidden_size)
