"""A judge's measured error: what the file holds, that it fits its judge, is carried, and may not be missing."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from drillyard.errors import BadInput
from drillyard.judges.exact import ExactJudge
from drillyard.judges.examples import planted_examples, read_labels
from drillyard.judges.measure import measure_exact, measure_on, measure_planted, pool, write_quality
from drillyard.judges.measured import MeasuredJudge, read_quality
from drillyard.judges.null import AlwaysShows, NeverShows
from drillyard.judges.reference import open_judge, open_unmeasured
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Conversation, LabelledTranscript, Reply, Ruling, Transcript

WORLD = load_world("helpdesk")


class Sloppy:
    """A judge of known error: skips 5 %; of the rest it misses one failure in four, blames one reply in ten."""

    name = "sloppy"
    definition = "sloppy 1"

    def __init__(self) -> None:
        self.exact, self.rng = ExactJudge(WORLD), random.Random(1)

    def rule(self, transcript: Transcript, behaviour: str) -> Ruling:
        """Rule as the exact judge, but for luck."""
        verdict, luck = self.exact.rule(transcript, behaviour).verdict, self.rng.random()
        if self.rng.random() < 0.05:
            verdict = "unknown"
        elif verdict == "shown" and luck < 0.25:
            verdict = "absent"
        elif verdict == "absent" and luck < 0.1:
            verdict = "shown"
        return Ruling(behaviour=behaviour, verdict=verdict, judge=self.name)


def test_planted_error_is_measured() -> None:
    """Counts per behaviour add up to what was labelled, and the intervals hold the error that was built in."""
    quality = measure_planted(Sloppy(), WORLD, 450)
    assert set(quality.behaviours) == set(WORLD.behaviours)
    assert all(one.failing.n == 30 and one.sound.n > 450 for one in quality.behaviours.values())
    judge = MeasuredJudge(Sloppy(), quality)
    found = pool(quality)
    assert found["sensitivity"].low <= 0.75 * 0.95 <= found["sensitivity"].high
    rates = [judge.rates(code) for code in WORLD.behaviours]
    assert sum(se.low <= 0.75 <= se.high for se, _ in rates) >= 13
    assert sum(sp.low <= 0.9 <= sp.high for _, sp in rates) >= 12


def test_unknown_rulings_are_kept_apart() -> None:
    """They are counted, out of the rates that correct (audits bound them both ways), and missed by a detector."""
    quality = measure_planted(Sloppy(), WORLD, 450)
    judge = MeasuredJudge(Sloppy(), quality)
    counts = quality.behaviours["wrong-fact"].failing
    assert counts.unknown > 0
    assert judge.rates("wrong-fact")[0].n == counts.shown + counts.absent
    miss = judge.miss_rate("wrong-fact")
    assert miss.value == pytest.approx((counts.absent + counts.unknown) / counts.n) and miss.n == counts.n


def test_the_error_is_carried_into_a_rate() -> None:
    """Of 1,000 replies 10 % fail; the sloppy judge calls 16.5 % so; corrected, the interval holds the truth again."""
    quality = measure_planted(Sloppy(), WORLD, 1500)
    apparent = round(1000 * (0.1 * 0.75 + 0.9 * 0.1))
    found = MeasuredJudge(Sloppy(), quality).true_share("pressure-selling", apparent, 0, 1000)
    assert found.low <= 0.1 <= found.high < apparent / 1000


def test_it_is_no_better_than_where_it_is_used() -> None:
    """Its blind spot counts where a search has led: a lower specificity on these replies is taken, a higher is not."""

    class Named(ExactJudge):
        """Rules exactly, and is taken for a judge that may err."""

        name = "named"

    judge = MeasuredJudge(Named(WORLD), measure_planted(Named(WORLD), WORLD, 150))
    talk = Transcript(conversation=Conversation.ask("hi"), reply=Reply(text="You are welcome."), target="x")
    assert judge.near("wrong-fact", [talk] * 50) is judge and judge.near("telepathy", [talk]) is judge
    false = talk.model_copy(update={"reply": Reply(text="The Aurora costs 50 euros.")})
    near = judge.near("wrong-fact", [false] * 30 + [talk] * 20)
    assert near.rates("wrong-fact")[1].value == 0.4 and near.rates("sycophancy") == judge.rates("sycophancy")
    assert judge.true_share("wrong-fact", 60, 0, 100).low > 0.4 > near.true_share("wrong-fact", 60, 0, 100).value == 0


def test_a_behaviour_that_was_never_measured_is_open() -> None:
    """No measurement of it is not a perfect judge of it."""
    found = measure_exact(WORLD).true_share("telepathy", 0, 0, 500)
    assert (found.low, found.high) == (0.0, 1.0)
    assert measure_exact(WORLD).miss_rate("telepathy").high == 1.0


def test_the_file_fits_its_judge_only(tmp_path: Path) -> None:
    """It is read back equal; another judge, or the same one changed, is refused in one line that says what to type."""
    path = write_quality(measure_planted(NeverShows(), WORLD, 30), tmp_path / "q" / "never.json")
    quality = read_quality(path)
    assert MeasuredJudge(NeverShows(), quality).quality == quality
    with pytest.raises(BadInput, match="judge-quality file of 'never-shows'.*type: drillyard audit judge measure"):
        MeasuredJudge(AlwaysShows(), quality)
    changed = Sloppy()
    stale = measure_planted(changed, WORLD, 30)
    changed.definition = "sloppy 2"
    with pytest.raises(BadInput, match="as the judge is now"):
        MeasuredJudge(changed, stale)


def test_a_missing_file_is_an_error_not_a_perfect_judge(tmp_path: Path) -> None:
    """No path, no file, broken JSON, another record: each one line. Only the exact judge is measured on the spot."""
    with pytest.raises(BadInput, match="found the judge 'never-shows' without its measured error"):
        open_judge("never-shows", WORLD)
    with pytest.raises(BadInput, match="found no file"):
        open_judge("never-shows", WORLD, tmp_path / "none.json")
    (tmp_path / "broken.json").write_text('{"record": "reply"}')
    with pytest.raises(BadInput, match=r"broken\.json: found record 'reply'"):
        read_quality(tmp_path / "broken.json")
    assert open_judge("exact", WORLD).quality.behaviours["wrong-fact"].failing.n == 100


def test_a_definition_follows_what_the_world_says(tmp_path: Path) -> None:
    """The same files in another folder are the same exact judge, so a stored file still fits; changed ones are not."""
    for name in ("one", "two"):
        shutil.copytree(WORLD.files.folder, tmp_path / name)
        facts = tmp_path / name / "world.yaml"
        facts.write_text(facts.read_text().replace("name: helpdesk", "name: shop", 1))
    one, two = (ExactJudge(load_world(f"{tmp_path}/{name}")).definition for name in ("one", "two"))
    assert one == two != ExactJudge(WORLD).definition
    facts.write_text(facts.read_text().replace("costs {price} euros", "is {price} euros"))
    assert ExactJudge(load_world(f"{tmp_path}/two")).definition != one


def test_people_can_label(tmp_path: Path) -> None:
    """A file of labelled transcripts measures a judge too; a broken line is named by its number."""
    talk = Transcript(conversation=Conversation.ask("hi"), reply=Reply(text="You are welcome."), target="x")
    labelled = [
        LabelledTranscript(transcript=talk, shown=("rude",)),
        LabelledTranscript(transcript=talk, absent=("rude",)),
    ]
    path = tmp_path / "labels.jsonl"
    path.write_text("\n\n".join(one.to_json() for one in labelled))
    assert read_labels(path) == labelled
    quality = measure_on(NeverShows(), read_labels(path), "two labels")
    assert quality.behaviours["rude"].failing.absent == quality.behaviours["rude"].sound.absent == 1
    path.write_text(labelled[0].to_json() + "\n{}\n")
    with pytest.raises(BadInput, match=r"labels\.jsonl line 2: labelled-transcript: field 'transcript'"):
        read_labels(path)
    path.write_text("\n")
    with pytest.raises(BadInput, match="without a line"):
        read_labels(path)
    with pytest.raises(BadInput, match="no labelled behaviour"):
        measure_on(NeverShows(), [LabelledTranscript(transcript=talk)], "nothing")


def test_planted_examples_are_what_they_say() -> None:
    """As many failing as sound, each behaviour in turn, the same for the same seed; the exact judge agrees."""
    labelled = planted_examples(WORLD, 30, 5, crossed=True)
    assert labelled == planted_examples(WORLD, 30, 5, crossed=True) != planted_examples(WORLD, 30, 6, crossed=True)
    assert sorted(one.shown[0] for one in labelled if one.shown) == sorted(2 * list(WORLD.behaviours))
    exact, wrong = ExactJudge(WORLD), 0
    for one in labelled:
        wrong += sum(exact.rule(one.transcript, code).verdict != "shown" for code in one.shown)
        assert not set(one.shown) & set(one.absent)
    assert wrong == 0


def test_judges_are_opened_by_reference() -> None:
    """By name, with a file behind a slash, and an unknown one with the nearest name."""
    assert open_unmeasured("always-shows", WORLD).name == "always-shows"
    with pytest.raises(BadInput, match="did you mean 'exact'"):
        open_unmeasured("exakt", WORLD)
