"""The one door through which modules are loaded by name: plugin families, cards, optional extras.

A *family* (techniques, judges, drills, targets …) is an entry-point group `drillyard.<family>`. Each entry point names
a *card* as `module:ATTRIBUTE`; the card names the implementation, again as a lazy string, so that listing a family
imports no implementation. Our own plugins take the same road as a stranger's.
"""

from __future__ import annotations

import functools
import importlib
import sys
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, PackageNotFoundError, distribution, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from drillyard.errors import BadInput, MissingExtra, bad_input, did_you_mean

__all__ = [
    "FAMILIES",
    "Card",
    "ExperimentalWarning",
    "card",
    "cards",
    "create",
    "find_installed",
    "load",
    "require",
    "resolve",
    "unknown_card",
]

FAMILIES: Mapping[str, str] = {
    "worlds": "a setting that organisms live in: facts, policies, phrasings",
    "targets": "a kind of model reference and how to reach it",
    "judges": "says whether a reply shows a behaviour",
    "searches": "an audit's search method",
    "probes": "reads inside a model: from states to a score",
    "guards": "rates a passage of a reply while it streams",
    "techniques": "changes a target",
    "drills": "an exercise with ground truth and a grader",
}


class ExperimentalWarning(UserWarning):
    """A plugin is used whose options and results may still change between releases."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a plugin says of itself.

    `target` is the implementation as `package.module:Name`, loaded only when it is used; `failures` are behaviour
    codes that it finds or removes; `extra` names the optional extra that it needs, if any; `needs_weights` says that a
    technique reaches into the model, so that an API will not do.
    """

    name: str
    goal: str
    target: str
    references: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    cost: str = ""
    status: Literal["stable", "experimental"] = "experimental"
    extra: str = ""
    needs_weights: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


def cards(family: str) -> dict[str, Card]:
    """Return all cards of a family by name, ours and strangers', without importing any implementation."""
    if family not in FAMILIES:
        raise BadInput(f"found family {family!r}, expected one of: {', '.join(FAMILIES)}")
    found: dict[str, Card] = {}
    for point in _points(family, tuple(sys.path)):
        where = f"entry point {point.name!r} = {point.value!r}"
        try:
            plugin = point.load()
        except (ImportError, AttributeError) as error:
            raise BadInput(f"{where}: found {error}, expected a Card; reinstall or remove that package") from error
        if not isinstance(plugin, Card) or plugin.name != point.name:
            raise BadInput(f"{where}: expected a Card named {point.name!r}")
        found[point.name] = plugin
    return found


@functools.cache
def _points(family: str, _path: tuple[str, ...]) -> list[EntryPoint]:
    """Look for plugins once for each search path: it reads a file of every installed package, 5 ms for 150 of them."""
    return sorted(entry_points(group=f"drillyard.{family}"), key=lambda point: point.name)


def card(family: str, name: str) -> Card:
    """Return one card. Raises `BadInput` with the nearest known name."""
    known = cards(family)
    if name in known:
        return known[name]
    raise unknown_card(family, name, known)


def unknown_card(family: str, name: str, known: Iterable[str]) -> BadInput:
    """Return the error that tells what there is instead of an unknown card, and which name is near."""
    listed = ", ".join(known) or "none installed"
    return bad_input(repr(name), f"one of the {family}: {listed}", did_you_mean(name, known))


def load(family: str, name: str) -> Any:
    """Return the implementation that a card names (a class or function). Warns when the card says experimental."""
    chosen, words = card(family, name), f"{family.rstrip('s')} {name!r}"
    if chosen.status == "experimental":
        # Attributed to the caller's line, so that Python's own filter shows it once per place.
        warnings.warn(f"{words} is experimental and may change", ExperimentalWarning, stacklevel=2)
    return resolve(chosen.target, chosen.extra, words)


def create(family: str, name: str, **options: Any) -> Any:
    """Build an instance of a plugin, the card's options first, the caller's over them."""
    return load(family, name)(**{**card(family, name).options, **options})


def resolve(target: str, extra: str = "", feature: str = "") -> Any:
    """Load `package.module:Name`. A missing third-party module is a `MissingExtra` when the extra is known."""
    module, _, name = target.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if extra and not (error.name or "").startswith("drillyard"):
            raise MissingExtra(extra, feature or target) from None
        raise


def find_installed(package: str, file: str) -> Path | None:
    """Return where a file of an installed package lies, without importing it; None where the package is not there."""
    try:
        return Path(str(distribution(package).locate_file(file)))
    except PackageNotFoundError:
        return None


def require(module: str, extra: str, feature: str) -> ModuleType:
    """Import an optional third-party module, or name the extra and the exact install line."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        raise MissingExtra(extra, feature) from None
