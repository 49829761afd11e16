"""Count what a fit takes: tokens through the model, arithmetic, memory."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any

import torch
import transformers

from drillyard.records import FitCost

__all__ = ["RewardTally"]

_FILE = "tally.json"
_TRAINED, _READ = 6, 2
"""Operations per weight and token: forward and backward, forward alone (Kaplan et al. 2020, arXiv 2001.08361)."""


class RewardTally(transformers.TrainerCallback):
    """Counts the tokens that reach the embeddings of models, dearer where they are learned from than where only read.

    Its counts go along with checkpoints, so that a resumed fit costs what an unbroken one does.
    """

    def __init__(self) -> None:
        self.labels = 0
        self._tokens, self._flops = 0, 0.0
        self._seconds, self._began = 0.0, time.perf_counter()
        self._bytes = _reset_peak()

    def watch(self, model: Any, pad: int | None) -> None:
        """Count what goes through a model from now on; `pad` is the token that does not count."""
        weights = sum(one.numel() for one in model.parameters())

        def count(module: torch.nn.Module, given: tuple[torch.Tensor, ...]) -> None:
            seen = int(given[0].numel() if pad is None else (given[0] != pad).sum())
            self._tokens += seen
            self._flops += float(weights) * seen * (_TRAINED if torch.is_grad_enabled() else _READ)

        model.get_input_embeddings().register_forward_pre_hook(count)

    def resume(self, checkpoint: str | None) -> None:
        """Go on from the counts of a checkpoint, if there are any."""
        path = Path(checkpoint or "") / _FILE
        if checkpoint and path.is_file():
            self._tokens, self._flops, self._seconds = json.loads(path.read_text(encoding="utf-8"))

    def cost(self, folder: Path, parameters: int) -> FitCost:
        """Return what it all took; `folder` holds the files that were learned."""
        return FitCost(
            seconds=round(self._seconds + time.perf_counter() - self._began, 3),
            tokens=self._tokens,
            flops=self._flops,
            parameters=parameters,
            bytes=sum(path.stat().st_size for path in folder.rglob("*.safetensors")),
            peak_bytes=max(0, _peak() - self._bytes),
            labels=self.labels,
        )

    def on_save(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Write the counts beside a checkpoint."""
        counts = [self._tokens, self._flops, self._seconds + time.perf_counter() - self._began]
        path = Path(args.output_dir) / f"checkpoint-{state.global_step}" / _FILE
        path.write_text(json.dumps(counts), encoding="utf-8")


def _reset_peak() -> int:
    """Begin a new peak, where the system lets one, and return how much memory is in use, in bytes."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status("VmRSS")


def _peak() -> int:
    """Return the most memory that was in use since `_reset_peak`, in bytes; 0 where the system does not say."""
    return torch.cuda.max_memory_allocated() if torch.cuda.is_available() else _status("VmHWM")


def _status(name: str) -> int:
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    return 0
