"""The programme folder: where a programme's records lie, read and written as types.

    prog/brief.json  prog/plan.json  prog/plan.html  prog/policies/…   what was asked for and planned
    prog/roster.json                                                   learners and sign-in codes (server side)
    prog/people.json                                                   their names, where the designer gave them
    prog/catalogue/…                                                   the designer's own entries and lessons
    prog/worlds/NAME/                                                  worlds of the designer's own, with their bases
    prog/instances/<id>/{instance,truth,gates}.json, its target/       one folder per drill instance
    prog/attempts.jsonl                                                rehearsal attempts
    prog/assisted.jsonl                                                attempts of models that tried drills alone
    prog/yard.db, or prog/database.url                                 the yard's database, or where it is

The folder is for its owner only (0700, files 0600): roster, truths, gate reports, rehearsals, rejected draws and the
yard's database all name what was planted. Every write is atomic: a reader sees the old file or the new one, never half
of it, whatever is killed when.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import TypeVar

from drillyard.errors import bad_input
from drillyard.planning.lessons import Lesson, find_lesson
from drillyard.programs.roster import People, Roster
from drillyard.records import Activity, Attempt, Brief, GateReport, Instance, Plan, Record, Truth
from drillyard.records.files import as_lines, read_unchanged, split_lines, write_atomically, write_record
from drillyard.records.locks import locked

__all__ = ["ProgramFolder"]

_PLAIN = r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}"

_AnyRecord = TypeVar("_AnyRecord", bound=Record)


class ProgramFolder:
    """Typed access to a programme folder. Building it does no work; each call reads or writes one file.

    Readers raise `BadInput` with the command that makes what is missing.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    @property
    def policies(self) -> Path:
        """The folder of the copied policy files."""
        return self.path / "policies"

    @property
    def database(self) -> Path:
        """The yard's database file."""
        return self.path / "yard.db"

    def brief(self) -> Brief:
        """Return the brief that the programme was designed from."""
        return self._read("brief.json", Brief, "design BRIEF.yaml -o")

    def plan(self) -> Plan:
        """Return the plan, or the clash that prevents one."""
        return self._read("plan.json", Plan, "design BRIEF.yaml -o")

    def roster(self) -> Roster:
        """Return learners and sign-in codes. Never shown to learners."""
        return self._read("roster.json", Roster, "create")

    def people(self) -> dict[str, str]:
        """Return names by learner id; none where the designer gave none. Never beside results."""
        return self._read("people.json", People, "create").names if (self.path / "people.json").is_file() else {}

    def instances(self) -> tuple[Instance, ...]:
        """Return the instances that are complete, sorted by id."""
        names = sorted(file.parent.name for file in self.path.glob("instances/*/instance.json"))
        return tuple(self.instance(name) for name in names)

    def instance(self, instance_id: str) -> Instance:
        """Return what a learner may see of an instance, its world as `load_world` finds it."""
        read = self._read(self._inside(instance_id, "instance.json"), Instance, "create")
        return read.model_copy(update={"world": self.world(read.world)})

    def truth(self, instance_id: str) -> Truth:
        """Return the sealed half of an instance. Never leaves the server."""
        return self._read(self._inside(instance_id, "truth.json"), Truth, "create")

    def gates(self, instance_id: str) -> GateReport:
        """Return the gate report of an instance."""
        return self._read(self._inside(instance_id, "gates.json"), GateReport, "create")

    def lesson(self, activity: Activity) -> Lesson | None:
        """Return the lesson that an activity of the plan is taken by in the yard, if there is one."""
        return find_lesson(activity, self.path)

    def world(self, name: str) -> str:
        """Return what `load_world` finds a world by: a name as it is, `worlds/NAME` as a path in this folder."""
        return str(self.path.resolve() / name) if "/" in name else name

    def target(self, instance: Instance) -> Path:
        """Return the folder of what an instance is about: a planted organism, or a desk."""
        name = PurePosixPath(instance.target).name
        if not re.fullmatch(_PLAIN, name):
            raise bad_input(f"target {instance.target[:100]!r}", "one that ends in a name of letters")
        return self.path / self._inside(instance.id, name)

    @contextmanager
    def changing_roster(self) -> Iterator[None]:
        """Hold the roster for a change: read it inside, so that nobody else's change is lost."""
        with locked(self.path / ".roster.lock"):
            yield

    @contextmanager
    def building(self, instance_id: str) -> Iterator[None]:
        """Hold an instance while it is built, so that no two processes build it. A killed one lets go."""
        self._inside(instance_id, "")
        with locked(self.path / "instances" / f".{instance_id}.lock"):
            yield

    @contextmanager
    def fitting(self) -> Iterator[None]:
        """Hold the one place where learners' techniques are fitted. A killed holder lets go."""
        with locked(self.path / ".fitting.lock"):
            yield

    def attempts(self) -> tuple[Attempt, ...]:
        """Return the rehearsal attempts; none before a rehearsal."""
        return self._attempts("attempts.jsonl")

    def assisted(self) -> tuple[Attempt, ...]:
        """Return the attempts of models that tried drills alone; none before."""
        return self._attempts("assisted.jsonl")

    def rehearsals(self, instance_id: str) -> tuple[Attempt, ...]:
        """Return what the fixes did on an instance when it was proven; none before."""
        return self._attempts(self._inside(instance_id, "rehearsal.jsonl"))

    def add_assisted(self, attempt: Attempt) -> None:
        """Store one more attempt of a model."""
        write_atomically(self.path / "assisted.jsonl", as_lines([*self.assisted(), attempt]), 0o600)

    def keep_private(self) -> None:
        """Take away what others on this machine may do here, also with what an earlier Drillyard wrote for all.

        What belongs to somebody else is left as it is.
        """
        for place in (self.path, *self.path.rglob("*")):
            with suppress(PermissionError, FileNotFoundError):  # a draft may be gone by now
                mode = place.lstat().st_mode
                if mode & 0o077 and not stat.S_ISLNK(mode):
                    place.chmod(stat.S_IMODE(mode) & 0o700)

    def write_brief(self, brief: Brief) -> None:
        """Store the brief, and with it claim the folder."""
        self._write("brief.json", brief)
        self.keep_private()

    def write_plan(self, plan: Plan) -> None:
        """Store the plan."""
        self._write("plan.json", plan)

    def write_roster(self, roster: Roster) -> None:
        """Store the roster."""
        self._write("roster.json", roster)

    def write_people(self, names: Mapping[str, str]) -> None:
        """Store who is who."""
        self._write("people.json", People(names=dict(names)))

    def write_truth(self, truth: Truth) -> None:
        """Store the sealed half of an instance."""
        self._write(self._inside(truth.instance, "truth.json"), truth)

    def write_gates(self, report: GateReport) -> None:
        """Store the gate report of an instance."""
        self._write(self._inside(report.instance, "gates.json"), report)

    def write_instance(self, instance: Instance) -> None:
        """Store an instance. Last of its files: with it the instance counts as complete."""
        home = self.path.resolve()
        inside = Path(instance.world).is_relative_to(home)
        world = str(Path(instance.world).relative_to(home)) if inside else instance.world
        self._write(self._inside(instance.id, "instance.json"), instance.model_copy(update={"world": world}))

    def write_attempts(self, attempts: Iterable[Attempt]) -> None:
        """Store all rehearsal attempts, in place of earlier ones."""
        write_atomically(self.path / "attempts.jsonl", as_lines(attempts), 0o600)

    def _attempts(self, name: str) -> tuple[Attempt, ...]:
        file = self.path / name
        lines = split_lines(file.read_text(encoding="utf-8")) if file.is_file() else []
        return tuple(Attempt.from_json(line) for line in lines)

    def _read(self, name: str, kind: type[_AnyRecord], command: str) -> _AnyRecord:
        file = self.path / name
        if not (self.path / "brief.json").is_file():
            expected = "a programme folder (with brief.json)"
            raise bad_input(f"{str(self.path)!r}", expected, f"drillyard design BRIEF.yaml -o {self.path}")
        if not file.is_file():
            raise bad_input(f"no {name} in {str(self.path)!r}", "it there", f"drillyard {command} {self.path}")
        return read_unchanged(file, kind)

    def _write(self, name: str, record: Record) -> None:
        write_record(self.path / name, record, 0o600)

    def _inside(self, instance_id: str, name: str) -> str:
        # Ids arrive in web addresses and submissions; only a plain name may become part of a path.
        if not re.fullmatch(_PLAIN, instance_id):
            raise bad_input(f"instance {instance_id[:100]!r}", "a name of letters, digits, '-' and '_'")
        return f"instances/{instance_id}/{name}"
