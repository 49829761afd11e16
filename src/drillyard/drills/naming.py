"""What people read for the parts of a grade: names as data in each drill's `drill.yaml`, by the ids of its checks."""

from __future__ import annotations

from drillyard.records import Drill

__all__ = ["name_check"]


def name_check(drill: Drill, check: str) -> str:
    """Return the name of a part of a drill's grade: of its id, or else of a pattern that fits, or the id in words."""
    if check in drill.checks:
        return drill.checks[check]
    for pattern, name in drill.checks.items():
        head, star, tail = pattern.partition("*")
        if star and check.startswith(head) and check.endswith(tail) and len(check) > len(head) + len(tail):
            return _capital(name.replace("{}", _plain(check[len(head) : len(check) - len(tail)])))
    return _capital(_plain(check))


def _plain(code: str) -> str:
    return code.replace("/", ": ").replace(":", ": ").replace("-", " ").replace("  ", " ")


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
