"""What of a programme goes out: its title, its drills, and addresses under the yard's own."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from drillyard.drills import load_drill
from drillyard.errors import BadInput, bad_input
from drillyard.programs.folder import ProgramFolder
from drillyard.records import Drill

__all__ = ["Course", "Unit", "check_url", "course_of"]


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A drill of the programme as others see it."""

    drill: str
    title: str
    about: str
    minutes: int
    pass_mark: float
    competencies: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Course:
    """A programme under the address `url` of its yard, without a slash at the end."""

    title: str
    organisation: str
    url: str
    units: tuple[Unit, ...]

    @property
    def key(self) -> str:
        """A short name that stays the same while title and address do."""
        return uuid.uuid5(uuid.NAMESPACE_URL, f"{self.url}/{self.title}").hex[:12]

    def iri(self, *parts: str) -> str:
        """Return an absolute address under the yard's."""
        return "/".join([self.url, "x", *(quote(part, safe="") for part in parts)])

    def unit(self, drill: str) -> Unit | None:
        """Return a drill's unit, or `None`."""
        return next((one for one in self.units if one.drill == drill), None)


def check_url(url: str) -> str:
    """Return the address of a yard without its last slash. Raises `BadInput` for one that no browser opens."""
    parts = urlsplit(url)
    sound = (
        parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment or parts.username)
    )
    if not sound or len(url) > 200 or not url.isascii() or any(one in url for one in " \"'<>\\"):
        raise bad_input(f"{url[:100]!r}", "the yard's own address", "type --url https://yard.example.org")
    return url.rstrip("/")


def course_of(programme: ProgramFolder, url: str) -> Course:
    """Return a programme's course. Raises `BadInput` for an address that is none, or a drill that is not installed."""
    brief, plan = programme.brief(), programme.plan()
    units: dict[str, Unit] = {}
    for role in plan.roles:
        reached = {objective.id: objective.competency for objective in role.objectives}
        for step in role.activities:
            name = step.activity.drill
            if name and name not in units:
                skills = dict.fromkeys(reached[one] for one in step.activity.objectives if one in reached)
                units[name] = _unit(programme, plan.worlds.get(name, ""), name, tuple(skills))
    return Course(title=brief.title, organisation=brief.organisation, url=check_url(url), units=tuple(units.values()))


def _unit(programme: ProgramFolder, world: str, name: str, competencies: tuple[str, ...]) -> Unit:
    try:
        drill: Drill = load_drill(name, programme.world(world))
    except BadInput as error:
        raise BadInput(f"the plan's drill {name}: {error}") from None
    about = drill.task.strip().split("\n\n")[0]
    return Unit(
        drill=name,
        title=drill.title,
        about=" ".join(about.replace("`", "").split()),
        minutes=drill.minutes,
        pass_mark=drill.pass_mark,
        competencies=competencies,
    )
