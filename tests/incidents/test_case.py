"""The contract of a case: rows, prompts and rules as they are stored and read again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.errors import BadInput
from drillyard.incidents.case import open_case
from drillyard.incidents.row import Row, Segment, Template, segment_hash
from drillyard.incidents.store_polars import COLUMNS


def test_every_field_of_a_row_has_its_column() -> None:
    """What is not a column would be lost between two steps."""
    assert list(COLUMNS) == list(Row.model_fields)


@given(st.lists(st.text("ab {}", min_size=1, max_size=6), min_size=1, max_size=5))
def test_segments_and_tails_are_the_prompt(texts: list[str]) -> None:
    """A replay must ask what was asked, to the byte."""
    segments = tuple(Segment(text=text, kind="text", hash=segment_hash(text), tail="\n") for text in texts)
    whole = "".join(f"{text}\n" for text in texts).strip()
    assert Template(hash="x", template_id="t", segments=segments).systems() == ((whole,) if whole else ())


def test_a_prompt_without_a_segment_keeps_the_rest() -> None:
    """Leaving one out is what a counterfactual arm does."""
    parts = [Segment(text=text, kind="text", hash=segment_hash(text), tail=" ") for text in ("Be {how}.", "Sell.")]
    template = Template(hash="x", template_id="t", segments=tuple(parts))
    assert template.systems({"how": "kind"}) == ("Be kind. Sell.",)
    assert template.systems({"how": "kind"}, leave=[parts[0].hash]) == ("Be kind.",)
    assert template.systems({}, leave=[]) == ()


def test_any_other_folder_is_no_case(tmp_path: Path) -> None:
    """One line says what to type."""
    with pytest.raises(BadInput, match="expected the folder of a case; type: drillyard incident open"):
        open_case(tmp_path)
