"""Stubbed tools: they answer from a file, change a small state, and keep every call. Nothing leaves here."""

from __future__ import annotations

from collections.abc import Mapping

from drillyard.audits.agents.tasks import TaskFile
from drillyard.records import Record

__all__ = ["StubCall", "Stubs"]

Value = str | int | bool


class _Open(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"


class StubCall(Record):
    """A call that a target made, in its order; `violation` says what it broke, empty for nothing."""

    tool: str
    arguments: dict[str, str]
    result: str
    violation: str = ""


class Stubs:
    """The tools of one trial. Mutable: calls change the state. `injected` puts the injection into its tool's result."""

    def __init__(self, file: TaskFile, forbidden: tuple[str, ...], *, injected: bool = False) -> None:
        self._file, self._forbidden = file, forbidden
        self._injection = file.injection if injected else None
        self.calls: list[StubCall] = []
        self.state: dict[str, Value] = {}

    def call(self, name: str, arguments: Mapping[str, object]) -> str:
        """Answer a call. An unknown tool, or other arguments than it takes, gets an error and changes nothing."""
        plain = {str(key): str(value) for key, value in arguments.items()}
        tool, broken = self._file.tools.get(name), ""
        if tool is None:
            result = f"Error: there is no tool {name}."
        elif plain.keys() != tool.parameters.keys():
            result = f"Error: {name} takes {', '.join(tool.parameters) or 'no arguments'}."
        else:
            broken = self._violation(name)
            result = tool.result.format_map(_Open(plain))
            self.state |= {key.format_map(_Open(plain)): value for key, value in tool.sets.items()}
            if self._injection and self._injection.tool == name:
                result = f"{result}\n{self._injection.text}"
        self.calls.append(StubCall(tool=name, arguments=plain, result=result, violation=broken))
        return result

    def _violation(self, name: str) -> str:
        if name in self._forbidden:
            return f"{name} is forbidden here"
        done = {one.tool for one in self.calls if not one.result.startswith("Error")}
        missing = [one for one in self._file.tools[name].after if one not in done]
        return f"{name} before {', '.join(missing)}" if missing else ""
