"""Files as disks, other programs and ill will leave them: a valid one goes in, a mutated one comes out, by a seed."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import Any

import yaml

__all__ = ["mutated"]

_ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1e308,
    -2.5,
    10**400,
    "",
    "x",
    "\x00",
    "é" * 300,
    [],
    {},
    [[]],
    [None],
    {"x": []},
)
_TOKENS = (
    b"\x00",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b'"\\ud800"',
    b"1e999",
    b"NaN",
    b"9" * 5000,
    b"\x1b[2J",
    b"{",
    b"]",
    b'"',
    b"\r",
    b"&a *a",
)
_LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


def mutated(valid: bytes, draw: random.Random) -> bytes | None:
    """Return a hostile form of a file; None for a folder in its place."""
    kind = draw.choice([*_BYTES, "parts", "parts", "parts", "parts", None])
    if kind is None:
        return None
    return _parts(valid, draw) if kind == "parts" else kind(valid, draw)  # type: ignore[operator]


def _cut(valid: bytes, draw: random.Random) -> bytes:
    return valid[: draw.randrange(len(valid) + 1)]


def _strewn(valid: bytes, draw: random.Random) -> bytes:
    for _ in range(draw.randrange(1, 4)):
        at = draw.randrange(len(valid) + 1)
        valid = valid[:at] + draw.choice(_TOKENS) + valid[at:]
    return valid


def _deep(valid: bytes, draw: random.Random) -> bytes:
    deep = draw.choice([b"[", b'{"a":', b"- "]) * draw.choice([60, 2_000, 100_000])
    at = draw.choice([0, draw.randrange(len(valid) + 1)])
    return valid[:at] + deep + valid[at:]


def _long(valid: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(valid) + 1)
    return valid[:at] + b"x" * 200_000 + valid[at:]


def _number(valid: bytes, draw: random.Random) -> bytes:
    odd = draw.choice([b"1e999", b"-1", b"0", b"9" * 400, b"NaN", b"1e-999", b"0x1F", b"12:34", b"null"])
    found = list(re.finditer(rb"\d+(\.\d+)?", valid))
    if not found:
        return odd
    one = draw.choice(found)
    return valid[: one.start()] + odd + valid[one.end() :]


def _aliases(valid: bytes, draw: random.Random) -> bytes:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 40))]
    return "\n".join(lines).encode() + b"\n" + valid


def _surrogate(valid: bytes, draw: random.Random) -> bytes:
    at = [one.end() for one in re.finditer(rb'"', valid)]
    place = draw.choice(at) if at else 0
    return valid[:place] + draw.choice([b"\\ud800", b"\\udfff x", b"\\u0000", b"\\ud83d"]) + valid[place:]


def _ends(valid: bytes, draw: random.Random) -> bytes:
    return valid.replace(b"\n", draw.choice([b"\r", b"\r\n", b"\n\n", b"\xe2\x80\xa8"]))


_BYTES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(_cut, _strewn, _deep, _long, _number, _aliases, _surrogate, _ends),
    lambda valid, draw: _LFS,
    lambda valid, draw: draw.randbytes(draw.randrange(200)),
    lambda valid, draw: b"\xef\xbb\xbf" + valid,
    lambda valid, draw: valid.decode("utf-8").encode("utf-16"),
)


def _parts(valid: bytes, draw: random.Random) -> bytes:
    """Put something odd in the place of any part of JSON, JSON lines or YAML."""
    text = valid.decode("utf-8")
    try:
        documents, write = [json.loads(text)], json.dumps
    except ValueError:
        try:
            documents, write = [json.loads(line) for line in text.splitlines() if line.strip()], json.dumps
        except ValueError:
            documents, write = [yaml.safe_load(text)], yaml.safe_dump
    chosen = draw.randrange(len(documents))
    documents[chosen] = _changed(documents[chosen], draw)
    return "\n".join(write(one) for one in documents).encode("utf-8", "surrogatepass")


def _changed(data: Any, draw: random.Random) -> Any:
    if not isinstance(data, dict | list) or not data or draw.random() < 0.15:
        return draw.choice(_ODD)
    copy: Any = dict(data) if isinstance(data, dict) else list(data)
    key = draw.choice(list(data)) if isinstance(data, dict) else draw.randrange(len(data))
    if isinstance(copy, dict) and draw.random() < 0.1:
        del copy[key]
    elif isinstance(copy, dict) and draw.random() < 0.1:
        copy[draw.choice(["", "extra", "\x00"])] = draw.choice(_ODD)
    else:
        copy[key] = _changed(data[key], draw)
    return copy
