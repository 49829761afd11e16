"""What is done to a ledger is found, with the record at which it was done."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from gateway_bench import KEYS, LEDGER, SECRETS, Bench
from hypothesis import given, settings
from hypothesis import strategies as st

from drillyard.containment.gateway.anchors import AnchorFile, make_anchor, read_anchors
from drillyard.containment.gateway.chain import GENESIS, Entry, check_chain, link
from drillyard.containment.gateway.signing import Key
from drillyard.containment.gateway.verify import verify_entries, verify_folder
from drillyard.errors import BadInput

PUBLIC = (LEDGER.public,)


def chain(length: int, key: Key | None = LEDGER) -> list[Entry]:
    """Return a whole ledger of notes."""
    entries: list[Entry] = []
    for n in range(1, length + 1):
        before = entries[-1].digest if entries else GENESIS
        entries.append(link(n, float(n), "note", {"n": n}, before, key))
    return entries


@settings(max_examples=60)
@given(st.integers(3, 12), st.data())
def test_every_edit_deletion_and_swap_is_found_where_it_was_made(length: int, data: st.DataObject) -> None:
    """For any length and place: edited, deleted and reordered records are named by their number."""
    entries, place = chain(length), data.draw(st.integers(1, length - 1))
    assert check_chain(entries, (), PUBLIC) == []
    edited = [*entries]
    edited[place - 1] = replace(edited[place - 1], body='{"n":0}')
    assert [(fault.sequence, fault.what) for fault in check_chain(edited)] == [(place, "edited")]
    gone = [entry for entry in entries if entry.sequence != place]
    assert [(fault.sequence, fault.what) for fault in check_chain(gone)] == [(place, "deleted")]
    swapped = [*entries]
    swapped[place - 1], swapped[place] = swapped[place], swapped[place - 1]
    assert [(fault.sequence, fault.what) for fault in check_chain(swapped)] == [(place + 1, "reordered")]


@settings(max_examples=30)
@given(st.integers(2, 10), st.data())
def test_truncation_is_found_through_an_anchor_alone(length: int, data: st.DataObject) -> None:
    """The chain of what is left is whole; an anchor of what is gone is not."""
    entries = chain(length)
    kept = data.draw(st.integers(1, length - 1))
    anchor = make_anchor(length, entries[-1].digest, 1.0, LEDGER)
    assert check_chain(entries[:kept], (), PUBLIC) == []
    (fault,) = check_chain(entries[:kept], [anchor], PUBLIC)
    assert (fault.sequence, fault.what) == (kept + 1, "truncated")


def test_a_ledger_that_was_written_anew_is_found() -> None:
    """With all hashes made again: by the key's signatures, or by an anchor where there is no key."""
    entries = chain(5)
    anew = [*entries[:2]]
    for n in range(3, 6):
        anew.append(link(n, float(n), "note", {"n": 100 + n}, anew[-1].digest, None))
    assert {fault.sequence for fault in check_chain(anew, (), PUBLIC)} == {3, 4, 5}
    assert check_chain(anew) == []
    (fault,) = check_chain(anew, [make_anchor(5, entries[-1].digest, 1.0, None)])
    assert (fault.sequence, fault.what) == (5, "edited, or forged anchor")


def test_a_forged_anchor_is_told_from_an_edit() -> None:
    """An anchor that the key did not sign is named as what it is."""
    entries = chain(3)
    (fault,) = check_chain(entries, [make_anchor(3, "f" * 64, 1.0, Key.new("another"))], PUBLIC)
    assert (fault.sequence, fault.what) == (3, "forged anchor")


def test_an_anchor_line_cut_short_by_a_crash_is_left_out(tmp_path: Path) -> None:
    """What was written whole counts; a broken line before the end is bad input."""
    path = tmp_path / "anchors"
    AnchorFile(path)(make_anchor(1, "a" * 64, 1.0, LEDGER))
    path.write_text(path.read_text() + '{"sequence": 2, "dig')
    assert [anchor.sequence for anchor in read_anchors(path)] == [1]
    path.write_text("nonsense\n" + path.read_text())
    with pytest.raises(BadInput, match="line 1"):
        read_anchors(path)


@pytest.mark.parametrize(
    "line", ['{"sequence": 1e999}', "1e400", '{"at": NaN}', '{"at": ' + "9" * 400 + "}", "[]", "\\xff", '"x"']
)
def test_an_anchor_that_is_none_is_one_line(tmp_path: Path, line: str) -> None:
    """Numbers that no float or integer holds, a time that is none, other JSON."""
    good = {"sequence": 1, "digest": "d", "at": 1.0, "signature": ""}
    given = json.loads(line) if line.startswith("{") else line
    text = json.dumps({**good, **given}) if isinstance(given, dict) else line
    (tmp_path / "anchors").write_text(f"{text}\n")
    with pytest.raises(BadInput, match="line 1 of .*, expected an anchor"):
        read_anchors(tmp_path / "anchors")
    (tmp_path / "anchors").write_bytes(b"\xff\n")
    with pytest.raises(BadInput, match="cannot be read"):
        read_anchors(tmp_path / "anchors")


def test_the_database_cannot_be_changed_unseen(tmp_path: Path) -> None:
    """In the file itself: an edit is located, a cut end found by the anchors, and neither gateway starts again."""
    bench = Bench(tmp_path)
    bench.released()
    bench.close()
    anchors = tmp_path / "anchors.jsonl"
    with sqlite3.connect(tmp_path / "gateway.db") as db:
        last = db.execute("select max(sequence) from ledger").fetchone()[0]
        db.execute("delete from ledger where sequence = ?", (last,))
        before = db.execute("select digest from ledger where sequence = ?", (last - 1,)).fetchone()[0]
        db.execute("update control set sequence = ?, digest = ?", (last - 1, before))
    report = verify_folder(tmp_path, anchors, [KEYS])
    assert [(fault.sequence, fault.what) for fault in report.faults] == [(last, "truncated")]
    with sqlite3.connect(tmp_path / "gateway.db") as db:
        db.execute("update ledger set body = replace(body, 'bob', 'ben') where kind = 'vote'")
    report = verify_folder(tmp_path, anchors, [KEYS])
    assert "edited" in {fault.what for fault in report.faults} and not report.whole
    with pytest.raises(BadInput, match="not whole"):
        bench.open(SECRETS["cy"])
    db.close()


def test_a_signed_release_without_its_votes_is_found(tmp_path: Path) -> None:
    """Whoever holds the key and leaves out one vote makes a whole chain with a release that nothing allows."""
    bench = Bench(tmp_path)
    bench.released()
    entries = bench.gateway.store.entries()
    bench.close()
    assert verify_entries(entries, (), [KEYS]).whole
    for drop, word in (("vote", "too few persons"), ("lease", "stopped"), ("run", "never sealed")):
        index = next(n for n, entry in enumerate(entries) if entry.kind == drop)
        left: list[Entry] = []
        for entry in (*entries[:index], *entries[index + 1 :]):
            before = left[-1].digest if left else GENESIS
            left.append(link(len(left) + 1, entry.at, entry.kind, json.loads(entry.body), before, LEDGER))
        faults = verify_entries(left, (), [KEYS]).faults
        assert any(word in fault.words and fault.what == "bad release" for fault in faults), (drop, faults)
