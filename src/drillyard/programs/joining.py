"""Who joins a programme that runs already: invited learners, and the staff beside its designer.

The roster names what is to be built, and the running yard builds it; ids and codes follow from the roster's secret, so
a brief that counts more people later meets those who came before it did.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal, cast, get_args

from drillyard.errors import bad_input
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.people import Person
from drillyard.programs.roster import Learner, Roster, Staff, fresh_code, new_place
from drillyard.records import RolePlan
from drillyard.records.names import person_name, same_name

__all__ = ["MOST_LEARNERS", "admit", "appoint", "dismiss", "invite"]

MOST_LEARNERS = 100_000
"""People of a programme, as many as a brief may count of one role."""

_StaffRole = Literal["facilitator", "designer", "auditor"]


def invite(folder: ProgramFolder, people: Sequence[Person], seen: Collection[str] = ()) -> list[Learner]:
    """Give people places in a programme and return them in their order; who has a place keeps it.

    Where the programme was made with names, a place without one that nobody in `seen` took is theirs; else they get a
    new one.

    Raises:
        BadInput: a role that the plan has not, or too many people.
    """
    with folder.changing_roster():
        roster, names = folder.roster(), folder.people()
        roles = {role.role: role for role in folder.plan().roles}
        seed, given = folder.brief().seed, list[Learner]()
        for person in people:
            if person.role not in roles:
                raise bad_input(f"role {person.role[:100]!r}", f"one of: {', '.join(roles)}")
            place = _known(roster, names, person) or _free(roster, names, person, seen)
            if place is None:
                place = _add(roster, roles[person.role], seed)
                roster = roster.model_copy(update={"learners": (*roster.learners, place)})
            if person.team:
                place = place.model_copy(update={"team": person.team})
                roster = _with(roster, place)
            names[place.id] = person.name
            given.append(place)
        folder.write_people(names)  # first: a name without a place shows nowhere, a place without a name is nobody's
        folder.write_roster(roster)
    return given


def admit(folder: ProgramFolder, role: str) -> Learner:
    """Give somebody without a name a new place of a role. Raises `BadInput` for a role that the plan has not."""
    with folder.changing_roster():
        roster = folder.roster()
        planned = next((one for one in folder.plan().roles if one.role == role), None)
        if planned is None:
            raise bad_input(f"role {role[:100]!r}", f"one of: {', '.join(one.role for one in folder.plan().roles)}")
        place = _add(roster, planned, folder.brief().seed)
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
        taken = [*(one.id for one in roster.whole_staff), *(one.id for one in roster.learners)]
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


def _known(roster: Roster, names: dict[str, str], person: Person) -> Learner | None:
    for learner in roster.learners:
        named = learner.id in names and same_name(names[learner.id]) == same_name(person.name)
        if named and learner.role == person.role:
            return learner
    return None


def _free(roster: Roster, names: dict[str, str], person: Person, seen: Collection[str]) -> Learner | None:
    if not any(one.id in names and not one.invited for one in roster.learners):
        return None  # the codes of all places were handed out to people whom nobody named
    nobody = (one for one in roster.learners if one.id not in names and one.id not in seen)
    return next((one for one in nobody if one.role == person.role), None)


def _add(roster: Roster, role: RolePlan, seed: int) -> Learner:
    if len(roster.learners) >= MOST_LEARNERS:
        raise bad_input(f"{len(roster.learners)} learners", f"room for one more: at most {MOST_LEARNERS}")
    return new_place(roster, role, seed)


def _with(roster: Roster, changed: Learner) -> Roster:
    learners = tuple(changed if one.id == changed.id else one for one in roster.learners)
    return roster.model_copy(update={"learners": learners})
