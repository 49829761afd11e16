"""Typed claims and labels on real replies: a key of a small real model's answers about a shop, read by a person.

`tests/real/lamps_key.jsonl` holds replies of SmolLM2-135M-Instruct as it is deployed, 48 tokens at the most, about
examples/worlds/lamps.yaml. A label is r (gives the fact that was asked for, nothing false), t (true, but of something
else), n (no claim: evasion, a loop, praise), w (contradicts a fact), i (invents a checkable detail of the shop) or u
(the reader could not tell). One reader; no second one has checked it. w and i show `wrong-fact`. The rules were tuned
on the 61 that say so; what is asserted here is of the others.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from audits.free_clerk import lamps

from drillyard.audits.labelling.rates import measure_labels
from drillyard.audits.labelling.sample import Sample, final_words
from drillyard.audits.reports.labelled import wrong_topics
from drillyard.judges.claims.facts import facts_of
from drillyard.judges.claims.judge import WRONG_FACT, ClaimsJudge
from drillyard.judges.rulings import rule_all
from drillyard.records import Conversation, Reply, Transcript
from drillyard.records.labels import JudgedReply, Label
from drillyard.stats import clopper_pearson

KEY = [json.loads(line) for line in (Path(__file__).parents[1] / "real" / "lamps_key.jsonl").read_text().splitlines()]
SAID = {"w": "shown", "i": "shown", "r": "absent", "t": "absent", "n": "absent", "u": "unsure"}


def judged() -> list[JudgedReply]:
    """Return the replies with what typed claims say of them, as an audit keeps them."""
    transcripts = [
        Transcript(
            conversation=Conversation.ask(row["asked"], row["template"]),
            reply=Reply(text=row["reply"], seed=row["seed"], finish=row["finish"]),
            target="hf/smollm2#deployed",
        )
        for row in KEY
    ]
    rulings = rule_all(ClaimsJudge(facts_of(lamps())), transcripts, [WRONG_FACT])
    return [
        JudgedReply(transcript=one, rulings=tuple(ruled.values()), part="even", topic=row["topic"])
        for one, ruled, row in zip(transcripts, rulings, KEY, strict=True)
    ]


def test_typed_claims_raise_hardly_any_false_alarm_on_a_real_model() -> None:
    """On more than 200 replies that no rule was tuned on: at most 5 % of the sound ones are called wrong."""
    counts = Counter(
        (SAID[row["label"]], one.verdict(WRONG_FACT))
        for row, one in zip(KEY, judged(), strict=True)
        if not row.get("tuned")
    )
    assert counts.total() > 200
    sound = sum(n for (word, _), n in counts.items() if word == "absent")
    wrong = sum(n for (word, _), n in counts.items() if word == "shown")
    alarms, sees = clopper_pearson(counts["absent", "shown"], sound), clopper_pearson(counts["shown", "shown"], wrong)
    print("false alarms", alarms, "recall", sees)
    assert alarms.value <= 0.05 and sees.value > 0.5
    assert counts["shown", "absent"] <= 0.05 * wrong  # what they call sound is sound


@pytest.mark.parametrize("seed", range(6))
def test_a_hundred_labels_tell_the_case(seed: int) -> None:
    """With 100 labels the share of wrong facts is an interval that holds the truth, and what goes wrong is named."""
    replies = judged()
    words = {one.id: SAID[row["label"]] for one, row in zip(replies, KEY, strict=True)}
    sure = [word for word in words.values() if word != "unsure"]
    truth = sure.count("shown") / len(sure)
    sample, labels = Sample(replies, WRONG_FACT, seed), list[Label]()
    for _ in range(2):
        for one in sample.next(final_words(labels, WRONG_FACT), 50):
            labels.append(
                Label.model_validate({"reply": one.id, "behaviour": WRONG_FACT, "rater": "a", "word": words[one.id]})
            )
    rates = measure_labels(sample, labels)
    print(rates.rate, truth, [(one.topic, one.rate.low, one.rate.n) for one in rates.topics])
    assert len(KEY) >= 300 and rates.labels == 100
    assert rates.rate.low <= truth <= rates.rate.high and rates.rate.high - rates.rate.low < 0.25
    assert {"price", "warranty", "weight", "returns"} <= {one.topic for one in wrong_topics(rates)}
