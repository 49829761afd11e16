"""Uploads are data: whatever is not exactly an artefact is refused in one line, and nothing leaves its folder."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from drillyard.drills.artefacts.files import MAX_ARTEFACT, family_of, pack_artefact, unpack_artefact
from drillyard.errors import BadInput
from drillyard.records import Artefact

TENSORS = save({"x": np.ones(3, np.float32)})


def artefact(**files: bytes) -> Artefact:
    """Return an artefact of files, given by their names with two underscores for a dot."""
    encoded = {name.replace("__", "."): base64.b64encode(data).decode() for name, data in files.items()}
    return Artefact(files=encoded)


@pytest.mark.parametrize(
    ("files", "family"),
    [
        ({"edits__safetensors": TENSORS}, "inside"),
        ({"adapter_config__json": b"{}", "adapter_model__safetensors": TENSORS}, "weights"),
        ({"answers__json": b"{}", "classifier__safetensors": TENSORS}, "around"),
    ],
)
def test_the_files_say_what_it_is(files: dict[str, bytes], family: str, tmp_path: Path) -> None:
    """The three kinds come out as they went in."""
    one = artefact(**files)
    assert family_of(one) == unpack_artefact(one, tmp_path / "out") == family
    for name, data in files.items():
        assert (tmp_path / "out" / name.replace("__", ".")).read_bytes() == data
    assert pack_artefact(tmp_path / "out").files == one.files


@pytest.mark.parametrize(
    ("files", "line"),
    [
        (
            {"edits__safetensors": b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01x\x94K\x01s."},
            "no safetensors file",
        ),
        ({"edits__safetensors": b""}, "no safetensors file"),
        ({"edits__safetensors": TENSORS[:-2]}, "no safetensors file"),
        ({"edits__safetensors": save({"x": np.array([np.nan], np.float32)})}, "expected finite numbers"),
        ({"edits__safetensors": save({"x": np.arange(3)})}, "of I64"),
        ({"edits__safetensors": save({"x": np.zeros(MAX_ARTEFACT, np.uint8)})}, "more than 2,097,152 bytes"),
        ({"edits__safetensors": save({f"{i}": np.ones(1, np.float32) for i in range(401)})}, "401 arrays"),
        ({"adapter_config__json": b"[1]", "adapter_model__safetensors": TENSORS}, "with a list"),
        ({"adapter_config__json": b"{", "adapter_model__safetensors": TENSORS}, "that is no JSON"),
        ({"adapter_model__safetensors": TENSORS}, "expected the files of an artefact"),
        ({"edits__safetensors": TENSORS, "run__py": b"import os"}, "expected the files of an artefact"),
    ],
)
def test_what_is_no_artefact_is_refused(files: dict[str, bytes], line: str, tmp_path: Path) -> None:
    """A pickled mapping, nothing, half a file, NaN, integers, too much, too many, other JSON, other files."""
    with pytest.raises(BadInput, match=line):
        unpack_artefact(artefact(**files), tmp_path / "out")


@pytest.mark.parametrize("name", ["../edits.safetensors", "/etc/passwd", "a/edits.safetensors", "edits.safetensors\0"])
def test_names_lead_nowhere(name: str, tmp_path: Path) -> None:
    """A name is compared with a list and never joined to a path otherwise."""
    one = Artefact(files={name: base64.b64encode(TENSORS).decode()})
    with pytest.raises(BadInput, match="expected the files of an artefact"):
        unpack_artefact(one, tmp_path / "deep" / "out")
    assert list(tmp_path.rglob("*.safetensors")) == []


def test_what_is_not_base64_is_said(tmp_path: Path) -> None:
    """A file pasted as text is no file."""
    with pytest.raises(BadInput, match="not base64"):
        unpack_artefact(Artefact(files={"edits.safetensors": "hello there"}), tmp_path / "out")


def test_an_arm_is_found_in_its_run(tmp_path: Path) -> None:
    """The folder of an arm will do, also where the adapter lies one deeper; an empty one is told what it lacks."""
    place = tmp_path / "run" / "arms" / "dpo" / "1" / "1"
    (place / "learned" / "adapter").mkdir(parents=True)
    with pytest.raises(BadInput, match="no artefact in .*RUN/arms of drillyard align"):
        pack_artefact(place)
    (place / "learned" / "adapter" / "adapter_config.json").write_text(json.dumps({"r": 1}))
    (place / "learned" / "adapter" / "adapter_model.safetensors").write_bytes(TENSORS)
    (place / "learned" / "adapter" / "tokenizer.json").write_text("{}")
    packed = pack_artefact(place)
    assert set(packed.files) == {"adapter_config.json", "adapter_model.safetensors"} and packed.made == "dpo/1/1"
