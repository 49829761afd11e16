"""Pages: the templates of every room, filled in one style; all is escaped, and nothing is loaded from elsewhere."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import date

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from drillyard.records.charts import ends, number

__all__ = ["day", "fill", "fill_paper", "templates"]


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


def fill_paper(room: str, template: str, filters: Mapping[str, Callable[..., str]], **values: object) -> bytes:
    """Fill a paper that somebody decides on (`paper.html.j2`), with a room's own filters; no figure loses its unit."""
    environment = templates(room).overlay()
    environment.filters |= {"day": day, **filters}
    return environment.get_template(template).render(**values).replace(" %", "\N{NO-BREAK SPACE}%").encode()


def day(when: date) -> str:
    """Return a date in words that no line breaks."""
    return f"{when.day}\N{NO-BREAK SPACE}{when:%B}\N{NO-BREAK SPACE}{when.year}"
