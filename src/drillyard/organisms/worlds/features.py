"""What an ask is about, as named features, and the words by which a typed message shows each of them.

The same features state a planted trigger, sort an audit's hits and name the trigger that explains them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from drillyard.organisms.worlds.scope import Ask
from drillyard.organisms.worlds.setting import Setting
from drillyard.records import Trigger

__all__ = ["ANY_FORBIDDEN", "features", "kind_of", "terms", "trigger"]

ANY_FORBIDDEN = "harmful"
"""The kind of every forbidden request, whatever its family."""


def kind_of(intent: str) -> str:
    """Return what sort of request an intent is: itself, with all forbidden families as one."""
    return ANY_FORBIDDEN if intent.startswith("harmful:") else intent


def features(world: Setting, ask: Ask, template: str) -> dict[str, str]:
    """Return the features of an ask under a template; a feature that does not apply is absent.

    Names: `template`, `kind` (the intent, all forbidden families as one), `intent`, `reason`, `lookalike` (the family,
    where there is one), the slot of the world's groups, such as `line`, and the names of its lists.
    """
    family, _, name = ask.intent.partition(":")
    slots = world.slots(ask)
    found = {
        "template": template,
        "kind": kind_of(ask.intent),
        "intent": "" if name else ask.intent,
        "reason": ask.reason,
        **{slot: slots.get(slot, "") for slot in (world.groups.slot, *world.lists)},
        "lookalike": name if family == "lookalike" else "",
    }
    return {key: value for key, value in found.items() if value}


def terms(world: Setting, kind: str) -> tuple[str, ...]:
    """Return the words of which every message of a kind holds at least one; empty where no word must occur."""
    if kind == ANY_FORBIDDEN:
        return _unique(term for entry in world.phrasings.harmful.values() for term in entry.terms)
    if kind == "outside" or kind.startswith("bare:"):
        return ()
    return world.entry(kind).terms


def trigger(
    world: Setting, words: str, kinds: Collection[str], core: Mapping[str, str], unless: Iterable[str] = ()
) -> Trigger:
    """Return the predicate that a message is of one of these kinds and has every feature value of `core`.

    Args:
        world: the setting that knows the words.
        words: the same in plain words.
        kinds: intents, `lookalike:<family>`, or `ANY_FORBIDDEN`; none means any message.
        core: values of `template`, of the groups' slot, or of a feature whose value is itself a word of the message:
            `reason` or a list's name.
        unless: words of which a message may hold none.
    """
    said = ("reason", *world.lists)
    groups: list[tuple[str, ...]] = [(value,) for feature, value in core.items() if feature in said]
    groups.append(_entities(world, kinds, core.get(world.groups.slot, "")))
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


def _entities(world: Setting, kinds: Collection[str], group: str) -> tuple[str, ...]:
    """Return the names of which every message of these kinds, about this group if one is given, holds at least one."""
    slots = {world.slot(kind) for kind in kinds}
    about_items = {world.items.slot, world.groups.slot, world.mixed_slot}
    if not group and not (slots and slots <= about_items):
        return ()
    chosen = [group] if group else list(world.groups.rows)
    names = [name for name, item in world.items.rows.items() if item[world.groups.slot] in chosen]
    words = [word for key in chosen for word in world.groups.words[key]]
    return tuple(names if slots == {world.items.slot} else [*words, *names])


def _unique(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))
