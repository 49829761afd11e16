"""The screen: what it counts, what it scores, and which files it refuses."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from drillyard.alignment.around.verdict import FORMAT, PASS, WIDTH, Screen, count_grams, open_screen


def screen(limit: float = 0.0) -> Screen:
    """Return a screen of random weights."""
    weights = np.random.default_rng(1).normal(size=(2, WIDTH + 1)).astype(np.float32)
    return Screen(heads=("forbidden", "help"), limits=(limit, limit), weights=weights)


def test_a_short_text_counted_by_hand() -> None:
    """The grams of "ab", written out: begin and end, the word, its pairs, its letters by threes and fours."""
    grams = ["w^", "wab", "w$", "w^ ab", "wab $", "c<ab", "cab>", "c<ab>"]
    dense = np.zeros(WIDTH)
    for gram in grams:
        code = zlib.crc32(gram.encode())
        dense[code % WIDTH] += 1 if code >= 2**31 else -1
    columns, values = count_grams("ab")
    found = np.zeros(WIDTH)
    found[columns] = values
    np.testing.assert_allclose(found, dense / np.linalg.norm(dense))


@given(st.text(), st.text())
def test_scores_are_the_dense_product(text: str, _other: str) -> None:
    """The sum over the columns that a text fills is the whole product, for any text."""
    one = screen()
    columns, values = count_grams(text)
    dense = np.zeros(WIDTH + 1)
    dense[columns], dense[-1] = values, 1.0
    np.testing.assert_allclose(list(one.scores(text).values()), one.weights.astype(float) @ dense, atol=1e-6)
    assert len(columns) == len(set(columns.tolist())) and abs(float(values @ values) - 1) < 1e-9


@given(st.text(), st.floats(-3, 3), st.floats(0, 3))
def test_a_lower_limit_stops_no_less(text: str, limit: float, less: float) -> None:
    """What a limit stops, every lower limit stops too; blank texts always pass."""
    strict, mild = screen(limit - less), screen(limit)
    for side in ("requests", "replies"):
        assert getattr(mild, side)([text]) == [PASS] or getattr(strict, side)([text]) != [PASS]
        assert getattr(screen(-100.0), side)([" \n"]) == [PASS]


@pytest.mark.parametrize("case", ["missing", "text", "format", "shape", "not-finite"])
def test_broken_files_are_refused(case: str, tmp_path: Path) -> None:
    """A screen that cannot be read is an error when it is opened, never a screen that lets everything through."""
    path = tmp_path / "classifier.safetensors"
    header = {"format": FORMAT, "heads": json.dumps(["forbidden"]), "limits": "[0.0]"}
    weights = np.zeros((1, WIDTH + 1), np.float32)
    if case == "text":
        path.write_text("no weights")
    elif case == "format":
        save_file({"weights": weights}, path, metadata=header | {"format": "another"})
    elif case == "shape":
        save_file({"weights": weights[:, 1:].copy()}, path, metadata=header)
    elif case == "not-finite":
        save_file({"weights": weights + np.float32("nan")}, path, metadata=header)
    with pytest.raises((OSError, ValueError)):
        open_screen(str(path))
