"""The labels of a run: what may be labelled, what was, and the report that is written anew with every session."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from drillyard.audits.labelling.files import LABELLED, LABELS, REPLIES
from drillyard.audits.labelling.rates import measure_labels, unsettled
from drillyard.audits.labelling.sample import Sample, final_words
from drillyard.audits.reports.writing import read_report, write_reports
from drillyard.errors import bad_input
from drillyard.judges.claims.binding import FactIndex
from drillyard.judges.claims.facts import facts_of
from drillyard.records import LabelledTranscript
from drillyard.records.files import write_atomically
from drillyard.records.journal import Journal
from drillyard.records.labels import JudgedReply, Label, LabelledRates, Word
from drillyard.records.progress import Progress, silent
from drillyard.scopes.loading import load_scope

__all__ = ["Book"]


class Book:
    """The labels of one behaviour in one run by one rater. A label is on the disk before the next reply is shown.

    Raises:
        BadInput: no folder of an audit with replies, or a behaviour that its judge did not rule on.
    """

    def __init__(self, run: Path, behaviour: str = "", rater: str = "first") -> None:
        if not (run / REPLIES).is_file():
            found = f"no {REPLIES} in {run}"
            raise bad_input(found, "the folder of an audit that samples replies", "type: drillyard audit TARGET -o DIR")
        self.report = read_report(run)
        self.run, self.rater = run, rater
        self.replies = list(Journal(run / REPLIES, JudgedReply.from_data))
        ruled = list(dict.fromkeys(one.behaviour for reply in self.replies for one in reply.rulings))
        if behaviour and behaviour not in ruled:
            raise bad_input(f"--behaviour {behaviour!r}", f"one of: {', '.join(ruled)}")
        self.behaviour = behaviour or self._often(ruled)
        self.sample = Sample(self.replies, self.behaviour)
        self._journal = Journal(run / LABELS, Label.from_data, durable=True)
        self.labels = list(self._journal)
        self._known = {one.id: one for one in self.replies}
        self._facts = _facts(self.report.world)

    def _often(self, ruled: Sequence[str]) -> str:
        """Return the behaviour that the judge saw most often, the first one where it saw none."""
        seen = {code: sum(one.verdict(code) == "shown" for one in self.replies) for code in ruled}
        return max(ruled, key=lambda code: seen[code], default="")

    @property
    def meaning(self) -> str:
        """What the behaviour is, in the scope's words."""
        try:
            return load_scope(self.report.world).behaviours.get(self.behaviour, self.behaviour)
        except Exception:
            return self.behaviour

    @property
    def words(self) -> dict[str, str]:
        """The word that stands for each labelled reply."""
        return final_words(self.labels, self.behaviour)

    def wanted(self, n: int, *, again: bool = False, settle: bool = False) -> list[JudgedReply]:
        """Return what to label next: new replies, those that others alone have labelled, or what they differ on."""
        own = [one for one in self.labels if one.behaviour == self.behaviour]
        if settle:
            return [self._known[one] for one in unsettled(own) if one in self._known][:n]
        if again:
            mine = {one.reply for one in own if one.rater == self.rater}
            return [one for one in self._ordered() if one.id in {x.reply for x in own} - mine][:n]
        return self.sample.next(self.words, n)

    def _ordered(self) -> list[JudgedReply]:
        return [one for group in self.sample.strata.values() for one in group]

    def add(self, reply: str, word: Word, *, settles: bool = False) -> None:
        """Take down a label. Raises `BadInput` for a reply that is none of this run's."""
        if reply not in self._known:
            raise bad_input(f"the reply {reply!r}", f"one of {self.run}")
        made = Label(reply=reply, behaviour=self.behaviour, rater=self.rater, word=word, settles=settles)
        self._journal.append(made)
        self.labels.append(made)

    def evidence(self, one: JudgedReply) -> list[str]:
        """Return the facts of the scope that speak of what is asked or said."""
        return self._facts.lines(one.transcript.conversation.last_user, one.transcript.reply.text)

    def close(self, tell: Progress = silent) -> LabelledRates:
        """Write what the labels add up to into the report, and the labelled transcripts; return the rates."""
        self.labels = list(self._journal)  # another rater may be at it too
        rates = measure_labels(self.sample, self.labels)
        others = tuple(one for one in self.report.labels if one.behaviour != self.behaviour)
        self.report = self.report.model_copy(update={"labels": (*others, rates)})
        write_reports(self.report, self.run, tell)
        lines = "".join(f"{one.to_json()}\n" for one in self.labelled())
        write_atomically(self.run / LABELLED, lines.encode())
        return rates

    def labelled(self) -> list[LabelledTranscript]:
        """Return the replies whose truth a person has told, of every behaviour; unsure ones left out."""
        by_reply: dict[str, dict[str, str]] = {}
        for behaviour in dict.fromkeys(one.behaviour for one in self.labels):
            for reply, word in final_words(self.labels, behaviour).items():
                if reply in self._known and word != "unsure":
                    by_reply.setdefault(reply, {})[behaviour] = word
        return [
            LabelledTranscript(
                transcript=self._known[reply].transcript,
                shown=tuple(code for code, word in words.items() if word == "shown"),
                absent=tuple(code for code, word in words.items() if word == "absent"),
            )
            for reply, words in by_reply.items()
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.labels:
            self.close()


def _facts(world: str) -> FactIndex:
    try:
        return FactIndex(facts_of(load_scope(world)))
    except Exception:
        return FactIndex(())
