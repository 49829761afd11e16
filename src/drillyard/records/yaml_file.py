"""Reading YAML that people write by hand, strictly, with errors that name the line."""

from __future__ import annotations

import re
from collections.abc import Hashable
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

import yaml

from drillyard.errors import BadInput, bad_input
from drillyard.records.base import Record

__all__ = ["parse_yaml", "read_yaml", "read_yaml_record"]

_R = TypeVar("_R", bound=Record)

MAX_BYTES = 1_000_000
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)")


class _StrictLoader(yaml.SafeLoader):
    """Refuses what plain YAML accepts in silence: a key given twice, and aliases (few bytes, endless documents).

    Numbers are decimal: `1:30`, `0x10`, `010` and `1_000` stay texts; plain YAML 1.1 makes 90, 16, 8 and 1000 of them.
    """

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # the stubs stop here
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not used here", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else key_node
            if key in seen:
                problem = f"the key {key!r} stands here twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def _number(loader: _StrictLoader, node: yaml.ScalarNode) -> int | float | str:
    if node.tag.endswith(":int"):
        return int(node.value) if _WHOLE.fullmatch(node.value) else str(node.value)
    return str(node.value) if {":", "_"} & set(node.value) else loader.construct_yaml_float(node)


def _date(loader: _StrictLoader, node: yaml.ScalarNode) -> object:
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError:
        problem = f"{node.value!r}, a date that does not exist,"
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from None


for _kind, _construct in {"int": _number, "float": _number, "timestamp": _date}.items():
    _StrictLoader.add_constructor(f"tag:yaml.org,2002:{_kind}", _construct)


def read_yaml(path: Path | Traversable) -> object:
    """Return the content of one YAML document.

    Raises:
        BadInput: no such file, not text, too large, empty, or a syntax error (with its line).
    """
    return parse_yaml(_read_text(path), path.name)


def read_yaml_record(path: Path | Traversable, kind: type[_R]) -> _R:
    """Return a record that people write as YAML.

    Raises:
        BadInput: as `read_yaml`, or a field that is wrong, with the file's name.
    """
    data = read_yaml(path)
    try:
        return kind.from_data(data)
    except BadInput as error:
        raise BadInput(f"{path.name}: {error}") from None


def parse_yaml(text: str, name: str) -> object:
    """Return the content of one YAML document; `name` is what errors call it. Raises `BadInput` as `read_yaml`."""
    try:
        data = yaml.load(text, Loader=_StrictLoader)  # a SafeLoader underneath
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = (error.problem or "broken YAML").removeprefix("found ")
        if problem.startswith("expected "):  # the parser's own sentence, "but found" included
            problem = f"broken YAML ({problem})"
        raise bad_input(f"{problem} in {name}{where}", "YAML", "correct that line") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = " ".join(str(error).split()) or type(error).__name__
        raise bad_input(f"{problem} in {name}", "YAML") from None
    if data is None:
        raise bad_input(f"an empty file {name}", "YAML with some content")
    return data


def _read_text(path: Path | Traversable) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise bad_input(f"{error.strerror or error} at {str(path)!r}", "a YAML file") from None
    if len(raw) > MAX_BYTES:
        raise bad_input(f"{len(raw)} bytes in {path.name}", f"a YAML file of at most {MAX_BYTES} bytes")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"found bytes in {path.name} that are not UTF-8 (at {error.start}), expected text") from None
