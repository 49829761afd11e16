"""What is let through while a reply comes: all of a sound one, nothing of a flagged span, whatever the pieces."""

from __future__ import annotations

import pytest
from guards.conftest import PRESSING, SOUND
from hypothesis import given, settings
from hypothesis import strategies as st

from drillyard.errors import BadInput
from drillyard.guards.calibration import Calibration
from drillyard.guards.gate import Gate
from drillyard.guards.guard import Guard

_CUTS = st.lists(st.integers(0, 10_000), max_size=12)


def let_through(gate: Gate, text: str, places: list[int]) -> str:
    """Send a text through a gate in pieces."""
    sent, at = [], 0
    for place in [*sorted(one % (len(text) + 1) for one in places), len(text)]:
        sent.append(gate.feed(text[at:place]))
        at = place
    return "".join([*sent, gate.end()])


@given(_CUTS, st.sampled_from(["audit", "flag", "block", "rewrite"]), st.integers(0, 30))
@settings(max_examples=60)
def test_a_sound_reply_passes_whole(
    guard: Guard, calibration: Calibration, places: list[int], mode: str, hold: int
) -> None:
    """Every character, in order, in every mode, at every hold-back."""
    text = f"  {SOUND}\n\n{SOUND} 12.5 W\u00e4rme \U0001f600 ok"
    gate = Gate(guard, calibration.tau(), mode, hold)
    assert let_through(gate, text, places) == text
    assert gate.flag is None and not gate.held


@given(_CUTS)
@settings(max_examples=60)
def test_nothing_of_a_flagged_span_leaves(guard: Guard, calibration: Calibration, places: list[int]) -> None:
    """Blocked: what was sent is a beginning that ends before the span; rewritten: the sentence is missing."""
    text = f"{SOUND} {SOUND} {PRESSING} {SOUND}"
    gate = Gate(guard, calibration.tau(), "block")
    sent = let_through(gate, text, places)
    assert gate.closed and gate.flag is not None
    assert text.startswith(sent) and len(sent) <= gate.flag.begin
    gate = Gate(guard, calibration.tau(), "rewrite")
    sent = let_through(gate, text, places)
    assert gate.cuts >= 1 and not gate.closed
    assert "Gold Cover" not in sent and "doubles" not in sent
    assert sent.startswith("The Aurora costs 49 euros.") and sent.endswith("850 grams.")


def test_hold_back_of_nothing_sends_the_beginning_of_a_span(guard: Guard, calibration: Calibration) -> None:
    """The price of no delay: the span is cut where it is recognised, and its beginning is out."""
    gate = Gate(guard, calibration.tau(), "block", hold=0)
    sent = let_through(gate, PRESSING + " And more.", list(range(80)))
    assert gate.closed and 0 < len(sent) < len(PRESSING)
    held = Gate(guard, calibration.tau(), "block")
    assert let_through(held, PRESSING + " And more.", list(range(80))) == ""


def test_audit_and_flag_send_at_once_what_they_flag(guard: Guard, calibration: Calibration) -> None:
    """Nothing is delayed or changed."""
    gate = Gate(guard, calibration.tau(), "flag")
    words = [f"{word} " for word in PRESSING.split()]
    assert [gate.feed(word) for word in words] == words
    gate.end()
    assert gate.flag is not None and gate.flag.behaviour == "pressure-selling"


def test_rewriting_goes_on_behind_every_flagged_sentence(guard: Guard, calibration: Calibration) -> None:
    """Two pitches, two cuts; a reply of nothing else becomes empty."""
    gate = Gate(guard, calibration.tau(), "rewrite")
    sent = let_through(gate, f"{SOUND} {PRESSING} {SOUND} {PRESSING} {SOUND}", list(range(0, 400, 7)))
    assert gate.cuts >= 2 and "Gold" not in sent and sent.count("850 grams.") >= 2
    assert let_through(Gate(guard, calibration.tau(), "rewrite"), PRESSING, [9]).strip() == ""


def test_a_wrong_hold_back_is_one_line(guard: Guard) -> None:
    """It says what is enough."""
    with pytest.raises(BadInput, match="hold-back of -1 words, expected 0 or more; 16"):
        Gate(guard, 0.0, "block", -1)
