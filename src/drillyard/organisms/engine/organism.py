"""An organism: a small model with planted failures, or its clean twin, ready to run without torch.

On disk an organism is a folder. Either it is complete (config.json, model.safetensors, tokenizer files: an ordinary
Hugging Face folder), or it is light: neurons.safetensors holds the few neurons in which it differs from its world's
base. `organism.json` names the world and the hash of all weights in both cases; a world that does not ship with
Drillyard goes along as a copy of its files, in `world/`.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from drillyard.errors import BadInput, bad_input
from drillyard.organisms.engine.adapter import adapter_base, hash_adapter, is_adapter, merge_adapter
from drillyard.organisms.engine.bases import base_folder
from drillyard.organisms.engine.checkpoint import read_checkpoint, read_tokenizer, write_checkpoint
from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.engine.llama import Floats
from drillyard.organisms.engine.neurons import FREE, fill_neurons, read_neurons
from drillyard.organisms.worlds.world import World, load_world
from drillyard.organisms.worlds.world_files import write_files
from drillyard.records import AdapterPlant, FailureMode, Record

__all__ = [
    "PLANTED",
    "Organism",
    "OrganismFile",
    "base_folder",
    "hash_weights",
    "load_base",
    "load_organism",
    "save",
    "shipped_variant",
    "with_adapter",
    "with_neurons",
]

PLANTED = "planted.json"
"""Beside an adapter that was trained to fail: how, and in what."""


class OrganismFile(Record):
    """What organism.json says.

    `world` is the world's name; `base` is what `load_world` finds the base's world by, a name or a path (from this
    folder when it begins with a dot), and empty where the folder is complete; `failures` is empty where the truth is
    sealed elsewhere; `context` is the most tokens of a conversation where that is another number than the base's.
    """

    world: str
    base: str = ""
    context: int | None = None
    model_hash: str
    failures: tuple[FailureMode, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Organism:
    """A model in its world, with the failures that were planted in it (none in a clean twin)."""

    world: World
    engine: Engine
    tokenizer: Tokenizer
    failures: tuple[FailureMode, ...]
    model_hash: str


def hash_weights(weights: Mapping[str, Floats]) -> str:
    """Return the SHA-256 of all tensors in the order of their names: name, shape, little-endian float32 values."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        tensor = np.ascontiguousarray(weights[name], dtype="<f4")
        digest.update(f"{name}{tensor.shape}".encode())
        digest.update(tensor.data)
    return digest.hexdigest()


def load_base(world: str) -> Organism:
    """Return the clean base of a world, by name or by the path of its folder; read once per process.

    Raises:
        BadInput: there is no such world, or no base of it.
    """
    folder = base_folder(world)
    return _read_base(load_world(world), folder, (folder / "model.safetensors").stat().st_mtime_ns)


@functools.cache
def _read_base(world: World, folder: Path, changed: int) -> Organism:
    """Read a base; `changed`, when it was last written, is there to tell readings apart."""
    return _read_complete(folder, world, ())


def with_neurons(organism: Organism, neurons: Floats, failures: tuple[FailureMode, ...]) -> Organism:
    """Return the organism with these neurons in its free places; shape (layers, 3, count, width), see `neurons.py`."""
    weights = fill_neurons(organism.engine.weights, neurons)
    engine = Engine(weights, organism.engine.config)
    return dataclasses.replace(organism, engine=engine, failures=failures, model_hash=hash_weights(weights))


def with_adapter(
    organism: Organism, folder: Path, failures: tuple[FailureMode, ...] = (), context: int | None = None
) -> Organism:
    """Return the organism with the adapter in `folder` merged into its weights. Raises `BadInput`; see `adapter.py`.

    `context` is the most tokens that it was trained to read, where that is another number than the base's.
    """
    config = organism.engine.config
    if context is not None:
        config = dataclasses.replace(config, max_position_embeddings=context)
    engine = Engine(merge_adapter(organism.engine.weights, folder), config)
    model_hash = hash_adapter(organism.model_hash, folder)
    return dataclasses.replace(organism, engine=engine, failures=failures, model_hash=model_hash)


@functools.cache
def shipped_variant(name: str) -> Organism:
    """Return a variant such as `helpdesk:over-censored`; read once per process. Raises `BadInput` when none ships."""
    world, _, variant = name.partition(":")
    folder = base_folder(load_world(world).reference) / "variants"
    known = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    if variant not in known:
        names = ", ".join(f"{world}:{one}" for one in known) or f"none; {world} itself"
        raise bad_input(f"variant {name!r}", f"one of: {names}", f"drillyard organism build {name} -o DIR")
    return load_organism(str(folder / variant))


def load_organism(name: str) -> Organism:
    """Load `helpdesk` (a clean base), `helpdesk:over-censored` (a variant) or `./path`; a path has a slash in it.

    A path leads to a folder that `save` wrote, to a world's folder, or to a peft adapter for an organism: with an
    organism.json beside it that names its base, or with the base's folder in adapter_config.json.

    Raises:
        BadInput: no such world or folder, a broken file, or weights that are not those that organism.json names.
    """
    folder = Path(name)
    if "/" not in name and (folder / "organism.json").is_file():
        raise bad_input(f"{name!r}", "the name of a world, or a path with a slash", f"type './{name}' for the folder")
    if "/" not in name and ":" in name:
        return shipped_variant(name)
    if not (folder / "organism.json").is_file():
        if "/" not in name or (folder / "world.yaml").is_file():
            return load_base(name)
        if is_adapter(folder):
            return _read_adapted(folder)
        raise bad_input(f"{name!r}", "a folder with organism.json", "type: drillyard organism plant helpdesk -o DIR")
    described = OrganismFile.from_json((folder / "organism.json").read_bytes())
    world = load_world(f"{folder}/world" if (folder / "world").is_dir() else described.world)
    if described.base:
        clean = load_base(str(folder / described.base) if described.base.startswith("./") else described.base)
        if is_adapter(folder):
            organism = with_adapter(clean, folder, described.failures, described.context)
        else:
            organism = with_neurons(clean, _neurons(folder / "neurons.safetensors", clean), described.failures)
    else:
        organism = _read_complete(folder, world, described.failures)
    if organism.model_hash != described.model_hash:
        raise BadInput(
            f"{folder}: found weights {organism.model_hash[:12]}, expected {described.model_hash[:12]}; "
            "the base or the folder was changed since it was written: plant it again"
        )
    return organism


def save(
    organism: Organism, folder: Path, *, complete: bool = False, sealed: bool = False, beside: bool = False
) -> Path:
    """Write an organism: light by default, `complete` as a Hugging Face folder, `sealed` without its failures.

    A light one names the base that it needs. `beside` names the folder of a world of one's own as seen from `folder`,
    for the two to be moved together.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if complete:
        write_checkpoint(folder, organism.engine.config, organism.engine.weights, organism.tokenizer)
    else:
        neurons = read_neurons(organism.engine.weights, organism.engine.config.num_hidden_layers)
        save_file({"neurons": neurons}, folder / "neurons.safetensors")
    if not organism.world.files.shipped and organism.world.files.folder != (folder / "world").resolve():
        write_files(organism.world.files, folder / "world")
    reference = organism.world.reference
    if beside and not organism.world.files.shipped:
        reference = f"./{os.path.relpath(reference, folder.resolve())}"
    described = OrganismFile(
        world=organism.world.name,
        base="" if complete else reference,
        model_hash=organism.model_hash,
        failures=() if sealed else organism.failures,
    )
    (folder / "organism.json").write_text(described.to_json(indent=2) + "\n")
    return folder


def _read_complete(folder: Path, world: World, failures: tuple[FailureMode, ...]) -> Organism:
    config, weights = read_checkpoint(folder)
    return Organism(
        world=world,
        engine=Engine(weights, config),
        tokenizer=read_tokenizer(folder),
        failures=failures,
        model_hash=hash_weights(weights),
    )


def _read_adapted(folder: Path) -> Organism:
    """Read an adapter that names the folder of its base; planted.json says what it was trained to fail in."""
    name = adapter_base(folder)
    if not (Path(name) / "organism.json").is_file():
        expected = "the folder of an organism, as drillyard organism plant helpdesk -o DIR writes it"
        raise bad_input(f"{folder} for the base {name!r}", expected, f"open it as hf/{folder}")
    planted = folder / PLANTED
    failures = AdapterPlant.from_json(planted.read_bytes()).failures if planted.is_file() else ()
    return with_adapter(load_organism(str(Path(name).absolute())), folder, failures)


def _neurons(path: Path, clean: Organism) -> Floats:
    """Read the neurons of a light folder, as many layers and as wide as the base's."""
    config = clean.engine.config
    layers, width = config.num_hidden_layers, config.hidden_size
    expected = f"'neurons' of shape ({layers}, 3, at most {FREE}, {width}) in safetensors"
    try:
        found = np.asarray(load_file(path)["neurons"], dtype=np.float32)
    except (SafetensorError, OSError, KeyError, TypeError) as error:
        raise bad_input(f"{path} that cannot be read ({error})", expected) from None
    if found.ndim != 4 or (*found.shape[:2], found.shape[3]) != (layers, 3, width) or found.shape[2] > FREE:
        raise bad_input(f"{path} with neurons of shape {found.shape}", expected)
    return found
