"""The verbs of `drillyard case`, one file each."""

__all__: list[str] = []
