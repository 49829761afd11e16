"""Which slots a world has, and what each of them fills: what its checks go by."""

from __future__ import annotations

import string
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from drillyard.errors import bad_input

__all__ = ["Parts", "known", "need", "open_slots"]

_KINDS = {str: "text", dict: "keys with values", list: "a list", int: "a number"}
T = TypeVar("T")


class Parts:
    """The slots of a world whose world.yaml has every key that it needs."""

    def __init__(self, world: Mapping[str, Any]) -> None:
        items, groups, records = world["items"], world["groups"], world["records"]
        for where, table in (("items", items), ("groups", groups), ("records", records)):
            need(where, table, "slot", str)
        self.item: str = items["slot"]
        self.group: str = groups["slot"]
        self.record: str = records["slot"]
        self.plural: str = need("groups", groups, "plural", str)
        self.lists: Mapping[str, list[str]] = world["lists"]
        self.claims: Mapping[str, str] = world["claims"]
        self.item_columns: list[str] = need("items", items, "columns", list)
        self.record_columns: list[str] = need("records", records, "columns", list)
        first: Mapping[str, Any] = next(iter(need("groups", groups, "rows", dict).values()), {})
        self.group_columns = [self.group, *(key for key in first if key not in ("called", "words"))]

    def said(self, where: str, slot: str) -> Collection[str]:
        """Return the slots that phrasings with this slot may have."""
        return self._kind(where, slot)[0]

    def filled(self, where: str, slot: str) -> Collection[str]:
        """Return the slots that a reply to a question with this slot may have."""
        return self._kind(where, slot)[1]

    def _kind(self, where: str, slot: str) -> tuple[Collection[str], Collection[str]]:
        about_item = [*self.item_columns, *self.group_columns]
        kinds: dict[str, tuple[Collection[str], Collection[str]]] = {
            "": ((), ()),
            self.item: (["item"], about_item),
            **{claim: (["item", "claimed"], [*about_item, "claimed"]) for claim in self.claims},
            self.group: ([self.group, self.plural], self.group_columns),
            f"{self.group}-or-{self.item}": ([self.group, self.plural], self.group_columns),
            self.record: ([self.record], [*self.record_columns, *self.item_columns]),
            **{name: ([name], [name]) for name in self.record_columns if name not in (self.record, self.item)},
            **{name: ([name], [name]) for name in self.lists},
        }
        known(f"{where}: the slot", slot, kinds, "slots")
        return kinds[slot]


def need(where: str, data: Any, key: str, kind: type | tuple[type, ...]) -> Any:
    """Return the value of a key. Raises `BadInput` when it is missing or of another kind."""
    if not isinstance(data, Mapping) or key not in data:
        raise bad_input(f"{where} without {key!r}", f"{key!r}: {_KINDS.get(kind, 'a value')}")  # type: ignore[arg-type]
    if not isinstance(data[key], kind):
        raise bad_input(f"{key!r} of {where} as {data[key]!r}", _KINDS.get(kind, "a value"))  # type: ignore[arg-type]
    return data[key]


def known(where: str, name: Any, names: Mapping[str, T] | Collection[str], of: str) -> Any:
    """Return what stands under a name. Raises `BadInput` with the names that there are."""
    if name not in names:
        listed = ", ".join(repr(one) for one in names if one != "")
        raise bad_input(f"{where} {name!r}", f"one of the {of}: {listed}" if listed else f"{of}, and there are none")
    return names[name] if isinstance(names, Mapping) else name


def open_slots(where: str, text: str) -> list[str]:
    """Return the names of the slots in a text. Raises `BadInput` when its braces do not close."""
    try:
        return [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError:
        raise bad_input(f"{where} with an open brace", "slots such as {item}") from None
