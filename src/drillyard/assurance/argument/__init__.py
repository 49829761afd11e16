"""Argument: a safety case as data whose leaves are run, and what it is exported to."""

__all__: list[str] = []
