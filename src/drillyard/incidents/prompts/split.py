"""A prompt in segments: headings, bullets, sentences, each with the space behind it."""

from __future__ import annotations

import re

from drillyard.incidents.row import Segment, segment_hash

__all__ = ["split"]

_LINE = re.compile(r"[^\n]*\n*")
_BULLET = re.compile(r"\s*(?:[-*•]|\d{1,2}[.)])\s+\S")
_HEADING = re.compile(r"\s*(?:#{1,6}\s+\S|[^.!?]{1,60}:\s*$|[A-Z][A-Z \d]{2,40}$)")
_EXAMPLE = re.compile(r"\s*(?:example|user|assistant|q|a|input|output)\s*\d*:\s*\S", re.I)
_SENTENCE = re.compile(r"(.+?(?:[.!?][\"')\]]*(?=\s+[\"'(\[{]?[A-Z{])|$))(\s*)", re.S)


def split(text: str, part: int = 0) -> list[Segment]:
    """Return the segments of a system message; their texts and tails, in order, are the message without its ends."""
    found: list[Segment] = []
    for line in _LINE.findall(text.strip()):
        if not line.strip():
            if found and line:
                found[-1] = found[-1].model_copy(update={"tail": found[-1].tail + line})
            continue
        kind = next((k for k, form in _KINDS if form.match(line.rstrip("\n"))), "sentence")
        pieces = _SENTENCE.findall(line) if kind == "sentence" else [(line.rstrip(), line[len(line.rstrip()) :])]
        found += [
            Segment(
                text=piece.rstrip(),
                kind=kind,
                hash=segment_hash(piece),
                tail=piece[len(piece.rstrip()) :] + tail,
                part=part,
            )
            for piece, tail in pieces
            if piece.strip()
        ]
    return found


_KINDS = (("example", _EXAMPLE), ("bullet", _BULLET), ("heading", _HEADING))
