"""The roster: who learns, under opaque names, and the codes to sign in with. Server side only."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import Counter
from collections.abc import Iterator
from itertools import chain, count, zip_longest
from typing import Literal

from drillyard.errors import bad_input
from drillyard.records import Plan, Record, RolePlan

__all__ = [
    "CODE_FORM",
    "Learner",
    "People",
    "Roster",
    "Staff",
    "drill_of",
    "enlarge",
    "fresh_code",
    "instance_name",
    "make_roster",
    "new_places",
    "try_number",
]

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that is read wrong over a phone: no 0 1 i l o
_ID_LENGTH, _CODE_LENGTH = 12, 16
CODE_FORM = rf"[{_ALPHABET}]{{4}}(-[{_ALPHABET}]{{4}}){{2,3}}"
"""What an id or a sign-in code looks like."""


class Learner(Record):
    """One learner: role, opaque id, sign-in code, and the drill instances that are theirs.

    `given` are those among them that the facilitator gave: they use up none of the tries that the brief allows. Who was
    `invited` came after the programme was made: their first copies are built like later tries, by the running yard.
    Who came `by_link` said themselves what they are called, so that name proves nothing.
    """

    id: str
    role: str
    code: str
    instances: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    team: str = ""
    invited: bool = False
    by_link: bool = False

    def tries(self, drill: str) -> tuple[str, ...]:
        """Return the instances of a drill that are theirs, the first try first."""
        return tuple(name for name in self.instances if drill_of(name, self.id) == drill)

    @property
    def drills(self) -> tuple[str, ...]:
        """The drills that are theirs, in the order of the plan."""
        return tuple(dict.fromkeys(drill_of(name, self.id) for name in self.instances))


class Staff(Record):
    """Somebody who runs a programme: leads its sessions, changes all of it, or reads how it was run."""

    id: str
    role: Literal["facilitator", "designer", "auditor"]
    code: str


class Roster(Record):
    """Everybody who may sign in. `secret` derives all ids and codes; `note` says why heads have no place, if so.

    In a programme that is `served_at_once`, the running yard builds everybody's first copies too. Ids that are `gone`
    belonged to somebody who was removed: what is kept under them is never given to anybody else.
    """

    learners: tuple[Learner, ...]
    designer_code: str
    secret: str = ""
    note: str = ""
    staff: tuple[Staff, ...] = ()
    served_at_once: bool = False
    gone: tuple[str, ...] = ()

    def without(self, learner: str) -> Roster:
        """Return the roster when somebody has left it for good."""
        left = tuple(one for one in self.learners if one.id != learner)
        return self.model_copy(update={"learners": left, "gone": (*self.gone, learner)})

    def built_by_the_yard(self, learner: Learner, name: str) -> bool:
        """Say whether the running yard builds an instance: further tries, those of who was invited, or all."""
        return self.served_at_once or learner.invited or try_number(name, learner.id) > 1

    @property
    def whole_staff(self) -> tuple[Staff, ...]:
        """The staff, the programme's own designer first."""
        return (Staff(id="designer", role="designer", code=self.designer_code), *self.staff)


class People(Record):
    """Names by learner id."""

    names: dict[str, str]


def instance_name(drill: str, learner: str, number: int = 1) -> str:
    """Return the name of a learner's instance of a drill: of their first try, or of a later one."""
    return f"{drill}-{learner}" if number == 1 else f"{drill}-{learner}-{number}"


def drill_of(name: str, learner: str) -> str:
    """Return the drill of a learner's instance."""
    return name.rpartition(f"-{learner}")[0] or name


def try_number(name: str, learner: str) -> int:
    """Return which try of its drill a learner's instance is for, from 1."""
    number = name.rpartition(f"-{learner}-")[2]
    return int(number) if number.isdecimal() and number != name else 1


def make_roster(plan: Plan, seed: int, limit: int | None = None, secret: str = "") -> Roster:
    """Return one learner per head of each role, with the first instance of every drill that the role takes.

    Who takes no drill signs in as well: their plan is there. Ids and codes come from a keyed hash of the seed under a
    random secret, so nobody can guess them from the brief; with the same secret (64 hexadecimal digits) they are the
    same again. With a `limit`, places go round the roles in turn, so that no role is left without while another has
    many.

    Raises:
        BadInput: a limit below 1.
    """
    if limit is not None and limit < 1:
        raise bad_input(f"{limit} learners", "at least 1", "type --learners 1")
    secret = secret or secrets.token_hex(32)
    heads = [[(role.role, n) for n in range(role.head_count)] for role in plan.roles]
    drills = {role.role: role.drills for role in plan.roles}
    waiting = [place for place in chain.from_iterable(zip_longest(*heads)) if place]
    chosen = waiting[:limit]
    learners = []
    for role, number in chosen:
        name = _derive(secret, f"{seed}:id:{role}:{number}", _ID_LENGTH)
        code = _derive(secret, f"{seed}:code:{role}:{number}", _CODE_LENGTH)
        own = tuple(instance_name(drill, name) for drill in drills[role])
        learners.append(Learner(id=name, role=role, code=code, instances=own))
    return Roster(
        learners=tuple(learners),
        designer_code=_derive(secret, f"{seed}:designer", _CODE_LENGTH),
        secret=secret,
        note=_note(Counter(role for role, _ in waiting), Counter(role for role, _ in chosen)),
    )


def enlarge(stored: Roster, made: Roster) -> Roster:
    """Return a roster made again for more people: who was there stays as they are, with later tries and new codes."""
    known = {learner.id: learner for learner in stored.learners}
    learners = [known.pop(learner.id, learner) for learner in made.learners if learner.id not in stored.gone]
    invited = [learner for learner in known.values() if learner.invited]
    return stored.model_copy(update={"learners": (*learners, *invited), "note": made.note})


def new_places(roster: Roster, role: RolePlan, seed: int) -> Iterator[Learner]:
    """Yield learners beyond the heads of the brief, whom `enlarge` meets again should the brief count more."""
    taken = {*roster.gone, *(learner.id for learner in roster.learners)}
    secret = roster.secret or secrets.token_hex(32)
    for number in count(role.head_count):
        name = _derive(secret, f"{seed}:id:{role.role}:{number}", _ID_LENGTH)
        if name not in taken:
            yield Learner(
                id=name,
                role=role.role,
                code=_derive(secret, f"{seed}:code:{role.role}:{number}", _CODE_LENGTH),
                instances=tuple(instance_name(drill, name) for drill in role.drills),
                invited=True,
            )


def fresh_code() -> str:
    """Return a sign-in code that nothing was derived from."""
    return _derive(secrets.token_hex(32), "code", _CODE_LENGTH)


def _derive(secret: str, name: str, length: int) -> str:
    """Return letters in groups of four, about 5 bits each."""
    number = int.from_bytes(hmac.digest(bytes.fromhex(secret), name.encode(), hashlib.sha256))
    letters = []
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[digit])
    return "-".join("".join(letters[i : i + 4]) for i in range(0, length, 4))


def _note(asked: Counter[str], given: Counter[str]) -> str:
    if asked == given:
        return ""
    roles = ", ".join(f"{role} {given[role]} of {count}" for role, count in asked.items())
    return f"{given.total()} of {asked.total()} learners, because of --learners {given.total()}: {roles}"
