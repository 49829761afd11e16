"""A programme that grows: the same brief with more people in it is the same programme, and anything else is another."""

from __future__ import annotations

from drillyard.errors import bad_input
from drillyard.records import Brief

__all__ = ["has_grown"]

_FREE = {"retries", "policies"}
"""Fields of a brief that may change at any time: no plan and no instance follows from them. What cites a policy that
changed is opened again."""

_WORDS = {"catalogue_sha256": "entries in the catalogue beside it"}


def has_grown(stored: Brief, brief: Brief, where: str) -> bool:
    """Say whether a brief asks for more than the stored one: more people of a role, other policies or retries.

    Raises:
        BadInput: it is another brief; the line says in what.
    """
    other = [
        _WORDS.get(name, name)
        for name in Brief.model_fields
        if name not in {"roles", *_FREE} and getattr(brief, name) != getattr(stored, name)
    ]
    heads = {role.id: role.head_count for role in stored.roles}
    if [one.model_copy(update={"head_count": heads.get(one.id, 0)}) for one in brief.roles] != list(stored.roles):
        other.append("roles (which there are, their hours or what they give up)")
    fewer = [
        f"{one.id} {heads[one.id]} to {one.head_count}" for one in brief.roles if one.head_count < heads.get(one.id, 0)
    ]
    if other:
        found = f"the programme of another brief in {where}: other {', '.join(other)}"
        raise bad_input(found, "this one's, in which only more people may come", "choose another with -o")
    if fewer:
        raise bad_input(
            f"fewer people than before ({', '.join(fewer)}) in {where}", "as many or more", "choose another with -o"
        )
    return brief != stored
