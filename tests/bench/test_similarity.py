"""Similarity: closed forms for small texts, and the line that names the extra."""

from __future__ import annotations

import sys

import pytest

from drillyard.bench.similarity import similarity
from drillyard.errors import MissingExtra

METRICS = ("fuzzy_match", "bleu", "gleu", "rouge_1", "rouge_2", "rouge_5", "rouge_l")


def measured(metric: str, said: str, right: str) -> float:
    """Measure, or skip where the metric's library is missing."""
    library = {"f": "rapidfuzz", "b": "nltk", "g": "nltk", "r": "rouge_score"}[metric[0]]
    pytest.importorskip(library, reason="needs the extra: pip install 'drillyard[similarity]'")
    return similarity(metric, said, right)


@pytest.mark.parametrize("metric", METRICS)
def test_equal_is_one_and_foreign_is_none(metric: str) -> None:
    """Five equal words give 1, words without a letter in common nearly 0."""
    assert measured(metric, "one two six ten elf", "one two six ten elf") == pytest.approx(1.0)
    assert measured(metric, "aa bb aa bb aa", "cc dd cc dd cc") < 0.3


def test_rouge_counts_words() -> None:
    """Two of three words in common: precision ⅔, recall ⅔, F ⅔; in order: the longest common part is two of three."""
    assert measured("rouge_1", "red green blue", "red green black") == pytest.approx(2 / 3)
    assert measured("rouge_l", "green red blue", "red green blue") == pytest.approx(2 / 3)
    assert measured("rouge_2", "red green blue", "red green black") == pytest.approx(1 / 2)


def test_fuzzy_counts_letters() -> None:
    """`ratio` is 2 · common / all letters: "abcd" and "abxd" share three of four."""
    assert measured("fuzzy_match", "abcd", "abxd") == pytest.approx(0.75)


def test_gleu_is_the_smaller_of_precision_and_recall() -> None:
    """One of two words, none of the pairs: 1 of 3 n-grams."""
    assert measured("gleu", "red green", "red blue") == pytest.approx(1 / 3)


def test_short_texts_have_a_bleu() -> None:
    """One equal word is the same text."""
    assert measured("bleu", "yes", "yes") == pytest.approx(1.0)


@pytest.mark.parametrize("metric", METRICS)
def test_a_missing_library_names_the_extra(metric: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line with what to install."""
    for module in (
        "rapidfuzz.fuzz",
        "nltk.translate.bleu_score",
        "nltk.translate.gleu_score",
        "rouge_score.rouge_scorer",
    ):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=r"pip install 'drillyard\[similarity\]'"):
        similarity(metric, "a", "b")
