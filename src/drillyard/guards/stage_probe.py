"""A probe on hidden states as a stage: what a model's inside says of a passage, read where the probe reads.

The model is opened here, on this machine, and reads the passage; it need not be the one that wrote it. So the stage
also works in front of an address, where the model behind it is there as weights.

Does not cover: states in the course of the conversation (the passage is read alone, as the probe's statements were);
positions that need a pair or a follow-up.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from drillyard.errors import BadInput, bad_input
from drillyard.probes.base import Probe
from drillyard.probes.capture.reader import Reader, open_reader
from drillyard.probes.files import ProbeCard, read_probe

__all__ = ["ProbeStage", "open_probe_stage"]

_READS = 48  # words; a probe is fitted on statements, which are that long at most
_POSITIONS = ("last", "statement-end")


class ProbeStage:
    """A probe with the model that it reads."""

    reads = _READS

    def __init__(self, probe: Probe, card: ProbeCard, reader: Reader) -> None:
        if card.position not in _POSITIONS:
            raise bad_input(
                f"a probe that reads at {card.position!r}", f"one of {', '.join(_POSITIONS)}", "audit at that position"
            )
        if reader.model_hash != card.model_hash or reader.spelling.hash != card.tokenizer_hash:
            found = f"a probe of another model or tokenizer than {reader.reference}"
            raise bad_input(found, "weights and tokenizer that it was fitted on", "audit this model anew")
        self._probe, self._card, self._reader = probe, card, reader
        try:
            self.rate("a " * _READS, "")
        except BadInput as error:
            found = f"{reader.reference}, which cannot read {_READS} words at once ({error})"
            raise bad_input(found, "a probe of a model that reads a passage of a reply") from None
        told = hashlib.sha256(card.to_json().encode())
        for name, array in sorted(probe.tensors().items()):
            told.update(name.encode() + array.tobytes())
        self.digest = told.hexdigest()

    def rate(self, passage: str, behaviour: str) -> float:
        """Return the probe's score of the passage's last token; of whatever it was fitted to find."""
        ids = self._reader.spelling.plain(passage, begins=True)
        if not ids:
            return -1e9
        states = self._reader.states([ids], [self._card.layer], [len(ids) - 1])
        return float(self._probe.score(states[:, 0])[0])


def open_probe_stage(argument: str = "", folder: Path | None = None) -> ProbeStage:
    """Open a probe's file; one in the guard's folder is meant before one elsewhere.

    Raises:
        BadInput: no file of a probe, a model that cannot be opened, is another one or reads few words, a position that
            needs more.
    """
    inside = (folder or Path()) / argument
    path = inside if inside.exists() else Path(argument)
    probe, card = read_probe(path)
    reader = open_reader(card.target)
    return ProbeStage(*read_probe(path, reader), reader)
