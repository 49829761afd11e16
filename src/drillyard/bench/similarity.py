"""How close two texts are, by the metrics of the hosted Evals' `text_similarity` that need no model and no download.

`fuzzy_match` is rapidfuzz's `ratio`, BLEU and GLEU are nltk's on words (BLEU with smoothing method 1), ROUGE is the
F-measure of rouge-score without stemming. Which variants OpenAI uses is not published; thresholds near the edge may
fall the other way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drillyard.registry import require

__all__ = ["similarity"]


def similarity(metric: str, said: str, right: str) -> float:
    """Return a number from 0 (nothing in common) to 1; equal texts give 1 where they are long enough for the n-grams.

    Raises:
        MissingExtra: the metric's library is not installed.
    """
    return min(1.0, max(0.0, _METRICS[metric](said, right)))


def _fuzzy(said: str, right: str) -> float:
    fuzz = require("rapidfuzz.fuzz", "similarity", "the metric fuzzy_match")
    return float(fuzz.ratio(said, right)) / 100


def _bleu(said: str, right: str) -> float:
    bleu = require("nltk.translate.bleu_score", "similarity", "the metric bleu")
    smooth = bleu.SmoothingFunction().method1
    # Shorter texts than four words are compared by the n-grams that they have.
    return float(bleu.sentence_bleu([right.split()], said.split(), smoothing_function=smooth, auto_reweigh=True))


def _gleu(said: str, right: str) -> float:
    gleu = require("nltk.translate.gleu_score", "similarity", "the metric gleu")
    return float(gleu.sentence_gleu([right.split()], said.split()))


def _rouge(name: str) -> Callable[[str, str], float]:
    def measure(said: str, right: str) -> float:
        rouge = require("rouge_score.rouge_scorer", "similarity", f"the metric {name}")
        return float(rouge.RougeScorer([name]).score(right, said)[name].fmeasure)

    return measure


_METRICS: Mapping[str, Callable[[str, str], float]] = {
    "fuzzy_match": _fuzzy,
    "bleu": _bleu,
    "gleu": _gleu,
    **{f"rouge_{n}": _rouge(f"rouge{n}") for n in range(1, 6)},
    "rouge_l": _rouge("rougeL"),
}
