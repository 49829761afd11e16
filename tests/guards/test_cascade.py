"""A guard with further stages: asked about what is doubtful alone, in a stream as in the whole, promised alike."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from guards.conftest import PRESSING, SOUND

from drillyard.errors import BadInput
from drillyard.guards.base import Stage
from drillyard.guards.calibration import calibrate
from drillyard.guards.cascade import Cascade, add_stage, open_any, open_stage
from drillyard.guards.check import check_replies
from drillyard.guards.examples import Example, from_world
from drillyard.guards.gate import Gate
from drillyard.guards.guard import Guard
from drillyard.guards.null import AllowAll, BlockAll
from drillyard.guards.staging import stage_guard
from drillyard.organisms.worlds.world import load_world
from drillyard.probes.base import LinearProbe
from drillyard.probes.capture.reader import open_reader
from drillyard.probes.capture.statement import Statement
from drillyard.probes.capture.store import capture
from drillyard.probes.files import ProbeCard, write_probe
from drillyard.probes.methods.logistic import fit_logistic
from drillyard.records import Estimate
from drillyard.registry import cards

RULES = "behaviours:\n  pressure-selling:\n    shown: ['doubles']\n    unsure: ['now']\n"


class Counting:
    """Counts what it is asked; says how many words the passage has."""

    reads, digest = 16, "counting"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def rate(self, passage: str, behaviour: str) -> float:
        """Return the number of words."""
        self.asked.append(passage)
        return float(len(passage.split()))


def staged(guard: Guard, examples: list[Example], stage: Stage, share: float = 0.2) -> Cascade:
    """Return the guard with a stage, its doubt from sound examples."""
    return add_stage(guard, "stage", stage, [one.text for one in examples if one.shown == ()], share)


def test_only_what_is_doubtful_is_asked_about(guard: Guard, examples: list[Example]) -> None:
    """A sound reply costs no question; a pressing one is shown to the stage, in words of its own."""
    counting = Counting()
    cascade = staged(guard, examples, counting)
    sound = [one.text for one in examples if one.shown == ()]
    for text in sound:
        before = len(counting.asked)
        cascade.score(text)
        doubted = guard.score(text).score > cascade.links[0].doubt
        assert (len(counting.asked) > before) == doubted
    assert 0 < len(counting.asked) < 0.9 * len(sound)
    counting.asked.clear()
    assert cascade.score(f"{SOUND} {PRESSING}").score > 0
    assert counting.asked and all(one in f"{SOUND} {PRESSING}" for one in counting.asked)
    assert any("doubles" in one for one in counting.asked)


def test_any_cut_of_the_stream_asks_the_same(guard: Guard, examples: list[Example]) -> None:
    """The score of a reply does not depend on the pieces that it comes in."""
    counting, rng = Counting(), random.Random(1)
    cascade = staged(guard, examples, counting)
    text = f"{SOUND} {PRESSING} {SOUND} {PRESSING}"
    whole = cascade.score(text)
    asked = counting.asked.copy()
    for _ in range(20):
        counting.asked.clear()
        scorer, at = cascade.follow(), 0
        while at < len(text):
            size = rng.randint(1, 30)
            scorer.feed(text[at : at + size])
            at += size
        scorer.end()
        assert (scorer.peak, counting.asked) == (whole, asked)


def test_the_null_stages_allow_and_block_what_is_doubted(guard: Guard, examples: list[Example]) -> None:
    """Behind allow-all nothing passes the threshold; behind block-all every doubt does, and none of it is sent."""
    cascade = staged(guard, examples, BlockAll())
    gate = Gate(cascade, 0.0)
    sent = gate.feed(f"{SOUND} {PRESSING}") + gate.end()
    assert gate.closed and "doubles" not in sent
    assert staged(guard, examples, AllowAll()).score(PRESSING).score < 0
    assert cascade.score("").score == float("-inf")


def test_the_promise_holds_for_a_cascade(guard: Guard, examples: list[Example]) -> None:
    """Of exchangeable sound replies a share alpha is blocked on average, at most, whatever the stage says."""
    rng = np.random.default_rng(3)
    sound = [one for one in from_world(load_world("helpdesk"), 250, 11) if one.shown == ()]

    class Noise(Counting):
        def rate(self, passage: str, behaviour: str) -> float:
            return float(np.random.default_rng(abs(hash(passage)) % 2**32).normal())

    cascade = staged(guard, examples, Noise(), 0.5)
    scores = np.array([max(cascade.score(one.text).score, -1e6) for one in sound])
    shares = []
    for _ in range(200):
        order = rng.permutation(len(scores))
        tau = np.sort(scores[order[:99]])[89]  # alpha = 0.1, k = 90
        shares.append((scores[order[99:]] > tau).mean())
    assert np.mean(shares) <= 0.1 + 3 * np.std(shares) / np.sqrt(len(shares))


def test_a_check_tells_each_stages_error(guard: Guard, examples: list[Example], tmp_path: Path) -> None:
    """The stages' shares multiply to what is caught, and both null guards stand beside it."""
    (tmp_path / "house.yaml").write_text(RULES)
    judge = open_stage(f"judge/rules/{tmp_path}/house.yaml")
    assert [judge.rate(text, "pressure-selling") for text in (PRESSING, "Do it now.", SOUND)] == [1.0, 0.0, -1.0]
    cascade = staged(guard, examples, judge)
    sound = [one for one in from_world(load_world("helpdesk"), 200, 5) if one.shown == ()]
    calibration = calibrate(cascade, sound, 0.05, "world")
    failing = [Example(text=f"{SOUND} {PRESSING}", shown=("pressure-selling",))] * 3
    silent = [Example(text="You would regret it, hurry, two are left!", shown=("pressure-selling",))]
    made = check_replies(cascade, calibration, [*failing, *silent, *sound[:50]])
    words, ruled = made.stages
    assert (words.stage, words.asked.value, ruled.stage) == ("words", 1.0, "stage")
    caught = (1 - words.missed.value) * (1 - ruled.missed.value)
    assert made.recall.value == pytest.approx(caught) and made.recall.value == 0.75
    assert (made.null["allow-all"].recall.value, made.null["block-all"].recall.value) == (0, 1)
    assert (made.null["allow-all"].false_blocks.value, made.null["block-all"].false_blocks.value) == (0, 1)


def test_a_stored_cascade_is_read_as_it_was(guard: Guard, examples: list[Example], tmp_path: Path) -> None:
    """Words and stages come back with the same digest; a calibration of the words alone is refused."""
    (tmp_path / "house.yaml").write_text(RULES)
    guard.save(tmp_path / "words")
    made = stage_guard(tmp_path / "words", f"judge/rules/{tmp_path}/house.yaml", examples, 0.2, tmp_path / "two")
    more = stage_guard(tmp_path / "two", f"words/{tmp_path}/words", examples, 0.5, tmp_path / "three")
    assert open_any(tmp_path / "two").digest == made.digest and len(more.stages) == 2
    read = open_any(tmp_path / "three")
    assert read.digest == more.digest and read.score(PRESSING) == more.score(PRESSING)
    sound = [one for one in from_world(load_world("helpdesk"), 60, 5) if one.shown == ()]
    with pytest.raises(BadInput, match="another guard"):
        calibrate(guard, sound, 0.05, "world").check(read)  # type: ignore[arg-type]


def test_a_probe_reads_passages_by_the_model_it_is_of(guard: Guard, examples: list[Example], tmp_path: Path) -> None:
    """A probe of an organism's states, fitted on labelled replies, tells new pressing from new sound passages."""
    reader = open_reader("organism/helpdesk")
    rows = [
        Statement(text=one.text, label=bool(one.shown), group=str(at))
        for at, one in enumerate(examples)
        if set(one.shown or ()) <= {"pressure-selling"}
    ]
    states = capture(reader, rows, [2], "last").of(2)
    probe = fit_logistic(states, [bool(row.label) for row in rows])
    card = ProbeCard(
        form="linear", method="logistic", target="organism/helpdesk", model_hash=reader.model_hash,
        tokenizer_hash=reader.spelling.hash, layer=2, position="last", task="replies", verdict="signal",
        area=Estimate(value=1.0, low=1.0, high=1.0, n=1, method="none"),
    )  # fmt: skip
    write_probe(tmp_path / "probe.safetensors", probe, card)
    guard.save(tmp_path / "words")
    made = stage_guard(tmp_path / "words", f"probe/{tmp_path}/probe.safetensors", examples, 0.3, tmp_path / "two")
    (tmp_path / "probe.safetensors").unlink()  # the guard's folder has one of its own
    stage = open_any(tmp_path / "two").links[0].stage  # type: ignore[attr-defined]
    new = from_world(load_world("helpdesk"), 60, 77)
    rates = [(one.shown, stage.rate(one.text, "")) for one in new if set(one.shown or ()) <= {"pressure-selling"}]
    loud, quiet = ([rate for shown, rate in rates if bool(shown) == bad] for bad in (True, False))
    assert np.mean([a > b for a in loud for b in quiet]) > 0.9
    assert made.stages == ("probe/stage-1.safetensors",)
    other = card.model_copy(update={"model_hash": "0" * 64})
    write_probe(tmp_path / "other.safetensors", probe, other)
    with pytest.raises(BadInput, match="another model"):
        open_stage(f"probe/{tmp_path}/other.safetensors")
    parting = card.model_copy(update={"position": "parting"})
    write_probe(tmp_path / "parting.safetensors", LinearProbe(weights=probe.weights), parting)
    with pytest.raises(BadInput, match="parting"):
        open_stage(f"probe/{tmp_path}/parting.safetensors")
    liar = open_reader("liar/knows")
    hashes = {"model_hash": liar.model_hash, "tokenizer_hash": liar.spelling.hash}
    short = card.model_copy(update={"target": "liar/knows", **hashes})
    write_probe(tmp_path / "short.safetensors", LinearProbe(weights=np.ones(liar.width)), short)
    with pytest.raises(BadInput, match="cannot read 48 words at once"):
        open_stage(f"probe/{tmp_path}/short.safetensors")


@pytest.mark.parametrize("reference", ["judge", "probe/none.safetensors", "encoder/none", "words/none", "mind/x"])
def test_a_stage_that_is_not_there_is_said_in_one_line(reference: str, tmp_path: Path) -> None:
    """Each kind says what it found and what it expected."""
    with pytest.raises(BadInput, match="expected"):
        open_stage(reference, tmp_path)


def test_a_share_needs_sound_replies_enough(guard: Guard, examples: list[Example]) -> None:
    """Which tenth is doubtful cannot be told from a handful."""
    with pytest.raises(BadInput, match="100 to say"):
        add_stage(guard, "stage", AllowAll(), [SOUND] * 20, 0.1)
    with pytest.raises(BadInput, match="share"):
        add_stage(guard, "stage", AllowAll(), [SOUND] * 20, 0.0)


def test_every_card_of_the_family_names_a_stage() -> None:
    """Null guards among them."""
    assert set(cards("guards")) >= {"allow-all", "block-all", "encoder", "judge", "probe", "words"}
