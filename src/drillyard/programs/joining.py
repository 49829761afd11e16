"""Who joins a programme that runs already: invited learners, and the staff beside its designer.

The roster names what is to be built, and the running yard builds it; ids and codes follow from the roster's secret, so
a brief that counts more people later meets those who came before it did.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Literal, cast, get_args

from drillyard.errors import bad_input
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.people import Person, require_own_names
from drillyard.programs.roster import Learner, Roster, Staff, fresh_code, new_places
from drillyard.records.names import person_name, same_name

__all__ = ["MOST_LEARNERS", "admit", "appoint", "dismiss", "invite", "join"]

MOST_LEARNERS = 100_000
"""People of a programme, as many as a brief may count of one role."""

_StaffRole = Literal["facilitator", "designer", "auditor"]


def invite(folder: ProgramFolder, people: Sequence[Person], seen: Collection[str] = ()) -> list[Learner]:
    """Give the people of a list places in a programme and return them in their order.

    Whom a list named before keeps their place; who came by a link is not met again, since anybody may have typed that
    name. Where the programme was made with names, a place without one that nobody in `seen` took is given first.

    Raises:
        BadInput: a role that the plan has not, or too many people.
    """
    with folder.changing_roster():
        roster, names = folder.roster(), folder.people()
        require_own_names(roster, (one.name for one in people))
        known = _listed(roster, names)
        free, new = _free(roster, names, seen), _Newcomers(folder, roster)
        changed, given = dict[str, Learner](), list[Learner]()
        for person in people:
            key = person.role, same_name(person.name)
            place = known.get(key) or (free[person.role].pop() if free[person.role] else new.place(person.role))
            if person.team:
                place = place.model_copy(update={"team": person.team})
            known[key] = changed[place.id] = place
            names[place.id] = person.name
            given.append(place)
        _write(folder, roster, names, changed)
    return given


def join(folder: ProgramFolder, person: Person) -> Learner:
    """Give somebody who came by a link a new place, whoever else is called as they say. Raises as `invite`."""
    with folder.changing_roster():
        roster = folder.roster()
        require_own_names(roster, [person.name])
        place = _Newcomers(folder, roster).place(person.role)
        place = place.model_copy(update={"team": person.team, "by_link": True})
        _write(folder, roster, {**folder.people(), place.id: person.name}, {place.id: place})
    return place


def admit(folder: ProgramFolder, role: str) -> Learner:
    """Give somebody without a name a new place of a role. Raises `BadInput` for a role that the plan has not."""
    with folder.changing_roster():
        roster = folder.roster()
        place = _Newcomers(folder, roster).place(role)
        folder.write_roster(roster.model_copy(update={"learners": (*roster.learners, place)}))
    return place


def appoint(folder: ProgramFolder, role: str, name: str) -> Staff:
    """Give somebody a code as facilitator, designer or auditor; `name` stands beside what they decide.

    Raises:
        BadInput: another role, a name that is none, or one that somebody has.
    """
    if role not in get_args(_StaffRole):
        raise bad_input(f"role {role[:100]!r}", f"one of: {', '.join(get_args(_StaffRole))}")
    name = person_name(name, 60)
    with folder.changing_roster():
        roster = folder.roster()
        taken = [
            *(one.id for one in roster.whole_staff),
            *(one.id for one in roster.learners),
            *folder.people().values(),
        ]
        if any(same_name(name) == same_name(one) for one in taken):
            raise bad_input(f"{name!r} twice", "a name that nobody has", "add a word that tells them apart")
        staff = Staff(id=name, role=cast(_StaffRole, role), code=fresh_code())
        folder.write_roster(roster.model_copy(update={"staff": (*roster.staff, staff)}))
    return staff


def dismiss(folder: ProgramFolder, name: str) -> Staff:
    """Take a code away from one of the staff, and with it every session. Raises `BadInput` for nobody of that name."""
    with folder.changing_roster():
        roster = folder.roster()
        gone = next((one for one in roster.staff if one.id == name), None)
        if gone is None:
            known = ", ".join(one.id for one in roster.staff) or "nobody is appointed"
            raise bad_input(f"{name[:100]!r}", f"one of the staff: {known}")
        folder.write_roster(roster.model_copy(update={"staff": tuple(one for one in roster.staff if one != gone)}))
    return gone


class _Newcomers:
    """New places of a programme, each in a step that does not grow with the roster."""

    def __init__(self, folder: ProgramFolder, roster: Roster) -> None:
        seed = folder.brief().seed
        self._places = {role.role: new_places(roster, role, seed) for role in folder.plan().roles}
        self._count = len(roster.learners)

    def place(self, role: str) -> Learner:
        """Return the next place of a role. Raises `BadInput` for one that the plan has not, or where it is full."""
        if role not in self._places:
            raise bad_input(f"role {role[:100]!r}", f"one of: {', '.join(self._places)}")
        if self._count >= MOST_LEARNERS:
            raise bad_input(f"{self._count} learners", f"room for one more: at most {MOST_LEARNERS}")
        self._count += 1
        return next(self._places[role])


def _listed(roster: Roster, names: Mapping[str, str]) -> dict[tuple[str, str], Learner]:
    """Return whom a list named, by role and name."""
    mine = [one for one in roster.learners if one.id in names and not one.by_link]
    return {(one.role, same_name(names[one.id])): one for one in reversed(mine)}


def _free(roster: Roster, names: Mapping[str, str], seen: Collection[str]) -> dict[str, list[Learner]]:
    """Return by role the places that nobody has, the first one last."""
    free, taken = defaultdict[str, list[Learner]](list), set(seen)
    if any(one.id in names and not one.invited for one in roster.learners):  # else each code went to somebody unnamed
        for one in reversed(roster.learners):
            if one.id not in names and one.id not in taken and not one.invited:
                free[one.role].append(one)
    return free


def _write(folder: ProgramFolder, roster: Roster, names: Mapping[str, str], changed: Mapping[str, Learner]) -> None:
    """Store names, then places: a name without a place shows nowhere, a place without a name is nobody's."""
    kept = {one.id: changed.get(one.id, one) for one in roster.learners}
    folder.write_people(names)
    folder.write_roster(roster.model_copy(update={"learners": tuple({**kept, **changed}.values())}))
