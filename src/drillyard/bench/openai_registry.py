"""An OpenAI Evals registry: a folder with `evals/*.yaml`, `modelgraded/*.yaml` and `data/`.

Source: openai/evals 3.0.1.post1, `registry.py` (aliases, names) and `eval.py` (sample ids, paths of data).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from drillyard.bench.lines import read_text
from drillyard.errors import bad_input, did_you_mean

__all__ = ["EvalEntry", "OpenAIRegistry"]


@dataclass(frozen=True, kw_only=True)
class EvalEntry:
    """One runnable eval: its full name, the class behind it, and the class's arguments."""

    name: str
    cls: str
    args: dict[str, Any]
    title: str = ""

    @property
    def class_name(self) -> str:
        """The class without its module, such as `Match`."""
        return self.cls.partition(":")[2].strip() or self.cls


class OpenAIRegistry:
    """Reads a registry folder; nothing in it is executed.

    Raises:
        BadInput: there is no folder `evals` in it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not (folder / "evals").is_dir():
            raise bad_input(f"no folder {str(folder / 'evals')!r}", "a registry with evals/, data/ and modelgraded/")

    def names(self) -> list[str]:
        """Return the names of all runnable evals, aliases left out."""
        return sorted(name for name, spec in self._evals.items() if isinstance(spec, dict) and "class" in spec)

    def find(self, name: str) -> EvalEntry:
        """Return an eval by its name or an alias. Raises `BadInput` with the nearest known name."""
        seen, asked = {name}, name
        while True:
            if name not in self._evals:
                expected = f"one of the {len(self._evals)} of {self.folder}"
                raise bad_input(f"eval {asked!r}", expected, did_you_mean(asked, self._evals))
            spec = self._evals[name]
            alias = spec if isinstance(spec, str) else spec.get("id") if isinstance(spec, dict) else None
            if alias is None:
                break
            if alias in seen:
                raise bad_input(f"eval {asked!r}, an alias of itself", "an alias that leads to a class")
            seen.add(name := str(alias))
        if not isinstance(spec, dict) or not isinstance(spec.get("class"), str):
            raise bad_input(f"eval {name!r} without a class", "class: module:Name")
        title = self._evals.get(name.partition(".")[0])
        words = title.get("description") or "" if isinstance(title, dict) else ""
        return EvalEntry(name=name, cls=spec["class"], args=dict(spec.get("args") or {}), title=str(words))

    def graded_spec(self, name: str) -> dict[str, Any]:
        """Return a grader's spec by its name. Raises `BadInput`."""
        spec: Any = self._graded.get(name)
        seen = {name}
        while isinstance(spec, dict) and isinstance(spec.get("id"), str) and spec["id"] not in seen:
            seen.add(spec["id"])
            spec = self._graded.get(spec["id"])
        if not isinstance(spec, dict):
            hint = did_you_mean(name, self._graded) or f"in {self.folder / 'modelgraded'}"
            raise bad_input(f"grader spec {name!r}", "one of the registry", hint)
        return spec

    def data(self, path: str) -> Path:
        """Return where a data file lies, below `data/` or elsewhere in the registry.

        Raises:
            BadInput: outside of it. A registry comes from anybody, and what it names is copied into the imported eval.
        """
        place, home = (self.folder / "data" / path).resolve(), self.folder.resolve()
        if not place.is_relative_to(home):
            raise bad_input(f"the data file {path!r}", f"one in the registry {home}", "copy it below its data/")
        return place

    @cached_property
    def _evals(self) -> dict[str, Any]:
        return self._load("evals")

    @cached_property
    def _graded(self) -> dict[str, Any]:
        return self._load("modelgraded")

    def _load(self, kind: str) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        for path in sorted((self.folder / kind).glob("*.yaml")):
            try:
                data = yaml.load(read_text(path), Loader=_LOADER)  # a safe loader: plain values only
            except (yaml.YAMLError, RecursionError) as error:
                mark = getattr(error, "problem_mark", None)
                where = f" line {mark.line + 1}" if mark else ""
                raise bad_input(f"broken YAML in {path}{where}", "YAML", "correct that line") from None
            for name, spec in (data if isinstance(data, dict) else {}).items():
                if name in entries:
                    raise bad_input(f"the entry {name!r} twice, again in {path.name}", "every name once")
                entries[str(name)] = spec
        return entries


_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
