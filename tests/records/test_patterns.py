"""Patterns that people write: linear in time, Unicode as in Python, refused in one line where they cannot be."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.errors import BadInput
from drillyard.records.patterns import MAX_COUNT, MAX_LENGTH, pattern_of

LINE = 400


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"^(\w+[\s,'()]*)+!$", "will the price of copper, (say), rise in march"),
        (r"^(\w+\s?)*!$", "word " * 200),
        (r"(a*)*b", "a" * 5_000),
        (r"(x+x+)+y", "x" * 5_000),
        (r"(?:a|a)*(?:a|a)*(?:a|a)*b", "a" * 2_000),
        (r"(.*,){11}P", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27"),
    ],
)
def test_what_backtracking_never_ends_is_decided_at_once(pattern: str, text: str) -> None:
    """Patterns that took Python's engine minutes to a lifetime say no within a tenth of a second of CPU."""
    compiled = pattern_of(pattern)
    began = time.process_time()
    assert not compiled.found_in(text)
    assert time.process_time() - began < 0.1


@pytest.mark.parametrize(
    ("pattern", "found", "missed"),
    [
        (r"\büber\b", "das über uns", "gegenüber"),
        (r"\bnder\b", "a nder b", "länder"),
        (r"^\w+$", "naïveté", "na ïve"),
        (r"^\d+$", "١٢٣", "½"),
        (r"a\sb", "a\u00a0b", "a\u200bb"),
        (r"Иван\b", "это Иван", "Ивана"),
        (r"\p{Greek}", "λ", "l"),
        (r"q", "Q".lower(), "Q"),
    ],
)
def test_letters_are_those_of_all_languages(pattern: str, found: str, missed: str) -> None:
    """Word, digit, space and word's edge mean what Unicode says, with umlauts and in other scripts."""
    assert pattern_of(pattern).found_in(found) and not pattern_of(pattern).found_in(missed)


@pytest.mark.parametrize(
    ("pattern", "text"), [("ÜBER", "über"), ("a|ÉCOLE", "école"), ("ΣΑΣ", "σας"), ("straSSe", "STRASSE")]
)
def test_case_is_ignored_where_that_is_asked_for(pattern: str, text: str) -> None:
    """All of an alternation, in every script; not otherwise."""
    assert pattern_of(pattern, ignore_case=True).found_in(text) and not pattern_of(pattern).found_in(text)


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("(", "unclosed group"),
        ("*", "missing expression"),
        (r"(?=a)b", "look-around"),
        (r"(?<!a)b", "look-around"),
        (r"(a)\1", "backreferences are not supported"),
        ("a" * (MAX_LENGTH + 1), f"a pattern of 1,001 characters, expected at most {MAX_LENGTH:,}"),
        ("(" * 9_000 + ")" * 9_000, "18,000 characters"),
        ("(" * 400 + ")" * 400, "nest"),
        (r"\w{1000}", "Compiled regex exceeds size limit"),
        ("(a{100}){11}", f"multiply to 1100, expected at most {MAX_COUNT}"),
        ("a{" + "9" * 400 + "}", "more than 10**9"),
        ("\ud800", "surrogates not allowed"),
        ("\\", "incomplete escape"),
    ],
)
def test_what_cannot_be_run_is_refused_in_one_line(pattern: str, says: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The line says what is not taken, also with case ignored, and nothing else is printed."""
    for ignore_case in (False, True):
        with pytest.raises(BadInput) as caught:
            pattern_of(pattern, ignore_case=ignore_case)
        assert says in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) < LINE
    assert capfd.readouterr() == ("", "")


def test_the_names_of_letters_are_no_counts() -> None:
    """A code point in braces is not how often something comes."""
    assert pattern_of(r"\x{4321}{2}\p{L}").found_in("\u4321\u4321a")


def test_half_a_character_is_no_way_round() -> None:
    """A text with half of a surrogate pair is still searched."""
    assert pattern_of("oracle").found_in("oracle \ud800")


words = st.text("ab é_1\n", max_size=12)
parts = st.sampled_from(["a", "b", "é", r"\w", r"\b", r"\d", r"\s", ".", "[^a]", "a?", "b*", "(?:a|b)", "_", "^", "$"])


@given(pattern=st.lists(parts, max_size=6).map("".join), text=words)
def test_it_finds_what_pythons_engine_finds(pattern: str, text: str) -> None:
    """On patterns that both take they agree, but for `$` before a last line's end, which is Python's own."""
    if "$" in pattern and text.endswith("\n"):
        return
    try:
        expected = re.search(pattern, text) is not None
    except re.error:
        return
    assert pattern_of(pattern).found_in(text) == expected


@given(st.text(max_size=60) | st.text("()[]{}|*+?\\^$.a1,-&~:<>=!P", max_size=40))
def test_any_text_is_a_pattern_or_refused(pattern: str) -> None:
    """Whatever is written, the answer is a pattern or one short line."""
    try:
        assert pattern_of(pattern).found_in("a (1)") in (True, False)
    except BadInput as error:
        assert "\n" not in str(error) and len(str(error)) < LINE
