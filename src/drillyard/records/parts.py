"""Parts of files that people write by hand: frozen, typed, and wrong in one line that names the place and the file."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from drillyard.errors import BadInput, bad_input, did_you_mean, tell

__all__ = ["Part", "check_known", "misfit", "read_part"]

T = TypeVar("T")

_WORDS = {
    "string": "text",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "list": "a list",
    "tuple": "a list",
    "dict": "keys with values",
    "model": "keys with values",
}
"""What is expected, by the beginning of an error's type, such as `string_type`."""


class Part(BaseModel):
    """A mapping in a file: its keys are the fields, with hyphens, and no others."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, alias_generator=lambda name: name.replace("_", "-")
    )

    @model_validator(mode="before")
    @classmethod
    def _check_keys(cls, data: Any) -> Any:
        known = [field.alias or name for name, field in cls.model_fields.items()]
        if isinstance(data, Mapping) and cls.model_config.get("extra") == "forbid":
            for key in data:
                if key not in known:
                    raise misfit(f"the key {tell(key)}", f"one of: {', '.join(known)}")
        return data


def misfit(found: object, expected: str) -> PydanticCustomError:
    """Return what a validator raises: both become part of the line, with the place and the file between them."""
    return PydanticCustomError("misfit", "{expected}", {"found": str(found), "expected": expected})


def read_part(kind: type[T], data: object, file: str) -> T:
    """Return what stands in a file, typed. Raises `BadInput` for the first thing that is not as expected."""
    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as error:
        raise _explain(error.errors(include_url=False)[0], file) from None


def check_known(where: str, name: object, names: Collection[str], of: str) -> None:
    """Raise `BadInput`, with the names that there are, where `name` is none of them."""
    if name not in names:
        listed = ", ".join(repr(one) for one in names if one != "")
        expected = f"one of the {of}: {listed}" if listed else f"{of}, and there are none"
        raise bad_input(f"{where} {tell(name)}", expected, did_you_mean(str(name), names))


def _explain(error: ErrorDetails, file: str) -> BadInput:
    *path, last = error["loc"] or ("",)
    place = f"{_path((*path, last))} of {file}" if error["loc"] else file
    found = error.get("ctx", {}).get("found") or tell(error["input"])
    if error["type"] == "misfit":
        return bad_input(f"{found} at {place}", error["msg"])
    if error["type"] == "missing":
        at = f" at {_path(path)} of {file}" if path else f" in {file}"
        return bad_input(f"no {last!r}{at}", f"a value for {last!r}")
    ends = {"too_short": "at least {min_length}", "too_long": "at most {max_length}"}
    if size := {**ends, "string_pattern_mismatch": "some text"}.get(error["type"]):
        return bad_input(f"{found} at {place}", size.format(**error.get("ctx", {})))
    kind, _, trouble = error["type"].partition("_")
    expected = _WORDS.get(kind) if trouble in ("type", "parsing", "from_float") else None
    return bad_input(f"{found} at {place}", expected or error["msg"].removeprefix("Input should be "))


def _path(loc: Collection[int | str]) -> str:
    """Return a place such as `items.rows[3]`; what tells the forms of a union apart is said once."""
    parts = [one for one, _ in itertools.groupby(loc)]
    return "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in parts).removeprefix(".")
