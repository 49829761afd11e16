"""The base of every record: frozen, typed, versioned, with a JSON round-trip."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from drillyard.errors import BadInput, did_you_mean, tell
from drillyard.records.strict_json import parse_json

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["Record", "first_problem"]


class Record(BaseModel):
    """A value that crosses a doorway between rooms.

    Frozen, keyword-only, refuses unknown fields. Serialised with its record name and version, so that a file
    written today is recognised (or refused with a clear line) by a later release.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    version: ClassVar[int] = 1
    upgrades: ClassVar[tuple[Callable[[dict[str, Any]], dict[str, Any]], ...]] = ()
    """What makes fields of version n + 1 of those of version n, from version 1 on: as many as there are versions less
    one, or none where files of an earlier version are refused."""

    @classmethod
    def record_name(cls) -> str:
        """Return the name under which this record is stored, such as `failure-mode`."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", cls.__name__).lower()

    def to_data(self) -> dict[str, Any]:
        """Return plain data, with the record's name and version in front."""
        return {"record": self.record_name(), "version": self.version, **self.model_dump(mode="json")}

    def to_json(self, indent: int | None = None) -> str:
        """Return the record as one JSON document."""
        return json.dumps(self.to_data(), indent=indent, ensure_ascii=False)

    @classmethod
    def from_data(cls, data: object) -> Self:
        """Build a record from plain data.

        Raises:
            BadInput: the data is no mapping, is another record or version, or a field is missing or wrong.
        """
        if not isinstance(data, dict):
            raise BadInput(f"found {type(data).__name__}, expected a {cls.record_name()} record (a JSON object)")
        fields = dict(data)
        name, version = fields.pop("record", cls.record_name()), fields.pop("version", cls.version)
        if name == cls.record_name() and isinstance(version, int) and 1 <= version < cls.version:
            for upgrade in cls.upgrades[version - 1 :]:
                fields, version = upgrade(fields), version + 1
        if (name, version) != (cls.record_name(), cls.version):
            found = f"{name!r:.120} version {version!r:.120}"
            raise BadInput(f"found record {found}, expected {cls.record_name()!r} {cls.version}")
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            raise BadInput(first_problem(error, cls.record_name())) from None

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Build a record from a JSON document. Raises `BadInput` on broken JSON as on wrong fields."""
        try:
            data = parse_json(text)
        except ValueError as error:
            raise BadInput(f"found broken JSON ({error}), expected one {cls.record_name()} record") from None
        return cls.from_data(data)


def first_problem(error: ValidationError, what: str) -> str:
    """Turn a validation error into one line: where, what was found, what was expected.

    Where one is missing and another does not exist, the latter comes first: most often it is the former, mistyped.
    """
    problems = error.errors(include_url=False)
    first = problems[0]
    if first["type"] == "missing":
        first = next((one for one in problems if one["type"] == "extra_forbidden"), first)
    where = ".".join(part for part in map(str, first["loc"]) if "[" not in part) or what  # branches of a union have one
    given = first["input"]
    told = (
        f"fields {', '.join(name if name.isprintable() else repr(name) for name in map(str, given))}"[:120]
        if isinstance(given, dict) and given
        else tell(given, 120)
    )
    found = "nothing" if first["type"] == "missing" else told
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{what}: field {where!r:.120}: found {found}, expected: {_expected(first, problems)}{more}"


def _expected(problem: ErrorDetails, problems: Sequence[ErrorDetails]) -> str:
    """Return what should be in place of one problem of a record; a name that is no field may be a missing one."""
    if problem["type"] == "missing":
        return "a value"
    if problem["type"] != "extra_forbidden":
        return problem["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    *place, name = problem["loc"]
    missing = [str(one["loc"][-1]) for one in problems if one["type"] == "missing" and [*one["loc"][:-1]] == place]
    hint = did_you_mean(str(name), missing)
    return f"no such field; {hint}" if hint else "no such field"
