"""Criteria such as `severity>=high and rate.low>0.01`: read by a small parser of their own, never executed as code.

any        = all { "or" all }
all        = not { "and" not }
not        = "not" not | "(" any ")" | value compare value
compare    = ">=" | "<=" | ">" | "<" | "==" | "!="
value      = field | number | severity | word | "text in quotes"
"""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from drillyard.errors import BadInput, bad_input
from drillyard.records import Severity

__all__ = ["FailOn", "Fields", "check"]

Fields = Mapping[str, float | str | Severity | None]
"""What a finding has to say, by the names that criteria use; None is what was not measured."""

_NUMBERS = tuple(f"{rate}.{end}" for rate in ("rate", "control_rate") for end in ("value", "low", "high"))
_TEXTS = ("behaviour", "kind")
_FIELDS = ("severity", *_NUMBERS, *_TEXTS)
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))|(?P<word>[A-Za-z_][\w.:/+-]*)"
    r"|(?P<text>\"[^\"]*\"|'[^']*')|(?P<mark>>=|<=|==|!=|[><()])|(?P<other>\S)|(?P<end>$))"
)
_DEPTH = 40


@dataclass(frozen=True, kw_only=True)
class FailOn:
    """A criterion on findings. `fields` are those that it asks for, `texts` the words that a text field is held to."""

    words: str
    fields: frozenset[str]
    texts: frozenset[tuple[str, str]]
    _test: Callable[[Fields], bool]

    @classmethod
    def parse(cls, words: str) -> FailOn:
        """Read a criterion. Raises `BadInput`: one line with the column where it goes wrong."""
        parser = _Parser(words)
        test = parser.whole()
        return cls(words=words, fields=frozenset(parser.fields), texts=frozenset(parser.texts), _test=test)

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
class _Token:
    kind: str
    text: str
    column: int


@dataclass(frozen=True)
class _Value:
    """One side of a comparison: its sort, the field that it names, or what it is."""

    sort: str
    field: str
    is_: object
    token: _Token

    def of(self, finding: Fields) -> object:
        found = finding[self.field] if self.field else self.is_
        return found.rank if isinstance(found, Severity) else found


class _Parser:
    """Reads one criterion from left to right; `fields` and `texts` collect what it names."""

    def __init__(self, words: str) -> None:
        self.words = words
        self.fields: set[str] = set()
        self.texts: set[tuple[str, str]] = set()
        self._tokens = [
            _Token(str(found.lastgroup), found[str(found.lastgroup)], found.start(str(found.lastgroup)) + 1)
            for found in _TOKEN.finditer(words)
        ]
        self._depth = 0

    def whole(self) -> Callable[[Fields], bool]:
        test = self._any()
        if self._next.kind != "end":
            raise self._wrong(self._next, "'and', 'or' or the end")
        return test

    @property
    def _next(self) -> _Token:
        return self._tokens[0]

    def _take(self, *texts: str) -> bool:
        """Go past the next token if it is one of these."""
        if self._next.text.lower() not in texts or self._next.kind not in ("word", "mark"):
            return False
        self._tokens.pop(0)
        return True

    def _any(self) -> Callable[[Fields], bool]:
        parts = [self._all()]
        while self._take("or"):
            parts.append(self._all())
        return lambda finding: any(part(finding) for part in parts)

    def _all(self) -> Callable[[Fields], bool]:
        parts = [self._not()]
        while self._take("and"):
            parts.append(self._not())
        return lambda finding: all(part(finding) for part in parts)

    def _not(self) -> Callable[[Fields], bool]:
        token = self._next
        self._depth += 1
        if self._depth > _DEPTH:
            raise self._wrong(token, f"at most {_DEPTH} levels")
        test = self._bare()
        self._depth -= 1
        return test

    def _bare(self) -> Callable[[Fields], bool]:
        if self._take("not"):
            inner = self._not()
            return lambda finding: not inner(finding)
        if self._take("("):
            test = self._any()
            if not self._take(")"):
                raise self._wrong(self._next, "')'")
            return test
        return self._comparison()

    def _comparison(self) -> Callable[[Fields], bool]:
        left = self._value(None)
        sign = self._next
        if sign.text not in _COMPARE:
            raise self._wrong(sign, "one of: >= <= > < == !=", "use ==" if sign.text == "=" else "")
        self._tokens.pop(0)
        right = self._value(left)
        if not left.field and not right.field:
            raise self._wrong(left.token, f"one of: {', '.join(_FIELDS)}", self._near(left.token.text))
        left = self._as(left, right.sort) if not left.field else left
        if left.sort != right.sort:
            raise self._wrong(right.token, f"a {left.sort}, to compare with {left.token.text}")
        if left.sort == "text" and sign.text not in ("==", "!="):
            raise self._wrong(sign, f"== or !=, because {left.token.text} has no order")
        self.fields |= {side.field for side in (left, right) if side.field}
        self._note(left, right)
        compare = _COMPARE[sign.text]
        return lambda finding: compare(left.of(finding), right.of(finding))

    def _note(self, left: _Value, right: _Value) -> None:
        for one, other in ((left, right), (right, left)):
            if one.sort == "text" and one.field and not other.field:
                self.texts.add((one.field, str(other.is_)))

    def _value(self, other: _Value | None) -> _Value:
        token = self._next
        if token.kind not in ("word", "text", "number") or token.text.lower() in ("and", "or", "not"):
            raise self._wrong(token, "a field, a number or a word")
        self._tokens.pop(0)
        if token.kind == "number":
            return _Value("number", "", float(token.text), token)
        if token.kind == "word" and token.text in _FIELDS:
            sort = "number" if token.text in _NUMBERS else "text" if token.text in _TEXTS else "severity"
            return _Value(sort, token.text, None, token)
        plain = _Value("text", "", token.text.strip("\"'"), token)
        return self._as(plain, other.sort) if other and other.field else plain

    def _as(self, value: _Value, sort: str) -> _Value:
        """Read a plain word as what it is compared with."""
        if sort == "severity" and value.sort == "text":
            if value.is_ not in list(Severity):
                raise self._wrong(value.token, f"one of: {', '.join(Severity)}")
            return _Value("severity", "", Severity(str(value.is_)), value.token)
        if sort == "number" and value.sort == "text":
            raise self._wrong(value.token, f"a number, or one of: {', '.join(_NUMBERS)}", self._near(value.token.text))
        return value

    def _near(self, text: str) -> str:
        near = difflib.get_close_matches(text, _FIELDS, n=1)
        return f"did you mean {near[0]!r}?" if near else ""

    def _wrong(self, token: _Token, expected: str, hint: str = "") -> BadInput:
        found = repr(token.text) if token.text else "the end"
        return bad_input(f"{found:.80} at column {token.column} of --fail-on {self.words!r:.200}", expected, hint)
