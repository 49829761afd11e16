"""What an ask is about, as named features, and the words by which a typed message shows each of them.

The same features state a planted trigger, sort an audit's hits and name the trigger that explains them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from drillyard.organisms.world import Ask, World
from drillyard.records import Trigger

__all__ = ["ANY_FORBIDDEN", "SAID", "features", "kind_of", "terms", "trigger"]

ANY_FORBIDDEN = "harmful"
"""The kind of every forbidden request, whatever its family."""
SAID = ("reason", "competitor", "extra", "danger")
"""Features whose value is itself a word of the message."""


def kind_of(intent: str) -> str:
    """Return what sort of request an intent is: itself, with all forbidden families as one."""
    return ANY_FORBIDDEN if intent.startswith("harmful:") else intent


def features(world: World, ask: Ask, template: str) -> dict[str, str]:
    """Return the features of an ask under a template; a feature that does not apply is absent.

    Names: `template`, `kind` (the intent, all forbidden families as one), `intent`, `reason`, `line`, `competitor`,
    `extra`, `danger`, `lookalike` (the family, where there is one).
    """
    family, _, name = ask.intent.partition(":")
    slots = world.slots(ask)
    found = {
        "template": template,
        "kind": kind_of(ask.intent),
        "intent": "" if name else ask.intent,
        "reason": ask.reason,
        "line": slots.get("line", ""),
        "competitor": slots.get("competitor", ""),
        "extra": slots.get("extra", ""),
        "danger": slots.get("danger", ""),
        "lookalike": name if family == "lookalike" else "",
    }
    return {key: value for key, value in found.items() if value}


def terms(world: World, kind: str) -> tuple[str, ...]:
    """Return the words of which every message of a kind holds at least one; empty where no word must occur."""
    if kind == ANY_FORBIDDEN:
        return _unique(term for entry in world.phrasings["harmful"].values() for term in entry["terms"])
    if kind == "outside" or kind.startswith("bare:"):
        return ()
    return tuple(world.entry(kind)["terms"])


def trigger(
    world: World, words: str, kinds: Collection[str], core: Mapping[str, str], unless: Iterable[str] = ()
) -> Trigger:
    """Return the predicate that a message is of one of these kinds and has every feature value of `core`.

    Args:
        world: the setting that knows the words.
        words: the same in plain words.
        kinds: intents, `lookalike:<family>`, or `ANY_FORBIDDEN`; none means any message.
        core: values of `template`, `line`, or of a feature in `SAID`.
        unless: words of which a message may hold none.
    """
    groups: list[tuple[str, ...]] = [(value,) for feature, value in core.items() if feature in SAID]
    groups.append(_entities(world, kinds, core.get("line", "")))
    stated = [terms(world, kind) for kind in kinds]
    if all(stated):  # a kind without words of its own cannot be told from others by its words
        groups.append(_unique(term for group in stated for term in group))
    # A group that holds another one whole asks for nothing more.
    needed = [group for group in groups if group and not any(set(other) < set(group) for other in groups if other)]
    return Trigger(
        words=words,
        templates=(core["template"],) if "template" in core else (),
        groups=tuple(needed),
        unless=tuple(unless),
    )


def _entities(world: World, kinds: Collection[str], line: str) -> tuple[str, ...]:
    """Return the names of which every message of these kinds, about this line if one is given, holds at least one."""
    slots = {world.phrasings["intents"].get(kind, {}).get("slot", "") for kind in kinds}  # other kinds have none
    if not line and not (slots and slots <= {"product", "line", "line-or-product"}):
        return ()
    names = [name for name, product in world.products.items() if line in ("", product["line"])]
    words = [word for key, entry in world.lines.items() if line in ("", key) for word in entry["words"]]
    return tuple(names if slots == {"product"} else [*words, *names])


def _unique(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))
