"""Writing an export: made in memory, looked through for what is sealed, held to its rules, then put into a folder."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from icalendar import Calendar

from drillyard.errors import DrillyardError, bad_input
from drillyard.exports.badges import check_badges, tell_subjects, write_badges
from drillyard.exports.cmi5 import check_cmi5, write_cmi5
from drillyard.exports.course import Course, course_of
from drillyard.exports.leaks import find_leaks, find_names, sealed_strings
from drillyard.exports.package import Files, pack, unpack
from drillyard.exports.qti3 import check_qti3, write_qti3
from drillyard.exports.scorm12 import check_scorm12, write_scorm12
from drillyard.exports.table import check_led, check_table, tell_people, write_led, write_table
from drillyard.exports.xapi import check_statements, tell_actors, write_statements
from drillyard.planning.case_standard import export_case, import_case
from drillyard.planning.catalogue import load_catalogue
from drillyard.planning.plan_files import plan_ics
from drillyard.programs.folder import ProgramFolder
from drillyard.records import Attempt
from drillyard.records.files import write_atomically
from drillyard.registrar.attempts import attempts_in
from drillyard.registrar.led import Led
from drillyard.registrar.located import open_store
from drillyard.registrar.store import Store
from drillyard.registrar.tables import LedRow

T = TypeVar("T")

__all__ = ["FORMATS", "Exported", "check_calendar", "export", "make_files"]


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written: its form, the files, how many entries they hold, and which checks it went through."""

    format: str
    files: tuple[Path, ...]
    entries: int
    checks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Format:
    """How an export is made, and how what was made is checked; `packed` goes out as one archive.

    `told` gives what it tells of people, with its place, for those forms that tell of people.
    """

    make: Callable[[ProgramFolder, Course, float], Mapping[str, bytes]]
    check: Callable[[Files, float], list[str]]
    checks: tuple[str, ...]
    packed: bool = False
    told: Callable[[Files], Iterable[tuple[str, str]]] = lambda files: ()


_RULES = ("grammar of the elements it uses", "rules beyond the schema", "leaks")

_TABLES = {"results.csv": check_table, "activities.csv": check_led}

FORMATS: Mapping[str, _Format] = {
    "scorm12": _Format(
        make=lambda folder, course, now: write_scorm12(course),
        check=lambda files, now: list(check_scorm12(files)),
        checks=_RULES, packed=True,
    ),
    "cmi5": _Format(
        make=lambda folder, course, now: write_cmi5(course),
        check=lambda files, now: list(check_cmi5(files)),
        checks=_RULES, packed=True,
    ),
    "qti3": _Format(
        make=lambda folder, course, now: write_qti3(folder),
        check=lambda files, now: list(check_qti3(files)),
        checks=_RULES, packed=True,
    ),
    "xapi": _Format(
        make=lambda folder, course, now: {"statements.json": _json(_with_store(folder, course, write_statements))},
        check=lambda files, now: list(check_statements(json.loads(files["statements.json"]))),
        checks=("fields and values", "order within a registration", "leaks"),
        told=lambda files: tell_actors(json.loads(files["statements.json"])),
    ),
    "badges": _Format(
        make=lambda folder, course, now: write_badges(folder, _with_store(folder, course, _attempts), course, now),
        check=lambda files, now: list(check_badges(files, now)),
        checks=("model of the credential", "signature, dates, status", "leaks"),
        told=tell_subjects,
    ),
    "csv": _Format(
        make=lambda folder, course, now: {
            "results.csv": write_table(folder, _with_store(folder, course, _attempts)),
            "activities.csv": write_led(folder, _with_store(folder, course, _recorded)),
        },
        check=lambda files, now: [found for name, data in files.items() for found in _TABLES[name](data)],
        checks=("columns and ranges", "leaks"),
        told=lambda files: [pair for table in files.values() for pair in tell_people(table)],
    ),
    "ics": _Format(
        make=lambda folder, course, now: {"plan.ics": _calendar(folder)},
        check=lambda files, now: list(check_calendar(files["plan.ics"])),
        checks=("read back", "ids and times", "leaks"),
    ),
    "case": _Format(
        make=lambda folder, course, now: {"case.json": _json(export_case(load_catalogue(folder.path)))},
        check=lambda files, now: _check_case(files["case.json"]),
        checks=("model of the package", "graph rules", "leaks"),
    ),
}  # fmt: skip


def export(path: Path, format: str, out: Path, url: str = "https://yard.invalid", now: float | None = None) -> Exported:
    """Write a programme in a form that other systems read, into the folder `out`.

    Args:
        path: the programme folder.
        format: one of `FORMATS`.
        out: the folder; made where it is not.
        url: the address of the yard, under which all names lie; shells open it.
        now: seconds since 1970, of a credential's dates; the time by default.

    Raises:
        BadInput: no programme, no such format, an address that is none, nothing to export.
        DrillyardError: what was made breaks a rule, or would let something sealed out; nothing is written.
    """
    files = make_files(path, format, url, now)
    form = FORMATS[format]
    packed = {f"{format}.zip": pack(files)} if form.packed else files
    if form.packed:
        assert unpack(packed[f"{format}.zip"]) == dict(files), "what is packed is what was checked"
    out.mkdir(parents=True, exist_ok=True)
    for name, data in packed.items():
        write_atomically(out / name, data, 0o600)
    return Exported(format=format, files=tuple(out / name for name in packed), entries=len(files), checks=form.checks)


def make_files(path: Path, format: str, url: str, now: float | None = None) -> Files:
    """Return the files of an export, checked, by name. Arguments and errors are those of `export`."""
    if format not in FORMATS:
        raise bad_input(f"the format {format[:40]!r}", f"one of: {', '.join(FORMATS)}")
    folder, form, at = ProgramFolder(path), FORMATS[format], time.time() if now is None else now
    course = course_of(folder, url)
    if form.packed and format != "qti3" and not course.units:
        raise bad_input("a plan without a drill to launch", "one with a drill", "change its brief and design again")
    files = form.make(folder, course, at)
    wrong = [*find_leaks(files, sealed_strings(folder)), *form.check(files, at)]
    wrong = wrong or [*find_names(form.told(files), folder)]
    if wrong:
        raise DrillyardError(f"the {format} export breaks its rules, so nothing was written: {wrong[0]}")
    return files


def _with_store(folder: ProgramFolder, course: Course, read: Callable[[ProgramFolder, Store, Course], T]) -> T:
    store = open_store(folder)
    try:
        return read(folder, store, course)
    finally:
        store.close()


def _attempts(folder: ProgramFolder, store: Store, course: Course) -> list[Attempt]:
    return attempts_in(folder, store)


def _recorded(folder: ProgramFolder, store: Store, course: Course) -> list[LedRow]:
    return Led(store).all()


def _calendar(folder: ProgramFolder) -> bytes:
    plan = folder.plan()
    if not plan.sessions:
        raise bad_input("a plan without a calendar", "one with sessions", "give the brief a calendar and design again")
    return plan_ics(plan)


def check_calendar(data: bytes) -> Iterator[str]:
    """Yield what is wrong with a calendar: what no calendar program reads, an id twice, an end before its beginning."""
    try:
        events = Calendar.from_ical(data).walk("VEVENT")
        ids = [str(one["uid"]) for one in events]
        yield from (
            f"an event ends before it begins: {one['uid']}" for one in events if one["dtend"].dt <= one["dtstart"].dt
        )
    except (ValueError, KeyError, IndexError) as error:
        yield f"no calendar ({type(error).__name__})"
        return
    if not ids or len(set(ids)) < len(ids):
        yield "no event, or an id twice"


def _check_case(data: bytes) -> list[str]:
    try:
        import_case(json.loads(data))
    except DrillyardError as error:
        return [str(error)]
    return []


def _json(data: object) -> bytes:
    return json.dumps(data, indent=2, ensure_ascii=False).encode() + b"\n"
