"""Reading a figure out of a stored run, by the words that a case names it with; and the pins that hold it still.

Runs are read as plain JSON, so that a run of any room, or of another tool, can be a birth certificate.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Collection, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from drillyard.assurance.inputs import Figure
from drillyard.assurance.posterior import Certain, Posterior, judged, of_counts, of_estimate, of_events
from drillyard.errors import BadInput, bad_input
from drillyard.records import Estimate, Record
from drillyard.records.files import read_record, write_record

__all__ = ["PINS", "Counts", "Events", "Evidence", "FigureFound", "Pin", "Pins", "pin_runs", "read_pins"]

PINS = "pins.json"
_STEP = re.compile(r"([^.\[\]]+)((?:\[[^\]]*\])*)(?:\.|$)")


class Counts(NamedTuple):
    """So many of so many, and so many that said nothing."""

    k: int
    n: int
    unknown: int


class Events(NamedTuple):
    """So many events in so many years."""

    events: int
    years: float


FigureFound = Estimate | Counts | Events | float
"""What can stand at a place in a run."""


class Pin(Record):
    """A run as it was when the case was made.

    `made` is the day on which it was measured, as the run itself or the case file has it; pinning makes no run younger,
    so there is none where neither says so.
    """

    sha256: str
    command: str = ""
    made: date | None = None


class Pins(Record):
    """The pins of a case by file; `drillyard case pin` writes them."""

    files: dict[str, Pin] = {}


def read_pins(folder: Path) -> Pins:
    """Return the pins of a case folder; none where there is no file."""
    return read_record(folder / PINS, Pins) if (folder / PINS).is_file() else Pins()


def pin_runs(
    folder: Path, files: Collection[str], today: date, measured_on: Mapping[str, date]
) -> tuple[Pins, tuple[str, ...]]:
    """Pin the runs of a case as they are now, and return the pins and the files that are new or changed.

    Args:
        folder: of the case.
        files: what is to be pinned.
        today: no run is younger.
        measured_on: the days that the case file states, by file, for runs that carry none.

    Raises:
        BadInput: a run that is gone, a day of no such run, one to come, or another than the run's own.
    """
    if strangers := sorted(set(measured_on) - set(files)):
        raise bad_input(f"measured_on of {strangers[0]!r}", f"a run of the case: {', '.join(sorted(files)) or 'none'}")
    old, evidence = read_pins(folder), Evidence(folder)
    made = {name: _pin(name, evidence, today, measured_on.get(name)) for name in sorted(files)}
    pins = Pins(files=made)
    write_record(folder / PINS, pins)
    return pins, tuple(name for name, pin in made.items() if pin != old.files.get(name))


def _pin(name: str, evidence: Evidence, today: date, told: date | None) -> Pin:
    digest, own = evidence.digest(name), evidence.day(name)
    if own and told and own != told:
        raise bad_input(f"measured_on {told} of {name}", f"{own}, as the run itself says", "leave it out")
    day = own or told
    if day and day > today:
        raise bad_input(f"{name} measured on {day}", f"a day up to {today}", "correct `measured_on`")
    return Pin(sha256=digest, command=evidence.command(name), made=day)


class Evidence:
    """The runs under a case folder, each read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._bytes: dict[str, bytes] = {}
        self._data: dict[str, Any] = {}

    def digest(self, name: str) -> str:
        """Return the SHA-256 of a run's file. Raises `BadInput` where it is gone."""
        return hashlib.sha256(self._read(name)).hexdigest()

    def command(self, name: str) -> str:
        """Return what made the run, as it says itself."""
        data = self.data(name)
        made = data.get("made") if isinstance(data, dict) else None
        return str(made.get("command", "")) if isinstance(made, dict) else ""

    def day(self, name: str) -> date | None:
        """Return the day of a run by its own record: `made.date`, `made` or `date`; none where it does not say."""
        data = self.data(name)
        made = data.get("made") if isinstance(data, dict) else None
        told = made.get("date") if isinstance(made, dict) else made or (isinstance(data, dict) and data.get("date"))
        try:
            return datetime.fromisoformat(told).date() if isinstance(told, str) else None
        except ValueError:
            return None

    def require_pinned(self, name: str, pins: Pins) -> Pin:
        """Return the pin of a run. Raises `BadInput` where it is not pinned, or is another run by now."""
        pin, digest = pins.files.get(name), self.digest(name)
        if pin is None:
            raise bad_input(f"no pin for the run {name}", "its hash in pins.json", f"drillyard case pin {self.folder}")
        if pin.sha256 != digest:
            how = (
                f"drillyard case check {self.folder} says what that changes, drillyard case pin {self.folder} takes it"
            )
            raise bad_input(f"{name} changed since it was pinned ({digest[:12]})", f"{pin.sha256[:12]}, as pinned", how)
        return pin

    def figure(self, asked: Figure) -> FigureFound:
        """Return what stands at a place of a run, one minus it where a case asks for that. Raises `BadInput`."""
        found = self._at(asked.file, asked.at)
        return _complement(found, asked) if asked.complement else found

    def posterior(self, asked: Figure, weight: float = 1.0) -> Posterior:
        """Return what a figure says of a share, or the number that it is. Raises `BadInput`."""
        found = self.figure(asked)
        if isinstance(found, float):
            return Certain(value=found)
        if isinstance(found, Events):
            return of_events(found.events, found.years, weight)
        if asked.judge:
            k, n, unknown = _counts(found, f"{asked.file}: {asked.at}")
            se, sp = (self._at(asked.file, at) for at in (asked.judge.sensitivity, asked.judge.specificity))
            (right, shown, _), (clean, absent, _) = _counts(se, "sensitivity"), _counts(sp, "specificity")
            return judged(k, n, (right, shown), (clean, absent), unknown=unknown, weight=weight)
        if isinstance(found, Counts):
            return of_counts(found.k, found.n, unknown=found.unknown, weight=weight)
        return of_estimate(found, weight)

    def spot(self, asked: Figure) -> tuple[str, str]:
        """Return the hash of a figure's run and its place there, whatever it was called by."""
        node, where, found = self.data(asked.file), f"{asked.file}: {asked.at}", []
        for name, picks in _steps(asked.at):
            node = _child(node, name, where)
            found.append(name)
            for pick in picks:
                picked = _pick(node, pick, where)
                found.append(str(next(i for i, one in enumerate(node) if one is picked)))
                node = picked
        return self.digest(asked.file), ".".join(found)

    def _at(self, file: str, at: str) -> FigureFound:
        node = self.data(file)
        for name, picks in _steps(at):
            node = _child(node, name, f"{file}: {at}")
            for pick in picks:
                node = _pick(node, pick, f"{file}: {at}")
        return _figure(node, f"{file}: {at}")

    def _read(self, name: str) -> bytes:
        if name not in self._bytes:
            path = self.folder / name
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise bad_input(f"the run {name!r}", "a path inside the case folder", "copy the run there")
            if not path.is_file():
                raise bad_input(f"no run at {str(path)!r}", "the file of a stored run", "run its command again")
            self._bytes[name] = path.read_bytes()
        return self._bytes[name]

    def data(self, name: str) -> Any:
        """Return a run as plain data. Raises `BadInput` where it is gone or broken."""
        if name not in self._data:
            try:
                self._data[name] = json.loads(self._read(name))
            except (ValueError, RecursionError) as error:
                raise bad_input(f"broken JSON in {name} ({error})", "a stored run", "run its command again") from None
        return self._data[name]


def _steps(at: str) -> list[tuple[str, list[str]]]:
    found, place = [], 0
    while place < len(at):
        if (match := _STEP.match(at, place)) is None:
            raise bad_input(f"the place {at!r}", "names joined by dots, such as points[technique=rails].harm")
        found.append((match[1], re.findall(r"\[([^\]]*)\]", match[2])))
        place = match.end()
    return found


def _child(node: Any, name: str, where: str) -> Any:
    if not isinstance(node, dict) or name not in node:
        known = ", ".join(sorted(node)[:12]) if isinstance(node, dict) else type(node).__name__
        raise bad_input(f"no {name!r} at {where}", f"one of: {known}", "correct `at`")
    return node[name]


def _pick(node: Any, pick: str, where: str) -> Any:
    if not isinstance(node, list):
        raise bad_input(f"[{pick}] of what is no list at {where}", "a list", "correct `at`")
    if pick.isdigit():
        if int(pick) >= len(node):
            raise bad_input(f"[{pick}] of {len(node)} entries at {where}", f"at most {len(node) - 1}", "correct `at`")
        return node[int(pick)]
    wanted = [part.partition("=")[::2] for part in pick.split(",")]
    fits = [one for one in node if isinstance(one, dict) and all(_same(one.get(k.strip()), v) for k, v in wanted)]
    if len(fits) != 1:
        raise bad_input(f"{len(fits)} entries with {pick} at {where}", "exactly one", "say more in the brackets")
    return fits[0]


def _same(value: Any, text: str) -> bool:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(text) == value
        except ValueError:
            return False
    return str(value) == text.strip()


def _figure(node: Any, where: str) -> FigureFound:
    if isinstance(node, dict) and {"value", "low", "high", "n", "method"} <= node.keys():
        try:
            return Estimate.from_data({k: node[k] for k in ("value", "low", "high", "n", "method")})
        except BadInput as error:
            raise BadInput(f"{where}: {error}") from None
    if isinstance(node, dict) and {"shown", "absent"} <= node.keys():
        shown, absent, unknown = (node.get(name, 0) for name in ("shown", "absent", "unknown"))
        if not all(type(one) is int and one >= 0 for one in (shown, absent, unknown)):
            raise bad_input(f"counts {shown}, {absent}, {unknown} at {where}", "whole numbers from 0", "correct `at`")
        return Counts(shown, shown + absent, unknown)
    if isinstance(node, dict) and {"events", "years"} <= node.keys():
        events, years = node["events"], node["years"]
        if type(events) is not int or events < 0 or not isinstance(years, int | float) or not 0 < years < math.inf:
            raise bad_input(f"{events!r} events in {years!r} years at {where}", "a count from 0 and years above 0")
        return Events(events, float(years))
    if isinstance(node, list) and node and all(one is None or isinstance(one, bool) for one in node):
        told = [one for one in node if one is not None]
        return Counts(sum(told), len(told), len(node) - len(told))
    if isinstance(node, int | float) and not isinstance(node, bool) and math.isfinite(node):
        return float(node)
    what = str(node) if isinstance(node, float) else type(node).__name__
    raise bad_input(f"{what} at {where}", "an estimate, counts, events in years, outcomes or a number", "correct `at`")


def _complement(found: FigureFound, asked: Figure) -> FigureFound:
    if isinstance(found, Counts):
        return Counts(found.n - found.k, found.n, found.unknown)
    if isinstance(found, Estimate):
        value, low, high = 1 - found.value, 1 - found.high, 1 - found.low
        return Estimate(value=value, low=min(low, value), high=max(high, value), n=found.n, method=found.method)
    if isinstance(found, Events):
        raise bad_input(f"the complement of events at {asked.file}: {asked.at}", "that of a share", "leave it out")
    return 1 - found


def _counts(found: FigureFound, where: str) -> Counts:
    if isinstance(found, Counts):
        return found
    if isinstance(found, Estimate) and found.n:
        return Counts(round(found.value * found.n), found.n, 0)
    raise bad_input(f"no counts at {where}", "counts, for a judge's error", "leave out `judge`")
