"""The verbs of `drillyard probe`."""

__all__: list[str] = []
