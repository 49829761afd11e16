"""Rule on many transcripts: in one go where a judge can, one by one where it cannot."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from drillyard.judges.base import BatchJudge, Judge
from drillyard.records import Ruling, Transcript

__all__ = ["rule_all", "rule_pairs"]


def rule_pairs(judge: Judge, pairs: Sequence[tuple[Transcript, str]]) -> list[Ruling]:
    """Return one ruling per pair of transcript and behaviour, in the order given."""
    if isinstance(judge, BatchJudge):
        return judge.rule_many(pairs)
    return [judge.rule(transcript, behaviour) for transcript, behaviour in pairs]


def rule_all(judge: Judge, transcripts: Sequence[Transcript], behaviours: Collection[str]) -> list[dict[str, Ruling]]:
    """Return per transcript the ruling on every behaviour."""
    rulings = iter(rule_pairs(judge, [(transcript, code) for transcript in transcripts for code in behaviours]))
    return [{code: next(rulings) for code in behaviours} for _ in transcripts]
