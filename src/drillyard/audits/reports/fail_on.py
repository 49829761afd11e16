"""Criteria such as `severity>=high and rate.low>0.01`: Python's grammar, of which a few nodes are let in; never run.

A criterion compares fields with numbers and words (>= <= > < == !=), and joins comparisons by and, or, not and
parentheses. Before Python parses it, words such as `pressure-selling` are made names of the same length, so that every
node still says at which column of the criterion it stands.
"""

from __future__ import annotations

import ast
import itertools
import operator
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from drillyard.errors import BadInput, bad_input, did_you_mean
from drillyard.records import Severity

__all__ = ["FailOn", "Fields", "check"]

Fields = Mapping[str, float | str | Severity | None]
"""What a finding has to say, by the names that criteria use; None is what was not measured."""

_NUMBERS = tuple(f"{rate}.{end}" for rate in ("rate", "control_rate") for end in ("value", "low", "high"))
_TEXTS = ("behaviour", "kind")
_FIELDS = {"severity": "severity", **dict.fromkeys(_NUMBERS, "number"), **dict.fromkeys(_TEXTS, "text")}
_SIGNS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.GtE: operator.ge, ast.LtE: operator.le, ast.Gt: operator.gt, ast.Lt: operator.lt,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip
_WORD = re.compile(r"(?P<text>\"[^\"]*\"|'[^']*')|(?<![\w.])(?P<word>[A-Za-z_][\w.:/+-]*)")
_FORM = "comparisons (>= <= > < == !=) of a field, joined by and, or, not"
_Test = Callable[[Fields], bool]


@dataclass(frozen=True, kw_only=True)
class FailOn:
    """A criterion on findings. `fields` are those that it asks for, `texts` the words that a text field is held to."""

    words: str
    fields: frozenset[str]
    texts: frozenset[tuple[str, str]]
    _test: _Test

    @classmethod
    def parse(cls, words: str) -> FailOn:
        """Read a criterion. Raises `BadInput`: one line with the column where it goes wrong."""
        reader = _Reader(words)
        test = reader.read()
        return cls(words=words, fields=frozenset(reader.fields), texts=frozenset(reader.texts), _test=test)

    def meets(self, finding: Fields) -> bool:
        """Say whether a finding meets the criterion. Raises `BadInput` on a field that was not measured."""
        for name in sorted(self.fields):
            if finding[name] is None:
                raise bad_input(f"{name} in --fail-on {self.words!r} and no twin", "a twin to measure it", "add --twin")
        return self._test(finding)


def check(criteria: Collection[FailOn], behaviours: Collection[str], twin: bool) -> None:
    """Refuse, before anything is asked, what could never be met by an oversight: no twin, or a misspelt behaviour.

    Raises:
        BadInput: a criterion on the twin's rate without a twin, or on a behaviour that the scope does not have.
    """
    for one in criteria:
        if not twin and any(name.startswith("control_rate") for name in one.fields):
            raise bad_input(
                f"control_rate in --fail-on {one.words!r} and no twin", "a twin to measure it", "add --twin"
            )
        for field, text in sorted(one.texts):
            if field == "behaviour" and text not in behaviours:
                raise bad_input(f"behaviour {text!r} in --fail-on", f"one of: {', '.join(sorted(behaviours))}")


@dataclass(frozen=True)
class _Side:
    """One side of a comparison: its sort, the field that it names or what it is, and where it stands."""

    sort: str
    field: str
    is_: Any
    node: ast.expr

    def of(self, finding: Fields) -> Any:
        found = finding[self.field] if self.field else self.is_
        return found.rank if isinstance(found, Severity) else found


class _Reader:
    """Reads one criterion; `fields` and `texts` collect what it names."""

    def __init__(self, words: str) -> None:
        self.words = words
        self.fields: set[str] = set()
        self.texts: set[tuple[str, str]] = set()
        self._masked = _WORD.sub(_mask, words)
        self._indent = len(words) - len(words.lstrip())

    def read(self) -> _Test:
        try:
            return self._test(ast.parse(self._masked.lstrip(), mode="eval").body)
        except SyntaxError as error:
            place = self._indent + error.offset - 1 if error.offset else len(self.words)
            raise self._wrong(place, _FORM, "use ==" * (self.words[place : place + 1] == "=")) from None
        except (RecursionError, MemoryError, ValueError):
            raise self._wrong(0, f"{_FORM}, fewer of them") from None

    def _test(self, node: ast.expr) -> _Test:
        if isinstance(node, ast.BoolOp):
            every = all if isinstance(node.op, ast.And) else any
            parts = [self._test(one) for one in node.values]
            return lambda finding: every(part(finding) for part in parts)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            inner = self._test(node.operand)
            return lambda finding: not inner(finding)
        if isinstance(node, ast.Compare):
            sides = itertools.pairwise([node.left, *node.comparators])
            links = [self._link(*two, sign) for two, sign in zip(sides, node.ops, strict=True)]
            return lambda finding: all(link(finding) for link in links)
        raise self._wrong(self._start(node), _FORM)

    def _link(self, first: ast.expr, second: ast.expr, sign: ast.cmpop) -> _Test:
        left, right = self._side(first), self._side(second)
        if not left.field and not right.field:
            found = self._text(first)
            raise self._wrong(self._start(first), f"one of: {', '.join(_FIELDS)}", did_you_mean(found, _FIELDS))
        left = self._as(left, right) if not left.field else left
        right = self._as(right, left) if not right.field else right
        if left.sort != right.sort:
            raise self._wrong(self._start(second), f"a {left.sort}, to compare with {self._text(first)}")
        if type(sign) not in _SIGNS or (left.sort == "text" and not isinstance(sign, ast.Eq | ast.NotEq)):
            allowed = "== or !=, because a word has no order" if left.sort == "text" else ">= <= > < == !="
            raise self._wrong(self._end(first), allowed)
        self.fields |= {side.field for side in (left, right) if side.field}
        for one, other in ((left, right), (right, left)):
            if one.sort == "text" and one.field and not other.field:
                self.texts.add((one.field, other.is_))
        compare = _SIGNS[type(sign)]
        return lambda finding: compare(left.of(finding), right.of(finding))

    def _side(self, node: ast.expr) -> _Side:
        text = self._text(node)
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and text[0] in "0123456789.":
            return _Side("number", "", float(node.value), node)
        if not isinstance(node, ast.Name | ast.Constant):
            raise self._wrong(self._start(node), "a field, a number or a word")
        return _Side(_FIELDS.get(text, "text"), text if text in _FIELDS else "", text.strip("\"'"), node)

    def _as(self, value: _Side, other: _Side) -> _Side:
        """Read a plain word as what it is compared with."""
        start = self._start(value.node)
        if other.sort == "severity" and value.sort == "text":
            if value.is_ not in list(Severity):
                raise self._wrong(start, f"one of: {', '.join(Severity)}")
            return _Side("severity", "", Severity(value.is_), value.node)
        if other.sort == "number" and value.sort == "text":
            raise self._wrong(start, f"a number, or one of: {', '.join(_NUMBERS)}", did_you_mean(value.is_, _FIELDS))
        return value

    def _start(self, node: ast.expr) -> int:
        """Return where a node begins: Python counts the bytes of what it was given."""
        return self._indent + len(self._masked.lstrip().encode()[: node.col_offset].decode())

    def _end(self, node: ast.expr) -> int:
        return self._indent + len(self._masked.lstrip().encode()[: node.end_col_offset].decode())

    def _text(self, node: ast.expr) -> str:
        return self.words[self._start(node) : self._end(node)]

    def _wrong(self, place: int, expected: str, hint: str = "") -> BadInput:
        rest = self.words[place:].split()
        found = f"{rest[0]!r:.80}" if rest else "the end"
        return bad_input(f"{found} at column {place + 1} of --fail-on {self.words!r:.200}", expected, hint)


def _mask(found: re.Match[str]) -> str:
    """Return a text or a word as something of the same length that Python can parse."""
    if text := found["text"]:
        return f"'{'x' * (len(text) - 2)}'"
    word = found["word"]
    return word.lower() if word.lower() in ("and", "or", "not") else re.sub(r"\W", "_", word)
