"""The store of states: an array on disk, and beside it what it is of; another model's is refused by its hash.

    with RunFolder: spec.json (the key), rows.jsonl, states.npy (rows, layers, width), done.jsonl, captured.json

`states.npy` is mapped, not loaded. A batch counts as done once it is on disk, so a killed capture goes on where it was.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from drillyard.errors import bad_input
from drillyard.probes.capture.reader import Reader, spell
from drillyard.probes.capture.statement import DID_YOU_LIE, Position, Spelled, Statement, places
from drillyard.records import Record
from drillyard.records.files import as_lines, split_lines
from drillyard.records.progress import Progress, silent
from drillyard.records.run_folder import RunFolder

__all__ = [
    "CaptureSpec",
    "Captured",
    "CapturedRow",
    "Dtype",
    "States",
    "capture",
    "capture_to",
    "every_layer",
    "hash_rows",
    "open_store",
]

_SPEC, _ROWS, _STATES, _DONE, _END = "spec.json", "rows.jsonl", "states.npy", "done.jsonl", "captured.json"
_BATCH = 256
_AGAIN = "delete this folder, and capture again"
_HALF = 65_504.0
"""Largest number of float16."""

Dtype = Literal["float32", "float16"]


class CaptureSpec(Record):
    """The key of a store: two captures with one key hold the same numbers."""

    target: str
    model_hash: str
    tokenizer_hash: str
    position: Position
    follow_up: str = ""
    layers: tuple[int, ...]
    width: int
    dtype: Dtype = "float32"
    rows: int
    rows_hash: str


class CapturedRow(Record):
    """Where a row was read: the place of the token, its number and its text."""

    at: int
    token: int
    word: str


class _Batch(Record):
    first: int
    last: int


class Captured(Record):
    """What a capture took: `tokens` were read, in `seconds`; `largest` is the largest number that it met."""

    tokens: int
    seconds: float
    largest: float
    states_hash: str


@dataclass(frozen=True, kw_only=True, eq=False)
class States:
    """Rows and their states (rows, layers, width); `at` tells which token each was read at."""

    rows: tuple[Statement, ...]
    at: tuple[CapturedRow, ...]
    layers: tuple[int, ...]
    array: NDArray[Any]

    def of(self, layer: int) -> NDArray[Any]:
        """Return (rows, width) of one layer. Raises `BadInput` for one that was not captured."""
        if layer not in self.layers:
            raise bad_input(f"layer {layer}", f"one that was captured: {', '.join(map(str, self.layers))}")
        return self.array[:, self.layers.index(layer)]


def hash_rows(rows: Sequence[Statement]) -> str:
    """Return the hash that says which statements were read."""
    return hashlib.sha256(as_lines(rows)).hexdigest()


def every_layer(reader: Reader, layers: str = "") -> tuple[int, ...]:
    """Return layers from words such as `0,3,6` or `all`; without words about ten, evenly from the embedding to the end.

    Raises:
        BadInput: no numbers, or a layer that the model does not have.
    """
    top = reader.layers - 1
    if not layers:
        return tuple(sorted({round(float(x)) for x in np.linspace(0, top, min(11, top + 1))}))
    if layers == "all":
        return tuple(range(top + 1))
    try:
        asked = [int(part) for part in layers.split(",")]
    except ValueError:
        raise bad_input(f"the layers {layers!r}", "numbers such as 0,3,6, or all") from None
    if wrong := [layer for layer in asked if not 0 <= layer <= top]:
        raise bad_input(f"layer {wrong[0]}", f"0 (embedding) to {top} (after the final norm) of {reader.reference}")
    return tuple(sorted(set(asked)))


def capture(
    reader: Reader, rows: Sequence[Statement], layers: Sequence[int], position: Position = "statement-end"
) -> States:
    """Read rows into memory. Raises `BadInput` as `places`, or for a row that the model cannot read."""
    spelled, at = _spelled(reader, rows, position)
    array = reader.states([one.ids for one in spelled], layers, at)
    told = _told(reader, spelled, at)
    return States(rows=tuple(rows), at=told, layers=tuple(layers), array=array)


def capture_to(
    folder: Path,
    reader: Reader,
    rows: Sequence[Statement],
    layers: Sequence[int],
    position: Position = "statement-end",
    *,
    dtype: Dtype = "float32",
    told: Progress = silent,
) -> tuple[Captured, States]:
    """Read rows into a folder, or go on with what is there.

    Raises:
        BadInput: the folder holds another capture, a row that cannot be read, or numbers too large for float16.
    """
    spelled, at = _spelled(reader, rows, position)
    spec = _spec(reader, rows, layers, position, dtype)
    with RunFolder(folder, "capture").held() as run:
        run.claim(spec)
        if (done := run.read(_END, Captured)) is not None:
            return done, open_store(folder, reader)
        run.write(_ROWS, as_lines(rows) + as_lines(_told(reader, spelled, at)))
        array = _array(folder / _STATES, spec)
        batches = run.journal(_DONE, _Batch, durable=True)
        begin, began = max((one.last for one in batches), default=0), time.perf_counter()
        # Alike in length and beginning, so that what a batch shares is read once; the order is part of no result.
        order = sorted(range(len(rows)), key=lambda i: (len(spelled[i].ids), spelled[i].ids))
        for first in range(begin, len(order), _BATCH):
            some = order[first : first + _BATCH]
            read = reader.states([spelled[i].ids for i in some], layers, [at[i] for i in some])
            if dtype == "float16" and (most := float(np.abs(read).max())) > _HALF:
                raise bad_input(f"a state of {most:,.0f}", f"at most {_HALF:,.0f} in float16", "--dtype float32")
            array[some] = read
            array.flush()
            batches.append(_Batch(first=first, last=first + len(some)))
            told("statements", first + len(some), len(order))
        made = Captured(
            tokens=sum(place + 1 for place in at),
            seconds=time.perf_counter() - began,
            largest=float(np.abs(array).max()),
            states_hash=hashlib.sha256(np.ascontiguousarray(array).data).hexdigest(),
        )
        run.write(_END, made)
    return made, open_store(folder, reader)


def open_store(folder: Path, reader: Reader | None = None) -> States:
    """Open a finished store, mapped from disk.

    Raises:
        BadInput: no finished store, or one of another model or tokenizer than `reader` is.
    """
    run = RunFolder(folder, "capture")
    spec = run.read(_SPEC, CaptureSpec)
    if spec is None or not run.has(_END):
        raise bad_input(f"no finished capture in {str(folder)!r}", "one", "drillyard probe capture TARGET -o DIR")
    if reader is not None:
        for what, was, now in (
            ("model", spec.model_hash, reader.model_hash),
            ("tokenizer", spec.tokenizer_hash, reader.spelling.hash),
        ):
            if was != now:
                found = f"states of another {what} ({was[:12]}) in {str(folder)!r}"
                raise bad_input(found, f"those of {reader.reference} ({now[:12]})", "capture into another folder")
    lines = split_lines((folder / _ROWS).read_text(encoding="utf-8"))
    rows = tuple(map(Statement.from_json, lines[: spec.rows]))
    at = tuple(map(CapturedRow.from_json, lines[spec.rows : 2 * spec.rows]))
    try:
        array = np.load(folder / _STATES, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise bad_input(f"{folder / _STATES} that cannot be read ({error})", "what was captured", _AGAIN) from None
    if array.shape != (spec.rows, len(spec.layers), spec.width):
        raise bad_input(f"{folder / _STATES} of shape {array.shape}", "the one that was captured", _AGAIN)
    return States(rows=rows, at=at, layers=spec.layers, array=array)


def _spelled(reader: Reader, rows: Sequence[Statement], position: Position) -> tuple[list[Spelled], list[int]]:
    asked = DID_YOU_LIE if position == "follow-up" else ""
    spelled = [spell(reader.spelling, row, asked) for row in rows]
    return spelled, places(rows, spelled, position)


def _told(reader: Reader, spelled: Sequence[Spelled], at: Sequence[int]) -> tuple[CapturedRow, ...]:
    tokens = [one.ids[place] for one, place in zip(spelled, at, strict=True)]
    words = {token: reader.spelling.word(token) for token in set(tokens)}
    return tuple(CapturedRow(at=i, token=t, word=words[t]) for i, t in zip(at, tokens, strict=True))


def _spec(
    reader: Reader, rows: Sequence[Statement], layers: Sequence[int], position: Position, dtype: Dtype
) -> CaptureSpec:
    return CaptureSpec(
        target=reader.reference,
        model_hash=reader.model_hash,
        tokenizer_hash=reader.spelling.hash,
        position=position,
        follow_up=DID_YOU_LIE if position == "follow-up" else "",
        layers=tuple(layers),
        width=reader.width,
        dtype=dtype,
        rows=len(rows),
        rows_hash=hash_rows(rows),
    )


def _array(path: Path, spec: CaptureSpec) -> np.memmap[Any, Any]:
    """Return the array on disk, made where it is not there; of another shape it is what a kill left, and made anew."""
    shape, dtype = (spec.rows, len(spec.layers), spec.width), np.dtype(spec.dtype)
    if path.is_file():
        try:
            found = np.lib.format.open_memmap(path, mode="r+")
            if found.shape == shape and found.dtype == dtype:
                return found
        except ValueError:
            pass
    return np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
