"""The review queue as one self-contained page: every draft, claim by claim, with its places."""

from __future__ import annotations

from collections import Counter

from drillyard.programs.material.draft import Material
from drillyard.records.pages import fill
from drillyard.scopes.documents import place

__all__ = ["review_page", "tell_queue"]


def tell_queue(material: Material) -> str:
    """Say in one sentence how far the review has come."""
    standing = Counter(draft.standing for draft in material.drafts)
    blocked = sum(bool(draft.unsupported) for draft in material.drafts if draft.standing == "open")
    told = f"{standing['confirmed']} of {len(material.drafts)} drafts accepted, {standing['refused']} rejected"
    rest = f"{standing['open']} open"
    return f"{told}, {rest}{f', {blocked} of them with unsupported claims' if blocked else ''}."


def review_page(material: Material) -> str:
    """Return the page as HTML. Everything that a policy or a model says is escaped."""
    return fill("programs", "review.html.j2", material=material, verdict=tell_queue(material), place=place)
