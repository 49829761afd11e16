"""Merge near-duplicates: one failure that was met in several corners is one failure.

Two rules are the same failure when they show the same behaviour and one predicate implies the other, or, where a trait
is common to both, when they fail in the same manner. The wider one stays, with the kinds of both where only those
differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from drillyard.audits.hunt.rule import Rule

__all__ = ["merge", "same_failure"]


def same_failure(one: Rule, other: Rule) -> bool:
    """Say whether two rules speak of one failure."""
    if one.behaviour != other.behaviour or not (_within(one.core, other.core) or _within(other.core, one.core)):
        return False
    if dict(one.core) == dict(other.core) and (_alike(one, other) or _share_a_kind(one, other)):
        return bool(one.core) or _share_a_kind(one, other)
    common = bool(one.core and other.core)
    if one.manner or other.manner:
        return bool(one.manner & other.manner) and (common or _share_a_kind(one, other))
    return _share_a_kind(one, other)


def _alike(one: Rule, other: Rule) -> bool:
    """Say whether two rules with the same traits fail in sentences that no sound reply has, or in the same ones."""
    return bool(one.manner and other.manner) or bool(one.like & other.like)


def merge(one: Rule, other: Rule) -> Rule:
    """Return one rule for both: the traits that both have, the kinds of either."""
    wide, narrow = (one, other) if _within(one.core, other.core) else (other, one)
    both = dict.fromkeys([*wide.kinds, *narrow.kinds]) if wide.kinds and narrow.kinds else {}
    # a narrower rule tells of further kinds only under its own traits, so the wider one does not take them over
    kinds = tuple(both) if dict(wide.core) == dict(narrow.core) else wide.kinds
    return replace(wide, kinds=kinds, manner=wide.manner | narrow.manner, like=wide.like | narrow.like)


def _within(core: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return core.items() <= other.items()


def _share_a_kind(one: Rule, other: Rule) -> bool:
    return not one.kinds or not other.kinds or bool(set(one.kinds) & set(other.kinds))
