"""Multiple choice: the verdicts of Inspect's own reader on a grammar of replies, stored ones and live."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from bench.choice_answers import answer, targets
from hypothesis import given, settings
from hypothesis import strategies as st

from drillyard.bench.judging import judge_case
from drillyard.records import BenchCase, TextCheck

HERE = Path(__file__).parent
STORED = HERE / "choice_verdicts.json"
INSPECT = os.environ.get("DRILLYARD_INSPECT_PYTHON") or (
    sys.executable if importlib.util.find_spec("inspect_ai") else ""
)
SEED, COUNT = 1, 1500


def ours(several: bool, target: str, reply: str) -> str:
    """Return our verdict in Inspect's letters."""
    case = BenchCase(id="1", asks=(), ideal=(target,), values={"completion": reply})
    check = TextCheck(operation="letters" if several else "letter")
    return {"passed": "C", "failed": "I", "unknown": "N"}[judge_case(check, case, {}).verdict]


def test_stored_verdicts_of_inspect_are_ours() -> None:
    """1,500 replies of the grammar, judged by inspect_ai 0.3.285 (`write_stored` below): no verdict differs."""
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    assert len(stored) == COUNT and Counter(verdict for *_, verdict in stored)["C"] > 180
    assert [one for one in stored if ours(*one[:3]) != one[3]] == []


@pytest.mark.parametrize(
    ("reply", "several", "target", "verdict"),
    [
        ("**ANSWER: (B)**", False, "B", "I"),
        ("ANSWER: **B**", False, "B", "C"),
        ("ANSWER: (B)", False, "B", "C"),
        ("ANSWER: $B$", False, "B", "C"),
        (r"$\\boxed{B}$", False, "B", "I"),
        ("ANSWER: B, C", False, "B", "I"),
        ("ANSWER: B,", False, "B", "C"),
        ("answer: a and c.", True, "A,C", "C"),
        ("ANSWER: CA", True, "A,C", "C"),
        ("ANSWER: A, B, C", True, "A,C", "I"),
        (" ", False, "B", "N"),
    ],
)
def test_what_counts_as_an_answer(reply: str, several: bool, target: str, verdict: str) -> None:
    """By hand: marks around letters, several letters, silence."""
    assert ours(several, target, reply) == verdict


@pytest.mark.parametrize(
    "hostile", ["ANSWER:" + " " * 200_000 + "!", "$a" + " " * 200_000, "ANSWER: " + "a " * 100_000 + "\u00e9"]
)
def test_long_replies_are_read_in_linear_time(hostile: str) -> None:
    """What makes patterns go back and forth ends at once: these took hours (cubic) or minutes with such patterns."""
    assert ours(False, "B", hostile) == "I"


def live() -> subprocess.Popen[str]:
    """Start Inspect's reader."""
    return subprocess.Popen(
        [INSPECT, str(HERE / "choice_verdicts_inspect.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def told(reader: subprocess.Popen[str], several: bool, target: str, reply: str) -> str:
    """Return Inspect's verdict on one reply."""
    assert reader.stdin and reader.stdout
    reader.stdin.write(json.dumps([several, target, reply]) + "\n")
    reader.stdin.flush()
    return reader.stdout.readline().strip()


@pytest.mark.walk
@pytest.mark.skipif(not INSPECT, reason="needs inspect-ai: DRILLYARD_INSPECT_PYTHON names a Python that has it")
def test_the_installed_inspect_says_the_same() -> None:
    """Hypothesis over the grammar, against the real solver and scorer."""
    with live() as reader:

        @settings(max_examples=2000, deadline=None)
        @given(draw=st.randoms(use_true_random=False))
        def same(draw: random.Random) -> None:
            several, target = targets(draw)
            reply = answer(draw, target)
            assert ours(several, target, reply) == told(reader, several, target, reply), reply

        try:
            same()
        finally:
            assert reader.stdin
            reader.stdin.close()


def write_stored() -> None:
    """Judge the grammar's replies by Inspect and store them: cd tests; python -m bench.test_letters."""
    draw = random.Random(SEED)
    with live() as reader:
        right = [targets(draw) for _ in range(COUNT)]
        cases = [(several, target, answer(draw, target)) for several, target in right]
        lines = [json.dumps([*case, told(reader, *case)]) for case in cases]
        assert reader.stdin
        reader.stdin.close()
    STORED.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    write_stored()
