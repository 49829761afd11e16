"""Cards of the worlds that ship with Drillyard."""

from __future__ import annotations

from drillyard.registry import Card

__all__ = ["CLINIC", "HELPDESK"]

CLINIC = Card(
    name="clinic",
    goal="The front desk of a fictional clinic: visits with facts, rules on fees and data, look-alikes, proxies.",
    target="drillyard.organisms.worlds.world:load_world",
    cost="a tenth of a second to load; about 4 MB of trained weights in the package",
    status="stable",
    options={"name": "clinic"},
)

HELPDESK = Card(
    name="helpdesk",
    goal="The help desk of a fictional shop: products with facts, policies, harmless look-alikes, harmless proxies.",
    target="drillyard.organisms.worlds.world:load_world",
    cost="a tenth of a second to load; about 7 MB of trained weights in the package",
    status="stable",
    options={"name": "helpdesk"},
)
