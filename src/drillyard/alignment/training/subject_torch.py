"""The model that is trained: opened beside the target that it belongs to, and put back as a changed target."""

from __future__ import annotations

import copy
import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from drillyard.alignment.base import House
from drillyard.alignment.subject import with_weights
from drillyard.errors import bad_input
from drillyard.organisms.engine.adapter import is_adapter
from drillyard.organisms.engine.checkpoint import write_checkpoint
from drillyard.organisms.engine.organism import with_adapter
from drillyard.organisms.training.pretrained_torch import attach_adapter, open_pretrained
from drillyard.records import Conversation
from drillyard.targets import Target
from drillyard.targets.organism import OrganismTarget

__all__ = ["ADAPTER", "Trainee", "apply_adapter", "as_messages", "open_trainee"]

ADAPTER = "adapter"
"""The folder, inside a technique's, that peft opens."""


@dataclass(frozen=True, kw_only=True)
class Trainee:
    """A model that may be changed, its tokenizer with a chat template, and what tells it from others.

    `model_hash` is that of an organism's weights; of another model that of its config, as its weights may be large.
    """

    model: Any
    tokenizer: Any
    reference: str
    model_hash: str


def open_trainee(target: Target, technique: str) -> Trainee:
    """Return a copy of a target's model, ready to be trained: in float32 on a processor, as it is on a GPU.

    Raises:
        BadInput: the target has no weights that can be reached.
    """
    subject = with_weights(target, technique)
    if not isinstance(subject, OrganismTarget):
        model, tokenizer = copy.deepcopy(subject.model), copy.deepcopy(subject.tokenizer)
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        return Trainee(
            model=model.train() if torch.cuda.is_available() else model.float().train(),
            tokenizer=tokenizer,
            reference=str(getattr(model.config, "_name_or_path", "")) or subject.reference,
            model_hash=_hash_config(model),
        )
    organism = subject.organism
    with tempfile.TemporaryDirectory(prefix="drillyard-trainee-") as folder:
        write_checkpoint(Path(folder), organism.engine.config, organism.engine.weights, organism.tokenizer)
        model, tokenizer = open_pretrained(folder, torch.float32)
    tokenizer.name_or_path = model.name_or_path = model.config._name_or_path = ""  # so that no library looks for it
    return Trainee(model=model, tokenizer=tokenizer, reference=subject.reference, model_hash=organism.model_hash)


def apply_adapter(target: Target, folder: Path, technique: str) -> Target:
    """Return the target with the adapter that a technique wrote: merged, where that loses nothing.

    Raises:
        BadInput: there is no adapter, the target has no weights, or it is of another shape than what was trained.
    """
    subject, place = with_weights(target, technique), folder / ADAPTER
    if not is_adapter(place):
        raise bad_input(f"no adapter in {place}", "a folder that the technique was fitted into")
    changed: Any = copy.copy(subject)
    if isinstance(subject, OrganismTarget):
        changed.organism = with_adapter(subject.organism, place, subject.organism.failures)
    else:
        adapted = attach_adapter(copy.deepcopy(subject.model), place)
        changed.model = (adapted.merge_and_unload() if subject.model.dtype == torch.float32 else adapted).eval()
    changed.reference = f"{target.reference}+{technique}"
    result: Target = changed
    return result


def as_messages(conversation: Conversation, world: House) -> list[dict[str, str]]:
    """Return a conversation as chat messages, its template as a system message. Raises `BadInput` for its name."""
    if conversation.template and conversation.template not in world.templates:
        raise bad_input(f"template {conversation.template!r}", f"one of: {', '.join(world.templates)}")
    system = world.templates.get(conversation.template, "")
    head = [{"role": "system", "content": system}] if system else []
    return [*head, *({"role": one.role, "content": one.content} for one in conversation.messages)]


def _hash_config(model: Any) -> str:
    """Return the SHA-256 of a model's config, without where it lies and which release of the library read it."""
    config = {k: v for k, v in model.config.to_dict().items() if k not in ("_name_or_path", "transformers_version")}
    return hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode()).hexdigest()
