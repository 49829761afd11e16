"""A selector means the same to the search, which counts bits, and to whoever asks a case for its rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from incidents.traffic import turns

from drillyard.incidents.case import Case
from drillyard.incidents.generate.writing import write_logs
from drillyard.incidents.opening import open_incident
from drillyard.incidents.search.bits import pack
from drillyard.incidents.search.features_polars import NEEDED, selectors_of
from drillyard.incidents.sliced import Selector
from drillyard.incidents.store_polars import selects


def opened(tmp_path: Path) -> Case:
    """Open a case whose prompts hold a name that varies."""
    names = ("Ada", "Bram", "Chloe", "Dario", "Edda", "Farid", "Greta")
    rows = [
        {**one, "template_id": "", "system": f"{one['system']} You speak with {names[n % 7]} now."}
        for n, one in enumerate(turns(2)[0])
    ]
    write_logs(rows, "plain", tmp_path / "logs")
    return open_incident([tmp_path / "logs"], tmp_path / "case")


def test_every_selector_holds_of_the_rows_that_its_bits_say(tmp_path: Path) -> None:
    """Words, segments, variables, times, turns: rule by rule the same rows, those that are alike included."""
    case = opened(tmp_path)
    frame = case.frame().select(*NEEDED).collect()
    found = selectors_of(frame, case.templates, support=10)
    assert {one.feature.partition(":")[0] for one in found.named} >= {
        "segment", "words", "release", "cohort", "tool", "hour", "weekday", "turn", "length", "var",
    }  # fmt: skip
    assert len({bits.tobytes() for bits in found.bits}) == len(found.named)
    for one, alike, bits in zip(found.named, found.alike, found.bits, strict=True):
        for selector in (one, *alike):
            under = frame.select(selects(selector, case.templates).fill_null(False).alias("u"))["u"].to_numpy()
            assert np.array_equal(pack(under), bits), selector


def test_nothing_that_follows_from_a_reply_is_a_selector(tmp_path: Path) -> None:
    """Engagement, purchases and latency go with the behaviour because it moves them."""
    case = opened(tmp_path)
    found = selectors_of(case.frame().select(*NEEDED).collect(), case.templates, support=10)
    features = {one.feature for group in ([*found.named], *found.alike) for one in group}
    assert not {name for name in features if name.startswith(("score", "feedback", "latency", "cost"))}
    assert Selector(feature="release", value="r3", words="release = 'r3'") in found.named
