"""The verbs of `drillyard contain`, one file each."""

__all__: list[str] = []
