"""What labels add up to: rates over the sample, by topic and by lead; how far raters agree."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from drillyard.audits.labelling.sample import Sample, final_words
from drillyard.records.labels import Agreement, JudgedReply, Label, LabelledRates, TopicRate
from drillyard.stats import clopper_pearson, stratified_share

__all__ = ["agreements", "measure_labels", "unsettled"]


def measure_labels(sample: Sample, labels: Sequence[Label]) -> LabelledRates:
    """Return the rates of the sample's behaviour. Replies that raters disagree on count as unsure until settled."""
    own = [one for one in labels if one.behaviour == sample.behaviour]
    words = final_words(own, sample.behaviour)
    counts = sample.counts(words)
    return LabelledRates(
        behaviour=sample.behaviour,
        sample=f"{len(sample.replies)} replies to {sample.words}",
        rate=stratified_share(list(counts.values())),
        labels=sum(one.labels for one in counts.values()),
        unsure=sum(one.unsure for one in counts.values()),
        topics=_topics(sample, words),
        leads={
            lead: stratified_share(list(sample.lead_counts(lead, words).values()))
            for lead, replies in sample.leads.items()
            if any(one.id in words for one in replies)
        },
        raters=tuple(dict.fromkeys(one.rater for one in own)),
        agreements=agreements(own),
    )


def agreements(labels: Sequence[Label]) -> tuple[Agreement, ...]:
    """Return how far each two raters agree on the replies that both have labelled; settling words left out."""
    said: dict[str, dict[str, str]] = {}
    for one in labels:
        if not one.settles:
            said.setdefault(one.rater, {})[one.reply] = one.word
    left = {*unsettled(labels)}
    found = []
    for a, b in itertools.combinations(said, 2):
        both = [reply for reply in said[a] if reply in said[b]]
        if both:
            pairs = [(said[a][reply], said[b][reply]) for reply in both]
            agreed = clopper_pearson(sum(x == y for x, y in pairs), len(pairs))
            found.append(
                Agreement(
                    raters=(a, b),
                    both=len(both),
                    agreed=agreed,
                    kappa=_kappa(pairs),
                    open=sum(reply in left for reply in both),
                )
            )
    return tuple(found)


def unsettled(labels: Sequence[Label]) -> list[str]:
    """Return the replies on which raters differ and that nobody has settled."""
    said: dict[str, dict[str, str]] = {}
    for one in labels:
        if not one.settles:
            said.setdefault(one.reply, {})[one.rater] = one.word
    settled = {one.reply for one in labels if one.settles}
    return [reply for reply, words in said.items() if len({*words.values()}) > 1 and reply not in settled]


def _topics(sample: Sample, words: Mapping[str, str]) -> tuple[TopicRate, ...]:
    """Return the rate of each topic with a label, that with the highest low end first."""
    by_topic: dict[str, list[JudgedReply]] = {}
    for one in sample.replies:
        by_topic.setdefault(one.topic, []).append(one)
    found = []
    for topic, replies in by_topic.items():
        counts = [one for one in sample.counts(words, replies).values() if one.size]
        if any(one.labels for one in counts):
            shown = next((one.transcript for one in replies if words.get(one.id) == "shown"), None)
            found.append(TopicRate(topic=topic, rate=stratified_share(counts), example=shown))
    return tuple(sorted(found, key=lambda one: (-one.rate.low, -one.rate.value, one.topic)))


def _kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Return Cohen's kappa, None where chance alone would agree always."""
    n = len(pairs)
    agreed = sum(a == b for a, b in pairs) / n
    words = {word for pair in pairs for word in pair}
    chance = sum(sum(a == word for a, _ in pairs) * sum(b == word for _, b in pairs) for word in words) / n**2
    return None if chance == 1 else (agreed - chance) / (1 - chance)
