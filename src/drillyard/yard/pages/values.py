"""What people value: compare two criteria at a time, and propose further ones. Everybody who can sign in takes part.

What they say goes beside the tree's file (`drillyard yard serve … --values TREE.yaml`), which
`drillyard oversee values TREE.yaml` then weighs; nobody edits a file.
"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import Response

from drillyard.errors import BadInput
from drillyard.organisms.worlds.world import load_world
from drillyard.oversight.values.asking import AskedTree
from drillyard.oversight.values.tree import Value
from drillyard.yard.visit import Visit, page

__all__ = ["compare", "propose", "show"]

_FIELDS = ("words", "under", "criterion", "good", "bad", "behaviour")
_LONGEST = 500


@page("member")
def show(visit: Visit) -> Response:
    """Show the next pair, and the form for a proposal."""
    return _page(visit)


@page("member")
def compare(visit: Visit) -> Response:
    """Write down which of two matters more."""
    first, second, prefers = (visit.field(name) for name in ("first", "second", "prefers"))
    if prefers not in (first, second):
        raise HTTPException(400)
    try:
        _asked(visit).choose(visit.name, prefers, second if prefers == first else first)
    except BadInput as error:
        raise HTTPException(400, str(error)) from None
    return visit.go("/values")


@page("member")
def propose(visit: Visit) -> Response:
    """Write down a proposal; one that cannot be observed yet is an idea, and is kept as such."""
    typed = {name: " ".join(visit.field(name).split()) for name in _FIELDS}
    if not typed["words"]:
        return _page(visit, 400, typed, "Say in a few words what matters.")
    if any(len(text) > _LONGEST for text in typed.values()):
        return _page(visit, 400, typed, f"At most {_LONGEST} characters in each field, please.")
    if typed["behaviour"] and not (typed["criterion"] and typed["good"] and typed["bad"]):
        return _page(visit, 400, typed, "With what shows it, also type the criterion, a good and a bad reply.")
    try:
        _asked(visit).propose(Value(id="new", by=visit.name, **typed))
    except BadInput as error:
        return _page(visit, 400, typed, str(error))
    return visit.go("/values?proposed=1#propose")


def _page(visit: Visit, status: int = 200, typed: dict[str, str] | None = None, error: str = "") -> Response:
    asked = _asked(visit)
    tree, leaves = asked.tree(), {leaf.id for leaf in asked.tree().leaves}
    return visit.render(
        "values.html", status, tree=tree, pair=asked.next_pair(visit.name), ideas=asked.ideas(), error=error,
        mine=sum(one.by == visit.name for one in tree.choices), typed=typed or dict.fromkeys(_FIELDS, ""),
        divided=[one for one in tree.values if one.id not in leaves], behaviours=load_world(tree.world).behaviours,
        people=len({one.by for one in tree.choices}), proposed="proposed" in visit.request.query_params,
    )  # fmt: skip


def _asked(visit: Visit) -> AskedTree:
    if visit.yard.values is None:
        raise HTTPException(404)
    return visit.yard.values
