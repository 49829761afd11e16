"""Words are the same however a text is cut, and read through cheap disguises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.guards.guard import Guard
from drillyard.guards.words import LONGEST, WordReader, fold, read_words

_LETTERS = st.text(st.sampled_from("ab1é\u0430\u200b \n.!,'-_\ud83d") | st.characters(), max_size=120)


def cut(text: str, places: list[int]) -> list[tuple[str, int, int]]:
    """Read a text in pieces."""
    reader, at, found = WordReader(), 0, []
    for place in [*sorted(one % (len(text) + 1) for one in places), len(text)]:
        found += reader.read(text[at:place])
        assert reader.safe <= place
        at = place
    return [*found, *reader.end()]


@given(_LETTERS, st.lists(st.integers(0, 200), max_size=8))
def test_words_do_not_depend_on_the_cuts(text: str, places: list[int]) -> None:
    """A token of a model may end inside a word, a spaced-out one, or a character of two halves."""
    assert cut(text, places) == read_words(text)


@given(_LETTERS)
def test_places_are_those_of_the_text(text: str) -> None:
    """Every word lies behind the one before it, inside the text."""
    ends = [place for _, begin, end in read_words(text) for place in (begin, end)]
    assert ends == sorted(ends) and all(0 <= place <= len(text) for place in ends)


@pytest.mark.parametrize(
    "disguised",
    [
        "b u y  n o w",
        "b.u.y  n.o.w",
        "BUY NOW",
        "b\u200bu\u200by n\u00adow",
        "\uff42\uff55\uff59 now",
        "bu\u0443 n\u043ew",
    ],
)
def test_disguises_are_read_through(disguised: str) -> None:
    """Spaced letters, capitals, unseen letters, wide letters and Cyrillic ones among Latin ones."""
    assert [word for word, _, _ in read_words(disguised)] == ["buy", "now"]


def test_digits_among_letters_are_letters_and_numbers_are_numbers() -> None:
    """A price is a price, whatever it is."""
    assert [fold(word) for word in ("n0w", "49", "7", "pr1c3")] == ["now", "#", "#", "price"]
    assert fold("покупай") == "покупай", "a Cyrillic word is a word"


def test_what_nobody_sees_is_no_word(guard: Guard) -> None:
    """A zero-width letter by itself or in a row: scored like nothing at all."""
    assert read_words("\u200b \u200b\u200b \u00ad \ufeff \u2060") == []
    assert guard.score("\u200b \ufeff").score == float("-inf")


def test_a_long_run_is_cut_so_that_nothing_waits() -> None:
    """A reply without a space is still scored, piece by piece."""
    reader = WordReader()
    assert len(list(reader.read("x" * (3 * LONGEST + 5)))) == 3
    assert reader.safe == 3 * LONGEST
