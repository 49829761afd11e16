"""The verbs of `drillyard incident`, one file each."""

__all__: list[str] = []
