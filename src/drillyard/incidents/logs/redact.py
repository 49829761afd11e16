"""Personal data, replaced by keyed hashes: the same person stays the same, and nobody learns who without the key.

The key lies beside the case (`CASE.key`), never in it. Found are what has a form: e-mail addresses, telephone, card and
account numbers, IP addresses, and variables whose name says that they hold a person. Names within free text have no
form, and are not found.
"""

from __future__ import annotations

import functools
import hmac
import re
import secrets
from collections import Counter
from pathlib import Path

from drillyard.errors import bad_input
from drillyard.incidents.logs.turn import NAMES
from drillyard.records.files import write_atomically

__all__ = ["Redactor", "key_file"]

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_FORMS = (
    ("iban", re.compile(r"[A-Z](?<!\w.)[A-Z]\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")),
    ("ip", re.compile(r"\d(?<!\w.)\d{0,2}\.(?:\d{1,3}\.){2}\d{1,3}\b")),
    ("card", re.compile(r"\d(?<!\w.)(?:[ -]?\d){12,18}\b")),
    ("phone", re.compile(r"[+0](?<![\w.].)(?:(?<=\+)|0)\d{1,3}(?:[ ()/.-]{0,2}\d){6,12}\b")),  # +49 30 …, 0049 30 …
    ("phone", re.compile(r"[(0](?<!\w.)0?\d{2,4}\)?[ /-]\d{3,4}[ -]?\d{3,5}\b")),  # 030 1234567, (555) 123-4567
    ("phone", re.compile(r"\d(?<!\w.)(?:(?<=0)\d(?:(?:[ .-]\d{2}){4}|\d{8,9})|\d{2}[ .-]\d{3}[ .-]\d{4})\b")),
)
"""Kind -> its form. Each begins with the characters that it can begin with, not with where it stands: a search that
knows them skips all others, and takes a third of the time."""
_DIGITS = re.compile(r"\d[\d ()/.-]{6}")
_PERSONAL = re.compile(r"(?:^|_)(?:e?mail|name|phone|tel|address|customer|birth\w*|ssn|iban)(?:$|_)", re.I)

_PERSONS = re.compile(rf'("(?:{"|".join(map(re.escape, (*NAMES["user"], *NAMES["session"])))})"\s*:\s*"?)([^",}}]+)')


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
        if (found := self._known.get(value)) is None:
            found = self._known[value] = self._hash(value)
        return found

    def text(self, text: str) -> str:
        """Return a text with personal data replaced by its kind and keyed hash, such as `[email:1f2e3d4c]`."""
        forms = (("email", _EMAIL),) if "@" in text else ()
        for kind, form in (*forms, *_FORMS) if _DIGITS.search(text) else forms:
            text = form.sub(functools.partial(self._found, kind), text)
        return text

    def variables(self, values: dict[str, str]) -> dict[str, str]:
        """Return variables redacted: the whole value where the name says that it is a person's."""
        return {name: self._told("name", v) if _PERSONAL.search(name) else self.text(v) for name, v in values.items()}

    def keyed(self, text: str) -> str:
        """Return what is left of a row that is no row: redacted, and hashed what JSON says is a user or a session."""
        return _PERSONS.sub(lambda found: f"{found[1]}{self.person(found[2])}", self.text(text))

    def _found(self, kind: str, found: re.Match[str]) -> str:
        return self._told(kind, found[0])

    def _told(self, kind: str, value: str) -> str:
        self.found[kind] += 1
        return f"[{kind}:{self._hash(value)[:8]}]"

    def _hash(self, value: str) -> str:
        return hmac.digest(self._key, value.encode("utf-8", "surrogatepass"), "sha256").hex()[:16]
