"""YAML that people write: what is wrong is told with the file it stands in."""

from __future__ import annotations

from pathlib import Path

import pytest

from drillyard.errors import BadInput
from drillyard.records import Message
from drillyard.records.yaml_file import read_yaml_record


def test_a_wrong_field_names_its_file(tmp_path: Path) -> None:
    """As a broken line does; what is right is the record."""
    path = tmp_path / "mine.yaml"
    path.write_text("role: user\ncontent: hello\n")
    assert read_yaml_record(path, Message) == Message(role="user", content="hello")
    for text, line in (
        ("role: user\ncontent: 2026-01-02\n", "^mine.yaml: message: field 'content': found 2026-01-02, expected: "),
        (
            "role: user\ncontent: [\n",
            r"^found broken YAML \(expected .*, but found .*\) in mine.yaml line 3",
        ),
        ("role: user\ncontent: 2026-02-30\n", "'2026-02-30', a date that does not exist, in mine.yaml line 2, c"),
        ("role: user\nconttent: hello\n", "field 'conttent': .*no such field; did you mean 'content'"),
        ("- user\n", "^mine.yaml: found list, expected a message record"),
    ):
        path.write_text(text)
        with pytest.raises(BadInput, match=line):
            read_yaml_record(path, Message)
