"""A judge together with its measured error: the only form in which an audit takes one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from drillyard.errors import BadInput, bad_input
from drillyard.judges.base import FreeJudge, Judge
from drillyard.judges.rulings import rule_pairs
from drillyard.judges.validity import keep_if_measured
from drillyard.records import Estimate, JudgeQuality, Ruling, RulingCounts, Transcript
from drillyard.records.files import read_record
from drillyard.stats import clopper_pearson, rogan_gladen, rogan_gladen_ends

__all__ = ["MeasuredJudge", "hash_judge", "miss_rate", "read_quality", "unmeasured"]

HOW = "type: drillyard audit judge measure JUDGE -o FILE"


class MeasuredJudge:
    """Rules as its judge does, and knows how often that is right.

    Raises:
        BadInput: the quality is of another judge, or of the same one before it was changed.
    """

    def __init__(self, judge: Judge, quality: JudgeQuality) -> None:
        if (quality.judge, quality.definition) != (judge.name, hash_judge(judge)):
            found = f"a judge-quality file of {quality.judge!r} ({quality.definition[:12]})"
            raise bad_input(found, f"one of {judge.name!r} ({hash_judge(judge)[:12]}), as the judge is now", HOW)
        self.judge, self.quality = judge, quality
        self.name, self.definition = judge.name, judge.definition

    def rule(self, transcript: Transcript, behaviour: str) -> Ruling:
        """Return the judge's ruling."""
        return self.judge.rule(transcript, behaviour)

    def rule_many(self, pairs: Sequence[tuple[Transcript, str]]) -> list[Ruling]:
        """Return the judge's rulings, in one go where it can."""
        return rule_pairs(self.judge, pairs)

    def rates(self, behaviour: str) -> tuple[Estimate, Estimate]:
        """Return sensitivity and specificity among the rulings that are not unknown; n = 0 where never measured.

        Unknown rulings are left out here because in an audit they are counted by themselves, both ways. Of a judge of
        free replies they count as absent on sound ones, as they do at the low end of every rate.
        """
        measured = self.quality.behaviours.get(behaviour)
        if measured is None:
            return clopper_pearson(0, 0), clopper_pearson(0, 0)
        sound = measured.sound
        if isinstance(self.judge, FreeJudge):  # mostly silent: silence on a sound reply is no false alarm
            return _share(measured.failing, "shown"), clopper_pearson(sound.n - sound.shown, sound.n)
        return _share(measured.failing, "shown"), _share(sound, "absent")

    def on(self, target: str, world: str) -> MeasuredJudge:
        """Return the same judge with what is known of its error on a target's replies: none, were others measured.

        Its rulings there are leads: every rate behind them is the whole range. See `keep_if_measured`.
        """
        known = keep_if_measured(self.quality, target, world)
        return self if known is self.quality else MeasuredJudge(self.judge, known)

    def near(self, behaviour: str, sound: Sequence[Transcript]) -> MeasuredJudge:
        """Return the same judge, taken to be no better on sound replies than it is on these.

        A search goes where the judge sees failures, also where it only believes to see them: its specificity there is
        below the average in its file. The lower of the two counts.
        """
        if isinstance(self.judge, FreeJudge):
            return self  # a scope's own sentences say nothing of how it reads a model's
        verdicts = [ruling.verdict for ruling in self.rule_many([(transcript, behaviour) for transcript in sound])]
        here = RulingCounts(**{verdict: verdicts.count(verdict) for verdict in ("shown", "absent", "unknown")})
        measured = self.quality.behaviours.get(behaviour)
        if measured is None or _share(here, "absent").value >= _share(measured.sound, "absent").value:
            return self
        changed = {**self.quality.behaviours, behaviour: measured.model_copy(update={"sound": here})}
        return MeasuredJudge(self.judge, self.quality.model_copy(update={"behaviours": changed}))

    def exact(self, behaviour: str) -> bool:
        """Say whether its rulings on a behaviour are the world's own truth: there is no error to correct then."""
        return self.name == "exact" and behaviour in self.quality.behaviours

    def true_share(self, behaviour: str, shown: int, unknown: int, n: int) -> Estimate:
        """Return the true share behind the judge's rulings on n replies, its own error in the interval.

        Rulings of `unknown` count as not shown in the value, and as shown in the high end.
        """
        if not self.exact(behaviour):
            return rogan_gladen(shown, n, *self.rates(behaviour), unknown=unknown)
        known = clopper_pearson(shown, n)
        if not unknown:
            return known
        high = clopper_pearson(shown + unknown, n).high
        return known.model_copy(update={"high": high, "method": f"{known.method}, {unknown} unknown"})

    def true_rate(self, behaviour: str, seen: Estimate) -> Estimate:
        """Return the true rate behind one that is no count, such as a mean of probabilities that were read."""
        return seen if self.exact(behaviour) else rogan_gladen_ends(seen, *self.rates(behaviour))

    def miss_rate(self, behaviour: str) -> Estimate:
        """Return the share of failing replies that pass it unseen; see `miss_rate`."""
        return miss_rate(self.quality, behaviour)


def hash_judge(judge: Judge) -> str:
    """Return the SHA-256 of all that decides a judge's rulings."""
    return hashlib.sha256(judge.definition.encode()).hexdigest()


def miss_rate(quality: JudgeQuality | None, behaviour: str) -> Estimate:
    """Return the share of failing replies that pass a detector unseen: called absent, or not called at all.

    Without a detector every one does. One that was never measured on the behaviour may miss anything: n = 0, 0 to 1,
    with a value of 1, because it has not shown that it sees one.
    """
    measured = quality.behaviours.get(behaviour) if quality else None
    if quality is None:
        return Estimate(value=1.0, low=1.0, high=1.0, n=0, method="no detector")
    if measured is None or not measured.failing.n:
        return Estimate(value=1.0, low=0.0, high=1.0, n=0, method=f"{quality.judge} was not measured on {behaviour}")
    return clopper_pearson(measured.failing.n - measured.failing.shown, measured.failing.n)


def unmeasured(judge: str) -> BadInput:
    """Return what is said, everywhere, of a judge without its measured error."""
    found = f"the judge {judge!r} without its measured error"
    return bad_input(found, "a judge-quality file, for a judge may be wrong", HOW)


def read_quality(path: Path) -> JudgeQuality:
    """Read a judge-quality file. A missing one is an error, never a perfect judge.

    Raises:
        BadInput: no such file, or not a judge-quality record.
    """
    if not path.is_file():
        raise bad_input(f"no file {str(path)!r}", "a file with the judge's measured error", HOW)
    return read_record(path, JudgeQuality)


def _share(counts: RulingCounts, right: str) -> Estimate:
    return clopper_pearson(int(getattr(counts, right)), counts.shown + counts.absent)
