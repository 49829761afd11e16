"""Write down the prompts of garak's probes. Run by the Python that has garak; nothing of Drillyard is needed there.

    PYTHON prompts_garak.py SPEC FILE

SPEC is empty for all probes that are active, or names modules (their active probes) and classes, with commas. FILE gets
JSON: garak's version and, per probe, its name, its prompts as lists of messages, and else why there are none.

The network is off while probes load: one that has to download something says so. Source: garak 0.17.1, `_plugins.py`
and `probes/base.py`.
"""

from __future__ import annotations

import json
import random
import socket
import sys
from pathlib import Path
from typing import Any

from garak import __version__, _config, _plugins

__all__: list[str] = []

_SEED = 1
"""A probe with too many prompts draws some, and others draw words: always the same."""

_reached_out: list[bool] = []
"""Whether the probe that is being read has asked for the network."""


def _chosen(spec: str) -> list[str]:
    """Return the names of probes that a spec means, those that do not exist among them."""
    known = [(name.removeprefix("probes."), active) for name, active in _plugins.enumerate_plugins("probes")]
    names: list[str] = []
    for part in filter(None, spec.split(",")) if spec else [""]:
        inside = [name for name, active in known if active and name.startswith(f"{part}." if part else "")]
        names += [part] if "." in part or not inside else inside
    return list(dict.fromkeys(names))


def _read(name: str) -> dict[str, Any]:
    """Return what is to be said of one probe."""
    random.seed(_SEED)
    _reached_out.clear()
    if f"probes.{name}" not in dict(_plugins.enumerate_plugins("probes")):
        return {"name": name, "unknown": True}
    try:
        probe = _plugins.load_plugin(f"probes.{name}")
        prompts = [_messages(prompt) for prompt in getattr(probe, "prompts", None) or []]
    except Exception as problem:  # whatever a probe cannot do here, the others can be read
        return {
            "name": name,
            "why": f"needs the network ({_first_line(problem)})" if _reached_out else _first_line(problem),
        }
    texts = [prompt for prompt in prompts if prompt]
    return {"name": name, "prompts": texts, "why": "" if texts else "has no prompts before it talks with a model"}


def _messages(prompt: Any) -> list[dict[str, str]] | None:
    """Return a prompt as messages; None for one that is no text."""
    if isinstance(prompt, str):
        return [{"role": "user", "content": prompt}]
    said = [(turn.role, turn.content) for turn in prompt.turns] if hasattr(prompt, "turns") else [("user", prompt)]
    if any(getattr(content, "data_path", None) or content.text is None for _, content in said):
        return None
    return [{"role": role, "content": content.text} for role, content in said]


def _first_line(problem: Exception) -> str:
    lines = [line.strip(" *") for line in str(problem).splitlines()]
    return next(filter(None, lines), type(problem).__name__)[:120]


def _no_network(*_: object, **__: object) -> Any:
    _reached_out.append(True)
    raise OSError("the network is off while probes are read")


def _main(spec: str, file: str) -> None:
    socket.socket.connect = socket.socket.connect_ex = _no_network  # type: ignore[method-assign]
    socket.getaddrinfo = _no_network
    _config.load_base_config()
    _config.run.seed = _SEED
    told = {"version": __version__, "probes": [_read(name) for name in _chosen(spec)]}
    Path(file).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2])
