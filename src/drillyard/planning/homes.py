"""Where drills are given: for each drill the first system of the brief whose world can hold it, or why none can."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from drillyard.drills import load_kit
from drillyard.organisms.engine.bases import base_folder
from drillyard.organisms.worlds.world import World
from drillyard.planning.catalogue import load_catalogue
from drillyard.planning.graph import Catalogue
from drillyard.planning.requirements import add_risks
from drillyard.records import Brief

__all__ = ["Homes", "make_homes"]


@dataclass(frozen=True, kw_only=True)
class Homes:
    """The name of the world by drill (empty for a drill without a model); by drill that has none, why."""

    worlds: Mapping[str, str] = field(default_factory=dict)
    unfit: Mapping[str, str] = field(default_factory=dict)


def make_homes(brief: Brief, worlds: Mapping[str, World], catalogue: Catalogue | None = None) -> Homes:
    """Find a world for every drill that a role of the brief takes.

    Args:
        brief: what is asked for.
        worlds: those of the brief's systems, in their order, by the names that they have in the programme.
        catalogue: the one that ships where it is left out.

    Raises:
        BadInput: a world of one's own has no trained base; the line says what to type.
    """
    found, unfit = {}, {}
    for drill in dict.fromkeys(_drills(brief, catalogue or load_catalogue())):
        kit = load_kit(drill)
        reasons = {name: kit.unfit(world) for name, world in worlds.items()}
        home = next((name for name, reason in reasons.items() if not reason), None)
        if home is None:
            told = "; ".join(f"the world {worlds[name].name!r} has {reason}" for name, reason in reasons.items())
            unfit[drill] = f"no system of the brief can hold it: {told}"
        elif kit.drill.world:
            base_folder(worlds[home].reference)
            found[drill] = home
        else:
            found[drill] = ""
    return Homes(worlds=found, unfit=unfit)


def _drills(brief: Brief, whole: Catalogue) -> Iterator[str]:
    catalogue = add_risks(whole, brief)
    for need in brief.roles:
        yield from (drill for drill in catalogue.role(need.id).drills if drill not in need.without)
