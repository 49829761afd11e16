"""A gateway policy on trial: a desk's year of questions, forecasters that are out to cheat, and what gets through."""

__all__: list[str] = []
