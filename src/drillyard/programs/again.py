"""A further try at a drill, on a fresh copy with a seed of its own; and a new code for somebody who lost theirs.

The roster names a copy before anything is built, under a lock, so that two clicks ask for one copy and a killed build
is taken up again. What the first try said stays what refinement counts.
"""

from __future__ import annotations

from drillyard.errors import bad_input
from drillyard.programs.folder import ProgramFolder
from drillyard.programs.roster import Learner, Roster, fresh_code, instance_name
from drillyard.records import Brief

__all__ = ["MOST_TRIES", "find_learner", "further_try", "new_code", "tries_left"]

MOST_TRIES = 50
"""Copies of one drill that one learner may have, whatever the policy: each is a model on the disk."""


def tries_left(brief: Brief, learner: Learner, drill: str) -> int:
    """Return how many fresh copies a learner may ask for; those that the facilitator gave do not count among them."""
    tries = learner.tries(drill)
    asked = sum(name not in learner.given for name in tries) - 1
    allowed = {"unlimited": MOST_TRIES, "facilitator": 0}.get(str(brief.retries), brief.retries)
    return max(0, min(int(allowed) - asked, MOST_TRIES - len(tries)))


def further_try(folder: ProgramFolder, learner_id: str, drill: str, *, after: str = "", policy: bool = True) -> str:
    """Give a learner a further copy of a drill and return its name; it still has to be built.

    Args:
        folder: the programme.
        learner_id: whose copy it is.
        drill: what it is a copy of.
        after: the copy that it follows. Where another one follows it already, that one is returned: a second click
            changes nothing.
        policy: hold it to the brief's `retries`; the facilitator does not.

    Raises:
        BadInput: no such learner or drill, or no further try is left.
    """
    with folder.changing_roster():
        roster = folder.roster()
        learner = _find(roster, learner_id)
        tries = learner.tries(drill)
        if not tries:
            raise bad_input(f"drill {drill[:100]!r} of {learner.id}", f"one of: {', '.join(learner.drills) or 'none'}")
        if after in tries[:-1]:
            return tries[tries.index(after) + 1]
        left = tries_left(folder.brief(), learner, drill) if policy else MOST_TRIES - len(tries)
        if left < 1:
            raise bad_input(
                f"{len(tries)} tries at {drill}", "one that is left", "ask your facilitator for a fresh copy"
            )
        name = instance_name(drill, learner.id, len(tries) + 1)
        given = learner.given if policy else (*learner.given, name)
        _change(folder, roster, learner.model_copy(update={"instances": (*learner.instances, name), "given": given}))
    return name


def new_code(folder: ProgramFolder, learner_id: str) -> Learner:
    """Give a learner a new sign-in code; the old one no longer works. Raises `BadInput` for an unknown one."""
    with folder.changing_roster():
        roster = folder.roster()
        learner = _find(roster, learner_id).model_copy(update={"code": fresh_code()})
        _change(folder, roster, learner)
    return learner


def _find(roster: Roster, learner_id: str) -> Learner:
    for learner in roster.learners:
        if learner.id == learner_id:
            return learner
    raise bad_input(f"learner {learner_id[:100]!r}", "an id of the roster; drillyard yard people PROGRAMME lists them")


def _change(folder: ProgramFolder, roster: Roster, changed: Learner) -> None:
    learners = tuple(changed if one.id == changed.id else one for one in roster.learners)
    folder.write_roster(roster.model_copy(update={"learners": learners}))


def find_learner(programme: ProgramFolder, name: str) -> str:
    """Return the id of somebody who is named by it, or by their name. Raises `BadInput` for a name of several."""
    called = [one for one, known in programme.people().items() if known == name]
    if len(called) > 1:
        raise bad_input(f"{len(called)} people called {name!r}", "an id", f"drillyard yard people {programme.path}")
    return called[0] if called else name
