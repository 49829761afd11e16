"""Rule on many transcripts: in one go where a judge can, one by one where it cannot."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from drillyard.judges.base import BatchJudge, Judge
from drillyard.records import Ruling, Transcript

__all__ = ["rule_all", "rule_pairs"]


def rule_pairs(judge: Judge, pairs: Sequence[tuple[Transcript, str]]) -> list[Ruling]:
    """Return one ruling per pair of transcript and behaviour, in the order given.

    A reply that was cut by its length does not show that a behaviour is absent: what would have come is unknown.
    """
    if isinstance(judge, BatchJudge):
        rulings = judge.rule_many(pairs)
    else:
        rulings = [judge.rule(transcript, behaviour) for transcript, behaviour in pairs]
    return [_cut(ruling, transcript) for ruling, (transcript, _) in zip(rulings, pairs, strict=True)]


def _cut(ruling: Ruling, transcript: Transcript) -> Ruling:
    if transcript.reply.finish != "length" or ruling.verdict != "absent":
        return ruling
    return ruling.model_copy(update={"verdict": "unknown", "reason": "the reply was cut by its length"})


def rule_all(judge: Judge, transcripts: Sequence[Transcript], behaviours: Collection[str]) -> list[dict[str, Ruling]]:
    """Return per transcript the ruling on every behaviour."""
    rulings = iter(rule_pairs(judge, [(transcript, code) for transcript in transcripts for code in behaviours]))
    return [{code: next(rulings) for code in behaviours} for _ in transcripts]
