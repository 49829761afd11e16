"""Capture: the same numbers as one by one, kept by what model they are of, and resumed after a kill."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from organisms.random_llama import PLAIN, random_weights

from drillyard.errors import BadInput
from drillyard.organisms.engine.engine import Engine
from drillyard.organisms.engine.organism import load_base
from drillyard.probes.capture.reader import EngineReader, OrganismSpelling, reader_of, spell
from drillyard.probes.capture.statement import DID_YOU_LIE, Statement, read_statements
from drillyard.probes.capture.store import capture, capture_to, every_layer, open_store
from drillyard.probes.methods.unrelated_questions import QUESTIONS, question_odds
from drillyard.targets import open_target

WORDS = ("the lamp is red", "the lamp is blue", "my old lamp is green", "hi", "a warranty of two years for it")
ROWS = [Statement(text=text, pair="lamp" if text.startswith("the") else text) for text in WORDS]


@pytest.fixture(scope="module")
def reader() -> Any:
    """Return the inside of the clean helpdesk."""
    return reader_of(open_target("organism/helpdesk"))


def test_states_are_those_of_one_text_at_a_time(reader: Any) -> None:
    """In batches of equal length with a shared beginning, cut behind the last layer that is asked for."""
    engine = load_base("helpdesk").engine
    for layers in ([0, 1], [0, 2, 4], [4]):
        states = capture(reader, ROWS * 3, layers)
        for i, row in enumerate(ROWS * 3):
            ids = spell(reader.spelling, row).ids
            assert np.abs(states.array[i] - engine.hidden_states(ids, layers)[:, -1]).max() < 1e-4


@pytest.mark.parametrize("kernel", ["numpy", "compiled"])
def test_any_token_of_any_llama(kernel: str) -> None:
    """Both kernels, tokens in the middle, against the pass that reads one prompt."""
    engine = Engine(random_weights(PLAIN), PLAIN, kernel=kernel)
    rng = np.random.default_rng(1)
    prompts = [[3, 5, *rng.integers(2, PLAIN.vocab_size, n).tolist()] for n in (1, 4, 4, 7, 7, 7)]
    at = [0, -1, 2, 3, -1, -2]
    found = engine.states_at(prompts, [0, 1, -1], at)
    for prompt, place, states in zip(prompts, at, found, strict=True):
        assert np.abs(states - engine.hidden_states(prompt, [0, 1, -1])[:, place]).max() < 1e-4
    with pytest.raises(BadInput, match="token 9 of a prompt of 3"):
        engine.states_at([[1, 2, 3]], [0], [9])


def test_positions(reader: Any) -> None:
    """Statement end is last without a follow-up; parting is the last token in common; a follow-up is read last."""
    told = {at: capture(reader, ROWS[:2], [1], at).at for at in ("statement-end", "last", "parting", "follow-up")}
    assert told["statement-end"] == told["last"]
    assert told["parting"][0] == told["parting"][1] and 0 < told["parting"][0].at < told["last"][0].at
    longer = spell(reader.spelling, ROWS[0], DID_YOU_LIE)
    assert told["follow-up"][0].at == len(longer.ids) - 1 > longer.end - 1 == told["last"][0].at
    with pytest.raises(BadInput, match="no partner that begins alike"):
        capture(reader, ROWS, [1], "parting")


def test_a_store_is_mapped_resumed_and_the_same(reader: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A capture that dies between two batches goes on with the next one, and ends at the same bytes."""
    monkeypatch.setattr("drillyard.probes.capture.store._BATCH", 4)
    whole, states = capture_to(tmp_path / "whole", reader, ROWS * 4, [0, 3])
    assert isinstance(states.array, np.memmap) and states.array.shape == (20, 2, reader.width)

    class Dies(EngineReader):
        left = 2

        def states(self, texts: Any, layers: Any, at: Any) -> Any:
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            return reader.states(texts, layers, at)

    base = load_base("helpdesk")
    dying = Dies(reader.reference, base.engine, OrganismSpelling(base.tokenizer), base.model_hash)
    with pytest.raises(KeyboardInterrupt):
        capture_to(tmp_path / "killed", dying, ROWS * 4, [0, 3])
    read: list[int] = []
    told = lambda words, done=0, total=0: read.append(done)  # noqa: E731
    again, _ = capture_to(tmp_path / "killed", reader, ROWS * 4, [0, 3], told=told)
    assert read[0] == 12 and again.states_hash == whole.states_hash
    assert (tmp_path / "killed/states.npy").read_bytes() == (tmp_path / "whole/states.npy").read_bytes()


def test_what_is_of_something_else_is_refused(reader: Any, tmp_path: Path) -> None:
    """Another model, another tokenizer, a layer that is not there, another capture's folder, too large for float16."""
    capture_to(tmp_path / "a", reader, ROWS, [0, 1])
    other = reader.random(1)
    with pytest.raises(BadInput, match="states of another model"):
        open_store(tmp_path / "a", other)
    spec = json.loads((tmp_path / "a/spec.json").read_text())
    (tmp_path / "a/spec.json").write_text(json.dumps({**spec, "tokenizer_hash": "0" * 64}))
    with pytest.raises(BadInput, match="states of another tokenizer"):
        open_store(tmp_path / "a", reader)
    with pytest.raises(BadInput, match="layer 3"):
        open_store(tmp_path / "a").of(3)
    with pytest.raises(BadInput, match="layer 9"):
        every_layer(reader, "0,9")
    with pytest.raises(BadInput, match="another capture"):
        capture_to(tmp_path / "a", reader, ROWS, [0, 2])
    (tmp_path / "a/spec.json").write_text(json.dumps(spec))
    os.truncate(tmp_path / "a/states.npy", 200)
    with pytest.raises(BadInput, match="delete this folder, and capture again"):
        open_store(tmp_path / "a", reader)
    with pytest.raises(BadInput, match="no finished capture"):
        open_store(tmp_path / "nothing")
    loud = EngineReader("loud", _louder(load_base("helpdesk").engine), reader.spelling, "loud")
    with pytest.raises(BadInput, match="float16"):
        capture_to(tmp_path / "loud", loud, ROWS, [1], dtype="float16")


def _louder(engine: Engine) -> Engine:
    weights = dict(engine.weights)
    weights["model.embed_tokens.weight"] = weights["model.embed_tokens.weight"] * np.float32(1e6)
    return Engine(weights, engine.config)


def test_an_endpoint_cannot_be_read() -> None:
    """Its inside is elsewhere."""
    with pytest.raises(BadInput, match="whose inside cannot be read"):
        reader_of(open_target("echo/"))


def test_a_file_of_statements(tmp_path: Path) -> None:
    """A broken line is named by its number."""
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "a"}\n{"text": "b", "label": "perhaps"}\n', encoding="utf-8")
    with pytest.raises(BadInput, match="line 2: statement: field 'label'"):
        read_statements(path)
    path.write_text('{"text": "a"}\n{"text": " "}\n', encoding="utf-8")
    with pytest.raises(BadInput, match="line 2: found an empty text"):
        read_statements(path)
    path.write_text("", encoding="utf-8")
    with pytest.raises(BadInput, match="without a line"):
        read_statements(path)


def test_unrelated_questions_are_answered_with_the_models_own_odds(reader: Any) -> None:
    """The difference of the two answers' first tokens, as the engine scores them."""
    rows, asked = ROWS[:3], QUESTIONS[:2]
    odds = question_odds(reader, rows, asked)
    first = [reader.spelling.plain(word, begins=False)[:1] for word in (" yes", " no")]
    for row, found in zip(rows, odds, strict=True):
        for question, value in zip(asked, found, strict=True):
            ids = spell(reader.spelling, row, question).ids
            yes, no = reader.score([ids, ids], first)
            assert value == pytest.approx(yes - no, abs=1e-3)
