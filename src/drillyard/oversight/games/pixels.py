"""What is asked of a pixel debate and what comes out; playing it needs scikit-learn (`pixels_sklearn.py`)."""

from __future__ import annotations

from pydantic import Field

from drillyard.records import Estimate, Record

__all__ = ["PixelReport", "PixelSpec"]


class PixelSpec(Record):
    """A pixel debate: pixels revealed in a game, images played, how the judge is trained.

    Of an image with more than `most` pixels that are not zero the brightest are kept.
    """

    pixels: int = Field(default=4, ge=2, le=6)
    images: int = Field(default=300, ge=10, le=497)
    seed: int = 0
    hidden: int = Field(default=128, ge=4, le=1024)
    epochs: int = Field(default=12, ge=1, le=200)
    masks: int = Field(default=30, ge=1, le=200)
    most: int = Field(default=26, ge=8, le=26)


class PixelReport(Record):
    """Shares of images, or of pairs of a true and a false digit, that the judge gets right.

    Attributes:
        ten_way: the judge on random pixels, ten digits.
        honest_first: debate, precommitted as in Irving et al.: the honest side must beat all nine lies, moving first.
        liar_first: the same, moving second.
        pairs_random: two digits, random pixels. pairs_debate: two digits, debate.
        adviser_honest: two digits, one adviser who chooses all pixels, for the truth. adviser_lying: for the lie.
        selection_adviser: is the digit that a single adviser would commit to the true one?
        selection_debate: is the digit that does best in debate the true one?
        selection_masks: the control: the most probable digit over an ensemble of random masks.
        shuffled: the control: two digits, pixels that a debate about another image chose.
        colluding: two digits, both sides choose for the lie.
        ahead: images that only debate gets right in selection; behind: those that only random masks do.
        p_value: McNemar's, of these two.
    """

    spec: PixelSpec
    ten_way: Estimate
    honest_first: Estimate
    liar_first: Estimate
    pairs_random: Estimate
    pairs_debate: Estimate
    adviser_honest: Estimate
    adviser_lying: Estimate
    selection_adviser: Estimate
    selection_debate: Estimate
    selection_masks: Estimate
    shuffled: Estimate
    colluding: Estimate
    ahead: int
    behind: int
    p_value: float
    seconds: float

    @property
    def verdict(self) -> str:
        """What may be said: whether debate selects better than an ensemble of random masks, on these images."""
        if self.p_value >= 0.05:
            return "no protocol is better than an ensemble of random masks on these images"
        better = "debate selects better than" if self.ahead > self.behind else "debate selects worse than"
        return f"{better} an ensemble of random masks on these images, with this judge"
