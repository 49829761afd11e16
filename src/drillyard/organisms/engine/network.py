"""What the engine asks of a network, and the one place that chooses between the two there are.

`kernel` is compiled by the system's C compiler at first use; `numpy` runs everywhere and is the reference. Both compute
the same to float32's last digits. `DRILLYARD_KERNEL=numpy` in the environment asks for the latter.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from drillyard.errors import bad_input
from drillyard.organisms.engine.kernel.edited import EditedKernelNetwork
from drillyard.organisms.engine.kernel.library import load_library
from drillyard.organisms.engine.kernel.network import KernelNetwork
from drillyard.organisms.engine.llama import Floats, Ints, LayerEdits, LlamaConfig
from drillyard.organisms.engine.numpy_network import NumpyNetwork
from drillyard.organisms.engine.sampling import Sampler

__all__ = ["SWITCH", "Cache", "Network", "open_network"]

SWITCH = "DRILLYARD_KERNEL"
"""The environment variable that chooses: `numpy`, `compiled`, or nothing for the faster one that works here."""


class Cache(Protocol):
    """Keys and values of the tokens seen so far: a prefix that all rows share, then each row's own tokens."""

    @property
    def shared(self) -> int:
        """How many tokens the prefix has."""

    def as_prefix(self, count: int) -> Cache:
        """Return a cache without rows whose prefix is the first `count` own tokens of row 0; this one has no prefix."""

    def close_gaps(self, alive: NDArray[Any], lengths: Ints) -> Ints:
        """Let the last rows alive take the places of rows that are not; return the old row of each row left.

        `alive` and `lengths`, each row's own tokens, are (rows,).
        """

    def part(self, rows: slice) -> Cache:
        """Return these rows as a cache of their own: the same memory, so what is written there stands here."""

    def reserve(self, rows: int, tokens: int) -> None:
        """Make room for at least so many rows of so many own tokens; what is stored stays."""

    def spread(self, row: int, last: int, count: int) -> None:
        """Copy the first `count` own tokens of a row to the rows after it, up to `last`, which is left out."""

    def share(self, count: int) -> None:
        """Move the first `count` own tokens, which must be the same in every row, into the prefix."""

    def unshare(self, count: int) -> None:
        """Give the last `count` tokens of the prefix back to every row."""


class Network(Protocol):
    """A Llama network ready to run."""

    config: LlamaConfig
    exact: bool
    """Whether a row's results are the same, to the last bit, whatever runs beside it."""

    def cache(self, rows: int, tokens: int) -> Any:
        """Return an empty `Cache` with room for so many rows of so many own tokens."""

    def read(
        self,
        texts: Sequence[Sequence[int]],
        start: int,
        cache: Any,
        wanted: Sequence[int],
        streams: list[Floats] | None = None,
    ) -> Floats:
        """Run new tokens through all layers, and put their keys and values into the cache.

        Args:
            texts: each row's new ids; rows that are alike in length should stand together.
            start: how many own tokens every row has in the cache already.
            cache: its first rows are these rows.
            wanted: of how many last tokens of each row the output is wanted.
            streams: if given, the input of every layer is appended, each (tokens, width); for one text, all wanted.

        Returns:
            (all that is wanted, width), row after row: the output of the last layer, before the final norm.
        """

    def step(self, tokens: Ints, lengths: Ints, cache: Any) -> Floats:
        """Run one new token (rows,) per row, after so many own tokens (rows,); returns (rows, width)."""

    def logits(self, x: Floats) -> Floats:
        """Return (rows, vocabulary) scores of the next token for the last layer's output (rows, width)."""

    def final_norm(self, x: Floats) -> Floats:
        """Return the normed output, which is what `transformers` calls the last hidden state."""

    def draw(
        self,
        rows: NDArray[Any],
        last: Floats,
        unread: bool,
        cache: Any,
        sampler: Sampler,
        most: int,
        early: bool,
        ends: Ints,
    ) -> NDArray[Any] | None:
        """Draw up to `most` tokens per row in one go, or return None where that has to be done step by step.

        Args:
            rows: what is known of each row (`batching.py`); brought up to date.
            last: (rows, width) the last layer's output; brought up to date.
            unread: whether the rows' newest tokens have yet to go through the network.
            cache: the batch's.
            sampler: numbered as the rows are.
            most: tokens per row.
            early: whether to stop as soon as a row is done.
            ends: tokens that end every row, beside its own.

        Returns:
            (rows, tokens) ids; those of a row that was done earlier are -1 behind its last one.
        """


def open_network(
    weights: Mapping[str, Floats], config: LlamaConfig, kernel: str = "", edits: LayerEdits | None = None
) -> Network:
    """Return the network of this `kernel`: `numpy`, `compiled`, or what `DRILLYARD_KERNEL` says, else the faster one.

    With `edits` of hidden states the compiled one runs the layers between two of them in one go.

    Raises:
        BadInput: there is no such kernel, it does not work here, or an edit of no layer.
    """
    if wrong := [layer for layer in edits or () if not 1 <= layer <= config.num_hidden_layers]:
        raise bad_input(f"an edit of layer {wrong[0]}", f"a number from 1 to {config.num_hidden_layers}")
    asked = kernel or os.environ.get(SWITCH, "")
    if asked not in ("", "compiled", "numpy"):
        raise bad_input(f"the kernel {asked!r}", "numpy, compiled, or nothing for the faster one that works here")
    library = None if asked == "numpy" else load_library()
    if library and edits:
        return EditedKernelNetwork(weights, config, library, edits)
    if library:
        return KernelNetwork(weights, config, library)
    if asked == "compiled":
        raise bad_input("no compiled kernel", "a C compiler (cc, gcc or clang) and a cache folder", f"unset {SWITCH}")
    return NumpyNetwork(weights, config, edits)
