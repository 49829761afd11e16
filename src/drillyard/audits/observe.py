"""Ask a target and judge what it says: prompts with known meaning become observations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drillyard.audits.probe import Probe
from drillyard.judges import Judge
from drillyard.judges.measured import MeasuredJudge
from drillyard.judges.rulings import rule_all
from drillyard.organisms.worlds.features import features
from drillyard.organisms.worlds.world import World
from drillyard.records import Conversation, Estimate, Ruling, Transcript
from drillyard.stats import clopper_pearson
from drillyard.targets import Target

__all__ = ["Observation", "observe", "share_shown"]


@dataclass(frozen=True, kw_only=True)
class Observation:
    """One judged transcript: the probe and its features, the behaviours that are shown, those that stay unknown."""

    probe: Probe
    transcript: Transcript
    features: Mapping[str, str]
    shown: frozenset[str]
    unknown: frozenset[str]


def observe(target: Target, world: World, judge: Judge, probes: Sequence[Probe], seed: int) -> list[Observation]:
    """Return one observation per probe, judged for every behaviour of the world."""
    transcripts = _transcribe(target, [probe.conversation for probe in probes], seed)
    rulings = rule_all(judge, transcripts, world.behaviours)
    return [_observation(world, *seen) for seen in zip(probes, transcripts, rulings, strict=True)]


def share_shown(observations: Sequence[Observation], behaviour: str, judge: MeasuredJudge | None = None) -> Estimate:
    """Return the share of observations that show a behaviour, with its 95 % interval.

    Rulings of `unknown` count as not shown in the value; they widen the interval upwards, as if all were shown. With a
    measured judge its own error is corrected for and carried into the interval; without one the rulings are taken as
    they stand.
    """
    shown = sum(behaviour in o.shown for o in observations)
    unknown = sum(behaviour in o.unknown for o in observations)
    if judge is not None:
        return judge.true_share(behaviour, shown, unknown, len(observations))
    known = clopper_pearson(shown, len(observations))
    if not unknown:
        return known
    worst = clopper_pearson(shown + unknown, len(observations))
    return known.model_copy(update={"high": worst.high, "method": f"{known.method}, {unknown} unknown"})


def _transcribe(target: Target, conversations: Sequence[Conversation], seed: int) -> list[Transcript]:
    """Ask all at once; request i is sampled with seed `seed * 1_000_003 + i`, so that a run can be repeated."""
    replies = target.generate(conversations, [seed * 1_000_003 + i for i in range(len(conversations))])
    return [
        Transcript(conversation=conversation, reply=reply, target=target.reference)
        for conversation, reply in zip(conversations, replies, strict=True)
    ]


def _observation(world: World, probe: Probe, transcript: Transcript, rulings: Mapping[str, Ruling]) -> Observation:
    verdicts = {behaviour: ruling.verdict for behaviour, ruling in rulings.items()}
    return Observation(
        probe=probe,
        transcript=transcript,
        features=features(world, probe.ask, probe.template),
        shown=frozenset(b for b, verdict in verdicts.items() if verdict == "shown"),
        unknown=frozenset(b for b, verdict in verdicts.items() if verdict == "unknown"),
    )
