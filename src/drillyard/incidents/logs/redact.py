"""Personal data, replaced by keyed hashes: the same person stays the same, and nobody learns who without the key.

The key lies beside the case (`CASE.key`), never in it. Found are what has a form: e-mail addresses, telephone, card and
account numbers, IP addresses, and variables whose name says that they hold a person. Names within free text have no
form, and are not found.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections import Counter
from pathlib import Path

from drillyard.errors import bad_input
from drillyard.records.files import write_atomically

__all__ = ["Redactor", "key_file"]

_FORMS = (
    ("email", re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")),
    ("iban", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")),
    ("ip", re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")),
    ("card", re.compile(r"\b(?:\d[ -]?){12,18}\d\b")),
    (
        "phone",
        re.compile(r"(?<![\w.])(?:\+|00)\d{1,3}(?:[ ()/.-]{0,2}\d){6,12}\b|\(?\b0\d{2,4}\)?[ /-]\d{3,4}[ -]?\d{3,5}\b"),
    ),
)
_LONG = re.compile(r"@|\d[\d ()/.-]{6}")
_PERSONAL = re.compile(r"(?:^|_)(?:e?mail|name|phone|tel|address|customer|birth\w*|ssn|iban)(?:$|_)", re.I)


def key_file(case: Path) -> Path:
    """Return where the key of a case lies."""
    return case.with_name(f"{case.name}.key")


class Redactor:
    """Replaces personal data; counts what it found, by kind, in `found`.

    Args:
        case: folder of the case; its key is read, or made with rights for its owner alone.
    """

    def __init__(self, case: Path) -> None:
        path = key_file(case.resolve())
        if not path.is_file():
            write_atomically(path, f"{secrets.token_hex(32)}\n".encode(), 0o600)
        try:
            self._key = bytes.fromhex(path.read_text(encoding="ascii").strip())
        except (OSError, ValueError):
            raise bad_input(
                f"{str(path)!r} that is no key", "64 hex digits", "restore it, or open another case"
            ) from None
        self.found: Counter[str] = Counter()
        self._known: dict[str, str] = {}

    def person(self, value: str) -> str:
        """Return the keyed hash of a user or session, empty for none."""
        if not value:
            return ""
        if value not in self._known:
            self._known[value] = self._hash(value)
        return self._known[value]

    def text(self, text: str) -> str:
        """Return a text with personal data replaced by its kind and keyed hash, such as `[email:1f2e3d4c]`."""
        if _LONG.search(text) is None:
            return text
        for kind, form in _FORMS:
            text = form.sub(lambda found, kind=kind: self._told(kind, found[0]), text)  # type: ignore[misc]
        return text

    def variables(self, values: dict[str, str]) -> dict[str, str]:
        """Return variables redacted: the whole value where the name says that it is a person's."""
        return {name: self._told("name", v) if _PERSONAL.search(name) else self.text(v) for name, v in values.items()}

    def _told(self, kind: str, value: str) -> str:
        self.found[kind] += 1
        return f"[{kind}:{self._hash(value)[:8]}]"

    def _hash(self, value: str) -> str:
        return hmac.new(self._key, value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:16]
