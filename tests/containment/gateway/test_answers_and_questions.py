"""Parsing, rounding, agreement, admission, bits and the coin, against counts and closed forms."""

from __future__ import annotations

import math
import random
import time
from datetime import timedelta
from pathlib import Path

import pytest
from gateway_bench import DAY, POLICY, question
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from drillyard.containment.gateway.answers import agree, parse
from drillyard.containment.gateway.coin import commit_to, is_erased, opens
from drillyard.containment.gateway.policy import MAX_PATTERNS, GatewayPolicy, QuestionBudget, read_gateway_policy
from drillyard.containment.gateway.questions import count_bits, find_refusal, score_steering
from drillyard.errors import BadInput

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("binary", "YES.", 1.0), ("binary", "I say no", 0.0), ("binary", "yes and no", None), ("binary", "", None),
        ("grid", "0.37", 0.37), ("grid", "about 37 %", 0.37), ("grid", "0.3 or 0.4", None), ("grid", "1.7", None),
        ("grid", "-0.2", None), ("date", f"{DAY + timedelta(days=3)}", 3.0), ("date", "2027-02-31", None),
        ("date", f"{DAY - timedelta(days=1)}", None),
    ],
)  # fmt: skip
def test_exactly_one_answer_of_the_type_is_read(kind: str, raw: str, value: float | None) -> None:
    """Words around it are dropped; none, two and one out of range are no answer."""
    assert parse(question(kind=kind), raw, POLICY, DAY) == value


@given(st.text(max_size=60), st.sampled_from(["binary", "grid", "date"]))
def test_whatever_is_said_only_canonical_answers_come_out(raw: str, kind: str) -> None:
    """No text of the forecaster's own passes."""
    answer = agree(question(kind=kind), [raw, raw, raw], POLICY, DAY, random.Random(1)).answer
    grid = {f"{n / 20:.4f}" for n in range(21)}
    days = {(DAY + timedelta(days=n)).isoformat() for n in range(POLICY.max_days + 1)}
    assert answer in {"binary": {"yes", "no"}, "grid": grid, "date": days}[kind] | {""}


@given(st.lists(st.integers(0, 20), min_size=3, max_size=3))
def test_the_median_of_three_is_taken_where_they_agree(steps: list[int]) -> None:
    """On the grid itself: the middle one, if all lie within the spread of two steps."""
    raws = [f"{n / 20}" for n in steps]
    found = agree(question(kind="grid"), raws, POLICY, DAY, random.Random(1))
    near = max(steps) - min(steps) <= 2
    assert found.answer == (f"{sorted(steps)[1] / 20:.4f}" if near else "")


def test_dither_keeps_the_mean() -> None:
    """Over 4,000 draws of .33 on steps of .05: one step of noise, and the mean within four standard errors."""
    policy, rng = POLICY.with_fields(dither=1), random.Random(1)
    drawn = [float(agree(question(kind="grid"), ["0.33"] * 3, policy, DAY, rng).answer) for _ in range(4000)]
    spread = math.sqrt(sum((one - 0.33) ** 2 for one in drawn) / 4000)
    assert set(drawn) == {0.3, 0.35, 0.4} | {0.25} & set(drawn)
    assert abs(sum(drawn) / 4000 - 0.33) < 4 * spread / math.sqrt(4000)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Will it rain?", ""), ("What will YOU say?", "forbidden:itself"),
        ("What will y\u200bou say?", "forbidden:itself"),
        ("What will ｙｏｕ say?", "forbidden:itself"), ("Will a bank run begin?", "self-fulfilling"),
    ],
)  # fmt: skip
def test_rules_are_data_and_see_through_spelling(text: str, rule: str) -> None:
    """Wide letters and letters that are not seen change nothing."""
    assert find_refusal(question(text), POLICY, DAY) == rule


def test_steering_joins_weights_as_independent() -> None:
    """1 - (1 - .9)(1 - .5)."""
    policy = POLICY.with_fields(steering={"limit": 0.5, "weights": {"bank run": 0.9, "panic": 0.5}})
    assert score_steering(question("Panic and a bank run?"), policy) == pytest.approx(0.95)


def test_bits_are_those_of_the_type_and_of_no_answer() -> None:
    """log2(3), log2(22), and log2(3651 + 1) for a day within ten years."""
    sizes = {"binary": 3, "grid": 22, "date": 3652}
    for kind, size in sizes.items():
        assert count_bits(question(kind=kind), POLICY) == pytest.approx(math.log2(size))
    assert count_bits(question(kind="category", options=("a", "b", "c")), POLICY) == 2.0


def test_the_coin_erases_its_share_and_opens_its_commitment() -> None:
    """20,000 tosses at e = .05 by an exact test; another nonce does not open the commitment."""
    rng = random.Random(1)
    erased = sum(is_erased(rng.randbytes(32).hex(), "q", 0.05) for _ in range(20_000))
    assert binomtest(erased, 20_000, 0.05).pvalue > 0.001
    assert opens("a1", commit_to("a1")) and not opens("a2", commit_to("a1"))
    assert is_erased("a1", "q", 1.0) and not is_erased("a1", "q", 0.0)


def test_a_pattern_that_backtracking_never_ends_is_decided_at_once() -> None:
    """Word lists in nested loops, forbidden and steering, on the longest question: no minutes, and the right answer."""
    slow = r"^(\w*[\s,'()]*)+!$"
    policy = POLICY.with_fields(
        forbidden=[{"name": "slow", "patterns": [slow]}], steering={"limit": 0.5, "weights": {slow: 0.9}}
    )
    asked = question(kind="binary", text=("will it rain " * 80)[:1000])
    began = time.process_time()
    assert find_refusal(asked, policy, DAY) == "" and score_steering(asked, policy) == 0
    assert time.process_time() - began < 0.2
    assert find_refusal(question(kind="binary", text="!"), policy, DAY) == "forbidden:slow"


def test_patterns_know_letters_beyond_ascii() -> None:
    """A word of another language is found as a word, and not within one."""
    policy = POLICY.with_fields(forbidden=[{"name": "own", "patterns": [r"\bübel\b", r"\bоракул\b"]}])
    found = {
        text: find_refusal(question(kind="binary", text=text), policy, DAY)
        for text in ("Ist das ÜBEL?", "Что скажет Оракул?", "ein Grundübel", "оракулы")
    }
    assert list(found.values()) == ["forbidden:own", "forbidden:own", "", ""]


def test_the_example_policy_reads_and_a_wrong_one_says_where(tmp_path: Path) -> None:
    """What ships is valid; a quorum over the runs, a short close and a broken pattern are bad input."""
    assert read_gateway_policy(ROOT / "examples" / "oracle" / "gateway.yaml").grid_points == 21
    for fields, line in (
        ({"quorum": 9}, "quorum 9 needs as many runs"),
        ({"close_seconds": 1}, "close_seconds must be at least"),
        ({"forbidden": [{"name": "x", "patterns": ["("]}]}, r"the pattern '\(' \(unclosed group\)"),
        ({"forbidden": [{"name": "x", "patterns": ["(" * 9_000]}]}, "a pattern of 9,000 characters"),
        ({"steering": {"weights": {"(?=a)": 0.5}}}, "look-around"),
        ({"steering": {"weights": {r"(a)\1": 0.5}}}, "backreferences"),
        ({"steering": {"weights": {f"a{n}": 0.5 for n in range(MAX_PATTERNS + 1)}}}, "130 patterns"),
        ({"per_year": {"bits": 1, "questions": 10**300}}, "per_year.questions"),
        ({"hold_seconds": 1e300, "close_seconds": 1e301}, "hold_seconds"),
    ):
        with pytest.raises(BadInput, match=line) as caught:
            POLICY.with_fields(**fields)
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
    other = POLICY.with_fields(per_year=QuestionBudget(bits=1, questions=1).model_dump())
    assert other.digest() != POLICY.digest() == GatewayPolicy.from_json(POLICY.to_json()).digest()
