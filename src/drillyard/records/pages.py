"""Pages: the templates of every room, filled in one style; all is escaped, and nothing is loaded from elsewhere."""

from __future__ import annotations

import functools

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from drillyard.records.charts import ends, number

__all__ = ["fill", "templates"]


def fill(room: str, template: str, **values: object) -> str:
    """Fill one of a room's page templates."""
    return templates(room).get_template(template).render(**values)


@functools.cache
def templates(room: str) -> Environment:
    """Return the page templates of a room, which may include this room's: style and marks of all pages."""
    loader = ChoiceLoader([PackageLoader(f"drillyard.{one}") for one in (room, "records")])
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.globals.update(number=number, ends=ends)
    return made
