"""A probe as detector: fitted on labelled replies, measured on questions that it has not seen, and used to rank others.

Read at the end of a reply, or before it (`prompt`), where a question can be ranked that nobody has put yet. What it
detects is the behaviour, not its cause; the text of question and reply is measured beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from drillyard.errors import bad_input
from drillyard.probes.base import Doubles, Probe
from drillyard.probes.capture.reader import Reader
from drillyard.probes.capture.statement import Statement
from drillyard.probes.capture.store import capture
from drillyard.probes.files import ProbeCard, write_probe
from drillyard.probes.methods.logistic import fit_logistic
from drillyard.probes.tasks.task import Task
from drillyard.probes.verdict.controls import TEXT, text_features
from drillyard.probes.verdict.folds import informative_layer
from drillyard.probes.verdict.scoring import Labelled, Scored, cross_score
from drillyard.records import (
    BehaviourQuality,
    Estimate,
    JudgeQuality,
    LabelledTranscript,
    Record,
    RulingCounts,
    Transcript,
)
from drillyard.records.files import as_lines, write_record
from drillyard.stats import conformal_threshold

__all__ = ["Detector", "MeasuredDetector", "Where", "fit_detector", "reply_rows"]

Where = Literal["reply", "prompt"]
_FEWEST = 10
"""Replies of either kind, and questions, that folds need."""


class MeasuredDetector(Record):
    """What is known of a behaviour's probe: where it reads, its area on other questions, and that of the text alone."""

    layer: int
    area: Estimate
    text: Estimate
    threshold: float

    @property
    def better(self) -> bool:
        """Whether it reads more than the text alone does."""
        return self.area.low > self.text.value


@dataclass(frozen=True, kw_only=True, eq=False)
class Detector:
    """Probes by behaviour, what they reach, and their error as a judge's, for `audit fmea --detector`."""

    where: Where
    probes: Mapping[str, Probe]
    measured: Mapping[str, MeasuredDetector]
    quality: JudgeQuality
    level: float

    def save(self, folder: Path, reader: Reader) -> None:
        """Write `detector.json`, and each probe with its card as `BEHAVIOUR.safetensors`, for a guard or a gate."""
        write_record(folder / "detector.json", self.quality)
        for code, probe in self.probes.items():
            found = self.measured[code]
            card = ProbeCard(
                form=probe.form,
                method="logistic",
                target=reader.reference,
                model_hash=reader.model_hash,
                tokenizer_hash=reader.spelling.hash,
                layer=found.layer,
                position="statement-end" if self.where == "reply" else "last",
                task=code,
                verdict="signal" if found.better else "shortcut",
                area=found.area,
                threshold=found.threshold,
                level=self.level,
            )
            write_probe(folder / f"{code}.safetensors", probe, card)

    def score(self, reader: Reader, transcripts: Sequence[Transcript], templates: Mapping[str, str]) -> Doubles:
        """Return (transcripts,) the largest score above its behaviour's threshold. Raises `BadInput` as `capture`."""
        layers = sorted({one.layer for one in self.measured.values()})
        states = capture(reader, reply_rows(transcripts, templates, self.where), layers)
        found: Doubles = np.max(
            [
                p.score(states.of(m.layer)) - m.threshold
                for p, m in zip(self.probes.values(), self.measured.values(), strict=True)
            ],
            axis=0,
        )
        return found


def reply_rows(
    transcripts: Sequence[Transcript],
    templates: Mapping[str, str],
    where: Where,
    label: Callable[[int], bool | None] = lambda _: None,
) -> list[Statement]:
    """Return transcripts as statements, the question as their group.

    Raises:
        BadInput: a conversation of several turns, or a prompt template whose text is not known.
    """
    rows = []
    for number, one in enumerate(transcripts):
        talk = one.conversation
        if len(talk.messages) != 1:
            raise bad_input(f"a conversation of {len(talk.messages)} messages", "questions that stand alone")
        if talk.template and talk.template not in templates:
            raise bad_input(f"the prompt template {talk.template!r}", f"one of: {', '.join(templates) or 'none'}")
        rows.append(
            Statement(
                text=one.reply.text if where == "reply" else "",
                asked=talk.last_user,
                system=templates.get(talk.template, ""),
                group=talk.last_user,
                label=label(number),
            )
        )
    return rows


def fit_detector(
    reader: Reader,
    labelled: Sequence[LabelledTranscript],
    templates: Mapping[str, str],
    *,
    where: Where = "reply",
    layers: Sequence[int] = (),
    level: float = 0.05,
    seed: int = 1,
) -> Detector:
    """Fit a probe for each behaviour of which there are replies enough, and measure it on questions of other folds.

    The threshold of a fold is that of the others' sound replies, so that at most `level` of sound ones are flagged on
    average.

    Raises:
        BadInput: no behaviour with ten failing and ten sound replies to ten questions, or what `reply_rows` refuses.
    """
    layers = tuple(layers) or tuple(range(1, reader.layers))
    transcripts = [one.transcript for one in labelled]
    array = capture(reader, reply_rows(transcripts, templates, where), layers).array
    probes, measured, counts = {}, {}, {}
    for code in sorted({code for one in labelled for code in one.shown}):
        rows = np.array([i for i, one in enumerate(labelled) if code in one.shown or code in one.absent])
        labels = np.array([code in labelled[i].shown for i in rows])
        questions = {transcripts[i].conversation.last_user for i in rows}
        if min(labels.sum(), (~labels).sum(), len(questions)) < _FEWEST:
            continue
        some = [transcripts[i] for i in rows]
        statements = reply_rows(some, templates, where, lambda i, labels=labels: bool(labels[i]))  # type: ignore[misc]
        data = Labelled.of(Task(name=code, words="", rows=tuple(statements)), seed)
        probe = cross_score(array[rows], data, "logistic", seed)
        counts[code] = _counts(probe, data, level)
        groups = np.unique(data.names, return_inverse=True)[1]
        place = informative_layer(array[rows], labels, groups, seed)
        probes[code] = fit_logistic(array[rows][:, place], labels)
        sound = probes[code].score(array[rows][:, place])[~labels]
        features = text_features(statements, range(len(statements)), TEXT["1-2-grams"])
        text = cross_score(features[:, None], data, "logistic", seed, constant=0.0)
        measured[code] = MeasuredDetector(
            layer=layers[place],
            area=data.area(probe.scores, data.plain),
            text=data.area(text.scores, data.plain),
            threshold=conformal_threshold(sound.tolist(), level),
        )
    if not probes:
        raise bad_input("no behaviour with replies enough", f"{_FEWEST} failing and {_FEWEST} sound ones of one")
    return Detector(
        level=level, where=where, probes=probes, measured=measured, quality=_quality(reader, labelled, probes, counts)
    )


def _counts(probe: Scored, data: Labelled, level: float) -> BehaviourQuality:
    flagged: NDArray[np.bool_] = np.zeros(len(data.labels), bool)
    for fold in range(data.folds.count):
        others = probe.scores[(data.fold != fold) & ~data.labels]
        flagged[data.fold == fold] = probe.scores[data.fold == fold] > conformal_threshold(others.tolist(), level)
    told = {
        side: RulingCounts(shown=int((flagged & rows).sum()), absent=int((~flagged & rows).sum()))
        for side, rows in (("failing", data.labels), ("sound", ~data.labels))
    }
    return BehaviourQuality(**told)


def _quality(
    reader: Reader,
    labelled: Sequence[LabelledTranscript],
    probes: Mapping[str, Probe],
    counts: Mapping[str, BehaviourQuality],
) -> JudgeQuality:
    made = hashlib.sha256(reader.model_hash.encode())
    for probe in probes.values():
        for name, tensor in sorted(probe.tensors().items()):
            made.update(name.encode() + np.ascontiguousarray(tensor).tobytes())
    return JudgeQuality(
        judge=f"probe in {reader.reference}",
        definition=made.hexdigest(),
        measured_on=f"{len(labelled)} labelled replies, each question's by probes of other questions",
        data=hashlib.sha256(as_lines(labelled)).hexdigest(),
        targets=tuple(sorted({one.transcript.target for one in labelled})),
        behaviours=dict(counts),
    )
