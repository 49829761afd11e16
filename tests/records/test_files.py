"""Files survive a kill: whole or not at all, and a whole number of lines."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drillyard.errors import BadInput
from drillyard.records import Message
from drillyard.records import files as kept
from drillyard.records.files import as_lines, read_lines, read_unchanged, split_lines, write_atomically, write_record
from drillyard.records.journal import Journal, mend_lines


def rewrite_forever(path: Path) -> None:
    """Write the same file again and again, in full, with one of two contents."""
    while True:
        for letter in (b"a", b"b"):
            write_atomically(path, letter * 100_000)


@pytest.mark.walk
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_killed_writer_leaves_a_whole_file(tmp_path: Path) -> None:
    """Whenever the writer is killed, the file is one of the two contents from its first byte to its last."""
    path = tmp_path / "file"
    write_atomically(path, b"a" * 100_000)
    for _ in range(3):
        before = path.stat().st_ino
        if not (writer := os.fork()):
            rewrite_forever(path)
        while path.stat().st_ino == before:  # until it is at work
            time.sleep(0.001)
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)
        assert path.read_bytes() in (b"a" * 100_000, b"b" * 100_000)


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    """A write that cannot end removes its draft and keeps the old file."""
    path = tmp_path / "file"
    write_atomically(path, b"old")
    with pytest.raises(TypeError):
        write_atomically(path, "text")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
    assert path.read_bytes() == b"old"


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """A file where a folder should be is the user's mistake: found and expected, and nothing is left there."""
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(BadInput, match="expected a place that can be written") as caught:
        write_atomically(tmp_path / "file" / "below", b"new")
    assert "\n" not in str(caught.value)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_half_a_line_is_cut_off_and_whole_ones_stay(tmp_path: Path) -> None:
    """After a kill in the middle of a line the file ends where the line before it does, however long the lines are."""
    path, said = (
        tmp_path / "lines",
        [Message(role="user", content="one\u2028two"), Message(role="user", content="3" * 200_000)],
    )
    mend_lines(path)
    Journal(path, Message.from_data).append(*said)
    mend_lines(path)
    assert path.read_bytes() == as_lines(said)
    for cut in (1, 2, 100_000, 200_000):
        path.write_bytes(as_lines(said)[:-cut])
        assert list(Journal(path, Message.from_data)) == said[:1]
        mend_lines(path)
        assert path.read_bytes() == as_lines(said[:1])
    path.write_bytes(b"half")
    mend_lines(path)
    assert path.read_bytes() == b""


@given(st.lists(st.text(st.characters(codec="utf-8") | st.sampled_from("\u2028\u2029\x85\x0b\x0c\x1c")), max_size=4))
def test_what_was_written_a_record_a_line_is_read_a_record_a_line(texts: list[str]) -> None:
    """Whatever a message holds, signs included at which Python would cut a text into lines."""
    messages = [Message(role="user", content=text) for text in texts]
    assert [Message.from_json(line) for line in split_lines(as_lines(messages).decode())] == messages


def test_lines_are_read_or_named(tmp_path: Path) -> None:
    """Blank lines are skipped; a line that is refused has its number; what is no text or empty is one line."""
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\xef\xbb\xbf1\n\n 3\n")
    assert read_lines(path, int, "whole numbers") == [1, 3]
    for content, told in (
        (b"1\nx\n", "rows.jsonl line 2: invalid literal"),
        (b"\n", "without a line, expected whole numbers"),
        (b"1\n\xff\n", "that cannot be read .* expected a UTF-8 file: whole numbers"),
    ):
        path.write_bytes(content)
        with pytest.raises(BadInput, match=told):
            read_lines(path, int, "whole numbers")
    with pytest.raises(BadInput, match="No such file"):
        read_lines(tmp_path / "none", int, "whole numbers")


def test_a_file_is_parsed_again_only_once_it_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old ones are held; each change is seen, also where size and time of writing stay the same, and a loss is told."""
    path, now = tmp_path / "said.json", time.time
    write_record(path, Message(role="user", content="one"))
    assert read_unchanged(path, Message) is not read_unchanged(path, Message), "it may be written again within a tick"
    monkeypatch.setattr(kept.time, "time", lambda: now() + 60)
    first, stamp = read_unchanged(path, Message), path.stat()
    assert read_unchanged(path, Message) is first
    for words in ("two", "six"):
        write_record(path, Message(role="user", content=words))
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        assert read_unchanged(path, Message).content == words
    path.unlink()
    with pytest.raises(BadInput, match="No such file"):
        read_unchanged(path, Message)
