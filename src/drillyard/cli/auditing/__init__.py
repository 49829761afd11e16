"""The verbs of `drillyard audit` beside the search itself, one module each."""

__all__: list[str] = []
