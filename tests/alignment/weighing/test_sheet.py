"""Arms that cannot be compared are refused in one line; those that can lie side by side."""

from __future__ import annotations

import numpy as np
import pytest
from alignment.weighing.made_arms import arm, made_arms

from drillyard.alignment.weighing.sheet import figure_of, sheet_of
from drillyard.errors import BadInput
from drillyard.records import ArmResult, FitCost, Measure

GOOD = arm(harmful=[True, False], refusal=[False, None])


def test_outcomes_lie_in_rows_of_seeds() -> None:
    """Rows are seeds in ascending order, unknown is NaN, the start is found."""
    arms = [arm("sft", 1, seed, harmful=[seed > 1, False], refusal=[False, None]) for seed in (3, 1)]
    sheet = sheet_of([*arms, GOOD])
    assert sheet.start == ("identity", 0.0) and sheet.techniques == ("sft", "identity")
    assert sheet.seeds(("sft", 1)) == (1, 3)
    found = sheet.outcomes["sft", 1]
    assert found["harmful-compliance", "phrasing"].tolist() == [[0, 0], [1, 0]]
    assert np.isnan(found["over-refusal", "phrasing"][:, 1]).all()


def test_made_arms_can_be_compared() -> None:
    """The arms of the other tests sit one exam."""
    sheet = sheet_of(made_arms(n=20))
    assert sum(map(len, sheet.arms.values())) == 1 + 3 * 15
    assert {figure_of(part): n for part, n in sheet.sizes.items()}["over-refusal@category"] == 10


@pytest.mark.parametrize(
    ("arms", "words"),
    [
        ([], "found no arms"),
        ([arm("sft", 1, harmful=[True], refusal=[True])], "no arm of the start.*add --technique identity"),
        (
            [GOOD, arm("sft", 1, harmful=[True], refusal=[False, True])],
            "arms of different exams: identity with 2 harmful.*sft at 1 seed 1 with 1 harmful.*run the arms again",
        ),
        ([GOOD, GOOD], "two arms of identity with one seed"),
        ([GOOD, GOOD.model_copy(update={"strength": 1.0})], "the start at 2 strengths"),
        (
            [ArmResult(technique="identity", strength=0, seed=1, measures=GOOD.measures[:1], cost=FitCost())],
            "no over-refusal in identity",
        ),
        ([GOOD.model_copy(update={"measures": GOOD.measures * 2})], "a metric twice in identity seed 1"),
        (
            [GOOD.model_copy(update={"measures": (Measure(metric="format", split="phrasing", outcomes=()),)})],
            "no outcome of format-lost",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(arms: list[ArmResult], words: str) -> None:
    """One line says what was found and what was expected."""
    with pytest.raises(BadInput, match=words) as caught:
        sheet_of(arms)
    assert "\n" not in str(caught.value) and "expected" in str(caught.value)
