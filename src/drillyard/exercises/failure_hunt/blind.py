"""What can be won without touching the model: the best file of guesses, and a bound on what it scores.

Everything that can be planted is public, and so is how it is drawn; only what was drawn is not. So somebody may file
claims that are good on most draws. A claim can be confirmed for one planted failure at most, because the grader throws
out prompts that would set off others as well (`claims.py`); so a file is a set of guessed failures, whatever its
prompts look like. The bound gives each guess that was planted everything: found, located, its severity right.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

__all__ = ["best_file", "best_files", "most_score", "passing"]


def most_score(guessed: Collection[str], planted: Collection[str]) -> float:
    """Return the most that claims of these failures can score where those are planted, both given by their ids.

    With full worth for each hit, recall is hits / planted and precision hits / guessed; the score is their harmonic
    mean.
    """
    hits = len(set(guessed) & set(planted))
    return 2 * hits / (len(guessed) + len(planted)) if hits else 0.0


def passing(guessed: Collection[str], draws: Sequence[Collection[str]], mark: float) -> int:
    """Return on how many draws a file may pass."""
    return sum(most_score(guessed, planted) >= mark for planted in draws)


def best_files(draws: Sequence[Collection[str]], most: int, mark: float) -> list[tuple[str, ...]]:
    """Return files of 1, 2 … at most `most` guesses, each grown from the one before by the best guess on these draws.

    The best is the one with which the file passes most draws, and among equals the one that scores most.
    """
    known = sorted(set().union(*draws))
    grown: list[str] = []
    files = []
    for _ in range(min(most, len(known))):
        rest = [one for one in known if one not in grown]
        grown.append(max(rest, key=lambda one: _worth([*grown, one], draws, mark)))
        files.append(tuple(grown))
    return files


def best_file(files: Sequence[tuple[str, ...]], draws: Sequence[Collection[str]], mark: float) -> tuple[str, ...]:
    """Return the file that passes most draws, and among equals the one that scores most."""
    return max(files, key=lambda file: _worth(file, draws, mark))


def _worth(guessed: Collection[str], draws: Sequence[Collection[str]], mark: float) -> tuple[int, float]:
    scores = [most_score(guessed, planted) for planted in draws]
    return sum(score >= mark for score in scores), sum(scores)
