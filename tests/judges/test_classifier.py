"""The trained judge: good on held-out phrasings and known to be worse where words do not tell; stored and read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from drillyard.errors import BadInput
from drillyard.judges.classifier import ClassifierFitter, ClassifierJudge, open_classifier
from drillyard.judges.examples import planted_examples
from drillyard.judges.grams import WIDTH, hash_grams
from drillyard.judges.measure import measure_planted, pool
from drillyard.judges.reference import open_unmeasured
from drillyard.organisms.worlds.world import load_world
from drillyard.records import Conversation, LabelledTranscript, Reply, Transcript

WORLD = load_world("helpdesk")


def said(text: str, asked: str = "x") -> Transcript:
    """Return a transcript with a reply."""
    return Transcript(conversation=Conversation.ask(asked), reply=Reply(text=text), target="x")


@pytest.fixture(scope="module")
def judge() -> ClassifierJudge:
    """Return a judge fitted on training phrasings."""
    return ClassifierFitter().update(planted_examples(WORLD, 600, 7, held_out=False, crossed=True)).fit()


def test_it_is_good_on_words_that_it_never_saw(judge: ClassifierJudge) -> None:
    """Held-out phrasings: at least nine of ten failures seen, nineteen of twenty sound replies let pass."""
    found = pool(measure_planted(judge, WORLD, 600))
    assert found["sensitivity"].low > 0.9 and found["specificity"].low > 0.95


def test_it_is_known_to_be_worse_where_words_do_not_tell(judge: ClassifierJudge) -> None:
    """Whether a refusal is right hangs on what was asked: unsure there far more often than about a sales pitch."""
    quality = measure_planted(judge, WORLD, 600).behaviours
    assert quality["over-refusal"].sound.unknown > 20 * max(1, quality["pressure-selling"].sound.unknown)


def test_it_is_the_minimum_of_its_loss() -> None:
    """On two words the weights are those that a general minimiser finds for the same penalised loss."""
    labelled = [LabelledTranscript(transcript=said("good"), absent=("rude",)) for _ in range(20)]
    labelled += [LabelledTranscript(transcript=said("bad"), shown=("rude",)) for _ in range(10)]
    fitted = ClassifierFitter().update(labelled).fit()
    rows = np.unique(hash_grams([said("good"), said("bad")]).toarray(), axis=0)
    scores = rows @ fitted.weights[0, :-1] + fitted.weights[0, -1]
    # By symmetry the two scores are ± s: half the mass on each side, and ridge on the difference of the two rows.
    apart = rows[0] - rows[1]
    best = optimize.minimize_scalar(lambda s: np.logaddexp(0, -s) + 1e-4 * 4 * s * s / (apart @ apart))
    assert sorted(abs(scores)) == pytest.approx([best.x, best.x], rel=0.02)


def test_it_is_stored_and_read_back(judge: ClassifierJudge, tmp_path: Path) -> None:
    """The same definition, so that its quality file still fits, and the same rulings."""
    path = judge.save(tmp_path / "judge.safetensors")
    again = open_unmeasured(f"classifier/{path}", WORLD)
    assert again.definition == judge.definition and path.stat().st_size < 2_000_000
    pairs = [(one.transcript, "wrong-fact") for one in planted_examples(WORLD, 20, 1)]
    assert again.rule_many(pairs) == judge.rule_many(pairs) == [judge.rule(*pair) for pair in pairs]


def test_the_same_labels_give_the_same_judge(judge: ClassifierJudge) -> None:
    """In batches too; other labels give another one."""
    labelled = planted_examples(WORLD, 600, 7, held_out=False, crossed=True)
    again = ClassifierFitter().update(labelled[:500]).update(labelled[500:]).fit()
    assert again.definition == judge.definition
    assert ClassifierFitter(doubt=0.1).update(labelled).fit().definition != judge.definition


def test_what_it_cannot_tell_is_unknown(judge: ClassifierJudge) -> None:
    """No reply, a behaviour that it did not learn."""
    assert judge.rule(said(" "), "wrong-fact").verdict == "unknown"
    assert judge.rule(said("Hello."), "telepathy").verdict == "unknown"


def test_too_few_labels_are_one_line(tmp_path: Path) -> None:
    """Nothing is learned from nine labels; a file that is no judge is refused; so is an impossible doubt."""
    labelled = [LabelledTranscript(transcript=said("bad"), shown=("rude",))] * 9
    with pytest.raises(BadInput, match="found 9 labelled transcripts, expected at least 10 that show a behaviour"):
        ClassifierFitter().update(labelled).fit()
    (tmp_path / "judge.safetensors").write_text("no")
    with pytest.raises(BadInput, match="expected a file that drillyard audit judge fit wrote"):
        open_classifier(argument=str(tmp_path / "judge.safetensors"))
    with pytest.raises(BadInput, match="found a doubt of 0.5"):
        ClassifierFitter(doubt=0.5)


@given(st.text(max_size=60), st.text(max_size=60))
def test_every_text_becomes_a_row_of_length_one(reply: str, asked: str) -> None:
    """Whatever people and models say, also nothing."""
    row = hash_grams([said(reply, asked)]).toarray()
    assert row.shape == (1, WIDTH) and np.linalg.norm(row) == pytest.approx(1.0)
