"""Material from policies: readings, questions and scenarios whose every claim names its place, and their review."""

__all__: list[str] = []
