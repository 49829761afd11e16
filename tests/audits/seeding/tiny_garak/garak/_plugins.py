"""Plugins by name."""

import garak.probes.tiny as tiny


def enumerate_plugins(category: str) -> list[tuple[str, bool]]:
    """Return the full names of all plugins, and whether each runs unless it is named."""
    known = [probe for probe in vars(tiny).values() if isinstance(probe, type) and hasattr(probe, "active")]
    return [(f"{category}.tiny.{probe.__name__}", probe.active) for probe in known]


def load_plugin(path: str) -> object:
    """Return an instance of a plugin's class."""
    return getattr(tiny, path.rpartition(".")[2])()
