"""The files of an artefact: which there may be, what they must hold, and how they get into a submission and out again.

Nothing of an upload is run: weights are safetensors, the rest is JSON, and names are compared with a list, so that none
of them can point anywhere.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from drillyard.alignment.around.rails import ANSWERS
from drillyard.alignment.around.rails_folder import WEIGHTS as SCREEN
from drillyard.alignment.inside.edit import FILE as EDITS
from drillyard.errors import BadInput, bad_input
from drillyard.organisms.engine.tensors import read_floats
from drillyard.records import Artefact

__all__ = ["FAMILIES", "MAX_ARTEFACT", "MAX_TENSORS", "family_of", "pack_artefact", "unpack_artefact"]

FAMILIES: Mapping[str, frozenset[str]] = {
    "weights": frozenset({"adapter_config.json", "adapter_model.safetensors"}),
    "inside": frozenset({EDITS}),
    "around": frozenset({ANSWERS, SCREEN}),
}
"""What an artefact changes, and the files that it then consists of: no more and no less."""

MAX_ARTEFACT = 2 * 1024 * 1024
"""Most bytes of an artefact's files together."""
MAX_TENSORS = 400
"""Most arrays in one file."""

_PLACES = ("", "learned", "adapter", "learned/adapter")


def family_of(artefact: Artefact) -> str:
    """Say what an artefact changes, by its files. Raises `BadInput` for files that are no artefact."""
    for family, names in FAMILIES.items():
        if set(artefact.files) == names:
            return family
    raise bad_input(f"files {', '.join(sorted(artefact.files))[:200]}", f"the files of an artefact: {_words()}")


def pack_artefact(place: Path) -> Artefact:
    """Read an artefact from a folder: that of an arm of `drillyard align`, or one that holds the files.

    Raises:
        BadInput: no artefact there, one of several parts (a chain), or one that is too large.
    """
    for below in _PLACES:
        for names in FAMILIES.values():
            files = [place / below / name for name in sorted(names)]
            if all(file.is_file() for file in files):
                size = sum(file.stat().st_size for file in files)
                if size > MAX_ARTEFACT:
                    raise bad_input(f"{size:,} bytes in {place}", f"at most {MAX_ARTEFACT:,}", "train a lower rank")
                packed = {file.name: base64.b64encode(file.read_bytes()).decode() for file in files}
                return Artefact(files=packed, made="/".join(place.resolve().parts[-3:])[:200])
    raise bad_input(f"no artefact in {str(place)!r}", f"a folder with: {_words()}", "see RUN/arms of drillyard align")


def unpack_artefact(artefact: Artefact, folder: Path) -> str:
    """Check an artefact's files, write them into a folder that is made, and return its family.

    Raises:
        BadInput: other files, no base64, too many bytes, arrays that are not finite floats, JSON that is none.
    """
    family = family_of(artefact)
    folder.mkdir(parents=True)
    size = 0
    for name, text in artefact.files.items():
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise bad_input(f"{name} that is not base64 ({error})", "what drillyard drill pack writes") from None
        size += len(data)
        if size > MAX_ARTEFACT:
            raise bad_input(f"an artefact of more than {MAX_ARTEFACT:,} bytes", "a smaller one", "train a lower rank")
        (folder / name).write_bytes(data)
        try:
            _check_tensors(folder / name) if name.endswith(".safetensors") else _check_json(folder / name)
        except BadInput as error:
            raise BadInput(str(error).replace(str(folder / name), name)) from None  # where we keep it is our affair
    return family


def _check_tensors(path: Path) -> None:
    tensors = read_floats(path)
    if len(tensors) > MAX_TENSORS:
        raise bad_input(f"{len(tensors)} arrays in {path.name}", f"at most {MAX_TENSORS}")
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise bad_input(f"{name[:100]!r} in {path.name} with numbers that are not finite", "finite numbers")


def _check_json(path: Path) -> None:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise bad_input(f"{path.name} that is no JSON ({str(error)[:100]})", "a JSON object") from None
    if not isinstance(held, dict):
        raise bad_input(f"{path.name} with a {type(held).__name__}", "a JSON object")


def _words() -> str:
    return "; ".join(" and ".join(sorted(names)) for names in FAMILIES.values())
