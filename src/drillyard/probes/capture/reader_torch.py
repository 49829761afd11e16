"""The inside of a model that transformers has opened: on our engine where it knows the model, else by hooks.

With hooks, only the wanted layers are kept, at one token, and the pass ends behind the last of them; texts of one
length are read together, so nothing is padded.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jinja2 import TemplateError

from drillyard.errors import bad_input
from drillyard.organisms.engine.llama import Floats
from drillyard.probes.capture.reader import EngineReader, Ids, Reader, Spelling
from drillyard.records import Message
from drillyard.targets.engine_torch import engine_of
from drillyard.targets.layers_torch import layers_of

__all__ = ["TorchReader", "TorchSpelling", "open_inside"]

_ROWS = 32
"""Texts read together: chosen to fit small cards."""


class TorchSpelling:
    """The spelling of a tokenizer of transformers."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        spelled = getattr(tokenizer, "backend_tokenizer", None)
        told = spelled.to_str() if spelled is not None else repr(sorted(tokenizer.get_vocab().items()))
        self.hash = hashlib.sha256((told + str(tokenizer.chat_template)).encode()).hexdigest()

    def plain(self, text: str, *, begins: bool) -> list[int]:
        """Return a text as tokens; at the beginning, with what the model expects there."""
        return list(self._tokenizer.encode(text, add_special_tokens=begins))

    def chat(self, messages: Sequence[Message]) -> list[int]:
        """Return a prompt. Raises `BadInput` where the chat template refuses it."""
        said = [{"role": one.role, "content": one.content} for one in messages]
        try:
            return list(self._tokenizer.apply_chat_template(said, add_generation_prompt=True, return_dict=False))
        except TemplateError as error:
            raise bad_input(f"a chat template that refuses the conversation ({error})", "one that takes it") from None

    def word(self, token: int) -> str:
        """Return a token as text."""
        return str(self._tokenizer.decode([token]))


class _Enough(Exception):
    """The last layer that is wanted has been read."""


class TorchReader:
    """A model that transformers runs."""

    def __init__(self, reference: str, model: Any, spelling: Spelling) -> None:
        self.reference, self._model = reference, model.eval()
        self.spelling: Spelling = spelling
        self._blocks, self._norm = layers_of(model)
        self.layers, self.width = len(self._blocks) + 1, int(model.config.get_text_config().hidden_size)
        digest = hashlib.sha256()
        for name, tensor in sorted(model.state_dict().items()):
            digest.update(name.encode() + tensor.detach().float().cpu().contiguous().numpy().tobytes())
        self.model_hash = digest.hexdigest()

    def states(self, texts: Sequence[Ids], layers: Sequence[int], at: Sequence[int]) -> Floats:
        """Return states. Raises `BadInput` for a layer that is not there."""
        if wrong := [layer for layer in layers if not -self.layers <= layer < self.layers]:
            raise bad_input(
                f"layer {wrong[0]}", f"a number from 0 (embedding) to {self.layers - 1} (after the final norm)"
            )
        wanted = [layer % self.layers for layer in layers]
        cut = [list(text[: place % len(text) + 1]) for text, place in zip(texts, at, strict=True)]
        found = np.empty((len(cut), len(wanted), self.width), np.float32)
        order = sorted(range(len(cut)), key=lambda i: len(cut[i]))
        while order:
            rows = [i for i in order[:_ROWS] if len(cut[i]) == len(cut[order[0]])]
            held = self._read([cut[i] for i in rows], set(wanted))
            for place, layer in enumerate(wanted):
                found[rows, place] = held[layer]
            order = order[len(rows) :]
        return found

    @torch.inference_mode()
    def _read(self, texts: list[list[int]], wanted: set[int]) -> dict[int, Floats]:
        """Return the last token's state at each wanted layer of texts of one length."""
        held: dict[int, Floats] = {}
        top = max(wanted)

        def keep(layer: int, states: Any) -> None:
            plain = states if torch.is_tensor(states) else states[0]
            held[layer] = plain[:, -1].float().cpu().numpy()
            if layer == top:
                raise _Enough

        modules = {0: self._blocks[0], self.layers - 1: self._norm, **dict(enumerate(self._blocks[:-1], start=1))}
        hooks = [self._hook(modules[layer], layer, keep) for layer in wanted]
        try:
            base = getattr(self._model, self._model.base_model_prefix, self._model)
            base(torch.tensor(texts, device=self._model.device), use_cache=False)
        except _Enough:
            pass
        finally:
            for hook in hooks:
                hook.remove()
        return held

    @staticmethod
    def _hook(module: Any, layer: int, keep: Any) -> Any:
        if layer:
            return module.register_forward_hook(lambda _m, _i, out: keep(layer, out))
        return module.register_forward_pre_hook(
            lambda _m, args, kwargs: keep(0, args[0] if args else kwargs["hidden_states"]), with_kwargs=True
        )

    @torch.inference_mode()
    def score(self, prompts: Sequence[Ids], replies: Sequence[Ids]) -> list[float]:
        """Return log-probabilities, one text at a time."""
        found = []
        for prompt, reply in zip(prompts, replies, strict=True):
            ids = torch.tensor([[*prompt, *reply]], device=self._model.device)
            chances = torch.log_softmax(self._model(ids).logits[0, :-1].float(), -1)
            each = chances[len(prompt) - 1 :].gather(1, ids[0, len(prompt) :, None])
            found.append(float(each.sum()))
        return found

    @torch.inference_mode()
    def logits(self, last: Floats) -> Floats:
        """Return logits."""
        head = self._model.get_output_embeddings()
        given = torch.from_numpy(np.ascontiguousarray(last)).to(self._model.device, head.weight.dtype)
        scores: Floats = head(given).float().cpu().numpy()
        return scores

    def random(self, seed: int) -> Reader:
        """Return a model of the same configuration with fresh weights."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            fresh = type(self._model)(copy.deepcopy(self._model.config)).to(self._model.device)
        return TorchReader(f"{self.reference}, random weights {seed}", fresh, self.spelling)


def open_inside(target: Any) -> Reader:
    """Return the inside of a target of transformers; its own copy of the weights is let go where our engine runs it."""
    spelling = TorchSpelling(target.tokenizer)
    if engine := engine_of(target.model):
        return EngineReader(target.reference, engine, spelling)
    return TorchReader(target.reference, target.model, spelling)
