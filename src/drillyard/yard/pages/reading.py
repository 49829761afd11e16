"""What there is to read before a session: what the programme is about, the organisation's policies, the law."""

from __future__ import annotations

from starlette.responses import Response

from drillyard.records import Policy
from drillyard.yard.visit import Visit, Yard, page

__all__ = ["MOST_SHOWN", "show"]

MOST_SHOWN = 200_000
"""Most bytes of a policy that are shown; longer ones, and what is no text, are with the facilitator."""


@page("member")
def show(visit: Visit) -> Response:
    """Show the texts that readings of the plan are about."""
    brief = visit.yard.programme.brief()
    policies = [(one, _text(visit.yard, one)) for one in brief.policies]
    return visit.render("reading.html", brief=brief, policies=policies)


def _text(yard: Yard, policy: Policy) -> str:
    """Return a policy as text, or nothing where it is none or cannot be read."""
    try:
        data = (yard.programme.path / policy.path).read_bytes()
        return data.decode() if len(data) <= MOST_SHOWN else ""
    except (OSError, UnicodeDecodeError):
        return ""
