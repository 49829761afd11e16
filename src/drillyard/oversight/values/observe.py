"""Whether a reply breaks a leaf: by the world's exact rulings for a behaviour, by patterns otherwise."""

from __future__ import annotations

from collections.abc import Sequence

from drillyard.judges.exact import ExactJudge
from drillyard.organisms.worlds.world import World
from drillyard.records import Transcript, ValueLeaf
from drillyard.records.patterns import pattern_of

__all__ = ["observe"]


def observe(world: World, leaves: Sequence[ValueLeaf], transcripts: Sequence[Transcript]) -> list[list[bool | None]]:
    """Return, by leaf and transcript, whether it is broken; None where that cannot be told."""
    judge = ExactJudge(world)

    def one(leaf: ValueLeaf, transcript: Transcript) -> bool | None:
        if any(pattern_of(pattern, ignore_case=True).found_in(transcript.reply.text) for pattern in leaf.patterns):
            return True
        if not leaf.behaviour:
            return False
        verdict = judge.rule(transcript, leaf.behaviour).verdict
        return None if verdict == "unknown" else verdict == "shown"

    return [[one(leaf, transcript) for transcript in transcripts] for leaf in leaves]
